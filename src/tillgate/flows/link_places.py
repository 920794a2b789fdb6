"""Link places: a link that can be paid so many times has so many places, and whoever tries to pay needs one."""

from tillgate.core import checkout_payments, payment_links
from tillgate.core.decisions import Decision
from tillgate.core.payment_links import PaymentLink
from tillgate.core.payments import Payment
from tillgate.core.reasons import Refused
from tillgate.flows.gateway import Caller, Gateway
from tillgate.store import find


async def taken(gateway: Gateway, caller: Caller, payment: Payment) -> Decision:
    """What is written beside a try to pay: that the place is this payment's.

    It is written at every try, so that of those who want the last place at once one is too late. Raises
    Refused(PAYMENT_LINK_CLOSED) where others have all of them.
    """
    link = await _limited(gateway, caller, payment)
    if link is None:
        return Decision()
    holding = link.holders
    if payment.id not in holding and len(holding) >= (link.limit or 0):
        holding = await _holding(gateway, link)
    return Decision(save=(payment_links.held(link, payment.id, holding),))


async def is_free(gateway: Gateway, caller: Caller, payment: Payment) -> bool:
    """Whether there is a place for a payment, or no need of one."""
    try:
        await taken(gateway, caller, payment)
    except Refused:
        return False
    return True


async def _limited(gateway: Gateway, caller: Caller, payment: Payment) -> PaymentLink | None:
    id = checkout_payments.of(payment).link
    link = await find.record(gateway.store, PaymentLink, caller.tenant.id, id) if id else None
    return link if link is not None and link.limit is not None else None


async def _holding(gateway: Gateway, link: PaymentLink) -> tuple[str, ...]:
    """Those that have paid, or may have by what is under way."""
    found = await find.every(gateway.store, Payment, link.tenant, link.holders)
    return tuple(id for id, payment in found.items() if _is_holding(payment))


def _is_holding(payment: Payment) -> bool:
    return bool(payment.captured or payment.action) or checkout_payments.is_asking(payment)
