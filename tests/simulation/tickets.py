"""A merchant whose customers pay by phone: what it asks of the gateway, and what they do, all at once, by the seed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec

from tests.simulation.errands import Errands
from tests.simulation.world import World
from tillgate.core import tickets as core
from tillgate.core.instants import SECOND
from tillgate.core.phone_wallets import Item
from tillgate.flows import ticket_refunds, tickets
from tillgate.flows.gateway import Caller, Gateway
from tillgate.flows.tickets import Wanted
from tillgate.sandbox.phone_bank import Choice

CUSTOMERS: Final = tuple(f"787000100{number}" for number in range(5))
_SKEW: Final = 3 * SECOND
"""More than the clocks of two processes differ by."""

Ask = Callable[[Gateway, Caller], Awaitable[Any]]


class Known(msgspec.Struct):
    """What a merchant was told of a ticket, and will not let be untold."""

    payment: str
    paid: tuple[str, int | None] | None = None
    is_over: bool = False


class Till:
    """Demo Shop's side of a world in which people pay by phone."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.random = world.chance.stream("till")
        self.known: list[Known] = []
        self.errands = Errands(world, "till", "athmovil")

    async def work(self, requests: int) -> None:
        """One client: so many requests, one after the other."""
        kinds = {self.open: 30, self.look: 20, self.authorize: 35, self.cancel: 8, self.refund: 15, self.move: 6}
        for _ in range(requests):
            await self.random.choices(list(kinds), list(kinds.values()))[0]()
            await asyncio.sleep(self.random.choice((0.1, 3.0, 60.0)) * self.random.random())

    async def open(self) -> None:
        """Open a ticket, for a customer who then acts, or for whoever it is given to."""
        customer = self.random.choice((*CUSTOMERS, ""))
        wanted = Wanted(
            total=self.random.choice((1_00, 2_33, 40_00)),
            timeout=self.random.choice((120, 600)) * SECOND,
            phone=customer,
            metadata={"metadata1": "a", "metadata2": "b"},
            items=(Item("Ice", "Two scoops", 1, 1_00),),
        )
        payment = await self.errands.do(lambda gateway, caller: tickets.open(gateway, caller, wanted))
        if payment is not None:
            self.known.append(Known(payment.id))
        self.world.spawn(self._act(customer))

    async def look(self) -> None:
        """See how one stands."""
        if known := self._some():
            self._hold(
                known, await self.errands.do(lambda gateway, caller: tickets.look(gateway, caller, known.payment))
            )

    async def authorize(self) -> None:
        """Take the money, maybe twice at once, maybe before anybody has confirmed."""
        if known := self._some():
            work: Ask = lambda gateway, caller: tickets.authorize(gateway, caller, known.payment)  # noqa: E731
            answers = await asyncio.gather(*[self.errands.do(work) for _ in range(self.random.choice((1, 1, 3)))])
            for answer in answers:
                self._hold(known, answer)

    async def cancel(self) -> None:
        """Give one up."""
        if known := self._some():
            await self.errands.do(lambda gateway, caller: tickets.cancel(gateway, caller, known.payment))

    async def refund(self) -> None:
        """Give some back, maybe twice at once, which is the same."""
        if known := self._some():
            amount = self.random.choice((1, 50, 1_00, 20_00))

            async def work(gateway: Gateway, caller: Caller) -> None:
                if (await tickets.look(gateway, caller, known.payment)).payment.captured:
                    await ticket_refunds.refund(gateway, caller, known.payment, amount, None)

            await asyncio.gather(*[self.errands.do(work) for _ in range(self.random.choice((1, 2)))])

    async def move(self) -> None:
        """Ask another phone."""
        if known := self._some():
            customer = self.random.choice(CUSTOMERS)
            await self.errands.do(lambda gateway, caller: tickets.readdress(gateway, caller, known.payment, customer))
            self.world.spawn(self._act(customer))

    async def _act(self, customer: str) -> None:
        draw = self.random
        await asyncio.sleep(draw.choice((1.0, 100.0, 700.0)) * draw.random())
        choice = Choice.CONFIRM if draw.random() < 0.85 else Choice.DECLINE
        heard = await self.world.phones.choose(customer, choice)
        self.world.note(customer, choice, heard)

    def _some(self) -> Known | None:
        return self.random.choice(self.known[-6:]) if self.known else None

    def _hold(self, known: Known, shown: tickets.Shown | None) -> None:
        """What was told once does not become untrue."""
        if shown is None:
            return
        payment, ticket = shown.payment, core.of(shown.payment)
        paid = (ticket.reference, shown.number) if payment.captured else None
        if (known.paid and paid != known.paid) or (known.is_over and paid):
            self.world.violated(f"{known} is now {shown}")
        known.paid = known.paid or paid
        is_late = self.world.loop.wall() > ticket.expires_at + _SKEW
        known.is_over |= not paid and (payment.canceled is not None or (is_late and not payment.in_flight))
