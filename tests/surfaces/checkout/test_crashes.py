"""A process that dies at any step with money at a checkout: whoever goes on comes to the same end."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.mortal import Died, Mortal
from tests.surfaces.checkout import store
from tests.surfaces.checkout.store import Store, done
from tests.surfaces.v1.books import WEDNESDAY
from tillgate.clock import ManualClock
from tillgate.core.arrivals import Debtor, Place
from tillgate.core.collecting_accounts import SANDBOX_IBAN
from tillgate.core.instants import HOUR, MINUTE
from tillgate.core.money import Money
from tillgate.core.transfers import Booked
from tillgate.flows import transfers
from tillgate.flows.gateway import system
from tillgate.store import audit
from tillgate.workers import timers

pytestmark = pytest.mark.anyio

ANN = Debtor("Ann Lee", "DE89370400440532013000")
MOST_STEPS = 40


class Scene:
    """A checkout at which something is about to happen: `acts` may be done again by whoever comes after."""

    def __init__(self, seller: Store, clock: ManualClock, number: int) -> None:
        self.seller = seller
        self.number = number
        self.clock = clock
        self.caller = system(seller.tenant, "crashes")
        self.id = ""

    async def opens(self, **more: Any) -> str:
        """Open it; what a transfer for it quotes."""
        expires = store.moment(self.clock.now(self.seller.tenant.id) + 5 * HOUR)
        self.id = (await self.seller.open(expiresAt=expires, **{"amount": 10_000, **more}))["id"]
        told = done(await self.seller.ask("GET", f"/api/payment/{self.id}/provider/bank/method/transfer"))
        return next(str(one["value"]) for one in told["fields"] if one["label"] == "Reference")

    async def arrives(self, amount: int, words: str) -> transfers.Taking:
        line = Booked(
            reference=f"{self.id} {amount}",
            amount=Money(amount, "USD"),
            booked_at=WEDNESDAY,
            debtor=ANN,
            remittance=words,
        )
        return await transfers.take(self.seller.parts.gateway, self.caller, SANDBOX_IBAN, line)

    async def works(self) -> None:
        """What is due is done."""
        await timers.run_due(self.seller.parts.gateway, self.seller.parts.directory)

    async def is_over(self) -> None:
        """Time has passed, and everything that was begun was brought to its end by somebody else."""
        for _ in range(4):
            self.clock.advance(2 * MINUTE)
            await self.works()

    async def ends(self) -> tuple[str, int, int, int]:
        """Its status, what the merchant has, what they were not to have, and how much of that the bank sent back."""
        payment = await self.seller.record(self.id)
        arrived = await transfers.of(self.seller.parts.gateway, payment)
        assert not payment.in_flight
        assert not payment.surplus
        came = sum(one.amount.amount for one in arrived)
        kept = sum(one.at(Place.MERCHANT) for one in arrived)
        return (
            await self.seller.status(self.id),
            payment.captured,
            came - kept,
            self._sent_back([a.id for a in arrived]),
        )

    def _sent_back(self, ids: list[str]) -> int:
        bank = self.seller.parts.bank
        assert bank is not None
        return sum(
            one.amount
            for one in bank.statement()
            if one.reference.startswith(tuple(f"att_{id}_" for id in ids)) and one.result == "approved"
        )


Act = Callable[[], Awaitable[object]]
Staged = Callable[[Scene], Awaitable[Act]]


async def more_arrives_than_is_due(scene: Scene) -> Act:
    quoted = await scene.opens()
    return lambda: scene.arrives(14_000, quoted)


async def the_rest_arrives(scene: Scene) -> Act:
    quoted = await scene.opens()
    await scene.arrives(6_000, quoted)
    return lambda: scene.arrives(8_000, quoted)


async def what_is_over_is_sent_back(scene: Scene) -> Act:
    await scene.arrives(14_000, await scene.opens())
    return scene.works


async def a_person_matches(scene: Scene) -> Act:
    quoted = await scene.opens()
    stray = (await scene.arrives(14_000, "shoes")).arrival
    assert stray is not None

    async def matches() -> None:
        known = await transfers.fetch(scene.seller.parts.gateway, scene.caller, stray.id)
        if known.at(Place.SUSPENSE):
            await transfers.match(scene.seller.parts.gateway, scene.caller, stray.id, quoted)

    return matches


async def what_is_held_goes_back_in_the_end(scene: Scene) -> Act:
    await scene.arrives(4_000, await scene.opens())
    scene.clock.advance(5 * HOUR)
    return scene.works


async def what_was_confirmed_on_the_phone_is_taken(scene: Scene) -> Act:
    await scene.opens()
    phone = f"787556{scene.number:04}"
    await scene.seller.ring(scene.id, phone)
    await scene.seller.confirm(phone)
    return scene.works


ENDS: dict[Staged, tuple[str, int, int, int]] = {
    more_arrives_than_is_due: ("CONFIRMED", 10_000, 4_000, 4_000),
    the_rest_arrives: ("CONFIRMED", 10_000, 4_000, 4_000),
    what_is_over_is_sent_back: ("CONFIRMED", 10_000, 4_000, 4_000),
    a_person_matches: ("CONFIRMED", 10_000, 4_000, 4_000),
    what_is_held_goes_back_in_the_end: ("CANCELLED", 0, 4_000, 4_000),
    what_was_confirmed_on_the_phone_is_taken: ("CONFIRMED", 10_000, 0, 0),
}


@pytest.mark.parametrize("staged", ENDS, ids=lambda staged: staged.__name__)
async def test_wherever_a_process_dies_the_end_is_the_same(
    punctual: tuple[Store, ManualClock], database: str | None, home: Path, staged: Staged
) -> None:
    seller, clock = punctual
    for steps in range(MOST_STEPS):
        scene = Scene(seller, clock, steps)
        act, died = await staged(scene), False
        with pytest.MonkeyPatch.context() as monkeypatch:
            Mortal(seller.parts, steps, monkeypatch)
            try:
                await act()
            except Died:
                died = True
        await act()
        await scene.is_over()
        assert await scene.ends() == ENDS[staged], steps
        if not died:
            assert steps > 1, "it takes some steps"
            break
    assert not died
    assert (await audit.audit(database, home)).differences == []
