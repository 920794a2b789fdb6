"""Receipts: what payers are confirmed, and where they find it."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from tillgate.core import checkouts, receipts
from tillgate.core.payments import Payment
from tillgate.core.receipts import Receipt
from tillgate.core.refunds import Refund
from tillgate.flows import checkout_links, refunds
from tillgate.flows.gateway import Caller, Gateway
from tillgate.store.filters import Wanted
from tillgate.store.lists import Cursor

_MOST: Final = 100
"""How many refunds a receipt tells of: the last ones."""


async def of(gateway: Gateway, caller: Caller, payment: Payment) -> Receipt:
    """The receipt of a payment. Raises Refused(NOT_FOUND) before all of it has come."""
    found: Sequence[Refund] = ()
    if payment.refunded:
        found = (await refunds.page(gateway, caller, Cursor(_MOST), Wanted(where={"payment": payment.id}))).records
    return receipts.of(payment, found)


def path(gateway: Gateway, payment: Payment) -> str | None:
    """Where a payment's receipt is, on this server, once there is one; whoever has the address may read it."""
    if not receipts.is_due(payment):
        return None
    return f"{checkouts.PAGE}/{quote(payment.id)}/receipt?{checkout_links.query(gateway, payment)}"
