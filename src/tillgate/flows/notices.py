"""Notices: what a bank says without being asked is believed if the bank signed it."""

from tillgate.connectors.contract import BankNotice, DisputeNotification
from tillgate.core import arrivals, payouts
from tillgate.flows import attempts, clocks, disputes, transfers
from tillgate.flows import payouts as paying
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Gateway


async def take(gateway: Gateway, directory: Directory, bank: str, notice: BankNotice) -> bool:
    """Learn what a notice says; False where the bank did not say it. Raises Refused for what is not ours."""
    told = gateway.banks[bank].notification(notice)
    if told is None:
        return False
    tenant = await directory.tenant(told.tenant)
    if isinstance(told, DisputeNotification):
        if not tenant.is_live:
            # It may have happened at an instant at which another process has the merchant's clock stand.
            await clocks.learn_of(gateway, tenant.id)
        await disputes.learn(gateway, tenant, told.said)
    elif payout := payouts.payout_of(told.attempt):
        await paying.learn(gateway, tenant, payout, told.outcome)
    elif arrivals.arrival_of(told.attempt):
        await transfers.learn(gateway, tenant, told.attempt, told.outcome)
    else:
        await attempts.learn(gateway, tenant, told.attempt, told.outcome)
    return True
