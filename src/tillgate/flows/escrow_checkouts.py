"""Escrow checkouts: orders whose buyers pay on the payment page, and go on to their merchant's."""

from msgspec import structs

from tillgate.core import checkout_payments
from tillgate.core.decisions import Decision
from tillgate.core.payments import Payment
from tillgate.core.records import evolve
from tillgate.flows import escrow_orders
from tillgate.flows.gateway import Caller, Gateway
from tillgate.store.batches import Conflict


async def lead_back(gateway: Gateway, caller: Caller, payment: Payment, url: str) -> Payment:
    """Have the buyer of an order go on to an address once it is paid, which may name the order by its number."""
    while checkout_payments.of(payment).redirect_url != url:
        changed = evolve(payment, checkout=structs.replace(checkout_payments.of(payment), redirect_url=url))
        try:
            await gateway.store.commit(Decision(save=(changed,)))
            return changed
        except Conflict:
            payment = await escrow_orders.fetch(gateway, caller, payment.id)
    return payment
