"""Order links: who holds one follows an escrow order as its buyer, and does what a buyer may do."""

from typing import Final
from urllib.parse import quote

from tillgate.core import escrow_orders
from tillgate.core.escrows import ALIAS, LINKS_LAST, PAGE, PREFIX
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.core.signing_keys import EVERYBODYS
from tillgate.flows import escrow_orders as orders
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Caller, Gateway
from tillgate.store import find

_SIGNED: Final = "order {id}"
"""What is signed: it is nothing that a link to anything else has signed, so neither opens the other."""


def query(gateway: Gateway, payment: Payment) -> str:
    """What a link to an order proves itself with: `signature=…`. It has no end of its own, for orders have none."""
    id = escrow_orders.order_id(payment.id)
    return f"signature={gateway.links.sign(_SIGNED.format(id=id))}"


def place(payment: Payment) -> str:
    """Where an order is followed, on this server, without the proof."""
    return f"{PAGE}/{quote(escrow_orders.order_id(payment.id))}"


def path(gateway: Gateway, payment: Payment) -> str:
    """Where an order is followed, on this server."""
    return f"{place(payment)}?{query(gateway, payment)}"


async def follow(
    gateway: Gateway, directory: Directory, order_id: str, signature: str, surface: str, request_id: str
) -> tuple[Caller, Payment]:
    """Whose order a link leads to, and the order as it stands.

    Raises Refused(LINK_INVALID) for one that was changed in any place, and once the order is over for 90 days.
    """
    is_signed = await gateway.links.is_signed(_SIGNED.format(id=order_id), signature)
    if not order_id.startswith(f"{PREFIX}_") or not is_signed:
        raise Refused(Reason.LINK_INVALID)
    payment_id = escrow_orders.payment_id(order_id)
    owner = await find.alias(gateway.store, EVERYBODYS, ALIAS, payment_id)
    if owner is None:
        raise Refused(Reason.LINK_INVALID)
    tenant = await directory.tenant(owner.split()[0])
    caller = Caller(tenant, f"order:{order_id}", surface, request_id)
    payment = await orders.fetch(gateway, caller, payment_id)
    completed_at = escrow_orders.of(payment).completed_at
    if completed_at is not None and gateway.clock.now(tenant.id) >= completed_at + LINKS_LAST:
        raise Refused(Reason.LINK_INVALID)
    return caller, payment
