"""Purchases: which order a shop's form stands for, so that a form that is sent twice opens one."""

from typing import Final

import msgspec

from tillgate.core import checkout_payments, escrow_orders
from tillgate.core.decisions import Alias, Decision
from tillgate.core.escrows import EscrowStatus
from tillgate.core.instants import Instant
from tillgate.core.payments import Payment
from tillgate.flows import payments
from tillgate.flows.gateway import Caller, Gateway
from tillgate.store import find

KIND: Final = "escrow_purchase"
"""The kind of alias by which an order is known by all that its buyer's form has said."""


class Purchase(msgspec.Struct, frozen=True):
    """What a form asks for: the order that waits to be paid for it, if there is one, and the name of one to come."""

    name: str
    waiting: Payment | None

    def named(self, payment: Payment) -> Decision:
        """What is written beside a new order, so that the same form finds it."""
        return Decision(name=(Alias(payment.tenant, KIND, self.name, payment.id),))


async def of(gateway: Gateway, caller: Caller, said: bytes) -> Purchase:
    """The purchase of which all this is said.

    Each order that is paid, or can be paid no more, has the next one bear its id in the name, so that of any number of
    forms at once one opens that.
    """
    tenant, now = caller.tenant.id, gateway.clock.now(caller.tenant.id)
    name = gateway.secrets.purchase_digest(tenant, said)
    while (id := await find.alias(gateway.store, tenant, KIND, name)) is not None:
        known = await payments.fetch(gateway, caller, id)
        if _waits(known, now):
            return Purchase(name, known)
        name = gateway.secrets.purchase_digest(tenant, name.encode(), id)
    return Purchase(name, None)


def _waits(payment: Payment, now: Instant) -> bool:
    is_unpaid = escrow_orders.of(payment).status is EscrowStatus.UNPAID
    return is_unpaid and not checkout_payments.is_over(payment) and not checkout_payments.is_late(payment, now)
