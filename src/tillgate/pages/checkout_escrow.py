"""What the payment page says of money that will be held: for what, until when, and what was agreed on."""

import msgspec

from tillgate.core import escrow_shares, exchange_rates
from tillgate.core.escrows import Bearer, Escrow, RefundPolicy
from tillgate.core.money import Money
from tillgate.core.payments import Payment
from tillgate.flows import projects
from tillgate.flows.gateway import Caller, Gateway
from tillgate.pages import amounts, texts


class Held(msgspec.Struct, frozen=True):
    """In words: what is bought and what it costs, which milestone it is, the days that were promised, the rate.

    With `is_replaced` a buyer who rejects is owed a second delivery before there is money for it.
    """

    lines: list[tuple[str, str]]
    milestone: str
    promised: str
    returned: str
    agreed: str
    is_replaced: bool


async def held(gateway: Gateway, caller: Caller, payment: Payment, language: str) -> Held | None:
    """What there is to say of an order; None for any other payment."""
    escrow = payment.escrow
    if escrow is None:
        return None
    promised_by, spoken = escrow.delivery.promised_by, texts.spoken(language)
    return Held(
        lines=_lines(payment, escrow, language),
        milestone=await _milestone(gateway, caller, payment, escrow, language),
        promised=amounts.day(promised_by, language),
        returned=amounts.day(promised_by + escrow.patience.delivery, language),
        agreed=_agreed(escrow, spoken["trustpay_agreed"], language),
        is_replaced=escrow.product.refund_policy is RefundPolicy.REPLACEMENT,
    )


def _lines(payment: Payment, escrow: Escrow, language: str) -> list[tuple[str, str]]:
    """What is paid for, in the currency of the price; nothing where the sum alone says it."""
    pricing, product, spoken = escrow.pricing, escrow.product, texts.spoken(language)
    parts = [(product.name if product.quantity == 1 else f"{product.quantity} × {product.name}", pricing.price.amount)]
    if pricing.shipping_bearer is Bearer.BUYER:
        parts.append((spoken["trustpay_shipping"], pricing.shipping))
    if pricing.escrow_fee_bearer is Bearer.BUYER:
        fee = escrow_shares.escrow_fee(pricing.escrow_fee, pricing.price)
        parts.append((spoken["trustpay_escrow_fee"], fee))
    if pricing.processing_bearer is Bearer.BUYER and pricing.rate is None:
        rest = payment.amount.amount - sum(amount for _, amount in parts)
        parts.append((spoken["trustpay_processing"], rest))
    parts = [(name, amount) for name, amount in parts if amount > 0]
    if len(parts) == 1 and product.quantity == 1 and pricing.rate is None:
        return []
    return [(name, amounts.written(Money(amount, pricing.price.currency), language)) for name, amount in parts]


async def _milestone(gateway: Gateway, caller: Caller, payment: Payment, escrow: Escrow, language: str) -> str:
    if escrow.project is None:
        return ""
    project = await projects.fetch(gateway, caller, escrow.project)
    number = project.orders.index(payment.id) + 1 if payment.id in project.orders else len(project.orders)
    return texts.spoken(language)["trustpay_milestone"].format(number=number, project=project.name)


def _agreed(escrow: Escrow, text: str, language: str) -> str:
    """At which rate what is paid is the price, which stays, whatever the rate does."""
    rate, price = escrow.pricing.rate, escrow.pricing.price
    if rate is None:
        return ""
    shown = f"1 {rate.selling} = {exchange_rates.decimal_text(rate)} {rate.buying}"
    return text.format(price=amounts.written(price, language), rate=shown)
