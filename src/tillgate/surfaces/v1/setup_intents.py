"""Setup intents on the wire: a card kept for a customer, whose browser takes one of the steps."""

import msgspec
from msgspec import UNSET

from tillgate.core.credentials import Scope
from tillgate.core.instants import unix_seconds
from tillgate.core.payments import Failure
from tillgate.core.reasons import Reason
from tillgate.core.setup_intents import Change, SetupIntent, SetupStatus, Standing, Terms
from tillgate.flows import setup_intents as flows
from tillgate.flows.attempts import Render
from tillgate.flows.gateway import Answer
from tillgate.flows.intents import Presented
from tillgate.http.exchange import Reply
from tillgate.store import filters
from tillgate.surfaces.v1 import errors, expansion, intents
from tillgate.surfaces.v1.changes import notes
from tillgate.surfaces.v1.forms import ListShown, list_shown, parse_return_url
from tillgate.surfaces.v1.intents import AutomaticMethodsShown, IntentReadGiven
from tillgate.surfaces.v1.operations import Call, answer, answered, operation, shown
from tillgate.surfaces.v1.payments import NextActionShown
from tillgate.surfaces.v1.setup_intent_forms import (
    CancelSetupGiven,
    ConfirmSetupGiven,
    LastSetupErrorShown,
    SetupIntentChangeGiven,
    SetupIntentGiven,
    SetupIntentsGiven,
    SetupIntentShown,
)

_MERCHANTS = (Scope.SETUP_INTENTS_READ, Scope.SETUP_INTENTS_WRITE)
_BY_BROWSER = (Scope.SETUP_INTENTS_WRITE, Scope.TOKENS_WRITE)
_READ_BY_BROWSER = (Scope.SETUP_INTENTS_READ, Scope.TOKENS_WRITE)


def show(setup: SetupIntent, *, livemode: bool, origin: str, client_secret: str | None = None) -> SetupIntentShown:
    """A setup intent in this API's form; `origin` is where pages of ours are reached."""
    return SetupIntentShown(
        id=setup.id,
        status=setup.status,
        usage=setup.usage,
        client_secret=client_secret,
        customer=setup.customer,
        description=setup.description,
        payment_method=None if setup.failure and not setup.verified else setup.payment_method,
        payment_method_types=setup.payment_method_types,
        automatic_payment_methods=AutomaticMethodsShown.of(setup.automatic_methods),
        last_setup_error=_last_error(setup, setup.failure) if setup.failure else None,
        next_action=_next_action(setup, origin),
        return_url=setup.return_url,
        canceled_at=None if setup.canceled_at is None else unix_seconds(setup.canceled_at),
        cancellation_reason=setup.cancellation_reason,
        metadata=setup.metadata,
        created=unix_seconds(setup.created),
        livemode=livemode,
    )


def _next_action(setup: SetupIntent, origin: str) -> NextActionShown | None:
    if setup.status is not SetupStatus.REQUIRES_ACTION or setup.action is None:
        return None
    return NextActionShown.of(setup.action, setup.return_url, origin)


def _last_error(setup: SetupIntent, failure: Failure) -> LastSetupErrorShown:
    wording = errors.from_bank(failure.reason)
    return LastSetupErrorShown(
        type=wording.type.value,
        code=wording.code,
        message=wording.sentence,
        decline_code=wording.decline_code,
        payment_method=setup.payment_method,
    )


def shown_in(call: Call, setup: SetupIntent) -> SetupIntentShown:
    """A setup intent as a call shows it: to a browser without what is the merchant's own."""
    secret = flows.client_secret(call.gateway, call.tenant.id, setup.id)
    made = show(setup, livemode=call.tenant.is_live, origin=call.request.origin, client_secret=secret)
    return msgspec.structs.replace(made, customer=None, metadata={}) if intents.is_browser(call, *_MERCHANTS) else made


async def _admitted(call: Call) -> SetupIntent:
    """The setup intent in the path. Raises Refused where a browser does not prove that it was given it."""
    setup = await flows.fetch(call.gateway, call.caller, call.id)
    intents.admit(call, flows.client_secret(call.gateway, call.tenant.id, setup.id), *_MERCHANTS)
    return setup


def _plainly(call: Call) -> flows.Plainly:
    async def rendered(setup: SetupIntent) -> Answer:
        return await answer(call, shown_in(call, setup))

    return rendered


def _render(call: Call) -> Render[Standing]:
    """How the outcome of asking a bank is answered: the setup intent, or the error of what was declined with it."""

    async def rendered(now: Standing) -> Answer:
        setup, then = shown_in(call, now.setup_intent), call.leaving(method=now.method)
        if now.attempt.is_final and now.setup_intent.verified != now.attempt.id:
            reason = now.setup_intent.failure.reason if now.setup_intent.failure else now.attempt.reason
            expanded = await expansion.expanded(then, call.wanted, setup)
            reply = errors.decline(call.request, reason or Reason.CARD_GONE, setup_intent=expanded)
            return Answer(reply.status, reply.body)
        return await answer(then, setup)

    return rendered


@operation("POST", "/v1/setup_intents", Scope.SETUP_INTENTS_WRITE, SetupIntentGiven, SetupIntentShown)
async def create(call: Call) -> Reply:
    """Set up a card to be kept for a customer; it may come later, from their browser. With `confirm`, verify it now."""
    given: SetupIntentGiven = call.given
    terms = Terms(
        usage=given.usage,
        payment_method_types=intents.words(given.payment_method_types),
        automatic_methods=given.automatic_payment_methods.parse() if given.automatic_payment_methods else None,
        description=given.description,
        metadata=given.metadata,
        return_url=parse_return_url(given.return_url),
    )
    presented = Presented(source=intents.source(given, is_for_later=not given.confirm), customer=given.customer)
    asked = (call.gateway, call.caller, call.key, terms, presented)
    if given.confirm:
        return answered(await flows.create_confirmed(*asked, _render(call)))
    return answered(await flows.create(*asked, _plainly(call)))


@operation("GET", "/v1/setup_intents", Scope.SETUP_INTENTS_READ, SetupIntentsGiven, ListShown[SetupIntentShown])
async def page(call: Call) -> Reply:
    """Setup intents, newest first."""
    given: SetupIntentsGiven = call.given
    found = await flows.page(call.gateway, call.caller, given.cursor("seti"), _filter(given))
    return await shown(call, list_shown(found, "/v1/setup_intents", lambda setup: shown_in(call, setup)))


def _filter(given: SetupIntentsGiven) -> filters.Wanted:
    return filters.Wanted(
        statuses=None if given.status is None else (given.status,),
        where={} if given.customer is None else {"customer": given.customer},
        terms=given.terms,
    )


@operation("GET", "/v1/setup_intents/{id}", _READ_BY_BROWSER, IntentReadGiven, SetupIntentShown, cross_origin=True)
async def fetch(call: Call) -> Reply:
    """One setup intent. With a publishable key it takes the client secret."""
    return await shown(call, shown_in(call, await _admitted(call)))


@operation("POST", "/v1/setup_intents/{id}", Scope.SETUP_INTENTS_WRITE, SetupIntentChangeGiven, SetupIntentShown)
async def update(call: Call) -> Reply:
    """Change a setup intent that did not succeed yet; its description and metadata whenever you like."""
    given: SetupIntentChangeGiven = call.given
    types = given.payment_method_types
    change = Change(
        payment_method_types=UNSET if types is None else intents.words(types),
        description=UNSET if given.description is UNSET else given.description or None,
        notes=notes(given.metadata),
    )
    presented = Presented(source=intents.source(given, is_for_later=True), customer=given.customer)
    return answered(await flows.update(call.gateway, call.caller, call.key, call.id, change, presented, _plainly(call)))


@operation(
    "POST", "/v1/setup_intents/{id}/confirm", _BY_BROWSER, ConfirmSetupGiven, SetupIntentShown, cross_origin=True
)
async def confirm(call: Call) -> Reply:
    """Have the card verified; nothing is taken. Declined, or while the customer has to act, it takes another card."""
    given: ConfirmSetupGiven = call.given
    setup = await _admitted(call)
    change = Change(return_url=parse_return_url(given.return_url) or UNSET)
    source = intents.source(given, is_for_later=False)
    presented = Presented(source=source, is_public=intents.is_browser(call, *_MERCHANTS))
    return answered(
        await flows.confirm(call.gateway, call.caller, call.key, setup.id, change, presented, _render(call))
    )


@operation("POST", "/v1/setup_intents/{id}/cancel", Scope.SETUP_INTENTS_WRITE, CancelSetupGiven, SetupIntentShown)
async def cancel(call: Call) -> Reply:
    """Give a setup intent up, so that it can be confirmed no more."""
    reason: str | None = call.given.cancellation_reason
    return answered(await flows.cancel(call.gateway, call.caller, call.key, call.id, reason, _plainly(call)))


@expansion.kind("seti", SetupIntentShown, Scope.SETUP_INTENTS_READ)
async def _fetch(call: Call, id: str) -> SetupIntentShown:
    return shown_in(call, await flows.fetch(call.gateway, call.caller, id))


OPERATIONS = (create, page, fetch, update, confirm, cancel)
