"""The world of one payment: what its decisions wrote, taken in as the store does, and all that may happen next."""

from collections.abc import Iterator

import msgspec

from tests.core.happenings import (
    Answer,
    AskAgain,
    Capture,
    Charge,
    Decide,
    Expire,
    GiveBack,
    Happened,
    Happening,
    Object,
    Respond,
    Retract,
    Reverse,
    Swap,
    Void,
    Withdraw,
)
from tillgate.core import (
    abandonment,
    attempts,
    challenges,
    conclusions,
    disputes,
    ledger,
    payment_intents,
    payments,
    refunds,
    repeats,
    reversals,
)
from tillgate.core.attempts import Action, Attempt, Kind, Outcome, State, Verdict
from tillgate.core.cards import Brand, CardSummary
from tillgate.core.conclusions import Standing
from tillgate.core.customers import CustomerSummary
from tillgate.core.decisions import Decision
from tillgate.core.disputes import Dispute, DisputeReason, DisputeStatus, Statement
from tillgate.core.events import Event
from tillgate.core.fees import FeePlan
from tillgate.core.instants import SECOND, Instant
from tillgate.core.ledger import Entry
from tillgate.core.metadata import Notes
from tillgate.core.money import Money
from tillgate.core.occasions import Occasion
from tillgate.core.payments import CaptureMethod, Payment, Terms
from tillgate.core.reasons import Refused
from tillgate.core.reconciliation import Moved, Story
from tillgate.core.records import evolve
from tillgate.core.refunds import Refund
from tillgate.core.timers import TimerKind

CARD = CardSummary(Brand.VISA, "4242", 12, 2034, "fingerprint")
FEES = FeePlan(2_900, {"USD": 1})
DISPUTE_FEE = 7
START: Instant = 1_000_000 * SECOND
LATER: Instant = 9_000_000 * SECOND
"""Wall time at which nothing that was asked from START on can be on its way any more."""


class Mint:
    """Ids that count, and sort as they do: `evt_000000001`. No world depends on them."""

    def __init__(self) -> None:
        self.minted = 0

    def __call__(self, prefix: str) -> str:
        self.minted += 1
        return f"{prefix}_{self.minted:09}"


MINT = Mint()


def occasion(now: Instant = START, wall: Instant = START) -> Occasion:
    """A moment, by default the first."""
    return Occasion(now, wall, "key_1", "v1", "req_1", MINT)


def opened(amount: int, method: CaptureMethod = CaptureMethod.MANUAL, plan: FeePlan = FEES) -> Payment:
    """A payment of any size, however small, so that everything that can happen to it can be tried."""
    payment = payments.open(
        Terms(amount=Money(5_000, "USD"), capture_method=method, metadata={"order": "1"}),
        tenant="ten_1",
        payment_method="pm_1",
        card=CARD,
        customer=CustomerSummary("cus_1", "a@example.com"),
        fee_plan=plan,
        bank="sandbox",
        occasion=occasion(),
    )
    return evolve(payment, id="pay_1", amount=Money(amount, "USD"))


def attempt(state: State = State.SENDING, kind: Kind = Kind.CHARGE, amount: int = 100) -> Attempt:
    """An attempt in any state, as if it had got there."""
    asked = attempts.ask(
        "att_1_1", kind, Money(amount, "USD"), tenant="ten_1", payment="pay_1", bank="sandbox", occasion=occasion()
    )
    return evolve(asked, state=state)


class World(msgspec.Struct, frozen=True):
    """A payment and everything that was written about it; `time` counts what has happened."""

    payment: Payment
    attempts: dict[str, Attempt] = {}
    refunds: dict[str, Refund] = {}
    entries: tuple[Entry, ...] = ()
    events: tuple[Event, ...] = ()
    timers: dict[tuple[TimerKind, str], Instant] = {}
    time: int = 0
    disputes: dict[str, Dispute] = {}
    most_disputes: int = 0

    def occasion(self, wall: Instant = LATER) -> Occasion:
        """The next moment."""
        return occasion(START + self.time + 1, wall)

    def standing(self, attempt_id: str) -> Standing:
        """Where an attempt stands, as a flow loads it."""
        attempt = self.attempts[attempt_id]
        return Standing(self.payment, attempt, self.refunds[attempt.refund] if attempt.refund else None)

    def story(self) -> Story:
        """What an audit reads."""
        moved = [
            Moved(entry.id, posting.source, posting.destination, posting.money.currency, posting.money.amount)
            for entry in self.entries
            for posting in entry.postings
        ]
        told = [event.sequence for event in self.events]
        by_attempt, given_back = list(self.attempts.values()), list(self.refunds.values())
        return Story(self.payment, by_attempt, given_back, moved, told, list(self.disputes.values()))

    def balance(self, account: str) -> int:
        """What the books say of an account."""
        return ledger.movements(self.entries).get((self.payment.tenant, account, self.payment.amount.currency), 0)

    def after(self, decision: Decision) -> "World":
        """The world with a decision carried out as a whole, as the store does."""
        ids = {entry.id for entry in self.entries}
        assert not ids & {entry.id for entry in decision.post}, "posted twice"
        payment, saved, given_back = self.payment, dict(self.attempts), dict(self.refunds)
        objections = dict(self.disputes)
        for record in decision.save:
            match record:
                case Payment():
                    payment = record
                case Attempt():
                    saved[record.id] = record
                case Refund():
                    given_back[record.id] = record
                case Dispute():
                    objections[record.id] = record
                case _:
                    raise AssertionError(record)
        timers = dict(self.timers)
        for timer in decision.schedule:
            timers.pop((timer.kind, timer.subject), None)
            if timer.due_at is not None:
                timers[timer.kind, timer.subject] = timer.due_at
        entries, events = (*self.entries, *decision.post), (*self.events, *decision.announce)
        after = World(payment, saved, given_back, entries, events, timers, self.time + 1)
        return msgspec.structs.replace(after, disputes=objections, most_disputes=self.most_disputes)


def happenings(world: World) -> Iterator[Happening]:
    """Everything that may be tried; most of it is refused, repeats what is known or contradicts it."""
    yield Charge()
    yield Void()
    if world.attempts:
        yield Swap()
    if (TimerKind.EXPIRE_AUTHORIZATION, world.payment.id) in world.timers:
        yield Expire()
    yield from (Withdraw(subject) for kind, subject in world.timers if kind is TimerKind.EXPIRE_CHALLENGE)
    for amount in range(1, world.payment.amount.amount + 1):
        yield Capture(amount)
        yield GiveBack(amount)
    if world.attempts and len(world.disputes) < world.most_disputes:
        for amount in range(1, world.payment.amount.amount + 1):
            yield Object(amount)
    for dispute in world.disputes.values():
        if not dispute.is_closed:
            yield from (Decide(dispute.id, status) for status in DisputeStatus)
    for kind, subject in world.timers:
        if kind is TimerKind.WITHDRAW_CHALLENGE and not world.attempts[subject].is_final:
            yield Retract(subject)
    yield from (Reverse(subject) for kind, subject in world.timers if kind is TimerKind.REVERSE)
    for attempt in world.attempts.values():
        if attempt.state is State.NEVER_SEEN:
            yield AskAgain(attempt.id)
        for verdict in Verdict:
            yield Answer(attempt.id, verdict)
        yield Answer(attempt.id, Verdict.NEVER_SEEN, early=True)


def happen(world: World, what: Happening) -> World:
    """The world afterwards; the very same where nothing was new.

    Raises Refused where it is not allowed, attempts.Contradiction where the bank takes back what it said.
    """
    match what:
        case Answer(attempt, verdict, early):
            now = world.occasion(START if early else LATER)
            concluded = conclusions.conclude(world.standing(attempt), said(verdict), now)
            return world.after(concluded[1]) if concluded else world
        case AskAgain(attempt):
            return _ask_again(world, attempt)
        case Reverse(attempt):
            return _reverse(world, attempt)
        case Retract(attempt):
            return _retract(world, attempt)
        case Expire():
            return _expire(world)
        case Withdraw(attempt):
            return world.after(
                challenges.withdraw(world.payment, world.attempts[attempt], world.occasion(START)).decision
            )
        case Object(amount):
            return _told(world, None, statement(world, f"cb_{len(world.disputes)}", amount))
        case Decide(dispute, status, heard):
            return _told(world, world.disputes[dispute], as_said(world.disputes[dispute], status, heard))
        case Respond(dispute, kind):
            standing = disputes.Standing(world.payment, world.disputes[dispute])
            now = world.occasion(START)
            return world.after(disputes.revise(standing, {"uncategorized_text": "x"}, Notes(), now, respond=kind)[1])
        case _:
            return world.after(_ask(world, what))


def _told(world: World, dispute: Dispute | None, said: Statement) -> World:
    learned = disputes.learn(world.payment, dispute, said, DISPUTE_FEE, world.occasion())
    return world.after(learned[1]) if learned else world


def statement(world: World, reference: str, amount: int) -> Statement:
    """What a bank says that opens a dispute."""
    return Statement(
        reference=reference,
        target=next(iter(world.attempts)),
        amount=Money(amount, "USD"),
        reason=DisputeReason.FRAUDULENT,
        status=DisputeStatus.NEEDS_RESPONSE,
        evidence_due_by=LATER,
    )


def as_said(dispute: Dispute, status: DisputeStatus, heard: bool = False) -> Statement:
    """What a bank says of a dispute that is known."""
    return Statement(
        reference=dispute.bank_reference,
        target=dispute.target,
        amount=dispute.amount,
        reason=dispute.reason,
        status=status,
        evidence_due_by=dispute.evidence_due_by,
        response=dispute.response.id if heard and dispute.response else None,
    )


def _ask(world: World, what: Charge | Swap | Capture | Void | GiveBack) -> Decision:
    payment, now = world.payment, world.occasion(START)
    match what:
        case Charge() if not world.attempts:
            return payments.charge(payment, now).decision
        case Charge():
            payment, swapped = _swapped(payment, now)
            return msgspec.structs.replace(swapped, save=()).merged(payments.charge(payment, now).decision)
        case Swap():
            return _swapped(payment, now)[1]
        case Capture(amount):
            return payments.capture(payment, Money(amount, "USD"), now).decision
        case Void():
            return payments.void(payment, "requested", now).decision
        case GiveBack(amount):
            refund, asking = refunds.ask(payment, Money(amount, "USD"), now)
            return asking.decision.also(refund)


def _swapped(payment: Payment, now: Occasion) -> tuple[Payment, Decision]:
    """With another card, as every charge after the first is made."""
    free, freed = abandonment.freed(payment, now)
    swapped = payment_intents.with_method(free, "pm_2", CARD, payment.customer, 0)
    return swapped, freed.also(swapped)


def _retract(world: World, attempt: str) -> World:
    """As the worker does, which takes off the timer that it has followed."""
    followed = world
    if world.attempts[attempt].state is State.CHALLENGED:
        asking = abandonment.withdraw(world.payment, world.attempts[attempt], world.occasion(START))
        followed = world.after(asking.decision)
    timers = dict(followed.timers)
    del timers[TimerKind.WITHDRAW_CHALLENGE, attempt]
    return msgspec.structs.replace(followed, timers=timers)


def _expire(world: World) -> World:
    """As the worker does: it waits while anything is under way, and takes off the timer that it has followed."""
    if world.payment.in_flight:
        return world
    followed = world.after(payments.void(world.payment, "expired", world.occasion(START)).decision)
    del followed.timers[TimerKind.EXPIRE_AUTHORIZATION, world.payment.id]
    return followed


def _reverse(world: World, attempt: str) -> World:
    (surplus,) = (one for one in world.payment.surplus if one.attempt == attempt)
    last = world.attempts[surplus.reversal] if surplus.reversal else None
    return world.after(reversals.reverse(world.payment, surplus, last, world.occasion(START)).decision)


def _ask_again(world: World, attempt: str) -> World:
    standing = world.standing(attempt)
    decision = repeats.ask_again(standing.payment, standing.attempt, world.occasion(START)).decision
    return world.after(decision.also(*([refunds.pending_again(standing.refund)] if standing.refund else [])))


def said(verdict: Verdict) -> Outcome:
    """An answer with what usually comes with it."""
    action = Action("https://bank.example/challenge") if verdict is Verdict.CHALLENGE else None
    code = "05" if verdict is Verdict.DECLINED else None
    return Outcome(verdict=verdict, action=action, bank_code=code)


def attempt_of(world: World, kind: Kind) -> Attempt:
    """The newest attempt of a kind."""
    return [attempt for attempt in world.attempts.values() if attempt.kind is kind][-1]


def lived(world: World, *happened: Happened) -> World:
    """The world after one thing and another."""
    for what in happened:
        if isinstance(what, tuple):
            what = Answer(attempt_of(world, what[0]).id, what[1])
        world = happen(world, what)
    return world


def tried(world: World, what: Happening) -> World | Refused | attempts.Contradiction:
    """What comes of trying."""
    try:
        return happen(world, what)
    except (Refused, attempts.Contradiction) as no:
        return no
