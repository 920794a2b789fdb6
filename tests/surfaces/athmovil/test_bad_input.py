"""Bad input: every field of every operation wrong in each way that has a code, and the words for it."""

import re
from typing import Any

import msgspec
import pytest

from tests.surfaces.athmovil import business
from tests.surfaces.athmovil.business import ABSENT, BASE, ITEM, REPORT, SEARCH, SUBSCRIBE, Business, code
from tillgate.assembly import Assembly
from tillgate.core.instants import SECOND
from tillgate.core.phone_wallets import local
from tillgate.surfaces.athmovil import messages
from tillgate.surfaces.athmovil.texts import TEXTS

pytestmark = pytest.mark.anyio

NOT_TEXTS: tuple[Any, ...] = (7, 1.5, True, [], {}, ["x"])
NOT_NUMBERS: tuple[Any, ...] = ("", "ten", "1,00", "0x10", "--1", "1.", ".5", "NaN", "Infinity", True, [], {}, "1 0")


NOT_PHONES: tuple[Any, ...] = (
    *("787123456", "78712345678", "+15551234567", "787-123-4567", "７８７１２３４５６７"),
    *(787, 1.5, True, [], {}),
)
NOT_LISTS: tuple[Any, ...] = ("", "x", 7, True, {}, [7], ["x"], [None], [[]])


class Raw(str):
    """A value as it is to be in the body, to the byte."""


def _item(**changes: Any) -> list[dict[str, Any]]:
    return [{name: value for name, value in {**ITEM, **changes}.items() if value is not ABSENT}]


ORDERS: list[tuple[dict[str, Any], str]] = [
    *(({name: ABSENT}, "BTRA_0019") for name in ("publicToken", "total", "metadata1", "metadata2", "items")),
    *(({name: None}, "BTRA_0019") for name in ("publicToken", "total", "metadata1", "metadata2", "items")),
    *(({"publicToken": bad}, "BTRA_0006") for bad in NOT_TEXTS),
    ({"publicToken": " "}, "BTRA_0018"),
    ({"publicToken": "nobody's"}, "BTRA_0401"),
    *(({"total": bad}, "BTRA_0006") for bad in NOT_NUMBERS),
    ({"total": 0}, "BTRA_0013"),
    ({"total": "0.00"}, "BTRA_0013"),
    ({"total": "-1.00"}, "BTRA_0001"),
    ({"total": -1500}, "BTRA_0001"),
    ({"total": "0.99"}, "BTRA_0001"),
    ({"total": 0.99}, "BTRA_0001"),
    ({"total": "1500.01"}, "BTRA_0004"),
    ({"total": 9999}, "BTRA_0004"),
    ({"total": "10.005"}, "BTRA_0020"),
    ({"total": 10.005}, "BTRA_0020"),
    ({"total": "10000"}, "BTRA_0020"),
    ({"total": 10**15}, "BTRA_0020"),
    ({"total": Raw("1e400")}, "BTRA_0020"),
    ({"total": Raw("1e-400")}, "BTRA_0020"),
    # More digits than decimal numbers are computed with unless one takes care.
    ({"total": Raw("10." + "0" * 35 + "1")}, "BTRA_0020"),
    ({"total": "1499." + "9" * 35}, "BTRA_0020"),
    ({"total": Raw("0e400")}, "BTRA_0013"),
    ({"total": "1e9999"}, "BTRA_0020"),
    ({"total": Raw("NaN")}, "BTRA_0006"),
    ({"total": Raw("-Infinity")}, "BTRA_0006"),
    ({"total": Raw("1" * 400)}, "BTRA_0006"),
    *(({"tax": bad}, "BTRA_0006") for bad in NOT_NUMBERS if bad != ""),
    *(({"subtotal": bad}, "BTRA_0006") for bad in NOT_NUMBERS if bad != ""),
    ({"tax": "-0.01"}, "BTRA_0001"),
    ({"subtotal": "1.001"}, "BTRA_0020"),
    *(({"timeout": bad}, "BTRA_0006") for bad in NOT_NUMBERS if bad != ""),
    *(({name: bad}, "BTRA_0006") for name in ("metadata1", "metadata2") for bad in NOT_TEXTS),
    *(({name: "  "}, "BTRA_0018") for name in ("metadata1", "metadata2")),
    *(({name: "x" * 41}, "BTRA_0038") for name in ("metadata1", "metadata2")),
    *(({"phoneNumber": bad}, "BTRA_0006") for bad in NOT_PHONES),
    ({"phoneNumber": "7870000003"}, "BTRA_0002"),
    *(({"items": bad}, "BTRA_0006") for bad in NOT_LISTS),
    ({"items": []}, "BTRA_0018"),
    ({"items": [ITEM] * 201}, "BTRA_0006"),
    *(({"items": _item(**{name: ABSENT})}, "BTRA_0019") for name in ("name", "description", "quantity", "price")),
    *(({"items": _item(**{name: None})}, "BTRA_0019") for name in ("name", "description", "quantity", "price")),
    *(({"items": _item(**{name: " "})}, "BTRA_0018") for name in ("name", "description")),
    *(({"items": _item(**{name: "x" * 256})}, "BTRA_0006") for name in ("name", "description", "metadata")),
    *(({"items": _item(name=bad)}, "BTRA_0006") for bad in NOT_TEXTS),
    *(({"items": _item(metadata=bad)}, "BTRA_0006") for bad in NOT_TEXTS),
    *(({"items": _item(quantity=bad)}, "BTRA_0006") for bad in (*NOT_NUMBERS, 0, -1, "1.5", 10**7)),
    *(({"items": _item(price=bad)}, "BTRA_0006") for bad in NOT_NUMBERS),
    ({"items": _item(price="-1")}, "BTRA_0001"),
    ({"items": _item(price="1.999")}, "BTRA_0020"),
    ({"items": _item(tax="1.999")}, "BTRA_0020"),
]

REFUNDS: list[tuple[dict[str, Any], str]] = [
    *(({name: None}, "BTRA_0019") for name in ("publicToken", "privateToken", "referenceNumber", "amount")),
    ({"privateToken": "wrong"}, "BTRA_0401"),
    *(({"referenceNumber": bad}, "BTRA_0006") for bad in NOT_TEXTS),
    ({"referenceNumber": "fdew98ffw9fbfewkjb"}, "BTRA_0053"),
    *(({"amount": bad}, "BTRA_0006") for bad in NOT_NUMBERS),
    ({"amount": 0}, "BTRA_0028"),
    ({"amount": "0.009"}, "BTRA_0028"),
    ({"amount": "-1.00"}, "BTRA_0001"),
    ({"amount": "1.005"}, "BTRA_0020"),
    ({"amount": Raw("1e400")}, "BTRA_0020"),
    ({"amount": "2.34"}, "BTRA_0030"),
    *(({"message": bad}, "BTRA_0006") for bad in NOT_TEXTS),
    ({"message": "x" * 51}, "BTRA_0040"),
]

BODIES: list[tuple[bytes, str]] = [
    (b"", "BTRA_0006"),
    (b"  ", "BTRA_0006"),
    (b"{", "BTRA_0006"),
    (b"null", "BTRA_0006"),
    (b"[]", "BTRA_0006"),
    (b'"x"', "BTRA_0006"),
    (b"\xff", "BTRA_0006"),
    (b'{"publicToken":"a","publicToken":"b"}', "BTRA_0006"),
    (b'{"x":' * 100 + b"1" + b"}" * 100, "BTRA_0006"),
    (b"{}", "BTRA_0019"),
]


@pytest.fixture(scope="module")
async def shared(app: Assembly) -> Business:
    """One business for all that is refused."""
    return await business.opened(app)


@pytest.fixture(scope="module")
async def paid(shared: Business) -> dict[str, Any]:
    """Something that could be refunded."""
    return await shared.pay()


async def test_every_field_of_an_order_is_checked(shared: Business) -> None:
    for changes, expected in ORDERS:
        answer = await shared.ask(f"{BASE}/payment", _body(shared.order(**changes)))
        assert code(answer) == expected, changes
        assert answer.status_code == (401 if expected == "BTRA_0401" else 409)


async def test_what_is_not_wrong_is_taken(shared: Business) -> None:
    for changes in (
        {"total": 1},
        {"total": "1500.00"},
        {"total": Raw("1.0e1")},
        {"total": Raw("10.000")},
        {"tax": None, "subtotal": ABSENT},
        {"tax": ""},
        {"timeout": ABSENT},
        {"timeout": -5},
        {"timeout": "5000"},
        {"phoneNumber": ABSENT},
        {"phoneNumber": 7875557777},
        {"metadata1": "x" * 40},
        {"env": "production", "lang": "es", "anything": {"else": [1]}},
        {"items": _item(tax=None, metadata=None, sku="x", formattedPrice="$1")},
        {"items": _item(price=0, quantity=3)},
    ):
        answer = await shared.ask(f"{BASE}/payment", _body(shared.order(**changes)))
        assert answer.status_code == 200, (changes, answer.text)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        *((1, 120), (120, 120), ("599.9", 599), (601, 600), (5000, 600), (119_999, 600), (120_000, 120)),
        *((300_000, 300), (600_000, 600), (600_001, 600), ("600", 600), (None, 600)),
    ],
)
async def test_a_timeout_is_seconds_or_milliseconds(shared: Business, given: Any, seconds: int) -> None:
    assert messages.timeout({} if given is None else {"timeout": given}) == seconds * SECOND


async def test_every_field_of_a_refund_is_checked(shared: Business, paid: dict[str, Any]) -> None:
    right = {**shared.both, "referenceNumber": paid["referenceNumber"], "amount": "1.00"}
    for changes, expected in REFUNDS:
        answer = await shared.ask(f"{BASE}/refund", _body({**right, **changes}))
        assert code(answer) == expected, changes


async def test_a_body_that_cannot_be_read_has_a_code(shared: Business) -> None:
    for path in (f"{BASE}/payment", f"{BASE}/business/findPayment", f"{BASE}/business/cancel", f"{BASE}/refund"):
        for body, expected in BODIES:
            assert code(await shared.ask(path, body)) == expected, (path, body[:40])
    for path in (SEARCH, REPORT, SUBSCRIBE):
        for body, expected in BODIES:
            assert code(await shared.ask(path, body)) == expected, (path, body[:40])
    empty = await shared.ask(f"{BASE}/payment", b"")
    assert empty.json()["message"] == "Required request body is missing"


async def test_ids_are_unknown_or_anothers(shared: Business, paid: dict[str, Any], app: Assembly) -> None:
    other = await business.opened(app)
    ticket = await other.open()
    for path in ("findPayment", "cancel"):
        for id, expected in (("BTRA", "BTRA_0031"), (ticket.id, "BTRA_0008"), (7, "BTRA_0006"), (None, "BTRA_0019")):
            asked = {"publicToken": shared.public, "ecommerceId": id}
            assert code(await shared.ask(f"{BASE}/business/{path}", asked)) == expected
    assert code(await other.refund(paid["referenceNumber"], "1.00")) == "BTRA_0043"
    foreign = {"publicToken": shared.public, "privateToken": other.private}
    assert code(await shared.ask(SEARCH, {**foreign, "total": 1})) == "BTRA_0401"
    swapped = {"publicToken": shared.private, "privateToken": shared.public}
    assert code(await shared.ask(SEARCH, {**swapped, "total": 1})) == "BTRA_0401"
    assert (await other.ask(SEARCH, {**other.both, "referenceNumber": paid["referenceNumber"]})).json() == []


async def test_a_business_does_not_pay_itself(app: Assembly, shared: Business) -> None:
    demo = {"publicToken": "a66ce73d04f2087615f6320b724defc5b4eedc55", "phoneNumber": "7870000000"}
    assert code(await shared.ask(f"{BASE}/payment", {**shared.order(), **demo})) == "BTRA_0003"


async def test_the_dates_of_a_report_are_checked(shared: Business, paid: dict[str, Any]) -> None:
    past, day = "2020-01-01 00:00:00", "2020-01-02 00:00:00"
    future = f"{local(shared.parts.gateway.clock.wall()).year + 1}-01-01 00:00:00"
    for first, last, expected in (
        (None, day, "BTRA_0019"),
        (past, None, "BTRA_0019"),
        ("2020-13-01 00:00:00", day, "BTRA_0023"),
        (7, day, "BTRA_0023"),
        ("2020-01-01", day, "BTRA_0023"),
        (past, "yesterday", "BTRA_0024"),
        (day, past, "BTRA_0025"),
        (past, "2020-06-01 00:00:00", "BTRA_0026"),
        (future, future, "BTRA_0047"),
        (past, future, "BTRA_0048"),
        (past, day, "BTRA_0046"),
    ):
        answer = await shared.ask(REPORT, {**shared.both, "fromDate": first, "toDate": last})
        assert code(answer) == expected, (first, last)
    too_long = await shared.ask(REPORT, {**shared.both, "fromDate": past, "toDate": "2020-06-01 00:00:00"})
    assert too_long.json()["message"] == "The difference between dates must be lower than 90 days"


async def test_a_search_is_for_something(shared: Business) -> None:
    assert code(await shared.ask(SEARCH, shared.both)) == "BTRA_0019"
    for name in ("referenceNumber", "name", "email", "metadata1", "metadata2", "phoneNumber", "dailyTransactionID"):
        assert code(await shared.ask(SEARCH, {**shared.both, name: []})) == "BTRA_0006"
    assert code(await shared.ask(SEARCH, {**shared.both, "total": "1.005"})) == "BTRA_0020"
    assert code(await shared.ask(SEARCH, {**shared.both, "dailyTransactionID": "x"})) == "BTRA_0006"


async def test_a_subscription_is_checked(shared: Business) -> None:
    right = {**shared.both, "listenerURL": "https://shop.example/hook", "refundSentEvent": True}
    for changes, expected in (
        ({"listenerURL": None}, "BTRA_0019"),
        ({"listenerURL": 7}, "BTRA_0006"),
        ({"listenerURL": "ftp://shop.example"}, "BTRA_0006"),
        ({"listenerURL": "http://169.254.169.254/x"}, "BTRA_0006"),
        ({"listenerURL": "https://shop.example/" + "x" * 3_000}, "BTRA_0006"),
        ({"refundSentEvent": "true"}, "BTRA_0006"),
        ({"refundSentEvent": 1}, "BTRA_0006"),
        ({"privateToken": "wrong"}, "BTRA_0401"),
    ):
        assert code(await shared.ask(SUBSCRIBE, {**right, **changes})) == expected, changes


async def test_errors_speak_spanish_to_who_asks_for_it(shared: Business) -> None:
    order = shared.order(total="0.50")
    for language, place in (
        ("es", 1),
        ("es-PR,en;q=0.5", 1),
        ("en,es;q=0.9", 0),
        ("fr", 0),
        ("es;q=0", 0),
        ("", 0),
        (";;q=x", 0),
    ):
        answer = await shared.ask(f"{BASE}/payment", order, language=language)
        assert answer.json()["message"] == TEXTS["BTRA_0001"][place], language


async def test_unknown_paths_and_methods_answer_in_this_apis_form(shared: Business) -> None:
    for method, path, status in (("POST", f"{BASE}/nothing", 404), ("GET", f"{BASE}/payment", 405)):
        answer = await shared.ask(path, method=method)
        assert answer.status_code == status
        assert re.fullmatch("BTRA_[0-9]{4}", code(answer))


async def test_browsers_may_call_what_the_button_calls_and_nothing_else(shared: Business) -> None:
    shared_with = {"payment", "business/findPayment", "authorization", "business/updatePhoneNumber", "business/cancel"}
    for path in (*shared_with, "refund"):
        answer = await shared.ask(f"{BASE}/{path}", b"")
        assert ("access-control-allow-origin" in answer.headers) is (path in shared_with)


def _body(fields: dict[str, Any]) -> bytes:
    """The fields as JSON, with what is Raw put in as it is."""
    raw = {name: value for name, value in fields.items() if isinstance(value, Raw)}
    written = msgspec.json.encode({name: f"@{name}@" if name in raw else value for name, value in fields.items()})
    for name, value in raw.items():
        written = written.replace(f'"@{name}@"'.encode(), value.encode())
    return written
