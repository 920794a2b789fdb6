"""Transfers: money that arrives by itself is taken in once, matched, kept, held, sent back or shown to a person."""

import enum

import msgspec

from tillgate.connectors.contract import Question
from tillgate.core import (
    arrival_moves,
    arrivals,
    attempts,
    bank_accounts,
    collecting_accounts,
    transfer_returns,
    transfers,
)
from tillgate.core import creditor_references as references
from tillgate.core.arrivals import Arrival, ArrivalState, Debtor, Place, Why
from tillgate.core.attempts import Attempt, Outcome, Verdict
from tillgate.core.bank_accounts import Coordinates
from tillgate.core.collecting_accounts import CollectingAccount
from tillgate.core.decisions import Decision
from tillgate.core.merchants import Tenant
from tillgate.core.occasions import Occasion
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.core.timers import Timer, TimerKind
from tillgate.core.transfers import Booked, Step
from tillgate.flows import attempts as asking
from tillgate.flows import changes, payments
from tillgate.flows.gateway import Answer, Caller, Gateway, system
from tillgate.flows.idempotency import Key
from tillgate.logs import log
from tillgate.store import find, lists
from tillgate.store.batches import Conflict, Taken
from tillgate.store.lists import Cursor, Page

AT_ONCE = 100
"""How many arrivals are looked up in one go."""


class Heard(enum.StrEnum):
    """What became of a line of a statement."""

    BOOKED = "booked"
    """It is for a payment."""
    UNMATCHED = "unmatched"
    """A person has to look."""
    REVERSED = "reversed"
    """What had come was taken back."""
    KNOWN = "known"
    """It was taken in before."""
    PENDING = "pending"
    """It has not come yet."""


class Taking(msgspec.Struct, frozen=True):
    """What became of a line, and the arrival that it is, unless it has not come yet."""

    heard: Heard
    arrival: Arrival | None = None


async def account(gateway: Gateway, tenant: Tenant, currency: str) -> CollectingAccount | None:
    """Where a merchant collects transfers in a currency; a test merchant has an account of the sandbox's."""
    named = await find.record(gateway.store, CollectingAccount, tenant.id, currency)
    if named is not None or tenant.is_live:
        return named
    return collecting_accounts.of_sandbox(tenant.id, tenant.name, currency)


async def name_account(
    gateway: Gateway, tenant: Tenant, currency: str, holder: str, coordinates: Coordinates
) -> CollectingAccount:
    """Collect in another account from now on. Raises Refused(CURRENCY_UNKNOWN)."""
    bank_accounts.check_currency(currency)
    while True:
        known = await find.record(gateway.store, CollectingAccount, tenant.id, currency)
        named = CollectingAccount(
            tenant=tenant.id,
            id=currency,
            version=known.version if known else 0,
            holder=holder,
            iban=coordinates.number,
            bic=coordinates.bic or "",
            bank_name=coordinates.bank_name or "",
        )
        try:
            await gateway.store.commit(Decision(save=(named,)))
            return named
        except (Conflict, Taken):
            continue


async def begin(gateway: Gateway, caller: Caller, payment_id: str) -> Payment:
    """Have a payment wait for a transfer, under a reference of its own; one that waits already stays as it is.

    Raises Refused(NOT_FOUND).
    """
    while True:
        payment = await payments.fetch(gateway, caller, payment_id)
        if payment.transfer is not None:
            return payment
        checkout = payment.checkout
        waiting, decision = transfers.begin(
            payment,
            references.make(int.from_bytes(gateway.random(8), "big")),
            expires_at=checkout.expires_at if checkout else None,
            allow_underpay=checkout is not None and checkout.allow_underpay,
            allow_overpay=checkout is not None and checkout.allow_overpay,
            fee_plan=caller.tenant.fee_plan,
        )
        try:
            await gateway.store.commit(decision)
            return waiting
        except (Conflict, Taken):
            continue


async def take(gateway: Gateway, caller: Caller, iban: str, line: Booked) -> Taking:
    """Take in a line of the statement of an account, once, however often it is told and by however many.

    Raises Refused(PARAMETER_INVALID, "amount") where the bank told another amount under its reference before.
    """
    while True:
        if known := await _known(gateway, caller, iban, line):
            return known
        payment, why = await _meant(gateway, caller, line)
        arrival = _arrival(gateway, caller, iban, line)
        try:
            if line.is_pending:
                return await _note_pending(gateway, caller, payment)
            step, heard = await _step(gateway, caller, arrival, line, payment, why)
            await gateway.store.commit(step.decision)
            return Taking(heard, next(one for one in step.arrivals if one.id == arrival.id))
        except (Conflict, Taken):
            continue


async def take_for_test(
    gateway: Gateway, caller: Caller, key: Key | None, iban: str, line: Booked, render: changes.Render[Taking]
) -> Answer:
    """The same, for a test merchant who asks for it, once per key."""

    async def decide(occasion: Occasion) -> tuple[Taking, Decision]:
        return await take(gateway, caller, iban, line), Decision()

    return await changes.make(gateway, caller, key, decide, render)


async def _known(gateway: Gateway, caller: Caller, iban: str, line: Booked) -> Taking | None:
    id = await find.alias(gateway.store, caller.tenant.id, transfers.KNOWN, f"{iban} {_name(line)}")
    if id is None:
        return None
    known = await fetch(gateway, caller, id)
    if known.amount != line.amount:
        problem = f"the bank told of {known.amount.formatted()} under the reference {line.reference!r} before"
        raise Refused(Reason.PARAMETER_INVALID, "amount", problem=problem)
    return Taking(Heard.KNOWN, known)


async def _step(
    gateway: Gateway, caller: Caller, arrival: Arrival, line: Booked, payment: Payment | None, why: Why | None
) -> tuple[Step, Heard]:
    occasion = gateway.occasion(caller)
    if line.is_reversal:
        original = await _original(gateway, caller, arrival, line, payment)
        if original is None:
            return transfers.book_reversal(arrival, occasion), Heard.UNMATCHED
        about = await payments.fetch(gateway, caller, original.payment) if original.payment else None
        original = await fetch(gateway, caller, original.id)
        return transfers.take_back(original, arrival, about, occasion), Heard.REVERSED
    held = await _held(gateway, caller, payment) if payment else []
    return transfers.book(arrival, payment, held, why, occasion), Heard.BOOKED if payment else Heard.UNMATCHED


async def _note_pending(gateway: Gateway, caller: Caller, payment: Payment | None) -> Taking:
    if payment is not None:
        _, decision = transfers.found(payment, gateway.occasion(caller))
        if decision.save:
            await gateway.store.commit(decision)
    return Taking(Heard.PENDING)


def _name(line: Booked) -> str:
    """A reversal may bear the reference of what it takes back."""
    return f"reversal {line.reference}" if line.is_reversal else line.reference


def _arrival(gateway: Gateway, caller: Caller, iban: str, line: Booked) -> Arrival:
    occasion = gateway.occasion(caller)
    return Arrival(
        tenant=caller.tenant.id,
        id=occasion.mint("arr"),
        created=occasion.now,
        account=iban,
        reference=_name(line),
        amount=line.amount,
        booked_at=line.booked_at,
        debtor=line.debtor,
        remittance=line.remittance,
        is_reversal=line.is_reversal,
    )


async def _meant(gateway: Gateway, caller: Caller, line: Booked) -> tuple[Payment | None, Why | None]:
    """The payment that a line is about, or why a person has to say which."""
    if line.is_ours:
        return None, Why.REVERSAL_OF_OURS
    tenant = caller.tenant.id
    quoted = references.found(line.remittance)
    known = [await find.alias(gateway.store, tenant, transfers.REFERENCE, one) for one in quoted]
    ids = sorted({id for id in known if id is not None})
    if len(ids) != 1:
        return None, Why.REFERENCES_SEVERAL if ids else Why.NO_REFERENCE
    payment = await payments.fetch(gateway, caller, ids[0])
    if payment.amount.currency != line.amount.currency:
        return None, Why.WRONG_CURRENCY
    return payment, None


async def _original(
    gateway: Gateway, caller: Caller, reversal: Arrival, line: Booked, payment: Payment | None
) -> Arrival | None:
    """What the bank has taken back: what it names, or what alone fits for the payment that it is about."""
    tenant = caller.tenant.id
    for name in (line.reference, *line.original):
        id = await find.alias(gateway.store, tenant, transfers.KNOWN, f"{reversal.account} {name}")
        if id is not None:
            found = await fetch(gateway, caller, id)
            return found if found.amount == line.amount and not await _is_reversed(gateway, found) else None
    if payment is None:
        return None
    came = await of(gateway, payment)
    gone = {one.reverses for one in came if one.reverses}
    fits = [one for one in came if not one.is_reversal and one.amount == line.amount and one.id not in gone]
    return fits[0] if len(fits) == 1 else None


async def _is_reversed(gateway: Gateway, arrival: Arrival) -> bool:
    taken = (arrival.moved(place, Place.BANK) for place in (Place.SUSPENSE, Place.DEPOSITS, Place.MERCHANT))
    return any(taken)


async def of(gateway: Gateway, payment: Payment) -> list[Arrival]:
    """All that ever arrived for a payment, newest first."""
    found: list[Arrival] = []
    cursor = Cursor(AT_ONCE)
    while True:
        page = await lists.page(gateway.store, Arrival, payment.tenant, cursor, where={"payment": payment.id})
        found += page.records
        if not page.has_more:
            return found
        cursor = Cursor(AT_ONCE, after=page.records[-1].id)


async def _held(gateway: Gateway, caller: Caller, payment: Payment) -> list[Arrival]:
    """What is held for a payment, read after it: whoever changes that changes the payment with it."""
    if payment.transfer is None or not payment.transfer.held:
        return []
    found = await of(gateway, payment)
    return [arrival for arrival in found if arrival.at(Place.DEPOSITS)]


async def settle(gateway: Gateway, tenant: Tenant, payment_id: str) -> bool:
    """See what becomes of what is held for a payment; it is looked at again when its time is over."""
    caller = system(tenant, "transfers")
    while True:
        payment = await payments.fetch(gateway, caller, payment_id)
        step = transfers.settle(payment, await _held(gateway, caller, payment), gateway.occasion(caller))
        expires_at = transfers.transfer_of(payment).expires_at
        is_to_come = expires_at is not None and gateway.clock.now(tenant.id) < expires_at
        later = Timer(tenant.id, TimerKind.SETTLE_TRANSFER, payment_id, expires_at)
        decision = step.decision.merged(Decision(schedule=(later,))) if is_to_come else step.decision
        try:
            await gateway.store.commit(decision)
        except Conflict:
            continue
        return not payment.is_asking


async def give_back(gateway: Gateway, tenant: Tenant, arrival_id: str) -> bool:
    """Send back what is on its way, or find out what became of that; True, for what comes after has its timer."""
    caller = system(tenant, "transfers")
    arrival = await fetch(gateway, caller, arrival_id)
    if arrival.attempt is not None and not arrival.attempt.is_final:
        outcome = await asking.inquire(gateway, arrival.attempt)
    elif arrival.at(Place.RETURNS):
        arrival, decision = transfer_returns.ask(arrival, gateway.occasion(caller))
        try:
            await gateway.store.commit(decision)
        except Conflict:
            return False
        outcome = await _put(gateway, tenant, arrival)
    else:
        return True
    await learn(gateway, tenant, _asked(arrival).id, outcome)
    timer = arrival_moves.follow(await fetch(gateway, caller, arrival_id), gateway.occasion(caller))
    # Where nothing is to follow, this timer is taken off, unless somebody has set it anew meanwhile.
    if timer.due_at is not None:
        await gateway.store.commit(Decision(schedule=(timer,)))
    return True


async def _put(gateway: Gateway, tenant: Tenant, arrival: Arrival) -> Outcome:
    """The bank's answer; where that is lost, what it says on being asked for it once."""
    attempt, debtor = _asked(arrival), arrival.debtor
    if not attempts.may_leave(attempt, gateway.clock.wall()):
        return attempts.UNKNOWN
    bank = gateway.banks[attempt.bank]
    coordinates = Coordinates(number=debtor.iban, country=debtor.iban[:2], bic=debtor.bic or None)
    question = Question(attempt=attempt, account=coordinates, holder=debtor.name, merchant=tenant.name)
    outcome = await asking.heard(gateway, attempt, attempt.kind, bank.write(question), bank.read)
    if outcome.verdict is Verdict.UNKNOWN:
        return await asking.inquire(gateway, attempt)
    return outcome


def _asked(arrival: Arrival) -> Attempt:
    assert arrival.attempt is not None, arrival.id
    return arrival.attempt


async def learn(gateway: Gateway, tenant: Tenant, attempt_id: str, outcome: Outcome) -> None:
    """Write down what an outcome means for what is on its way back. Of a question before the newest it is no news."""
    caller, arrival_id = system(tenant, "transfers"), arrivals.arrival_of(attempt_id) or ""
    while True:
        arrival = await fetch(gateway, caller, arrival_id)
        if _asked(arrival).id != attempt_id:
            return
        try:
            concluded = transfer_returns.conclude(arrival, outcome, gateway.occasion(caller))
        except attempts.Contradiction as contradiction:
            log.error("bank_contradicts_itself", arrival=arrival_id, detail=str(contradiction))
            return
        if concluded is None:
            return
        try:
            await gateway.store.commit(concluded[1])
        except Conflict:
            continue
        asking.count(_asked(arrival), _asked(concluded[0]))
        return


async def unmatched(gateway: Gateway, caller: Caller, cursor: Cursor) -> Page[Arrival]:
    """What a person has to look at, newest first."""
    where = {"status": ArrivalState.UNMATCHED.value}
    return await lists.page(gateway.store, Arrival, caller.tenant.id, cursor, where=where)


async def match(gateway: Gateway, caller: Caller, arrival_id: str, about: str) -> Arrival:
    """Say what an arrival is for, or a reversal takes back: a payment, by its id or its reference, or an arrival.

    Raises Refused(NOT_FOUND, PARAMETER_INVALID).
    """
    while True:
        arrival = await fetch(gateway, caller, arrival_id)
        if arrival.is_reversal:
            original = await fetch(gateway, caller, about)
            payment = await payments.fetch(gateway, caller, original.payment) if original.payment else None
            original = await fetch(gateway, caller, about)
            step = transfers.take_back(original, arrival, payment, gateway.occasion(caller))
        else:
            quoted = [await find.alias(gateway.store, arrival.tenant, transfers.REFERENCE, one) for one in _refs(about)]
            payment = await payments.fetch(gateway, caller, next((id for id in quoted if id), about))
            held = await _held(gateway, caller, payment)
            step = transfers.assign(arrival, payment, held, gateway.occasion(caller))
        try:
            await gateway.store.commit(step.decision)
        except Conflict:
            continue
        return next(one for one in step.arrivals if one.id == arrival_id)


def _refs(about: str) -> tuple[str, ...]:
    return references.found(about)


async def send_back(gateway: Gateway, caller: Caller, arrival_id: str, debtor: Debtor | None) -> Arrival:
    """Send back what a person cannot match.

    Raises what core.transfer_returns.send_back refuses, and Refused(NOT_FOUND).
    """
    while True:
        arrival = await fetch(gateway, caller, arrival_id)
        returning, decision = transfer_returns.send_back(arrival, debtor, gateway.occasion(caller))
        try:
            await gateway.store.commit(decision)
        except Conflict:
            continue
        return returning


async def fetch(gateway: Gateway, caller: Caller, arrival_id: str) -> Arrival:
    """A merchant's arrival. Raises Refused(NOT_FOUND)."""
    arrival = await find.record(gateway.store, Arrival, caller.tenant.id, arrival_id)
    if arrival is None:
        raise Refused(Reason.NOT_FOUND, "arrival", object="arrival", id=arrival_id)
    return arrival
