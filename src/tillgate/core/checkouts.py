"""Checkouts: what more is known of a payment whose payer chooses on a page how to pay (core.checkout_payments)."""

import enum
from typing import Final

import msgspec

from tillgate.core.instants import DAY, Duration, Instant

LASTS: Final[Duration] = 365 * DAY
"""How long a checkout can be paid, unless its merchant says otherwise."""

LONGEST: Final[Duration] = 5 * 365 * DAY

PAGE: Final = "/checkout"
"""Where payers pay, on this server."""

ALIAS: Final = "checkout"
"""The kind of alias by which a checkout's merchant is known, to whoever holds its link."""

REFERENCE: Final = "checkout_reference"
"""The kind of alias by which an application's open checkout is known by its merchant's reference."""


MOST_LINES: Final = 100
"""How many lines a checkout may have."""


class Method(enum.StrEnum):
    """What a merchant may have a checkout take, in a word; cards that a device hands over are cards."""

    CARD = "card"
    PHONE_WALLET = "phone_wallet"
    BANK_TRANSFER = "bank_transfer"


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Of what is sold: so many, at `unit_amount` minor units each."""

    name: str
    unit_amount: int
    quantity: int = 1
    description: str | None = None

    @property
    def amount(self) -> int:
        """What they cost together, in minor units."""
        return self.unit_amount * self.quantity


class Checkout(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What makes a payment a checkout. Nobody pays after `expires_at`; all times are business time.

    `reference` is the merchant's own name for what is paid, and `reference_label` what payers read. With
    `holds_reference` the application has no other open checkout under it. `is_told` says that the application had an
    address to be told at. `tries` counts how often its payer has tried to pay. `found_at` is since when money is on its
    way, `received_at` when all of it was there, `confirmed_at` when the merchant knew.

    One that was opened as a session (core.checkout_sessions) has no `application`, and may have `lines` that sum to the
    amount, the `methods` alone that may pay, a `locale` for its page, metadata of its own, and the `link` it came by.
    Who has paid goes to `redirect_url`, who gives up to `cancel_url`.
    """

    application: str | None = None
    reference: str
    reference_label: str
    expires_at: Instant
    redirect_url: str | None = None
    cancel_url: str | None = None
    lines: tuple[Line, ...] = ()
    methods: tuple[Method, ...] = ()
    locale: str | None = None
    metadata: dict[str, str] = {}
    link: str | None = None
    allow_underpay: bool = False
    allow_overpay: bool = False
    holds_reference: bool = True
    is_told: bool = False
    tries: int = 0
    found_at: Instant | None = None
    received_at: Instant | None = None
    confirmed_at: Instant | None = None
