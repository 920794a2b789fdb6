"""Escrow settings: on which terms a merchant's orders are held."""

from collections.abc import Mapping
from typing import Any

from tillgate.core import escrow_settings
from tillgate.core.decisions import Decision
from tillgate.core.escrow_settings import EscrowSettings
from tillgate.core.records import evolve
from tillgate.flows.gateway import Caller, Gateway
from tillgate.store import find
from tillgate.store.batches import Conflict, Taken


async def fetch(gateway: Gateway, tenant: str) -> EscrowSettings:
    """A merchant's settings."""
    return await find.record(gateway.store, EscrowSettings, tenant, escrow_settings.ID) or escrow_settings.of(tenant)


async def update(gateway: Gateway, caller: Caller, changes: Mapping[str, Any]) -> EscrowSettings:
    """Other terms, by the names that they have there, for orders that are opened from now on."""
    while True:
        changed = evolve(await fetch(gateway, caller.tenant.id), **changes)
        try:
            await gateway.store.commit(Decision(save=(changed,)))
            return changed
        except (Conflict, Taken):
            continue
