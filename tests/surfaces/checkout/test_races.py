"""Sixteen at once about one checkout, at two processes on PostgreSQL: one outcome each time, and the books right."""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.sizes import at_size
from tests.surfaces.checkout import store
from tests.surfaces.checkout.store import VISA, Store, done
from tests.surfaces.v1.books import WEDNESDAY
from tests.surfaces.v1.shop import open_shop
from tillgate.assembly import Assembly
from tillgate.clock import ManualClock
from tillgate.core.arrivals import Arrival, Debtor, Place
from tillgate.core.attempts import State
from tillgate.core.cards import Card, CardNumber
from tillgate.core.collecting_accounts import SANDBOX_IBAN
from tillgate.core.instants import HOUR, MINUTE
from tillgate.core.money import Money
from tillgate.core.payments import Payment
from tillgate.core.reasons import Refused
from tillgate.core.transfers import Booked
from tillgate.flows import checkouts, transfers
from tillgate.flows.gateway import system
from tillgate.flows.sources import Source
from tillgate.flows.transfers import Heard
from tillgate.sandbox.operations import Kind, Result
from tillgate.store import audit
from tillgate.workers import timers

pytestmark = pytest.mark.anyio

ROUNDS = at_size(4, 500)
ANN = Debtor("Ann Lee", "DE89370400440532013000")

Work = Callable[[Assembly], Awaitable[Any]]


class Race:
    """One merchant at two processes (on SQLite at one), whose time stands still until it is moved."""

    def __init__(self, seller: Store, beside: Assembly, clock: ManualClock) -> None:
        self.seller = seller
        self.places = (seller.parts, beside)
        self.clock = clock
        self.caller = system(seller.tenant, "races")

    async def opened(self) -> tuple[str, str]:
        """A checkout, and what a transfer for it quotes."""
        expires = store.moment(self.clock.now(self.seller.tenant.id) + MINUTE)
        id = (await self.seller.open(currencyCode="EUR", amount=10_000, expiresAt=expires))["id"]
        told = done(await self.seller.ask("GET", f"/api/payment/{id}/provider/bank/method/transfer"))
        return id, told["qr"]["text"].splitlines()[-1]

    async def run(self, works: list[Work], seed: int) -> None:
        """All of it at once, in the order of the seed, here and there."""
        random.Random(seed).shuffle(works)
        came = await asyncio.gather(
            *[work(self.places[number % 2]) for number, work in enumerate(works)], return_exceptions=True
        )
        odd = [one for one in came if isinstance(one, BaseException) and not isinstance(one, Refused)]
        assert not odd, odd

    async def rest(self) -> None:
        """Let everything happen that is to happen."""
        for _ in range(4):
            for parts in self.places:
                await timers.run_due(parts.gateway, parts.directory)
            self.clock.advance(HOUR // 2)

    def arrives(self, name: str, amount: int, words: str) -> Work:
        line = Booked(reference=name, amount=Money(amount, "EUR"), booked_at=WEDNESDAY, debtor=ANN, remittance=words)
        return lambda parts: transfers.take(parts.gateway, self.caller, SANDBOX_IBAN, line)

    def pays(self, id: str) -> Work:
        source = Source(card=Card(number=CardNumber(VISA), exp_month=12, exp_year=2034, cvc="123"))
        return lambda parts: checkouts.pay(parts.gateway, self.seller.payer, id, 0, source)

    def cancels(self, id: str) -> Work:
        return lambda parts: checkouts.cancel(parts.gateway, self.seller.payer, id, is_patient=False)

    def expires(self, id: str) -> Work:
        return lambda parts: checkouts.expire(parts.gateway, self.seller.tenant, id)

    def settles(self, id: str) -> Work:
        return lambda parts: transfers.settle(parts.gateway, self.seller.tenant, id)

    async def arrived(self, payment: Payment) -> list[Arrival]:
        return await transfers.of(self.seller.parts.gateway, payment)


@pytest.fixture
async def race(timed: tuple[Assembly, ManualClock], database: str | None, home: Path) -> AsyncIterator[Race]:
    parts, clock = timed
    async with contextlib.AsyncExitStack() as stack:
        beside = parts
        if database is not None:
            beside = await stack.enter_async_context(open_shop(home, database, clock=clock, keeps_time=False))
        yield Race(await store.opened(parts), beside, clock)


async def test_paying_giving_up_expiring_and_money_that_arrives_have_one_end(
    race: Race, database: str | None, home: Path
) -> None:
    by_cards: dict[str, int] = {}
    for round in range(ROUNDS):
        id, quoted = await race.opened()
        whole, part = race.arrives(f"w{round}", 10_000, quoted), race.arrives(f"p{round}", 4_000, quoted)
        if round % 2:
            race.clock.advance(MINUTE)
        works = [*[race.pays(id)] * 4, *[race.cancels(id)] * 3, *[race.expires(id)] * 3, *[race.settles(id)] * 2]
        await race.run([*works, whole, whole, part, part], round)
        await race.rest()
        payment = await race.seller.record(id)
        arrived = await race.arrived(payment)
        kept = sum(one.at(Place.MERCHANT) for one in arrived)
        by_card = payment.captured if payment.authorization else 0
        assert sorted((by_card, kept, 10_000 if payment.canceled else 0)) == [0, 0, 10_000], payment
        assert payment.captured == by_card + kept
        assert sorted(one.amount.amount for one in arrived) == [4_000, 10_000]
        assert sum(one.moved(Place.RETURNS, Place.BANK) for one in arrived) == 14_000 - kept
        assert (payment.in_flight, payment.surplus, payment.held) == ((), (), 0)
        assert await race.seller.status(id) == ("CANCELLED" if payment.canceled else "CONFIRMED")
        by_cards[id] = by_card
    assert _charged(race) == +Counter(by_cards)
    assert (await audit.audit(database, home)).differences == []


def _charged(race: Race) -> Counter[str]:
    """What the bank of cards charged for each payment, and did not give back."""
    taken: Counter[str] = Counter()
    bank = race.seller.parts.bank
    assert bank is not None
    for one in bank.statement():
        if one.merchant_id == race.seller.tenant.id and one.result is Result.APPROVED:
            sign = {Kind.CHARGE: 1, Kind.REFUND: -1}.get(one.kind, 0)
            taken["pay_" + one.reference.split("_")[1]] += sign * one.amount
    return +taken


async def test_a_person_matches_while_the_rest_is_matched_by_itself(
    race: Race, database: str | None, home: Path
) -> None:
    gateway = race.seller.parts.gateway
    for round in range(ROUNDS):
        id, quoted = await race.opened()
        stray = (await race.arrives(f"s{round}", 10_000, "shoes")(race.seller.parts)).arrival.id
        right, wrong = race.arrives(f"r{round}", 10_000, quoted), race.arrives(f"x{round}", 10_000, "socks")

        def matches(parts: Assembly, stray: str = stray, about: str = quoted) -> Awaitable[Any]:
            return transfers.match(parts.gateway, race.caller, stray, about)

        def sends_back(parts: Assembly, stray: str = stray) -> Awaitable[Any]:
            return transfers.send_back(parts.gateway, race.caller, stray, None)

        works: list[Work] = [*[matches] * 6, *[sends_back] * 4, *[right] * 4, *[wrong] * 2]
        await race.run(works, round)
        await race.rest()
        payment = await race.seller.record(id)
        arrived = {one.id: one for one in await race.arrived(payment)}
        kept = [one.at(Place.MERCHANT) for one in arrived.values() if one.at(Place.MERCHANT)]
        assert (kept, payment.captured) == ([10_000], 10_000)
        known = await wrong(race.seller.parts)
        assert (known.heard, known.arrival.at(Place.SUSPENSE)) == (Heard.KNOWN, 10_000)
        alone = await transfers.fetch(gateway, race.caller, stray)
        back = alone.moved(Place.RETURNS, Place.BANK)
        assert alone.at(Place.MERCHANT) + back + alone.at(Place.SUSPENSE) == 10_000
        assert alone.returns <= 1
        assert alone.attempt is None or alone.attempt.state is State.APPROVED
        if alone.at(Place.SUSPENSE):
            await transfers.send_back(gateway, race.caller, stray, None)
            await race.rest()
    assert (await audit.audit(database, home)).differences == []
