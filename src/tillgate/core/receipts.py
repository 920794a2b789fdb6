"""Receipts: what is confirmed to somebody who has paid, as often as they look, and what they were given back since."""

import enum
from collections.abc import Sequence
from typing import Final

import msgspec

from tillgate.core import arrival_moves, checkout_payments, checkout_sessions
from tillgate.core.cards import CardSummary
from tillgate.core.checkouts import Line
from tillgate.core.instants import Instant
from tillgate.core.money import Money
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.core.refunds import Refund, RefundState

_DIGITS: Final = 8


class Way(enum.StrEnum):
    """How somebody has paid."""

    CARD = "card"
    PHONE = "phone"
    TRANSFER = "transfer"


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What was paid for, when and how, and every refund that has arrived, the first one first.

    `number` is the merchant's receipt by a name that is read aloud; `reference` is the merchant's own for what is paid.
    `received` is what came, which may be less or more than the `total`. Of a phone only the last digits are `known_by`.
    """

    number: str
    payment: str
    paid_at: Instant
    lines: tuple[Line, ...]
    total: Money
    received: Money
    way: Way
    card: CardSummary | None = None
    known_by: str = ""
    reference: str | None = None
    refunds: tuple[Refund, ...] = ()

    @property
    def refunded(self) -> Money:
        """What was given back so far."""
        return Money(sum(one.amount.amount for one in self.refunds), self.total.currency)

    @property
    def kept(self) -> Money:
        """What is paid once that is taken off."""
        return self.received - self.refunded

    @property
    def changed_at(self) -> Instant:
        """Since when it reads as it does."""
        return max(self.paid_at, *(one.created for one in self.refunds)) if self.refunds else self.paid_at


def is_due(payment: Payment) -> bool:
    """Whether all of it was paid, so that there is something to confirm."""
    return payment.checkout is not None and payment.checkout.received_at is not None


def number(payment: Payment) -> str:
    """What a receipt is called: eight characters of its payment's id, which none of the merchant's others has."""
    end = payment.id[-_DIGITS:].upper()
    return f"{end[:4]}-{end[4:]}"


def of(payment: Payment, refunds: Sequence[Refund]) -> Receipt:
    """The receipt of a payment, with the refunds that there were. Raises Refused(NOT_FOUND) before it is paid."""
    paid_at = checkout_payments.of(payment).received_at
    if paid_at is None:
        raise Refused(Reason.NOT_FOUND, "receipt", object="receipt", id=payment.id)
    by = way(payment)
    return Receipt(
        number=number(payment),
        payment=payment.id,
        paid_at=paid_at,
        lines=checkout_sessions.lines(payment),
        total=payment.amount,
        received=checkout_payments.received(payment),
        way=by,
        card=payment.card if by is Way.CARD else None,
        known_by=payment.ticket.phone[-4:] if payment.ticket and by is Way.PHONE else "",
        reference=checkout_sessions.reference(payment),
        refunds=tuple(sorted((one for one in refunds if one.state is RefundState.SUCCEEDED), key=lambda one: one.id)),
    )


def way(payment: Payment) -> Way:
    """How a payment was paid, whatever was tried before."""
    if payment.bank == arrival_moves.BANK:
        return Way.TRANSFER
    return Way.PHONE if payment.ticket else Way.CARD
