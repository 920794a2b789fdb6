"""Profiles: how a merchant shows itself, read and changed."""

from collections.abc import Callable, Mapping
from typing import Any

from tillgate.core import web_origins
from tillgate.core.decisions import Decision
from tillgate.core.merchants import Tenant
from tillgate.core.profiles import Profile
from tillgate.core.records import evolve
from tillgate.flows.gateway import Gateway
from tillgate.store import find
from tillgate.store.batches import Conflict, Taken


async def of(gateway: Gateway, tenant: Tenant) -> Profile:
    """A merchant's profile; an empty one until something was said."""
    return await find.record(gateway.store, Profile, tenant.id, tenant.id) or Profile(tenant=tenant.id, id=tenant.id)


async def name(gateway: Gateway, tenant: Tenant) -> str:
    """What payers know a merchant by."""
    return (await of(gateway, tenant)).display_name or tenant.name


async def frames(gateway: Gateway, tenant: Tenant) -> tuple[str, ...]:
    """The origins whose pages may hold a frame of the merchant's, as a policy's frame-ancestors names them.

    Where none is registered: with test money, pages on the reader's own machine; with real money nobody's.
    """
    registered = (await of(gateway, tenant)).origins
    return registered or (() if tenant.is_live else web_origins.LOOPBACK)


async def update(gateway: Gateway, tenant: Tenant, changes: Mapping[str, Any]) -> Profile:
    """Other fields of a profile, by the names that they have there."""
    return await _changed(gateway, tenant, lambda profile: evolve(profile, **changes))


async def register(gateway: Gateway, tenant: Tenant, others: Callable[[tuple[str, ...]], tuple[str, ...]]) -> Profile:
    """Other origins than those that are registered now. Raises what `others` does."""
    return await _changed(gateway, tenant, lambda profile: evolve(profile, origins=others(profile.origins)))


async def _changed(gateway: Gateway, tenant: Tenant, change: Callable[[Profile], Profile]) -> Profile:
    while True:
        changed = change(await of(gateway, tenant))
        try:
            await gateway.store.commit(Decision(save=(changed,)))
            return changed
        except (Conflict, Taken):
            continue
