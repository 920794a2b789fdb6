"""Setup intents: a card that is to be kept, verified by its bank without anything being taken."""

import enum
from typing import final

import msgspec
from msgspec import UNSET, UnsetType

from tillgate.core import attempts, challenges, intents, metadata, payment_methods
from tillgate.core.attempts import Action, Attempt, Kind, Outcome, State
from tillgate.core.customers import Customer
from tillgate.core.decisions import Decision
from tillgate.core.events import EventType, event
from tillgate.core.instants import Instant
from tillgate.core.intents import FutureUsage, Redirects
from tillgate.core.metadata import Notes
from tillgate.core.money import Money
from tillgate.core.occasions import Occasion
from tillgate.core.payment_methods import PaymentMethod
from tillgate.core.payments import Failure
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import Record, evolve
from tillgate.core.timers import Timer, TimerKind

NOTHING = Money(0, "USD")
"""What a verification takes. Banks want a currency with it, and do not look at which."""


class SetupStatus(enum.StrEnum):
    """Where a setup intent stands, by what has to come next; derived from its facts."""

    REQUIRES_PAYMENT_METHOD = "requires_payment_method"
    """There is no card yet, or the last one was declined."""
    REQUIRES_CONFIRMATION = "requires_confirmation"
    REQUIRES_ACTION = "requires_action"
    """The customer has to prove who they are."""
    PROCESSING = "processing"
    """The bank was asked, and has not answered."""
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"


OVER = frozenset({SetupStatus.SUCCEEDED, SetupStatus.CANCELED})


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant asks for when opening a setup intent."""

    usage: FutureUsage = FutureUsage.OFF_SESSION
    payment_method_types: tuple[str, ...] = ("card",)
    automatic_methods: Redirects | None = None
    description: str | None = None
    metadata: dict[str, str] = {}
    return_url: str | None = None


class SetupIntent(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A card on its way to being kept for a customer, to be charged with or without them.

    `attempt` is the verification that counts: the newest, unless it was given up for another card. `verified` is the
    one that the bank granted. Of others nothing follows, for no money moves. `former_methods` were to be kept before
    the one that is, and tell of the same customer.
    """

    created: Instant
    bank: str
    usage: FutureUsage
    payment_method_types: tuple[str, ...] = ("card",)
    automatic_methods: Redirects | None = None
    customer: str | None = None
    payment_method: str | None = None
    former_methods: tuple[str, ...] = ()
    description: str | None = None
    metadata: dict[str, str] = {}
    return_url: str | None = None
    attempts_made: int = 0
    attempt: str | None = None
    action: Action | None = None
    failure: Failure | None = None
    verified: str | None = None
    canceled_at: Instant | None = None
    cancellation_reason: str | None = None
    events: int = 0

    @property
    def status(self) -> SetupStatus:
        """Where it stands, by its facts alone."""
        if self.verified:
            return SetupStatus.SUCCEEDED
        if self.canceled_at is not None:
            return SetupStatus.CANCELED
        if self.action:
            return SetupStatus.REQUIRES_ACTION
        if self.failure or self.payment_method is None:
            return SetupStatus.REQUIRES_PAYMENT_METHOD
        return SetupStatus.PROCESSING if self.attempt else SetupStatus.REQUIRES_CONFIRMATION


@final
class Standing(msgspec.Struct, frozen=True):
    """Where a verification stands: with its setup intent, the card, and whose it is to be."""

    setup_intent: SetupIntent
    attempt: Attempt
    method: PaymentMethod | None = None
    customer: Customer | None = None


class Asking(msgspec.Struct, frozen=True):
    """A verification decided upon: the setup intent, the attempt, and the decision that saves both."""

    setup_intent: SetupIntent
    attempt: Attempt
    decision: Decision


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be different of a setup intent; what is UNSET stays as it is."""

    payment_method_types: tuple[str, ...] | UnsetType = UNSET
    return_url: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    notes: Notes = Notes()


def open(terms: Terms, tenant: str, bank: str, customer: str | None, occasion: Occasion) -> SetupIntent:
    """A new setup intent, without a card yet and not announced."""
    return SetupIntent(
        tenant=tenant,
        id=occasion.mint("seti"),
        created=occasion.now,
        bank=bank,
        usage=terms.usage,
        payment_method_types=terms.payment_method_types,
        automatic_methods=terms.automatic_methods,
        customer=customer,
        description=terms.description,
        metadata=terms.metadata,
        return_url=terms.return_url,
    )


def announced(setup: SetupIntent, type: EventType, occasion: Occasion) -> tuple[SetupIntent, Decision]:
    """The setup intent as it is from now on, and the decision that saves it and tells of it."""
    told = evolve(setup, events=setup.events + 1)
    return told, Decision(save=(told,), announce=(event(type, told, told.id, told.events, occasion),))


def changed(setup: SetupIntent, change: Change) -> SetupIntent:
    """The setup intent with what is different. Description and metadata may always change.

    Raises Refused(IN_PROGRESS, SETUP_OVER) for the rest where it is too late.
    """
    given = {
        name: getattr(change, name)
        for name in ("payment_method_types", "return_url", "description")
        if getattr(change, name) is not UNSET
    }
    after = evolve(setup, metadata=metadata.changed(setup.metadata, change.notes), **given)
    described = evolve(after, metadata=setup.metadata, description=setup.description)
    if described != setup:
        assert_open(setup)
    return after


def with_method(setup: SetupIntent, method: str, customer: str | None) -> SetupIntent:
    """The setup intent with the card that is to be kept, and for whom; a challenge of another card is given up.

    Raises Refused(IN_PROGRESS, SETUP_OVER, CARDS_EXHAUSTED).
    """
    assert_open(setup)
    former = intents.put_aside(setup.former_methods, setup.payment_method, method)
    changed = evolve(setup, payment_method=method, former_methods=former, customer=customer)
    return evolve(changed, attempt=None, action=None, failure=None)


def with_customer(setup: SetupIntent, customer: str) -> SetupIntent:
    """The setup intent for another customer, whose card is then another too.

    Raises Refused(IN_PROGRESS, SETUP_OVER, CARDS_EXHAUSTED).
    """
    if setup.customer == customer:
        return setup
    assert_open(setup)
    if setup.customer is None:
        return evolve(setup, customer=customer)
    former = intents.put_aside(setup.former_methods, setup.payment_method, None)
    changed = evolve(setup, customer=customer, payment_method=None, former_methods=former)
    return evolve(changed, attempt=None, action=None, failure=None)


def assert_open(setup: SetupIntent) -> None:
    """Raises Refused(IN_PROGRESS) while the bank is being asked, SETUP_OVER once it succeeded or never will."""
    if setup.status is SetupStatus.PROCESSING:
        raise Refused(Reason.IN_PROGRESS, "setup_intent", status=setup.status)
    if setup.status in OVER:
        raise Refused(Reason.SETUP_OVER, "setup_intent", status=setup.status)


def confirm(setup: SetupIntent, occasion: Occasion) -> Asking:
    """Have the bank verify the card, and its holder where it wants to.

    Raises Refused(IN_PROGRESS, SETUP_OVER), SETUP_OVER too while the customer has to act, and PARAMETER_MISSING
    `payment_method` where no card is known.
    """
    assert_open(setup)
    if setup.status is SetupStatus.REQUIRES_ACTION:
        raise Refused(Reason.SETUP_OVER, "setup_intent", status=setup.status)
    if setup.status is SetupStatus.REQUIRES_PAYMENT_METHOD:
        raise Refused(Reason.PARAMETER_MISSING, "payment_method")
    made, attempt = _ask(setup, Kind.VERIFY, occasion)
    asked = evolve(made, attempt=attempt.id)
    return Asking(asked, attempt, Decision(save=(asked, attempt), schedule=(_inquiry(attempt, occasion),)))


def _ask(setup: SetupIntent, kind: Kind, occasion: Occasion, target: str | None = None) -> tuple[SetupIntent, Attempt]:
    number = setup.attempts_made + 1
    attempt = attempts.ask(
        _attempt_id(setup, number),
        kind,
        NOTHING,
        tenant=setup.tenant,
        payment=setup.id,
        bank=setup.bank,
        occasion=occasion,
        target=target,
    )
    return evolve(setup, attempts_made=number), attempt


def _attempt_id(setup: SetupIntent, number: int) -> str:
    return f"att_{setup.id}_{number}"


def ask_again(setup: SetupIntent, attempt: Attempt, occasion: Occasion) -> Asking:
    """Put a question that the bank never saw once more, under the same reference, for the client that repeats it.

    Raises Refused(IN_PROGRESS) where the setup intent has moved on meanwhile.
    """
    if setup.attempt != attempt.id or setup.status is not SetupStatus.REQUIRES_PAYMENT_METHOD:
        raise Refused(Reason.IN_PROGRESS, "setup_intent", status=setup.status)
    again = attempts.ask_again(attempt, occasion)
    asked = evolve(setup, failure=None)
    return Asking(asked, again, Decision(save=(asked, again), schedule=(_inquiry(again, occasion),)))


def cancel(setup: SetupIntent, reason: str | None, occasion: Occasion) -> tuple[SetupIntent, Decision]:
    """Give up a setup intent, and a challenge that is open; nothing is held that a bank would have to release.

    Raises Refused(IN_PROGRESS, SETUP_OVER).
    """
    assert_open(setup)
    canceled = evolve(setup, attempt=None, action=None, canceled_at=occasion.now, cancellation_reason=reason)
    told, decision = announced(canceled, EventType.SETUP_INTENT_CANCELED, occasion)
    return told, decision.merged(given_up(setup, canceled, occasion))


def leave(setup: SetupIntent, occasion: Occasion) -> tuple[SetupIntent, Decision]:
    """Give up a challenge that is open, and nothing else: the card can be confirmed once more, or another."""
    if setup.action is None:
        return setup, Decision()
    left = evolve(setup, attempt=None, action=None)
    return left, given_up(setup, left, occasion).also(left)


def given_up(before: SetupIntent, after: SetupIntent, occasion: Occasion) -> Decision:
    """What there is to do about a challenge that was open before, and is not waited for any more."""
    if before.action is None or before.attempt is None or after.action is not None:
        return Decision()
    return Decision(schedule=challenges.given_up(before.tenant, before.attempt, occasion))


def withdraw(setup: SetupIntent, challenged: Attempt, occasion: Occasion) -> Asking:
    """Have the bank end a challenge, so that nobody meets it any more; what it says then is what counts."""
    asked, attempt = _ask(setup, Kind.WITHDRAW, occasion, target=challenged.id)
    return Asking(asked, attempt, Decision(save=(asked, attempt), schedule=(_inquiry(attempt, occasion),)))


def was_withdrawn(setup: SetupIntent, challenged: Attempt) -> bool:
    """Whether the bank was asked to end a challenge that counts, or anything else since."""
    return challenged.id != _attempt_id(setup, setup.attempts_made)


def conclude(standing: Standing, outcome: Outcome, occasion: Occasion) -> tuple[Standing, Decision] | None:
    """Where things stand after a bank's answer, and the decision; None where the answer says nothing new.

    What was verified is attached to its customer in the same decision. Raises attempts.Contradiction when a bank takes
    back a final answer.
    """
    before = standing.attempt
    moved = attempts.move(before, outcome, occasion)
    if moved is None:
        return None
    saved = Decision(save=(moved,), schedule=_timers(before, moved, occasion))
    standing = msgspec.structs.replace(standing, attempt=moved)
    setup = standing.setup_intent
    if setup.attempt != moved.id:
        return standing, saved
    told: EventType | None = None
    if moved.state is State.APPROVED:
        setup, kept, told = _verified(standing, occasion)
        method = next((record for record in kept.save if isinstance(record, PaymentMethod)), standing.method)
        standing = msgspec.structs.replace(standing, method=method)
        saved = kept.merged(saved)
    elif moved.is_final:
        assert moved.reason is not None, moved.id
        setup = evolve(setup, action=None, failure=Failure(moved.reason, moved.bank_code))
        told = None if before.is_final else EventType.SETUP_INTENT_SETUP_FAILED
    elif moved.state is State.CHALLENGED:
        setup = evolve(setup, action=outcome.action or setup.action)
        told = None if before.state is State.CHALLENGED else EventType.SETUP_INTENT_REQUIRES_ACTION
    else:
        setup = evolve(setup, action=None)
    setup, decision = announced(setup, told, occasion) if told else (setup, Decision(save=(setup,)))
    return msgspec.structs.replace(standing, setup_intent=setup), decision.merged(saved)


def _verified(standing: Standing, occasion: Occasion) -> tuple[SetupIntent, Decision, EventType]:
    """The card kept for its customer; where that cannot be any more, it is as if the bank had declined."""
    setup = evolve(standing.setup_intent, action=None, failure=None)
    try:
        kept = _kept(standing, occasion)
    except Refused as refused:
        failed = evolve(setup, failure=Failure(refused.reason))
        return failed, Decision(), EventType.SETUP_INTENT_SETUP_FAILED
    return evolve(setup, verified=standing.attempt.id), kept, EventType.SETUP_INTENT_SUCCEEDED


def _kept(standing: Standing, occasion: Occasion) -> Decision:
    setup, method = standing.setup_intent, standing.method
    if method is None or (setup.customer is not None and standing.customer is None):
        raise Refused(Reason.CARD_GONE, "payment_method")
    return payment_methods.keep(method, standing.customer, setup.usage, standing.attempt.id, occasion)


def _timers(before: Attempt, attempt: Attempt, occasion: Occasion) -> tuple[Timer, ...]:
    timers = (_inquiry(attempt, occasion), *challenges.timer(before, attempt))
    if attempt.kind is Kind.WITHDRAW and attempt.is_final and attempt.target:
        return (*timers, Timer(attempt.tenant, TimerKind.INQUIRE, attempt.target, occasion.wall))
    return timers


def _inquiry(attempt: Attempt, occasion: Occasion) -> Timer:
    due_at = None if attempt.is_final else attempts.inquire_at(attempt, occasion)
    return Timer(attempt.tenant, TimerKind.INQUIRE, attempt.id, due_at)
