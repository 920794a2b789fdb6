"""Charges: what a payment is as a charge, by its facts."""

import pytest

from tests.core import world
from tillgate.core import charges
from tillgate.core.cancellations import Cancellation
from tillgate.core.charges import ChargeStatus
from tillgate.core.payments import CaptureMethod, Failure, Payment
from tillgate.core.reasons import Reason
from tillgate.core.records import evolve

PAYMENT = world.opened(1_000)
HELD = evolve(PAYMENT, attempts_made=2, authorized=1_000, authorization="att_x_2")
GIVEN_UP = Cancellation(world.START, "requested")


@pytest.mark.parametrize(
    ("payment", "status"),
    [
        (PAYMENT, ChargeStatus.PENDING),
        (evolve(PAYMENT, failure=Failure(Reason.CARD_DECLINED)), ChargeStatus.FAILED),
        (evolve(PAYMENT, canceled=GIVEN_UP), ChargeStatus.FAILED),
        (HELD, ChargeStatus.SUCCEEDED),
        (evolve(HELD, canceled=GIVEN_UP), ChargeStatus.SUCCEEDED),
        (evolve(HELD, captured=10), ChargeStatus.SUCCEEDED),
    ],
)
def test_the_status_of_a_charge_is_what_its_issuer_said(payment: Payment, status: ChargeStatus) -> None:
    assert charges.status(payment) is status


def test_there_is_a_charge_once_a_bank_was_asked() -> None:
    assert not charges.is_made(PAYMENT)
    assert charges.is_made(evolve(PAYMENT, attempts_made=1))


def test_what_was_taken_at_once_is_its_own_capture() -> None:
    charged = evolve(HELD, capture_method=CaptureMethod.AUTOMATIC, captured=1_000)
    assert charges.captures(charged) == ("att_x_2:captured",)


def test_the_first_capture_is_looked_for_after_the_authorization() -> None:
    assert charges.captures(evolve(HELD, captured=10, attempts_made=4)) == ("att_x_3:captured", "att_x_4:captured")
    assert charges.captures(HELD) == ()
    assert len(charges.captures(evolve(HELD, captured=10, attempts_made=400))) == 20
