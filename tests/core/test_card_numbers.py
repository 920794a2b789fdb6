"""Card numbers in free text are found by every sign that they show, and what lacks one is left alone."""

import pytest

from tests.waiting import at_most
from tillgate.core import cards

HELD = [
    *("4242424242424242", "4242 4242 4242 4242", "4242-4242-4242-4242", "card:4242424242424242.", "x4242424242424242x"),
    *("5555555555554444", "378282246310005", "6011111111111117", "36227206271667", "3056930009020004"),
    *("3566002020360505", "6200000000000005", "4000000000000000006", "4242 4242 4242 4242 12/30", "7 4242424242424242"),
    *("+4242424242424242", "12-30 5555 5555 5555 4444"),
]


@pytest.mark.parametrize("text", HELD)
def test_a_card_number_in_free_text_is_found(text: str) -> None:
    assert cards.holds_number(text)


NOT_HELD = [
    *("", "order 12345", "4242424242424241", "94242424242424242", "42424242424242421", "1234567812345670"),
    *("4222222222222", "+36227206271667", "490154203237518", "4242.4242.4242.4242", "DE89370400440532013000"),
    *("pay_01m7z215jeew98jd99h86awkg6", "550e8400-e29b-41d4-a716-446655440000", "4 2 4 2", "9" * 10_000),
]


@pytest.mark.parametrize("text", NOT_HELD)
def test_what_lacks_a_sign_of_a_card_number_is_none(text: str) -> None:
    assert not cards.holds_number(text)


@pytest.mark.parametrize("text", ["4 " * 5_000, "4242 " * 2_000, "4-" * 5_000, "1" + " " * 9_998 + "1", "+" * 10_000])
def test_looking_for_card_numbers_takes_a_moment_at_most(text: str) -> None:
    with at_most(0.25):
        cards.holds_number(text)
