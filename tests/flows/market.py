"""A merchant that sells by escrow orders, with whoever has a share of them, and the time that passes."""

from pathlib import Path

from msgspec import structs

from tillgate.assembly import Assembly
from tillgate.clock import ManualClock
from tillgate.core import escrow_orders as core
from tillgate.core.cards import Card, CardNumber
from tillgate.core.conclusions import Standing
from tillgate.core.escrows import Buyer, Delivery, Escrow, Move, Product, Side
from tillgate.core.instants import DAY, MINUTE, Instant
from tillgate.core.merchants import Tenant
from tillgate.core.money import Money
from tillgate.core.parties import Destination, Named, Party, PartyKind
from tillgate.core.payments import Payment
from tillgate.core.payouts import Payout
from tillgate.core.projects import Project
from tillgate.flows import escrow_orders, parties, projects
from tillgate.flows.escrow_orders import Made, Wanted
from tillgate.flows.gateway import Answer, Caller
from tillgate.flows.idempotency import Key
from tillgate.flows.sources import NewCustomer, Source
from tillgate.store import audit, balances, events, lists
from tillgate.store.lists import Cursor
from tillgate.workers import timers

VISA = "4242424242424242"
DECLINED = "4000000000000002"
DISPUTES = "4000000000000259"

GTBANK = Destination(bank_code="058", number="0123456785", holder="Ada Obi")
CLOSED = structs.replace(GTBANK, number="0111111139")
"""An account at which nothing arrives in the sandbox."""


class Market:
    """A merchant, and the time that passes for it."""

    def __init__(self, parts: Assembly, clock: ManualClock, tenant: Tenant, place: tuple[str | None, Path]) -> None:
        self.parts, self.clock, self.tenant, self.place = parts, clock, tenant, place
        self.gateway = parts.gateway
        self.caller = Caller(tenant, "key_test", "v1", "req_test")
        self._orders = 0

    @property
    def now(self) -> Instant:
        """This moment, to the merchant."""
        return self.gateway.clock.now(self.tenant.id)

    def wanted(self, **changes: object) -> Wanted:
        """A lamp for 1,000 naira, promised in ten days."""
        self._orders += 1
        plain = Wanted(
            price=Money(1_000_00, "NGN"),
            product=Product(id=str(self._orders), name="Lamp"),
            delivery=Delivery(promised_by=self.now + 10 * DAY),
        )
        return structs.replace(plain, **changes)

    async def party(self, kind: PartyKind, destination: Destination | None = GTBANK, **changes: object) -> Party:
        """A party of the merchant's."""
        made: list[Party] = []

        async def render(party: Party) -> Answer:
            made.append(party)
            return Answer(200, b"")

        named = Named(first_name="Ada", last_name="Obi", phone=str(changes.pop("phone", "")))
        await parties.create(self.gateway, self.caller, None, kind, named, destination, render, **changes)  # type: ignore[arg-type]
        return made[-1]

    async def buys(self, wanted: Wanted | None = None, number: str = VISA, key: Key | None = None) -> Payment:
        """Somebody pays."""
        made: list[str] = []

        async def render(now: Standing) -> Answer:
            made.append(now.payment.id)
            return Answer(200, now.payment.id.encode())

        source = Source(card=Card(number=CardNumber(number), exp_month=12, exp_year=2034, cvc="123"))
        answer = await escrow_orders.create(
            self.gateway, self.caller, key, wanted or self.wanted(), source, NewCustomer("bisi@example.com"), render
        )
        return await self.order(answer.body.decode())

    async def opens(self, wanted: Wanted | None = None) -> Payment:
        """An order that waits for its buyer to pay."""
        made: list[Payment] = []

        async def render(payment: Payment) -> Answer:
            made.append(payment)
            return Answer(200, b"")

        buyer = NewCustomer("bisi@example.com")
        await escrow_orders.open(self.gateway, self.caller, None, wanted or self.wanted(), buyer, render)
        return made[-1]

    async def project(self) -> Project:
        """A project for a buyer."""
        made: list[Project] = []

        async def render(project: Project) -> Answer:
            made.append(project)
            return Answer(200, b"")

        buyer = Buyer(email="bisi@example.com")
        await projects.create(
            self.gateway,
            self.caller,
            None,
            "House",
            "From the ground up",
            buyer,
            NewCustomer("bisi@example.com"),
            render,
        )
        return made[-1]

    async def does(
        self, payment: Payment, move: Move, side: Side, *, amount: int | None = None, key: Key | None = None
    ) -> Made:
        """Somebody does something with an order."""
        made: list[Made] = []

        async def render(now: Made) -> Answer:
            made.append(now)
            return Answer(200, b"")

        await escrow_orders.move(
            self.gateway, self.caller, key, payment.id, move, side, render, amount=amount, comment="so it is"
        )
        return made[-1]

    async def passes(self, duration: int = 0, rounds: int = 4) -> None:
        """Time, and what happens by itself in it."""
        self.clock.advance(duration)
        for _ in range(rounds):
            await timers.run_due(self.gateway, self.parts.directory)

    async def settles(self) -> None:
        """So much time that whatever was decided is done, and parties are paid."""
        await self.passes()
        await self.passes(3 * DAY)
        await self.passes(2 * MINUTE)

    async def order(self, payment_id: str) -> Payment:
        """An order's payment as it stands."""
        return await escrow_orders.fetch(self.gateway, self.caller, payment_id)

    async def escrow(self, payment: Payment) -> Escrow:
        """An order as it stands."""
        return core.of(await self.order(payment.id))

    async def balance(self, account: str, currency: str = "NGN") -> int:
        """What an account holds."""
        return (await balances.of_account(self.gateway.store, self.tenant.id, account)).get(currency, 0)

    async def payouts(self) -> list[Payout]:
        """The merchant's payouts, newest first."""
        page = await lists.page(self.gateway.store, Payout, self.tenant.id, Cursor(100))
        return list(page.records)

    async def told(self, payment: Payment) -> list[str]:
        """What was told of an order, in order."""
        found = await events.page(self.gateway.store, self.tenant.id, events.Asked(100, object=payment.id))
        types = [event.type.value for event in sorted(found, key=lambda event: event.sequence)]
        return [type.removeprefix("escrow_order.") for type in types if type.startswith("escrow_order.")]

    async def assert_right(self) -> None:
        """That the audit finds nothing."""
        found = await audit.audit(*self.place)
        assert found.differences == []
        assert found.counts["escrow orders"] > 0
