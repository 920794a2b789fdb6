"""Service providers and commissions on the wire."""

from typing import Any, Final

from tillgate.core import escrow_orders as core
from tillgate.core.escrow_settings import CommissionMeans
from tillgate.core.merchants import DEMO_SHOP
from tillgate.core.parties import SERIES, Destination, Named, Party, PartyKind
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import bank_accounts, escrow_numbers, escrow_orders
from tillgate.flows import parties as flows
from tillgate.flows.gateway import Gateway
from tillgate.http.exchange import Reply
from tillgate.http.routing import Route
from tillgate.store.lists import Cursor
from tillgate.surfaces.atarapay import messages, orders, pay_forms, shapes
from tillgate.surfaces.atarapay.calls import Asker, Call, Noted, operation, under
from tillgate.surfaces.atarapay.errors import Wrong, invalid
from tillgate.surfaces.atarapay.messages import Fields

CREATED: Final = "Service Provider Updated successfully"
ASSOCIATED: Final = "Service provider and commission successfully associated with the order"

_AT_ONCE: Final = 100
_CURRENCIES: Final = {"1": "NGN", "2": "USD"}
_TYPES: Final = {currency: int(type) for type, currency in _CURRENCIES.items()}


@operation("POST", "/api/serviceprovider/create")
async def create(call: Call) -> Reply:
    """Introduce a service provider, with the account that they are paid to."""
    asker = await call.merchant("type")
    fields = asker.fields
    currency = _CURRENCIES[fields.one_of("type", *_CURRENCIES)]
    account_id = ("account_id",) if currency == "USD" else ()
    people = ("email", "phone", "firstname", "lastname")
    fields.require("bank_code", "bank_account_number", "bank_account_name", *account_id, *people)
    named, destination = _named(fields), _destination(fields, currency, is_invented=not asker.tenant.is_live)
    await _assert_account(call, asker)
    noted = Noted[Party]()
    try:
        await flows.create(call.gateway, asker.caller, None, PartyKind.PROVIDER, named, destination, noted)
    except Refused as refused:
        raise _wrong(refused) from None
    return messages.success(CREATED, await _shown(call.gateway, noted.made))


async def _assert_account(call: Call, asker: Asker) -> None:
    """Who is to be paid a share of an order is a seller's, who has to have somewhere to be paid out to themselves.

    The document's examples run for Demo Shop as they are. Raises Wrong.
    """
    page = await bank_accounts.page(call.gateway, asker.caller, Cursor(1), None)
    if not page.records and asker.tenant.id != DEMO_SHOP.id:
        raise Wrong("Seller bank account does not exist, Please add bank account then try", 409)


def _named(fields: Fields) -> Named:
    return Named(
        first_name=fields.text("firstname"),
        last_name=fields.text("lastname"),
        email=fields.email("email"),
        phone=fields.phone("phone"),
    )


def _destination(fields: Fields, currency: str, *, is_invented: bool) -> Destination:
    return Destination(
        bank_code=_digits(fields, "bank_code", 3),
        bank_name=fields.text("bank_name"),
        nip_code=_digits(fields, "nip_bank_code", 6) or None,
        number=_digits(fields, "bank_account_number", 10),
        holder=fields.text("bank_account_name"),
        currency=currency,
        reference=fields.text("account_id") or None,
        is_invented=is_invented,
    )


def _digits(fields: Fields, name: str, many: int) -> str:
    found = fields.text(name)
    if found and not (found.isascii() and found.isdigit() and len(found) == many):
        raise invalid(name, f"must be {many} digits")
    return found


@operation("POST", "/api/serviceprovider")
async def every(call: Call) -> Reply:
    """All of them, newest first."""
    asker = await call.merchant()
    return messages.success("Service providers", await _all(call, asker))


async def _delete(call: Call) -> Reply:
    """Give no further order's share to one; the others are told."""
    asker = await call.merchant("sp_id")
    provider = await _provider(call, asker)
    try:
        await flows.delete(call.gateway, asker.caller, provider.id)
    except Refused:
        # Somebody else was quicker.
        raise _unknown(asker.fields) from None
    return messages.success("Service Provider Deleted successfully", await _all(call, asker))


async def _share(call: Call) -> Reply:
    """Have a service provider share an order, or on another commission."""
    asker = await call.merchant()
    points = _commission(asker.fields)
    asker.fields.require("sp_id", "order_id")
    order = await orders.find(call.gateway, asker.caller, asker.fields.text("order_id"))
    provider = await _provider(call, asker)
    noted, means = Noted[Payment](), _means(asker.fields)
    try:
        await escrow_orders.share_with(
            call.gateway, asker.caller, None, order.id, PartyKind.PROVIDER, provider.id, points, noted, means
        )
    except Refused as refused:
        raise _unknown(asker.fields) if refused.reason is Reason.NOT_FOUND else _wrong(refused) from None
    shown = await _commissioned(call.gateway, noted.made, points)
    shown["service_provider"] = await _shown(call.gateway, provider)
    return messages.success(ASSOCIATED, [{("commisson" if key == "commission" else key): shown[key] for key in shown}])


async def _share_with_operator(call: Call) -> Reply:
    """Have the marketplace's operator share an order of one of its sellers."""
    asker = await call.merchant()
    points = _commission(asker.fields)
    asker.fields.require("order_id")
    order = await orders.find(call.gateway, asker.caller, asker.fields.text("order_id"))
    pricing = core.of(order).pricing
    noted, means = Noted[Payment](), _means(asker.fields)
    try:
        await escrow_orders.share_with(
            call.gateway, asker.caller, None, order.id, PartyKind.OPERATOR, pricing.operator, points, noted, means
        )
    except Refused as refused:
        if refused.reason not in (Reason.SELLER_NOT_ASSOCIATED, Reason.NOT_FOUND):
            raise _wrong(refused) from None
        seller = await escrow_numbers.of(call.gateway, asker.tenant.id, SERIES, [pricing.seller or asker.tenant.id])
        raise Wrong(
            f"Seller with id ({next(iter(seller.values()))}) is not associated to the marketplace operator, "
            "Please associate seller then try again",
            409,
        ) from None
    shown = await _commissioned(call.gateway, noted.made, points)
    data = {
        "id": shown["id"],
        "order_id": shown["order_id"],
        "sp_type": "Marketplace Service Provider",
        "commission": shown["commission"],
        "test": int(not asker.tenant.is_live),
        "comments": None,
        "created_at": shown["created_at"],
        "updated_at": shown["updated_at"],
        "service_provider": await _operator(call, asker, pricing.operator),
    }
    return messages.success(ASSOCIATED, data)


async def _operator(call: Call, asker: Asker, party: str | None) -> dict[str, Any]:
    """Who operates the marketplace, the merchant itself where nobody else does."""
    if party is not None:
        return await _shown(call.gateway, await flows.fetch(call.gateway, asker.caller, party))
    tenant = asker.tenant
    return await _shown(
        call.gateway,
        Party(
            tenant=tenant.id,
            id=tenant.id,
            created=tenant.created,
            kind=PartyKind.OPERATOR,
            named=Named(first_name=tenant.name, phone=tenant.phone),
        ),
    )


def _commission(fields: Fields) -> int:
    """A commission in either spelling, in basis points. Raises Wrong."""
    name = "commission" if not fields.has("commisson") and fields.has("commission") else "commisson"
    fields.require(name)
    return pay_forms.percentage(fields, name) or 0


def _means(fields: Fields) -> CommissionMeans | None:
    """Whose share it is, where that is not as the merchant's settings say."""
    return CommissionMeans.SELLER if pay_forms.means_seller(fields) else None


async def _provider(call: Call, asker: Asker) -> Party:
    """The service provider that is named. Raises Wrong."""
    try:
        party = await flows.by_number(call.gateway, asker.caller, orders.number(asker.fields.text("sp_id")))
        if party.kind is PartyKind.PROVIDER:
            return party
    except Refused:
        pass
    raise _unknown(asker.fields)


def _unknown(fields: Fields) -> Wrong:
    named = shapes.named(fields.text("sp_id"))
    return Wrong(f"Service Provider with id ({named}) does not exist, Please add Service Provider then try", 404)


def _wrong(refused: Refused) -> Wrong | Refused:
    if refused.reason is Reason.ORDER_DECIDED:
        return Wrong(orders.DECIDED, 409)
    if refused.reason is Reason.BANK_ACCOUNT_MISSING:
        return Wrong("The service provider has no bank account in the currency of the order.", 409)
    return refused


async def _all(call: Call, asker: Asker) -> list[dict[str, Any]]:
    found: list[Party] = []
    cursor = Cursor(_AT_ONCE)
    while True:
        page = await flows.page(call.gateway, asker.caller, PartyKind.PROVIDER, cursor)
        found += page.records
        if not page.has_more:
            numbers = await escrow_numbers.of(call.gateway, asker.tenant.id, SERIES, [party.id for party in found])
            return [await _numbered(call.gateway, party, numbers[party.id]) for party in found]
        cursor = Cursor(_AT_ONCE, after=page.records[-1].id)


async def _shown(gateway: Gateway, party: Party) -> dict[str, Any]:
    numbers = await escrow_numbers.of(gateway, party.tenant, SERIES, [party.id])
    return await _numbered(gateway, party, numbers[party.id])


async def _numbered(gateway: Gateway, party: Party, number: int) -> dict[str, Any]:
    account_id = {"account_id": party.reference} if party.reference else {}
    return {
        "id": number,
        "type": _TYPES[party.currency],
        "firstname": party.named.first_name,
        "lastname": party.named.last_name,
        "phone": party.named.phone,
        "email": party.named.email,
        "bank_code": party.bank_code,
        "nip_bank_code": party.nip_code,
        "bank_name": party.bank_name,
        "bank_account_name": party.holder,
        "bank_account_number": await flows.account_number(gateway, party),
        "recipient_code": f"RCP_{party.id.partition('_')[2]}" if party.sealed else None,
        **account_id,
        "created_at": shapes.moment(party.created),
        "updated_at": shapes.moment(party.updated or party.created),
    }


async def _commissioned(gateway: Gateway, order: Payment, points: int) -> dict[str, Any]:
    number = (await escrow_numbers.of_orders(gateway, order.tenant, [order]))[order.id].order
    return {
        "id": number,
        "order_id": number,
        "commission": shapes.percentage(points),
        "created_at": shapes.moment(order.created),
        "updated_at": shapes.moment(gateway.clock.now(order.tenant)),
    }


OPERATIONS: tuple[Route, ...] = (
    create,
    every,
    *under(_delete, ("POST", "/api/serviceprovider/delete"), ("DELETE", "/api/serviceprovider/delete")),
    *under(_share, ("PUT", "/api/serviceprovider/order/update"), ("POST", "/api/serviceprovider/order/update")),
    *under(
        _share_with_operator,
        ("PUT", "/api/serviceprovider/marketplaceOrder/update"),
        ("POST", "/api/serviceprovider/marketplaceOrder/update"),
    ),
)
