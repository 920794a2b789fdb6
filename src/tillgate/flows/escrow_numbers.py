"""Numbering: whole numbers for surfaces that know things by those, given when somebody is first told of one."""

from collections.abc import Collection

import msgspec

from tillgate.core import escrows, parties, projects
from tillgate.core.decisions import Alias, Decision, Numbering
from tillgate.core.events import Event
from tillgate.core.numbering import BUYERS, Numbers
from tillgate.core.payments import Payment
from tillgate.flows.gateway import Gateway
from tillgate.store import numbers
from tillgate.store.batches import Conflict, Taken


async def of(gateway: Gateway, tenant: str, series: str, subjects: Collection[str]) -> dict[str, int]:
    """The numbers of these, by id; what has none is given one, once, whoever else asks at the same time."""
    wanted = list(dict.fromkeys(subjects))
    while True:
        known = await numbers.in_series(gateway.store, tenant, series, wanted)
        missing = [subject for subject in wanted if subject not in known]
        if not missing:
            return known
        for subject in missing:
            claimed = Alias(tenant, f"number_of_{series}", subject, subject)
            try:
                await gateway.store.commit(Decision(name=(claimed,), number=(Numbering(tenant, series, subject),)))
            except (Taken, Conflict):
                continue


async def one(gateway: Gateway, tenant: str, series: str, subject: str) -> int:
    """The number of one of them."""
    return (await of(gateway, tenant, series, (subject,)))[subject]




async def buyer(gateway: Gateway, tenant: str, email: str, phone: str = "") -> int:
    """The number of a buyer, by their address or, without one, their phone; 0 for one of whom nothing is known."""
    known = email.strip().casefold() or phone
    return await one(gateway, tenant, BUYERS, gateway.secrets.email_digest(known)) if known else 0


async def of_order(gateway: Gateway, payment: Payment) -> Numbers:
    """By which numbers an order is told of."""
    tenant, escrow = payment.tenant, payment.escrow
    assert escrow is not None, payment.id
    pricing = escrow.pricing
    seller = pricing.seller or tenant
    known = await of(gateway, tenant, parties.SERIES, [id for id in (seller, pricing.provider) if id])
    return Numbers(
        order=await one(gateway, tenant, escrows.SERIES, payment.id),
        buyer=await buyer(gateway, tenant, escrow.buyer.email, escrow.buyer.phone),
        seller=known[seller],
        provider=known[pricing.provider] if pricing.provider else None,
        project=await one(gateway, tenant, projects.SERIES, escrow.project) if escrow.project else None,
    )


async def told(gateway: Gateway, event: Event) -> Event:
    """The event with the numbers of the order that it is about, where it is about one."""
    if not isinstance(event.view, Payment) or event.view.escrow is None:
        return event
    return msgspec.structs.replace(event, numbers=await of_order(gateway, event.view))
