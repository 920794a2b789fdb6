"""Instructions: by which methods of which providers somebody can pay, and what they must do for it."""

import enum
from typing import Any

import msgspec

from tillgate.core.collecting_accounts import CollectingAccount
from tillgate.core.instants import Instant
from tillgate.core.money import Money


class How(enum.StrEnum):
    """In what way a payer is asked for the money."""

    CARD = "card"
    """They write down their card."""
    DEVICE = "device"
    """Their device hands over a card of its wallet."""
    PHONE = "phone"
    """They confirm on the phone."""
    TRANSFER = "transfer"
    """They have their bank send it."""


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A method of a provider. `currency`, `least` and `most` (minor units) say what it takes, where not everything."""

    provider: str
    method: str
    title: str
    how: How
    currency: str | None = None
    least: int | None = None
    most: int | None = None

    def takes(self, money: Money) -> bool:
        """Whether so much can be paid by it."""
        return (
            self.currency in (None, money.currency)
            and (self.least is None or money.amount >= self.least)
            and (self.most is None or money.amount <= self.most)
        )


class Field(msgspec.Struct, frozen=True):
    """Something to read, and maybe to copy."""

    label: str
    value: str
    copyable: bool = False


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody is to pay: how much, to whom, for what, on which page, until when.

    `phone` is who is asked; a transfer goes to an `account`, under a `reference`.
    """

    payment: str
    merchant_id: str
    amount: Money
    merchant: str
    label: str
    page: str
    expires_at: Instant
    phone: str = ""
    account: CollectingAccount | None = None
    reference: str = ""


class Instructions(msgspec.Struct, frozen=True, kw_only=True):
    """What a payer must do. `qr` is the text of a QR code; `request` is what their device is to be asked for."""

    title: str
    steps: tuple[str, ...]
    fields: tuple[Field, ...] = ()
    qr: str | None = None
    request: dict[str, Any] | None = None
