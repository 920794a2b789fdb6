"""Tickets on the wire: payment, findPayment, authorization, updatePhoneNumber, cancel."""

from tillgate.flows import tickets as flows
from tillgate.flows.tickets import Wanted
from tillgate.http.exchange import Reply
from tillgate.http.routing import Route
from tillgate.http.strict_json import parse
from tillgate.surfaces.athmovil import messages, shapes, tokens
from tillgate.surfaces.athmovil.calls import BASE, Asker, Call, operation
from tillgate.surfaces.athmovil.errors import Wrong


@operation("POST", f"{BASE}/payment", cross_origin=True)
async def create(call: Call) -> Reply:
    """Open a ticket."""
    given = messages.body(call.request)
    asker = await call.business(given)
    wanted = Wanted(
        total=messages.total(given),
        tax=messages.optional_cents(given, "tax"),
        subtotal=messages.optional_cents(given, "subtotal"),
        timeout=messages.timeout(given),
        metadata={name: messages.note(given, name) for name in ("metadata1", "metadata2")},
        items=messages.items(given),
        phone=messages.phone(given, is_required=False),
    )
    call.count_phone(asker.tenant, wanted.phone)
    payment = await flows.open(call.gateway, asker.caller, wanted)
    assert payment.ticket is not None, payment.id
    number = payment.ticket.number
    token = await tokens.issue(call.signer, number, call.wall)
    return messages.success({"ecommerceId": number, "auth_token": token})


@operation("POST", f"{BASE}/business/findPayment", cross_origin=True)
async def find(call: Call) -> Reply:
    """How a ticket stands."""
    given = messages.body(call.request)
    asker = await call.business(given)
    payment = await call.ticket_of(asker, messages.text(given, "ecommerceId"))
    return _shown(call, asker, await flows.look(call.gateway, asker.caller, payment))


@operation("POST", f"{BASE}/authorization", cross_origin=True)
async def authorize(call: Call) -> Reply:
    """Take what the customer has confirmed."""
    asker, _, payment = await call.bearer()
    if call.request.body.strip() and not isinstance(parse(call.request.body), dict):
        raise Wrong("BTRA_0006")
    return _shown(call, asker, await flows.authorize(call.gateway, asker.caller, payment))


async def _update_phone(call: Call) -> Reply:
    """Ask another phone."""
    asker, number, payment = await call.bearer()
    given = messages.body(call.request)
    if messages.text(given, "ecommerceId") != number:
        raise Wrong("BTRA_0403")
    phone = messages.phone(given, is_required=True)
    call.count_phone(asker.tenant, phone)
    await flows.readdress(call.gateway, asker.caller, payment, phone)
    return messages.success("Update Phone Number")


@operation("POST", f"{BASE}/business/cancel", cross_origin=True)
async def cancel(call: Call) -> Reply:
    """Give a ticket up."""
    given = messages.body(call.request)
    asker = await call.business(given)
    payment = await call.ticket_of(asker, messages.text(given, "ecommerceId"))
    await flows.cancel(call.gateway, asker.caller, payment)
    return messages.success("Payment Cancelled.")


def _shown(call: Call, asker: Asker, found: flows.Shown) -> Reply:
    now = call.gateway.clock.now(asker.tenant.id)
    return messages.success(shapes.transaction(found, asker.tenant, now))


OPERATIONS: tuple[Route, ...] = (
    create,
    find,
    authorize,
    operation("PUT", f"{BASE}/business/updatePhoneNumber", cross_origin=True)(_update_phone),
    operation("POST", f"{BASE}/business/updatePhoneNumber", cross_origin=True)(_update_phone),
    cancel,
)
