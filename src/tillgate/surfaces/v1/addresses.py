"""Addresses on the wire: where somebody gets their bills, or what they bought."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from tillgate.core.addresses import Address, Shipping
from tillgate.surfaces.v1.forms import ShortText


class AddressGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where somebody is; `country` is a two-letter code (ISO 3166-1)."""

    line1: ShortText | None = None
    line2: ShortText | None = None
    city: ShortText | None = None
    state: ShortText | None = None
    postal_code: ShortText | None = None
    country: Annotated[str, Meta(min_length=2, max_length=2)] | None = None

    def parse(self) -> Address:
        """The address; an empty text is none."""
        return Address(**_said(self))


class AddressShown(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody is."""

    line1: str | None
    line2: str | None
    city: str | None
    state: str | None
    postal_code: str | None
    country: str | None


class ShippingGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """To whom, and where, something is sent."""

    name: ShortText
    address: AddressGiven
    phone: ShortText | None = None
    carrier: ShortText | None = None
    tracking_number: ShortText | None = None

    def parse(self) -> Shipping:
        """The same, for the core."""
        return Shipping(**{**_said(self), "address": self.address.parse()})


class ShippingShown(msgspec.Struct, frozen=True, kw_only=True):
    """To whom, and where, something is sent."""

    name: str | None
    phone: str | None
    address: AddressShown
    carrier: str | None
    tracking_number: str | None


def show(address: Address) -> AddressShown:
    """An address in this API's form."""
    return AddressShown(**msgspec.structs.asdict(address))


def show_shipping(shipping: Shipping) -> ShippingShown:
    """To whom something is sent, in this API's form."""
    return ShippingShown(**{**msgspec.structs.asdict(shipping), "address": show(shipping.address)})


def _said(given: msgspec.Struct) -> dict[str, Any]:
    return {name: value or None for name, value in msgspec.structs.asdict(given).items()}
