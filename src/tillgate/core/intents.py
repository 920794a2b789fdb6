"""Intents: what more is known of a payment that is asked for in steps."""

import enum
from typing import Final

import msgspec

from tillgate.core.addresses import Shipping
from tillgate.core.personal import Personal
from tillgate.core.reasons import Reason, Refused


class FutureUsage(enum.StrEnum):
    """Whether a card is to be kept for its customer once it has paid, and how it will pay again."""

    ON_SESSION = "on_session"
    OFF_SESSION = "off_session"


class Redirects(enum.StrEnum):
    """Whether methods may pay for which the payer leaves the page; a card's confirmation by its issuer is none."""

    ALWAYS = "always"
    NEVER = "never"


class Intent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What more is known of a payment that is asked for in steps (core.payment_intents).

    Of the last confirmation, `off_session` says that its customer is not there to act, `error_on_requires_action` that
    they shall not have to. Where the methods that may pay were left to us, `automatic_methods` says which kind of them.
    """

    payment_method_types: tuple[str, ...] = ("card",)
    automatic_methods: Redirects | None = None
    setup_future_usage: FutureUsage | None = None
    off_session: bool = False
    error_on_requires_action: bool = False
    receipt_email: Personal[str | None] = None
    shipping: Personal[Shipping | None] = None
    cancellation_reason: str | None = None


MOST_CARDS: Final = 50
"""With so many cards one intent is tried: who has more is testing cards, and every event tells of them all."""


def put_aside(former: tuple[str, ...], current: str | None, chosen: str | None) -> tuple[str, ...]:
    """The cards that an intent was tried with before, once another is `chosen` in the place of the current one.

    Raises Refused(CARDS_EXHAUSTED).
    """
    if current in (None, chosen):
        return former
    if len(former) + 1 >= MOST_CARDS:
        raise Refused(Reason.CARDS_EXHAUSTED, "payment_method", most=MOST_CARDS)
    return (*former, current)
