"""Payment methods: cards kept under seal, and the single-use tokens that stand for one."""

from tillgate.core.cards import CardSummary
from tillgate.core.instants import DAY, MINUTE, Duration, Instant
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import Record, evolve

UNATTACHED_CARD_LASTS: Duration = DAY
"""How long a card that belongs to no customer is kept after its last attempt."""

TOKEN_LASTS: Duration = 15 * MINUTE
"""How long a token, and the CVC sealed in it, may wait for the first attempt."""


class PaymentMethod(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A card: what may be shown of it, and the sealed number (`sealed` is None once it was destroyed).

    `destroy_at` (wall time) says when the number is destroyed; None while a customer keeps the card.
    """

    created: Instant
    card: CardSummary
    sealed: bytes | None
    destroy_at: Instant | None
    customer: str | None = None


class Token(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A card for one use. `sealed_cvc` is erased by the first attempt, and by time at the latest (wall time)."""

    created: Instant
    payment_method: str
    card: CardSummary
    expires_at: Instant
    sealed_cvc: bytes | None = None
    used_by: str | None = None


def used(method: PaymentMethod, wall: Instant) -> PaymentMethod:
    """A card that an attempt is made with: one that nobody keeps lasts a day from now.

    Raises Refused(CARD_GONE) where the number was destroyed.
    """
    if method.sealed is None or (method.destroy_at is not None and method.destroy_at <= wall):
        raise Refused(Reason.CARD_GONE, "payment_method")
    if method.customer is not None:
        return method
    return evolve(method, destroy_at=wall + UNATTACHED_CARD_LASTS)


def spend(token: Token, payment: str, wall: Instant) -> Token:
    """The token after its one use, its CVC erased.

    Raises Refused(TOKEN_USED) or Refused(TOKEN_EXPIRED).
    """
    if token.used_by is not None:
        raise Refused(Reason.TOKEN_USED, "payment_method")
    if token.expires_at <= wall:
        raise Refused(Reason.TOKEN_EXPIRED, "payment_method")
    return evolve(token, used_by=payment, sealed_cvc=None)


def destroyed(method: PaymentMethod) -> PaymentMethod:
    """The card without its number; what may be shown of it stays."""
    return evolve(method, sealed=None, destroy_at=None)


def emptied(token: Token) -> Token:
    """A token whose time is over, its CVC erased."""
    return evolve(token, sealed_cvc=None)
