"""/pay: where a buyer's browser posts what is to be bought, and is sent on to the payment page."""

from typing import Final
from urllib.parse import urlsplit

from tillgate.core import languages
from tillgate.core.checkouts import Checkout
from tillgate.core.credentials import Principal
from tillgate.core.escrow_settings import CommissionMeans
from tillgate.core.escrows import Bearer
from tillgate.core.instants import DAY, Duration
from tillgate.core.merchants import Tenant
from tillgate.core.parties import Party, PartyKind
from tillgate.core.payments import Payment
from tillgate.core.projects import Project
from tillgate.core.rates import Rate
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import (
    checkout_links,
    escrow_checkouts,
    escrow_numbers,
    escrow_orders,
    exchange_rates,
    parties,
    profiles,
    projects,
)
from tillgate.flows.escrow_orders import Wanted
from tillgate.flows.gateway import Caller, caller
from tillgate.flows.returns import with_parameters
from tillgate.flows.sources import NewCustomer
from tillgate.http.exchange import Reply, Request
from tillgate.http.routing import Route
from tillgate.surfaces.atarapay import messages, pay_forms
from tillgate.surfaces.atarapay.calls import SURFACE, Call, Noted, operation
from tillgate.surfaces.atarapay.errors import Wrong, required
from tillgate.surfaces.atarapay.messages import Fields
from tillgate.surfaces.atarapay.pay_forms import NAIRA, Asked

PATH: Final = "/pay"
TOKEN: Final = "token"  # noqa: S105 — the name of a field
LASTS: Final[Duration] = 7 * DAY
"""How long an order can be paid, unless it is promised sooner."""


@operation("POST", PATH, cross_origin=True)
async def pay(call: Call) -> Reply:
    """Open an order, and send its buyer on to where it is paid; who asks for JSON is told where that is."""
    call.limits.count_stranger(call.request)
    given = messages.body(call.request)
    principal, tenant = await _seller(call, given.get(TOKEN))
    call.request.tenant = tenant.id
    asks = caller(tenant, principal, SURFACE, call.request.id)
    asked = pay_forms.parse(Fields(given, takes_placeholders=not tenant.is_live))
    await _assert_origin(call, tenant, asked.callback_url)
    payment = await _opened(call, asks, asked)
    number = (await escrow_numbers.of_order(call.gateway, payment)).order
    back = _way_back(asked, number)
    if back is not None:
        payment = await escrow_checkouts.lead_back(call.gateway, asks, payment, back)
    path = checkout_links.path(call.gateway, payment)
    if not is_for_programs(call.request):
        return Reply(303, headers=((b"location", path.encode()), (b"referrer-policy", b"no-referrer")))
    url = call.request.origin + path
    return messages.success(
        "payment_page", {"order": number, "product": asked.product.id, "url": url, "callback_url": back}
    )


def is_for_people(request: Request) -> bool:
    """Whether a browser asks that shows somebody what it is answered."""
    return "text/html" in (request.header("accept") or "")


def is_for_programs(request: Request) -> bool:
    """Whether whoever asks wants to be told where the payment page is, and not to be led there."""
    return "application/json" in (request.header("accept") or "") and not is_for_people(request)


async def _opened(call: Call, asks: Caller, asked: Asked) -> Payment:
    """The order; where the very same form has opened one that still waits to be paid, that one."""
    wanted = await _wanted(call, asks, asked)
    expires_at = min(asked.delivery.promised_by, call.now(asks.tenant) + LASTS)
    accepted = call.request.header("accept-language")
    checkout = Checkout(
        reference=asked.product.id,
        reference_label=asked.product.name,
        expires_at=expires_at,
        holds_reference=False,
        # It is the buyer's browser that asks: its language is that of the page, and of the mails that follow.
        locale=languages.best(accepted) if accepted else None,
    )
    customer = NewCustomer(asked.buyer.email, f"{asked.buyer.first_name} {asked.buyer.last_name}", asked.buyer.phone)
    noted = Noted[Payment]()
    said = messages.encode(asked)
    await escrow_orders.open(call.gateway, asks, None, wanted, customer, noted, checkout, said)
    return noted.made


def _way_back(asked: Asked, number: int) -> str | None:
    """Where the buyer goes on to once they have paid, with both names of the order."""
    if asked.callback_url is None:
        return None
    return with_parameters(asked.callback_url, {"product": asked.product.id, "order": str(number)})


async def _seller(call: Call, token: object) -> tuple[Principal, Tenant]:
    """Whose key the form has. Raises Wrong."""
    if token is None or (isinstance(token, str) and not token.strip()):
        raise required(TOKEN)
    try:
        if isinstance(token, str):
            return await call.directory.holder(token.strip(), None, on_this_machine=call.request.is_local)
    except Refused as refused:
        if refused.reason is not Reason.CREDENTIAL_INVALID:
            raise
    raise Wrong("Invalid token. Does not match any record.", 401)


async def _assert_origin(call: Call, tenant: Tenant, url: str | None) -> None:
    """Where a buyer goes on to is the merchant's own, by what it has registered; with test money it may be anywhere."""
    if url is None or not tenant.is_live:
        return
    parts = urlsplit(url)
    if f"{parts.scheme}://{parts.netloc}".lower() not in (await profiles.of(call.gateway, tenant)).origins:
        raise Wrong("The callback_url is not at an origin that the merchant has registered.")


async def _wanted(call: Call, asks: Caller, asked: Asked) -> Wanted:
    """What is asked for, once everything that it names was found to be the merchant's own."""
    seller = await _marketplace_seller(call, asks, asked)
    provider = await _provider(call, asks, asked.provider)
    project = await _project(call, asks, asked)
    tenant = asks.tenant
    return Wanted(
        price=asked.price,
        product=asked.product,
        delivery=asked.delivery,
        buyer=asked.buyer,
        shipping=asked.shipping,
        shipping_bearer=asked.bearers.get("shipping_fee_bearer", Bearer.BUYER),
        escrow_fee_bearer=asked.bearers.get("escrow_fee_bearer", Bearer.SELLER),
        processing_bearer=asked.bearers.get("tx_fee_bearer", Bearer.SELLER),
        cancellation_fee=asked.cancellation_fee,
        rate=await _rate(call, tenant, asked.currency),
        seller=seller.id if seller else None,
        provider=provider.id if provider else None,
        commission=asked.commission,
        commission_means=CommissionMeans.SELLER if asked.commission_means_seller else None,
        project=project.id if project else None,
        is_marketplace=asked.is_marketplace,
        started_by="buyer",
        callback_url=asked.callback_url,
        # Who is a party is told of as they are at the time.
        asked_as={**asked.asked_as, **({} if seller else {"seller_phone": tenant.phone})},
    )


async def _rate(call: Call, tenant: Tenant, currency: str) -> Rate | None:
    if currency == NAIRA:
        return None
    rate = await exchange_rates.quote(call.gateway, tenant, currency, NAIRA)
    if rate is None:
        raise Wrong(f"There is no exchange rate from {currency} to {NAIRA}.")
    return rate


async def _marketplace_seller(call: Call, asks: Caller, asked: Asked) -> Party | None:
    """Who sells in the merchant's marketplace, by their phone."""
    if not asked.is_marketplace:
        return None
    seller = await parties.by_phone(call.gateway, asks, asked.seller_phone)
    if seller is None or not seller.is_associated:
        raise Wrong("Seller is not associated to the marketplace operator, Please associate seller then try again", 409)
    return seller


async def _provider(call: Call, asks: Caller, number: int | None) -> Party | None:
    if number is None:
        return None
    try:
        party = await parties.by_number(call.gateway, asks, number)
        if party.kind is PartyKind.PROVIDER:
            return party
    except Refused:
        pass
    raise Wrong(f"Service Provider with id ({number}) does not exist, Please add Service Provider then try", 404)


async def _project(call: Call, asks: Caller, asked: Asked) -> Project | None:
    """The project that this is a milestone of; its buyer alone adds one."""
    if asked.project is None:
        return None
    try:
        project = await projects.by_number(call.gateway, asks, asked.project)
    except Refused:
        raise Wrong(f"Project with id ({asked.project}) does not exist", 404) from None
    if project.buyer.email.casefold() != asked.buyer.email.casefold():
        raise Wrong("Only the buyer of the project adds milestones to it.", 403)
    return project


OPERATIONS: tuple[Route, ...] = (pay,)
