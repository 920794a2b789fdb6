"""Checkout sessions: what a merchant can do with a checkout by its name as a session."""

from typing import Final

import msgspec
from msgspec import structs

from tillgate.core import checkout_payments, checkout_sessions
from tillgate.core.checkout_sessions import SessionStatus
from tillgate.core.checkouts import Checkout, Line, Method
from tillgate.core.conclusions import Standing
from tillgate.core.decisions import Decision
from tillgate.core.instants import Instant
from tillgate.core.intents import FutureUsage, Intent
from tillgate.core.merchants import Tenant
from tillgate.core.money import Money
from tillgate.core.occasions import Occasion
from tillgate.core.payments import Payment, Terms
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve
from tillgate.flows import changes, checkout_links, checkouts, intents, openings
from tillgate.flows import payment_intents as payments
from tillgate.flows import payments as charges
from tillgate.flows.attempts import Render
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.flows.idempotency import Key
from tillgate.store.filters import Wanted
from tillgate.store.lists import Cursor, Page

Plainly = changes.Render[Payment]

_EVERY: Final = (("checkout", "checkout"),)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant asks somebody to pay.

    `label` is what payers read, `description` and `payment_metadata` are the payment's. In `success_url`
    core.checkout_sessions.PLACEHOLDER stands for the session's id. `currency_asked_as` is the surface's own note.
    """

    amount: Money
    label: str
    currency_asked_as: str
    lines: tuple[Line, ...] = ()
    description: str | None = None
    reference: str | None = None
    success_url: str | None = None
    cancel_url: str | None = None
    expires_at: Instant | None = None
    methods: tuple[Method, ...] = ()
    locale: str | None = None
    customer: str | None = None
    email: str | None = None
    setup_future_usage: FutureUsage | None = None
    metadata: dict[str, str] = {}
    payment_metadata: dict[str, str] = {}
    link: str | None = None


async def create(gateway: Gateway, caller: Caller, key: Key | None, asked: Asked, render: Plainly) -> Answer:
    """Open a session. Raises Refused(NOT_FOUND, `customer`) and what core.payments.open refuses."""

    async def decide(occasion: Occasion) -> tuple[Payment, Decision]:
        return await opened(gateway, caller, asked, occasion)

    return await changes.make(gateway, caller, key, decide, render, charges.person)


async def opened(gateway: Gateway, caller: Caller, asked: Asked, occasion: Occasion) -> tuple[Payment, Decision]:
    """A new session, and all that is written of it."""
    buyer = await intents.buyer(gateway, caller, asked.customer, None)
    summary = buyer.summary if buyer else None
    draft = openings.drafted(caller.tenant, _terms(asked, occasion), summary, occasion)
    return openings.announced(_named(draft), occasion)


def _terms(asked: Asked, occasion: Occasion) -> Terms:
    checkout = Checkout(
        reference=asked.reference or "",
        reference_label=asked.label,
        expires_at=occasion.now + checkout_sessions.LASTS if asked.expires_at is None else asked.expires_at,
        redirect_url=asked.success_url,
        cancel_url=asked.cancel_url,
        holds_reference=False,
        lines=asked.lines,
        methods=asked.methods,
        locale=asked.locale,
        metadata=asked.metadata,
        link=asked.link,
    )
    return Terms(
        amount=asked.amount,
        description=asked.description or asked.label,
        metadata=asked.payment_metadata,
        asked_as={"currency": asked.currency_asked_as},
        intent=Intent(receipt_email=asked.email, setup_future_usage=asked.setup_future_usage),
        checkout=checkout,
    )


def _named(draft: Payment) -> Payment:
    """The draft with its session's id wherever that belongs."""
    checkout, name = checkout_payments.of(draft), checkout_sessions.name(draft.id)
    goes_to = checkout.redirect_url
    named = structs.replace(
        checkout,
        reference=checkout.reference or name,
        redirect_url=goes_to and goes_to.replace(checkout_sessions.PLACEHOLDER, name),
    )
    return evolve(draft, checkout=named)


async def fetch(gateway: Gateway, caller: Caller, payment_id: str) -> Payment:
    """A merchant's session, as it stands now. Raises Refused(NOT_FOUND)."""
    await checkouts.fetch(gateway, caller, payment_id)
    return await checkouts.look(gateway, caller.tenant, payment_id)


async def page(
    gateway: Gateway, caller: Caller, cursor: Cursor, wanted: Wanted, status: SessionStatus | None, link: str | None
) -> Page[Payment]:
    """A merchant's sessions that fit, newest first."""
    said = {"session.status": status and status.value, "session.link": link}
    terms = tuple((name, value) for name, value in said.items() if value is not None)
    sought = structs.replace(wanted, terms=(*(terms or _EVERY), *wanted.terms))
    return await charges.page(gateway, caller, cursor, sought)


async def expire(
    gateway: Gateway, caller: Caller, key: Key | None, payment_id: str, plainly: Plainly, render: Render[Standing]
) -> Answer:
    """Have nobody pay it any more. Raises Refused(SESSION_NOT_OPEN), and IN_PROGRESS while a bank is at it."""
    try:
        return await payments.cancel(gateway, caller, key, payment_id, None, plainly, render)
    except Refused as refused:
        if refused.reason is not Reason.NOTHING_TO_CANCEL:
            raise
        status = checkout_sessions.status(await fetch(gateway, caller, payment_id))
        raise Refused(Reason.SESSION_NOT_OPEN, "checkout_session", status=status) from None


def path(gateway: Gateway, tenant: Tenant, payment: Payment) -> str | None:
    """Where a session is paid, on this server, while it can be."""
    is_over = checkout_sessions.status(payment) is not SessionStatus.OPEN
    is_late = checkout_payments.is_late(payment, gateway.clock.now(tenant.id))
    return None if is_over or is_late else checkout_links.path(gateway, payment)
