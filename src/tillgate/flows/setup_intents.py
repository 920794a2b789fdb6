"""Setup intents: what a merchant, and the customer's browser, can do with one."""

import msgspec

from tillgate.core import setup_intents
from tillgate.core.attempts import Attempt
from tillgate.core.customers import Customer
from tillgate.core.decisions import Decision
from tillgate.core.events import EventType
from tillgate.core.occasions import Occasion
from tillgate.core.setup_intents import Change, SetupIntent, SetupStatus, Standing, Terms
from tillgate.flows import attempts, changes, client_secrets, intents, records, sources, standings
from tillgate.flows.attempts import Asked, Render
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.flows.idempotency import Key
from tillgate.flows.intents import Draft, Presented
from tillgate.flows.sources import Source
from tillgate.store import filters
from tillgate.store.batches import Conflict
from tillgate.store.lists import Cursor, Page

Plainly = changes.Render[SetupIntent]
"""How the surface shows a setup intent of which no bank was asked."""


async def create(
    gateway: Gateway, caller: Caller, key: Key | None, terms: Terms, presented: Presented, render: Plainly
) -> Answer:
    """Open a setup intent, to be confirmed later.

    Raises Refused: an unknown customer or payment method, a used or expired token, a card that is gone.
    """

    async def decide(occasion: Occasion) -> tuple[SetupIntent, Decision]:
        draft = await _opened(gateway, caller, occasion, terms, presented)
        setup, decision = setup_intents.announced(draft.intent, EventType.SETUP_INTENT_CREATED, occasion)
        return setup, decision.merged(draft.written)

    return await changes.make(gateway, caller, key, decide, render, person)


async def create_confirmed(
    gateway: Gateway, caller: Caller, key: Key | None, terms: Terms, presented: Presented, render: Render[Standing]
) -> Answer:
    """Open a setup intent and confirm it at once. Raises what `create` and core.setup_intents.confirm refuse."""

    async def decide(occasion: Occasion) -> Asked[Standing]:
        draft = await _opened(gateway, caller, occasion, terms, presented)
        setup, opening = setup_intents.announced(draft.intent, EventType.SETUP_INTENT_CREATED, occasion)
        written = draft.written.announcing(opening)
        return await _confirmed(gateway, caller, occasion, Draft(setup, written, draft.card))

    return await attempts.ask(gateway, caller, key, decide, render, presented.card)


async def confirm(
    gateway: Gateway,
    caller: Caller,
    key: Key | None,
    setup_id: str,
    change: Change,
    presented: Presented,
    render: Render[Standing],
) -> Answer:
    """Have the card verified: the one that is given, or that of the setup intent.

    Raises what core.setup_intents.confirm refuses, METHOD_OF_ANOTHER_CUSTOMER, and as `create` for the card.
    """

    async def decide(occasion: Occasion) -> Asked[Standing]:
        setup = await fetch(gateway, caller, setup_id)
        setup_intents.assert_open(setup)
        draft = await _changed(gateway, caller, occasion, setup, change, presented)
        return await _confirmed(gateway, caller, occasion, draft)

    return await attempts.ask(gateway, caller, key, decide, render, presented.card)


async def update(
    gateway: Gateway,
    caller: Caller,
    key: Key | None,
    setup_id: str,
    change: Change,
    presented: Presented,
    render: Plainly,
) -> Answer:
    """Another card or customer, description or metadata. Raises what core.setup_intents.changed refuses."""

    async def decide(occasion: Occasion) -> tuple[SetupIntent, Decision]:
        setup = await fetch(gateway, caller, setup_id)
        draft = await _changed(gateway, caller, occasion, setup, change, presented)
        saved = Decision(save=(draft.intent,)) if draft.intent != setup else Decision()
        return draft.intent, saved.merged(draft.written)

    return await changes.make(gateway, caller, key, decide, render, person)


async def cancel(
    gateway: Gateway, caller: Caller, key: Key | None, setup_id: str, reason: str | None, render: Plainly
) -> Answer:
    """Give a setup intent up. Raises what core.setup_intents.cancel refuses."""

    async def decide(occasion: Occasion) -> tuple[SetupIntent, Decision]:
        return setup_intents.cancel(await fetch(gateway, caller, setup_id), reason, occasion)

    return await changes.make(gateway, caller, key, decide, render, person)


async def leave(gateway: Gateway, caller: Caller, setup_id: str) -> None:
    """Give up what a customer was asked at their bank. Nothing changes where nobody is asked."""
    while True:
        _, decision = setup_intents.leave(await fetch(gateway, caller, setup_id), gateway.occasion(caller))
        try:
            return await gateway.store.commit(decision) if decision.save else None
        except Conflict:
            continue


async def fetch(gateway: Gateway, caller: Caller, setup_id: str) -> SetupIntent:
    """A merchant's setup intent. Raises Refused(NOT_FOUND)."""
    return await records.fetch(gateway, caller, SetupIntent, setup_id, "setup_intent")


async def page(gateway: Gateway, caller: Caller, cursor: Cursor, wanted: filters.Wanted) -> Page[SetupIntent]:
    """A merchant's setup intents that fit, newest first."""
    return await filters.page(gateway.store, SetupIntent, caller.tenant.id, cursor, wanted)


def person(setup: SetupIntent) -> str | None:
    """Of whom an answer with a setup intent tells."""
    return setup.customer


def client_secret(gateway: Gateway, tenant: str, setup_id: str) -> str:
    """What a browser proves with that it may confirm a setup intent."""
    return client_secrets.of(gateway, tenant, setup_id, setup_id)


async def _opened(
    gateway: Gateway, caller: Caller, occasion: Occasion, terms: Terms, presented: Presented
) -> Draft[SetupIntent]:
    buyer = await intents.buyer(gateway, caller, presented.customer, None)
    owner = buyer.id if buyer else None
    setup = setup_intents.open(terms, caller.tenant.id, caller.tenant.bank, owner, occasion)
    if presented.source is None:
        return Draft(setup)
    return await _with_card(gateway, caller, occasion, setup, buyer, presented.source)


async def _changed(
    gateway: Gateway, caller: Caller, occasion: Occasion, setup: SetupIntent, change: Change, presented: Presented
) -> Draft[SetupIntent]:
    changed = setup_intents.changed(setup, change)
    buyer = await intents.buyer(gateway, caller, presented.customer, setup.customer)
    if presented.customer is not None:
        changed = setup_intents.with_customer(changed, presented.customer)
    draft = Draft(changed)
    if presented.source is not None:
        draft = await _with_card(gateway, caller, occasion, changed, buyer, presented.source, presented.is_public)
    written = draft.written.merged(setup_intents.given_up(setup, draft.intent, occasion))
    return msgspec.structs.replace(draft, written=written)


async def _with_card(
    gateway: Gateway,
    caller: Caller,
    occasion: Occasion,
    setup: SetupIntent,
    buyer: Customer | None,
    source: Source,
    is_public: bool = False,
) -> Draft[SetupIntent]:
    setup_intents.assert_open(setup)
    paying, buyer = await sources.paying(gateway, caller, occasion, source, buyer, is_public=is_public)
    changed = setup_intents.with_method(setup, paying.method.id, buyer.id if buyer else setup.customer)
    return Draft(changed, paying.used_for(setup.id, occasion), paying.card)


async def _confirmed(
    gateway: Gateway, caller: Caller, occasion: Occasion, draft: Draft[SetupIntent]
) -> Asked[Standing]:
    """The question to the bank, with the card that is known by now."""
    setup = draft.intent
    if draft.card is None and setup.status is SetupStatus.REQUIRES_CONFIRMATION:
        buyer = await intents.buyer(gateway, caller, None, setup.customer)
        known = await _with_card(gateway, caller, occasion, setup, buyer, Source(id=setup.payment_method))
        draft = Draft(known.intent, draft.written.merged(known.written), known.card)
    asking = setup_intents.confirm(draft.intent, occasion)
    decision = draft.written.merged(asking.decision)
    return Asked(await _standing(gateway, asking.setup_intent, asking.attempt, decision), decision, draft.card)


async def _standing(gateway: Gateway, setup: SetupIntent, attempt: Attempt, decision: Decision) -> Standing:
    """Where a verification stands once `decision` is carried out: the card may be written with it."""
    standing = await standings.of_setup_intent(gateway, setup, attempt)
    for record in decision.save:
        if record.id == setup.payment_method:
            standing = msgspec.structs.replace(standing, method=record)
    return standing
