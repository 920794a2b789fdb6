"""Offers: what every connector says can be paid by it comes with what a payer must do."""

import itertools

import pytest

from tillgate.connectors import registry
from tillgate.core.instructions import How, Owed
from tillgate.core.money import Money

CONNECTORS = {name: registry.connect(name, {"notice_key": "", "url": ""}) for name in registry.CONNECTORS}
OFFERS = [(name, offer) for name, connector in CONNECTORS.items() for offer in connector.offers]
BY_HAND = [(name, offer) for name, offer in OFFERS if offer.how is not How.TRANSFER]
"""What a payer does with what they hold in their hands; a transfer needs an account to go to."""

AMOUNTS = list(itertools.product(["USD", "EUR"], [99, 1_00, 1_500_00, 1_500_01]))


def owed(currency: str = "USD", amount: int = 10_00) -> Owed:
    return Owed(
        payment="pay_1",
        merchant_id="ten_1",
        amount=Money(amount, currency),
        merchant="Panadería Luz",
        label="Order #7",
        page="https://pay.example/checkout/pay_1",
        expires_at=1,
        phone="7875550100",
    )


def test_no_two_connectors_offer_the_same() -> None:
    names = [(offer.provider, offer.method) for _, offer in OFFERS]
    assert len(set(names)) == len(names)
    assert {("card", "card"), ("wallet", "apple_pay"), ("wallet", "google_pay"), ("ath", "phone")} <= set(names)


@pytest.mark.parametrize(("name", "offer"), BY_HAND, ids=lambda one: getattr(one, "method", one))
def test_what_is_offered_comes_with_what_to_do(name: str, offer: object) -> None:
    connector = CONNECTORS[name]
    (found,) = [one for one in connector.offers if one == offer]
    told = connector.instructions(found, owed())
    assert told.title
    assert all(told.steps)
    assert "Panadería Luz" in {field.value for field in told.fields}
    assert (told.request is not None) == (found.how is How.DEVICE)


@pytest.mark.parametrize(("currency", "amount"), AMOUNTS)
def test_a_phone_takes_dollars_within_its_bounds(currency: str, amount: int) -> None:
    (offer,) = [offer for _, offer in OFFERS if offer.how is How.PHONE]
    assert offer.takes(Money(amount, currency)) == (currency == "USD" and 1_00 <= amount <= 1_500_00)
