"""Payments on the wire: opened, shown, listed, given up, paid back."""

import re
from typing import Final

from tillgate.core.checkouts import LONGEST
from tillgate.core.conclusions import Standing
from tillgate.core.credentials import Scope
from tillgate.core.money import Money
from tillgate.core.reasons import Reason, Refused
from tillgate.core.refunds import RefundState
from tillgate.flows import applications, checkout_links, checkouts, ways_back
from tillgate.flows.checkouts import Wanted
from tillgate.flows.gateway import Answer
from tillgate.flows.idempotency import Key
from tillgate.http.exchange import Reply
from tillgate.surfaces.checkout import errors, messages, shapes
from tillgate.surfaces.checkout.calls import SURFACE, Call, Operation, operation
from tillgate.surfaces.checkout.sandbox_tokens import CLIENT_IDS

_WANTED: Final = (
    *("amount", "currencyCode", "reference", "referenceLabel", "clientId", "siteId"),
    *("redirectUrl", "settlementCurrencyCode", "expiresAt"),
    *("productId", "blockchainSlug"),
)
"""What opens a payment; there is no blockchain here, so the last two mean nothing."""

_KEY: Final = re.compile(r"[ -~]{1,255}")
_STATUSES: Final = {name: status for status, name in ways_back.STATUSES.items()}


@operation("POST", "/api/payment/checkout", Scope.PAYMENTS_CREATE, Scope.PAYMENTS)
async def create(call: Call) -> Reply:
    """Open a payment, and say where it is paid."""
    form = messages.body(call.request, _WANTED)
    amount, currency = form.whole("amount", required=True), form.currency("currencyCode", required=True)
    reference = form.text("reference", required=True)
    label = form.text("referenceLabel", required=True)
    client_id, site_id = form.text("clientId"), form.text("siteId")
    if not form.has("clientId") and not form.has("siteId"):
        form.wrong("clientId", "The clientId field is required.")
    redirect = form.address("redirectUrl")
    settlement = form.currency("settlementCurrencyCode")
    if settlement not in (None, currency) and currency is not None:
        form.wrong("settlementCurrencyCode", f"The payment is settled in its own currency, {currency}.")
    expires_at = form.moment("expiresAt", after=call.now)
    if expires_at is not None and expires_at > call.now + LONGEST:
        form.wrong("expiresAt", "The expiresAt field must be a date within five years.")
    form.done()
    assert amount is not None
    assert currency is not None
    assert reference is not None
    assert label is not None
    printed = CLIENT_IDS if call.request.is_local else frozenset()
    application = await applications.named(call.gateway, call.caller, client_id, site_id, printed)
    if call.principal.application not in (None, application.id):
        raise Refused(Reason.APPLICATION_UNKNOWN, "site_id" if client_id is None else "client_id")
    wanted = Wanted(
        amount=_money(amount, currency),
        reference=reference,
        reference_label=label,
        redirect_url=redirect,
        expires_at=expires_at,
    )
    payment = await checkouts.open(call.gateway, call.caller, application, wanted)
    url = call.request.origin + checkout_links.path(call.gateway, payment)
    return messages.data({"id": payment.id, "checkoutUrl": url})


def _money(amount: int, currency: str) -> Money:
    try:
        return Money(amount, currency)
    except ValueError:
        raise Refused(Reason.AMOUNT_INVALID, "amount") from None


@operation("GET", "/api/payment/{id}", Scope.PAYMENTS_GET, Scope.PAYMENTS)
async def fetch(call: Call) -> Reply:
    """How a payment stands."""
    return messages.data(shapes.payment(await call.payment()))


@operation("GET", "/api/payments", Scope.PAYMENTS)
async def page(call: Call) -> Reply:
    """Payments, newest first."""
    form = messages.query(call.request, (*messages.PAGING, "status", "reference", "clientId"))
    asked = messages.pages(form)
    status, reference = form.text("status"), form.text("reference")
    if status is not None and status not in _STATUSES:
        form.wrong("status", f"The selected status is invalid. It takes {', '.join(_STATUSES)}.")
    client_id = form.text("clientId")
    form.done()
    application = None
    if client_id is not None:
        printed = CLIENT_IDS if call.request.is_local else frozenset()
        application = (await applications.named(call.gateway, call.caller, client_id, None, printed)).id
    found, total = await checkouts.page(
        call.gateway,
        call.caller,
        status=None if status is None else _STATUSES[status],
        reference=reference,
        application=application,
        page=asked.page,
        per_page=asked.per_page,
    )
    return messages.listed([shapes.payment(each) for each in found], asked, total)


@operation("POST", "/api/payment/{id}/cancel", Scope.PAYMENTS_CREATE, Scope.PAYMENTS)
async def cancel(call: Call) -> Reply:
    """Give a payment up; what is held goes back."""
    messages.body(call.request, ()).done()
    payment = await call.payment()
    return messages.data(shapes.payment(await checkouts.cancel(call.gateway, call.caller, payment.id)))


@operation("POST", "/api/payment/{id}/refund", Scope.PAYMENTS_CREATE, Scope.PAYMENTS)
async def refund(call: Call) -> Reply:
    """Pay back all that is left, or a part of it."""
    form = messages.body(call.request, ("amount",))
    amount = form.whole("amount")
    form.done()
    payment = await call.payment()

    async def render(now: Standing) -> Answer:
        if now.refund is not None and now.refund.state is RefundState.FAILED and now.refund.failure:
            told = errors.sentence(now.refund.failure.reason, {})
            reply = errors.invalid(errors.Invalid({"payment": [told]}))
        else:
            reply = messages.data(shapes.payment(now.payment))
        return Answer(reply.status, reply.body)

    made = await checkouts.refund(call.gateway, call.caller, _key(call, amount), payment.id, amount, render)
    return Reply(made.status, made.body)


def _key(call: Call, amount: int | None) -> Key | None:
    """The client's own name for the request, so that a repeat pays nothing back twice."""
    given = call.request.header("idempotency-key")
    if given is None:
        return None
    if not _KEY.fullmatch(given):
        raise Refused(Reason.IDEMPOTENCY_KEY_INVALID, "Idempotency-Key")
    secrets, path = call.gateway.secrets, call.request.path
    return Key(
        id=secrets.key_digest(call.tenant.id, SURFACE, given),
        fingerprint=secrets.request_fingerprint("POST", path, call.principal.credential, str(amount).encode()),
    )


OPERATIONS: tuple[Operation, ...] = (create, fetch, page, cancel, refund)
