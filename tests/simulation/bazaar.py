"""A merchant who sells by escrow orders: its buyers, sellers, operator, manager and clerk, all at once, by the seed."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

from msgspec import structs

from tests.simulation import stalls
from tests.simulation.branch import IBAN, Branch
from tests.simulation.errands import Errands
from tests.simulation.process import Process
from tests.simulation.world import World
from tillgate.core import escrow_orders as core
from tillgate.core.arrivals import Debtor
from tillgate.core.cards import Card, CardNumber
from tillgate.core.conclusions import Standing
from tillgate.core.escrows import MOVES, Bearer, Buyer, Delivery, EscrowStatus, Move, Product, RefundPolicy, Side
from tillgate.core.instants import DAY
from tillgate.core.money import Money
from tillgate.core.parties import Destination, Party, PartyKind
from tillgate.core.payments import Payment
from tillgate.core.projects import Project
from tillgate.core.rates import Rate
from tillgate.core.transfers import Booked
from tillgate.flows import escrow_orders, escrow_settings, parties, payouts, refunds, transfers
from tillgate.flows.escrow_orders import Made, Wanted
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.flows.idempotency import Key
from tillgate.flows.sources import NewCustomer, Source
from tillgate.sandbox import operations, rules
from tillgate.store import filters
from tillgate.store.lists import Cursor
from tillgate.surfaces.v1.sandbox_keys import SECRET_KEY
from tillgate.transport.egress import Posted

VISA, DECLINED, CHALLENGED = "4242424242424242", "4000000000000002", "4000002500003155"
OBJECTS = "4000000000000259"
CARDS: Final = {VISA: 10, DECLINED: 1, CHALLENGED: 2, OBJECTS: 1}
_CARD: Final = {"exp_month": 12, "exp_year": 2034, "cvc": "737"}
PRICES: Final = (1_000_00, 20_000_00, 333_333_33)
REFUSALS: Final = (0.0, 0.3, 0.7)
"""How often a bank that gives no money back today says no, by the world."""

_SIDES: Final = tuple(side for side in Side if side is not Side.CLOCK)
_ANYTHING: Final = tuple((move, side) for move in Move for side in _SIDES)
_LIKED: Final = {
    Move.DELIVER: 20,
    Move.REJECT: 6,
    Move.REDELIVER: 4,
    Move.CONTEST: 6,
    Move.DISPUTE: 3,
    Move.RESUME: 2,
    Move.AWARD: 4,
}
"""What leads on, so that orders come far, and not only to their ends."""

_RECENT: Final = 8


class Bazaar:
    """Demo Shop's side of a world in which money is held until what was bought is accepted.

    `paid_under` are the orders that each key has opened, `asked` the moves that anybody tried, `granted` those that
    they were told they had made; `heard` is what the merchant was told, by id.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.random = world.chance.stream("bazaar")
        self.refusals = self.random.choice(REFUSALS)
        self.branch = Branch(world)
        self.errands = Errands(world, "bazaar", "v1")
        self.orders: list[str] = []
        self.sellers: list[Party] = []
        self.others: dict[PartyKind, Party] = {}
        self.projects: list[Project] = []
        self.paid_under: dict[str, set[str]] = {}
        self.asked: Counter[tuple[str, Move, Side]] = Counter()
        self.granted: Counter[tuple[str, Move, Side]] = Counter()
        self.heard: dict[str, set[bytes]] = {}
        world.listener = self._listen

    async def begin(self, process: Process) -> None:
        """Introduce who sells, and who has a share; be told of what happens."""
        made = partial(stalls.party, process.gateway)
        operator = await process.spawn(made(PartyKind.OPERATOR, stalls.TAKES))
        provider = await process.spawn(made(PartyKind.PROVIDER, stalls.REFUSES))
        self.others = {PartyKind.OPERATOR: operator, PartyKind.PROVIDER: provider}
        for number, account in enumerate((stalls.TAKES, stalls.RETURNS)):
            self.sellers.append(
                await process.spawn(
                    made(PartyKind.SELLER, account, f"+23480{number}", operator=operator.id, is_associated=True)
                )
            )
        self.projects = [await process.spawn(stalls.project(process.gateway)) for _ in range(2)]
        url = {"callback_url": "https://shop.example.com/escrow", "is_json": self.world.seed % 2 == 0}
        await process.spawn(escrow_settings.set(process.gateway, stalls.us(), None, url, stalls.nothing))

    def refuses(self, order: operations.Order, kind: operations.Kind, *given: Any) -> operations.Code | None:
        """The rules of a bank that now and then gives no money back today."""
        refused = _REFUSAL(order, kind, *given)
        if (
            kind is not operations.Kind.REFUND
            or refused
            or self.world.chance.calm
            or self.random.random() > self.refusals
        ):
            return refused
        self.world.chance.happened["refund refused"] += 1
        return operations.Code.SYSTEM_MALFUNCTION

    async def work(self, requests: int) -> None:
        """One client: so many requests, one after the other."""
        kinds: dict[Callable[[], Awaitable[None]], int] = {
            self.buy: 10,
            self.open: 20,
            self.pay: 20,
            self.transfer: 12,
            self.move: 60,
            self.refund: 4,
            self.respond: 4,
            self.share: 4,
            self.mend: 2,
            self.cancel_payout: 3,
            self.read_statements: 8,
        }
        for _ in range(requests):
            await self.random.choices(list(kinds), list(kinds.values()))[0]()
            await asyncio.sleep(self.random.choice((0.0, 0.1, 3.0, 60.0)) * self.random.random())

    async def buy(self) -> None:
        """Pay for something by card, under a key that is repeated, also while it runs."""
        wanted, key = self._wanted(), f"order {self.errands.count}"
        source = Source(card=Card(number=CardNumber(self._card()), exp_month=12, exp_year=2034, cvc="737"))
        opened = self.paid_under.setdefault(key, set())
        actions: list[str] = []

        async def render(now: Standing) -> Answer:
            if now.payment.action is not None:
                actions.append(now.payment.action.url)
            return Answer(200, now.payment.id.encode())

        async def pays(gateway: Gateway, caller: Caller) -> Answer:
            new = NewCustomer(stalls.BUYER)
            return await escrow_orders.create(gateway, caller, Key(key, "it"), wanted, source, new, render)

        for _ in range(self.random.choice((1, 2, 3))):
            times = self.random.choice((1, 1, 2))
            for answer in await asyncio.gather(*[self.errands.do(pays) for _ in range(times)]):
                opened |= {answer.body.decode()} if answer is not None else set()
        self._know(opened)
        for url in actions[:1]:
            self.world.spawn(self._prove(url.split("/")[-2]))

    async def open(self) -> None:
        """Want something that is to be paid by transfer."""
        wanted = self._wanted()

        async def opens(gateway: Gateway, caller: Caller) -> Answer:
            return await escrow_orders.open(gateway, caller, None, wanted, NewCustomer(stalls.BUYER), _named)

        if answer := await self.errands.do(opens):
            self._know({answer.body.decode()})

    def _know(self, opened: set[str]) -> None:
        self.orders += sorted(opened - set(self.orders))

    def _wanted(self) -> Wanted:
        draw, now = self.random, self.world.loop.wall()
        seller = draw.choice((None, *self.sellers))
        wanted = Wanted(
            price=Money(draw.choice(PRICES), "NGN"),
            product=Product(id=str(self.errands.count), name="Lamp", refund_policy=draw.choice(list(RefundPolicy))),
            delivery=Delivery(promised_by=now + draw.randint(1, 10) * DAY, sla_days=draw.choice((0, 3))),
            buyer=Buyer(email=stalls.BUYER),
            shipping=draw.choice((0, 150_00)),
            shipping_bearer=draw.choice(list(Bearer)),
            escrow_fee_bearer=draw.choice(list(Bearer)),
            processing_bearer=draw.choice(list(Bearer)),
            cancellation_fee=draw.choice((0, 100_00)),
            rate=Rate("agreed", 1_543_21, 100, "USD", "NGN", now) if draw.random() < 0.2 else None,
            seller=seller.id if seller else None,
            project=draw.choice(self.projects).id if draw.random() < 0.5 else None,
        )
        if seller is not None and draw.random() < 0.5:
            operator = self.others[PartyKind.OPERATOR].id
            wanted = structs.replace(wanted, is_marketplace=True, operator=operator, operator_commission=700)
        if draw.random() < 0.4:
            wanted = structs.replace(wanted, provider=self.others[PartyKind.PROVIDER].id, commission=1_234)
        return wanted

    async def pay(self) -> None:
        """Pay by card for what was opened, maybe pressing twice, maybe after a card was declined."""
        order = await self._look(self._some())
        if order is None or order.intent is None:
            return
        given = {
            "payment_method_data": {"type": "card", "card": {**_CARD, "number": self._card()}},
            "return_url": "https://shop.example/",
        }
        path, key = f"/v1/payment_intents/pi_{order.id.removeprefix('pay_')}/confirm", f"pay {self.errands.count}"
        times = self.random.choice((1, 1, 2))
        asked = [self.errands.ask(SECRET_KEY, "POST", path, given, key) for _ in range(times)]
        for reply in await asyncio.gather(*asked):
            action = reply.said.get("next_action") if reply is not None and reply.status == 200 else None
            if action:
                self.world.spawn(self._prove(action["redirect_to_url"]["url"].split("/")[-2]))

    def _card(self) -> str:
        return self.random.choices(list(CARDS), list(CARDS.values()))[0]

    async def transfer(self) -> None:
        """Have what is due sent, in one or two parts."""
        if order := await self._look(self._some()):
            if core.of(order).status is not EscrowStatus.UNPAID or order.intent is None:
                return
            begun = await self.errands.do(lambda gateway, caller: transfers.begin(gateway, caller, order.id))
            if begun is not None and begun.transfer is not None:
                due = order.amount.amount
                first = self.random.choice((due, due, due // 2))
                for amount in (first, due - first, self.random.choice((0, 0, 700))):
                    if amount:
                        self.world.spawn(self._send(order, amount, begun.transfer.reference))

    async def _send(self, order: Payment, amount: int, words: str) -> None:
        await asyncio.sleep(self.random.choice((1.0, 60.0, 600.0)) * self.random.random())
        debtor = Debtor("Ann Lee", "DE89370400440532013000")
        self.branch.receives(Money(amount, order.amount.currency), debtor, words, order.id, announced=False)

    async def read_statements(self) -> None:
        """Import what the bank tells, maybe twice at once."""
        self.branch.settles()
        lines = list(self.branch.lines)
        self.random.shuffle(lines)
        await asyncio.gather(*[self._import(lines) for _ in range(self.random.choice((1, 2)))])

    async def _import(self, lines: list[Any]) -> None:
        for line in lines:
            await self.errands.do(partial(_take, line))

    async def move(self) -> None:
        """Some go on with an order for a while, mostly doing what they may."""
        if id := self._some():
            for _ in range(self.random.choice((1, 3, 6))):
                if order := await self._look(id):
                    await self._all_at_once(order)
                await asyncio.sleep(self.random.choice((0.1, 3.0)) * self.random.random())

    async def _all_at_once(self, order: Payment) -> None:
        """One does something with an order, or several do at once."""
        status = core.of(order).status
        legal = [(move, side) for known, move, side in MOVES if known is status and side is not Side.CLOCK]
        moves: list[Awaitable[None]] = []
        for _ in range(self.random.choice((1, 1, 1, 1, 3))):
            chosen = self.random.choice(_ANYTHING)
            if legal and self.random.random() < 0.8:
                chosen = self.random.choices(legal, [_LIKED.get(move, 1) for move, _ in legal])[0]
            amount = self.random.randint(0, order.amount.amount) if chosen[0] is Move.AWARD else None
            moves.append(self._move(order.id, *chosen, amount))
        await asyncio.gather(*moves)

    async def _move(self, order: str, move: Move, side: Side, amount: int | None) -> None:
        key, granted = Key(f"move {self.errands.count}", "it"), False

        async def render(now: Made) -> Answer:
            return Answer(200, b"again" if now.is_repeat else b"made")

        async def moves(gateway: Gateway, caller: Caller) -> Answer:
            return await escrow_orders.move(gateway, caller, key, order, move, side, render, amount=amount)

        self.asked[order, move, side] += 1
        for _ in range(self.random.choice((1, 1, 2, 3))):
            answer = await self.errands.do(moves)
            granted |= answer is not None and answer.body == b"made"
            await asyncio.sleep(self.random.choice((0.0, 0.0, 1.0, 90.0)) * self.random.random())
        self.granted[order, move, side] += granted

    async def refund(self) -> None:
        """The merchant gives something back of their own accord."""
        if order := await self._look(self._some()):
            amount = self.random.choice((None, self.random.randint(1, order.amount.amount)))
            key = Key(f"refund {self.errands.count}", "it")
            for _ in range(self.random.choice((1, 2))):
                await self.errands.do(
                    lambda gateway, caller: refunds.create(
                        gateway, caller, key, order.id, amount, None, {}, stalls.nothing
                    )
                )

    async def respond(self) -> None:
        """Contest or accept what a bank disputes."""
        reply = await self.errands.ask(SECRET_KEY, "GET", "/v1/disputes")
        for dispute in reply.said["data"][:1] if reply is not None and reply.status == 200 else ():
            path, text = f"/v1/disputes/{dispute['id']}", self.random.choice(("winning_evidence", "losing_evidence"))
            if self.random.random() < 0.2:
                await self.errands.ask(SECRET_KEY, "POST", f"{path}/close", {})
            else:
                given = {"evidence": {"uncategorized_text": text}, "submit": True}
                await self.errands.ask(SECRET_KEY, "POST", path, given)

    async def share(self) -> None:
        """A provider is to have a share of an order, as long as its money is nobody's."""
        if order := self._some():
            provider = self.others[PartyKind.PROVIDER].id
            await self.errands.do(
                lambda gateway, caller: escrow_orders.share_with(
                    gateway, caller, None, order, PartyKind.PROVIDER, provider, 2_500, stalls.nothing
                )
            )

    async def mend(self, *, finally_: bool = False) -> None:
        """Somebody names an account that takes money, or, before the end, one that does not."""
        everybody = [*self.sellers, *self.others.values()]
        for party in everybody if finally_ else [self.random.choice(everybody)]:
            account = stalls.TAKES if finally_ else self.random.choice((stalls.TAKES, stalls.REFUSES, stalls.RETURNS))
            for _ in range(5):
                done = await self.errands.do(partial(_pay_to, party.id, account))
                if done is not None or not finally_:
                    break
                await asyncio.sleep(100)

    async def cancel_payout(self) -> None:
        """Somebody has second thoughts about a payout, be it a party's."""
        found = await self.errands.do(
            lambda gateway, caller: payouts.page(gateway, caller, Cursor(5), filters.Wanted())
        )
        if found and found.records:
            id = found.records[0].id
            await self.errands.do(lambda gateway, caller: payouts.cancel(gateway, caller, None, id, stalls.nothing))

    async def finish(self) -> None:
        """All that the bank ever booked is imported; everybody has an account that takes money."""
        self.branch.settles()
        await self._import(self.branch.lines)
        await self.mend(finally_=True)

    async def _look(self, order: str | None) -> Payment | None:
        """An order as it stands, and what is said beforehand of what is to come."""
        if order is None:
            return None
        found: Payment | None = await self.errands.do(
            lambda gateway, caller: escrow_orders.fetch(gateway, caller, order)
        )
        if found is not None and core.of(found).is_held:
            coming = await self.errands.do(lambda gateway, caller: escrow_orders.calendar(gateway, caller, order))
            if coming is not None and not coming and (again := await self._look_again(order)) and again.is_held:
                self.world.violated(f"nothing will happen to {found} by itself")
        return found

    async def _look_again(self, order: str) -> Any:
        found = await self.errands.do(lambda gateway, caller: escrow_orders.fetch(gateway, caller, order))
        return core.of(found) if found is not None else None

    async def _prove(self, reference: str) -> None:
        await asyncio.sleep(self.random.choice((1.0, 60.0, 1_000.0)) * self.random.random())
        choice = self.random.choices(list(operations.Choice), (7, 2, 1))[0]
        self.world.note("the customer of", reference, await self.world.bank.resolve_challenge(reference, choice))

    def _listen(self, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        """What the shop's server does with what it is told."""
        if not self.world.chance.calm and self.random.random() < 0.15:
            return Posted(status=503)
        id = next(value for name, value in headers.items() if name.lower() == "webhook-id")
        self.heard.setdefault(id, set()).add(body)
        return Posted(status=200)

    def _some(self) -> str | None:
        return self.random.choice(self.orders[-_RECENT:]) if self.orders else None


_REFUSAL = rules.refusal


async def _refund(order: str, amount: int | None, key: Key, gateway: Gateway, caller: Caller) -> Answer:
    return await refunds.create(gateway, caller, key, order, amount, None, {}, stalls.nothing)


async def _take(line: Booked, gateway: Gateway, caller: Caller) -> transfers.Taking:
    return await transfers.take(gateway, caller, IBAN, line)


async def _pay_to(party: str, account: Destination, gateway: Gateway, caller: Caller) -> Party:
    return await parties.pay_to(gateway, caller, party, account)


async def _named(payment: Payment) -> Answer:
    return Answer(200, payment.id.encode())
