"""Charges: payments as programs see them that think in charges, with the movement of the balance that each made."""

from collections.abc import Mapping, Sequence

import msgspec

from tillgate.core import charges
from tillgate.core.ledger import Entry
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import records
from tillgate.flows.gateway import Caller, Gateway
from tillgate.store import balance_transactions, filters
from tillgate.store.filters import Wanted
from tillgate.store.lists import Cursor


class Charge(msgspec.Struct, frozen=True):
    """A payment of which a bank was asked, and the balance transaction of its first capture."""

    payment: Payment
    balance_transaction: str | None = None


class Page(msgspec.Struct, frozen=True):
    """Charges newest first, and whether there are more in the direction of paging."""

    charges: Sequence[Charge]
    has_more: bool


async def page(gateway: Gateway, caller: Caller, cursor: Cursor, wanted: Wanted) -> Page:
    """A merchant's charges that fit, newest first: payments in stages in which a bank was asked."""
    found = await filters.page(gateway.store, Payment, caller.tenant.id, cursor, wanted)
    return Page(await of_payments(gateway, caller, found.records), found.has_more)


async def of_payments(gateway: Gateway, caller: Caller, payments: Sequence[Payment]) -> Sequence[Charge]:
    """The charges of payments of which a bank was asked."""
    moved = await _moved(gateway, caller, payments)
    return [Charge(payment, _first(payment, moved)) for payment in payments]


async def fetch(gateway: Gateway, caller: Caller, payment_id: str) -> Charge:
    """The charge of a merchant's payment. Raises Refused(NOT_FOUND) also where no bank was asked yet."""
    payment = await records.fetch(gateway, caller, Payment, payment_id, "charge")
    return await of_payment(gateway, caller, payment)


async def of_payment(gateway: Gateway, caller: Caller, payment: Payment, posted: tuple[Entry, ...] = ()) -> Charge:
    """The charge of a payment, for which `posted` is about to be written down. Raises Refused(NOT_FOUND)."""
    if not charges.is_made(payment):
        raise Refused(Reason.NOT_FOUND, "charge", object="charge", id=payment.id)
    moved = await _moved(gateway, caller, [payment])
    about_to_move = {entry.id: entry.balance_transaction for entry in posted if entry.balance_transaction}
    return Charge(payment, _first(payment, {**about_to_move, **moved}))


async def _moved(gateway: Gateway, caller: Caller, payments: Sequence[Payment]) -> dict[str, str]:
    """Balance transactions by the entries that captures of these payments may have."""
    entries = [entry for payment in payments for entry in charges.captures(payment)]
    return await balance_transactions.of_entries(gateway.store, caller.tenant.id, entries) if entries else {}


def _first(payment: Payment, moved: Mapping[str, str]) -> str | None:
    return next((moved[entry] for entry in charges.captures(payment) if entry in moved), None)
