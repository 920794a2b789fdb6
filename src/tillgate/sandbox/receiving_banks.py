"""The banks that merchants have their accounts with: each decides by the account's number alone."""

from collections.abc import Mapping
from typing import Final

from tillgate.sandbox.operations import Code, OrderAccount

REFUSALS: Final[Mapping[str, Code]] = {
    "000111111116": Code.NO_SUCH_ACCOUNT,
    "000111111113": Code.ACCOUNT_CLOSED,
    "000111111119": Code.TRANSFER_REFUSED,
    "0111111160": Code.NO_SUCH_ACCOUNT,
    "0111111139": Code.ACCOUNT_CLOSED,
    "0111111191": Code.TRANSFER_REFUSED,
    "DE62370400440532013001": Code.NO_SUCH_ACCOUNT,
    "DE35370400440532013002": Code.ACCOUNT_CLOSED,
    "DE08370400440532013003": Code.TRANSFER_REFUSED,
}
"""The sandbox accounts that nothing arrives at; any other account takes what it is sent."""

RETURNS: Final[Mapping[str, Code]] = {
    "000111111114": Code.ACCOUNT_CLOSED,
    "0111111146": Code.ACCOUNT_CLOSED,
    "DE78370400440532013004": Code.ACCOUNT_CLOSED,
}
"""The sandbox accounts from which what has arrived comes back after a while."""


def refusal(account: OrderAccount | None) -> Code | None:
    """Why money comes back from an account, or None."""
    return Code.NO_SUCH_ACCOUNT if account is None else REFUSALS.get(account.number)


def returns(account: OrderAccount | None) -> Code | None:
    """Why money that has arrived at an account comes back later, or None."""
    return None if account is None else RETURNS.get(account.number)
