"""What becomes of a payment intent that is given to another customer."""

import pytest

from tests.core.happenings import Charge
from tests.core.world import CARD, World, lived, occasion, opened
from tillgate.core import payment_intents, payments, repeats
from tillgate.core.attempts import Kind, Outcome, Verdict
from tillgate.core.conclusions import Standing, conclude
from tillgate.core.customers import CustomerSummary
from tillgate.core.payments import CaptureMethod
from tillgate.core.reasons import Refused

OTHER = CustomerSummary("cus_2", "b@example.com")


@pytest.fixture
def given_away() -> tuple[World, payments.Payment]:
    """A payment whose charge was never seen by the bank, and which then became another customer's."""
    world = lived(World(opened(100, CaptureMethod.AUTOMATIC)), Charge(), (Kind.CHARGE, Verdict.NEVER_SEEN))
    return world, payment_intents.with_customer(world.payment, OTHER)


def test_the_card_of_one_customer_does_not_pay_for_another(given_away: tuple[World, payments.Payment]) -> None:
    world, payment = given_away
    assert (payment.payment_method, payment.card, payment.former_methods) == (None, None, ("pm_1",))
    assert (payment.customer, payment.former_customers) == (OTHER, ("cus_1",))
    (attempt,) = world.attempts.values()
    with pytest.raises(Refused):
        repeats.ask_again(payment, attempt, occasion())
    concluded = conclude(Standing(payment, attempt), Outcome(verdict=Verdict.APPROVED), occasion())
    assert concluded is not None
    late = concluded[0].payment
    assert (late.captured, [one.attempt for one in late.surplus]) == (0, [attempt.id])


def test_whose_it_was_is_kept_once_each() -> None:
    payment = opened(100)
    for customer in (OTHER, CustomerSummary("cus_1"), OTHER, CustomerSummary("cus_1")):
        payment = payment_intents.with_customer(payment, customer)
    assert sorted(payment.former_customers) == ["cus_1", "cus_2"]
    assert payment_intents.with_method(payment, "pm_2", CARD, OTHER, 0).customer == OTHER
