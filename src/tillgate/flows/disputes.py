"""Disputes: hear of them from banks, answer them, and find out what became of an answer that nobody confirmed."""

from collections.abc import Awaitable, Callable

from tillgate.connectors.sandbox import SandboxConnector
from tillgate.core import disputes, idempotency
from tillgate.core.attempts import Attempt, Contradiction
from tillgate.core.decisions import Decision
from tillgate.core.disputes import Dispute, DisputeReason, ResponseKind, Standing, Statement
from tillgate.core.idempotency import IdempotencyKey
from tillgate.core.instants import Instant
from tillgate.core.merchants import Tenant
from tillgate.core.metadata import Notes
from tillgate.core.occasions import Occasion
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import changes, payments, records
from tillgate.flows import idempotency as keys
from tillgate.flows.gateway import Answer, Caller, Gateway, system
from tillgate.flows.idempotency import Key
from tillgate.logs import log
from tillgate.store import filters, find, lists
from tillgate.store.batches import Conflict, Taken
from tillgate.store.filters import Wanted
from tillgate.store.lists import Cursor, Page
from tillgate.transport.banks import Lost

Render = Callable[[Standing], Awaitable[Answer]]
"""How the surface that was asked writes the answer: lent to the flow, so that the answer is part of the commit."""

_Decide = Callable[[Occasion], Awaitable[tuple[Standing, Decision]]]
_Claimed = tuple[IdempotencyKey, ...]


async def update(
    gateway: Gateway,
    caller: Caller,
    key: Key | None,
    dispute_id: str,
    evidence: dict[str, str],
    notes: Notes,
    submit: bool,
    render: Render,
) -> Answer:
    """Change evidence and metadata name by name, and send all the evidence to the bank where it is to be submitted.

    Raises what core.disputes.revise refuses.
    """
    kind = ResponseKind.EVIDENCE if submit else None
    return await _revise(gateway, caller, key, dispute_id, evidence, notes, kind, render)


async def close(gateway: Gateway, caller: Caller, key: Key | None, dispute_id: str, render: Render) -> Answer:
    """Accept that the cardholder is right. Raises what core.disputes.revise refuses."""
    return await _revise(gateway, caller, key, dispute_id, {}, Notes(), ResponseKind.ACCEPTANCE, render)


async def fetch(gateway: Gateway, caller: Caller, dispute_id: str) -> Dispute:
    """A merchant's dispute. Raises Refused(NOT_FOUND)."""
    return await records.fetch(gateway, caller, Dispute, dispute_id, "dispute")


async def page(gateway: Gateway, caller: Caller, cursor: Cursor, wanted: Wanted) -> Page[Dispute]:
    """A merchant's disputes that fit, newest first."""
    return await filters.page(gateway.store, Dispute, caller.tenant.id, cursor, wanted)


async def learn(gateway: Gateway, tenant: Tenant, said: Statement) -> None:
    """Take note of what a bank said unasked. Once this returns it is durable, and the bank need not say it again."""
    await _conclude(gateway, system(tenant, "bank"), said, (), _quietly)


async def follow(gateway: Gateway, tenant: Tenant, dispute_id: str) -> bool:
    """Tell the bank again what it may not have heard, or ask how a dispute stands.

    It schedules what is next, so that its timer has nothing left to do; False where somebody else was quicker.
    """
    caller = system(tenant, "disputes")
    dispute = await fetch(gateway, caller, dispute_id)
    if not dispute.is_closed:
        if said := await _put(gateway, dispute):
            await _conclude(gateway, caller, said, (), _quietly)
        dispute = await fetch(gateway, caller, dispute_id)
    try:
        await gateway.store.commit(disputes.followed(dispute, gateway.occasion(caller)))
    except Conflict:
        return False
    return True


async def open_for_test(
    gateway: Gateway,
    caller: Caller,
    key: Key | None,
    payment_id: str,
    amount: int | None,
    reason: DisputeReason,
    evidence_due_by: Instant | None,
    render: Render,
) -> Answer:
    """Have the sandbox bank open a dispute of `amount` minor units, or of all that is left, as a cardholder would.

    The bank's name for it comes from the idempotency key, so that however often it is asked, it opens one.
    Raises Refused(NOT_FOUND) where there is no such test payment, Refused(NOTHING_TO_DISPUTE) where less is left, and
    Refused(IN_PROGRESS) where the bank gives no answer.
    """

    async def work() -> Answer:
        if key and (kept := await keys.claimed_before(gateway, caller, key)) and kept.reply:
            return await keys.kept_answer(gateway, kept) or Answer(200, b"")
        payment = await payments.fetch(gateway, caller, payment_id)
        bank = gateway.banks[payment.bank]
        if caller.tenant.is_live or not isinstance(bank, SandboxConnector):
            raise Refused(Reason.NOT_FOUND, "payment", object="payment", id=payment_id)
        reference = f"cb_{key.id}" if key else gateway.occasion(caller).mint("cb")
        claimed = keys.claim(gateway, caller, key, reference, payment.customer.id if payment.customer else None)
        if known := await find.alias(gateway.store, payment.tenant, disputes.alias(payment.bank), reference):
            return await _conclude(gateway, caller, known, claimed, render)
        if payment.authorization is None:
            raise Refused(Reason.NOTHING_TO_DISPUTE, "amount")
        request = bank.complain(payment, payment.authorization, reference, amount, reason, evidence_due_by)
        answer = await gateway.transport.send(request)
        said = None if isinstance(answer, Lost) else bank.read_complaint(reference, answer)
        if said is None:
            raise Refused(Reason.IN_PROGRESS, "payment", status=payment.status)
        return await _conclude(gateway, caller, said, claimed, render)

    return await keys.once(gateway, caller, key, work)


async def _revise(
    gateway: Gateway,
    caller: Caller,
    key: Key | None,
    dispute_id: str,
    evidence: dict[str, str],
    notes: Notes,
    respond: ResponseKind | None,
    render: Render,
) -> Answer:
    async def decide(occasion: Occasion) -> tuple[Standing, Decision]:
        standing = await _standing(gateway, caller, dispute_id)
        return disputes.revise(standing, evidence, notes, occasion, respond=respond)

    if respond is None:
        return await changes.make(gateway, caller, key, decide, render, _person)
    return await keys.once(gateway, caller, key, lambda: _ask(gateway, caller, key, decide, render))


async def _ask(gateway: Gateway, caller: Caller, key: Key | None, decide: _Decide, render: Render) -> Answer:
    """Write down what is to be told, tell it, and give the rendered answer; once per key."""

    async def response() -> tuple[Dispute, _Claimed]:
        standing, decision = await decide(gateway.occasion(caller))
        claimed = keys.claim(gateway, caller, key, standing.dispute.id, _person(standing))
        await gateway.store.commit(decision.also(*claimed))
        return standing.dispute, claimed

    begun = await keys.begin(gateway, caller, key, response)
    if isinstance(begun, IdempotencyKey):
        return await _repeat(gateway, caller, begun, render)
    dispute, claimed = begun
    return await _tell(gateway, caller, dispute, claimed, render)


async def _tell(gateway: Gateway, caller: Caller, dispute: Dispute, claimed: _Claimed, render: Render) -> Answer:
    """Tell the bank, and answer; where it says nothing the answer is that it is on its way, and the timer goes on."""
    said = await _put(gateway, dispute)
    return await _conclude(gateway, caller, said or dispute.id, claimed, render)


async def _repeat(gateway: Gateway, caller: Caller, kept: IdempotencyKey, render: Render) -> Answer:
    async def finish(kept: IdempotencyKey) -> Answer | None:
        if gateway.clock.wall() < kept.lease_until:
            return None
        held = idempotency.take_over(kept, gateway.clock.wall())
        dispute = await fetch(gateway, caller, kept.subject or "")
        return await _tell(gateway, caller, dispute, (held,), render)

    return await keys.repeat(gateway, kept, finish)


async def _put(gateway: Gateway, dispute: Dispute) -> Statement | None:
    """What the bank says on being told the response on its way, or on being asked; None where nothing can be read."""
    bank = gateway.banks[dispute.bank]
    request = bank.respond(dispute) if dispute.response else bank.inquire_dispute(dispute)
    answer = await gateway.transport.send(request)
    return None if isinstance(answer, Lost) else bank.read_dispute(dispute, answer)


async def undecided(gateway: Gateway, payment: Payment) -> list[Dispute]:
    """The disputes of a payment of which its bank has not said whose the money is."""
    if payment.dispute is None:
        return []
    page = await lists.page(gateway.store, Dispute, payment.tenant, Cursor(100), where={"payment": payment.id})
    return [dispute for dispute in page.records if not dispute.is_closed]


async def _conclude(
    gateway: Gateway, caller: Caller, said: Statement | str, claimed: _Claimed, render: Render
) -> Answer:
    """Write down what a bank said (or, of the dispute with an id, nothing), with the answer to whoever asked."""
    while True:
        payment, dispute = await _about(gateway, caller, said)
        learned = None if isinstance(said, str) else _learned(gateway, caller, payment, dispute, said)
        if learned is None:
            if dispute is None:
                raise Refused(Reason.NOT_FOUND, "dispute")
            learned = Standing(payment, dispute), Decision()
        standing, decision = learned
        answer = await render(standing)
        decision = decision.also(*keys.answered(gateway, claimed, answer))
        if not decision.save:
            return answer
        try:
            await gateway.store.commit(decision)
            return answer
        except (Conflict, Taken):
            claimed = await _again(gateway, claimed)
            for key in claimed:
                if kept := await keys.kept_answer(gateway, key):
                    return kept


def _learned(
    gateway: Gateway, caller: Caller, payment: Payment, dispute: Dispute | None, said: Statement
) -> tuple[Standing, Decision] | None:
    fee = caller.tenant.dispute_fees.get(said.amount.currency, 0)
    try:
        return disputes.learn(payment, dispute, said, fee, gateway.occasion(caller))
    except Contradiction as contradiction:
        log.error("bank_contradicts_itself", dispute=said.reference, detail=str(contradiction))
        return None


async def _about(gateway: Gateway, caller: Caller, said: Statement | str) -> tuple[Payment, Dispute | None]:
    """The payment and the dispute of which a bank speaks, if it is known already."""
    if isinstance(said, str):
        standing = await _standing(gateway, caller, said)
        return standing.payment, standing.dispute
    tenant = caller.tenant.id
    attempt = await find.record(gateway.store, Attempt, tenant, said.target)
    if attempt is None:
        raise Refused(Reason.NOT_FOUND, "attempt")
    payment = await payments.fetch(gateway, caller, attempt.payment)
    known = await find.alias(gateway.store, tenant, disputes.alias(payment.bank), said.reference)
    if known is None:
        return payment, None
    standing = await _standing(gateway, caller, known)
    return standing.payment, standing.dispute


async def _standing(gateway: Gateway, caller: Caller, dispute_id: str) -> Standing:
    """A dispute with its payment. Whoever was quicker makes what is decided on them a Conflict."""
    dispute = await fetch(gateway, caller, dispute_id)
    return Standing(await payments.fetch(gateway, caller, dispute.payment), dispute)


async def _again(gateway: Gateway, claimed: _Claimed) -> _Claimed:
    """The keys as they are now; one that was not claimed yet is, as it was to be.

    Raises Refused(IDEMPOTENCY_KEY_REUSED) where somebody else claimed one for another request.
    """
    again: list[IdempotencyKey] = []
    for key in claimed:
        now = await find.record(gateway.store, IdempotencyKey, key.tenant, key.id) or key
        idempotency.assert_same_request(now, key.fingerprint)
        again.append(now)
    return tuple(again)


def _person(standing: Standing) -> str | None:
    """Of whom an answer about a dispute tells."""
    customer = standing.payment.customer
    return customer.id if customer else None


async def _quietly(now: Standing) -> Answer:
    return Answer(200, b"")
