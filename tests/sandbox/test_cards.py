"""What each card of the sandbox does."""

import re

import pytest

from tests.connectors.questions import attempt
from tests.sandbox import virtual_time
from tests.sandbox.world import CHALLENGED, World, connector
from tillgate.connectors.contract import BankAnswer, BankRequest
from tillgate.core.attempts import Kind, Outcome, Verdict
from tillgate.core.reasons import Reason

BY_CARD = pytest.mark.parametrize("kind", [Kind.CHARGE, Kind.AUTHORIZE])

APPROVED = (
    "4242424242424242",
    "4000000000000259",
    "5555555555554444",
    "378282246310005",
    "6011111111111117",
    "3056930009020004",
    "3566002020360505",
    "6200000000000005",
    "4111111111111111",
)
DECLINED = {
    "4000000000000002": Reason.CARD_DECLINED,
    "4000000000009995": Reason.INSUFFICIENT_FUNDS,
    "4000000000000069": Reason.CARD_EXPIRED,
    "4000000000000127": Reason.CVC_INCORRECT,
    "4000000000000119": Reason.PROCESSING_ERROR,
    "4000000000000341": Reason.CARD_DECLINED,
}


def answered(kind: Kind, number: str) -> Outcome:
    async def main() -> Outcome:
        return await World().put(attempt(kind), number)

    return virtual_time.run(main())


@BY_CARD
@pytest.mark.parametrize("number", APPROVED)
def test_a_card_without_a_special_result_succeeds(kind: Kind, number: str) -> None:
    assert answered(kind, number).verdict is Verdict.APPROVED


@BY_CARD
@pytest.mark.parametrize(("number", "reason"), DECLINED.items())
def test_a_card_that_is_declined_says_why(kind: Kind, number: str, reason: Reason) -> None:
    outcome = answered(kind, number)
    assert (outcome.verdict, outcome.reason) == (Verdict.DECLINED, reason)


@BY_CARD
def test_the_3d_secure_card_asks_the_customer_first(kind: Kind) -> None:
    about = attempt(kind)

    async def main() -> Outcome:
        return await World().put(about, CHALLENGED)

    outcome = virtual_time.run(main())
    assert outcome.verdict is Verdict.CHALLENGE
    assert outcome.action is not None
    assert re.fullmatch(rf"/sandbox/challenges/{about.id}/[0-9a-f]{{32}}", outcome.action.url)


@pytest.mark.parametrize("number", ["4242424242424241", "0", "", "4242 4242 4242 4242", "４２４２424242424242"])
def test_what_is_no_card_number_is_declined_by_the_issuer_too(number: str) -> None:
    body = (
        '{"merchant_id":"ten_1","reference":"att_1","amount":100,"currency":"USD",'
        f'"card":{{"number":"{number}","exp_month":1,"exp_year":2030}}}}'
    ).encode()

    async def main() -> BankAnswer:
        request = BankRequest(method="POST", url="sandbox:/charges", reference="att_1", body=body)
        return await World().bank.answer(request)

    assert connector.read(attempt(amount=100, reference="att_1"), virtual_time.run(main())).reason is (
        Reason.CARD_NUMBER_INCORRECT
    )


def test_expiry_is_decided_by_the_number_and_never_by_the_date() -> None:
    body = (
        b'{"merchant_id":"ten_1","reference":"att_1","amount":100,"currency":"USD",'
        b'"card":{"number":"4242424242424242","exp_month":1,"exp_year":2001}}'
    )

    async def main() -> BankAnswer:
        request = BankRequest(method="POST", url="sandbox:/charges", reference="att_1", body=body)
        return await World().bank.answer(request)

    assert virtual_time.run(main()).status == 200
