"""Escrow numbers: by which whole numbers surfaces tell of orders, and of whatever else has one with them."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

import msgspec

from tillgate.core import escrow_orders, escrows, parties, party_payouts, projects
from tillgate.core.escrow_numbers import Numbers
from tillgate.core.escrows import Escrow, Part
from tillgate.core.events import Event
from tillgate.core.parties import Named, Party
from tillgate.core.payments import Payment
from tillgate.core.payouts import Payout
from tillgate.flows import numbering
from tillgate.flows.gateway import Gateway
from tillgate.store import find
from tillgate.store.batches import Conflict, Taken


async def of(gateway: Gateway, tenant: str, series: str, subjects: Collection[str]) -> dict[str, int]:
    """The numbers of these, by id; what has none yet is given one, once, whoever else asks at the same time."""
    wanted = list(dict.fromkeys(subjects))
    while True:
        known = await numbering.of(gateway, tenant, series, wanted)
        missing = [subject for subject in wanted if subject not in known]
        if not missing:
            return known
        for subject in missing:
            try:
                await gateway.store.commit(await numbering.numbered(gateway, tenant, series, subject))
            except (Taken, Conflict):
                continue


async def of_order(gateway: Gateway, payment: Payment) -> Numbers:
    """By which numbers an order is told of."""
    return (await of_orders(gateway, payment.tenant, [payment]))[payment.id]


async def of_orders(gateway: Gateway, tenant: str, payments: Sequence[Payment]) -> dict[str, Numbers]:
    """By which numbers orders of a merchant's are told of, by the ids of their payments."""
    orders = {payment.id: escrow_orders.of(payment) for payment in payments}
    everyone = [id for escrow in orders.values() for id in (_seller(escrow, tenant), escrow.pricing.provider)]
    known = {
        **await of(gateway, tenant, escrows.SERIES, list(orders)),
        **await of(gateway, tenant, parties.SERIES, _there(everyone)),
        **await of(gateway, tenant, projects.SERIES, _there(escrow.project for escrow in orders.values())),
        **await of(gateway, tenant, numbering.CUSTOMERS, _there(map(_customer, payments))),
        **await numbering.of(gateway, tenant, escrow_orders.REFUNDS, _there(one.refund for one in orders.values())),
        **await numbering.of(gateway, tenant, party_payouts.SERIES, _there(map(_payout, orders.values()))),
    }
    sellers = await find.every(gateway.store, Party, tenant, _there(one.pricing.seller for one in orders.values()))
    payouts = await find.every(gateway.store, Payout, tenant, _there(map(_payout, orders.values())))
    return {
        payment.id: Numbers(
            order=known[payment.id],
            customer=known.get(_customer(payment) or "", 0),
            seller=known[_seller(escrow, tenant)],
            provider=known.get(escrow.pricing.provider or ""),
            project=known.get(escrow.project or ""),
            refund=known.get(escrow.refund or ""),
            payout=known.get(_payout(escrow) or ""),
            **_told_of(sellers.get(escrow.pricing.seller or ""), payouts.get(_payout(escrow) or "")),
        )
        for payment, escrow in zip(payments, orders.values(), strict=True)
    }


async def told(gateway: Gateway, event: Event) -> Event:
    """The event with the numbers of the order that it is about, where it is about one."""
    if not isinstance(event.view, Payment) or event.view.escrow is None:
        return event
    return msgspec.structs.replace(event, numbers=await of_order(gateway, event.view))


def _told_of(seller: Party | None, payout: Payout | None) -> dict[str, Any]:
    """What is told of who sells, and of the payout to them."""
    named = seller.named if seller else Named()
    state, paid_at = (payout.state, payout.paid_at) if payout else (None, None)
    return {
        "seller_email": named.email,
        "seller_phone": named.phone,
        "payout_state": state,
        "paid_out_at": paid_at,
    }


def _there(ids: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(id for id in ids if id))


def _seller(escrow: Escrow, tenant: str) -> str:
    """Who sells: where that is no party, the merchant itself."""
    return escrow.pricing.seller or tenant


def _customer(payment: Payment) -> str | None:
    return payment.customer.id if payment.customer else None


def _payout(escrow: Escrow) -> str | None:
    """The newest payout of what is the seller's."""
    return next((share.payout for share in escrow.shares if share.part in _SELLERS), None)


_SELLERS: Final = (Part.SELLER, Part.SHIPPING, Part.CANCELLATION_FEE)
