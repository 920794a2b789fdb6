"""Reports of tickets: which were paid in which days, and which of them are the ones that a merchant looks for."""

from collections.abc import Sequence
from typing import Final

import msgspec

from tillgate.core import terms
from tillgate.core import tickets as core
from tillgate.core.payments import Payment
from tillgate.core.phone_wallets import CURRENCY
from tillgate.flows import payments, tickets
from tillgate.flows.gateway import Caller, Gateway
from tillgate.flows.tickets import Shown
from tillgate.store import filters, find, numbers
from tillgate.store.filters import Wanted
from tillgate.store.lists import Cursor

MOST_FOUND: Final = 100
"""How many a search finds at most."""

_AT_ONCE: Final = 500


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """What a search compares, all of which must be so; `total` is cents."""

    reference: str | None = None
    number: int | None = None
    name: str | None = None
    phone: str | None = None
    email: str | None = None
    total: int | None = None
    metadata: dict[str, str] = {}


async def search(gateway: Gateway, caller: Caller, sought: Sought) -> list[Shown]:
    """Paid tickets of which all that is sought is so, newest first."""
    found = await _candidates(gateway, caller, sought)
    counted = await numbers.of(gateway.store, caller.tenant.id, [one.id for one in found])
    shown = [Shown(one, counted.get(one.id)) for one in found if _fits(one, sought)]
    return [one for one in shown if sought.number in (None, one.number)]


async def _candidates(gateway: Gateway, caller: Caller, sought: Sought) -> Sequence[Payment]:
    """Paid tickets among which are those that are sought: by the narrowest that is said of them."""
    tenant = caller.tenant.id
    if sought.reference is not None:
        place = await tickets.whose(gateway, core.REFERENCE, sought.reference)
        if place is None or place[0] != tenant:
            return ()
        return (await payments.fetch(gateway, caller, place[1]),)
    if sought.number is not None:
        ids = [id for id in await numbers.bearing(gateway.store, tenant, sought.number) if id.startswith("pay_")]
        known = await _every(gateway, tenant, ids)
        return [known[id] for id in ids if id in known and _fits(known[id], sought)][:MOST_FOUND]
    who = {"ticket.name": sought.name, "ticket.phone": sought.phone, "ticket.email": sought.email}
    wanted = Wanted(
        amount_from=sought.total,
        amount_to=sought.total,
        currency=None if sought.total is None else CURRENCY,
        terms=(
            *((name, value) for name, value in who.items() if value is not None),
            *(terms.in_metadata(name, value) for name, value in sought.metadata.items()),
            ("ticket", "completed"),
        ),
    )
    return (await filters.page(gateway.store, Payment, tenant, Cursor(MOST_FOUND), wanted)).records


def _fits(payment: Payment, sought: Sought) -> bool:
    ticket = core.of(payment)
    payer = (ticket.payer.name, ticket.payer.email) if ticket.payer else ("", "")
    return (
        bool(payment.captured)
        and sought.total in (None, payment.amount.amount)
        and sought.phone in (None, ticket.phone)
        and sought.name in (None, payer[0])
        and sought.email in (None, payer[1])
        and all(payment.metadata.get(name) == value for name, value in sought.metadata.items())
    )


async def report(gateway: Gateway, caller: Caller, first: str, last: str) -> list[Shown]:
    """Paid tickets of series from the first day's to the last's, oldest first."""
    counted = await numbers.of_series(gateway.store, caller.tenant.id, first, last)
    ids = [subject for subject, _ in counted if subject.startswith("pay_")]
    found = await _every(gateway, caller.tenant.id, ids)
    return [Shown(found[subject], number) for subject, number in counted if subject in found]


async def _every(gateway: Gateway, tenant: str, ids: Sequence[str]) -> dict[str, Payment]:
    found: dict[str, Payment] = {}
    for start in range(0, len(ids), _AT_ONCE):
        found |= await find.every(gateway.store, Payment, tenant, ids[start : start + _AT_ONCE])
    return found
