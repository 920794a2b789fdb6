"""Attempts: one question to a bank, its state, and what its answer means for the payment."""

import enum

import msgspec

from tillgate.core.faults import Drawn
from tillgate.core.instants import HOUR, SECOND, Duration, Instant
from tillgate.core.money import Money
from tillgate.core.occasions import Occasion
from tillgate.core.phone_wallets import Payer
from tillgate.core.reasons import Reason
from tillgate.core.records import Record, evolve
from tillgate.core.three_d_secure import Authentication


class Kind(enum.StrEnum):
    """What a bank is asked to do."""

    CHARGE = "charge"
    """Authorize and capture in one step."""
    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"
    RETURN = "return"
    """Give back what a charge took though the payment had been granted before."""
    RELEASE = "release"
    """Release what an authorization holds though the payment had been granted before."""
    VERIFY = "verify"
    """Ask whether a card may be kept; nothing is taken. The setup intent's id is in `payment`."""
    PAYOUT = "payout"
    """Send a merchant what they are owed; the attempt is kept with the payout, whose id is in `payment`."""
    WITHDRAW = "withdraw"
    """End a challenge that was not met in time, or was given up, so that it cannot be met any more."""


WITH_CARD = (Kind.CHARGE, Kind.AUTHORIZE, Kind.VERIFY)
"""What an issuer is asked with the card itself."""


class State(enum.StrEnum):
    """What we know of an attempt."""

    SENDING = "sending"
    """Written down before the bank hears of it; the answer has not been read."""
    UNKNOWN = "unknown"
    """The answer was lost, late or unreadable. Money may have moved."""
    PENDING = "pending"
    """The bank works on it."""
    CHALLENGED = "challenged"
    """The customer has to act first."""
    APPROVED = "approved"
    DECLINED = "declined"
    NEVER_SEEN = "never_seen"
    """The bank knows of no such question, and it is too late for it to arrive."""


class Verdict(enum.StrEnum):
    """What a bank's answer says. Only an explicit yes is APPROVED; what cannot be read is UNKNOWN."""

    APPROVED = "approved"
    DECLINED = "declined"
    PENDING = "pending"
    CHALLENGE = "challenge"
    NEVER_SEEN = "never_seen"
    UNKNOWN = "unknown"


class Action(msgspec.Struct, frozen=True):
    """What the customer has to do: open `url`."""

    url: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """A bank's answer, or its silence, read by a connector.

    `done` is what the bank says it did, where it says so; `bank_reference` its own name for it. `as_of` is the wall
    time at which the bank was asked what became of a question; unsaid, it is when the outcome is looked at.
    `authentication` says how the card's holder was authenticated, where that was tried, also beside a no.
    `returned` says why what was paid out, and approved, has come back since. `payer` is who said yes on the phone.
    """

    verdict: Verdict
    reason: Reason | None = None
    bank_code: str | None = None
    bank_reference: str | None = None
    action: Action | None = None
    done: Money | None = None
    as_of: Instant | None = None
    authentication: Authentication | None = None
    returned: Reason | None = None
    payer: Payer | None = None


UNKNOWN = Outcome(verdict=Verdict.UNKNOWN)

FINAL = frozenset({State.APPROVED, State.DECLINED, State.NEVER_SEEN})
"""States in which no answer is awaited and nothing is reserved."""

_ANSWERS = {
    Verdict.APPROVED: State.APPROVED,
    Verdict.DECLINED: State.DECLINED,
    Verdict.PENDING: State.PENDING,
    Verdict.CHALLENGE: State.CHALLENGED,
}

MOVES: dict[tuple[State, Verdict], State] = {
    **{(State.SENDING, verdict): state for verdict, state in _ANSWERS.items()},
    **{(State.UNKNOWN, verdict): state for verdict, state in _ANSWERS.items()},
    (State.SENDING, Verdict.UNKNOWN): State.UNKNOWN,
    (State.SENDING, Verdict.NEVER_SEEN): State.NEVER_SEEN,
    (State.UNKNOWN, Verdict.UNKNOWN): State.UNKNOWN,
    (State.UNKNOWN, Verdict.NEVER_SEEN): State.NEVER_SEEN,
    (State.PENDING, Verdict.APPROVED): State.APPROVED,
    (State.PENDING, Verdict.DECLINED): State.DECLINED,
    (State.PENDING, Verdict.PENDING): State.PENDING,
    (State.PENDING, Verdict.CHALLENGE): State.CHALLENGED,
    (State.PENDING, Verdict.UNKNOWN): State.PENDING,
    (State.CHALLENGED, Verdict.APPROVED): State.APPROVED,
    (State.CHALLENGED, Verdict.DECLINED): State.DECLINED,
    (State.CHALLENGED, Verdict.CHALLENGE): State.CHALLENGED,
    (State.CHALLENGED, Verdict.PENDING): State.PENDING,
    (State.CHALLENGED, Verdict.UNKNOWN): State.CHALLENGED,
    # A bank that comes back late with a yes or a no is believed: the money is where it says it is.
    (State.NEVER_SEEN, Verdict.APPROVED): State.APPROVED,
    (State.NEVER_SEEN, Verdict.DECLINED): State.DECLINED,
}
"""Every move there is. What is missing changes nothing: a repeat of a final answer, or a contradiction."""


class Contradiction(Exception):
    """A bank took back a final answer. Nothing is changed; a person has to look."""


class Attempt(Record, frozen=True, kw_only=True, omit_defaults=True):
    """One question to a bank. Its id is the reference under which the bank knows it, also when it is asked again.

    `target` names the authorization or charge that a capture, void or refund is about. Until `answer_due_at` (wall
    time: the transport's deadline and a margin) silence says nothing. `asked` counts how often it was sent, `inquiries`
    how often the bank was asked what became of it. `sequence` is that of the payment's last event when it was over: it
    says what came first, which clocks of several machines do not. `fault` is what a test merchant has go wrong with it.
    """

    SHAPE = 3

    payment: str
    kind: Kind
    amount: Money
    state: State
    bank: str
    asked_at: Instant
    answer_due_at: Instant
    actor: str
    surface: str
    request_id: str
    target: str | None = None
    refund: str | None = None
    cause: str | None = None
    asked: int = 1
    inquiries: int = 0
    concluded_at: Instant | None = None
    sequence: int | None = None
    reason: Reason | None = None
    bank_code: str | None = None
    bank_reference: str | None = None
    authentication: Authentication | None = None
    fault: Drawn | None = None

    @property
    def is_final(self) -> bool:
        """No answer is awaited."""
        return self.state in FINAL


PATIENCE: Duration = 30 * SECOND
"""The longest a bank may take to answer."""

MARGIN: Duration = 15 * SECOND
"""How long after that a question may still be on its way, whether it left late or arrives late."""

_LEAVES_WITHIN: Duration = 5 * SECOND
"""How long after it was decided upon a question may leave."""

_UNHEARD: Duration = 10 * SECOND
"""How long after asking somebody else looks: whoever asked may have died."""

_FIRST_WAIT: Duration = 5 * SECOND
_LONGEST_WAIT: Duration = HOUR


def ask(
    attempt_id: str,
    kind: Kind,
    amount: Money,
    *,
    tenant: str,
    payment: str,
    bank: str,
    occasion: Occasion,
    target: str | None = None,
    refund: str | None = None,
    cause: str | None = None,
) -> Attempt:
    """A question about to be sent. It is written down first, so that no answer can surprise us."""
    return Attempt(
        tenant=tenant,
        id=attempt_id,
        payment=payment,
        kind=kind,
        amount=amount,
        state=State.SENDING,
        bank=bank,
        asked_at=occasion.now,
        answer_due_at=occasion.wall + PATIENCE + MARGIN,
        actor=occasion.actor,
        surface=occasion.surface,
        request_id=occasion.request_id,
        target=target,
        refund=refund,
        cause=cause,
    )


def ask_again(attempt: Attempt, occasion: Occasion) -> Attempt:
    """The same question under the same reference, after the bank had never seen it."""
    if attempt.state is not State.NEVER_SEEN:
        raise ValueError("only a question that the bank never saw is asked again")
    return evolve(
        attempt,
        state=State.SENDING,
        asked=attempt.asked + 1,
        inquiries=0,
        answer_due_at=occasion.wall + PATIENCE + MARGIN,
        concluded_at=None,
        sequence=None,
        reason=None,
        fault=None,
    )


def may_leave(attempt: Attempt, wall: Instant) -> bool:
    """Whether a question may still be sent; later it could reach the bank after it was found to be never seen."""
    return wall <= attempt.answer_due_at - PATIENCE - MARGIN + _LEAVES_WITHIN


def move(attempt: Attempt, outcome: Outcome, occasion: Occasion) -> Attempt | None:
    """The attempt after an answer, or None where the answer says nothing new.

    NEVER_SEEN counts only if the bank was asked when nothing could be on its way any more.
    Raises Contradiction when a final answer is taken back.
    """
    verdict = outcome.verdict
    if verdict is Verdict.APPROVED and outcome.done not in (None, attempt.amount):
        raise Contradiction(f"{attempt.id}: the bank did another amount than it was asked to")
    as_of = occasion.wall if outcome.as_of is None else outcome.as_of
    if verdict is Verdict.NEVER_SEEN and as_of < attempt.answer_due_at:
        verdict = Verdict.UNKNOWN
    state = MOVES.get((attempt.state, verdict))
    if state is None:
        if attempt.is_final and _ANSWERS.get(verdict) in FINAL and _ANSWERS.get(verdict) is not attempt.state:
            raise Contradiction(f"{attempt.id}: {attempt.state} and now {verdict}")
        return None
    final = state in FINAL
    return evolve(
        attempt,
        state=state,
        inquiries=attempt.inquiries if final else attempt.inquiries + 1,
        concluded_at=occasion.now if final else None,
        reason=_reason(attempt.kind, state, outcome),
        bank_code=outcome.bank_code or attempt.bank_code,
        bank_reference=outcome.bank_reference or attempt.bank_reference,
        authentication=outcome.authentication or attempt.authentication,
    )


def _reason(kind: Kind, state: State, outcome: Outcome) -> Reason | None:
    if state is State.NEVER_SEEN:
        return Reason.NEVER_SEEN
    if state is State.DECLINED:
        fallback = Reason.PAYOUT_DECLINED if kind is Kind.PAYOUT else Reason.CARD_DECLINED
        return outcome.reason or fallback
    return None


def is_in_doubt(attempt: Attempt, wall: Instant) -> bool:
    """Whether nobody knows what became of a question, not even that it is still on its way."""
    return attempt.state is State.UNKNOWN or (attempt.state is State.SENDING and attempt.answer_due_at < wall)


def inquire_at(attempt: Attempt, occasion: Occasion) -> Instant:
    """When to ask the bank what became of an attempt (wall time): soon at first, then ever more rarely."""
    if attempt.state is State.SENDING:
        return occasion.wall + _UNHEARD
    return occasion.wall + pause(attempt.inquiries)


def pause(asked: int) -> Duration:
    """How long to leave a bank alone that was asked the same so many times: not for long at first, then ever longer."""
    return min(_FIRST_WAIT << min(asked, 20), _LONGEST_WAIT)
