"""Instructions on the wire: by which methods a payment can be paid, and what its payer must do."""

import re
from typing import Any, Final

from tillgate.core import checkout_payments
from tillgate.core.credentials import Scope
from tillgate.core.instructions import How
from tillgate.core.payments import Payment
from tillgate.flows import checkout_links
from tillgate.flows.checkout_links import Chosen
from tillgate.flows.gateway import Caller, Gateway
from tillgate.http import qr
from tillgate.http.exchange import Reply, Request
from tillgate.surfaces.checkout import messages, shapes
from tillgate.surfaces.checkout.calls import Call, Operation, Visit, linked_operation, operation
from tillgate.surfaces.checkout.messages import Form

_PHONE: Final = re.compile(r"[0-9]{10}")
_LINK: Final = ("expires", "signature")

_INTERVALS: Final = {How.CARD: 3, How.DEVICE: 3, How.PHONE: 2, How.TRANSFER: 60}
"""After how many seconds to look again, by what is waited for."""


@operation("GET", "/api/payment/{id}/provider/{provider}/method/{method}", Scope.USER_INSTRUCTIONS_GET, Scope.PAYMENTS)
async def show(call: Call) -> Reply:
    """Start a method, and say what the payer must do."""
    form = messages.query(call.request, ("phone",))
    phone = _phone(form)
    form.done()
    payment = await call.payment()
    chosen = await _start(call.gateway, call.caller, call.request, payment, phone)
    return messages.data(_shown(chosen, f"{call.request.origin}/api/payment/{payment.id}"))


@linked_operation("GET", "/api/checkout/{id}/payment-methods")
async def methods(visit: Visit) -> Reply:
    """By which methods a payment can be paid."""
    form = messages.query(visit.request, _LINK)
    caller, payment = await visit.follow(form)
    form.done()
    offers = await checkout_links.offers(visit.gateway, caller, payment)
    return messages.data(
        [{"provider": offer.provider, "method": offer.method, "title": offer.title} for offer in offers]
    )


@linked_operation("GET", "/api/checkout/payment/{id}/provider/{provider}/method/{method}")
async def show_to_payer(visit: Visit) -> Reply:
    """The same, for the payer."""
    form = messages.query(visit.request, (*_LINK, "phone"))
    caller, payment = await visit.follow(form)
    phone = _phone(form)
    form.done()
    chosen = await _start(visit.gateway, caller, visit.request, payment, phone)
    proof = checkout_links.query(visit.gateway, payment)
    return messages.data(_shown(chosen, f"{visit.request.origin}{visit.request.path}?{proof}"))


def _phone(form: Form) -> str:
    phone = form.value("phone") or ""
    if phone and not _PHONE.fullmatch(phone):
        form.wrong("phone", "The phone field must have 10 digits.")
    return phone


async def _start(gateway: Gateway, caller: Caller, request: Request, payment: Payment, phone: str) -> Chosen:
    page = request.origin + checkout_links.path(gateway, payment)
    named = request.parameters
    return await checkout_links.start(gateway, caller, payment, named["provider"], named["method"], page, phone)


def _shown(chosen: Chosen, poll: str) -> dict[str, Any]:
    """What the payer must do; where they stand meanwhile is in `status`, what a device is asked for in `request`."""
    said = chosen.instructions
    return {
        "provider": chosen.offer.provider,
        "method": chosen.offer.method,
        "title": said.title,
        "steps": list(said.steps),
        "fields": [{"label": one.label, "value": one.value, "copyable": one.copyable} for one in said.fields],
        "qr": None if said.qr is None else {"text": said.qr, "svg": qr.svg(said.qr)},
        "amount": shapes.amount(checkout_payments.due(chosen.payment)),
        "expiresAt": shapes.moment(checkout_links.expires_at(chosen)),
        "poll": {"url": poll, "intervalSeconds": _INTERVALS[chosen.offer.how]},
        "status": shapes.payment(chosen.payment)["status"],
        **({} if said.request is None else {"request": said.request}),
    }


OPERATIONS: tuple[Operation, ...] = (show, methods, show_to_payer)
