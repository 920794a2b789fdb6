"""An escrow order and everything that was written about it, taken in as the store does, with all that may come next."""

import enum
from collections.abc import Hashable, Iterator

import msgspec

from tests.core.world import CARD, DISPUTE_FEE, FEES, LATER, START, occasion, said
from tillgate.core import (
    accounts,
    conclusions,
    disputes,
    escrow_orders,
    escrow_reconciliation,
    escrow_shares,
    ledger,
    payments,
    reconciliation,
    refunds,
)
from tillgate.core.attempts import Attempt, State, Verdict
from tillgate.core.conclusions import Standing
from tillgate.core.decisions import Decision
from tillgate.core.disputes import Dispute, DisputeReason, DisputeStatus, Statement
from tillgate.core.escrow_orders import Refunding
from tillgate.core.escrows import (
    MOVES,
    Bearer,
    Delivery,
    Escrow,
    EscrowFee,
    EscrowStatus,
    Move,
    Pricing,
    Product,
    RefundPolicy,
    Side,
)
from tillgate.core.events import Event
from tillgate.core.fees import FeePlan
from tillgate.core.instants import DAY, SECOND, Instant
from tillgate.core.ledger import Entry
from tillgate.core.mails import Mail
from tillgate.core.money import Money
from tillgate.core.occasions import Occasion
from tillgate.core.payments import Payment, Terms
from tillgate.core.rates import Rate
from tillgate.core.reasons import Refused
from tillgate.core.reconciliation import Moved, Story
from tillgate.core.records import evolve
from tillgate.core.refunds import Refund
from tillgate.core.timers import TimerKind

PROMISED: Instant = START + 10 * DAY
SLA_DAYS = 3

ESCROW_FEE = EscrowFee(basis_points=150, least={"NGN": 5}, most={"NGN": 20})
RATE = Rate("test", 1_500, 1, "USD", "NGN", START)

PRICINGS = {
    "the merchant sells": Pricing(price=Money(1_000, "NGN"), escrow_fee=ESCROW_FEE),
    "a marketplace": Pricing(
        price=Money(1_000, "NGN"),
        shipping=40,
        escrow_fee=ESCROW_FEE,
        escrow_fee_bearer=Bearer.BUYER,
        processing_bearer=Bearer.BUYER,
        cancellation_fee=30,
        seller="pty_seller",
        operator_basis_points=700,
        provider="pty_provider",
        provider_basis_points=1_000,
        provider_fee=5,
    ),
    "another currency": Pricing(
        price=Money(75_001, "NGN"), escrow_fee=ESCROW_FEE, rate=RATE, seller="pty_seller", cancellation_fee=1_500
    ),
}
"""Orders in which different things are shared."""


class Clock(enum.Enum):
    """Time passes: until the next thing that happens by itself, or that matters to a buyer who cancels."""

    DUE = "due"
    TO_SLA = "to_sla"
    TO_PROMISED = "to_promised"


class Tell(msgspec.Struct, frozen=True):
    """The bank answers what was asked of it for the buyer."""

    verdict: Verdict


class Made(msgspec.Struct, frozen=True):
    """Somebody makes a move."""

    move: Move
    side: Side


class Object(msgspec.Struct, frozen=True):
    """The bank takes the money back, over a dispute of its own: all of it, or a part."""

    is_whole: bool


class Decide(msgspec.Struct, frozen=True):
    """The bank decides its dispute."""

    status: DisputeStatus


class GiveBack(msgspec.Struct, frozen=True):
    """The merchant refunds a part of the payment of their own accord."""

    amount: int


Happening = Clock | Tell | Made | Object | Decide | GiveBack


def opened(pricing: Pricing, plan: FeePlan = FEES, policy: RefundPolicy = RefundPolicy.MONEY) -> Payment:
    """An order that nobody has paid, of any size."""
    escrow = Escrow(
        product=Product(id="42", name="Lamp", refund_policy=policy),
        pricing=pricing,
        delivery=Delivery(promised_by=PROMISED, sla_days=SLA_DAYS),
    )
    currency = pricing.rate.selling if pricing.rate else pricing.price.currency
    terms = Terms(amount=Money(500_000, currency), escrow=escrow)
    payment = payments.open(
        terms,
        tenant="ten_1",
        payment_method="pm_1",
        card=CARD,
        customer=None,
        fee_plan=plan,
        bank="sandbox",
        occasion=occasion(),
        settlement_days=2,
    )
    return evolve(payment, id="pay_1", amount=escrow_shares.to_pay(pricing, plan))


class Order(msgspec.Struct, frozen=True):
    """The world of one order."""

    payment: Payment
    attempts: dict[str, Attempt] = {}
    refunds: dict[str, Refund] = {}
    disputes: dict[str, Dispute] = {}
    entries: tuple[Entry, ...] = ()
    events: tuple[Event, ...] = ()
    timers: dict[tuple[TimerKind, str], Instant] = {}
    now: Instant = START
    most_disputes: int = 0
    last_refund: str | None = None

    @property
    def escrow(self) -> Escrow:
        """What is known of it as an order."""
        return escrow_orders.of(self.payment)

    @property
    def asked(self) -> Attempt | None:
        """The refund of which the bank has not said yes or no."""
        return next((one for one in self.attempts.values() if one.refund and not one.is_final), None)

    @property
    def is_charged_back(self) -> bool:
        """Whether the bank has not decided a dispute of its own."""
        return any(not dispute.is_closed for dispute in self.disputes.values())

    def occasion(self, wall: Instant = START) -> Occasion:
        """This moment."""
        return occasion(self.now, wall)

    def balance(self, account: str, currency: str) -> int:
        """What the books say of an account."""
        return ledger.movements(self.entries).get(("ten_1", account, currency), 0)

    def after(self, decision: Decision) -> "Order":
        """The world with a decision carried out as a whole."""
        assert not {entry.id for entry in self.entries} & {entry.id for entry in decision.post}, "posted twice"
        assert len({record.id for record in decision.save}) == len(decision.save), "saved twice"
        payment, asked, given, objected = self.payment, dict(self.attempts), dict(self.refunds), dict(self.disputes)
        for record in decision.save:
            match record:
                case Payment():
                    payment = record
                case Attempt():
                    asked[record.id] = record
                case Refund():
                    given[record.id] = record
                case Dispute():
                    objected[record.id] = record
                case Mail():
                    pass
                case _:
                    raise AssertionError(record)
        timers = dict(self.timers)
        for timer in decision.schedule:
            timers.pop((timer.kind, timer.subject), None)
            if timer.due_at is not None:
                timers[timer.kind, timer.subject] = timer.due_at
        return msgspec.structs.replace(
            self,
            payment=payment,
            attempts=asked,
            refunds=given,
            disputes=objected,
            entries=(*self.entries, *decision.post),
            events=(*self.events, *decision.announce),
            timers=timers,
            now=self.now + SECOND,
        )

    def differences(self) -> list[str]:
        """What an audit finds."""
        moved = [
            Moved(entry.id, posting.source, posting.destination, posting.money.currency, posting.money.amount)
            for entry in self.entries
            for posting in entry.postings
        ]
        escrowed = [one for one in moved if one.entry.startswith("eo_")]
        others = [one for one in moved if not one.entry.startswith("eo_")]
        told = [event.sequence for event in self.events]
        story = Story(
            self.payment,
            list(self.attempts.values()),
            list(self.refunds.values()),
            others,
            told,
            list(self.disputes.values()),
        )
        return [*reconciliation.differences(story), *escrow_reconciliation.differences(self.payment, escrowed)]


def paid(
    pricing: Pricing, plan: FeePlan = FEES, most_disputes: int = 0, policy: RefundPolicy = RefundPolicy.MONEY
) -> Order:
    """An order that was just paid."""
    asking = payments.charge(opened(pricing, plan, policy), occasion())
    order = Order(asking.payment, most_disputes=most_disputes).after(asking.decision)
    return answered(order, asking.attempt, Verdict.APPROVED)


def answered(order: Order, attempt: Attempt, verdict: Verdict) -> Order:
    """The world after a bank's answer."""
    refund = order.refunds[attempt.refund] if attempt.refund else None
    concluded = conclusions.conclude(Standing(order.payment, attempt, refund), said(verdict), order.occasion(LATER))
    return order.after(concluded[1]) if concluded else order


def happenings(order: Order) -> Iterator[Happening]:
    """Everything that may be tried; most of it is refused."""
    yield from Clock
    yield from (Made(move, side) for move in Move for side in Side)
    if order.asked is not None:
        yield from (Tell(verdict) for verdict in (Verdict.APPROVED, Verdict.DECLINED, Verdict.NEVER_SEEN))
    if len(order.disputes) < order.most_disputes:
        yield from (Object(is_whole) for is_whole in (True, False))
    if order.is_charged_back:
        yield from (Decide(status) for status in (DisputeStatus.WON, DisputeStatus.LOST))
    if order.escrow.is_held and not order.escrow.returns and order.most_disputes == 0:
        yield GiveBack(1)
        yield GiveBack(order.payment.captured)


def happen(order: Order, what: Happening) -> Order:
    """The world afterwards; the very same where nothing was to be done. Raises Refused where it is not allowed."""
    match what:
        case Clock.DUE:
            return _due(order)
        case Clock.TO_SLA:
            return _later(order, PROMISED - SLA_DAYS * DAY)
        case Clock.TO_PROMISED:
            return _later(order, PROMISED)
        case Made(move, side):
            amount = order.escrow.left // 3 if move is Move.AWARD else None
            return order.after(escrow_orders.move(order.payment, move, side, order.occasion(), amount=amount)[1])
        case Tell(verdict):
            assert order.asked is not None, what
            return answered(order, order.asked, verdict)
        case Object(is_whole):
            return _told(order, None, DisputeStatus.NEEDS_RESPONSE, is_whole=is_whole)
        case Decide(status):
            return _told(order, next(one for one in order.disputes.values() if not one.is_closed), status)
        case GiveBack(amount):
            money = Money(amount, order.payment.amount.currency)
            refund, asking = refunds.ask(order.payment, money, order.occasion())
            return order.after(asking.decision.also(refund))


def _later(order: Order, at: Instant) -> Order:
    is_passed = order.escrow.due_at is not None and at >= order.escrow.due_at
    return order if order.now >= at or is_passed else msgspec.structs.replace(order, now=at)


def _due(order: Order) -> Order:
    """What flows.escrow_orders does when the timer is due."""
    if order.escrow.due_at is None:
        return order
    order = msgspec.structs.replace(order, now=max(order.now, order.escrow.due_at))
    lapsed, decision = escrow_orders.lapse(order.payment, order.occasion())
    if lapsed is not order.payment:
        return order.after(decision)
    settling = None if order.is_charged_back else escrow_orders.settle(order.payment, _last(order), order.occasion())
    return order.after(settling.decision) if settling else order


def _last(order: Order) -> Refunding | None:
    id = order.escrow.refund
    if id is None:
        return None
    return Refunding(order.refunds[id], order.attempts[order.refunds[id].attempt])


def _told(order: Order, dispute: Dispute | None, status: DisputeStatus, *, is_whole: bool = True) -> Order:
    paid = order.payment.amount
    amount = paid if is_whole else Money(paid.amount // 3, paid.currency)
    statement = Statement(
        reference=dispute.bank_reference if dispute else f"cb_{len(order.disputes)}",
        target=next(iter(order.attempts)),
        amount=dispute.amount if dispute else amount,
        reason=DisputeReason.FRAUDULENT,
        status=status,
        evidence_due_by=LATER,
    )
    learned = disputes.learn(order.payment, dispute, statement, DISPUTE_FEE, order.occasion())
    return order.after(learned[1]) if learned else order


def by_itself(order: Order, verdict: DisputeStatus = DisputeStatus.LOST) -> Order:
    """The order once nobody has done anything any more, and banks have done what they are asked."""
    for _ in range(20):
        if order.escrow.status is EscrowStatus.COMPLETED and order.asked is None and not order.is_charged_back:
            return order
        if order.is_charged_back:
            order = happen(order, Decide(verdict))
        elif order.asked is not None:
            order = happen(order, Tell(Verdict.APPROVED))
        else:
            order = happen(order, Clock.DUE)
    raise AssertionError(f"its money is stuck: {order.payment}")


def essence(order: Order) -> Hashable:
    """All that tells what may come of an order: two of one essence differ in ids, exact times and what is over."""
    escrow, payment = order.escrow, order.payment
    windows = sum(order.now >= at for at in (PROMISED - SLA_DAYS * DAY, PROMISED))
    last = _last(order)
    return (
        (escrow.status, escrow.verdict, escrow.paused and (escrow.paused.status, escrow.paused.left > 0)),
        (min(escrow.deliveries, 2), escrow.is_shared, escrow.left, escrow.released, bool(escrow.returns)),
        (payment.refunded, payment.disputed, payment.overdrawn, order.asked is None),
        last and last.attempt.state is State.NEVER_SEEN,
        (len(order.disputes), order.is_charged_back),
        windows if escrow.status is EscrowStatus.PENDING and escrow.verdict is None else None,
    )


def hold(order: Order) -> None:
    """What is true of every order at every moment."""
    assert order.differences() == []
    escrow, payment, currency = order.escrow, order.payment, order.payment.amount.currency
    assert order.balance(accounts.ESCROW, currency) == escrow.left >= 0
    if escrow.pricing.rate is not None:
        assert order.balance(accounts.ESCROW, escrow.pricing.price.currency) == 0
    assert payment.captured == escrow.left + sum(escrow.returns) + escrow.released
    assert escrow.is_held == (escrow.left > 0)
    due = order.timers.get((TimerKind.ESCROW_ORDER, payment.id))
    assert due == escrow.due_at
    assert (due is not None) == escrow.is_held


def may(order: Order, what: Made) -> bool:
    """Whether the table lets a side make a move at all."""
    return (order.escrow.status, what.move, what.side) in MOVES and order.escrow.verdict is None


Outcome = Order | Refused


def tried(order: Order, what: Happening) -> Outcome:
    """The world afterwards, or why it was refused."""
    try:
        return happen(order, what)
    except Refused as refused:
        return refused
