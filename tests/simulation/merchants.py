"""Merchants and their customers: what they ask for, by the seed, all of them on the same few payments at once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec

from tests.simulation.asking import Asked, Asking, Reply
from tests.simulation.world import World
from tillgate.core.fees import FeePlan
from tillgate.core.merchants import Mode, RateLimit, Tenant
from tillgate.sandbox.operations import Choice

CORNER_CAFE = Tenant(
    tenant="ten_cornercafe",
    id="ten_cornercafe",
    created=0,
    name="Corner Cafe",
    mode=Mode.TEST,
    fee_plan=FeePlan(175),
    bank="sandbox",
    rate_limit=RateLimit.UNLIMITED,
    dispute_fees={"USD": 700, "JPY": 1},
    settlement_days=1,
)

ACCOUNTS: Final = (
    {"country": "US", "routing_number": "110000000", "account_number": "000123456789"},
    {"country": "US", "currency": "jpy", "routing_number": "110000000", "account_number": "000111111113"},
    {"iban": "DE78370400440532013004"},
)
"""Where merchants are paid out to: dollars arrive, yen do not, and euros come back."""

CARDS: Final = {
    "4242424242424242": 60,
    "5555555555554444": 10,
    "4000000000000002": 5,
    "4000000000009995": 5,
    "4000000000000119": 3,
    "4000002500003155": 30,
    "4000000000000259": 15,
    "4000000000000077": 30,
}
"""The sandbox cards in use, and how often each is."""

CVC: Final = "737"
CURRENCIES: Final = ("usd", "usd", "EUR", "jpy")
KEYS_LAST_SECONDS: Final = 20 * 3600.0
"""How old a request may be that merchants repeat; keys last a day at least."""

_LATER: Final = {
    "authorized": {"authorized", "succeeded", "canceled"},
    "succeeded": {"succeeded"},
    "canceled": {"canceled"},
}
"""What a payment may be once it has been seen in a status that is a promise."""

_REMEMBERED: Final = 60
_RECENT: Final = 4
"""Of how many of the latest payments one is chosen to do something with."""


class Known(msgspec.Struct):
    """What a merchant was told of a payment: the most of it, since answers overtake each other."""

    id: str
    amount: int
    captured: int = 0
    refunded: int = 0
    is_intent: bool = False
    statuses: set[str] = set()


class Merchant:
    """One tenant's side of the world: several clients that share what they know."""

    def __init__(self, world: World, name: str, secret: str) -> None:
        self.world = world
        self.name = name
        self.secret = secret
        self.random = world.chance.stream(f"merchant {name}")
        self.asking = Asking(world, self.random, name.removeprefix("ten_"))
        self.payments: dict[str, Known] = {}
        self.challenges: dict[str, str] = {}
        self.tokens: list[str] = []
        self.methods: list[str] = []
        self.customers: list[str] = []
        self.setups: list[str] = []
        self.others: list[Merchant] = []
        self.spent: dict[str, list[Asked]] = {}

    async def work(self, requests: int) -> None:
        """One client: so many requests, one after the other."""
        kinds: dict[Callable[[], Awaitable[None]], int] = {
            self.create: 35,
            self.intend: 15,
            self.confirm: 20,
            self.give_up: 4,
            self.set_up: 12,
            self.verify: 14,
            self.pay_out: 12,
            self.cancel_payout: 8,
            self.capture: 20,
            self.cancel: 10,
            self.refund: 20,
            self.tokenize: 10,
            self.dispute: 10,
            self.respond: 20,
            self.read: 15,
            self.repeat: 8,
            self.misuse: 2,
            self.pry: 2,
        }
        for _ in range(requests):
            await self.random.choices(list(kinds), list(kinds.values()))[0]()
            await asyncio.sleep(self.random.choice((0.0, 0.1, 3.0)) * self.random.random())

    async def create(self) -> None:
        """Open a payment, by a card, a token, a card used before or none."""
        draw = self.random
        given: dict[str, Any] = {
            "amount": draw.choice((50, 100, 999, 2_500, 1_000_000)),
            "currency": draw.choice(CURRENCIES),
            "capture_method": draw.choice(("automatic", "manual")),
        }
        token = None
        if self.tokens and draw.random() < 0.4:
            token = draw.choice(self.tokens[-_RECENT:])
            given["payment_method"] = token
        elif self.methods and draw.random() < 0.1:
            given["payment_method"] = draw.choice(self.methods[-_RECENT:])
        else:
            given["payment_method"] = "card"
            if draw.random() < 0.9:
                given["card"] = self._card()
        if draw.random() < 0.4:
            given["customer"] = {"email": f"buyer{draw.randrange(4)}@example.com", "name": "A Buyer"}
        asked = self._new("POST", "/v1/payments", given)
        if token is not None:
            self.spent.setdefault(token, []).append(asked)
        await self._insist(asked)

    async def capture(self) -> None:
        """Take some of what was authorized, or all."""
        await self._about_a_payment("capture", 0.5)

    async def cancel(self) -> None:
        """Release what was authorized, or give up on a challenge."""
        await self._about_a_payment("cancel", 0.0)

    async def refund(self) -> None:
        """Give some back, or all, by either of the two ways."""
        await self._about_a_payment("refund", 0.6)

    async def dispute(self) -> None:
        """Have a test payment disputed, in part or as a whole; one that was paid, if there is one."""
        paid = [known for known in self.payments.values() if known.captured][-_RECENT:]
        if known := self.random.choice(paid) if paid else self._some_payment():
            given: dict[str, Any] = {"payment": known.id}
            if self.random.random() < 0.5:
                given["amount"] = self.random.randint(1, known.amount)
            reply = await self._insist(self._new("POST", "/sandbox/disputes", given))
            if reply is not None and reply.status == 200 and self.random.random() < 0.7:
                await self._respond_to(reply.said["id"])

    async def respond(self) -> None:
        """Look at the disputes there are, and respond to one of them."""
        reply = await self._insist(self._new("GET", "/v1/disputes", None))
        if reply is not None and reply.status == 200 and reply.said["data"]:
            await self._respond_to(self.random.choice(reply.said["data"])["id"])

    async def _respond_to(self, dispute: str) -> None:
        """Contest or accept a dispute, or make a note."""
        path = f"/v1/disputes/{dispute}"
        text = self.random.choice(("winning_evidence", "losing_evidence", "It was delivered."))
        draw = self.random.random()
        if draw < 0.2:
            await self._insist(self._new("POST", f"{path}/close", {}))
        elif draw < 0.4:
            await self._insist(self._new("POST", path, {"metadata": {"seen": text}}))
        else:
            given = {"evidence": {"uncategorized_text": text}, "submit": draw < 0.8}
            await self._insist(self._new("POST", path, given))

    async def settle_in(self, interval: str) -> None:
        """Say where money is to go, and how often."""
        for account in ACCOUNTS:
            await self._insist(self._new("POST", "/v1/bank_accounts", {"account_holder_name": self.name, **account}))
        await self.schedule(interval)

    async def schedule(self, interval: str) -> None:
        """Be paid out daily, or only when asked."""
        asked = self._new("POST", "/v1/payout_settings", {"interval": interval})
        asked.key = f"schedule {len(self.asking.all)}"
        await self._insist(asked)

    async def pay_out(self) -> None:
        """Be paid out what there is, or some of it."""
        given: dict[str, Any] = {"currency": self.random.choice(CURRENCIES)}
        if self.random.random() < 0.5:
            given["amount"] = self.random.choice((50, 400, 3_000))
        await self._insist(self._new("POST", "/v1/payouts", given))

    async def cancel_payout(self) -> None:
        """Have second thoughts."""
        reply = await self._insist(self._new("GET", "/v1/payouts", None))
        if reply is not None and reply.status == 200 and reply.said["data"]:
            payout = self.random.choice(reply.said["data"][:_RECENT])
            await self._insist(self._new("POST", f"/v1/payouts/{payout['id']}/cancel", {}))

    async def intend(self) -> None:
        """Open an intent, maybe confirmed at once."""
        draw = self.random
        given: dict[str, Any] = {
            "amount": draw.choice((50, 100, 999, 2_500)),
            "currency": draw.choice(CURRENCIES),
            "capture_method": draw.choice(("automatic", "manual")),
        }
        if draw.random() < 0.5:
            given |= {"confirm": True, **self._paying()}
        await self._insist(self._new("POST", "/v1/payment_intents", given))

    async def confirm(self) -> None:
        """Have an intent charged, maybe after it was declined."""
        if intent := self._some_intent():
            await self._confirm("payment_intents", intent)

    async def set_up(self) -> None:
        """Have a card kept, maybe verified at once, maybe for a customer."""
        given: dict[str, Any] = {}
        if self.customers and self.random.random() < 0.5:
            given["customer"] = self.random.choice(self.customers[-_RECENT:])
        if self.random.random() < 0.5:
            given |= {"confirm": True, **self._paying()}
        await self._insist(self._new("POST", "/v1/setup_intents", given))

    async def verify(self) -> None:
        """Have a card verified that is to be kept, or give it up."""
        if not self.setups:
            return
        setup = self.random.choice(self.setups[-_RECENT:])
        if self.random.random() < 0.2:
            await self._insist(self._new("POST", f"/v1/setup_intents/{setup}/cancel", {}))
        else:
            await self._confirm("setup_intents", setup)

    async def _confirm(self, kind: str, intent: str) -> None:
        """Confirm an intent, maybe twice at once, maybe with another card while its customer acts."""
        if (challenge := self.challenges.get(intent)) and self.random.random() < 0.7:
            self.world.spawn(self._act(challenge, self.random.choice((0.0, 0.3)) * self.random.random()))
        path = f"/v1/{kind}/{intent}/confirm"
        again = [self._new("POST", path, self._paying()) for _ in range(self.random.choice((1, 1, 2)))]
        await asyncio.gather(*[self._insist(asked) for asked in again])

    async def give_up(self) -> None:
        """Want an intent no more."""
        if intent := self._some_intent():
            await self._insist(self._new("POST", f"/v1/payment_intents/{intent}/cancel", {}))

    def _paying(self) -> dict[str, Any]:
        return {"payment_method_data": {"type": "card", "card": self._card()}, "return_url": "https://shop.example/"}

    def _some_intent(self) -> str | None:
        intents = [known.id for known in self.payments.values() if known.is_intent][-_RECENT:]
        return "pi_" + self.random.choice(intents).removeprefix("pay_") if intents else None

    async def tokenize(self) -> None:
        """Hand in a card for later."""
        asked = self._new("POST", "/v1/tokens", {"card": self._card()})
        reply = await self._insist(asked)
        if reply is not None and reply.status == 200:
            self.tokens.append(reply.said["id"])

    async def read(self) -> None:
        """Look at a payment: it shows at least what was told before."""
        known = self._some_payment()
        if known is None:
            return
        least = msgspec.structs.replace(known, statuses=set(known.statuses))
        reply = await self._insist(self._new("GET", f"/v1/payments/{known.id}", None))
        if reply is not None and reply.status != 200:
            self.world.violated(f"{known.id} was shown and is now {reply}")
        elif reply is not None:
            self._hold_against(least, reply.said)

    async def repeat(self) -> None:
        """Ask for something again that was answered before."""
        if answered := self._answered():
            await self._insist(self.random.choice(answered))

    async def misuse(self) -> None:
        """Use a key again for something else: that is refused, and nothing comes of it."""
        if not (answered := self._answered()):
            return
        given = {"amount": 7_777, "currency": "usd", "payment_method": "card"}
        other = self.random.choice(answered)
        asked = self.asking.new(self.secret, "POST", "/v1/payments", given, other.key)
        asked.clashes = True
        reply = await self.asking.insist(asked)
        if reply is not None and reply.status != 400:
            self.world.violated(f"the key of {other.name} was good for something else: {reply}")

    async def pry(self) -> None:
        """Look for another merchant's payment: for this one there is none."""
        theirs = [payment for other in self.others for payment in other.payments]
        if theirs:
            reply = await self._insist(self._new("GET", f"/v1/payments/{self.random.choice(theirs)}", None))
            if reply is not None and reply.status != 404:
                self.world.violated(f"{self.name} is shown what is another's: {reply}")

    def _answered(self) -> list[Asked]:
        latest = self.asking.all[-_REMEMBERED:]
        since = self.world.loop.time() - KEYS_LAST_SECONDS
        return [asked for asked in latest if asked.key and asked.answer and asked.at_seconds > since]

    async def _about_a_payment(self, what: str, in_part: float) -> None:
        known = self._some_payment()
        if known is None:
            return
        given: dict[str, Any] = {}
        if self.random.random() < in_part:
            given["amount"] = self.random.randint(1, known.amount)
        path = f"/v1/payments/{known.id}/{what}"
        if what == "refund" and self.random.random() < 0.5:
            given["payment"] = known.id
            path = "/v1/refunds"
        await self._insist(self._new("POST", path, given))

    def _new(self, method: str, path: str, given: dict[str, Any] | None) -> Asked:
        keyed = method == "POST" and self.random.random() < 0.8
        key = f"key {len(self.asking.all)}" if keyed else None
        return self.asking.new(self.secret, method, path, given, key)

    async def _insist(self, asked: Asked) -> Reply | None:
        reply = await self.asking.insist(asked)
        if reply is not None and reply.is_kept:
            self._learn(reply.shown)
            if self.random.random() < 0.2:
                await self.read()
        return reply

    def _learn(self, said: Any) -> None:
        kind = said.get("object") if isinstance(said, dict) else None
        if kind == "setup_intent" and said["id"] not in self.setups:
            self.setups.append(said["id"])
        if kind in ("payment", "payment_intent"):
            self._learn_of_payment(_as_payment(said) if kind == "payment_intent" else said)
        if kind in ("payment", "payment_intent", "setup_intent") and said["next_action"]:
            reference = said["next_action"]["redirect_to_url"]["url"].split("/")[-2]
            self.challenges[said["id"]] = reference
            self.world.spawn(self._customer(reference))

    def _learn_of_payment(self, said: dict[str, Any]) -> None:
        known = self.payments.get(said["id"])
        if known is None:
            known = self.payments[said["id"]] = Known(said["id"], said["amount"])
            known.is_intent = "amount_received" in said
            if not known.is_intent:
                self.methods.append(said["payment_method"])
            if isinstance(said["customer"], dict) and said["customer"]["id"] not in self.customers:
                self.customers.append(said["customer"]["id"])
        known.captured = max(known.captured, said["amount_captured"])
        known.refunded = max(known.refunded, said["amount_refunded"])
        known.statuses.add(said["status"])

    async def _customer(self, reference: str) -> None:
        """Somebody proves who they are, or does not, or walks away."""
        seconds = self.random.choice((1.0, 60.0, 1_000.0)) * self.random.random()
        if self.random.random() < 0.8:
            await self._act(reference, seconds)

    async def _act(self, reference: str, after_seconds: float) -> None:
        await asyncio.sleep(after_seconds)
        choice = self.random.choices(list(Choice), (7, 2, 1))[0]
        met = await self.world.bank.resolve_challenge(reference, choice)
        self.world.note("the customer of", reference, "acts:", met)

    def _some_payment(self) -> Known | None:
        recent = list(self.payments)[-_RECENT:]
        return self.payments[self.random.choice(recent)] if recent else None

    def _card(self) -> dict[str, Any]:
        number = self.random.choices(list(CARDS), list(CARDS.values()))[0]
        return {"number": number, "exp_month": 12, "exp_year": 2034, "cvc": CVC}

    def _hold_against(self, least: Known, said: dict[str, Any]) -> None:
        """What was told once does not become untrue."""
        if said["amount_captured"] < least.captured or said["amount_refunded"] < least.refunded:
            self.world.violated(f"{least} is now {said}")
        if any(said["status"] not in _LATER.get(status, {said["status"]}) for status in least.statuses):
            self.world.violated(f"{least} is now {said}")


def _as_payment(intent: dict[str, Any]) -> dict[str, Any]:
    """What an intent says of its payment."""
    names = {"requires_capture": "authorized", "succeeded": "succeeded", "canceled": "canceled"}
    shown = {"id": f"pay_{intent['id'].removeprefix('pi_')}", "object": "payment"}
    captured = {"amount_captured": intent["amount_received"], "amount_refunded": 0}
    return {**intent, **shown, **captured, "status": names.get(intent["status"], "pending")}
