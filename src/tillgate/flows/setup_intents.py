"""Setup intents: what a merchant, and the customer's browser, can do with one."""

import msgspec

from tillgate.core import setup_intents
from tillgate.core.attempts import Attempt
from tillgate.core.cards import Card
from tillgate.core.customers import Customer
from tillgate.core.decisions import Decision
from tillgate.core.events import EventType
from tillgate.core.occasions import Occasion
from tillgate.core.reasons import Reason, Refused
from tillgate.core.setup_intents import Change, SetupIntent, SetupStatus, Standing, Terms
from tillgate.flows import attempts, changes, client_secrets, sources, standings
from tillgate.flows.attempts import Asked, Render
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.flows.idempotency import Key
from tillgate.flows.sources import Source
from tillgate.store import filters, find
from tillgate.store.lists import Cursor, Page

Plainly = changes.Render[SetupIntent]
"""How the surface shows a setup intent of which no bank was asked."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a setup intent, beside what it is: the card and the customer, and whether a browser asks."""

    change: Change = Change()
    source: Source | None = None
    customer: str | None = None
    is_public: bool = False


class _Draft(msgspec.Struct, frozen=True):
    """A setup intent as it is to be, what is written with it, and the card in the open where one was needed."""

    setup: SetupIntent
    written: Decision = Decision()
    card: Card | None = None


async def create(
    gateway: Gateway, caller: Caller, key: Key | None, terms: Terms, wanted: Wanted, render: Plainly
) -> Answer:
    """Open a setup intent, to be confirmed later.

    Raises Refused: an unknown customer or payment method, a used or expired token, a card that is gone.
    """

    async def decide(occasion: Occasion) -> tuple[SetupIntent, Decision]:
        draft = await _opened(gateway, caller, occasion, terms, wanted)
        setup, decision = setup_intents.announced(draft.setup, EventType.SETUP_INTENT_CREATED, occasion)
        return setup, decision.merged(draft.written)

    return await changes.make(gateway, caller, key, decide, render, person)


async def create_confirmed(
    gateway: Gateway, caller: Caller, key: Key | None, terms: Terms, wanted: Wanted, render: Render[Standing]
) -> Answer:
    """Open a setup intent and confirm it at once. Raises what `create` and core.setup_intents.confirm refuse."""

    async def decide(occasion: Occasion) -> Asked[Standing]:
        draft = await _opened(gateway, caller, occasion, terms, wanted)
        setup, opening = setup_intents.announced(draft.setup, EventType.SETUP_INTENT_CREATED, occasion)
        written = draft.written.announcing(opening)
        return await _confirmed(gateway, caller, occasion, _Draft(setup, written, draft.card))

    card = wanted.source.card if wanted.source else None
    return await attempts.ask(gateway, caller, key, decide, render, card)


async def confirm(
    gateway: Gateway, caller: Caller, key: Key | None, setup_id: str, wanted: Wanted, render: Render[Standing]
) -> Answer:
    """Have the card verified: the one that is given, or that of the setup intent.

    Raises what core.setup_intents.confirm refuses, METHOD_OF_ANOTHER_CUSTOMER, and as `create` for the card.
    """

    async def decide(occasion: Occasion) -> Asked[Standing]:
        setup = await fetch(gateway, caller, setup_id)
        setup_intents.assert_open(setup)
        draft = await _changed(gateway, caller, occasion, setup, wanted)
        return await _confirmed(gateway, caller, occasion, draft)

    card = wanted.source.card if wanted.source else None
    return await attempts.ask(gateway, caller, key, decide, render, card)


async def update(
    gateway: Gateway, caller: Caller, key: Key | None, setup_id: str, wanted: Wanted, render: Plainly
) -> Answer:
    """Another card or customer, description or metadata. Raises what core.setup_intents.changed refuses."""

    async def decide(occasion: Occasion) -> tuple[SetupIntent, Decision]:
        setup = await fetch(gateway, caller, setup_id)
        draft = await _changed(gateway, caller, occasion, setup, wanted)
        saved = Decision(save=(draft.setup,)) if draft.setup != setup else Decision()
        return draft.setup, saved.merged(draft.written)

    return await changes.make(gateway, caller, key, decide, render, person)


async def cancel(
    gateway: Gateway, caller: Caller, key: Key | None, setup_id: str, reason: str | None, render: Plainly
) -> Answer:
    """Give a setup intent up. Raises what core.setup_intents.cancel refuses."""

    async def decide(occasion: Occasion) -> tuple[SetupIntent, Decision]:
        return setup_intents.cancel(await fetch(gateway, caller, setup_id), reason, occasion)

    return await changes.make(gateway, caller, key, decide, render, person)


async def fetch(gateway: Gateway, caller: Caller, setup_id: str) -> SetupIntent:
    """A merchant's setup intent. Raises Refused(NOT_FOUND)."""
    setup = await find.record(gateway.store, SetupIntent, caller.tenant.id, setup_id)
    if setup is None:
        raise Refused(Reason.NOT_FOUND, "setup_intent", object="setup intent", id=setup_id)
    return setup


async def page(gateway: Gateway, caller: Caller, cursor: Cursor, wanted: filters.Wanted) -> Page[SetupIntent]:
    """A merchant's setup intents that fit, newest first."""
    return await filters.page(gateway.store, SetupIntent, caller.tenant.id, cursor, wanted)


def person(setup: SetupIntent) -> str | None:
    """Of whom an answer with a setup intent tells."""
    return setup.customer


def client_secret(gateway: Gateway, tenant: str, setup_id: str) -> str:
    """What a browser proves with that it may confirm a setup intent."""
    return client_secrets.of(gateway, tenant, setup_id, setup_id)


async def _opened(gateway: Gateway, caller: Caller, occasion: Occasion, terms: Terms, wanted: Wanted) -> _Draft:
    buyer, _ = await sources.customer(gateway, caller, occasion, wanted.customer)
    owner = buyer.id if buyer else None
    setup = setup_intents.open(terms, caller.tenant.id, caller.tenant.bank, owner, occasion)
    if wanted.source is None:
        return _Draft(setup)
    return await _with_card(gateway, caller, occasion, setup, buyer, wanted.source)


async def _changed(gateway: Gateway, caller: Caller, occasion: Occasion, setup: SetupIntent, wanted: Wanted) -> _Draft:
    changed = setup_intents.changed(setup, wanted.change)
    owner = wanted.customer if wanted.customer is not None else setup.customer
    buyer = None
    if wanted.customer is not None:
        buyer, _ = await sources.customer(gateway, caller, occasion, owner)
        changed = setup_intents.with_customer(changed, wanted.customer)
    elif owner is not None:
        buyer = await find.record(gateway.store, Customer, caller.tenant.id, owner)
    if wanted.source is None:
        return _Draft(changed)
    return await _with_card(gateway, caller, occasion, changed, buyer, wanted.source, wanted.is_public)


async def _with_card(
    gateway: Gateway,
    caller: Caller,
    occasion: Occasion,
    setup: SetupIntent,
    buyer: Customer | None,
    source: Source,
    is_public: bool = False,
) -> _Draft:
    setup_intents.assert_open(setup)
    paying = await sources.method(gateway, caller, occasion, source)
    method = paying.method
    if method.customer is not None:
        # Who only has the client secret cannot bring in the card of just anybody whose id they know.
        if is_public and (buyer is None or buyer.id != method.customer):
            raise Refused(Reason.METHOD_OF_ANOTHER_CUSTOMER, "payment_method")
        buyer = await sources.owner(gateway, caller, method, buyer)
    changed = setup_intents.with_method(setup, method.id, buyer.id if buyer else setup.customer)
    return _Draft(changed, paying.used_for(setup.id, occasion), paying.card)


async def _confirmed(gateway: Gateway, caller: Caller, occasion: Occasion, draft: _Draft) -> Asked[Standing]:
    """The question to the bank, with the card that is known by now."""
    setup = draft.setup
    if draft.card is None and setup.status is SetupStatus.REQUIRES_CONFIRMATION:
        buyer = await find.record(gateway.store, Customer, setup.tenant, setup.customer) if setup.customer else None
        known = await _with_card(gateway, caller, occasion, setup, buyer, Source(id=setup.payment_method))
        draft = _Draft(known.setup, draft.written.merged(known.written), known.card)
    asking = setup_intents.confirm(draft.setup, occasion)
    decision = draft.written.merged(asking.decision)
    return Asked(await _standing(gateway, asking.setup_intent, asking.attempt, decision), decision, draft.card)


async def _standing(gateway: Gateway, setup: SetupIntent, attempt: Attempt, decision: Decision) -> Standing:
    """Where a verification stands once `decision` is carried out: the card may be written with it."""
    standing = await standings.of_setup_intent(gateway, setup, attempt)
    for record in decision.save:
        if record.id == setup.payment_method:
            standing = msgspec.structs.replace(standing, method=record)
    return standing
