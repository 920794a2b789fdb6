"""Notices: what a bank says without being asked is believed if the bank signed it."""

from tillgate.connectors.contract import BankNotice
from tillgate.flows import attempts
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Gateway


async def take(gateway: Gateway, directory: Directory, bank: str, notice: BankNotice) -> bool:
    """Learn what a notice says; False where the bank did not say it. Raises Refused for what is not ours."""
    told = gateway.banks[bank].notification(notice)
    if told is None:
        return False
    tenant = await directory.tenant(told.tenant)
    await attempts.learn(gateway, tenant, told.attempt, told.outcome)
    return True
