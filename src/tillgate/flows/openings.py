"""Openings: how a payment that waits for a method comes to be, whichever name it is asked for by."""

from tillgate.core import checkout_payments, payment_intents, payments
from tillgate.core.customers import CustomerSummary
from tillgate.core.decisions import Decision
from tillgate.core.merchants import Tenant
from tillgate.core.occasions import Occasion
from tillgate.core.payments import Payment, Terms


def drafted(tenant: Tenant, asked: Terms, customer: CustomerSummary | None, occasion: Occasion) -> Payment:
    """A payment that waits for a method, before it is announced. Raises what core.payments.open refuses."""
    return payments.open(
        asked,
        tenant=tenant.id,
        payment_method=None,
        card=None,
        customer=customer,
        fee_plan=tenant.fee_plan,
        bank=tenant.bank,
        occasion=occasion,
    )


def announced(draft: Payment, occasion: Occasion) -> tuple[Payment, Decision]:
    """The checkout as it is opened, and all that is written of it."""
    payment, decision = payment_intents.open(draft, occasion)
    return payment, decision if payment.checkout is None else decision.merged(checkout_payments.opened(payment))
