"""3-D Secure on the wire: who is asked, what is kept of it, and how it ends where nobody answers."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
import sqlalchemy as sa

from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import CARD, Client
from tests.surfaces.v1.test_payment_intents import browser, opened, read, told, with_card
from tillgate.clock import ManualClock
from tillgate.connectors.contract import BankAnswer, BankRequest
from tillgate.core.attempts import Attempt
from tillgate.core.instants import HOUR, MINUTE, SECOND, Instant
from tillgate.flows import challenges, returns
from tillgate.flows.directory import Directory
from tillgate.flows.returns import with_parameters
from tillgate.store import find, schema
from tillgate.transport.banks import Lost

pytestmark = pytest.mark.anyio

CHALLENGED = "4000002500003155"
APPROVE = b"outcome=approve&code=123456"
SHOP = "https://shop.example/paid?order=7#thanks"


def card(number: str) -> dict[str, Any]:
    return {**CARD, "number": number}


def authenticated(shown: dict[str, Any]) -> Any:
    """What is shown of how the cardholder was authenticated."""
    return shown["payment_method_details"]["card"]["three_d_secure"]


def page_of(shown: dict[str, Any]) -> str:
    """The path of the page to which the payer is sent."""
    url: str = shown["next_action"]["redirect_to_url"]["url"]
    return url.removeprefix(shop.LOCAL)


async def chosen(client: Client, shown: dict[str, Any], form: bytes = APPROVE) -> httpx2.Response:
    """What the payer is shown who chose something, and goes on."""
    answer = await client.ask("POST", page_of(shown), form)
    assert answer.status_code == 303, answer.text
    return await client.ask("GET", answer.headers["location"])


async def came_back(client: Client, page: httpx2.Response) -> httpx2.Response:
    """The answer to the payer who is sent on by a page."""
    goes_to = page.text.partition('content="0;url=')[2].partition('"')[0]
    return await client.ask("GET", goes_to)


@pytest.mark.parametrize(
    ("number", "flow", "result", "reason", "eci", "shifted"),
    [
        ("4242424242424242", None, None, None, None, None),
        ("4000003000000014", "frictionless", "authenticated", None, "05", True),
        ("5200003000000019", "frictionless", "authenticated", None, "02", True),
        ("4000003000000022", "frictionless", "attempt_acknowledged", None, "06", True),
        ("4000003000000048", "frictionless", "processing_error", "protocol_error", "07", False),
        ("4000003000000055", "frictionless", "not_supported", "card_not_enrolled", "07", False),
        ("4000003000000030", "frictionless", "failed", "rejected", "07", False),
    ],
)
async def test_an_issuer_that_asks_nobody_says_who_bears_a_fraud(
    merchant: Client,
    number: str,
    flow: str | None,
    result: str | None,
    reason: str | None,
    eci: str | None,
    shifted: bool | None,
) -> None:
    answer = await merchant.post("/payments", {**shop.PAYMENT, "card": card(number)})
    if result == "failed":
        payment = shop.error(answer, 402, "card_error", "authentication_failed")["payment"]
    else:
        payment = answer.json()
        assert payment["status"] == "succeeded"
    intent = (await merchant.get(f"/payment_intents/pi_{payment['id'].removeprefix('pay_')}")).json()
    charge = (await merchant.get(f"/charges/{intent['latest_charge']}")).json()
    assert authenticated(payment) == authenticated(intent) == authenticated(charge)
    if flow is None:
        assert authenticated(payment) is None
        return
    known = authenticated(payment)
    assert len(known.pop("transaction_id")) == 36
    assert known.pop("version") == (None if reason == "card_not_enrolled" else "2.2.0")
    assert known == {
        "authentication_flow": flow,
        "result": result,
        "result_reason": reason,
        "electronic_commerce_indicator": eci,
        "liability_shifted": shifted,
    }


@pytest.mark.parametrize(
    ("number", "eci"), [(CHALLENGED, "05"), ("5200002500003150", "02"), ("4000008260003178", "05")]
)
async def test_a_challenge_that_is_met_is_kept_with_the_payment(anyones: Client, number: str, eci: str) -> None:
    intent = await opened(anyones, **with_card(card(number)), confirm=True, return_url=SHOP)
    assert intent["status"] == "requires_action"
    assert authenticated(intent) is None
    page = await chosen(anyones, intent)
    location = (await came_back(anyones, page)).headers["location"]
    after = await read(anyones, intent)
    declined = number == "4000008260003178"
    assert after["status"] == ("requires_payment_method" if declined else "succeeded")
    if declined:
        assert after["last_payment_error"]["code"] == "insufficient_funds"
    known = authenticated(after)
    assert (known["authentication_flow"], known["result"]) == ("challenge", "authenticated")
    assert (known["electronic_commerce_indicator"], known["liability_shifted"]) == (eci, True)
    assert location.startswith("https://shop.example/paid?order=7&")
    assert location.endswith("#thanks")
    assert dict(parse_qsl(urlsplit(location).query)) == {
        "order": "7",
        "payment_intent": intent["id"],
        "payment_intent_client_secret": intent["client_secret"],
        "redirect_status": "failed" if declined else "succeeded",
    }


@pytest.mark.parametrize(("form", "reason"), [(b"outcome=fail", "rejected"), (b"outcome=cancel", "canceled")])
async def test_who_fails_or_gives_up_may_try_another_card(anyones: Client, form: bytes, reason: str) -> None:
    intent = await opened(anyones, **with_card(card(CHALLENGED)), confirm=True, return_url=SHOP)
    page = await chosen(anyones, intent, form)
    location = (await came_back(anyones, page)).headers["location"]
    assert "redirect_status=failed" in location
    after = await read(anyones, intent)
    assert (after["status"], after["next_action"]) == ("requires_payment_method", None)
    assert after["last_payment_error"]["code"] == "authentication_failed"
    assert (authenticated(after)["result"], authenticated(after)["result_reason"]) == ("failed", reason)
    assert authenticated(after)["liability_shifted"] is False
    answer = await anyones.post(f"/payment_intents/{intent['id']}/confirm", with_card())
    assert answer.json()["status"] == "succeeded"
    assert authenticated(answer.json()) is None
    # The first link still says what came of the first card.
    assert "redirect_status=failed" in (await came_back(anyones, page)).headers["location"]
    assert [type for type in await told(anyones, intent) if type.startswith("payment_intent.")] == [
        "payment_intent.created",
        "payment_intent.requires_action",
        "payment_intent.payment_failed",
        "payment_intent.succeeded",
    ]


async def test_a_payment_comes_back_as_one_and_without_an_address_is_told_on_a_page(merchant: Client) -> None:
    payment = await merchant.pay(card=card(CHALLENGED), return_url="http://localhost:3000/paid")
    answer = await came_back(merchant, await chosen(merchant, payment))
    expected = f"http://localhost:3000/paid?payment={payment['id']}&redirect_status=succeeded"
    assert (answer.status_code, answer.headers["location"]) == (303, expected)
    payment = await merchant.pay(card=card(CHALLENGED))
    told = await came_back(merchant, await chosen(merchant, payment))
    assert (told.status_code, "Thank you" in told.text, "Bookshop" in told.text) == (200, True, True)


async def test_a_merchant_demands_what_the_issuer_would_not_ask_for(anyones: Client) -> None:
    options = {"payment_method_options": {"card": {"request_three_d_secure": "any"}}}
    paid = await anyones.pay(**options)
    assert authenticated(paid)["authentication_flow"] == "frictionless"
    intent = await opened(anyones, **options)
    assert intent["payment_method_options"] == options["payment_method_options"]
    options["payment_method_options"]["card"]["request_three_d_secure"] = "challenge"
    changed = (await anyones.post(f"/payment_intents/{intent['id']}", options)).json()
    assert changed["payment_method_options"] == options["payment_method_options"]
    asked = await anyones.post(f"/payment_intents/{intent['id']}/confirm", with_card())
    assert asked.json()["status"] == "requires_action"
    other = await opened(anyones)
    asked = await anyones.post(f"/payment_intents/{other['id']}/confirm", with_card(CARD, **options))
    assert asked.json()["status"] == "requires_action"


async def test_a_payers_browser_does_not_say_what_the_merchant_demands(merchant: Client) -> None:
    intent = await opened(merchant)
    options = {"card": {"request_three_d_secure": "automatic"}}
    body = with_card(client_secret=intent["client_secret"], payment_method_options=options)
    answer = await (await browser(merchant)).post(f"/payment_intents/{intent['id']}/confirm", body)
    shop.error(answer, 400, "invalid_request_error", "parameter_invalid", "payment_method_options")


@pytest.mark.parametrize("wanted", ["always", "", None, 1, {}])
async def test_only_what_is_known_can_be_demanded(demo: Client, wanted: Any) -> None:
    options = {"card": {"request_three_d_secure": wanted}}
    answer = await demo.post("/payments", {**shop.PAYMENT, "payment_method_options": options})
    if wanted is None:
        assert authenticated(answer.json()) is None
    else:
        field = "payment_method_options.card.request_three_d_secure"
        shop.error(answer, 400, "invalid_request_error", "parameter_invalid", field)


async def test_a_customer_who_is_not_there_is_asked_back(merchant: Client) -> None:
    body = {**with_card(card(CHALLENGED)), "amount": 2000, "currency": "usd", "confirm": True, "off_session": True}
    answer = await merchant.post("/payment_intents", body)
    said = shop.error(answer, 402, "card_error", "authentication_required")
    assert said["decline_code"] == "authentication_required"
    assert said["payment_intent"]["status"] == "requires_payment_method"
    there = with_card(card(CHALLENGED), off_session=False)
    again = await merchant.post(f"/payment_intents/{said['payment_intent']['id']}/confirm", there)
    assert again.json()["status"] == "requires_action"


async def test_who_agreed_by_a_challenge_is_charged_without_being_there(anyones: Client) -> None:
    owner = (await anyones.post("/customers", {"email": "ann@example.com"})).json()["id"]
    setup = (await anyones.post("/setup_intents", {"customer": owner, "return_url": SHOP})).json()
    asked = (await anyones.post(f"/setup_intents/{setup['id']}/confirm", with_card(card(CHALLENGED)))).json()
    assert asked["status"] == "requires_action"
    page = await anyones.ask("GET", page_of(asked))
    assert ("Confirm your card" in page.text, "$0" in page.text) == (True, False)
    location = (await came_back(anyones, await chosen(anyones, asked))).headers["location"]
    assert dict(parse_qsl(urlsplit(location).query)) == {
        "order": "7",
        "setup_intent": setup["id"],
        "setup_intent_client_secret": setup["client_secret"],
        "redirect_status": "succeeded",
    }
    method = (await anyones.get(f"/setup_intents/{setup['id']}")).json()["payment_method"]
    paid = await opened(anyones, customer=owner, payment_method=method, confirm=True, off_session=True)
    assert (paid["status"], authenticated(paid)) == ("succeeded", None)
    # Who is there is asked all the same.
    assert (await opened(anyones, customer=owner, payment_method=method, confirm=True))["status"] == "requires_action"


@pytest.mark.parametrize(
    ("form", "said"), [(APPROVE, "may charge your card"), (b"outcome=fail", "keeps nothing of it")]
)
async def test_without_an_address_a_last_page_says_what_became_of_a_card(
    merchant: Client, form: bytes, said: str
) -> None:
    setup = (await merchant.post("/setup_intents", {"confirm": True, **with_card(card(CHALLENGED))})).json()
    told = await came_back(merchant, await chosen(merchant, setup, form))
    assert (told.status_code, said in told.text) == (200, True)


class TwoClocks(ManualClock):
    """Business time runs ahead of the wall's."""

    ahead = 0

    def now(self, tenant: str) -> Instant:
        """See Clock."""
        return self.wall() + self.ahead


@pytest.fixture
def clock() -> TwoClocks:
    return TwoClocks(1_767_225_600 * SECOND)


@pytest.fixture
def apart(database: str | None, request: pytest.FixtureRequest, tmp_path: Path, migrated: Path) -> str | None:
    """A database at which nobody else is: servers that go by the wall would find all of it long due, and do it."""
    if database is None:
        shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
        return None
    url: str = request.getfixturevalue("migrated_url")
    return url


@pytest.fixture
async def timed(apart: str | None, tmp_path: Path, clock: TwoClocks) -> AsyncIterator[Client]:
    """A merchant whose time is the test's, and nothing happens by itself."""
    async with shop.open_shop(tmp_path, apart, clock, keeps_time=False) as parts:
        yield await shop.merchant(parts)


@pytest.mark.parametrize("capture_method", ["automatic", "manual"])
async def test_a_challenge_that_nobody_met_ends_by_itself(timed: Client, clock: TwoClocks, capture_method: str) -> None:
    intent = await opened(
        timed, **with_card(card(CHALLENGED)), confirm=True, capture_method=capture_method, return_url=SHOP
    )
    clock.advance(HOUR - MINUTE)
    await shop.catch_up(timed.parts)
    assert (await read(timed, intent))["status"] == "requires_action"
    clock.advance(2 * MINUTE)
    await shop.catch_up(timed.parts)
    after = await read(timed, intent)
    assert (after["status"], after["next_action"]) == ("requires_payment_method", None)
    assert after["last_payment_error"]["code"] == "authentication_failed"
    assert authenticated(after)["result_reason"] == "abandoned"
    late = await timed.ask("GET", page_of(intent))
    assert (late.status_code, "Too late" in late.text) == (200, True)
    assert "Too late" in (await chosen(timed, intent)).text
    assert (await read(timed, intent))["status"] == "requires_payment_method"


async def test_a_card_that_nobody_confirmed_is_not_kept(timed: Client, clock: TwoClocks) -> None:
    setup = (await timed.post("/setup_intents", {"confirm": True, **with_card(card(CHALLENGED))})).json()
    clock.advance(HOUR + MINUTE)
    await shop.catch_up(timed.parts)
    after = (await timed.get(f"/setup_intents/{setup['id']}")).json()
    assert (after["status"], after["last_setup_error"]["code"]) == ("requires_payment_method", "authentication_failed")


async def test_where_the_bank_still_waits_it_is_told_to_end_the_challenge(timed: Client, clock: TwoClocks) -> None:
    intent = await opened(timed, **with_card(card(CHALLENGED)), confirm=True)
    gateway = timed.parts.gateway
    _, tenant = await Directory(gateway, {}).identify(timed.key or "", on_this_machine=False)
    attempt = f"att_{intent['id'].removeprefix('pi_')}_1"
    assert not await challenges.expire(gateway, tenant, attempt)
    assert (await read(timed, intent))["status"] == "requires_action"
    clock.ahead = HOUR + MINUTE
    assert await challenges.expire(gateway, tenant, attempt)
    assert await challenges.expire(gateway, tenant, attempt)
    after = await read(timed, intent)
    assert (after["status"], after["last_payment_error"]["code"]) == (
        "requires_payment_method",
        "authentication_failed",
    )
    assert "Canceled" in (await chosen(timed, intent)).text
    assert (await read(timed, intent))["status"] == "requires_payment_method"
    assert (await confirmed_again(timed, intent))["status"] == "succeeded"


async def confirmed_again(client: Client, intent: dict[str, Any]) -> dict[str, Any]:
    """The intent after another card was tried."""
    return dict((await client.post(f"/payment_intents/{intent['id']}/confirm", with_card())).json())


async def test_a_payer_who_reloads_does_not_have_the_bank_asked_each_time(
    timed: Client, clock: TwoClocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    intent = await opened(timed, **with_card(card(CHALLENGED)), confirm=True, return_url=SHOP)
    gateway = timed.parts.gateway
    _, tenant = await Directory(gateway, {}).identify(timed.key or "", on_this_machine=False)
    attempt_id = f"att_{intent['id'].removeprefix('pi_')}_1"
    attempt = await find.record(gateway.store, Attempt, tenant.id, attempt_id)
    assert attempt is not None
    due, back = await due_timers(timed), gateway.return_address(attempt)
    asked: list[str] = []
    send = gateway.transport.send

    async def counted(request: BankRequest) -> BankAnswer | Lost:
        asked.append(request.url)
        return await send(request)

    monkeypatch.setattr(gateway.transport, "send", counted)
    for _ in range(3):
        loaded = await asyncio.gather(*(timed.ask("GET", back.removeprefix(shop.LOCAL)) for _ in range(4)))
        stands = [answer.headers["location"].rpartition("redirect_status=")[2].partition("#")[0] for answer in loaded]
        assert stands == ["pending"] * 4
    assert len(asked) == 1
    clock.advance(returns.LOOKED_FOR)
    await timed.ask("GET", back.removeprefix(shop.LOCAL))
    assert len(asked) == 2
    # When the bank is asked by itself does not depend on how often somebody looks.
    assert await find.record(gateway.store, Attempt, tenant.id, attempt_id) == attempt
    assert await due_timers(timed) == due
    await chosen(timed, intent)
    clock.advance(returns.LOOKED_FOR)
    assert "redirect_status=succeeded" in (await timed.ask("GET", back.removeprefix(shop.LOCAL))).headers["location"]


async def due_timers(client: Client) -> list[tuple[Any, ...]]:
    rows = await client.parts.gateway.store.engine.fetch(sa.select(schema.timers), {})
    return sorted(tuple(row) for row in rows)


async def test_a_link_back_is_good_for_nobody_who_changes_it(merchant: Client) -> None:
    payment = await merchant.pay(card=card(CHALLENGED))
    page = await merchant.ask("GET", page_of(payment))
    assert page.status_code == 200
    done = await chosen(merchant, payment)
    back = done.text.partition('content="0;url=')[2].partition('"')[0]
    assert (await merchant.ask("GET", back)).status_code == 200
    _, _, tenant, attempt, proof = back.split("/")
    for path in (
        f"/returns/{tenant}/{attempt}/{'0' * 32}",
        f"/returns/{tenant}/{attempt[:-1]}{'3' if attempt.endswith('2') else '2'}/{proof}",
        f"/returns/ten_x/{attempt}/{proof}",
        f"/returns/{tenant}/{attempt}",
        f"/returns/{tenant}/{attempt}/%C3%A9",
    ):
        answer = await merchant.ask("GET", path)
        assert answer.status_code == 404


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://shop.example", "https://shop.example?a=1"),
        ("https://shop.example/?", "https://shop.example/?a=1"),
        ("https://shop.example/?b=%20+#c?d", "https://shop.example/?b=%20+&a=1#c?d"),
        ("https://shop.example/?b=2&", "https://shop.example/?b=2&a=1"),
    ],
)
def test_parameters_are_added_to_whatever_an_address_has(address: str, expected: str) -> None:
    assert with_parameters(address, {"a": "1"}) == expected
