"""Intents: what more is known of a payment that is asked for in steps."""

import enum

import msgspec

from tillgate.core.personal import Personal


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
    cancellation_reason: str | None = None
