"""Listings: what a list takes, finds and shows, said once for its pages and for its export."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import msgspec

from tillgate.core.credentials import Scope
from tillgate.store.lists import Cursor


class Found(Protocol):
    """A page of records, newest first."""

    @property
    def records(self) -> Sequence[Any]:
        """The records, each with an id that tells when it was made."""

    @property
    def has_more(self) -> bool:
        """Whether there are more in the direction of paging."""


class Listing(msgspec.Struct, frozen=True):
    """A list: its name, what its ids begin with, what it takes and shows, how a page is found and each record shown."""

    name: str
    prefix: str
    scope: Scope
    takes: type[Any]
    shows: type[msgspec.Struct]
    find: Callable[[Any, Any, Cursor], Awaitable[Found]]
    show: Callable[[Any, Any], msgspec.Struct]
