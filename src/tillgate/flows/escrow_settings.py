"""Escrow settings: on which terms a merchant's orders are held, and where it is told of them."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec

from tillgate.core import escrow_settings, exchange_rates, webhook_endpoints
from tillgate.core.decisions import Decision
from tillgate.core.escrow_settings import EscrowSettings
from tillgate.core.events import EventType
from tillgate.core.occasions import Occasion
from tillgate.core.records import evolve
from tillgate.core.webhook_endpoints import WebhookEndpoint, Wishes
from tillgate.flows import changes as changing
from tillgate.flows import webhook_endpoints as endpoints
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.flows.idempotency import Key
from tillgate.store import find
from tillgate.store.batches import Conflict, Taken

FORM: Final = ("atarapay", {False: "parts", True: "json"})
"""Surface of what is told of orders, and its version by whether it is JSON."""

_TOLD: Final = tuple(type.value for type in EventType if type.startswith("escrow_order."))


class Set(msgspec.Struct, frozen=True):
    """Settings, and what signs for the address that is told from now on, shown this once."""

    settings: EscrowSettings
    secret: str | None = None

    def __repr__(self) -> str:
        return "Set(…)"


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


async def set(
    gateway: Gateway,
    caller: Caller,
    key: Key | None,
    changes: Mapping[str, Any],
    render: Callable[[Set], Awaitable[Answer]],
) -> Answer:
    """The same for a merchant that asks, who is told at another address from the same commit on.

    Raises Refused(PARAMETER_INVALID, "url") for an address that nothing may be sent to, TOO_MANY_ENDPOINTS, and for
    rates that are none CURRENCY_UNKNOWN, PARAMETER_INVALID.
    """

    async def decide(occasion: Occasion) -> tuple[Set, Decision]:
        for pair, rate in changes.get("rates", {}).items():
            exchange_rates.parse(pair, rate, "merchant", occasion.now)
        changed = evolve(await fetch(gateway, caller.tenant.id), **changes)
        secret, decision = await _listening(gateway, caller, changed, occasion)
        return Set(changed, secret), Decision(save=(changed,)).merged(decision)

    return await changing.make(gateway, caller, key, decide, render)


async def _listening(
    gateway: Gateway, caller: Caller, settings: EscrowSettings, occasion: Occasion
) -> tuple[str | None, Decision]:
    """What has the merchant told at the address that is set, and nowhere else."""
    others = await endpoints.of_tenant(gateway, caller.tenant.id)
    known = next((one for one in others if one.surface == FORM[0]), None)
    url, version = settings.callback_url, FORM[1][settings.is_json]
    if url is None:
        return None, Decision() if known is None else webhook_endpoints.delete(known)
    if known is not None and (known.url, known.api_version) == (url, version):
        return None, Decision()
    endpoints.check_address(gateway, caller, url)
    if known is not None and known.url == url:
        return None, Decision(save=(evolve(known, api_version=version),))
    id = known.id if known else occasion.mint("we")
    secret, sealed = endpoints.new_secret(gateway, caller, id)
    wishes = Wishes(url=url, enabled_events=_TOLD)
    if known is not None:
        moved = evolve(known, api_version=version, secret=sealed, previous_secret=None, previous_until=None)
        return secret, Decision(save=(webhook_endpoints.change(moved, wishes),))
    endpoint = WebhookEndpoint(
        tenant=caller.tenant.id,
        id=id,
        created=occasion.now,
        url=url,
        enabled_events=_TOLD,
        secret=sealed,
        surface=FORM[0],
        api_version=version,
    )
    _, decision = webhook_endpoints.create(endpoint, others)
    return secret, decision
