"""Numbering: whole numbers for what had none when it was made, given the first time that a surface needs one."""

from typing import Final

from tillgate.core.decisions import Alias, Decision, Numbering
from tillgate.flows.gateway import Gateway
from tillgate.store import find, numbers

CUSTOMERS: Final = "customers"
"""The series in which a merchant's customers have whole numbers."""

MERCHANTS: Final = "parties"
"""The series in which a merchant itself has one: that of its parties, beside whom it sells."""

_NUMBERED: Final = "numbered"
"""The kind of alias that whoever gives a number claims, so that of any number at once one does."""


async def numbered(gateway: Gateway, tenant: str, series: str, subject: str) -> Decision:
    """What gives a record its number in a series, where it has none; merged into what needs it to have one."""
    name = f"{series} {subject}"
    if await find.alias(gateway.store, tenant, _NUMBERED, name):
        return Decision()
    return Decision(name=(Alias(tenant, _NUMBERED, name, subject),), number=(Numbering(tenant, series, subject),))


async def of(gateway: Gateway, tenant: str, series: str, subjects: list[str]) -> dict[str, int]:
    """The numbers that records have in a series, by their ids; those without one are left out."""
    return await numbers.in_series(gateway.store, tenant, series, subjects)
