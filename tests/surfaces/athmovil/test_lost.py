"""Tickets whose process dies, or whose bank's answers are lost: whoever comes next finds out; nothing is done twice."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
import sqlalchemy as sa

from tests.sizes import at_size
from tests.surfaces.athmovil import books, business
from tests.surfaces.athmovil.business import BASE, Business, Ticket, code, done
from tests.surfaces.v1 import shop
from tests.surfaces.v1.books import WEDNESDAY
from tillgate.clock import ManualClock
from tillgate.connectors.contract import BankAnswer, BankRequest
from tillgate.core.instants import MINUTE, SECOND
from tillgate.flows import patience
from tillgate.transport.banks import Loss, Lost, Transport

pytestmark = pytest.mark.anyio


class Died(BaseException):
    """The process was killed."""


class Way:
    """The way to the bank of wallets, on which a process dies, or on which answers are lost."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.mishap = ""

    async def send(self, request: BankRequest) -> BankAnswer | Lost:
        if self.mishap == "dies before the bank":
            raise Died
        if self.mishap == "question lost":
            return Lost(Loss.UNREACHABLE)
        answer = await self._inner.send(request)
        if self.mishap == "dies after the bank":
            raise Died
        return Lost(Loss.BROKEN) if self.mishap == "answers lost" else answer


class Place(msgspec.Struct):
    """A business, its time, the way to the bank, and where all of it is kept."""

    seller: Business
    clock: ManualClock
    way: Way
    home: Path
    database: str | None

    async def struck(self, mishap: str, ask: Any) -> None:
        """Ask while something goes wrong."""
        self.way.mishap = mishap
        try:
            answer: httpx2.Response = await ask
            assert answer.status_code == 200 or code(answer) == "BTRA_9998", answer.text
        except BaseException as dead:
            assert "Died" in repr(dead) or "Died" in repr(getattr(dead, "exceptions", "")), repr(dead)  # noqa: PT017
        self.way.mishap = ""

    async def find_out(self) -> None:
        """Let the time pass after which the workers know."""
        for _ in range(2):
            self.clock.advance(MINUTE)
            await self.seller.let_time_work()

    async def is_in_order(self) -> None:
        await books.assert_in_order(self.seller, self.home, self.database)


@pytest.fixture(scope="module")
async def shared(database: str | None, home: Path, anyio_backend: object) -> AsyncIterator[Any]:
    clock = ManualClock(WEDNESDAY)
    async with shop.open_shop(home, database, clock, keeps_time=False) as parts:
        way = Way(parts.gateway.transport)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(parts.gateway, "transport", way)
            yield parts, clock, way


@pytest.fixture
async def place(shared: Any, home: Path, database: str | None, monkeypatch: pytest.MonkeyPatch) -> Place:
    parts, clock, way = shared
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", 0.0)
    return Place(await business.opened(parts), clock, way, home, database)


MISHAPS = ("dies before the bank", "dies after the bank", "question lost", "answers lost")


@pytest.mark.parametrize("mishap", MISHAPS)
async def test_a_ticket_whose_opening_was_struck_rings_or_is_canceled_and_holds_nothing(
    place: Place, mishap: str
) -> None:
    seller = place.seller
    order = seller.order()
    await place.struck(mishap, seller.ask(f"{BASE}/payment", order))
    await place.find_out()
    (shown,) = await seller.v1.listed("/payments")
    rang = "after" in mishap or "answers" in mishap
    assert shown["status"] == ("requires_action" if rang else "canceled")
    assert len(seller.parts.phones.pending(order["phoneNumber"])) == rang
    await place.is_in_order()
    # Nobody knows its number: its time ends it.
    place.clock.advance(10 * MINUTE)
    await seller.let_time_work()
    (shown,) = await seller.v1.listed("/payments")
    assert shown["status"] == "canceled"
    assert books.held(seller) == 0


@pytest.mark.parametrize("finds_out", ["the repeat", "the timer"])
@pytest.mark.parametrize("mishap", MISHAPS)
async def test_an_authorization_that_was_struck_is_taken_once(place: Place, mishap: str, finds_out: str) -> None:
    seller = place.seller
    ticket = await _confirmed(seller)
    await place.struck(mishap, seller.authorize(ticket))
    if finds_out == "the timer":
        await place.find_out()
    else:
        # Before anybody knows, nobody is told anything untrue.
        assert (await seller.find(ticket))["ecommerceStatus"] in ("CONFIRM", "COMPLETED")
        early = await seller.authorize(ticket)
        assert early.status_code == 200 or code(early) == "BTRA_9998"
        await place.find_out()
    paid = done(await seller.authorize(ticket))
    assert (paid["ecommerceStatus"], paid["dailyTransactionId"]) == ("COMPLETED", "0001")
    assert done(await seller.authorize(ticket)) == paid
    captures = [one for one in _asked(seller, "capture") if one.result == "approved"]
    assert [one.amount for one in captures] == [233]
    assert books.held(seller) == 0
    await place.is_in_order()


@pytest.mark.parametrize("mishap", MISHAPS)
async def test_an_authorization_struck_at_the_very_end_is_canceled_or_paid_and_never_first_one_then_the_other(
    place: Place, mishap: str
) -> None:
    seller = place.seller
    ticket = await _confirmed(seller, timeout="120")
    place.clock.advance(2 * MINUTE - SECOND)
    await place.struck(mishap, seller.authorize(ticket))
    place.clock.advance(2 * SECOND)
    assert (await seller.find(ticket))["ecommerceStatus"] in ("CONFIRM", "COMPLETED")
    await place.find_out()
    end = (await seller.find(ticket))["ecommerceStatus"]
    taken = [one for one in _asked(seller, "capture") if one.result == "approved"]
    assert end == ("COMPLETED" if taken else "CANCEL")
    assert bool(taken) is ("after" in mishap or "answers" in mishap)
    await place.find_out()
    assert (await seller.find(ticket))["ecommerceStatus"] == end
    assert books.held(seller) == 0
    await place.is_in_order()


@pytest.mark.parametrize("after", ["open", "confirm"])
@pytest.mark.parametrize("mishap", MISHAPS)
async def test_a_cancellation_that_was_struck_ends_it_or_may_be_asked_again(
    place: Place, mishap: str, after: str
) -> None:
    seller = place.seller
    ticket = await (_confirmed(seller) if after == "confirm" else seller.open())
    await place.struck(mishap, seller.cancel(ticket))
    await place.find_out()
    again = await seller.cancel(ticket)
    assert again.status_code == 200 or code(again) == "BTRA_0035"
    assert (await seller.find(ticket))["ecommerceStatus"] == "CANCEL"
    assert books.held(seller) == 0
    assert seller.balance(ticket) == 1_000_00
    await place.is_in_order()


@pytest.mark.parametrize("mishap", MISHAPS)
async def test_a_refund_that_was_struck_goes_back_once(place: Place, mishap: str) -> None:
    seller = place.seller
    ticket = await _confirmed(seller)
    paid = done(await seller.authorize(ticket))
    reference = paid["referenceNumber"]
    await place.struck(mishap, seller.refund(reference, "1.00"))
    # Who repeats while it is not known joins it, and gives back nothing more.
    early = await seller.refund(reference, "1.00")
    assert early.status_code == 200 or code(early) == "BTRA_9998", early.text
    await place.find_out()
    back = [one.amount for one in _asked(seller, "refund") if one.result == "approved"]
    assert (await seller.find(ticket))["totalRefundedAmount"] == len(back) <= 1
    if not back:
        assert done(await seller.refund(reference, "1.00"))["originalTransaction"]["totalRefundedAmount"] == 1
    assert await _numbered(seller) == [1, 2]
    await place.is_in_order()


@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after", "unknown", "duplicate", "garbage", "pending"])
@pytest.mark.parametrize("operation", at_size(["authorize", "capture"], ["authorize", "capture", "refund", "void"]))
async def test_faults_that_a_merchant_plants_happen_to_tickets_too(place: Place, kind: str, operation: str) -> None:
    seller = place.seller
    seconds = {"seconds": 0} if kind in ("timeout_before", "timeout_after", "pending") else {}
    fault = await seller.v1.post("/sandbox/faults", {"kind": kind, "operation": operation, **seconds})
    ticket = await seller.open()
    await place.find_out()
    never_rang = (kind, operation) == ("timeout_before", "authorize")
    assert (await seller.find(ticket))["ecommerceStatus"] == ("CANCEL" if never_rang else "OPEN")
    if never_rang:
        return await place.is_in_order()
    await seller.confirm(ticket)
    if operation == "void":
        await seller.cancel(ticket)
    else:
        first = await seller.authorize(ticket)
        if operation == "capture" and kind != "pending":
            # Of the others the bank says on being asked what became of them.
            assert (first.status_code == 200) is (kind not in ("timeout_before", "unknown"))
        await place.find_out()
        done(await seller.authorize(ticket))
    if operation == "refund":
        reference = (await seller.find(ticket))["referenceNumber"]
        await seller.refund(reference, "1.00")
    await place.find_out()
    shown = (await seller.v1.get(f"/sandbox/faults/{fault.json()['id']}")).json()
    assert [one["operation"] for one in shown["happened"]] == [operation]
    if operation == "void" and kind == "timeout_before":
        await seller.cancel(ticket)
    end = await seller.find(ticket)
    assert end["ecommerceStatus"] == ("CANCEL" if operation == "void" else "COMPLETED")
    assert books.held(seller) == 0
    return await place.is_in_order()


async def _confirmed(seller: Business, **changes: Any) -> Ticket:
    ticket = await seller.open(**changes)
    await seller.confirm(ticket)
    return ticket


def _asked(seller: Business, kind: str) -> list[Any]:
    mine = (one for one in seller.parts.phones.statement() if one.merchant_id == seller.tenant.id)
    return [one for one in mine if one.kind == kind]


async def _numbered(seller: Business) -> list[int]:
    """The numbers that were given on the business's days."""
    rows = await seller.parts.gateway.store.engine.fetch(_NUMBERS, {"tenant": seller.tenant.id})
    return [row[0] for row in rows]


_NUMBERS = sa.text("select number from numbers where tenant = :tenant and series like 'day:%' order by number")
