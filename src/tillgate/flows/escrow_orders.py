"""Escrow orders: opening one by paying, what each side does with it, and what happens by itself."""

from collections.abc import Callable, Sequence

import msgspec
from msgspec import structs

from tillgate.core import escrow_moves, escrow_orders, escrow_shares, parties, payments
from tillgate.core.checkouts import Checkout
from tillgate.core.conclusions import Standing
from tillgate.core.decisions import Decision
from tillgate.core.escrow_moves import Coming
from tillgate.core.escrow_settings import CommissionMeans
from tillgate.core.escrows import (
    SERIES,
    Bearer,
    Buyer,
    Delivery,
    Escrow,
    EscrowStatus,
    Move,
    Pricing,
    Product,
    Side,
)
from tillgate.core.evidence import Photograph
from tillgate.core.intents import Intent
from tillgate.core.money import Money
from tillgate.core.occasions import Occasion
from tillgate.core.parties import PartyKind
from tillgate.core.payments import Payment, Terms
from tillgate.core.rates import Rate
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve
from tillgate.flows import (
    attempts,
    changes,
    disputes,
    escrow_purchases,
    escrow_settings,
    numbering,
    openings,
    projects,
    sources,
)
from tillgate.flows import parties as people
from tillgate.flows import payments as charges
from tillgate.flows.attempts import Asked, Render
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.flows.idempotency import Key
from tillgate.flows.sources import NewCustomer, Source
from tillgate.store import filters, numbers
from tillgate.store.lists import Cursor, Page


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be bought, on which terms; whole numbers are minor units of `price`'s currency.

    `paid` is what the buyer pays, where that was agreed on; otherwise the price, and what they bear. A `commission` is
    in basis points, and means what the merchant's settings say, or `commission_means`. Parties go by their ids.
    """

    price: Money
    product: Product
    delivery: Delivery
    buyer: Buyer = Buyer()
    paid: int | None = None
    shipping: int = 0
    shipping_bearer: Bearer = Bearer.BUYER
    escrow_fee_bearer: Bearer = Bearer.SELLER
    processing_bearer: Bearer = Bearer.SELLER
    cancellation_fee: int = 0
    rate: Rate | None = None
    seller: str | None = None
    operator: str | None = None
    operator_commission: int = 0
    provider: str | None = None
    commission: int | None = None
    commission_means: CommissionMeans | None = None
    project: str | None = None
    is_marketplace: bool = False
    started_by: str = ""
    callback_url: str | None = None
    asked_as: dict[str, str] = {}
    currency_asked_as: str = "upper"


Plainly = changes.Render[Payment]
"""How a surface shows an order that no bank was asked about."""


class Made(msgspec.Struct, frozen=True):
    """An order after a move; `is_repeat` where that was made before, and nothing was done."""

    payment: Payment
    is_repeat: bool = False


Beside = Callable[[Payment], Decision]
"""What is written beside a move, by the order after it; it may refuse the move."""


def _nothing(moved: Payment) -> Decision:
    return Decision()


async def create(
    gateway: Gateway,
    caller: Caller,
    key: Key | None,
    wanted: Wanted,
    source: Source,
    customer: str | NewCustomer | None,
    render: Render[Standing],
) -> Answer:
    """Open an order by paying for it.

    Raises what flows.payments.create does, and Refused: for a party that cannot have a share, a promise of the past, a
    milestone before its turn (MILESTONE_OPEN).
    """

    async def decide(occasion: Occasion) -> Asked[Standing]:
        terms = await _terms(gateway, caller, wanted)
        asked = await charges.opening(gateway, caller, occasion, terms, source, customer)
        beside = await _beside(gateway, caller, asked.standing.payment, occasion)
        return structs.replace(asked, decision=asked.decision.merged(beside))

    return await attempts.ask(gateway, caller, key, decide, render, source.card)


async def open(
    gateway: Gateway,
    caller: Caller,
    key: Key | None,
    wanted: Wanted,
    customer: str | NewCustomer | None,
    render: Plainly,
    checkout: Checkout | None = None,
    said: bytes = b"",
) -> Answer:
    """Open an order that waits for its buyer to choose how to pay, on the payment page where it has a `checkout`.

    `said` is all that was said of the purchase, if that tells it from others: said once more, it is the order that
    waits to be paid for it. Raises what `create` does of the order.
    """
    tenant = caller.tenant

    async def decide(occasion: Occasion) -> tuple[Payment, Decision]:
        purchase = await escrow_purchases.of(gateway, caller, said) if said else None
        if purchase is not None and purchase.waiting is not None:
            return purchase.waiting, Decision()
        terms = structs.replace(await _terms(gateway, caller, wanted), intent=Intent(), checkout=checkout)
        buyer, introduction = await sources.customer(gateway, caller, occasion, customer)
        payment = payments.open(
            terms,
            tenant=tenant.id,
            payment_method=None,
            card=None,
            customer=buyer.summary if buyer else None,
            fee_plan=tenant.fee_plan,
            bank=tenant.bank,
            occasion=occasion,
            settlement_days=tenant.settlement_days,
        )
        beside = await _beside(gateway, caller, payment, occasion)
        if purchase is not None:
            beside = beside.merged(purchase.named(payment))
        payment, decision = openings.announced(payment, occasion)
        return payment, introduction.merged(decision).merged(beside)

    return await changes.make(gateway, caller, key, decide, render, charges.person)


async def _terms(gateway: Gateway, caller: Caller, wanted: Wanted) -> Terms:
    """What is asked for, on the merchant's terms."""
    settings = await escrow_settings.fetch(gateway, caller.tenant.id)
    currency = wanted.price.currency
    if wanted.seller is not None:
        seller = await people.fetch(gateway, caller, wanted.seller)
        parties.assert_payable(seller, PartyKind.SELLER, currency, "seller")
        if wanted.is_marketplace:
            parties.assert_associated(seller, wanted.operator)
    for party, kind in ((wanted.operator, PartyKind.OPERATOR), (wanted.provider, PartyKind.PROVIDER)):
        if party is not None:
            parties.assert_payable(await people.fetch(gateway, caller, party), kind, currency, kind.value)
    means = wanted.commission_means or settings.commission_means
    pricing = Pricing(
        price=wanted.price,
        shipping=wanted.shipping,
        shipping_bearer=wanted.shipping_bearer,
        escrow_fee=settings.escrow_fee,
        escrow_fee_bearer=wanted.escrow_fee_bearer,
        processing_bearer=wanted.processing_bearer,
        cancellation_fee=wanted.cancellation_fee,
        rate=wanted.rate,
        seller=wanted.seller,
        operator=wanted.operator,
        operator_basis_points=escrow_shares.provider_basis_points(wanted.operator_commission, means_provider=True),
        provider=wanted.provider,
        provider_basis_points=_share(wanted.commission, means) if wanted.provider else 0,
        provider_fee=settings.provider_fee.get(currency, 0),
    )
    escrow = Escrow(
        product=wanted.product,
        pricing=pricing,
        delivery=wanted.delivery,
        patience=settings.patience,
        buyer=wanted.buyer,
        project=wanted.project,
        is_marketplace=wanted.is_marketplace,
        started_by=wanted.started_by,
        callback_url=wanted.callback_url,
        asked_as=wanted.asked_as,
    )
    amount = escrow_shares.to_pay(pricing, caller.tenant.fee_plan)
    amount = amount if wanted.paid is None else Money(wanted.paid, amount.currency)
    asked_as = {"currency": wanted.currency_asked_as}
    return Terms(amount=amount, description=wanted.product.name, asked_as=asked_as, escrow=escrow)


def _share(commission: int | None, means: CommissionMeans) -> int:
    if commission is None:
        return 0
    return escrow_shares.provider_basis_points(commission, means_provider=means is CommissionMeans.PROVIDER)


async def _beside(gateway: Gateway, caller: Caller, payment: Payment, occasion: Occasion) -> Decision:
    """What is written beside a new order: its number, and the project that it is a milestone of."""
    decision = escrow_orders.opened(payment, occasion)
    decision = decision.merged(await _numbered(gateway, caller, charges.person(payment)))
    project = escrow_orders.of(payment).project
    if project is None:
        return decision
    return decision.merged(await projects.with_order(gateway, caller, project, payment, occasion))


async def _numbered(gateway: Gateway, caller: Caller, customer: str | None) -> Decision:
    """The merchant's number among its parties, and that of the customer, for surfaces that know both by numbers."""
    tenant = caller.tenant.id
    decision = await numbering.numbered(gateway, tenant, numbering.MERCHANTS, tenant)
    if customer is not None:
        decision = decision.merged(await numbering.numbered(gateway, tenant, numbering.CUSTOMERS, customer))
    return decision


async def move(
    gateway: Gateway,
    caller: Caller,
    key: Key | None,
    payment_id: str,
    what: Move,
    side: Side,
    render: changes.Render[Made],
    *,
    amount: int | None = None,
    comment: str = "",
    photographs: tuple[Photograph, ...] = (),
    beside: Beside = _nothing,
) -> Answer:
    """Do something to an order for one of its sides; done once more, it changes nothing.

    Raises Refused(NOT_FOUND), and what core.escrow_moves.made refuses, or `beside` does.
    """

    async def decide(occasion: Occasion) -> tuple[Made, Decision]:
        payment = await fetch(gateway, caller, payment_id)
        if escrow_moves.is_repeat(escrow_orders.of(payment), what, side, amount):
            return Made(payment, is_repeat=True), Decision()
        moved, decision = escrow_orders.move(
            payment, what, side, occasion, amount=amount, comment=comment, photographs=photographs
        )
        return Made(moved), decision.merged(beside(moved))

    return await changes.make(gateway, caller, key, decide, render)


async def share_with(
    gateway: Gateway,
    caller: Caller,
    key: Key | None,
    payment_id: str,
    kind: PartyKind,
    party_id: str | None,
    commission: int,
    render: changes.Render[Payment],
    means: CommissionMeans | None = None,
) -> Answer:
    """Have a provider or an operator share an order, or on other terms; `commission` is in basis points.

    Raises Refused(NOT_FOUND, ORDER_DECIDED, SELLER_NOT_ASSOCIATED, PARAMETER_INVALID, BANK_ACCOUNT_MISSING).
    """

    async def decide(occasion: Occasion) -> tuple[Payment, Decision]:
        payment = await fetch(gateway, caller, payment_id)
        escrow = escrow_orders.of(payment)
        if escrow.verdict is not None:
            raise Refused(Reason.ORDER_DECIDED, "order", status=escrow.status)
        pricing = escrow.pricing
        if party_id is not None:
            party = await people.fetch(gateway, caller, party_id)
            parties.assert_payable(party, kind, pricing.price.currency, kind.value)
        settings = await escrow_settings.fetch(gateway, caller.tenant.id)
        points = _share(commission, means or settings.commission_means)
        if kind is PartyKind.OPERATOR:
            seller = await people.fetch(gateway, caller, pricing.seller or "")
            parties.assert_associated(seller, party_id)
            pricing = structs.replace(pricing, operator=party_id, operator_basis_points=points)
        else:
            pricing = structs.replace(pricing, provider=party_id, provider_basis_points=points if party_id else 0)
        changed = evolve(payment, escrow=structs.replace(escrow, pricing=pricing))
        return changed, Decision(save=(changed,))

    return await changes.make(gateway, caller, key, decide, render)


async def fetch(gateway: Gateway, caller: Caller, payment_id: str) -> Payment:
    """A merchant's order. Raises Refused(NOT_FOUND)."""
    payment = await charges.fetch(gateway, caller, payment_id)
    escrow_orders.of(payment)
    return payment


async def by_number(gateway: Gateway, caller: Caller, number: int) -> Payment:
    """The order with a whole number. Raises Refused(NOT_FOUND)."""
    id = await numbers.subject(gateway.store, caller.tenant.id, SERIES, number)
    return await fetch(gateway, caller, id or "")


async def by_product(gateway: Gateway, caller: Caller, product: str) -> Payment | None:
    """The newest order of what the merchant calls so."""
    found = await page(gateway, caller, Cursor(1), product=product)
    return found.records[0] if found.records else None


async def numbers_of(gateway: Gateway, caller: Caller, ids: Sequence[str]) -> dict[str, int]:
    """The whole numbers of orders, by the ids of their payments."""
    return await numbers.in_series(gateway.store, caller.tenant.id, SERIES, ids)


async def page(
    gateway: Gateway,
    caller: Caller,
    cursor: Cursor,
    *,
    status: EscrowStatus | None = None,
    project: str | None = None,
    party: str | None = None,
    product: str | None = None,
) -> Page[Payment]:
    """A merchant's orders that fit, newest first."""
    asked = {"project": project, "product": product, "party": party, "status": status and status.value}
    terms = tuple((f"escrow.{name}", value) for name, value in asked.items() if value is not None)
    wanted = filters.Wanted(terms=terms or (("escrow", "order"),))
    return await filters.page(gateway.store, Payment, caller.tenant.id, cursor, wanted)


async def calendar(gateway: Gateway, caller: Caller, payment_id: str) -> list[Coming]:
    """What will happen to an order by itself, in order. Raises Refused(NOT_FOUND)."""
    payment = await fetch(gateway, caller, payment_id)
    open_disputes = await disputes.undecided(gateway, payment)
    settled_from = max((dispute.evidence_due_by for dispute in open_disputes), default=0)
    return list(escrow_moves.calendar(escrow_orders.of(payment), settled_from))
