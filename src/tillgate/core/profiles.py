"""Profiles: how a merchant shows itself to those who pay: name, addresses, color and logo, and where."""

from typing import Final

from tillgate.core.records import Record

LARGEST_LOGO: Final = 64 * 1024
"""How many bytes a logo may have."""


class Profile(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A merchant's profile; its id is the tenant's.

    `color` is `#rrggbb`, `logo` the bytes of a picture of `logo_type` (`image/png`, `image/jpeg`, `image/webp`).
    `origins` are those of the pages that may hold a frame of ours (core/web_origins). What is None is left to the page
    that shows it.
    """

    display_name: str | None = None
    website: str | None = None
    support_email: str | None = None
    support_phone: str | None = None
    color: str | None = None
    logo: bytes | None = None
    logo_type: str | None = None
    origins: tuple[str, ...] = ()
