"""Standings: where an attempt stands with what it is about, alike for payments and for setup intents."""

from typing import Any, TypeVar

import msgspec

from tillgate.connectors.contract import Question
from tillgate.core import arrival_moves, conclusions, payment_intents, refunds, repeats, setup_intents
from tillgate.core.arrivals import Debtor
from tillgate.core.attempts import Attempt, Kind, Outcome
from tillgate.core.bank_accounts import Coordinates
from tillgate.core.cards import Card
from tillgate.core.conclusions import Standing
from tillgate.core.customers import Customer
from tillgate.core.decisions import Decision
from tillgate.core.faults import Drawn
from tillgate.core.merchants import Tenant
from tillgate.core.occasions import Occasion
from tillgate.core.payment_methods import PaymentMethod
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import Record, evolve
from tillgate.core.refunds import Refund
from tillgate.core.setup_intents import SetupIntent
from tillgate.core.setup_intents import Standing as SetupStanding
from tillgate.flows.gateway import Gateway
from tillgate.store import find

S = TypeVar("S", Standing, SetupStanding)


async def current(gateway: Gateway, tenant: str, attempt_id: str) -> Any:
    """Where an attempt stands, as of one moment: whatever moves it moves what it is about in the same commit.

    Raises Refused(NOT_FOUND).
    """
    attempt = await find.record(gateway.store, Attempt, tenant, attempt_id)
    while attempt is not None:
        if attempt.payment.startswith("seti_"):
            standing: Standing | SetupStanding = await _of_setup_intent(gateway, attempt)
        else:
            standing = await _of_payment(gateway, attempt)
        read_first, attempt = attempt, await find.record(gateway.store, Attempt, tenant, attempt_id)
        if attempt is not None and attempt.version == read_first.version:
            return standing
    raise Refused(Reason.NOT_FOUND, "attempt")


async def _of_payment(gateway: Gateway, attempt: Attempt) -> Standing:
    payment = await find.record(gateway.store, Payment, attempt.tenant, attempt.payment)
    refund = await find.record(gateway.store, Refund, attempt.tenant, attempt.refund) if attempt.refund else None
    assert payment is not None, attempt.id
    return Standing(payment, attempt, refund)


async def _of_setup_intent(gateway: Gateway, attempt: Attempt) -> SetupStanding:
    setup = await find.record(gateway.store, SetupIntent, attempt.tenant, attempt.payment)
    assert setup is not None, attempt.id
    return await of_setup_intent(gateway, setup, attempt)


async def of_setup_intent(gateway: Gateway, setup: SetupIntent, attempt: Attempt) -> SetupStanding:
    """Where a verification stands, with the card and whose it is to be as they are kept."""
    method = await find.record(gateway.store, PaymentMethod, setup.tenant, setup.payment_method or "")
    owner = await find.record(gateway.store, Customer, setup.tenant, setup.customer) if setup.customer else None
    return SetupStanding(setup, attempt, method, owner)


def person(standing: Standing | SetupStanding) -> str | None:
    """Of whom an answer about it tells."""
    if isinstance(standing, SetupStanding):
        return standing.setup_intent.customer
    return standing.payment.customer.id if standing.payment.customer else None


def question(standing: Standing | SetupStanding, tenant: Tenant, card: Card | None, return_url: str | None) -> Question:
    """What the bank is to be asked; `return_url` is where it sends the customer back to."""
    attempt = standing.attempt
    if isinstance(standing, SetupStanding):
        return Question(attempt=attempt, card=card, merchant=tenant.name, return_url=return_url)
    intent = payment_intents.intent_of(standing.payment)
    return Question(
        attempt=attempt,
        card=card,
        merchant=tenant.name,
        return_url=return_url,
        challenged=attempt.kind is Kind.VOID and not standing.payment.authorized,
        three_d_secure=standing.payment.three_d_secure,
        off_session=intent.off_session,
        may_challenge=not intent.error_on_requires_action,
        ticket=standing.payment.ticket,
        account=_sent_from(standing),
        holder=_debtor(standing).name,
    )


def _debtor(standing: Standing) -> Debtor:
    transfer = standing.payment.transfer
    return Debtor() if transfer is None or transfer.debtor is None else transfer.debtor


def _sent_from(standing: Standing) -> Coordinates | None:
    """The account that the money came from, where it goes back by transfer and that is known."""
    debtor = _debtor(standing)
    if standing.attempt.bank != arrival_moves.BANK or not debtor.iban:
        return None
    return Coordinates(number=debtor.iban, country=debtor.iban[:2], bic=debtor.bic or None)


def met_by(standing: S, decision: Decision, drawn: Drawn) -> tuple[S, Decision]:
    """A question decided upon with what is to go wrong with it."""
    attempt = evolve(standing.attempt, fault=drawn)
    instead: dict[int, Record] = {id(standing.attempt): attempt}
    if isinstance(standing, Standing):
        payment = evolve(standing.payment, faults=(*standing.payment.faults, drawn.kind.value))
        instead[id(standing.payment)] = payment
        standing = msgspec.structs.replace(standing, payment=payment)
    save = tuple(instead.get(id(record), record) for record in decision.save)
    return msgspec.structs.replace(standing, attempt=attempt), msgspec.structs.replace(decision, save=save)


def concluded(standing: S, outcome: Outcome, occasion: Occasion) -> tuple[S, Decision] | None:
    """Where things stand after an outcome, as core.conclusions and core.setup_intents conclude."""
    if isinstance(standing, SetupStanding):
        return setup_intents.conclude(standing, outcome, occasion)
    return conclusions.conclude(standing, outcome, occasion)


def asked_again(standing: S, occasion: Occasion) -> tuple[S, Decision]:
    """The question put once more, under its reference, for the client that repeats its request.

    Raises Refused(IN_PROGRESS) where it fits no more.
    """
    if isinstance(standing, SetupStanding):
        verifying = setup_intents.ask_again(standing.setup_intent, standing.attempt, occasion)
        again = msgspec.structs.replace(standing, setup_intent=verifying.setup_intent, attempt=verifying.attempt)
        return again, verifying.decision
    asking = repeats.ask_again(standing.payment, standing.attempt, occasion)
    refund = refunds.pending_again(standing.refund) if standing.refund else None
    saved: tuple[Record, ...] = (refund,) if refund else ()
    return Standing(asking.payment, asking.attempt, refund), asking.decision.also(*saved)


async def kept_card(gateway: Gateway, standing: Standing | SetupStanding) -> Card:
    """The card that a question is asked with, as it is kept. Raises Refused(CARD_GONE)."""
    about = standing.setup_intent if isinstance(standing, SetupStanding) else standing.payment
    method = await find.record(gateway.store, PaymentMethod, about.tenant, about.payment_method or "")
    if method is None or method.sealed is None:
        raise Refused(Reason.CARD_GONE, "payment_method")
    return await gateway.cards.reveal(method, None)
