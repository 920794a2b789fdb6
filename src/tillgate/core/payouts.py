"""Payouts: what is available, sent to the merchant's bank account, with the statement of lines that sum to it.

What moves a balance becomes a line of the statement that is open in its currency; a payout closes the statement. What
it leaves is carried over to the next one, and so is what a statement lacks: nothing below zero is ever paid out.
"""

import enum

import msgspec

from tillgate.core import accounts, attempts, ledger
from tillgate.core.attempts import Attempt, Kind, Outcome, State, Verdict
from tillgate.core.decisions import Decision
from tillgate.core.events import EventType, event
from tillgate.core.instants import DAY, MINUTE, Duration, Instant
from tillgate.core.ledger import Entry, MovementType, Posting, entry
from tillgate.core.money import Money
from tillgate.core.occasions import Occasion
from tillgate.core.payments import Failure
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import Record, evolve
from tillgate.core.timers import Timer, TimerKind

SENT_AFTER: Duration = MINUTE
"""How long a payout stays pending, and can be canceled."""

RETURNS_WITHIN: Duration = 5 * DAY
"""How long the bank is asked, daily, whether what it has paid has come back, should it not say so by itself."""


class PayoutState(enum.StrEnum):
    """How far a payout is."""

    PENDING = "pending"
    """Taken off the balance; the bank has not heard of it."""
    IN_TRANSIT = "in_transit"
    """The bank was asked, and has not said yes or no."""
    PAID = "paid"
    FAILED = "failed"
    CANCELED = "canceled"


class Move(enum.StrEnum):
    """What may happen to a payout."""

    SEND = "send"
    PAY = "pay"
    FAIL = "fail"
    RETURN = "return"
    """It was paid, and has come back: the account does not take it."""
    CANCEL = "cancel"


MOVES: dict[tuple[PayoutState, Move], PayoutState] = {
    (PayoutState.PENDING, Move.SEND): PayoutState.IN_TRANSIT,
    (PayoutState.PENDING, Move.CANCEL): PayoutState.CANCELED,
    (PayoutState.IN_TRANSIT, Move.PAY): PayoutState.PAID,
    (PayoutState.IN_TRANSIT, Move.FAIL): PayoutState.FAILED,
    (PayoutState.PAID, Move.RETURN): PayoutState.FAILED,
    # A bank that comes back late with a yes is believed: the money is there.
    (PayoutState.FAILED, Move.PAY): PayoutState.PAID,
}
"""Every move there is. What is missing is refused, or changes nothing."""


class Settlement(Record, frozen=True, kw_only=True, omit_defaults=True):
    """How a merchant's balance in a currency (which is its id) is paid out.

    Lines are taken to the `statement` that is open. `carried` is what the last payout, `carried_from`, left of the
    statements before. Whoever takes lines or closes the statement writes this record anew, and so is alone.
    `scheduled_on` is the day of which the schedule has made its payout (its number since 1970), so that it makes one.
    """

    SHAPE = 2

    statement: str
    carried: int = 0
    carried_from: str | None = None
    scheduled_on: int | None = None


class Lines(msgspec.Struct, frozen=True):
    """How many lines a statement has, and what they sum to."""

    count: int
    net: int


class Carried(msgspec.Struct, frozen=True):
    """A line that moves what is left from one statement to the next. `payout` is the one on the other side."""

    id: str
    amount: int
    payout: str | None


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant asks for. Without an amount: all that is available. A bank account is found before it is made.

    What is `automatic`, made by a schedule, is made once a day, of `at_least` so many minor units.
    """

    amount: int | None = None
    at_least: int = 1
    destination: str | None = None
    description: str | None = None
    metadata: dict[str, str] = {}
    automatic: bool = False
    asked_as: dict[str, str] = {}


class Payout(Record, frozen=True, kw_only=True, omit_defaults=True):
    """Money on its way to a merchant's bank account. Its lines are those of its `statement`, and what is carried.

    Always: lines.net + carried_in.amount + carried_out.amount == amount.amount. `reversal` is the movement by which it
    came back to the balance before it was paid, `returned` that by which it did afterwards. What a `party` has of the
    order of a `payment` is paid out to it whole: such a payout has no lines.
    """

    SHAPE = 3

    created: Instant
    amount: Money
    destination: str
    bank: str
    statement: str
    lines: Lines
    arrives_at: Instant
    balance_transaction: str
    carried_in: Carried | None = None
    carried_out: Carried | None = None
    state: PayoutState = PayoutState.PENDING
    automatic: bool = False
    description: str | None = None
    metadata: dict[str, str] = {}
    asked_as: dict[str, str] = {}
    attempt: Attempt | None = None
    failure: Failure | None = None
    reversal: str | None = None
    events: int = 0
    paid_at: Instant | None = None
    returned: str | None = None
    party: str | None = None
    payment: str | None = None

    @property
    def owed(self) -> str:
        """The account out of which it is paid."""
        return accounts.party(self.party) if self.party else accounts.PAYABLE

    @property
    def carried(self) -> tuple[Carried, ...]:
        """The lines that no movement of the balance stands for, the newest first."""
        return tuple(line for line in (self.carried_out, self.carried_in) if line is not None)


def open_settlement(tenant: str, currency: str, occasion: Occasion) -> Settlement:
    """The first statement of a currency."""
    return Settlement(tenant=tenant, id=currency, statement=occasion.mint("st"))


def available(settlement: Settlement, lines: Lines) -> Money:
    """What can be paid out, once every line that is due is taken; it may be less than nothing."""
    return Money(settlement.carried + lines.net, settlement.id)


def create(
    settlement: Settlement, lines: Lines, order: Order, bank: str, occasion: Occasion
) -> tuple[Payout, Decision]:
    """Close a statement, and pay it out but for what is carried over.

    Raises Refused(BALANCE_INSUFFICIENT, "amount") where less is available, NOTHING_TO_PAY_OUT where nothing is, or by
    the schedule less than it is to pay out, or where that has paid out today.
    """
    assert order.destination is not None, settlement.statement
    left = available(settlement, lines)
    today = occasion.now // DAY
    is_made = order.automatic and settlement.scheduled_on == today
    if left.amount < order.at_least or is_made:
        raise Refused(Reason.NOTHING_TO_PAY_OUT, "amount", available=left)
    amount = left if order.amount is None else Money(order.amount, left.currency)
    if amount > left:
        raise Refused(Reason.BALANCE_INSUFFICIENT, "amount", at_most=left)
    id, rest = occasion.mint("po"), (left - amount).amount
    brought = Carried(occasion.mint("bt"), settlement.carried, settlement.carried_from) if settlement.carried else None
    posting = Posting(accounts.PAYABLE, accounts.IN_TRANSIT, amount)
    posted = _entry(settlement.tenant, id, "created", posting, MovementType.PAYOUT, occasion)
    payout = Payout(
        tenant=settlement.tenant,
        id=id,
        created=occasion.now,
        amount=amount,
        destination=order.destination,
        bank=bank,
        statement=settlement.statement,
        lines=lines,
        arrives_at=occasion.now + SENT_AFTER,
        balance_transaction=posted.balance_transaction or "",
        carried_in=brought,
        carried_out=Carried(occasion.mint("bt"), -rest, None) if rest else None,
        automatic=order.automatic,
        description=order.description,
        metadata=order.metadata,
        asked_as=order.asked_as,
        events=1,
    )
    closed = evolve(
        settlement,
        statement=occasion.mint("st"),
        carried=rest,
        carried_from=id if rest else None,
        scheduled_on=today if order.automatic else settlement.scheduled_on,
    )
    return payout, Decision(
        save=(payout, closed),
        post=(posted,),
        announce=(event(EventType.PAYOUT_CREATED, payout, id, 1, occasion),),
        schedule=(Timer(payout.tenant, TimerKind.SEND_PAYOUT, id, occasion.now + SENT_AFTER),),
    )


def cancel(payout: Payout, occasion: Occasion) -> tuple[Payout, Decision]:
    """Give up a payout that the bank has not heard of. Raises Refused(PAYOUT_NOT_PENDING)."""
    state = _moved(payout, Move.CANCEL)
    back = Posting(accounts.IN_TRANSIT, payout.owed, payout.amount)
    posted = _entry(payout.tenant, payout.id, "canceled", back, MovementType.PAYOUT_CANCEL, occasion)
    canceled = evolve(payout, state=state, reversal=_known(posted), events=payout.events + 1)
    return canceled, Decision(
        save=(canceled,),
        post=(posted,),
        announce=(event(EventType.PAYOUT_CANCELED, canceled, payout.id, canceled.events, occasion),),
        schedule=(Timer(payout.tenant, TimerKind.SEND_PAYOUT, payout.id, None),),
    )


def send(payout: Payout, occasion: Occasion) -> tuple[Payout, Decision]:
    """The question to the bank, written down before it is put. Raises Refused(PAYOUT_NOT_PENDING)."""
    attempt = attempts.ask(
        attempt_id(payout.id),
        Kind.PAYOUT,
        payout.amount,
        tenant=payout.tenant,
        payment=payout.id,
        bank=payout.bank,
        occasion=occasion,
    )
    sent = evolve(payout, state=_moved(payout, Move.SEND), attempt=attempt)
    return sent, Decision(save=(sent,), schedule=(follow(sent, occasion),))


def conclude(payout: Payout, outcome: Outcome, occasion: Occasion) -> tuple[Payout, Decision] | None:
    """The payout after a bank's answer; None where that says nothing new.

    Raises attempts.Contradiction where a bank takes back a final answer other than by a return.
    """
    if payout.attempt is None:
        return None
    attempt = attempts.move(payout.attempt, outcome, occasion)
    now, told = payout, Decision()
    if attempt is not None:
        now = evolve(payout, attempt=attempt)
        if attempt.state is State.APPROVED:
            now, told = _told(_paid(now, occasion), occasion)
        elif attempt.is_final and payout.state is PayoutState.IN_TRANSIT:
            now, told = _told(_failed(now, attempt, occasion), occasion)
    if outcome.returned and now.state is PayoutState.PAID:
        now, too = _told(_returned(now, outcome, occasion), occasion)
        told = told.merged(too)
    if now is payout:
        return None
    return now, Decision(save=(now,), schedule=(follow(now, occasion),)).merged(told)


def follow(payout: Payout, occasion: Occasion, *, in_vain: bool = False) -> Timer:
    """The timer that asks the bank what became of a payout, and for some days whether it has come back.

    Where the bank was asked `in_vain`, those days end only once it answers.
    """
    due_at: Instant | None = None
    if payout.attempt is not None and not payout.attempt.is_final:
        due_at = attempts.inquire_at(payout.attempt, occasion)
    elif payout.state is PayoutState.PAID and payout.paid_at:
        may_come_back = in_vain or occasion.now < payout.paid_at + RETURNS_WITHIN
        due_at = occasion.wall + DAY if may_come_back else None
    return Timer(payout.tenant, TimerKind.INQUIRE_PAYOUT, payout.id, due_at)


GONE = Outcome(verdict=Verdict.DECLINED, reason=Reason.ACCOUNT_UNKNOWN)
"""What becomes of a payout whose bank account was deleted before the bank heard of it."""


def attempt_id(payout_id: str) -> str:
    """The reference under which a bank knows a payout."""
    return f"att_{payout_id}"


def payout_of(attempt: str) -> str | None:
    """The payout that an attempt is about; None where it is about a payment."""
    id = attempt.removeprefix("att_")
    return id if id.startswith("po_") else None


_Step = tuple[Payout, Entry, EventType]
"""What happened to a payout: the payout afterwards, what is posted, and what there is to tell."""


def _told(step: _Step, occasion: Occasion) -> tuple[Payout, Decision]:
    payout, posted, type = step
    payout = evolve(payout, events=payout.events + 1)
    told = event(type, payout, payout.id, payout.events, occasion)
    return payout, Decision(post=(posted,), announce=(told,))


def _paid(payout: Payout, occasion: Occasion) -> _Step:
    state = _moved(payout, Move.PAY)
    # After a late yes the money has come back to the balance already, and leaves it once more.
    source = payout.owed if payout.reversal else accounts.IN_TRANSIT
    posting = Posting(source, accounts.receivable(payout.bank), payout.amount)
    posted = _entry(payout.tenant, payout.id, "paid", posting, MovementType.ADJUSTMENT, occasion)
    return evolve(payout, state=state, failure=None, paid_at=occasion.now), posted, EventType.PAYOUT_PAID


def _failed(payout: Payout, attempt: Attempt, occasion: Occasion) -> _Step:
    # What the bank never heard of is no fault of the account's: to the merchant it could not be carried out.
    reason = attempt.reason if attempt.state is State.DECLINED else None
    back = Posting(accounts.IN_TRANSIT, payout.owed, payout.amount)
    posted = _entry(payout.tenant, payout.id, "failed", back, MovementType.PAYOUT_FAILURE, occasion)
    failed = evolve(
        payout,
        state=_moved(payout, Move.FAIL),
        failure=Failure(reason or Reason.PAYOUT_DECLINED, attempt.bank_code),
        reversal=_known(posted),
    )
    return failed, posted, EventType.PAYOUT_FAILED


def _returned(payout: Payout, outcome: Outcome, occasion: Occasion) -> _Step:
    back = Posting(accounts.receivable(payout.bank), payout.owed, payout.amount)
    posted = _entry(payout.tenant, payout.id, "returned", back, MovementType.PAYOUT_FAILURE, occasion)
    failed = evolve(
        payout,
        state=_moved(payout, Move.RETURN),
        failure=Failure(outcome.returned or Reason.PAYOUT_DECLINED, outcome.bank_code),
        returned=_known(posted),
    )
    return failed, posted, EventType.PAYOUT_FAILED


def _known(posted: Entry) -> str:
    """By what a movement is known: of the merchant's balance, or of a party's."""
    return posted.balance_transaction or posted.id


def _moved(payout: Payout, move: Move) -> PayoutState:
    state = MOVES.get((payout.state, move))
    if state is None:
        raise Refused(Reason.PAYOUT_NOT_PENDING, "payout", status=payout.state)
    return state


def _entry(
    tenant: str, payout: str, what: str, posting: Posting, type: ledger.MovementType, occasion: Occasion
) -> Entry:
    return entry(tenant, f"{payout}:{what}", payout, (posting,), occasion, type)
