"""Search: what fits a query, newest first: found by an index where a condition has one, and compared where none has.

A search looks at so many records at most and says where it stopped: whoever goes on from there misses nothing.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec
from msgspec import structs

from tillgate.core import charges, customers, ids, payment_intents, terms, transactions
from tillgate.core.customers import Customer
from tillgate.core.instants import SECOND, unix_seconds
from tillgate.core.payments import Payment
from tillgate.core.records import Record
from tillgate.core.search import Condition, Facts, Fields, Is, Kind, Query, holds
from tillgate.core.transactions import Stage
from tillgate.flows.gateway import Caller, Gateway
from tillgate.store import filters, find
from tillgate.store.filters import Wanted
from tillgate.store.lists import Cursor

LOOKS: Final = 4_000
"""How many records one search compares at most."""

_AT_ONCE: Final = 200
_MOST_CUSTOMERS: Final = 20

_SHARED: Fields = {
    "id": Kind.WORD,
    "created": Kind.NUMBER,
    "description": Kind.TEXT,
    "email": Kind.TEXT,
    "metadata": Kind.NOTES,
    "name": Kind.TEXT,
}
PAYMENT_FIELDS: Fields = _SHARED | {
    "amount": Kind.NUMBER,
    "brand": Kind.WORD,
    "currency": Kind.WORD,
    "customer": Kind.WORD,
    "disputed": Kind.WORD,
    "last4": Kind.WORD,
    "refunded": Kind.WORD,
    "status": Kind.WORD,
}
CUSTOMER_FIELDS: Fields = _SHARED | {"phone": Kind.TEXT}


class Subject(msgspec.Struct, frozen=True):
    """What is searched: records of a type, the fields of a query, a record's facts, the stages that a status means.

    `is_one` tells which records are meant at all.
    """

    type: type[Any]
    prefix: str
    fields: Fields
    facts: Callable[[Any], Facts]
    stages: Callable[[str], Iterable[Stage]] = lambda status: ()
    is_one: Callable[[Any], bool] = lambda record: True


class Place(msgspec.Struct, frozen=True):
    """Where a search goes on: below an id; `mentions` once it looks where no index leads."""

    after: str | None = None
    mentions: bool = False


class Found(msgspec.Struct, frozen=True):
    """What was found, newest first, and where to go on, unless that was all."""

    records: Sequence[Any]
    next: Place | None


class _Stream(msgspec.Struct, frozen=True):
    """Records of one range that fit; none above `reached` was missed, none at all where that is None."""

    records: list[Any]
    reached: str | None


def _facts_of_payment(payment: Payment, status: str) -> Facts:
    customer, card = payment.customer, payment.card
    ending = payment.id.removeprefix("pay_")
    email, name = (customer.email, customer.name) if customer else (None, None)
    is_refunded = payment.captured > 0 and payment.refunded == payment.captured
    return Facts(
        values={
            "id": (payment.id, f"pi_{ending}", f"ch_{ending}"),
            "created": (unix_seconds(payment.created),),
            "description": (payment.description,),
            "email": (email,),
            "name": (name,),
            "amount": (payment.amount.amount,),
            "brand": (card.brand.value if card else None,),
            "currency": (payment.amount.currency,),
            "customer": (customer.id if customer else None,),
            "disputed": (str(payment.dispute is not None),),
            "last4": (card.last4 if card else None,),
            "refunded": (str(is_refunded),),
            "status": (status,),
        },
        notes=payment.metadata,
        texts=(email, name, payment.description, card.last4 if card else None, *payment.metadata.values()),
    )


def _facts_of_customer(customer: Customer) -> Facts:
    return Facts(
        values={
            "id": (customer.id,),
            "created": (unix_seconds(customer.created),),
            "description": (customer.description,),
            "email": (customer.email,),
            "name": (customer.name,),
            "phone": (customer.phone,),
        },
        notes=customer.metadata,
        texts=(customer.email, customer.name, customer.phone, customer.description),
    )


PAYMENTS = Subject(
    Payment,
    "pay",
    PAYMENT_FIELDS,
    lambda payment: _facts_of_payment(payment, payment.status.value),
    transactions.of_payment_status,
)
INTENTS = Subject(
    Payment,
    "pay",
    PAYMENT_FIELDS,
    lambda payment: _facts_of_payment(payment, payment_intents.status(payment).value),
    transactions.of_intent_status,
)
CHARGES = Subject(
    Payment,
    "pay",
    PAYMENT_FIELDS,
    lambda payment: _facts_of_payment(payment, charges.status(payment).value),
    transactions.of_charge_status,
    charges.is_made,
)
CUSTOMERS = Subject(Customer, "cus", CUSTOMER_FIELDS, _facts_of_customer)


async def search(gateway: Gateway, caller: Caller, subject: Subject, query: Query, place: Place, limit: int) -> Found:
    """A merchant's records that fit. Words find payments by their customers first, then wherever they are mentioned."""
    tenant = caller.tenant.id
    if query.words and len(query.words) == 1 and (found := await _named(gateway, tenant, subject, query)):
        return Found(found, None)
    if not query.words:
        parts = [Query((one,)) for one in query.conditions] if query.any else [query]
        narrowed = [(part, *_narrowed(subject, part.conditions)) for part in parts]
        return await _together(gateway, tenant, subject, narrowed, place, limit)
    if subject.type is Customer:
        return await _together(gateway, tenant, subject, [(query, *_by_words(query.words))], place, limit)
    buyers = (await search(gateway, caller, CUSTOMERS, query, Place(), _MOST_CUSTOMERS)).records
    theirs = [(Query(), Wanted(where={"customer": buyer.id}), Cursor(_AT_ONCE)) for buyer in buyers]
    found_first: Sequence[Any] = ()
    if theirs and not place.mentions:
        first = await _together(gateway, tenant, subject, theirs, place, limit)
        if first.next is not None or len(first.records) == limit:
            return structs.replace(first, next=first.next or Place(mentions=True))
        found_first, place = first.records, Place()
    known = frozenset(buyer.id for buyer in buyers)
    mentioned = structs.replace(subject, facts=_but_of(subject.facts, known))
    left = limit - len(found_first)
    rest = await _together(gateway, tenant, mentioned, [(query, Wanted(), Cursor(_AT_ONCE))], place, left)
    going_on = None if rest.next is None else structs.replace(rest.next, mentions=True)
    return Found([*found_first, *rest.records], going_on)


def _but_of(facts: Callable[[Any], Facts], known: frozenset[str]) -> Callable[[Any], Facts]:
    """Facts in which no word is found of payments of these customers, who were found already."""

    def limited(payment: Payment) -> Facts:
        is_known = payment.customer is not None and payment.customer.id in known
        return Facts({}) if is_known else facts(payment)

    return limited


async def _named(gateway: Gateway, tenant: str, subject: Subject, query: Query) -> list[Any]:
    """The record whose id the query is, of a payment that of its intent or its charge too."""
    _, _, ending = query.words[0].partition("_")
    record = await find.record(gateway.store, subject.type, tenant, f"{subject.prefix}_{ending}")
    return [record] if record is not None and subject.is_one(record) and holds(query, subject.facts(record)) else []


async def _together(
    gateway: Gateway,
    tenant: str,
    subject: Subject,
    parts: Sequence[tuple[Query, Wanted, Cursor]],
    place: Place,
    limit: int,
) -> Found:
    """What fits any of several queries, newest first, each once."""
    looks = LOOKS // len(parts)
    streams = await asyncio.gather(
        *(_stream(gateway, tenant, subject, part, place, limit + 1, looks) for part in parts)
    )
    reached = max((stream.reached for stream in streams if stream.reached is not None), default=None)
    found = {record.id: record for stream in streams for record in stream.records}
    certain = [found[id] for id in sorted(found, reverse=True) if reached is None or id >= reached]
    if len(certain) > limit:
        return Found(certain[:limit], Place(certain[limit - 1].id))
    return Found(certain, None if reached is None else Place(reached))


async def _stream(
    gateway: Gateway,
    tenant: str,
    subject: Subject,
    part: tuple[Query, Wanted, Cursor],
    place: Place,
    most: int,
    looks: int,
) -> _Stream:
    query, wanted, cursor = part
    found: list[Record] = []
    after = place.after
    while True:
        page = await filters.page(gateway.store, subject.type, tenant, structs.replace(cursor, after=after), wanted)
        for record in page.records:
            after = record.id
            if subject.is_one(record) and holds(query, subject.facts(record)):
                found.append(record)
                if len(found) == most:
                    return _Stream(found, after)
        if not page.has_more or after is None:
            return _Stream(found, None)
        looks -= len(page.records)
        if looks <= 0:
            return _Stream(found, after)


def _narrowed(subject: Subject, conditions: Sequence[Condition]) -> tuple[Wanted, Cursor]:
    """The narrowest range in which everything is for which all these conditions hold."""
    wanted, cursor = Wanted(), Cursor(_AT_ONCE)
    for condition in conditions:
        if isinstance(condition.value, int):
            wanted, cursor = _within(subject, condition, condition.value, wanted, cursor)
        elif condition.field == "status":
            wanted = _in_status(subject, condition, wanted)
        elif condition.compare is Is.EQUAL and not condition.turned:
            wanted = _equal(subject, condition, condition.value, wanted)
    return wanted, cursor


def _within(
    subject: Subject, condition: Condition, value: int, wanted: Wanted, cursor: Cursor
) -> tuple[Wanted, Cursor]:
    if condition.turned:
        return wanted, cursor
    lowest = {Is.MORE: value + 1, Is.AT_LEAST: value, Is.EQUAL: value}.get(condition.compare)
    highest = {Is.LESS: value - 1, Is.AT_MOST: value, Is.EQUAL: value}.get(condition.compare)
    if condition.field == "amount":
        least = [bound for bound in (wanted.amount_from, lowest) if bound is not None]
        most = [bound for bound in (wanted.amount_to, highest) if bound is not None]
        amounts = {"amount_from": max(least, default=None), "amount_to": min(most, default=None)}
        return structs.replace(wanted, **amounts), cursor
    since = [cursor.at_least, None if lowest is None else _floor(subject, lowest)]
    until = [cursor.below, None if highest is None else _floor(subject, highest + 1)]
    bounds = {
        "at_least": max(filter(None, since), default=None),
        "below": min(filter(None, until), default=None),
    }
    return wanted, structs.replace(cursor, **bounds)


_LAST_SECOND: Final = 10**11


def _floor(subject: Subject, second: int) -> str:
    return ids.floor(subject.prefix, min(max(second, 0), _LAST_SECOND) * SECOND)


def _in_status(subject: Subject, condition: Condition, wanted: Wanted) -> Wanted:
    meant = set(subject.stages(str(condition.value)))
    among = transactions.PAYMENTS if wanted.statuses is None else wanted.statuses
    return structs.replace(wanted, statuses=tuple(stage for stage in among if (stage in meant) is not condition.turned))


def _equal(subject: Subject, condition: Condition, value: str, wanted: Wanted) -> Wanted:
    is_customer = subject.type is Customer
    match condition.field:
        case "metadata" if condition.name is not None:
            term = terms.in_metadata(condition.name, value)
            return structs.replace(wanted, terms=(*wanted.terms, term))
        case "id":
            _, _, ending = value.partition("_")
            return structs.replace(wanted, where={**wanted.where, "id": f"{subject.prefix}_{ending}"})
        case "currency":
            return structs.replace(wanted, currency=value.upper())
        case "customer":
            return structs.replace(wanted, where={**wanted.where, "customer": value})
        case "email" if is_customer:
            return structs.replace(wanted, where={**wanted.where, "email": customers.email_key(value)})
        case "name" | "description" | "phone" if is_customer and wanted.word is None and (said := terms.words(value)):
            return structs.replace(wanted, word=max(said, key=len))
    return wanted


def _by_words(words: Sequence[str]) -> tuple[Wanted, Cursor]:
    """Customers by the longest of some words, of which an e-mail address is one."""
    cursor = Cursor(_AT_ONCE)
    parts = [part for word in words for part in terms.words(word)]
    return (Wanted(word=max(parts, key=len)) if parts else Wanted(statuses=())), cursor
