"""Balances: what the books say."""

from typing import Final

import msgspec
from msgspec import structs

from tillgate.core import accounts, escrow_orders
from tillgate.core.balance_transactions import BalanceTransaction
from tillgate.core.escrows import PREFIX as ORDER
from tillgate.core.ledger import MovementType
from tillgate.core.money import Money
from tillgate.core.payouts import Payout
from tillgate.core.reasons import Reason, Refused
from tillgate.core.refunds import Refund
from tillgate.flows.gateway import Caller, Gateway
from tillgate.store import balance_transactions, balances, find, payouts
from tillgate.store.balance_transactions import Wanted
from tillgate.store.lists import Cursor


class Owed(msgspec.Struct, frozen=True):
    """What a merchant is owed in a currency: available now, and pending until it is settled."""

    available: Money
    pending: Money


async def owed(gateway: Gateway, caller: Caller) -> list[Owed]:
    """What the gateway owes a merchant, by currency; less than nothing where more was refunded than captured."""
    tenant, now = caller.tenant.id, gateway.clock.now(caller.tenant.id)
    # The whole is read first: of what is captured in between, none is then taken for available.
    whole = await balances.of_account(gateway.store, tenant, accounts.PAYABLE)
    pending = {currency: await payouts.pending(gateway.store, tenant, currency, now) for currency in whole}
    return [
        Owed(Money(amount - pending[currency], currency), Money(pending[currency], currency))
        for currency, amount in whole.items()
    ]


_OF_THEIR_OWN: Final = ("po_", f"{ORDER}_")
"""What the entries of which are named after them, and not after the payment: payouts, and orders' holds and shares."""


async def page(
    gateway: Gateway,
    caller: Caller,
    cursor: Cursor,
    *,
    type: MovementType | None,
    currency: str | None,
    source: str | None,
    payout: str | None = None,
    amounts: tuple[int | None, int | None] = (None, None),
) -> tuple[list[BalanceTransaction], bool]:
    """What moved a merchant's balance, newest first, and whether there is more; all of it together is the balance."""
    wanted = Wanted(type=type, currency=currency, amount_from=amounts[0], amount_to=amounts[1])
    if payout is not None:
        paid_out = await find.record(gateway.store, Payout, caller.tenant.id, payout)
        if paid_out is None:
            return [], False
        wanted = structs.replace(wanted, statement=paid_out.statement)
    if source is not None and source.startswith(_OF_THEIR_OWN):
        subject = escrow_orders.payment_id(source) if source.startswith(f"{ORDER}_") else source
        wanted = structs.replace(wanted, source=subject, entries_above=f"{source}:", entries_below=f"{source};")
    elif source is not None:
        payment = await _payment_of(gateway, caller, source)
        if payment is None:
            return [], False
        entries = f"att_{payment.removeprefix('pay_')}_"
        wanted = structs.replace(wanted, source=source, entries_above=entries, entries_below=f"{entries}~")
    return await balance_transactions.page(gateway.store, caller.tenant.id, wanted, cursor)


async def fetch(gateway: Gateway, caller: Caller, id: str) -> BalanceTransaction:
    """One movement of a merchant's balance. Raises Refused(NOT_FOUND)."""
    found = await balance_transactions.find(gateway.store, caller.tenant.id, id)
    if found is None:
        raise Refused(Reason.NOT_FOUND, "balance_transaction", object="balance transaction", id=id)
    return found


async def _payment_of(gateway: Gateway, caller: Caller, source: str) -> str | None:
    """The payment under which an object's entries lie."""
    if source.startswith("re_"):
        refund = await find.record(gateway.store, Refund, caller.tenant.id, source)
        return refund.payment if refund else None
    return source if source.startswith("pay_") else None
