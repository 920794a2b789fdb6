"""Tickets: what a merchant and a customer can do with a payment by phone."""

import uuid
from typing import Final

import msgspec

from tillgate.connectors import phone
from tillgate.core import payments, tickets
from tillgate.core.attempts import Attempt, State, Verdict
from tillgate.core.conclusions import Standing
from tillgate.core.decisions import Alias, Decision
from tillgate.core.instants import Duration
from tillgate.core.merchants import Tenant
from tillgate.core.money import Money
from tillgate.core.occasions import Occasion
from tillgate.core.payments import CaptureMethod, Payment, Terms
from tillgate.core.phone_wallets import CURRENCY, Item, Ticket
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve
from tillgate.core.signing_keys import EVERYBODYS
from tillgate.flows import attempts, challenges, patience, standings
from tillgate.flows import idempotency as keys
from tillgate.flows import payments as flows
from tillgate.flows.attempts import Asked
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.flows.idempotency import Key
from tillgate.store import find, numbers
from tillgate.store.batches import Conflict
from tillgate.transport.banks import Lost


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant asks a customer to confirm; amounts are cents."""

    total: int
    timeout: Duration
    phone: str
    metadata: dict[str, str]
    items: tuple[Item, ...]
    tax: int | None = None
    subtotal: int | None = None


class Shown(msgspec.Struct, frozen=True):
    """A payment by phone with the number that it has in its merchant's day, once it has one."""

    payment: Payment
    number: int | None = None


async def open(gateway: Gateway, caller: Caller, wanted: Wanted) -> Payment:
    """Open a payment and ring its customer's phone, or wait for a number.

    Raises Refused(PAYER_IS_PAYEE, WALLET_BLOCKED), LIVE_MODE_UNAVAILABLE, and what core.payments.open refuses.
    """
    tenant = caller.tenant
    if tenant.is_live:
        gateway.require_live(phone.NAME)
    assert_another(tenant, wanted.phone)

    async def decide(occasion: Occasion) -> Asked[Standing]:
        payment = _opened(gateway, tenant, wanted, occasion)
        asking = payments.charge(payment, occasion)
        return Asked(Standing(asking.payment, asking.attempt), asking.decision.merged(named(asking.payment)))

    asked: list[Standing] = []

    async def note(now: Standing) -> Answer:
        asked[:] = [now]
        return Answer(200, b"")

    await attempts.ask(gateway, caller, None, decide, note)
    standing = asked[0]
    if standing.attempt.is_final and standing.attempt.state is not State.APPROVED:
        raise Refused(standing.attempt.reason or Reason.NEVER_SEEN, "ticket")
    return standing.payment


def _opened(gateway: Gateway, tenant: Tenant, wanted: Wanted, occasion: Occasion) -> Payment:
    number, reference = new_names(gateway)
    ticket = Ticket(
        number=number,
        reference=reference,
        phone=wanted.phone,
        expires_at=occasion.now + wanted.timeout,
        rings_until=occasion.wall + wanted.timeout,
        tax=wanted.tax,
        subtotal=wanted.subtotal,
        items=wanted.items,
    )
    asked = Terms(
        amount=Money(wanted.total, CURRENCY),
        capture_method=CaptureMethod.MANUAL,
        metadata=wanted.metadata,
        asked_as={"currency": "lower"},
        ticket=ticket,
    )
    return payments.open(
        asked,
        tenant=tenant.id,
        payment_method=None,
        card=None,
        customer=None,
        fee_plan=tenant.phone_fee_plan,
        bank=phone.NAME,
        occasion=occasion,
        settlement_days=tenant.settlement_days,
    )


def new_names(gateway: Gateway) -> tuple[str, str]:
    """A ticket's number, and the reference that it has once it is paid; nobody guesses either."""
    random = gateway.random(24)
    number = str(uuid.UUID(bytes=gateway.random(16), version=4))
    return number, f"{int.from_bytes(random[:8], 'big') % 10**9:09}-{random[8:].hex()}"


def named(payment: Payment) -> Decision:
    """What makes a payment found by its ticket's names, whosever it is."""
    ticket, there = tickets.of(payment), tickets.place(payment)
    number = Alias(EVERYBODYS, tickets.ALIAS, ticket.number, there)
    return Decision(name=(number, Alias(EVERYBODYS, tickets.REFERENCE, ticket.reference, there)))


def assert_another(tenant: Tenant, number: str) -> None:
    """Raises Refused(PAYER_IS_PAYEE) for the business's own phone."""
    if number and number == tenant.phone:
        raise Refused(Reason.PAYER_IS_PAYEE, "phone")


async def whose(gateway: Gateway, kind: str, name: str) -> tuple[str, str] | None:
    """The tenant and the payment that a ticket's number or reference stands for, whoever asks; None for neither."""
    found = await find.alias(gateway.store, EVERYBODYS, kind, name)
    if found is None:
        return None
    tenant, payment = found.split()
    return tenant, payment


async def look(gateway: Gateway, caller: Caller, payment_id: str) -> Shown:
    """A payment by phone as it stands now: its customer may have acted, and its time may be over.

    Raises Refused(NOT_FOUND).
    """
    payment = await _asked_for(gateway, caller, payment_id)
    number = (
        (await numbers.of(gateway.store, payment.tenant, [payment.id])).get(payment.id) if payment.captured else None
    )
    return Shown(payment, number)


async def _asked_for(gateway: Gateway, caller: Caller, payment_id: str) -> Payment:
    payment = await flows.fetch(gateway, caller, payment_id)
    now, ticket = gateway.clock.now(caller.tenant.id), tickets.of(payment)
    if payment.captured or payment.canceled or not payment.attempts_made:
        return payment
    if payment.authorized and now >= ticket.expires_at:
        await flows.expire(gateway, caller, payment_id)
    elif payment.action and payment.asked and now >= ticket.expires_at:
        await challenges.expire(gateway, caller.tenant, payment.asked.attempt)
    elif not payment.authorized and payment.asked:
        await _inquire(gateway, caller.tenant, payment.asked.attempt)
    else:
        return payment
    return await flows.fetch(gateway, caller, payment_id)


async def _inquire(gateway: Gateway, tenant: Tenant, attempt_id: str) -> None:
    """Learn whether the customer has acted; that they have not is nothing to write down."""
    attempt = await find.record(gateway.store, Attempt, tenant.id, attempt_id)
    if attempt is None or attempt.state not in (State.CHALLENGED, State.UNKNOWN):
        return
    outcome = await attempts.inquire(gateway, attempt)
    if outcome.verdict in (Verdict.APPROVED, Verdict.DECLINED) or (
        outcome.verdict is Verdict.CHALLENGE and attempt.state is State.UNKNOWN
    ):
        await attempts.learn(gateway, tenant, attempt_id, outcome)


async def authorize(gateway: Gateway, caller: Caller, payment_id: str) -> Shown:
    """Take what the customer confirmed; however often it is asked for, it is taken once.

    Who asks at once in this process is answered at once; others find the money set aside, and wait until it is taken.

    Raises what core.tickets.assert_payable refuses, and Refused with the bank's reason where it says no.
    """
    tenant = caller.tenant.id
    key = Key(gateway.secrets.key_digest(tenant, "ticket", payment_id), "authorize")
    waited = 0.0
    while True:
        found = await look(gateway, caller, payment_id)
        if found.payment.captured:
            return found
        tickets.assert_payable(found.payment, gateway.clock.now(tenant))
        try:
            answer = await keys.once(gateway, caller, key, lambda: _take(gateway, caller, payment_id))
        except Refused as refused:
            if refused.reason not in (Reason.IN_PROGRESS, Reason.NOTHING_TO_CAPTURE):
                raise
            # It is being taken, or given up, through another door.
            waited = await patience.pause(waited, "ticket")
            continue
        if answer.status == _NO:
            raise Refused(Reason(answer.body.decode()), "ticket")
        if not (await flows.fetch(gateway, caller, payment_id)).captured:
            raise Refused(Reason.IN_PROGRESS, "ticket")


async def _take(gateway: Gateway, caller: Caller, payment_id: str) -> Answer:
    return await flows.capture(gateway, caller, None, payment_id, None, _noted)


_NO: Final = 402


async def _noted(now: Standing) -> Answer:
    """How it went, for all who ask at once."""
    if now.attempt.is_final and now.attempt.state is not State.APPROVED:
        return Answer(_NO, (now.attempt.reason or Reason.NEVER_SEEN).value.encode())
    return Answer(200, b"")


async def cancel(gateway: Gateway, caller: Caller, payment_id: str) -> None:
    """Give a payment up, and release what is held. Raises Refused(TICKET_OVER)."""
    waited = 0.0
    while True:
        payment = (await look(gateway, caller, payment_id)).payment
        tickets.assert_cancelable(payment, gateway.clock.now(caller.tenant.id))
        try:
            await flows.cancel(gateway, caller, None, payment_id, _noted)
        except Refused as refused:
            if refused.reason not in (Reason.IN_PROGRESS, Reason.NOTHING_TO_CANCEL):
                raise
        if (await flows.fetch(gateway, caller, payment_id)).canceled:
            return
        # The customer was quicker, or somebody is at it.
        waited = await patience.pause(waited, "ticket")


async def readdress(gateway: Gateway, caller: Caller, payment_id: str, number: str) -> None:
    """Ring another phone. Raises what core.tickets.assert_movable refuses, WALLET_BLOCKED, PAYER_IS_PAYEE, and
    PROCESSING_ERROR where the bank does not answer.
    """
    assert_another(caller.tenant, number)
    while True:
        payment = (await look(gateway, caller, payment_id)).payment
        tickets.assert_movable(payment, gateway.clock.now(caller.tenant.id))
        if payment.action is None or payment.asked is None:
            raise Refused(Reason.IN_PROGRESS, "ticket")
        attempt_id = payment.asked.attempt
        attempt = (await standings.current(gateway, caller.tenant.id, attempt_id)).attempt
        bank = gateway.banks[phone.NAME]
        assert isinstance(bank, phone.PhoneConnector), "tickets are this bank's"
        answer = await gateway.transport.send(bank.readdress(attempt, number))
        if isinstance(answer, Lost) or bank.read_readdressed(attempt, answer).verdict is Verdict.UNKNOWN:
            raise Refused(Reason.PROCESSING_ERROR, "ticket")
        moved = evolve(payment, ticket=msgspec.structs.replace(tickets.of(payment), phone=number))
        try:
            await gateway.store.commit(Decision(save=(moved,)))
            return
        except Conflict:
            continue
