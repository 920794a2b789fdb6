"""What is true of the sandbox bank's connector beyond the contract."""

import json

import pytest

from tests.connectors.dialects.sandbox import DIALECT
from tests.connectors.questions import attempt, question
from tillgate.connectors import sandbox
from tillgate.connectors.contract import BankAnswer
from tillgate.connectors.sandbox import SandboxConnector
from tillgate.core import attempts
from tillgate.core.attempts import Kind, Verdict
from tillgate.core.reasons import Reason
from tillgate.core.records import evolve
from tillgate.sandbox.operations import Code

connector = SandboxConnector(DIALECT.secrets)


def test_every_word_of_the_bank_for_a_no_has_a_reason_and_no_other_has_one() -> None:
    assert set(sandbox.REASONS) == set(Code)


def test_a_no_in_words_that_nobody_knows_is_a_no_all_the_same() -> None:
    about = attempt()
    (answer, _), *_ = DIALECT.noes(about)
    outcome = connector.read(about, BankAnswer(402, answer.body.replace(b"do_not_honor", b"bad_mood")))
    assert (outcome.verdict, outcome.reason, outcome.bank_code) == (
        Verdict.DECLINED,
        Reason.CARD_DECLINED,
        "bad_mood",
    )


@pytest.mark.parametrize("kind", Kind)
def test_a_yes_in_which_any_byte_is_another_says_nothing(kind: Kind) -> None:
    about = attempt(kind)
    body = DIALECT.yes(about).body
    for place in range(len(body)):
        for bit in range(8):
            changed = bytearray(body)
            changed[place] ^= 1 << bit
            assert connector.read(about, BankAnswer(200, bytes(changed))) == attempts.UNKNOWN


def test_a_no_without_a_code_and_a_challenge_without_a_url_say_nothing() -> None:
    about = attempt()
    yes = DIALECT.yes(about)
    for status, result in ((402, b"declined"), (200, b"challenge"), (200, b"not_found"), (404, b"not_found")):
        answer = BankAnswer(status, yes.body.replace(b"approved", result))
        assert connector.read(about, answer) == attempts.UNKNOWN


def test_that_nothing_was_found_is_believed_with_its_own_status_alone() -> None:
    about = attempt()
    for status in (200, 402, 500):
        answer = BankAnswer(status, DIALECT.never_seen(about).body)
        assert connector.read_inquiry(about, answer) == attempts.UNKNOWN


def test_a_void_that_gives_up_a_challenge_asks_for_nothing_more() -> None:
    about = attempt(Kind.VOID)
    assert connector.write(question(about, challenged=True)).url == "sandbox:/cancellations"
    assert connector.write(question(about)).url == "sandbox:/voids"


def test_the_bank_is_told_when_it_may_have_heard_the_question_before() -> None:
    about = attempt()
    assert "again" not in json.loads(connector.write(question(about)).body)
    assert json.loads(connector.write(question(evolve(about, asked=2))).body)["again"] is True
