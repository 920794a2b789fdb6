"""Payment intents: what a merchant, and the payer's browser, can do with one."""

import msgspec

from tillgate.core import abandonment, checkout_payments, payment_intents, payments
from tillgate.core.conclusions import Standing
from tillgate.core.customers import Customer
from tillgate.core.decisions import Decision
from tillgate.core.occasions import Occasion
from tillgate.core.payment_intents import Change, IntentStatus
from tillgate.core.payments import Payment, Terms
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import attempts, changes, client_secrets, intents, sources
from tillgate.flows import idempotency as keys
from tillgate.flows import payments as charges
from tillgate.flows.attempts import Asked, Render
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.flows.idempotency import Key
from tillgate.flows.intents import Draft, Presented
from tillgate.flows.sources import Source
from tillgate.logs import log
from tillgate.store.batches import Conflict
from tillgate.store.commit import Unavailable
from tillgate.store.engine import Retry

Plainly = changes.Render[Payment]
"""How the surface shows an intent of which no bank was asked."""


async def create(
    gateway: Gateway, caller: Caller, key: Key | None, terms: Terms, presented: Presented, render: Plainly
) -> Answer:
    """Open an intent, to be confirmed later.

    Raises Refused: amounts out of bounds, an unknown customer or payment method, a used or expired token, a card that
    is gone.
    """

    async def decide(occasion: Occasion) -> tuple[Payment, Decision]:
        draft = await _opened(gateway, caller, occasion, terms, presented)
        payment, decision = payment_intents.open(draft.intent, occasion)
        return payment, decision.merged(draft.written)

    return await changes.make(gateway, caller, key, decide, render, charges.person)


async def create_confirmed(
    gateway: Gateway, caller: Caller, key: Key | None, terms: Terms, presented: Presented, render: Render[Standing]
) -> Answer:
    """Open an intent and confirm it at once. Raises what `create` and core.payment_intents.confirm refuse."""

    async def decide(occasion: Occasion) -> Asked[Standing]:
        draft = await _opened(gateway, caller, occasion, terms, presented)
        payment, opening = payment_intents.open(draft.intent, occasion)
        draft = msgspec.structs.replace(draft, intent=payment, written=draft.written.announcing(opening))
        return await _confirmed(gateway, caller, occasion, draft)

    return await _ask(gateway, caller, key, decide, presented, render)


async def confirm(
    gateway: Gateway,
    caller: Caller,
    key: Key | None,
    payment_id: str,
    change: Change,
    presented: Presented,
    render: Render[Standing],
) -> Answer:
    """Have the card charged: the one that is given, or that of the intent, or the customer's default if it is not a
    browser that asks.

    Raises what core.payment_intents.confirm refuses, METHOD_OF_ANOTHER_CUSTOMER, and as `create` for the card.
    """

    async def decide(occasion: Occasion) -> Asked[Standing]:
        payment = await charges.fetch(gateway, caller, payment_id)
        draft = await _changed(gateway, caller, occasion, payment, change, presented, Reason.NOTHING_TO_CONFIRM)
        return await _confirmed(gateway, caller, occasion, draft, presented.is_public)

    return await _ask(gateway, caller, key, decide, presented, render)


async def update(
    gateway: Gateway,
    caller: Caller,
    key: Key | None,
    payment_id: str,
    change: Change,
    presented: Presented,
    render: Plainly,
) -> Answer:
    """Other terms, another card or customer. Raises what core.payment_intents.changed refuses."""

    async def decide(occasion: Occasion) -> tuple[Payment, Decision]:
        payment = await charges.fetch(gateway, caller, payment_id)
        draft = await _changed(gateway, caller, occasion, payment, change, presented)
        changed, decision = payment_intents.update(payment, draft.intent, occasion)
        return changed, decision.merged(draft.written)

    return await changes.make(gateway, caller, key, decide, render, charges.person)


async def cancel(
    gateway: Gateway,
    caller: Caller,
    key: Key | None,
    payment_id: str,
    reason: str | None,
    plainly: Plainly,
    render: Render[Standing],
) -> Answer:
    """Give an intent up: at once where no bank has to be told, else by releasing what is held or ending the challenge.

    Raises what core.payment_intents.cancel and core.payments.void refuse.
    """
    payment = await charges.fetch(gateway, caller, payment_id)
    if payment_intents.may_cancel_at_once(payment) and not await keys.led_to_question(gateway, caller, key):

        async def give_up(occasion: Occasion) -> tuple[Payment, Decision]:
            found = await charges.fetch(gateway, caller, payment_id)
            return payment_intents.cancel(found, reason, occasion)

        return await changes.make(gateway, caller, key, give_up, plainly, charges.person)

    async def decide(occasion: Occasion) -> Asked[Standing]:
        found = payment_intents.with_reason(await charges.fetch(gateway, caller, payment_id), reason)
        asking = payments.void(found, "requested", occasion)
        return Asked(Standing(asking.payment, asking.attempt), asking.decision)

    return await attempts.ask(gateway, caller, key, decide, render)


async def leave(gateway: Gateway, caller: Caller, payment_id: str) -> Payment:
    """Give up what a payer was asked to confirm, on the phone or at their bank, so that they can choose anew.

    What is confirmed all the same goes back. Nothing changes where nobody is asked to confirm anything.
    Raises Refused(IN_PROGRESS) while that is being decided.
    """
    while True:
        payment = await charges.fetch(gateway, caller, payment_id)
        free, freed = abandonment.freed(payment, gateway.occasion(caller))
        if free is payment:
            return payment
        free = checkout_payments.back_to_cards(free, caller.tenant.bank, caller.tenant.fee_plan)
        try:
            await gateway.store.commit(freed.also(free))
            return free
        except Conflict:
            continue


async def keep_method(gateway: Gateway, caller: Caller, payment_id: str) -> bool:
    """Keep the card of a payment for its customer, as was asked for; True, for there is nothing to come back for."""
    payment = await charges.fetch(gateway, caller, payment_id)
    usage = payment_intents.intent_of(payment).setup_future_usage
    if usage is not None and payment.customer is not None and payment.authorized:
        await sources.keep(gateway, caller, payment, usage)
    return True


def client_secret(gateway: Gateway, tenant: str, payment_id: str) -> str:
    """What a browser proves with that it may confirm an intent."""
    return client_secrets.of(gateway, tenant, payment_id, "pi_" + payment_id.removeprefix("pay_"))


async def _ask(
    gateway: Gateway,
    caller: Caller,
    key: Key | None,
    decide: attempts.Decide[Standing],
    presented: Presented,
    render: Render[Standing],
) -> Answer:
    """Ask the bank; a card that is to be kept is kept at once where all goes well, and by its timer otherwise."""
    paid: list[Payment] = []

    async def rendered(now: Standing) -> Answer:
        paid[:] = [now.payment]
        return await render(now)

    answer = await attempts.ask(gateway, caller, key, decide, rendered, presented.card)
    for payment in paid:
        if payment.authorized and payment_intents.keeps_method(payment):
            try:
                await keep_method(gateway, caller, payment.id)
            except (Retry, Unavailable):
                log.warning("a card is left to its timer to be kept", payment=payment.id)
    return answer


async def _opened(
    gateway: Gateway, caller: Caller, occasion: Occasion, terms: Terms, presented: Presented
) -> Draft[Payment]:
    tenant = caller.tenant
    buyer = await intents.buyer(gateway, caller, presented.customer, None)
    payment = payments.open(
        terms,
        tenant=tenant.id,
        payment_method=None,
        card=None,
        customer=buyer.summary if buyer else None,
        fee_plan=tenant.fee_plan,
        bank=tenant.bank,
        occasion=occasion,
    )
    if presented.source is None:
        return Draft(payment)
    return await _with_card(gateway, caller, occasion, payment, buyer, presented.source)


async def _changed(
    gateway: Gateway,
    caller: Caller,
    occasion: Occasion,
    payment: Payment,
    change: Change,
    presented: Presented,
    unless: Reason | None = None,
) -> Draft[Payment]:
    """The payment as it is to be; `unless` is the reason to refuse where nothing may change any more."""
    free, freed = abandonment.freed(payment, occasion) if presented.source else (payment, Decision())
    if unless is not None:
        payment_intents.assert_changeable(free, unless)
    changed = payment_intents.changed(free, change)
    buyer = await intents.buyer(gateway, caller, presented.customer, charges.person(changed))
    if presented.customer is not None and buyer is not None:
        changed = payment_intents.with_customer(changed, buyer.summary)
    if presented.source is None:
        return Draft(changed)
    draft = await _with_card(gateway, caller, occasion, changed, buyer, presented.source, presented.is_public)
    return msgspec.structs.replace(draft, written=freed.merged(draft.written))


async def _with_card(
    gateway: Gateway,
    caller: Caller,
    occasion: Occasion,
    payment: Payment,
    buyer: Customer | None,
    source: Source,
    is_public: bool = False,
) -> Draft[Payment]:
    paying, buyer = await sources.paying(gateway, caller, occasion, source, buyer, is_public=is_public)
    payment = checkout_payments.back_to_cards(payment, caller.tenant.bank, caller.tenant.fee_plan)
    customer = buyer.summary if buyer else payment.customer
    settlement_days = sources.settlement_days(gateway, caller.tenant, paying.card)
    changed = payment_intents.with_method(payment, paying.method.id, paying.method.card, customer, settlement_days)
    return Draft(changed, paying.used_for(payment.id, occasion), paying.card)


async def _confirmed(
    gateway: Gateway, caller: Caller, occasion: Occasion, draft: Draft[Payment], is_public: bool = False
) -> Asked[Standing]:
    """The question to the bank, with the card that is known by now."""
    if draft.card is None:
        draft = await _with_known_card(gateway, caller, occasion, draft, is_public)
    asking = payment_intents.confirm(draft.intent, occasion)
    decision = draft.written.merged(asking.decision)
    return Asked(Standing(asking.payment, asking.attempt), decision, draft.card)


async def _with_known_card(
    gateway: Gateway, caller: Caller, occasion: Occasion, draft: Draft[Payment], is_public: bool
) -> Draft[Payment]:
    payment = draft.intent
    buyer = await intents.buyer(gateway, caller, None, charges.person(payment))
    known = payment.payment_method if payment_intents.status(payment) is IntentStatus.REQUIRES_CONFIRMATION else None
    if known is None and buyer is not None and not is_public:
        # A client secret is no leave to charge what the customer keeps.
        known = buyer.default_payment_method
    if known is None:
        raise Refused(Reason.PARAMETER_MISSING, "payment_method")
    with_card = await _with_card(gateway, caller, occasion, payment, buyer, Source(id=known))
    return msgspec.structs.replace(with_card, written=draft.written.merged(with_card.written))
