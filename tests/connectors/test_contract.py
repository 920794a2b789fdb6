"""The contract that every connector of the registry keeps, without being told of the test."""

import asyncio
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.connectors import dialect
from tests.connectors.questions import attempt, dispute, question
from tillgate import logs
from tillgate.connectors import registry
from tillgate.connectors.contract import (
    BankAnswer,
    BankRequest,
    Connector,
    DisputeNotification,
    Notification,
    Question,
)
from tillgate.core import attempts
from tillgate.core.attempts import Attempt, Kind, Outcome, Verdict
from tillgate.core.disputes import DisputeStatus, ResponseKind
from tillgate.core.money import Money
from tillgate.core.records import evolve
from tillgate.core.three_d_secure import Demand, Flow, Result, ResultReason
from tillgate.transport.banks import Transport

BANKS = (*registry.CONNECTORS, "sandbox_over_http")
BY_CUSTOMER = (Kind.CHARGE, Kind.AUTHORIZE, Kind.VERIFY)
OF_CARDS = [name for name in BANKS if dialect.of(name).takes_cards]
ASKED = [(name, kind) for name in BANKS for kind in dialect.of(name).kinds]

every_bank = pytest.mark.parametrize("name", BANKS)
every_kind = pytest.mark.parametrize(("name", "kind"), ASKED)
every_challenge = pytest.mark.parametrize(("name", "kind"), [asked for asked in ASKED if asked[1] in BY_CUSTOMER])
of_cards = pytest.mark.parametrize("name", OF_CARDS)
by_card = pytest.mark.parametrize(("name", "kind"), [(name, kind) for name in OF_CARDS for kind in BY_CUSTOMER])

# A log's times have digits that may be those of a security code.
_TIME = re.compile(r'"time":"[^"]*"')


def connector(name: str) -> Connector:
    return registry.connect(dialect.of(name).bank, dialect.of(name).secrets)


def meaning(name: str, about: Attempt, answer: BankAnswer) -> Outcome:
    """What an answer means; the same to the one who asked the question, and to the one who inquires later."""
    outcome = connector(name).read(about, answer)
    assert connector(name).read_inquiry(about, dialect.of(name).inquired(answer)) == outcome
    return outcome


def says_nothing(name: str, about: Attempt, answer: BankAnswer) -> bool:
    """Neither as the answer to the question nor as that to an inquiry."""
    bank = connector(name)
    return bank.read(about, answer) == bank.read_inquiry(about, answer) == attempts.UNKNOWN


@every_bank
def test_a_connector_bears_the_name_it_is_registered_under(name: str) -> None:
    assert connector(name).name == dialect.of(name).bank


@every_kind
def test_a_yes_is_approved_with_the_amount(name: str, kind: Kind) -> None:
    about = attempt(kind)
    outcome = meaning(name, about, dialect.of(name).yes(about))
    assert (outcome.verdict, outcome.done) == (Verdict.APPROVED, about.amount)


@every_kind
def test_each_no_is_declined_with_its_reason_and_the_banks_own_code(name: str, kind: Kind) -> None:
    about = attempt(kind)
    noes = list(dialect.of(name).noes(about))
    assert noes
    for answer, reason in noes:
        outcome = meaning(name, about, answer)
        assert (outcome.verdict, outcome.reason) == (Verdict.DECLINED, reason)
        assert outcome.bank_code


@every_kind
def test_what_the_bank_knows_later_is_pending(name: str, kind: Kind) -> None:
    about = attempt(kind)
    outcome = meaning(name, about, dialect.of(name).pending(about))
    assert outcome.verdict is Verdict.PENDING


@every_challenge
def test_a_challenge_comes_with_what_the_customer_has_to_do(name: str, kind: Kind) -> None:
    about = attempt(kind)
    outcome = meaning(name, about, dialect.of(name).challenge(about))
    assert outcome.verdict is Verdict.CHALLENGE
    assert outcome.action is not None
    assert outcome.action.url.startswith(("/", "https://"))


@by_card
def test_how_a_cardholder_was_authenticated_is_read_in_answers_and_in_notices(name: str, kind: Kind) -> None:
    bank, about = dialect.of(name), attempt(kind)
    told = list(bank.authentications(about))
    assert {(said.result, said.flow) for _, said in told} >= {
        *((result, Flow.FRICTIONLESS) for result in Result),
        (Result.AUTHENTICATED, Flow.CHALLENGE),
        (Result.FAILED, Flow.CHALLENGE),
    }
    assert {said.reason for _, said in told} == {None, *ResultReason}
    for answer, said in told:
        outcome = connector(name).read_inquiry(about, answer)
        assert outcome.authentication == said
        assert outcome.verdict is (Verdict.DECLINED if said.result is Result.FAILED else Verdict.APPROVED)
        assert connector(name).notification(bank.notice(answer)) == Notification(about.tenant, about.id, outcome)


@by_card
def test_what_a_merchant_demands_of_a_cardholder_reaches_the_bank(name: str, kind: Kind) -> None:
    about = attempt(kind)
    written = {connector(name).write(question(about, demand=demand)).body for demand in Demand}
    unattended = connector(name).write(question(about, off_session=True)).body
    assert len({*written, unattended}) == len(Demand) + 1


@every_kind
def test_only_an_inquiry_can_find_that_the_bank_never_saw_it(name: str, kind: Kind) -> None:
    about, other = attempt(kind), attempt(kind)
    answer = dialect.of(name).never_seen(about)
    assert connector(name).read_inquiry(about, answer).verdict is Verdict.NEVER_SEEN
    assert connector(name).read(about, answer) == attempts.UNKNOWN
    assert connector(name).read_inquiry(other, answer) == attempts.UNKNOWN


@every_kind
def test_an_answer_about_anything_else_says_nothing(name: str, kind: Kind) -> None:
    bank, about = dialect.of(name), attempt(kind)
    others = [
        evolve(about, tenant="ten_2"),
        evolve(about, id=about.id + "0"),
        evolve(about, id=about.id[:-1] + "2"),
        evolve(about, amount=Money(about.amount.amount + 1, "USD")),
        evolve(about, amount=Money(about.amount.amount, "EUR")),
    ]
    for other in others:
        said = [bank.yes(other), bank.pending(other), *(answer for answer, _ in bank.noes(other))]
        if kind in BY_CUSTOMER:
            said.append(bank.challenge(other))
        for answer in said:
            assert meaning(name, about, answer) == attempts.UNKNOWN


@every_kind
def test_a_yes_with_the_status_of_a_failure_says_nothing(name: str, kind: Kind) -> None:
    about = attempt(kind)
    yes = dialect.of(name).yes(about)
    for status in (0, 301, 400, 401, 404, 409, 429, 500, 502, 503, 504):
        assert says_nothing(name, about, BankAnswer(status, yes.body))


@every_kind
def test_a_truncated_answer_says_nothing(name: str, kind: Kind) -> None:
    about = attempt(kind)
    for answer in (dialect.of(name).yes(about), dialect.of(name).never_seen(about)):
        for length in range(len(answer.body)):
            assert says_nothing(name, about, BankAnswer(answer.status, answer.body[:length]))


@every_bank
@given(
    kind=st.sampled_from(Kind),
    status=st.one_of(st.sampled_from([200, 402, 404]), st.integers(0, 999)),
    body=st.one_of(
        st.binary(),
        st.text().map(str.encode),
        st.sampled_from(
            [b"<html><body>It works!</body></html>", b"{}", b"[]", b"null", b"[" * 100_000, b'{"x":' + b"[" * 100_000]
        ),
    ),
)
def test_garbage_says_nothing(name: str, kind: Kind, status: int, body: bytes) -> None:
    assert says_nothing(name, attempt(kind), BankAnswer(status, body))


@by_card
def test_a_question_that_needs_a_card_is_not_written_without(name: str, kind: Kind) -> None:
    with pytest.raises(ValueError, match="card"):
        connector(name).write(Question(attempt=attempt(kind)))


@every_kind
def test_a_request_names_the_attempt_and_is_the_same_whenever_it_is_written(name: str, kind: Kind) -> None:
    about = attempt(kind)
    request = connector(name).write(question(about))
    assert request.reference == about.id == connector(name).inquire(about).reference
    assert request == connector(name).write(question(about))


@every_kind
def test_no_card_is_seen_in_anything_but_the_body(name: str, kind: Kind) -> None:
    about = attempt(kind)
    asked = question(about, "378282246310005", cvc="9876")
    requests = [connector(name).write(asked), connector(name).inquire(about)]
    log = io.BytesIO()
    logs.configure("debug", log)
    try:
        for request in requests:
            for route in (_echo, _quote):
                asyncio.run(Transport({request.url.partition(":")[0]: route}).send(request))
    finally:
        logs.configure("warning")
    seen = [repr(asked), str(asked), f"{asked.__rich_repr__()}", _TIME.sub("", log.getvalue().decode())]
    for request in requests:
        seen += [repr(request), str(request), f"{request.__rich_repr__()}", request.url, request.reference]
        seen += [f"{header}" for header in request.headers]
        seen.append(repr(BankAnswer(200, request.body)))
    assert log.getvalue().count(b"bank") >= 4
    for text in seen:
        assert "378282246310005" not in text
        assert "9876" not in text
        assert "Jo Doe" not in text


async def _echo(request: BankRequest) -> BankAnswer:
    return BankAnswer(200, request.body)


async def _quote(request: BankRequest) -> BankAnswer:
    raise RuntimeError(request.body)


@every_kind
def test_a_notice_says_what_an_answer_says(name: str, kind: Kind) -> None:
    bank, about = dialect.of(name), attempt(kind)
    for answer in (bank.yes(about), bank.pending(about), *(answer for answer, _ in bank.noes(about))):
        outcome = meaning(name, about, answer)
        told = Notification(about.tenant, about.id, outcome)
        assert connector(name).notification(bank.notice(answer)) == told


@every_bank
def test_a_forged_notice_is_refused(name: str) -> None:
    bank = dialect.of(name)
    forgeries = list(bank.forgeries(bank.yes(attempt(Kind.AUTHORIZE))))
    assert forgeries
    for forgery in forgeries:
        assert connector(name).notification(forgery) is None


@every_bank
@given(body=st.one_of(st.binary(), st.sampled_from([b"{}", b"null", b'{"reference":"att_1"}'])))
def test_a_signed_notice_that_cannot_be_read_is_refused(name: str, body: bytes) -> None:
    assert connector(name).notification(dialect.of(name).notice(BankAnswer(200, body))) is None


@of_cards
def test_everything_that_is_said_of_a_dispute_is_read_in_answers_and_in_notices(name: str) -> None:
    bank, about = dialect.of(name), dispute()
    told = list(bank.statements(about))
    assert {said.status for _, said in told} == set(DisputeStatus)
    for answer, said in told:
        assert connector(name).read_dispute(about, answer) == said
        assert connector(name).notification(bank.notice(answer)) == DisputeNotification(about.tenant, said)


@of_cards
def test_what_is_said_of_another_dispute_says_nothing(name: str) -> None:
    about = dispute()
    for answer, _ in dialect.of(name).statements(about):
        for other in (
            evolve(about, tenant="ten_2"),
            evolve(about, bank_reference=about.bank_reference + "0"),
            evolve(about, target=about.target + "0"),
            evolve(about, amount=Money(about.amount.amount + 1, "USD")),
            evolve(about, amount=Money(about.amount.amount, "EUR")),
        ):
            assert connector(name).read_dispute(other, answer) is None


@of_cards
def test_a_statement_that_is_cut_off_or_comes_with_the_status_of_a_failure_says_nothing(name: str) -> None:
    about = dispute()
    for answer, _ in dialect.of(name).statements(about):
        for status in (0, 301, 400, 401, 404, 409, 429, 500, 502, 503, 504):
            assert connector(name).read_dispute(about, BankAnswer(status, answer.body)) is None
        for length in range(len(answer.body)):
            assert connector(name).read_dispute(about, BankAnswer(answer.status, answer.body[:length])) is None


@every_bank
@given(status=st.sampled_from([200, 404]), body=st.binary() | st.sampled_from([b"{}", b"null", b"[" * 100_000]))
def test_garbage_says_nothing_of_a_dispute(name: str, status: int, body: bytes) -> None:
    assert connector(name).read_dispute(dispute(), BankAnswer(status, body)) is None


@of_cards
def test_a_forged_notice_of_a_dispute_is_refused(name: str) -> None:
    bank = dialect.of(name)
    for answer, _ in bank.statements(dispute()):
        for forgery in bank.forgeries(answer):
            assert connector(name).notification(forgery) is None


@of_cards
@pytest.mark.parametrize("kind", ResponseKind)
def test_a_response_bears_its_id_and_is_the_same_whenever_it_is_written(name: str, kind: ResponseKind) -> None:
    about = dispute(kind)
    request = connector(name).respond(about)
    assert about.response is not None
    assert request.reference == about.response.id
    assert request == connector(name).respond(about)
    for seen in (repr(request), request.url, f"{request.headers}"):
        assert "Jo Doe" not in seen
    with pytest.raises(ValueError, match="no response"):
        connector(name).respond(evolve(about, response=None))
