"""The office: what an operator's commands work with, and how each says what it takes and why it cannot be done."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from tillgate.core.merchants import Tenant
from tillgate.core.reasons import Refused
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Gateway
from tillgate.vault.data_keys import DataKeys
from tillgate.vault.envelope import Envelope


class Office(msgspec.Struct, frozen=True):
    """What commands work with."""

    gateway: Gateway
    directory: Directory
    data_keys: DataKeys
    envelope: Envelope


class Impossible(Exception):
    """What was asked cannot be done; the text says why, and what to do."""


class Command(msgspec.Struct, frozen=True):
    """What a command takes, and what carries it out. It raises Impossible and whatever a flow does."""

    takes: type[msgspec.Struct]
    carry_out: Callable[[Office, Any], Awaitable[Any]]


async def merchant(office: Office, id: str) -> Tenant:
    """The merchant with this id. Raises Impossible."""
    try:
        return await office.directory.tenant(id)
    except Refused:
        raise Impossible(f"There is no merchant {id}; `tillgate merchants list` names them.") from None
