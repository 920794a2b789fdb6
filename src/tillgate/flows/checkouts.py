"""Checkouts: what a merchant, a payer and time can do with a payment whose payer chooses how to pay."""

import msgspec

from tillgate.connectors import phone as wallet
from tillgate.core import (
    abandonment,
    applications,
    cancellations,
    checkout_payments,
    payment_intents,
)
from tillgate.core.applications import Application
from tillgate.core.checkout_payments import CheckoutStatus, Choice
from tillgate.core.checkouts import LASTS, REFERENCE, Checkout, Method
from tillgate.core.conclusions import Standing
from tillgate.core.decisions import Decision
from tillgate.core.instants import Instant
from tillgate.core.intents import Intent
from tillgate.core.merchants import Tenant
from tillgate.core.money import Money
from tillgate.core.occasions import Occasion
from tillgate.core.payments import Payment, Terms
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import applications as owners
from tillgate.flows import attempts, changes, link_places, openings, patience, refunds, sources
from tillgate.flows import payment_intents as intents
from tillgate.flows import payments as charges
from tillgate.flows import tickets as phones
from tillgate.flows.attempts import Asked, Render
from tillgate.flows.gateway import Answer, Caller, Gateway, system
from tillgate.flows.idempotency import Key
from tillgate.flows.sources import Source
from tillgate.store import find, pages
from tillgate.store.batches import Conflict, Taken


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant asks somebody to pay."""

    amount: Money
    reference: str
    reference_label: str
    redirect_url: str | None = None
    expires_at: Instant | None = None


class _Tried(Exception):
    """Somebody was quicker to try."""


async def open(gateway: Gateway, caller: Caller, application: Application, wanted: Wanted) -> Payment:
    """Open a checkout; asked for once more under its reference, it is the one that is open.

    Raises Refused(CURRENCY_NOT_ALLOWED), REFERENCE_TAKEN where another amount is open under the reference, and what
    core.payments.open refuses.
    """
    applications.assert_takes(application, wanted.amount.currency)
    is_told = await owners.listener_of(gateway, application) is not None
    while True:
        if not application.allow_several and (known := await _under(gateway, caller, application, wanted.reference)):
            if known.amount != wanted.amount:
                raise Refused(Reason.REFERENCE_TAKEN, "reference", amount=known.amount)
            return known
        payment, decision = _opened(gateway, caller, application, wanted, is_told=is_told)
        try:
            await gateway.store.commit(decision)
            return payment
        except (Taken, Conflict):
            continue


async def _under(gateway: Gateway, caller: Caller, application: Application, reference: str) -> Payment | None:
    """The checkout that is open under a reference; one whose time is over is given up."""
    name = f"{application.id} {reference}"
    while id := await find.alias(gateway.store, caller.tenant.id, REFERENCE, name):
        known = await charges.fetch(gateway, caller, id)
        is_late = checkout_payments.is_late(known, gateway.clock.now(caller.tenant.id))
        if is_late and not checkout_payments.is_over(known):
            if not await expire(gateway, caller.tenant, id):
                raise Refused(Reason.REFERENCE_TAKEN, "reference", amount=known.amount)
        elif not checkout_payments.is_over(known):
            return known
    return None


def _opened(
    gateway: Gateway, caller: Caller, application: Application, wanted: Wanted, *, is_told: bool
) -> tuple[Payment, Decision]:
    tenant, occasion = caller.tenant, gateway.occasion(caller)
    checkout = Checkout(
        application=application.id,
        reference=wanted.reference,
        reference_label=wanted.reference_label,
        expires_at=occasion.now + LASTS if wanted.expires_at is None else wanted.expires_at,
        redirect_url=wanted.redirect_url,
        allow_underpay=application.allow_underpay,
        allow_overpay=application.allow_overpay,
        holds_reference=not application.allow_several,
        is_told=is_told,
    )
    asked = Terms(
        amount=wanted.amount,
        description=wanted.reference_label,
        asked_as={"currency": "lower"},
        intent=Intent(),
        checkout=checkout,
    )
    return openings.announced(openings.drafted(tenant, asked, None, occasion), occasion)


async def fetch(gateway: Gateway, caller: Caller, payment_id: str, application: str | None = None) -> Payment:
    """A merchant's checkout, of an application alone where one is named. Raises Refused(NOT_FOUND)."""
    payment = await charges.fetch(gateway, caller, payment_id)
    if application not in (None, checkout_payments.of(payment).application):
        raise Refused(Reason.NOT_FOUND, "payment", object="payment", id=payment_id)
    return payment


async def look(gateway: Gateway, tenant: Tenant, payment_id: str) -> Payment:
    """A checkout as it stands now: its time may be over. Raises Refused(NOT_FOUND)."""
    caller = system(tenant, "expiry")
    payment = await fetch(gateway, caller, payment_id)
    is_late = checkout_payments.is_late(payment, gateway.clock.now(tenant.id))
    if is_late and not payment.captured and not checkout_payments.is_over(payment):
        await expire(gateway, tenant, payment_id)
        return await fetch(gateway, caller, payment_id)
    return payment


async def version(gateway: Gateway, payment: Payment) -> tuple[int, bool]:
    """Something else than before wherever a checkout may stand otherwise; cheap."""
    is_late = checkout_payments.is_late(payment, gateway.clock.now(payment.tenant))
    return await find.version(gateway.store, Payment, payment.tenant, payment.id), is_late


async def page(
    gateway: Gateway,
    caller: Caller,
    *,
    status: CheckoutStatus | None,
    reference: str | None,
    application: str | None,
    page: int,
    per_page: int,
) -> tuple[list[Payment], int]:
    """A merchant's checkouts that fit, newest first, and how many there are in all."""
    terms = checkout_payments.found_by(reference=reference, status=status, application=application)
    skip = (page - 1) * per_page
    return await pages.by_terms(gateway.store, Payment, caller.tenant.id, terms, skip=skip, most=per_page)


async def pay(gateway: Gateway, caller: Caller, payment_id: str, tried: int, source: Source) -> Payment:
    """Have a card charged, of whichever wallet; the payment as it stands then.

    `tried` is how often it had been tried when the payer was asked for the card (core.checkouts.Checkout.tries): who
    presses twice has one charge, since whoever comes second waits for what came of the first.

    Raises what core.checkout_payments.assert_payable refuses, what flows.sources.paying does, and CARDS_EXHAUSTED. What
    the issuer says stands in the payment.
    """
    if source == Source():
        raise Refused(Reason.PARAMETER_MISSING, "card")
    tenant = caller.tenant

    async def decide(occasion: Occasion) -> Asked[Standing]:
        payment = await _payable(gateway, caller, payment_id, tried, Method.CARD, occasion)
        free, freed = abandonment.freed(payment, occasion)
        paying, _ = await sources.paying(gateway, caller, occasion, source, None, is_public=True)
        choice = Choice(
            bank=tenant.bank,
            fee_plan=tenant.fee_plan,
            settlement_days=sources.settlement_days(gateway, tenant, paying.card),
            payment_method=paying.method.id,
            card=paying.method.card,
        )
        asking = checkout_payments.pay(free, choice, occasion)
        decision = freed.merged(asking.decision).merged(paying.used_for(payment_id, occasion))
        decision = decision.merged(await link_places.taken(gateway, caller, payment))
        return Asked(Standing(asking.payment, asking.attempt), decision, paying.card)

    return await _try(gateway, caller, payment_id, decide)


async def ring(gateway: Gateway, caller: Caller, payment_id: str, tried: int, number: str) -> Payment:
    """Ask somebody on the phone, or wait for a number where none is given; `tried` is as in `pay`.

    Who is waited for already is asked no second time; another number has another phone ring.

    Raises what core.checkout_payments.assert_payable refuses, PAYER_IS_PAYEE, WALLET_BLOCKED, and METHOD_NOT_OFFERED.
    """
    tenant = caller.tenant
    phones.assert_another(tenant, number)
    known = await fetch(gateway, caller, payment_id)
    if known.ticket is not None and known.action is not None:
        if number not in ("", known.ticket.phone):
            await phones.readdress(gateway, caller, payment_id, number)
        return await fetch(gateway, caller, payment_id)

    async def decide(occasion: Occasion) -> Asked[Standing]:
        payment = await _payable(gateway, caller, payment_id, tried, Method.PHONE_WALLET, occasion)
        free, freed = abandonment.freed(payment, occasion)
        choice = Choice(
            bank=wallet.NAME,
            fee_plan=tenant.phone_fee_plan,
            settlement_days=tenant.settlement_days,
            ticket=checkout_payments.ticket(*phones.new_names(gateway), number, free, occasion),
        )
        asking = checkout_payments.pay(free, choice, occasion)
        decision = freed.merged(asking.decision).merged(phones.named(asking.payment))
        decision = decision.merged(await link_places.taken(gateway, caller, payment))
        return Asked(Standing(asking.payment, asking.attempt), decision)

    payment = await _try(gateway, caller, payment_id, decide)
    if payment.failure is not None:
        raise Refused(payment.failure.reason, "phone")
    return payment


async def _payable(
    gateway: Gateway, caller: Caller, payment_id: str, tried: int, method: Method, occasion: Occasion
) -> Payment:
    payment = await fetch(gateway, caller, payment_id)
    if checkout_payments.of(payment).tries != tried:
        raise _Tried
    checkout_payments.assert_payable(payment, occasion.now)
    checkout_payments.assert_takes(payment, method)
    if not await is_taken(gateway, caller, payment):
        raise Refused(Reason.CHECKOUT_OVER, "payment", status=payment.status)
    return payment


async def is_taken(gateway: Gateway, caller: Caller, payment: Payment) -> bool:
    """Whether anything is taken for a checkout still: the application that opened it, if any did, is not deleted."""
    application = checkout_payments.of(payment).application
    try:
        if application is not None:
            await owners.fetch(gateway, caller, application)
    except Refused:
        return False
    return True


async def _try(gateway: Gateway, caller: Caller, payment_id: str, decide: attempts.Decide[Standing]) -> Payment:
    """The payment as it stands after a try, or after that of whoever was quicker."""
    try:
        await attempts.ask(gateway, caller, None, decide, _noted)
    except _Tried:
        pass
    except Refused as refused:
        if refused.reason is not Reason.IN_PROGRESS:
            raise
    return await settled(gateway, caller, payment_id)


async def settled(gateway: Gateway, caller: Caller, payment_id: str) -> Payment:
    """The payment once a bank that is being asked has answered, or as it is after a while."""
    waited = 0.0
    while True:
        payment = await fetch(gateway, caller, payment_id)
        is_sending = checkout_payments.is_asking(payment) and not payment.authorized
        if not is_sending or checkout_payments.of(payment).found_at is not None:
            return payment
        try:
            waited = await patience.pause(waited, "payment")
        except Refused:
            return payment


async def _noted(now: Standing) -> Answer:
    return Answer(200, b"")


async def leave(gateway: Gateway, caller: Caller, payment_id: str) -> Payment:
    """Give up what a payer was asked to confirm. Raises as `fetch` and flows.payment_intents.leave do."""
    await fetch(gateway, caller, payment_id)
    return await intents.leave(gateway, caller, payment_id)


async def cancel(
    gateway: Gateway, caller: Caller, payment_id: str, cause: str = "requested", *, is_patient: bool = True
) -> Payment:
    """Give a checkout up, and release what is held; one that was given up before stays so.

    Raises Refused(CHECKOUT_OVER) for what is paid, and IN_PROGRESS where a bank does not say.
    """
    waited = 0.0
    while True:
        payment = await fetch(gateway, caller, payment_id)
        if payment.canceled and not payment.captured:
            return payment
        if payment.captured:
            raise Refused(Reason.CHECKOUT_OVER, "payment", status=checkout_payments.status(payment))
        try:
            await _give_up(gateway, caller, payment, cause)
            continue
        except Refused as refused:
            if refused.reason not in (Reason.IN_PROGRESS, Reason.NOTHING_TO_CANCEL) or not is_patient:
                raise
        waited = await patience.pause(waited, "payment")


async def _give_up(gateway: Gateway, caller: Caller, payment: Payment, cause: str) -> None:
    if payment.held or payment.action:
        await charges.cancel(gateway, caller, None, payment.id, _noted, cause)
        if not (await fetch(gateway, caller, payment.id)).canceled:
            raise Refused(Reason.IN_PROGRESS, "payment")
        return
    without_bank = cancellations.LAPSED if cause == cancellations.EXPIRED else cancellations.ABANDONED

    async def decide(occasion: Occasion) -> tuple[Payment, Decision]:
        found = await fetch(gateway, caller, payment.id)
        return payment_intents.cancel(found, None, occasion, without_bank)

    async def plainly(canceled: Payment) -> Answer:
        return Answer(200, b"")

    await changes.make(gateway, caller, None, decide, plainly)


async def refund(
    gateway: Gateway, caller: Caller, key: Key | None, payment_id: str, amount: int | None, render: Render[Standing]
) -> Answer:
    """Give back minor units, or all that is left. Raises Refused(NOT_FOUND), and what core.refunds.ask refuses."""
    await fetch(gateway, caller, payment_id)
    return await refunds.create(gateway, caller, key, payment_id, amount, None, {}, render)


async def expire(gateway: Gateway, tenant: Tenant, payment_id: str) -> bool:
    """Give up a checkout whose time is over; False where a bank is at it, and it has to be looked at again."""
    caller = system(tenant, "expiry")
    payment = await fetch(gateway, caller, payment_id)
    if payment.captured or checkout_payments.is_over(payment):
        return True
    is_late = checkout_payments.is_late(payment, gateway.clock.now(tenant.id))
    if not is_late or checkout_payments.is_asking(payment):
        return False
    try:
        await cancel(gateway, caller, payment_id, cancellations.EXPIRED, is_patient=False)
    except Refused:
        return False
    return True


async def take(gateway: Gateway, tenant: Tenant, payment_id: str) -> bool:
    """Take what a payer confirmed on the phone; False where it has to be tried again."""
    caller = system(tenant, "checkout")
    payment = await fetch(gateway, caller, payment_id)
    if payment.captured or not payment.held:
        return True
    try:
        await charges.capture(gateway, caller, None, payment_id, None, _noted)
    except Refused:
        return False
    return bool((await fetch(gateway, caller, payment_id)).captured)


async def confirm_unheard(gateway: Gateway, tenant: str, payment_id: str) -> None:
    """The same where nobody was told, unless the application has a listener all the same, which is switched off."""
    payment = await find.record(gateway.store, Payment, tenant, payment_id)
    if payment is None or payment.checkout is None or payment.checkout.confirmed_at is not None:
        return
    named = payment.checkout.application
    application = await find.record(gateway.store, Application, tenant, named) if named else None
    if application is None or await owners.listener_of(gateway, application) is None:
        await confirm(gateway, tenant, payment_id)


async def confirm(gateway: Gateway, tenant: str, payment_id: str) -> None:
    """Note that a merchant knows that a checkout was paid."""
    while True:
        payment = await find.record(gateway.store, Payment, tenant, payment_id)
        if payment is None or payment.checkout is None:
            return
        confirmed = checkout_payments.confirmed(payment, gateway.clock.now(tenant))
        if confirmed is payment:
            return
        try:
            return await gateway.store.commit(Decision(save=(confirmed,)))
        except Conflict:
            continue
