"""Payout settings: how often a merchant is paid out without asking."""

from tillgate.core import payout_settings
from tillgate.core.bank_accounts import BankAccount
from tillgate.core.decisions import Decision
from tillgate.core.occasions import Occasion
from tillgate.core.payout_settings import Change, PayoutSettings
from tillgate.flows import bank_accounts, changes
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
    change: Change,
    render: changes.Render[PayoutSettings],
) -> Answer:
    """Change what is said, and have the timer follow. Raises Refused(NOT_FOUND, PARAMETER_INVALID, "destinations")."""

    async def decide(occasion: Occasion) -> tuple[PayoutSettings, Decision]:
        for currency, id in change.destinations.items():
            if id:
                await bank_accounts.taking(gateway, caller, id, currency, f"destinations.{currency.lower()}")
        changed = payout_settings.changed(await fetch(gateway, caller), change)
        return changed, payout_settings.keep(changed, occasion)

    return await changes.make(gateway, caller, key, decide, render)


async def destination(gateway: Gateway, caller: Caller, currency: str) -> BankAccount:
    """Where a currency is paid out to: what was chosen, or the newest account. Raises Refused(BANK_ACCOUNT_MISSING)."""
    chosen = (await fetch(gateway, caller)).destinations.get(currency)
    account = await find.record(gateway.store, BankAccount, caller.tenant.id, chosen) if chosen else None
    return account or await bank_accounts.newest(gateway, caller, currency)


async def reschedule(gateway: Gateway, caller: Caller) -> bool:
    """See to the next time; True, for the timer is moved."""
    settings = await fetch(gateway, caller)
    await gateway.store.commit(Decision(schedule=(payout_settings.timer(settings, gateway.occasion(caller)),)))
    return True
