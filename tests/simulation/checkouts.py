"""A merchant whose payers choose how to pay: its applications, its payers and its clerk, all at once, by the seed."""

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

import msgspec

from tests.simulation.asking import Reply
from tests.simulation.branch import AT_HOME, IBAN, SENDERS, Branch, told
from tests.simulation.errands import Errands
from tests.simulation.process import Process
from tests.simulation.world import World
from tillgate.core import transfers as core
from tillgate.core.applications import Application
from tillgate.core.arrivals import Arrival, Why
from tillgate.core.cards import Card, CardNumber
from tillgate.core.credentials import ALL_SCOPES, PERSONS_SCOPES, CredentialKind
from tillgate.core.instants import SECOND, Instant, unix_seconds
from tillgate.core.merchants import DEMO_SHOP
from tillgate.core.money import Money
from tillgate.core.payments import Payment
from tillgate.flows import applications, checkouts, client_tokens, directory, transfers
from tillgate.flows.gateway import Answer, Caller, Gateway, system
from tillgate.flows.sources import Source
from tillgate.sandbox import operations, phone_bank
from tillgate.store import find
from tillgate.store.lists import Cursor
from tillgate.surfaces.checkout import shapes
from tillgate.surfaces.v1.sandbox_keys import SECRET_KEY
from tillgate.transport.egress import Posted
from tillgate.workers import statements
from tillgate.workers.statements import Told

PHONES: Final = tuple(f"787000100{number}" for number in range(4))
CARDS: Final = {"4242424242424242": 6, "4000000000000002": 3, "4000002500003155": 3}
AMOUNTS: Final = (1_000, 2_350, 9_999)
SECRET: Final = "what applications sign with"

_OPEN: Final = {"OPEN", "FOUND", "UNDERPAID"}
_PAID: Final = {"RECEIVED", "CONFIRMED", "REFUND"}
LATER: Final = {
    "OPEN": {*_OPEN, *_PAID, "CANCELLED"},
    "FOUND": {*_OPEN, *_PAID, "CANCELLED"},
    "UNDERPAID": {*_OPEN, *_PAID, "CANCELLED"} - {"OPEN"},
    "RECEIVED": _PAID,
    "CONFIRMED": _PAID - {"RECEIVED"},
    "REFUND": {"REFUND"},
    "CANCELLED": {"CANCELLED"},
}
"""What a checkout may be once it has been seen in a status."""


class Terms(msgspec.Struct, frozen=True):
    """An application as its merchant wants it, and the token that asks for it."""

    id: str
    client_id: str
    token: str
    takes_less: bool
    keeps_more: bool
    listens: bool


class Known(msgspec.Struct):
    """What a merchant and a payer know of a checkout, and will not let be untold. `pressed` are the forms sent."""

    id: str
    terms: Terms
    amount: Money
    reference: str
    tries: int = 0
    pressed: set[int] = set()
    statuses: set[str] = msgspec.field(default_factory=lambda: {"OPEN"})
    settled: int = 0
    quoted: str = ""


class Market:
    """Demo Shop's side of a world in which payers choose how to pay."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.random = world.chance.stream("market")
        self.branch = Branch(world)
        self.terms: list[Terms] = []
        self.dashboard = ""
        self.known: dict[str, Known] = {}
        self.refunds: dict[str, set[bytes]] = {}
        self.completed: set[str] = set()
        self.errands = Errands(world, "market", "pages")
        world.listener = self._listen

    async def begin(self, process: Process) -> None:
        """Have applications: one that takes what is due and nothing else, one that takes anything, one in between."""
        for name, less, more, listens in (("strict", 0, 0, True), ("easy", 1, 1, False), ("greedy", 0, 1, True)):
            wishes = applications.Wishes(
                name=name,
                secret=SECRET,
                allow_underpay=bool(less),
                allow_overpay=bool(more),
                callback_url=f"https://shop.example.com/{name}" if listens else None,
            )
            made = await process.spawn(_application(process.gateway, wishes))
            token = await process.spawn(_token(process.gateway, made))
            self.terms.append(Terms(made.id, made.client_id, token, bool(less), bool(more), listens))
        kind = CredentialKind.ACCESS_TOKEN
        self.dashboard = await process.spawn(directory.issue(process.gateway, DEMO_SHOP, kind, PERSONS_SCOPES, "of-us"))

    async def work(self, requests: int) -> None:
        """One client: so many requests, one after the other."""
        kinds: dict[Callable[[], Awaitable[None]], int] = {
            self.open: 25,
            self.open_session: 5,
            self.leave: 5,
            self.look: 15,
            self.pay: 25,
            self.ring: 10,
            self.transfer: 25,
            self.cancel: 6,
            self.refund: 8,
            self.take_back: 3,
            self.read_statements: 20,
            self.decide: 8,
        }
        for _ in range(requests):
            await self.random.choices(list(kinds), list(kinds.values()))[0]()
            await asyncio.sleep(self.random.choice((0.1, 3.0, 60.0)) * self.random.random())

    async def open(self) -> None:
        """Open a checkout, maybe several times at once, maybe under a reference that is open with another amount."""
        draw, terms = self.random, self.random.choice(self.terms)
        order = {
            "clientId": terms.client_id,
            "amount": draw.choice(AMOUNTS),
            "currencyCode": draw.choice(("USD", "EUR")),
            "reference": f"order {draw.randrange(8)}",
            "referenceLabel": "An order",
            "expiresAt": shapes.moment(self._now() + draw.choice((120, 900, 7_200)) * SECOND),
        }
        over = {id for id, known in self.known.items() if not known.statuses <= _OPEN}
        again = [
            self.errands.ask(terms.token, "POST", "/api/payment/checkout", order) for _ in range(draw.choice((1, 1, 2)))
        ]
        for reply in await asyncio.gather(*again):
            if reply is None or reply.status != 200:
                continue
            id = reply.said["data"]["id"]
            money = Money(AMOUNTS[AMOUNTS.index(int(str(order["amount"])))], str(order["currencyCode"]))
            known = self.known.setdefault(id, Known(id, terms, money, str(order["reference"])))
            if (known.terms, known.amount, known.reference) != (terms, money, order["reference"]) or id in over:
                self.world.violated(f"{order} is said to be {known}")

    async def open_session(self) -> None:
        """Open a checkout by its name as a session, which belongs to no application, under a key that comes twice."""
        amount, key = self.random.choice(AMOUNTS), f"session {self.errands.count}"
        given = {"amount": amount, "currency": "eur", "description": "An order"}
        given["expires_at"] = unix_seconds(self._now()) + self.random.choice((1_860, 7_200))
        names: set[str] = set()
        for _ in range(self.random.choice((1, 2))):
            reply = await self.errands.ask(SECRET_KEY, "POST", "/v1/checkout/sessions", given, key)
            names |= {reply.said["id"]} if reply is not None and reply.status == 200 else set()
        for name in names:
            id = "pay_" + name.rpartition("_")[2]
            self.known[id] = Known(id, Terms("", "", self.dashboard, False, False, False), Money(amount, "EUR"), "")
        if len(names) > 1:
            self.world.violated(f"{key} opened {names}")

    async def leave(self) -> None:
        """Give up what one was asked to confirm, and choose anew."""
        if known := self._some():
            left = await self.errands.do(lambda gateway, caller: checkouts.leave(gateway, caller, known.id))
            self.world.chance.happened["left"] += left is not None

    async def look(self) -> None:
        """See how one stands, or how several do."""
        if not (known := self._some()):
            return
        if self.random.random() < 0.3:
            least = {id: _copy(one) for id, one in self.known.items()}
            reply = await self.errands.ask(self.dashboard, "GET", "/api/payments?page=1&per_page=20")
            for shown in reply.said["data"] if reply is not None and reply.status == 200 else []:
                if shown["id"] in least:
                    self._hold(self.known[shown["id"]], least[shown["id"]], shown)
        else:
            await self._about(known, "GET", "")

    async def cancel(self) -> None:
        """Want one no more."""
        if known := self._some():
            await self._about(known, "POST", "/cancel")

    async def refund(self) -> None:
        """Give some back, or all, under a key that is asked for again."""
        paid = [known for known in self.known.values() if not known.statuses.isdisjoint(_PAID)][-6:]
        if not paid:
            return
        known, key = self.random.choice(paid), f"refund {self.errands.count}"
        given = {} if self.random.random() < 0.5 else {"amount": self.random.randint(1, known.amount.amount)}
        for _ in range(self.random.choice((1, 2, 3))):
            reply = await self._about(known, "POST", "/refund", given, key)
            if reply is not None and reply.status == 200:
                self.refunds.setdefault(key, set()).add(reply.body)

    async def pay(self) -> None:
        """Pay by card, maybe pressing twice, maybe on a form that was shown before another try."""
        if not (known := self._some()):
            return
        tried = known.tries
        known.pressed.add(tried)
        presses = [self._press(known, tried) for _ in range(self.random.choice((1, 1, 2, 3)))]
        for payment in await asyncio.gather(*presses):
            if payment is None or payment.checkout is None:
                continue
            if self.random.random() < 0.8:
                known.tries = max(known.tries, payment.checkout.tries)
            if payment.captured:
                known.statuses.add("RECEIVED")
            if payment.action is not None and "/challenges/" in payment.action.url:
                self.world.spawn(self._prove(payment.action.url.split("/")[-2]))

    def _press(self, known: Known, tried: int) -> Awaitable[Payment | None]:
        number = self.random.choices(list(CARDS), list(CARDS.values()))[0]
        source = Source(card=Card(number=CardNumber(number), exp_month=12, exp_year=2034, cvc="737"))
        return self.errands.do(lambda gateway, caller: checkouts.pay(gateway, caller, known.id, tried, source))

    async def ring(self) -> None:
        """Have a phone ring, whose owner then acts."""
        if known := self._some():
            number = self.random.choice(PHONES)
            known.pressed.update(range(known.tries + 2))
            path = f"/provider/ath/method/phone?phone={number}"
            reply = await self._about(known, "GET", path)
            self.world.chance.happened["phone rang"] += reply is not None and reply.status == 200
            self.world.spawn(self._answer_the_phone(number))

    async def transfer(self) -> None:
        """Be told where to send what, and have it sent, somewhat wrong now and then."""
        if not (known := self._some()):
            return
        reply = await self._about(known, "GET", "/provider/bank/method/transfer")
        if reply is not None and reply.status == 200:
            fields = {field["label"]: field["value"] for field in reply.said["data"]["fields"]}
            known.quoted = fields["Reference"]
        if known.quoted:
            for _ in range(self.random.choice((1, 1, 2))):
                self.world.spawn(self._send(known))

    async def _send(self, known: Known) -> None:
        draw, due = self.random, known.amount.amount
        await asyncio.sleep(draw.choice((1.0, 60.0, 600.0)) * draw.random())
        amount = draw.choice((due, due, due // 2, due - due // 2, due + 501))
        others = [one.quoted for one in self.known.values() if one.quoted]
        words = draw.choices(
            (known.quoted, f"{known.quoted} and {draw.choice(others)}", draw.choice(others), "shoes"), (12, 1, 1, 1)
        )[0]
        money = Money(amount, known.amount.currency)
        self.branch.receives(money, draw.choice(SENDERS), words, known.id, announced=draw.random() < 0.3)

    async def take_back(self) -> None:
        """A payer's bank takes back what came."""
        if self.branch.lines:
            self.branch.takes_back(self.random.choice(self.branch.lines[-8:]), named=self.random.random() < 0.7)

    async def read_statements(self) -> None:
        """Import a part of what the bank tells, in any order, maybe at two processes at once."""
        self.branch.settles()
        lines = list(self.branch.lines)
        first = self.random.choice((0, max(len(lines) - 5, 0), self.random.randrange(len(lines) + 1)))
        chosen = lines[first : first + self.random.choice((3, 10, 1_000))]
        self.random.shuffle(chosen)
        await asyncio.gather(*[self.import_(chosen) for _ in range(self.random.choice((1, 2)))])

    async def keep_watch(self, until_seconds: float) -> None:
        """What the shop's clerk does once payers have gone."""
        while self.world.loop.time() < until_seconds:
            await self.read_statements()
            await self.decide()
            await asyncio.sleep(self.random.uniform(1, 120))

    async def import_(self, lines: list[Any]) -> None:
        """Take in lines of the bank's, as the command does."""
        for portion in told(lines):
            counted = await self.errands.do(partial(_book, portion))
            if counted is not None and counted.wrong:
                self.world.violated(f"of the bank's lines was not taken in {counted.wrong}")

    async def finish(self) -> None:
        """Import all that the bank ever booked, once more, and decide upon whatever waits for a person."""
        self.branch.settles()
        await asyncio.gather(*[self.import_(self.branch.lines) for _ in range(2)])
        await self.decide(finally_=True)

    async def decide(self, *, finally_: bool = False) -> None:
        """Look at what waits for a person, and decide upon one, or all of it."""
        found = await self.errands.do(lambda gateway, caller: transfers.unmatched(gateway, caller, Cursor(100)))
        waiting = [] if found is None else [one for one in found.records if one.why is not Why.RETURNED_TWICE]
        for arrival in waiting if finally_ else waiting[:1]:
            await self._decide_upon(arrival, finally_)

    async def _decide_upon(self, arrival: Arrival, finally_: bool) -> None:
        taken_back = self.branch.taken_back.get(arrival.reference.removeprefix("reversal "))
        if taken_back is not None:
            await self.errands.do(lambda gateway, caller: _about_what(gateway, caller, arrival, taken_back))
            return
        meant = self.branch.meant.get(arrival.reference)
        if meant is not None and self.random.random() < 0.7 and arrival.why is not Why.RETURN_REFUSED:
            matched = await self.errands.do(lambda gateway, caller: transfers.match(gateway, caller, arrival.id, meant))
            if matched is not None or not finally_:
                return
        await self.errands.do(lambda gateway, caller: transfers.send_back(gateway, caller, arrival.id, AT_HOME))

    async def _prove(self, reference: str) -> None:
        await asyncio.sleep(self.random.choice((1.0, 60.0, 1_000.0)) * self.random.random())
        choice = self.random.choices(list(operations.Choice), (7, 2, 1))[0]
        self.world.note("the customer of", reference, await self.world.bank.resolve_challenge(reference, choice))

    async def _answer_the_phone(self, number: str) -> None:
        await asyncio.sleep(self.random.choice((1.0, 60.0, 700.0)) * self.random.random())
        choice = phone_bank.Choice.CONFIRM if self.random.random() < 0.8 else phone_bank.Choice.DECLINE
        self.world.note(number, choice, await self.world.phones.choose(number, choice))

    async def _about(
        self, known: Known, method: str, path: str, given: dict[str, Any] | None = None, key: str | None = None
    ) -> Reply | None:
        least = _copy(known)
        body = {} if given is None and method == "POST" else given
        reply = await self.errands.ask(known.terms.token, method, f"/api/payment/{known.id}{path}", body, key)
        if reply is not None and reply.status == 200 and "/provider/" not in path:
            self._hold(known, least, reply.said["data"])
        if reply is not None and reply.status in (401, 403, 404):
            self.world.violated(f"{known} is not there for its merchant: {reply}")
        return reply

    def _hold(self, known: Known, least: Known, said: dict[str, Any]) -> None:
        """What was told before it was asked does not become untrue."""
        status, settled = said["status"], said["settledAmount"]["amount"]
        illegal = [one for one in least.statuses if status not in LATER[one]]
        if illegal or settled < least.settled or said["amount"]["amount"] != known.amount.amount:
            self.world.violated(f"{least} is now {said}")
        if status == "CONFIRMED" and known.terms.listens and known.id not in self.completed:
            self.world.violated(f"{said} is confirmed, and nobody has taken that it was paid")
        known.statuses.add(status)
        known.settled = max(known.settled, settled)

    def _listen(self, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        """What the shop's servers do with what they are told."""
        signed = f"{headers['X-PaymentService-Timestamp']}.".encode() + body
        if headers["X-PaymentService-Signature"] != hmac.digest(SECRET.encode(), signed, "sha256").hex():
            self.world.violated(f"{url} is told what nobody has signed: {body!r}")
        if not self.world.chance.calm and self.random.random() < 0.15:
            return Posted(status=503)
        if headers["X-PaymentService-Event"] == "payment.completed":
            self.completed.add(json.loads(body)["payment"]["id"])
        return Posted(status=200)

    def _some(self) -> Known | None:
        return self.random.choice(list(self.known.values())[-8:]) if self.known else None

    def _now(self) -> Instant:
        return self.world.loop.wall()


def _copy(known: Known) -> Known:
    return msgspec.structs.replace(known, statuses=set(known.statuses))


async def _application(gateway: Gateway, wishes: applications.Wishes) -> Application:
    made: list[Application] = []

    async def note(shown: applications.Shown) -> Answer:
        made.append(shown.application)
        return Answer(200, b"")

    await applications.create(gateway, system(DEMO_SHOP, "test"), wishes, note)
    return made[0]


async def _token(gateway: Gateway, application: Application) -> str:
    caller = system(DEMO_SHOP, "test")
    return (await client_tokens.create(gateway, caller, application, "Server", ALL_SCOPES, None))[1]


async def _book(portion: list[Told], gateway: Gateway, caller: Caller) -> statements.Counted:
    return await statements.book(gateway, caller.tenant, statements.Book(portion))


async def _about_what(gateway: Gateway, caller: Caller, reversal: Arrival, taken_back: str) -> Arrival | None:
    """Say of a reversal what it takes back, once that has come."""
    id = await find.alias(gateway.store, caller.tenant.id, core.KNOWN, f"{IBAN} {taken_back}")
    return None if id is None else await transfers.match(gateway, caller, reversal.id, id)
