"""Payment links: what a merchant can do with one, and what becomes of whoever follows it."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import structs

from tillgate.core import checkout_sessions as sessions
from tillgate.core import payment_links
from tillgate.core.checkout_sessions import SessionStatus
from tillgate.core.checkouts import Line, Method
from tillgate.core.decisions import Decision
from tillgate.core.occasions import Occasion
from tillgate.core.payment_links import Bounds, Change, PaymentLink, Sold, Standing
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.core.signing_keys import EVERYBODYS
from tillgate.flows import changes, checkout_links, checkout_sessions, records
from tillgate.flows.checkout_sessions import Asked
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.flows.idempotency import Key
from tillgate.store import find, lists, pages
from tillgate.store.lists import Cursor, Page

Render = changes.Render[PaymentLink]

_COUNTED: Final = (Method.CARD, Method.PHONE_WALLET)
"""What may pay where the times are limited: money that arrives by itself cannot be told that it is one too many."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant wants a link to be, by the names that a link has for it."""

    currency: str
    currency_asked_as: str
    sold: tuple[Sold, ...]
    bounds: Bounds | None = None
    active: bool = True
    limit: int | None = None
    methods: tuple[Method, ...] = ()
    success_url: str | None = None
    inactive_message: str | None = None
    description: str | None = None
    metadata: dict[str, str] = {}
    payment_metadata: dict[str, str] = {}


async def create(gateway: Gateway, caller: Caller, key: Key | None, wanted: Wanted, render: Render) -> Answer:
    """A new link. Raises what core.payment_links.create refuses, and PARAMETER_INVALID for methods that do not go."""
    methods = wanted.methods
    if wanted.limit is not None:
        methods = tuple(method for method in methods or _COUNTED if method in _COUNTED)
        if not methods:
            problem = "it takes cards or the phone wallet where the payments are limited"
            raise Refused(Reason.PARAMETER_INVALID, "payment_method_types", problem=problem)

    async def decide(occasion: Occasion) -> tuple[PaymentLink, Decision]:
        given = {**structs.asdict(wanted), "methods": methods}
        id = occasion.mint("plink")
        return payment_links.create(PaymentLink(tenant=caller.tenant.id, id=id, created=occasion.now, **given))

    return await changes.make(gateway, caller, key, decide, render)


async def update(
    gateway: Gateway, caller: Caller, key: Key | None, link_id: str, change: Change, render: Render
) -> Answer:
    """Another link from now on. Raises Refused(NOT_FOUND)."""

    async def decide(occasion: Occasion) -> tuple[PaymentLink, Decision]:
        return payment_links.update(await fetch(gateway, caller, link_id), change)

    return await changes.make(gateway, caller, key, decide, render)


async def fetch(gateway: Gateway, caller: Caller, link_id: str) -> PaymentLink:
    """A merchant's link. Raises Refused(NOT_FOUND)."""
    return await records.fetch(gateway, caller, PaymentLink, link_id, "payment_link")


async def page(gateway: Gateway, caller: Caller, cursor: Cursor, standing: Standing | None) -> Page[PaymentLink]:
    """A merchant's links, newest first."""
    where = {} if standing is None else {"status": standing.value}
    return await lists.page(gateway.store, PaymentLink, caller.tenant.id, cursor, where=where)


async def completed(gateway: Gateway, link: PaymentLink) -> int:
    """How often it was paid."""
    terms = (("session.link", link.id), ("session.status", SessionStatus.COMPLETE.value))
    return (await pages.by_terms(gateway.store, Payment, link.tenant, terms, skip=0, most=0))[1]


async def follow(
    gateway: Gateway, directory: Directory, link_id: str, surface: str, request_id: str
) -> tuple[Caller, PaymentLink]:
    """Whose link somebody follows, and the link. Raises Refused(NOT_FOUND)."""
    place = await find.alias(gateway.store, EVERYBODYS, payment_links.ALIAS, link_id)
    if place is None:
        raise Refused(Reason.NOT_FOUND, "payment_link", object="payment link", id=link_id)
    tenant = await directory.tenant(place.split()[0])
    caller = Caller(tenant, f"payment_link:{link_id}", surface, request_id)
    return caller, await fetch(gateway, caller, link_id)


async def assert_open(gateway: Gateway, link: PaymentLink) -> None:
    """Raises Refused(PAYMENT_LINK_CLOSED) where nobody can pay by it any more."""
    payment_links.assert_open(link, 0 if link.limit is None else await completed(gateway, link))


async def open(
    gateway: Gateway, caller: Caller, link: PaymentLink, amount: int | None, quantities: Mapping[int, int]
) -> Payment:
    """A payment of its own for somebody who follows a link.

    Raises Refused(PAYMENT_LINK_CLOSED), what core.payment_links.lines refuses, and AMOUNT_TOO_SMALL, AMOUNT_TOO_LARGE.
    """
    await assert_open(gateway, link)
    lines = payment_links.lines(link, amount, quantities)
    payment, decision = await checkout_sessions.opened(gateway, caller, _asked(link, lines), gateway.occasion(caller))
    await gateway.store.commit(decision)
    return payment


def _asked(link: PaymentLink, lines: Sequence[Line]) -> Asked:
    return Asked(
        amount=payment_links.total(link, lines),
        label=sessions.label(lines),
        currency_asked_as=link.currency_asked_as,
        lines=tuple(lines),
        description=link.description,
        success_url=link.success_url,
        methods=link.methods,
        metadata=link.metadata,
        payment_metadata=link.payment_metadata,
        link=link.id,
    )


def proof(gateway: Gateway, payment: Payment) -> str:
    """What a browser keeps of a payment that it was given, to come back to it."""
    return f"{payment.id}?{checkout_links.query(gateway, payment)}"


async def kept(gateway: Gateway, directory: Directory, link: PaymentLink, proof: str) -> Payment | None:
    """The payment that a browser was given by this link before, while it waits to be paid."""
    id, _, query = proof.partition("?")
    said = dict(pair.split("=", 1) for pair in query.split("&") if "=" in pair)
    expires, signature = said.get("expires", ""), said.get("signature", "")
    try:
        caller, _ = await checkout_links.follow(gateway, directory, id, expires, signature, "pages", "")
        payment = await checkout_sessions.fetch(gateway, caller, id)
    except Refused:
        return None
    is_its = payment.checkout is not None and (payment.tenant, payment.checkout.link) == (link.tenant, link.id)
    return payment if is_its and checkout_sessions.path(gateway, caller.tenant, payment) else None
