"""Profiles: how a merchant shows itself, read and changed."""

from collections.abc import Mapping
from typing import Any

from tillgate.core.decisions import Decision
from tillgate.core.merchants import Tenant
from tillgate.core.profiles import Profile
from tillgate.core.records import evolve
from tillgate.flows.gateway import Caller, Gateway
from tillgate.store import find
from tillgate.store.batches import Conflict, Taken


async def of(gateway: Gateway, tenant: Tenant) -> Profile:
    """A merchant's profile; an empty one until something was said."""
    return await find.record(gateway.store, Profile, tenant.id, tenant.id) or Profile(tenant=tenant.id, id=tenant.id)


async def name(gateway: Gateway, tenant: Tenant) -> str:
    """What payers know a merchant by."""
    return (await of(gateway, tenant)).display_name or tenant.name


async def update(gateway: Gateway, caller: Caller, changes: Mapping[str, Any]) -> Profile:
    """Other fields of a profile, by the names that they have there."""
    while True:
        changed = evolve(await of(gateway, caller.tenant), **changes)
        try:
            await gateway.store.commit(Decision(save=(changed,)))
            return changed
        except (Conflict, Taken):
            continue
