"""Sandbox cards: each name stands for a card that is one, and nothing else does."""

import pytest

from tillgate.core import sandbox_cards
from tillgate.core.cards import Card


@pytest.mark.parametrize("name", sandbox_cards.NAMES)
def test_every_name_stands_for_a_card_that_could_be_given(name: str) -> None:
    card = sandbox_cards.named(name)
    assert card is not None
    assert Card.parse(card.number.digits, card.exp_month, card.exp_year, card.cvc, None) == card


def test_what_is_declined_may_be_called_a_visa() -> None:
    assert sandbox_cards.named("pm_card_visa_chargeDeclined") == sandbox_cards.named("tok_chargeDeclined")


@pytest.mark.parametrize("name", ["", "pm_card_", "pm_card_none", "pm_card_visa_", "card_visa", "tok_01m7zat6k9fyjtqx"])
def test_nothing_else_is_a_name(name: str) -> None:
    assert sandbox_cards.named(name) is None
