"""Every code of the API's table is triggered by a request, in English and in Spanish, or it is said why none can."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import pytest

from tests.surfaces.athmovil import business
from tests.surfaces.athmovil.business import BASE, REPORT, Business, code
from tests.surfaces.v1 import shop
from tests.surfaces.v1.books import WEDNESDAY
from tillgate.assembly import Assembly
from tillgate.clock import ManualClock
from tillgate.core.credentials import CredentialKind
from tillgate.core.instants import MINUTE
from tillgate.core.merchants import Mode
from tillgate.flows import tickets
from tillgate.surfaces.athmovil.texts import BODY_MISSING, TEXTS

pytestmark = pytest.mark.anyio


Trigger = Callable[[Business, ManualClock], Awaitable[tuple[str, dict[str, Any]]]]
"""Makes ready what it takes, and says what is then asked: a path, and what `Business.ask` takes besides."""

NEVER: Final = {
    "BTRA_0007": "there are no TransactionIds in this API: tickets have an ecommerceId (0031), payments a reference",
    "BTRA_0010": "of a business that is not active BTRA_0009 says the same, in Spanish to the letter",
    "BTRA_0011": "there are no cards in this API",
    "BTRA_0012": "there are no cards in this API; a business that pays itself is BTRA_0003",
    "BTRA_0014": "there are no TransactionIds in this API",
    "BTRA_0015": "that the bank does not answer is BTRA_9998, with the same words",
    "BTRA_0016": "that the bank does not answer is BTRA_9998, with the same words",
    "BTRA_0021": "no request has a TransactionType",
    "BTRA_0022": "of a report without transactions BTRA_0046 says it",
    "BTRA_0027": "there are no donations here",
    "BTRA_0029": "no operation has parameters outside of its body, of which BTRA_0019 says it",
    "BTRA_0033": "what cannot be written down is BTRA_9999: there is no such database",
    "BTRA_0034": "a ticket's number is ours, and is never given twice",
    "BTRA_0036": "said to a customer, on the phone: a request that was moved is shown on its new phone alone",
    "BTRA_0037": "said to a customer, on the phone: what was canceled is not shown there any more",
    "BTRA_0042": "there are no tips here",
    "BTRA_0044": "the sandbox's wallets have no limits of their institution's; a number over its limit is BTRA_0004",
    "BTRA_0045": "there are no cards in this API",
    "BTRA_0049": "no request has a customerId",
    "BTRA_0050": "there are no tips here",
    "BTRA_0051": "there are no tips here",
    "BTRA_0052": "there are no tips here",
    "BTRA_0402": "of a token past its time `token.expired` says it",
}

TRIGGERED: dict[str, Trigger] = {}


def triggers(code: str) -> Callable[[Trigger], Trigger]:
    def note(trigger: Trigger) -> Trigger:
        TRIGGERED[code] = trigger
        return trigger

    return note


def _order(**changes: Any) -> Trigger:
    async def ordered(seller: Business, clock: ManualClock) -> tuple[str, dict[str, Any]]:
        return f"{BASE}/payment", {"body": seller.order(**changes)}

    return ordered


TRIGGERED |= {
    "BTRA_0001": _order(total="0.99"),
    "BTRA_0002": _order(phoneNumber="7870000003"),
    "BTRA_0004": _order(total="1500.01"),
    "BTRA_0006": _order(total="ten"),
    "BTRA_0013": _order(total=0),
    "BTRA_0018": _order(metadata1=" "),
    "BTRA_0019": _order(metadata2=None),
    "BTRA_0020": _order(total="10.005"),
    "BTRA_0038": _order(metadata1="x" * 41),
    "BTRA_0401": _order(publicToken="nobody's"),
}


def _refund(**changes: Any) -> Trigger:
    async def refunded(seller: Business, clock: ManualClock) -> tuple[str, dict[str, Any]]:
        reference = (await seller.pay())["referenceNumber"]
        return f"{BASE}/refund", {"body": {**seller.both, "referenceNumber": reference, "amount": "1.00", **changes}}

    return refunded


TRIGGERED |= {
    "BTRA_0028": _refund(amount="0.001"),
    "BTRA_0030": _refund(amount="2.34"),
    "BTRA_0040": _refund(message="x" * 51),
    "BTRA_0053": _refund(referenceNumber="fdew98ffw9fbfewkjb"),
}


def _report(first: str, last: str) -> Trigger:
    async def reported(seller: Business, clock: ManualClock) -> tuple[str, dict[str, Any]]:
        return REPORT, {"body": {**seller.both, "fromDate": first, "toDate": last}}

    return reported


_PAST, _DAY, _FUTURE = "2020-01-01 00:00:00", "2020-01-02 00:00:00", "2999-01-01 00:00:00"

TRIGGERED |= {
    "BTRA_0023": _report("2020-02-30 00:00:00", _DAY),
    "BTRA_0024": _report(_PAST, "2020-01-02"),
    "BTRA_0025": _report(_DAY, _PAST),
    "BTRA_0026": _report(_PAST, "2020-04-01 00:00:00"),
    "BTRA_0046": _report(_PAST, _DAY),
    "BTRA_0047": _report(_FUTURE, _FUTURE),
    "BTRA_0048": _report(_PAST, _FUTURE),
}


def _find(seller: Business, number: str) -> tuple[str, dict[str, Any]]:
    return f"{BASE}/business/findPayment", {"body": {"publicToken": seller.public, "ecommerceId": number}}


@triggers("BTRA_0003")
async def _itself(seller: Business, clock: ManualClock) -> tuple[str, dict[str, Any]]:
    demo = {"publicToken": "a66ce73d04f2087615f6320b724defc5b4eedc55", "phoneNumber": "7870000000"}
    return f"{BASE}/payment", {"body": seller.order(**demo)}


@triggers("BTRA_0005")
async def _failed(seller: Business, clock: ManualClock) -> tuple[str, dict[str, Any]]:
    return await _authorizing(seller, "insufficient_funds")


@triggers("BTRA_9998")
async def _unreachable(seller: Business, clock: ManualClock) -> tuple[str, dict[str, Any]]:
    return await _authorizing(seller, "processing_error")


async def _authorizing(seller: Business, fault: str) -> tuple[str, dict[str, Any]]:
    """The authorization of something that the bank of wallets has go wrong."""
    ticket = await seller.open()
    await seller.confirm(ticket)
    planted = await seller.v1.post("/sandbox/faults", {"kind": fault, "operation": "capture", "count": 2})
    assert planted.status_code == 200, planted.text
    return f"{BASE}/authorization", {"body": {}, "token": ticket.token}


@triggers("BTRA_0008")
async def _anothers_ticket(seller: Business, clock: ManualClock) -> tuple[str, dict[str, Any]]:
    return _find(seller, (await (await business.opened(seller.parts)).open()).id)


@triggers("BTRA_0009")
async def _live(seller: Business, clock: ManualClock) -> tuple[str, dict[str, Any]]:
    tenant = await shop.new_tenant(seller.parts, mode=Mode.LIVE)
    token = await shop.issue(seller.parts, tenant, CredentialKind.PUBLIC_TOKEN, frozenset())
    return f"{BASE}/payment", {"body": seller.order(publicToken=token)}


@triggers("BTRA_0017")
async def _forged(seller: Business, clock: ManualClock) -> tuple[str, dict[str, Any]]:
    return f"{BASE}/authorization", {"body": {}, "token": "not.a.token"}


@triggers("BTRA_0031")
async def _unknown(seller: Business, clock: ManualClock) -> tuple[str, dict[str, Any]]:
    return _find(seller, "0ab257f5-3837-11ed-855f-9b4af5a393ce")


@triggers("BTRA_0032")
async def _unconfirmed(seller: Business, clock: ManualClock) -> tuple[str, dict[str, Any]]:
    return f"{BASE}/authorization", {"body": {}, "token": (await seller.open()).token}


@triggers("BTRA_0035")
async def _over(seller: Business, clock: ManualClock) -> tuple[str, dict[str, Any]]:
    ticket = await seller.open()
    await seller.cancel(ticket)
    return f"{BASE}/authorization", {"body": {}, "token": ticket.token}


@triggers("BTRA_0039")
async def _expired(seller: Business, clock: ManualClock) -> tuple[str, dict[str, Any]]:
    ticket = await seller.open(timeout="120")
    await seller.confirm(ticket)
    clock.advance(2 * MINUTE)
    return f"{BASE}/authorization", {"body": {}, "token": ticket.token}


def _moved(seller: Business, number: str, token: str) -> tuple[str, dict[str, Any]]:
    body = {"ecommerceId": number, "phoneNumber": "7875551234"}
    return f"{BASE}/business/updatePhoneNumber", {"body": body, "token": token, "method": "PUT"}


@triggers("BTRA_0041")
async def _confirmed(seller: Business, clock: ManualClock) -> tuple[str, dict[str, Any]]:
    ticket = await seller.open()
    await seller.confirm(ticket)
    return _moved(seller, ticket.id, ticket.token)


@triggers("BTRA_0403")
async def _anothers_token(seller: Business, clock: ManualClock) -> tuple[str, dict[str, Any]]:
    return _moved(seller, (await seller.open()).id, (await seller.open()).token)


@triggers("BTRA_0043")
async def _anothers_payment(seller: Business, clock: ManualClock) -> tuple[str, dict[str, Any]]:
    paid = await (await business.opened(seller.parts)).pay()
    return f"{BASE}/refund", {
        "body": {**seller.both, "referenceNumber": paid["referenceNumber"], "amount": "1.00"},
    }


@triggers("token.invalid.header")
async def _without_a_token(seller: Business, clock: ManualClock) -> tuple[str, dict[str, Any]]:
    return f"{BASE}/authorization", {"body": {}}


@triggers("token.expired")
async def _token_past_its_time(seller: Business, clock: ManualClock) -> tuple[str, dict[str, Any]]:
    ticket = await seller.open()
    clock.advance(15 * MINUTE)
    return f"{BASE}/authorization", {"body": {}, "token": ticket.token}


@triggers("BTRA_9999")
async def _fault_of_ours(seller: Business, clock: ManualClock) -> tuple[str, dict[str, Any]]:
    return f"{BASE}/payment", {"body": seller.order(metadata1="breaks")}


@pytest.fixture(scope="module")
async def parts(data: Path, anyio_backend: object) -> AsyncIterator[tuple[Assembly, ManualClock]]:
    """Tillgate whose time stands still until it is moved."""
    clock = ManualClock(WEDNESDAY)
    async with shop.open_shop(data, clock=clock, keeps_time=False) as parts:
        yield parts, clock


@pytest.fixture
async def asking(parts: tuple[Assembly, ManualClock]) -> tuple[Business, ManualClock]:
    """A business of the test's own, and its time."""
    return await business.opened(parts[0]), parts[1]


def test_every_code_is_triggered_or_it_is_said_why_not() -> None:
    assert TRIGGERED.keys() | NEVER.keys() == TEXTS.keys()
    assert not TRIGGERED.keys() & NEVER.keys()
    assert all(NEVER.values())


@pytest.mark.parametrize("expected", sorted(TRIGGERED))
async def test_a_code_is_said_in_both_languages_with_its_status(
    asking: tuple[Business, ManualClock], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seller, clock = asking
    path, how = await TRIGGERED[expected](seller, clock)
    if expected == "BTRA_9999":
        monkeypatch.setattr(tickets, "open", _break)
    unauthorized = expected.startswith("token.") or expected in ("BTRA_0017", "BTRA_0401", "BTRA_0403")
    status = 401 if unauthorized else 500 if expected in ("BTRA_9998", "BTRA_9999") else 409
    for language, place in (("en", 0), ("es", 1)):
        answer = await seller.ask(path, language=language, **how)
        assert (code(answer), answer.status_code) == (expected, status), answer.text
        before, _, after = TEXTS[expected][place].partition("%s")
        message = answer.json()["message"]
        assert message == before if "%s" not in TEXTS[expected][place] else message.startswith(before)
        assert message.endswith(after)


async def _break(*given: Any) -> None:
    raise RuntimeError("something of ours")


async def test_of_an_empty_body_it_is_said_that_it_is_missing(asking: tuple[Business, ManualClock]) -> None:
    seller, _ = asking
    for language, words in zip(("en", "es"), BODY_MISSING, strict=True):
        answer = await seller.ask(f"{BASE}/payment", b"", language=language)
        assert (code(answer), answer.json()["message"]) == ("BTRA_0006", words)
