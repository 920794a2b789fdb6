import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core import states_page
from tests.core.world import LATER, START, attempt, occasion, said
from tillgate.core import attempts
from tillgate.core.attempts import FINAL, MOVES, Attempt, Contradiction, Kind, Outcome, State, Verdict
from tillgate.core.instants import HOUR, SECOND
from tillgate.core.money import Money
from tillgate.core.reasons import Reason
from tillgate.core.records import evolve

EVERY_MOVE = list(itertools.product(State, Verdict))

CONTRADICTIONS = {(State.APPROVED, Verdict.DECLINED), (State.DECLINED, Verdict.APPROVED)}

OVERTAKEN = {
    # An inquiry that was answered before the question came in, read after the question's own answer.
    (State.PENDING, Verdict.NEVER_SEEN),
    (State.CHALLENGED, Verdict.NEVER_SEEN),
    # A final answer is followed by nothing that knows less.
    *itertools.product(FINAL, [Verdict.PENDING, Verdict.CHALLENGE, Verdict.NEVER_SEEN, Verdict.UNKNOWN]),
}

REPEATS = {(State.APPROVED, Verdict.APPROVED), (State.DECLINED, Verdict.DECLINED)}


def heard(known: Attempt, *verdicts: Verdict, wall: int = LATER) -> Attempt:
    for verdict in verdicts:
        known = attempts.move(known, said(verdict), occasion(wall=wall)) or known
    return known


def test_the_page_of_states_is_the_table_of_moves() -> None:
    assert states_page.PAGE.read_text(encoding="utf-8") == states_page.page()


def test_every_state_is_reached_from_sending() -> None:
    reached = {State.SENDING}
    while further := {after for (state, _), after in MOVES.items() if state in reached} - reached:
        reached |= further
    assert reached == set(State)


def test_what_the_table_leaves_out_is_a_repeat_overtaken_or_a_contradiction() -> None:
    parts = [set(MOVES), CONTRADICTIONS, OVERTAKEN, REPEATS]
    assert sorted(itertools.chain(*parts)) == sorted(EVERY_MOVE)


@pytest.mark.parametrize(("state", "verdict"), EVERY_MOVE)
def test_an_attempt_moves_as_the_table_says(state: State, verdict: Verdict) -> None:
    if (state, verdict) in CONTRADICTIONS:
        with pytest.raises(Contradiction, match="att_1_1"):
            attempts.move(attempt(state), said(verdict), occasion(wall=LATER))
    else:
        moved = attempts.move(attempt(state), said(verdict), occasion(wall=LATER))
        assert (moved and moved.state) == MOVES.get((state, verdict))


@pytest.mark.parametrize("verdict", [verdict for verdict in Verdict if verdict is not Verdict.APPROVED])
def test_only_an_explicit_yes_is_a_yes(verdict: Verdict) -> None:
    assert State.APPROVED not in {MOVES.get((state, verdict)) for state in State}


def test_the_default_of_every_outcome_is_not_to_know() -> None:
    assert Outcome(verdict=Verdict.UNKNOWN) == attempts.UNKNOWN


@given(st.lists(st.sampled_from(Verdict)))
def test_what_was_once_approved_or_declined_stays_so(verdicts: list[Verdict]) -> None:
    known, answer = attempt(), None
    for verdict in verdicts:
        try:
            known = heard(known, verdict)
        except Contradiction:
            assert answer is not None
        answer = answer or (known.state if known.state in (State.APPROVED, State.DECLINED) else None)
        assert answer in (None, known.state)


@pytest.mark.parametrize("verdict", Verdict)
def test_a_lost_answer_leaves_open_everything_that_was_open(verdict: Verdict) -> None:
    assert MOVES[State.UNKNOWN, verdict] is MOVES[State.SENDING, verdict]


@pytest.mark.parametrize("verdict", Verdict)
def test_a_challenge_is_a_way_of_being_pending(verdict: Verdict) -> None:
    waiting = {State.PENDING, State.CHALLENGED}
    pending, challenged = (MOVES.get((state, verdict)) for state in (State.PENDING, State.CHALLENGED))
    assert pending is challenged or {pending, challenged} <= waiting


@pytest.mark.parametrize("state", [State.SENDING, State.UNKNOWN])
@pytest.mark.parametrize(("before_due", "known"), [(1, State.UNKNOWN), (0, State.NEVER_SEEN)])
def test_never_seen_counts_once_the_question_can_no_longer_be_on_its_way(
    state: State, before_due: int, known: State
) -> None:
    asked = attempt(state)
    assert heard(asked, Verdict.NEVER_SEEN, wall=asked.answer_due_at - before_due).state is known


def test_a_question_may_be_on_its_way_for_a_bank_s_patience_and_a_margin() -> None:
    assert attempt().answer_due_at == START + 45 * SECOND


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("done", [Money(99, "USD"), Money(101, "USD"), Money(100, "EUR")])
def test_a_yes_to_something_else_is_a_contradiction(state: State, done: Money) -> None:
    with pytest.raises(Contradiction, match="att_1_1"):
        attempts.move(attempt(state), Outcome(verdict=Verdict.APPROVED, done=done), occasion())


@pytest.mark.parametrize("done", [None, Money(100, "USD")])
def test_a_yes_to_what_was_asked_is_a_yes(done: Money | None) -> None:
    moved = attempts.move(attempt(), Outcome(verdict=Verdict.APPROVED, done=done), occasion())
    assert moved is not None
    assert moved.state is State.APPROVED


def test_a_no_is_a_no_whatever_amount_it_names() -> None:
    moved = attempts.move(attempt(), Outcome(verdict=Verdict.DECLINED, done=Money(1, "EUR")), occasion())
    assert moved is not None
    assert moved.state is State.DECLINED


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Outcome(verdict=Verdict.DECLINED), Reason.CARD_DECLINED),
        (Outcome(verdict=Verdict.DECLINED, reason=Reason.INSUFFICIENT_FUNDS), Reason.INSUFFICIENT_FUNDS),
        (Outcome(verdict=Verdict.NEVER_SEEN), Reason.NEVER_SEEN),
        (Outcome(verdict=Verdict.APPROVED), None),
        (Outcome(verdict=Verdict.PENDING, reason=Reason.PROCESSING_ERROR), None),
    ],
)
def test_what_failed_has_a_reason_and_nothing_else_has(outcome: Outcome, reason: Reason | None) -> None:
    moved = attempts.move(attempt(), outcome, occasion(wall=LATER))
    assert moved is not None
    assert moved.reason is reason


def test_what_the_bank_called_it_is_kept_when_later_answers_do_not_say() -> None:
    pending = Outcome(verdict=Verdict.PENDING, bank_reference="bank-1", bank_code="in review")
    first = attempts.move(attempt(), pending, occasion())
    assert first is not None
    last = heard(first, Verdict.APPROVED)
    assert (last.bank_reference, last.bank_code) == ("bank-1", "in review")


@pytest.mark.parametrize("verdict", Verdict)
def test_only_a_final_answer_ends_an_attempt(verdict: Verdict) -> None:
    moved = heard(attempt(), verdict)
    assert moved.is_final == (moved.concluded_at == START) == (moved.state in FINAL)
    assert moved.inquiries == (0 if moved.is_final else 1)


@given(st.integers(1, 200))
def test_inquiries_become_rarer_and_never_stop(times: int) -> None:
    known, waits = attempt(), []
    for _ in range(times):
        known = heard(known, Verdict.UNKNOWN)
        waits.append(attempts.inquire_at(known, occasion(wall=LATER)) - LATER)
    assert waits[0] == 10 * SECOND
    assert all(later == min(2 * sooner, HOUR) for sooner, later in itertools.pairwise(waits))


def test_the_bank_is_first_asked_soon_after_a_question_that_nobody_concluded() -> None:
    assert attempts.inquire_at(attempt(), occasion()) == START + 10 * SECOND


def test_a_back_off_of_any_length_is_an_hour() -> None:
    known = evolve(attempt(State.PENDING), inquiries=10**9)
    assert attempts.inquire_at(known, occasion()) == START + HOUR


def test_what_is_asked_is_written_down_with_who_asked() -> None:
    now = occasion()
    asked = attempts.ask(
        "att_1_7",
        Kind.REFUND,
        Money(100, "USD"),
        tenant="ten_1",
        payment="pay_1",
        bank="sandbox",
        occasion=now,
        target="att_1_1",
        refund="re_1",
        cause="requested",
    )
    assert (asked.id, asked.kind, asked.state, asked.asked) == ("att_1_7", Kind.REFUND, State.SENDING, 1)
    assert (asked.target, asked.refund, asked.cause) == ("att_1_1", "re_1", "requested")
    assert (asked.actor, asked.surface, asked.request_id) == (now.actor, now.surface, now.request_id)
    assert asked.asked_at == now.now


def test_a_question_is_put_again_under_its_own_reference() -> None:
    never_seen = heard(attempt(), Verdict.UNKNOWN, Verdict.UNKNOWN, Verdict.NEVER_SEEN)
    again = attempts.ask_again(never_seen, occasion(wall=LATER))
    asked_anew = evolve(attempt(), asked=2, answer_due_at=LATER + 45 * SECOND)
    assert again == asked_anew
    assert attempts.ask_again(heard(again, Verdict.NEVER_SEEN, wall=2 * LATER), occasion()).asked == 3


@pytest.mark.parametrize("state", [state for state in State if state is not State.NEVER_SEEN])
def test_what_the_bank_may_have_seen_is_never_put_again(state: State) -> None:
    with pytest.raises(ValueError, match="never saw"):
        attempts.ask_again(attempt(state), occasion())
