"""Tickets: payments by phone, what may be done to one in which state, and by what it is found."""

import enum

from tillgate.core import cancellations
from tillgate.core.attempts import Kind
from tillgate.core.instants import Instant
from tillgate.core.payments import Payment
from tillgate.core.phone_wallets import Ticket
from tillgate.core.reasons import Reason, Refused

ALIAS = "ticket"
"""The kind of alias by which a ticket's number is known, whosever it is."""

REFERENCE = "reference"
"""The kind of alias by which a paid ticket is known, whosever it is."""


class TicketStatus(enum.StrEnum):
    """Where a payment by phone stands; derived from its facts, and from the time."""

    OPEN = "open"
    """It waits for its customer."""
    CONFIRMED = "confirmed"
    """Its customer's money is held."""
    COMPLETED = "completed"
    CANCELED = "canceled"


def of(payment: Payment) -> Ticket:
    """The ticket of a payment that has one. Raises Refused(NOT_FOUND) for one by card."""
    if payment.ticket is None:
        raise Refused(Reason.NOT_FOUND, "ticket", object="ticket", id=payment.id)
    return payment.ticket


def status(payment: Payment, now: Instant) -> TicketStatus:
    """Where it stands at a time: what is neither paid nor canceled when its time is over will not be paid.

    What is being taken by then may have been: until that is known, it is not over.
    """
    if payment.captured:
        return TicketStatus.COMPLETED
    if payment.canceled or _has_run_out(payment, now):
        return TicketStatus.CANCELED
    return TicketStatus.CONFIRMED if payment.authorized else TicketStatus.OPEN


def is_expired(payment: Payment, now: Instant) -> bool:
    """Whether it is over since nobody acted in time."""
    if payment.canceled:
        return payment.canceled.cause in cancellations.OVER_TIME
    return not payment.captured and _has_run_out(payment, now)


def _has_run_out(payment: Payment, now: Instant) -> bool:
    return now >= of(payment).expires_at and not payment.reserved(Kind.CAPTURE)


def assert_payable(payment: Payment, now: Instant) -> None:
    """Raises Refused(TICKET_EXPIRED, TICKET_OVER, TICKET_UNCONFIRMED) for what cannot be taken."""
    if is_expired(payment, now):
        raise Refused(Reason.TICKET_EXPIRED, "ticket")
    now_is = status(payment, now)
    if now_is is TicketStatus.OPEN:
        raise Refused(Reason.TICKET_UNCONFIRMED, "ticket")
    if now_is is not TicketStatus.CONFIRMED:
        raise Refused(Reason.TICKET_OVER, "ticket")


def assert_cancelable(payment: Payment, now: Instant) -> None:
    """Raises Refused(TICKET_OVER) for what is paid or canceled already."""
    if status(payment, now) not in (TicketStatus.OPEN, TicketStatus.CONFIRMED):
        raise Refused(Reason.TICKET_OVER, "ticket")


def assert_movable(payment: Payment, now: Instant) -> None:
    """Raises Refused(TICKET_CONFIRMED) where a customer has confirmed, TICKET_OVER where it is over."""
    now_is = status(payment, now)
    if now_is in (TicketStatus.CONFIRMED, TicketStatus.COMPLETED):
        raise Refused(Reason.TICKET_CONFIRMED, "ticket")
    if now_is is not TicketStatus.OPEN:
        raise Refused(Reason.TICKET_OVER, "ticket")


def place(payment: Payment) -> str:
    """What aliases of tickets stand for: whose it is, and its id."""
    return f"{payment.tenant} {payment.id}"


def terms(payment: Payment) -> frozenset[tuple[str, str]]:
    """By what a payment by phone is found beside its metadata, once it is paid."""
    ticket = payment.ticket
    if ticket is None or not payment.captured:
        return frozenset()
    known = {"ticket.phone": ticket.phone}
    if ticket.payer is not None:
        known |= {"ticket.name": ticket.payer.name, "ticket.email": ticket.payer.email}
    return frozenset({("ticket", "completed"), *((name, value) for name, value in known.items() if value)})
