"""Payouts on the wire, with the lines that explain every figure."""

import enum
from typing import Annotated

import msgspec

from tillgate.core import currencies
from tillgate.core.credentials import Scope
from tillgate.core.instants import unix_seconds
from tillgate.core.payouts import Carried, Order, Payout, PayoutState
from tillgate.flows import payouts
from tillgate.flows.gateway import Answer
from tillgate.flows.payouts import Line
from tillgate.http.exchange import Reply
from tillgate.store.lists import Cursor, Page
from tillgate.surfaces.v1 import balance_transactions, errors, expansion
from tillgate.surfaces.v1.forms import Amount, ListShown, Metadata, MoneyListGiven, PageGiven, Text, list_shown
from tillgate.surfaces.v1.listings import Listing
from tillgate.surfaces.v1.operations import Call, Nothing, answer, answered, operation, shown

_PATH = "/v1/payouts"


class PayoutMethod(enum.StrEnum):
    """How a payout travels."""

    STANDARD = "standard"


class PayoutGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A payout in a currency: of an amount, or of all that is available."""

    currency: str
    amount: Amount | None = None
    destination: str | None = None
    method: PayoutMethod = PayoutMethod.STANDARD
    description: Text | None = None
    metadata: Metadata = {}


class PayoutsGiven(MoneyListGiven, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A page of payouts: in one status, of some time, amount or metadata if so asked."""

    status: PayoutState | None = None


class PayoutLinesGiven(PageGiven, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A page of a payout's lines."""


class PayoutShown(msgspec.Struct, frozen=True, kw_only=True):
    """A payout."""

    id: str
    object: str = "payout"
    amount: int
    currency: str
    status: PayoutState
    type: str = "bank_account"
    method: PayoutMethod = PayoutMethod.STANDARD
    automatic: bool
    destination: Annotated[str, expansion.ids("ba")]
    arrival_date: int
    balance_transaction: Annotated[str, expansion.ids("bt")] | None
    reversal_balance_transaction: Annotated[str, expansion.ids("bt")] | None
    lines: int
    carried_in: int
    carried_out: int
    description: str | None
    failure_code: str | None
    failure_message: str | None
    metadata: dict[str, str]
    created: int
    livemode: bool


class LineType(enum.StrEnum):
    """What a line of a payout is."""

    CHARGE = "charge"
    REFUND = "refund"
    ADJUSTMENT = "adjustment"
    PAYOUT_FAILURE = "payout_failure"
    PAYOUT_CANCEL = "payout_cancel"
    ESCROW_HOLD = "escrow_hold"
    """What was paid went into escrow."""
    ESCROW_RELEASE = "escrow_release"
    """It came out of it again."""
    CARRIED_IN = "carried_in"
    """What the payout before left."""
    CARRIED_OUT = "carried_out"
    """What this one leaves to the next."""


class PayoutLineShown(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a payout. The `net` of all of them is the payout's amount, and no line is in two payouts."""

    id: str
    object: str = "payout_line"
    type: LineType
    payout: Annotated[str, expansion.ids("po")]
    balance_transaction: Annotated[str, expansion.ids("bt")] | None
    source: Annotated[str, expansion.ids("pay", "eo", "re", "po")] | None
    amount: int
    fee: int
    net: int
    currency: str


def show(payout: Payout, *, livemode: bool) -> PayoutShown:
    """A payout in this API's form."""
    failure_code, failure_message = errors.told(payout.failure.reason) if payout.failure else (None, None)
    return PayoutShown(
        id=payout.id,
        amount=payout.amount.amount,
        currency=payout.amount.currency.lower(),
        status=payout.state,
        automatic=payout.automatic,
        destination=payout.destination,
        arrival_date=unix_seconds(payout.arrives_at),
        balance_transaction=None if payout.party else payout.balance_transaction,
        reversal_balance_transaction=None if payout.party else payout.returned or payout.reversal,
        lines=payout.lines.count + len(payout.carried),
        carried_in=payout.carried_in.amount if payout.carried_in else 0,
        carried_out=-payout.carried_out.amount if payout.carried_out else 0,
        description=payout.description,
        failure_code=failure_code,
        failure_message=failure_message,
        metadata=payout.metadata,
        created=unix_seconds(payout.created),
        livemode=livemode,
    )


def _show_line(payout: Payout, line: Line) -> PayoutLineShown:
    currency = payout.amount.currency.lower()
    if isinstance(line, Carried):
        return PayoutLineShown(
            id=line.id,
            type=LineType.CARRIED_IN if line is payout.carried_in else LineType.CARRIED_OUT,
            payout=payout.id,
            balance_transaction=None,
            source=line.payout,
            amount=line.amount,
            fee=0,
            net=line.amount,
            currency=currency,
        )
    return PayoutLineShown(
        id=line.id,
        type=LineType(line.type),
        payout=payout.id,
        balance_transaction=line.id,
        source=balance_transactions.source_of(line),
        amount=line.amount,
        fee=line.fee,
        net=line.net,
        currency=currency,
    )


async def _rendered(call: Call, payout: Payout) -> Answer:
    return await answer(call, show(payout, livemode=call.tenant.is_live))


@operation("POST", _PATH, Scope.PAYOUTS_WRITE, PayoutGiven, PayoutShown)
async def create(call: Call) -> Reply:
    """Pay out what is available, or an amount of it, to a bank account: the newest in the currency if none is named.

    The bank is asked a minute later; until then the payout can be canceled.
    """
    given: PayoutGiven = call.given
    order = Order(
        amount=given.amount,
        destination=given.destination,
        description=given.description,
        metadata=given.metadata,
    )
    currency = currencies.parse(given.currency, "currency")

    async def rendered(payout: Payout) -> Answer:
        return await _rendered(call, payout)

    return answered(await payouts.create(call.gateway, call.caller, call.key, currency, order, rendered))


@operation("GET", _PATH, Scope.PAYOUTS_READ, PayoutsGiven, ListShown[PayoutShown])
async def page(call: Call) -> Reply:
    """Payouts, newest first."""
    given: PayoutsGiven = call.given
    found = await _find(call, given, given.cursor("po"))
    livemode = call.tenant.is_live
    return await shown(call, list_shown(found, _PATH, lambda payout: show(payout, livemode=livemode)))


async def _find(call: Call, given: PayoutsGiven, cursor: Cursor) -> Page[Payout]:
    wanted = given.wanted(None if given.status is None else [given.status])
    return await payouts.page(call.gateway, call.caller, cursor, wanted)


LISTING = Listing(
    "payouts",
    "po",
    Scope.PAYOUTS_READ,
    PayoutsGiven,
    PayoutShown,
    _find,
    lambda call, payout: show(payout, livemode=call.tenant.is_live),
)


@operation("GET", _PATH + "/{id}", Scope.PAYOUTS_READ, Nothing, PayoutShown)
async def fetch(call: Call) -> Reply:
    """One payout."""
    return await shown(call, await _fetch(call, call.id))


@operation("GET", _PATH + "/{id}/lines", Scope.PAYOUTS_READ, PayoutLinesGiven, ListShown[PayoutLineShown])
async def page_of_lines(call: Call) -> Reply:
    """The lines that sum to a payout, newest first: what moved the balance, and what one payout carries to the next."""
    given: PayoutLinesGiven = call.given
    payout, found, has_more = await payouts.lines(call.gateway, call.caller, call.id, given.cursor("bt"))
    data = [_show_line(payout, line) for line in found]
    return await shown(call, ListShown(url=f"{_PATH}/{call.id}/lines", has_more=has_more, data=data))


@operation("POST", _PATH + "/{id}/cancel", Scope.PAYOUTS_WRITE, Nothing, PayoutShown)
async def cancel(call: Call) -> Reply:
    """Give up a payout while it is pending; the money is back in the balance at once."""

    async def rendered(payout: Payout) -> Answer:
        return await _rendered(call, payout)

    return answered(await payouts.cancel(call.gateway, call.caller, call.key, call.id, rendered))


@operation("POST", "/sandbox/payouts/{id}/send", Scope.PAYOUTS_WRITE, Nothing, PayoutShown)
async def send_for_test(call: Call) -> Reply:
    """Have a payout sent to the sandbox's bank now, and not in a minute. Test mode only."""

    async def rendered(payout: Payout) -> Answer:
        return await _rendered(call, payout)

    return answered(await payouts.send_for_test(call.gateway, call.caller, call.key, call.id, rendered))


@expansion.kind("po", PayoutShown, Scope.PAYOUTS_READ)
async def _fetch(call: Call, id: str) -> PayoutShown:
    return show(await payouts.fetch(call.gateway, call.caller, id), livemode=call.tenant.is_live)


OPERATIONS = (create, page, fetch, page_of_lines, cancel, send_for_test)
