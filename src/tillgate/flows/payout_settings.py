"""Payout settings: how often a merchant is paid out without asking."""

from tillgate.core import payout_settings
from tillgate.core.decisions import Decision
from tillgate.core.occasions import Occasion
from tillgate.core.payout_settings import Interval, PayoutSettings, Weekday
from tillgate.core.records import evolve
from tillgate.flows import changes
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.flows.idempotency import Key
from tillgate.store import find


async def fetch(gateway: Gateway, caller: Caller) -> PayoutSettings:
    """A merchant's settings."""
    tenant = caller.tenant.id
    found = await find.record(gateway.store, PayoutSettings, tenant, payout_settings.ID)
    return found or payout_settings.of(tenant)


async def update(
    gateway: Gateway,
    caller: Caller,
    key: Key | None,
    interval: Interval | None,
    weekly_anchor: Weekday | None,
    monthly_anchor: int | None,
    render: changes.Render[PayoutSettings],
) -> Answer:
    """Change what is said, and have the timer follow."""

    async def decide(occasion: Occasion) -> tuple[PayoutSettings, Decision]:
        before = await fetch(gateway, caller)
        changed = evolve(
            before,
            interval=interval or before.interval,
            weekly_anchor=weekly_anchor or before.weekly_anchor,
            monthly_anchor=monthly_anchor or before.monthly_anchor,
        )
        return changed, payout_settings.keep(changed, occasion)

    return await changes.make(gateway, caller, key, decide, render)


async def reschedule(gateway: Gateway, caller: Caller) -> bool:
    """See to the next time; True, for the timer is moved."""
    settings = await fetch(gateway, caller)
    await gateway.store.commit(Decision(schedule=(payout_settings.timer(settings, gateway.occasion(caller)),)))
    return True
