"""Profiles: how a merchant shows itself to those who pay: name, addresses, color and logo."""

from typing import Final

from tillgate.core.records import Record

LARGEST_LOGO: Final = 64 * 1024
"""How many bytes a logo may have."""


class Profile(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A merchant's profile; its id is the tenant's.

    `color` is `#rrggbb`, `logo` the bytes of a picture of `logo_type` (`image/png`, `image/jpeg`, `image/webp`).
    What is None is left to the page that shows it.
    """

    display_name: str | None = None
    website: str | None = None
    support_email: str | None = None
    support_phone: str | None = None
    color: str | None = None
    logo: bytes | None = None
    logo_type: str | None = None
