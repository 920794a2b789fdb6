"""Mails of escrow orders: what their buyers are told, begun with the decision by which it happens."""

from collections.abc import Mapping, Sequence
from typing import Final

from tillgate.core import mails
from tillgate.core.escrows import Escrow, EscrowStatus, Side
from tillgate.core.events import EventType
from tillgate.core.mails import Mail, MailKind
from tillgate.core.occasions import Occasion
from tillgate.core.payments import Payment

KINDS: Final[Mapping[EventType, MailKind]] = {
    EventType.ESCROW_ORDER_PAID: MailKind.ORDER_PAID,
    EventType.ESCROW_ORDER_DELIVERED: MailKind.ORDER_DELIVERED,
    EventType.ESCROW_ORDER_CONTESTED: MailKind.ORDER_CONTESTED,
    EventType.ESCROW_ORDER_DISPUTED: MailKind.ORDER_CONTESTED,
    EventType.ESCROW_ORDER_RESUMED: MailKind.ORDER_RESUMED,
    EventType.ESCROW_ORDER_DISPUTE_WITHDRAWN: MailKind.ORDER_DECIDED,
    EventType.ESCROW_ORDER_DISPUTE_RESOLVED: MailKind.ORDER_DECIDED,
    EventType.ESCROW_ORDER_CANCELED: MailKind.ORDER_CANCELED,
    EventType.ESCROW_ORDER_COMPLETED: MailKind.ORDER_COMPLETED,
}
"""Which mail tells a buyer of what; of the rest they know, or hear with what comes of it."""

_STANDS: Final[Mapping[MailKind, frozenset[EscrowStatus]]] = {
    MailKind.ORDER_DELIVERED: frozenset({EscrowStatus.AWAITING_BUYER_RESPONSE}),
    MailKind.ORDER_CONTESTED: frozenset({EscrowStatus.DISPUTE, EscrowStatus.DISPUTED}),
    MailKind.ORDER_RESUMED: frozenset({EscrowStatus.AWAITING_BUYER_RESPONSE, EscrowStatus.REJECTED}),
    MailKind.ORDER_DECIDED: frozenset({EscrowStatus.DISPUTE_RESOLVED, EscrowStatus.COMPLETED}),
    MailKind.ORDER_CANCELED: frozenset({EscrowStatus.CANCELED, EscrowStatus.COMPLETED}),
    MailKind.ORDER_COMPLETED: frozenset({EscrowStatus.COMPLETED}),
}


def begun(payment: Payment, types: Sequence[EventType], occasion: Occasion) -> tuple[Mail, ...]:
    """The mails to the buyer of an order to which this has happened; nobody is told of a dispute that they began."""
    escrow, language = payment.escrow, payment.checkout.locale if payment.checkout else None
    if escrow is None:
        return ()
    is_by_buyer = bool(escrow.history) and escrow.history[-1].side is Side.BUYER
    kinds = {KINDS[type]: None for type in types if type in KINDS}
    if is_by_buyer:
        kinds.pop(MailKind.ORDER_CONTESTED, None)
    return tuple(mails.begin(kind, payment.id, payment.tenant, occasion, language) for kind in kinds)


def is_true(kind: MailKind, escrow: Escrow) -> bool:
    """Whether a mail says what is so still: of what is so by now another mail tells."""
    return kind not in _STANDS or escrow.status in _STANDS[kind]
