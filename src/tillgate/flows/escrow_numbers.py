"""Numbering: whole numbers for surfaces that know things by those, given when somebody is first told of one."""

from collections.abc import Collection, Sequence

import msgspec

from tillgate.core import escrow_orders, escrows, parties, projects
from tillgate.core.decisions import Alias, Decision, Numbering
from tillgate.core.escrows import Buyer
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


async def buyers(gateway: Gateway, tenant: str, people: Sequence[Buyer]) -> list[int]:
    """The numbers of buyers, by their addresses or, without one, their phones; 0 for whom nothing is known of."""
    known = [buyer.email.strip().casefold() or buyer.phone for buyer in people]
    digests = [gateway.secrets.email_digest(one) if one else "" for one in known]
    found = await of(gateway, tenant, BUYERS, [digest for digest in digests if digest])
    return [found.get(digest, 0) for digest in digests]


async def of_orders(gateway: Gateway, tenant: str, payments: Sequence[Payment]) -> dict[str, Numbers]:
    """By which numbers orders of a merchant's are told of, by the ids of their payments."""
    orders = {payment.id: escrow_orders.of(payment) for payment in payments}
    pricings = {id: escrow.pricing for id, escrow in orders.items()}
    involved = [id for pricing in pricings.values() for id in (pricing.seller or tenant, pricing.provider) if id]
    known = await of(gateway, tenant, parties.SERIES, involved)
    numbered = await of(gateway, tenant, escrows.SERIES, list(orders))
    theirs = await of(gateway, tenant, projects.SERIES, [one.project for one in orders.values() if one.project])
    bought = await buyers(gateway, tenant, [escrow.buyer for escrow in orders.values()])
    return {
        id: Numbers(
            order=numbered[id],
            buyer=buyer,
            seller=known[pricings[id].seller or tenant],
            provider=known.get(pricings[id].provider or ""),
            project=theirs.get(escrow.project or ""),
        )
        for (id, escrow), buyer in zip(orders.items(), bought, strict=True)
    }


async def told(gateway: Gateway, event: Event) -> Event:
    """The event with the numbers of the order that it is about, where it is about one."""
    if not isinstance(event.view, Payment) or event.view.escrow is None:
        return event
    numbers = await of_orders(gateway, event.tenant, [event.view])
    return msgspec.structs.replace(event, numbers=numbers[event.view.id])
