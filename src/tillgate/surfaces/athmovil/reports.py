"""What was paid, on the wire: refund, searchTransaction, transactionReport."""

import re
from datetime import timedelta
from typing import Final

from tillgate.core import phone_wallets
from tillgate.flows import ticket_refunds, ticket_reports, tickets
from tillgate.flows.ticket_reports import Sought
from tillgate.flows.tickets import Shown
from tillgate.http.exchange import Reply
from tillgate.http.routing import Route
from tillgate.surfaces.athmovil import messages, shapes
from tillgate.surfaces.athmovil.calls import BASE, Call, operation
from tillgate.surfaces.athmovil.errors import Wrong
from tillgate.surfaces.athmovil.messages import Fields

MOST_DAYS: Final = 90

_SHOWN: Final = re.compile(r"\(([0-9]{3})\) ([0-9]{3})-([0-9]{4})")

_SOUGHT: Final = ("referenceNumber", "dailyTransactionID", "name", "phoneNumber", "email", "metadata1", "metadata2")


@operation("POST", f"{BASE}/refund")
async def refund(call: Call) -> Reply:
    """Give money back."""
    given = messages.body(call.request)
    asker = await call.business(given, proven=True)
    reference, amount = messages.text(given, "referenceNumber"), messages.refundable(given)
    message = messages.message(given)
    payment = await call.paid_of(asker, reference)
    if not (await tickets.look(call.gateway, asker.caller, payment)).payment.captured:
        # Nobody was told a reference yet.
        raise Wrong("BTRA_0053")
    shown, made, number = await ticket_refunds.refund(call.gateway, asker.caller, payment, amount, message)
    completed_at = shown.payment.ticket.completed_at if shown.payment.ticket else None
    original = shapes.original(shown, date=shapes.milliseconds(completed_at or 0))
    return messages.success({"refund": shapes.refund(made, number), "originalTransaction": original})


@operation("POST", "/api/v4/searchTransaction")
async def search(call: Call) -> Reply:
    """What was paid that fits: one as itself, several or none as a list."""
    given = messages.body(call.request)
    asker = await call.business(given, proven=True)
    found = await ticket_reports.search(call.gateway, asker.caller, _sought(given))
    shown = [shapes.original(one, date=_date(one)) for one in found]
    return messages.bare(shown[0] if len(shown) == 1 else shown)


def _sought(given: Fields) -> Sought:
    texts = {name: _text(given, name) for name in _SOUGHT}
    total = messages.optional_cents(given, "total")
    if total is None and not any(texts.values()):
        raise Wrong("BTRA_0019")
    number = texts["dailyTransactionID"]
    if number is not None and not (number.isascii() and number.isdigit() and len(number) <= 9):
        raise Wrong("BTRA_0006")
    return Sought(
        reference=texts["referenceNumber"],
        number=None if number is None else int(number),
        name=texts["name"],
        phone=_digits(texts["phoneNumber"]),
        email=texts["email"],
        total=total,
        metadata={name: value for name in ("metadata1", "metadata2") if (value := texts[name])},
    )


def _digits(phone: str | None) -> str | None:
    """A number as it is kept, also where it is given as answers show it."""
    shown = phone and _SHOWN.fullmatch(phone)
    return "".join(shown.groups()) if shown else phone


def _text(given: Fields, name: str) -> str | None:
    """A text, or a whole number where one may be written so."""
    value = given.get(name)
    if name in ("dailyTransactionID", "phoneNumber") and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return messages.optional_text(given, name) or None


async def _report(call: Call) -> Reply:
    """What was paid from one moment to another."""
    given = messages.body(call.request)
    asker = await call.business(given, proven=True)
    first = messages.moment(given, "fromDate", "BTRA_0023")
    last = messages.moment(given, "toDate", "BTRA_0024")
    now = phone_wallets.local(call.gateway.clock.now(asker.tenant.id))
    for moment, code in ((first, "BTRA_0047"), (last, "BTRA_0048")):
        if moment > now:
            raise Wrong(code)
    if first > last:
        raise Wrong("BTRA_0025")
    if last - first > timedelta(days=MOST_DAYS):
        raise Wrong("BTRA_0026", str(MOST_DAYS))
    days = [phone_wallets.series(phone_wallets.instant_of(moment)) for moment in (first, last)]
    from_at, until = phone_wallets.instant_of(first), phone_wallets.instant_of(last + timedelta(seconds=1))
    found = [
        one
        for one in await ticket_reports.report(call.gateway, asker.caller, days[0], days[1])
        if one.payment.ticket and from_at <= (one.payment.ticket.completed_at or 0) < until
    ]
    if not found:
        raise Wrong("BTRA_0046")
    return messages.bare(
        [shapes.original(one, date=_date(one), type="ECOMMERCE", refunded="totalRefundAmount") for one in found]
    )


def _date(one: Shown) -> str:
    """`2019-06-06 16:12:02.0`."""
    return shapes.moment(one.payment.ticket.completed_at if one.payment.ticket else None) + ".0"


_REPORT: Final = "/transactions/v4/transactionReport"

OPERATIONS: tuple[Route, ...] = (
    refund,
    search,
    operation("GET", _REPORT)(_report),
    operation("POST", _REPORT)(_report),
)
