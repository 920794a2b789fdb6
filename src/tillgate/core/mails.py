"""Mails: letters to people, kept with the decision that causes them, and sent until somebody takes them."""

import enum
import re
from typing import ClassVar, Final

import msgspec

from tillgate.core.instants import DAY, HOUR, MINUTE, Duration, Instant
from tillgate.core.occasions import Occasion
from tillgate.core.payments import Payment
from tillgate.core.records import Record, evolve

WAITS: Final[tuple[Duration, ...]] = (MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR)
"""How long after each try that failed the next one follows; the last is that of all further ones."""

GIVEN_UP_AFTER: Final[Duration] = 4 * DAY
"""How long a mail is tried (RFC 5321, 4.5.4.1)."""

LEASE: Final[Duration] = 5 * MINUTE
"""How long a mail is left to the worker that took it: longer than a try and the writing down of its result."""

SHOWN_FOR: Final[Duration] = 30 * DAY
"""How long one can see what became of a mail, and read those of test merchants."""

JITTER_PERCENT: Final = 10
"""By how much a wait is longer at most."""

_LONGEST_ERROR: Final = 200
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class MailKind(enum.StrEnum):
    """What a mail is."""

    RECEIPT = "receipt"
    """What was paid, to whoever asked for a receipt. About: the payment."""
    ORDER_PAID = "order_paid"
    """An escrow order is paid: where its buyer follows it. About, as all that follow: its payment."""
    ORDER_DELIVERED = "order_delivered"
    """It is for its buyer to answer."""
    ORDER_CONTESTED = "order_contested"
    """The seller's side does not agree with its buyer's rejection."""
    ORDER_RESUMED = "order_resumed"
    """There was nothing to decide: it goes on where it was before the dispute."""
    ORDER_DECIDED = "order_decided"
    """A dispute is over."""
    ORDER_CANCELED = "order_canceled"
    ORDER_COMPLETED = "order_completed"
    """Nothing of its money is held any more."""


class MailState(enum.StrEnum):
    """How far a mail is."""

    DUE = "due"
    """To be written, or sent."""
    SENT = "sent"
    """A server has taken it."""
    FAILED = "failed"
    """Given up."""
    SHOWN = "shown"
    """Of a test merchant: it goes nowhere, and can be read in the sandbox's inbox."""


class Letter(msgspec.Struct, frozen=True):
    """What a mail says: its subject, and the same as text and as HTML."""

    subject: str
    text: str
    html: str

    def __repr__(self) -> str:
        return "Letter(…)"


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """A mail as it is sealed when it is written: every try sends the same. `sender` is the merchant's name."""

    to: str
    sender: str
    language: str
    letter: Letter

    def __repr__(self) -> str:
        return "Content(…)"


class Mail(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A letter about something. It is written as late as it is sent first, and the same is sent until it is taken.

    `sealed` is its content, `recipient` a digest of whom it is for, so that theirs come in order. `written_at`,
    `due_at` (when it is tried next, or comes back from a worker that died) and `erase_at` are wall time.
    """

    SHAPE: ClassVar[int] = 1

    created: Instant
    kind: MailKind
    about: str
    language: str | None = None
    state: MailState = MailState.DUE
    sealed: bytes | None = None
    recipient: str | None = None
    written_at: Instant | None = None
    due_at: Instant | None = None
    tries: int = 0
    error: str | None = None
    erase_at: Instant | None = None


class Delivered(enum.Enum):
    """What became of a try."""

    TAKEN = "taken"
    REFUSED = "refused"
    """For good: there is nobody of that address, or they do not want it."""
    NOT_NOW = "not_now"
    """It may be taken later, or nobody knows whether it was."""


def begin(kind: MailKind, about: str, tenant: str, occasion: Occasion, language: str | None = None) -> Mail:
    """A mail that is to be written, for a decision to save."""
    return Mail(
        tenant=tenant,
        id=occasion.mint("mail"),
        created=occasion.now,
        kind=kind,
        about=about,
        language=language,
        due_at=occasion.wall,
    )


def receipt(before: Payment, payment: Payment, occasion: Occasion) -> tuple[Mail, ...]:
    """The receipt of a payment that has just been paid, where its payer asked for one."""
    if before.captured or not payment.captured or payment.intent is None or not payment.intent.receipt_email:
        return ()
    language = payment.checkout.locale if payment.checkout else None
    return (begin(MailKind.RECEIPT, payment.id, payment.tenant, occasion, language),)


def written(mail: Mail, sealed: bytes, recipient: str, wall: Instant) -> Mail:
    """The mail once it is written, to be sent in its turn."""
    return evolve(mail, sealed=sealed, recipient=recipient, written_at=wall, due_at=wall)


def shown(mail: Mail, sealed: bytes, wall: Instant) -> Mail:
    """The mail of a test merchant once it is written."""
    return evolve(mail, sealed=sealed, written_at=wall, state=MailState.SHOWN, due_at=None, erase_at=wall + SHOWN_FOR)


def taken(mail: Mail, wall: Instant) -> Mail:
    """The mail, left to whoever is about to send it."""
    return evolve(mail, due_at=wall + LEASE)


def after(mail: Mail, delivered: Delivered, error: str | None, wall: Instant, jitter: int) -> Mail:
    """The mail after a try; `jitter` is a random number below 65,536. What was sent is not kept."""
    error = error and plain(error)[:_LONGEST_ERROR]
    if delivered is Delivered.TAKEN:
        return _over(mail, MailState.SENT, None, wall)
    is_given_up = wall - (mail.written_at or wall) >= GIVEN_UP_AFTER
    if delivered is Delivered.REFUSED or is_given_up:
        return _over(evolve(mail, tries=mail.tries + 1), MailState.FAILED, error, wall)
    wait = WAITS[min(mail.tries, len(WAITS) - 1)]
    wait += wait * JITTER_PERCENT * jitter // (100 << 16)
    return evolve(mail, tries=mail.tries + 1, due_at=wall + wait, error=error)


def _over(mail: Mail, state: MailState, error: str | None, wall: Instant) -> Mail:
    return evolve(mail, state=state, error=error, sealed=None, recipient=None, due_at=None, erase_at=wall + SHOWN_FOR)


def plain(text: str) -> str:
    """A text in one line, for headers and names: whatever is no character that can be printed is a space."""
    return _UNPRINTABLE.sub(" ", text).strip()
