"""Disputes: money that a bank takes back because a cardholder objects, until it is decided whose it is."""

import enum
from typing import ClassVar

import msgspec

from tillgate.core import accounts, attempts, escrow_orders, metadata, totals
from tillgate.core.attempts import Contradiction
from tillgate.core.decisions import Alias, Decision
from tillgate.core.events import EventType, event
from tillgate.core.instants import DAY, HOUR, SECOND, Duration, Instant
from tillgate.core.ledger import Entry, Posting, entry
from tillgate.core.metadata import Notes
from tillgate.core.money import Money
from tillgate.core.occasions import Occasion
from tillgate.core.payments import Payment
from tillgate.core.personal import Personal
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import Record, evolve
from tillgate.core.timers import Timer, TimerKind

MOST_CHARACTERS = 50_000
"""How long all texts of a dispute's evidence may be together."""


class DisputeReason(enum.StrEnum):
    """What the cardholder objects to, as card schemes group their reason codes."""

    CREDIT_NOT_PROCESSED = "credit_not_processed"
    DUPLICATE = "duplicate"
    FRAUDULENT = "fraudulent"
    GENERAL = "general"
    PRODUCT_NOT_RECEIVED = "product_not_received"
    PRODUCT_UNACCEPTABLE = "product_unacceptable"
    SUBSCRIPTION_CANCELED = "subscription_canceled"
    UNRECOGNIZED = "unrecognized"


class DisputeStatus(enum.StrEnum):
    """Where a dispute stands. The bank alone decides."""

    NEEDS_RESPONSE = "needs_response"
    """The merchant may send evidence, or accept, until the evidence is due."""
    UNDER_REVIEW = "under_review"
    """The bank looks at the evidence."""
    WON = "won"
    """The money is the merchant's."""
    LOST = "lost"
    """The money is the cardholder's: decided so, accepted, or nothing was sent in time."""


MOVES: dict[tuple[DisputeStatus, DisputeStatus], DisputeStatus] = {
    (DisputeStatus.NEEDS_RESPONSE, DisputeStatus.UNDER_REVIEW): DisputeStatus.UNDER_REVIEW,
    (DisputeStatus.NEEDS_RESPONSE, DisputeStatus.WON): DisputeStatus.WON,
    (DisputeStatus.NEEDS_RESPONSE, DisputeStatus.LOST): DisputeStatus.LOST,
    (DisputeStatus.UNDER_REVIEW, DisputeStatus.WON): DisputeStatus.WON,
    (DisputeStatus.UNDER_REVIEW, DisputeStatus.LOST): DisputeStatus.LOST,
}
"""By where a dispute stands and where the bank says that it does: where it stands then. What is missing is no news."""

CLOSED = frozenset({DisputeStatus.WON, DisputeStatus.LOST})
"""States in which nothing more is to come."""


class ResponseKind(enum.StrEnum):
    """What a merchant tells the bank."""

    EVIDENCE = "evidence"
    ACCEPTANCE = "acceptance"
    """The cardholder is right."""


class Response(msgspec.Struct, frozen=True):
    """What the bank is to be told, from being written down until the bank says that it knows.

    It is told again under the same id as often as it takes: nothing in it is secret, and a bank takes an id once.
    `repeats` counts how often it was.
    """

    id: str
    kind: ResponseKind
    repeats: int = 0


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What a bank says of a dispute, all of it, as it stands.

    `reference` is the bank's name for it, `target` the attempt under which the bank took the money, and `response` the
    id of the response that the bank has taken.
    """

    reference: str
    target: str
    amount: Money
    reason: DisputeReason
    status: DisputeStatus
    evidence_due_by: Instant
    response: str | None = None


class Dispute(Record, frozen=True, kw_only=True, omit_defaults=True):
    """An objection to a payment. `evidence` is texts by the name of what they show.

    `amount` is what the bank took back, `fee` (minor units of the same currency) what handling it costs the merchant.
    `response` is on its way to the bank; `responses` counts them.
    """

    SHAPE: ClassVar[int] = 2

    created: Instant
    payment: str
    amount: Money
    reason: DisputeReason
    status: DisputeStatus
    evidence_due_by: Instant
    bank: str
    bank_reference: str
    target: str
    fee: int = 0
    evidence: Personal[dict[str, str]] = {}
    metadata: Personal[dict[str, str]] = {}
    asked_as: dict[str, str] = {}
    response: Response | None = None
    responses: int = 0
    submitted_at: Instant | None = None
    closed_at: Instant | None = None

    @property
    def is_closed(self) -> bool:
        """It is decided."""
        return self.status in CLOSED


class Standing(msgspec.Struct, frozen=True):
    """Where a dispute stands, with its payment."""

    payment: Payment
    dispute: Dispute


def alias(bank: str) -> str:
    """The kind of alias under which a bank's name for a dispute is kept."""
    return f"dispute:{bank}"


def learn(
    payment: Payment, dispute: Dispute | None, said: Statement, fee: int, occasion: Occasion
) -> tuple[Standing, Decision] | None:
    """Where things stand after a bank's statement, and the decision; None where it says nothing new.

    `fee` (minor units) is charged where the dispute is new. Whatever the bank took is booked, be it more than the
    payment has left. Raises Contradiction where the bank takes back what it decided, or speaks of other money.
    """
    known = dispute or _opened(payment, said, fee, occasion)
    if (known.amount, known.target) != (said.amount, said.target):
        raise Contradiction(f"{known.id}: {said.reference} is now about something else")
    if said.amount.currency != payment.amount.currency:
        raise Contradiction(f"{payment.id}: {said.reference} is about {said.amount.currency}")
    moved = _moved(known, said, occasion)
    if moved is dispute:
        return None
    taken = _taken(moved) - (_taken(dispute) if dispute else 0)
    changed = totals.disputed(payment, taken, moved.id)
    told = _news(payment, dispute, moved)
    changed = evolve(changed, events=payment.events + len(told))
    views = {EventType.PAYMENT_CREATED: payment}
    decision = Decision(
        save=(changed, moved),
        post=_entries(dispute, moved, occasion),
        announce=tuple(
            event(type, views.get(type, moved), payment.id, number, occasion)
            for number, type in enumerate(told, start=payment.events + 1)
        ),
        schedule=(follow(moved, occasion), *_settling(changed, moved)),
        name=() if dispute else (Alias(moved.tenant, alias(moved.bank), moved.bank_reference, moved.id),),
    )
    return Standing(changed, moved), decision


def _settling(payment: Payment, dispute: Dispute) -> tuple[Timer, ...]:
    # Money that is held in escrow has waited for the bank to decide whose it is.
    return (escrow_orders.timer(payment),) if dispute.is_closed and payment.escrow else ()


def _opened(payment: Payment, said: Statement, fee: int, occasion: Occasion) -> Dispute:
    return Dispute(
        tenant=payment.tenant,
        id=occasion.mint("dp"),
        created=occasion.now,
        payment=payment.id,
        amount=said.amount,
        reason=said.reason,
        status=DisputeStatus.NEEDS_RESPONSE,
        evidence_due_by=said.evidence_due_by,
        bank=payment.bank,
        bank_reference=said.reference,
        target=said.target,
        fee=fee,
        asked_as=payment.asked_as,
    )


def _moved(dispute: Dispute, said: Statement, occasion: Occasion) -> Dispute:
    """The dispute after a statement; the very same where that is no news."""
    status = MOVES.get((dispute.status, said.status), dispute.status)
    if said.status in CLOSED and status is not said.status:
        raise Contradiction(f"{dispute.id}: {dispute.status} and now {said.status}")
    heard = dispute.response is not None and (
        said.response == dispute.response.id or status is not DisputeStatus.NEEDS_RESPONSE
    )
    if status is dispute.status and not heard:
        return dispute
    taken = dispute.response if heard and dispute.response and said.response == dispute.response.id else None
    submitted = taken is not None and taken.kind is ResponseKind.EVIDENCE
    return evolve(
        dispute,
        status=status,
        response=None if heard else dispute.response,
        submitted_at=occasion.now if submitted else dispute.submitted_at,
        closed_at=occasion.now if status in CLOSED else None,
    )


def _taken(dispute: Dispute) -> int:
    """What of the disputed money the bank has, in minor units."""
    return 0 if dispute.status is DisputeStatus.WON else dispute.amount.amount


def _news(payment: Payment, before: Dispute | None, after: Dispute) -> list[EventType]:
    """What there is to tell, in order; a payment is told of before its dispute, even if its charge is in doubt yet."""
    news: list[EventType] = []
    if before is None:
        if payment.events == 0:
            news.append(EventType.PAYMENT_CREATED)
        news += [EventType.DISPUTE_CREATED, EventType.DISPUTE_FUNDS_WITHDRAWN]
    match after.status:
        case DisputeStatus.UNDER_REVIEW:
            news.append(EventType.DISPUTE_UPDATED)
        case DisputeStatus.WON:
            news += [EventType.DISPUTE_FUNDS_REINSTATED, EventType.DISPUTE_CLOSED]
        case DisputeStatus.LOST:
            news.append(EventType.DISPUTE_CLOSED)
        case DisputeStatus.NEEDS_RESPONSE:
            pass
    return news


def _opening(dispute: Dispute) -> tuple[Posting, ...]:
    """What moves when a bank opens a dispute: the money that it takes back, and the fee."""
    taken = Posting(accounts.PAYABLE, accounts.disputed(dispute.bank), dispute.amount)
    if not dispute.fee:
        return (taken,)
    return (taken, Posting(accounts.PAYABLE, accounts.DISPUTE_FEES, Money(dispute.fee, dispute.amount.currency)))


def _entries(before: Dispute | None, after: Dispute, occasion: Occasion) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    if before is None:
        entries.append(entry(after.tenant, f"{after.id}:opened", after.id, _opening(after), occasion))
    if after.status is DisputeStatus.WON:
        # The money comes back, the fee does not.
        returned = Posting(accounts.disputed(after.bank), accounts.PAYABLE, after.amount)
        entries.append(entry(after.tenant, f"{after.id}:won", after.id, (returned,), occasion))
    return tuple(entries)


def revise(
    standing: Standing,
    evidence: dict[str, str],
    notes: Notes,
    occasion: Occasion,
    *,
    respond: ResponseKind | None = None,
) -> tuple[Standing, Decision]:
    """The dispute with other evidence and metadata, name by name (an empty text takes one off), and a response begun.

    Raises Refused(DISPUTE_CLOSED) where the bank waits for no evidence (any more), Refused(IN_PROGRESS) while a
    response is on its way, Refused(PARAMETER_MISSING, `evidence`) where there is none to send, and
    Refused(PARAMETER_INVALID, `evidence`) for too much of it.
    """
    dispute = standing.dispute
    if evidence or respond:
        _check_open(dispute, occasion)
    changed = evolve(dispute, evidence=_merged(dispute.evidence, evidence))
    changed = evolve(changed, metadata=metadata.changed(dispute.metadata, notes))
    if sum(map(len, changed.evidence.values())) > MOST_CHARACTERS:
        raise Refused(Reason.PARAMETER_INVALID, "evidence", problem=f"it takes {MOST_CHARACTERS} characters in all")
    if respond is ResponseKind.EVIDENCE and not changed.evidence:
        raise Refused(Reason.PARAMETER_MISSING, "evidence")
    told = changed != dispute
    if respond:
        number = dispute.responses + 1
        changed = evolve(changed, responses=number, response=Response(f"{dispute.id}_{number}", respond))
    decision = Decision(save=(changed,), schedule=(follow(changed, occasion),))
    if not told:
        return Standing(standing.payment, changed), decision if respond else Decision()
    payment = evolve(standing.payment, events=standing.payment.events + 1)
    announced = event(EventType.DISPUTE_UPDATED, changed, payment.id, payment.events, occasion)
    return Standing(payment, changed), Decision(save=(payment,), announce=(announced,)).merged(decision)


def _check_open(dispute: Dispute, occasion: Occasion) -> None:
    if dispute.response is not None:
        raise Refused(Reason.IN_PROGRESS, "dispute", status=dispute.status)
    if dispute.status is not DisputeStatus.NEEDS_RESPONSE or occasion.now >= dispute.evidence_due_by:
        raise Refused(Reason.DISPUTE_CLOSED, "dispute", status=dispute.status)


def _merged(texts: dict[str, str], changes: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in {**texts, **changes}.items() if text}


_UNHEARD: Duration = 20 * SECOND
"""How soon after telling a bank something it is told again."""


def followed(dispute: Dispute, occasion: Occasion) -> Decision:
    """When a bank that was told again, or asked, is next; what it does not confirm is told ever more rarely."""
    if dispute.response is not None:
        again = msgspec.structs.replace(dispute.response, repeats=dispute.response.repeats + 1)
        dispute = evolve(dispute, response=again)
        return Decision(save=(dispute,), schedule=(follow(dispute, occasion),))
    return Decision(schedule=(follow(dispute, occasion),))


def follow(dispute: Dispute, occasion: Occasion) -> Timer:
    """The timer that tells the bank again what it may not have heard, and asks it how the dispute stands.

    A bank speaks up by itself; but daily, and when the evidence is due, it is asked all the same.
    """
    now, due_at = occasion.now, occasion.now + DAY
    if dispute.response is not None:
        due_at = now + max(_UNHEARD, attempts.pause(dispute.response.repeats))
    elif dispute.status is DisputeStatus.NEEDS_RESPONSE:
        due_at = min(due_at, dispute.evidence_due_by) if dispute.evidence_due_by > now else now + HOUR
    return Timer(dispute.tenant, TimerKind.FOLLOW_DISPUTE, dispute.id, None if dispute.is_closed else due_at)
