"""Addresses: where somebody lives, gets their bills, or has what they bought sent to."""

import msgspec

from tillgate.core.personal import Personal


class Address(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where somebody is; `country` is two letters."""

    line1: Personal[str | None] = None
    line2: Personal[str | None] = None
    city: Personal[str | None] = None
    state: Personal[str | None] = None
    postal_code: Personal[str | None] = None
    country: Personal[str | None] = None


class Shipping(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """To whom, and where, something is sent; `carrier` and `tracking_number` say on which way it is."""

    name: Personal[str | None] = None
    phone: Personal[str | None] = None
    address: Address = Address()
    carrier: str | None = None
    tracking_number: Personal[str | None] = None
