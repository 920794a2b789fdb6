"""Transactions on the wire: payments and refunds in one list, by number of page."""

import datetime
import re
from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from tillgate.core import currencies, ids, terms
from tillgate.core.credentials import Scope
from tillgate.core.instants import DAY, Instant, unix_seconds
from tillgate.core.reasons import Reason, Refused
from tillgate.core.refunds import Refund
from tillgate.core.transactions import Transaction, TransactionStatus, TransactionType
from tillgate.flows import transactions
from tillgate.flows.transactions import Source
from tillgate.http.exchange import Reply
from tillgate.store.transactions import Wanted
from tillgate.surfaces.v1 import expansion
from tillgate.surfaces.v1.forms import AmountsGiven, CreatedGiven, Moment, NotesWanted, WholeAmount, amounts_of, ids_of
from tillgate.surfaces.v1.operations import Call, Nothing, operation, shown

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_EPOCH = datetime.date(1970, 1, 1)


class TransactionsGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A page of transactions (payment_gateway.txt, List Transactions)."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 10
    offset: Annotated[int, Meta(ge=0, le=2**53)] = 0
    status: TransactionStatus | None = None
    from_date: str | None = None
    to_date: str | None = None
    created: Moment | CreatedGiven | None = None
    amount: WholeAmount | AmountsGiven | None = None
    metadata: NotesWanted = {}
    type: TransactionType | None = None
    currency: str | None = None
    customer: str | None = None


class TransactionShown(msgspec.Struct, frozen=True, kw_only=True):
    """A payment or a refund, as a line of one list."""

    id: str
    object: str = "transaction"
    type: TransactionType
    source: Annotated[str, expansion.ids("pay", "re")]
    amount: int
    currency: str
    status: TransactionStatus
    customer: Annotated[str, expansion.ids("cus")] | None
    description: str | None
    created: int
    livemode: bool


class TransactionsShown(msgspec.Struct, frozen=True, kw_only=True):
    """A page of transactions; `total` counts those on all pages."""

    object: str = "list"
    data: Sequence[TransactionShown]
    total: int
    limit: int
    offset: int
    has_more: bool


def show(transaction: Transaction, source: Source, *, livemode: bool) -> TransactionShown:
    """A transaction in the form in which its payment was asked; a refund is described by its reason."""
    lower = source.asked_as.get("currency") == "lower"
    return TransactionShown(
        id=transaction.id,
        type=transaction.type,
        source=transaction.source,
        amount=source.amount.amount,
        currency=transaction.currency.lower() if lower else transaction.currency,
        status=transaction.status or TransactionStatus.PENDING,
        customer=transaction.customer,
        description=source.reason if isinstance(source, Refund) else source.description,
        created=unix_seconds(source.created),
        livemode=livemode,
    )


def _midnight(text: str, field: str) -> Instant:
    """When a day begins, in UTC. Raises Refused(PARAMETER_INVALID, field) for what is no date."""
    try:
        date = datetime.date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        date = None
    if date is None:
        raise Refused(Reason.PARAMETER_INVALID, field, problem="it takes a date, such as 2025-01-31")
    return max(0, (date - _EPOCH).days) * DAY


def _wanted(given: TransactionsGiven) -> Wanted:
    since = _midnight(given.from_date, "from_date") if given.from_date is not None else None
    until = _midnight(given.to_date, "to_date") + DAY if given.to_date is not None else None
    at_least, below = ids_of(given.created, "txn")
    from_id = None if since is None else ids.floor("txn", since)
    to_id = None if until is None else ids.floor("txn", until)
    amounts = amounts_of(given.amount)
    return Wanted(
        status=given.status,
        type=given.type,
        currency=currencies.parse(given.currency, "currency") if given.currency is not None else None,
        customer=given.customer,
        terms=terms.of_notes(given.metadata),
        amount_from=amounts[0],
        amount_to=amounts[1],
        at_least=max(filter(None, (at_least, from_id)), default=None),
        below=min(filter(None, (below, to_id)), default=None),
    )


@operation("GET", "/v1/transactions", Scope.TRANSACTIONS_READ, TransactionsGiven, TransactionsShown)
async def page(call: Call) -> Reply:
    """Payments and refunds, newest first (payment_gateway.txt, List Transactions). Dates are inclusive, in UTC."""
    given: TransactionsGiven = call.given
    found = await transactions.page(call.gateway, call.caller, _wanted(given), given.limit, given.offset)
    livemode = call.tenant.is_live
    return await shown(
        call,
        TransactionsShown(
            data=[show(*each, livemode=livemode) for each in found.transactions],
            total=found.total,
            limit=given.limit,
            offset=given.offset,
            has_more=given.offset + len(found.transactions) < found.total,
        ),
    )


@operation("GET", "/v1/transactions/{id}", Scope.TRANSACTIONS_READ, Nothing, TransactionShown)
async def fetch(call: Call) -> Reply:
    """One transaction: the payment or the refund whose id ends like its own."""
    return await shown(call, await _fetch(call, call.id))


@expansion.kind("txn", TransactionShown, Scope.TRANSACTIONS_READ)
async def _fetch(call: Call, id: str) -> TransactionShown:
    found = await transactions.fetch(call.gateway, call.caller, id)
    return show(*found, livemode=call.tenant.is_live)


OPERATIONS = (page, fetch)
