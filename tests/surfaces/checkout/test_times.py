"""What time does: checkouts that nobody pays in time, phones that ring too long, tokens that end, and races."""

import asyncio
from pathlib import Path

import pytest

from tests.surfaces.checkout import store
from tests.surfaces.checkout.store import CHALLENGED, Store, done, message
from tillgate.clock import ManualClock
from tillgate.core.instants import DAY, HOUR, MINUTE, SECOND
from tillgate.core.payments import Payment
from tillgate.core.reasons import Refused
from tillgate.flows import checkouts, patience
from tillgate.store import audit

pytestmark = pytest.mark.anyio


async def test_what_nobody_pays_in_time_is_cancelled_by_itself(punctual: tuple[Store, ManualClock]) -> None:
    seller, clock = punctual
    expires = store.moment(clock.now(seller.tenant.id) + HOUR)
    idle, held = [(await seller.open(reference=name, expiresAt=expires))["id"] for name in "ab"]
    a_year = (await seller.open())["id"]
    await seller.pay(held, CHALLENGED)
    clock.advance(HOUR)
    await seller.let_time_work()
    for id in (idle, held):
        record = await seller.record(id)
        assert record.canceled is not None
        assert not record.in_flight
        assert await seller.status(id) == "CANCELLED"
    assert (await seller.open(reference="a"))["id"] != idle
    clock.advance(364 * DAY)
    assert await seller.status(a_year) == "OPEN"
    clock.advance(DAY)
    assert await seller.status(a_year) == "CANCELLED", "whoever looks does what the timer would"


async def test_a_session_that_nobody_pays_in_time_is_expired(punctual: tuple[Store, ManualClock]) -> None:
    seller, clock = punctual
    until = (clock.now(seller.tenant.id) + MINUTE) // SECOND
    asked = {"amount": 2000, "currency": "usd", "expires_at": until}
    session = (await seller.v1.post("/checkout/sessions", asked)).json()
    assert session["expires_at"] == until
    clock.advance(MINUTE + SECOND)
    late = (await seller.v1.get(f"/checkout/sessions/{session['id']}")).json()
    assert (late["status"], late["url"]) == ("expired", None)
    assert [one["id"] for one in await seller.v1.listed("/checkout/sessions?status=expired")] == [session["id"]]
    assert [one["type"] for one in await seller.v1.listed("/events?limit=1")] == ["checkout.session.expired"]


async def test_a_reference_is_free_once_its_checkout_has_expired(punctual: tuple[Store, ManualClock]) -> None:
    seller, clock = punctual
    expires = store.moment(clock.now(seller.tenant.id) + HOUR)
    first = await seller.open(reference="R", expiresAt=expires)
    clock.advance(HOUR)
    again = await seller.open(reference="R", amount=5_000)
    assert again["id"] != first["id"]
    assert await seller.status(first["id"]) == "CANCELLED"


async def test_a_phone_that_rings_too_long_leaves_the_checkout_open(punctual: tuple[Store, ManualClock]) -> None:
    seller, clock = punctual
    id, phone = (await seller.open())["id"], "7875550201"
    rung = await seller.ring(id, phone)
    assert rung["expiresAt"] == store.moment(clock.now(seller.tenant.id) + 10 * MINUTE)
    clock.advance(10 * MINUTE)
    for _ in range(5):
        await seller.let_time_work()
        clock.advance(10 * SECOND)
    assert await seller.status(id) == "OPEN"
    again = await seller.ring(id, "7875550202")
    assert again["expiresAt"] > rung["expiresAt"]
    await seller.confirm("7875550202")
    await seller.let_time_work()
    assert await seller.status(id) == "CONFIRMED"


async def test_a_phone_that_says_so_late_still_ends_well(punctual: tuple[Store, ManualClock]) -> None:
    seller, clock = punctual
    id, phone = (await seller.open())["id"], "7875550203"
    await seller.ring(id, phone)
    await seller.confirm(phone)
    assert await seller.status(id) == "FOUND"
    assert (await seller.find(id))["foundAt"] == store.moment(clock.now(seller.tenant.id))
    await seller.let_time_work()
    assert await seller.status(id) == "CONFIRMED"


@pytest.mark.parametrize("way", ["card", "phone"])
async def test_paying_giving_up_and_expiring_at_once_have_one_end(
    punctual: tuple[Store, ManualClock], way: str, database: str | None, home: Path
) -> None:
    seller, clock = punctual
    for number in range(4):
        phone = f"787555{300 + number:04}"
        expires = store.moment(clock.now(seller.tenant.id) + MINUTE)
        id = (await seller.open(expiresAt=expires))["id"]
        if way == "phone":
            await seller.ring(id, phone)
        pay = seller.pay(id, tried=0) if way == "card" else seller.confirm(phone)
        if number % 2:
            clock.advance(MINUTE)
        came = await asyncio.gather(pay, _given_up(seller, id), seller.let_time_work(), return_exceptions=True)
        assert all(not isinstance(one, BaseException) or isinstance(one, Refused) for one in came), came
        for _ in range(6):
            await seller.let_time_work()
            clock.advance(30 * SECOND)
        record, status = await seller.record(id), await seller.status(id)
        assert not record.in_flight
        assert not record.surplus
        assert not record.held
        assert (status, record.captured) in (("CONFIRMED", 10_000), ("CANCELLED", 0))
        if way == "phone":
            spent = seller.parts.phones.wallet("7875559999").balance - seller.parts.phones.wallet(phone).balance
            assert spent == record.captured
    assert (await audit.audit(database, home)).differences == []


async def _given_up(seller: Store, id: str) -> Payment:
    return await checkouts.cancel(seller.parts.gateway, seller.payer, id, is_patient=False)


async def test_who_pays_by_card_while_the_phone_rings_is_asked_there_no_more(
    punctual: tuple[Store, ManualClock], database: str | None, home: Path
) -> None:
    seller, _ = punctual
    late, never = "7875550801", "7875550802"
    for phone in (late, never):
        id = (await seller.open())["id"]
        await seller.ring(id, phone)
        assert (await seller.pay(id)).captured == 10_000
        if phone == late:
            await seller.confirm(phone)
            assert (await seller.record(id)).surplus
        await seller.let_time_work()
        record = await seller.record(id)
        assert (record.captured, record.surplus, record.in_flight) == (10_000, (), ())
        assert not seller.parts.phones.pending(phone)
        assert (await audit.audit(database, home)).differences == []
    assert seller.parts.phones.wallet(late).balance == seller.parts.phones.wallet(never).balance


async def plant(seller: Store, kind: str, **more: int) -> None:
    """The next question to a bank goes wrong."""
    assert (await seller.v1.post("/sandbox/faults", {"kind": kind, **more})).status_code == 200


async def test_what_a_bank_knows_later_is_found_meanwhile(punctual: tuple[Store, ManualClock]) -> None:
    seller, clock = punctual
    id = (await seller.open())["id"]
    await plant(seller, "pending", seconds=3_600)
    await seller.pay(id)
    assert await seller.status(id) == "FOUND"
    assert (await seller.pay(id)).attempts_made == 1, "a bank is at it"
    with pytest.raises(Refused, match="in_progress"):
        await _given_up(seller, id)
    for _ in range(3):
        clock.advance(HOUR)
        await seller.let_time_work()
    assert await seller.status(id) == "CONFIRMED"
    assert (await seller.record(id)).attempts_made == 1


@pytest.mark.parametrize(("kind", "attempts"), [("timeout_before", 2), ("unknown", 1), ("timeout_after", 1)])
async def test_what_became_of_a_lost_try_is_found_out_and_one_charge_is_made(
    punctual: tuple[Store, ManualClock], monkeypatch: pytest.MonkeyPatch, kind: str, attempts: int
) -> None:
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", 0.0)
    seller, clock = punctual
    id = (await seller.open())["id"]
    await plant(seller, kind, **({} if kind == "unknown" else {"seconds": 0}))
    tried = await seller.pay(id, tried=0)
    assert (await seller.pay(id, tried=0)).attempts_made == 1, "who presses twice tries once"
    if not tried.captured:
        assert (await seller.pay(id, tried=1)).attempts_made == 1, "nobody knows yet what became of it"
    for _ in range(4):
        clock.advance(MINUTE)
        await seller.let_time_work()
    found = await seller.record(id)
    found = found if found.captured else await seller.pay(id)
    assert (found.captured, found.attempts_made, found.surplus) == (10_000, attempts, ())


async def test_a_link_is_good_until_its_time_is_over(punctual: tuple[Store, ManualClock]) -> None:
    seller, clock = punctual
    expires = store.moment(clock.now(seller.tenant.id) + HOUR)
    opened = await seller.open(expiresAt=expires)
    methods = f"/api/checkout/{opened['id']}/payment-methods?{opened['checkoutUrl'].partition('?')[2]}"
    assert done(await seller.ask("GET", methods, token=""))
    clock.advance(HOUR - SECOND)
    assert done(await seller.ask("GET", methods, token=""))
    clock.advance(SECOND)
    assert message(await seller.ask("GET", methods, token=""), 403) == "Invalid signature"


async def test_a_token_ends_when_it_was_said_to(punctual: tuple[Store, ManualClock]) -> None:
    seller, clock = punctual
    expires = store.moment(clock.wall() + MINUTE)
    token = (await seller.mint(seller.application["id"], ["payments.get"], expiresAt=expires))["token"]
    assert (await seller.ask("GET", "/api/payment/pay_x", None, token)).status_code == 404
    clock.advance(MINUTE)
    assert message(await seller.ask("GET", "/api/payment/pay_x", None, token), 401) == "Unauthenticated"


async def test_last_use_is_known_to_the_minute(punctual: tuple[Store, ManualClock]) -> None:
    seller, clock = punctual
    tokens = f"/api/payment-applications/{seller.application['id']}/tokens"
    seen = []
    for wait in (0, SECOND, MINUTE):
        clock.advance(wait)
        await seller.ask("GET", "/api/payment/pay_x")
        seen.append(done(await seller.manage("GET", tokens))[0]["lastUsedAt"])
    assert seen[0] == seen[1] < seen[2]
