import datetime
import hashlib
import hmac
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillgate.core import cards, ids
from tillgate.core.cards import Brand, Card, CardNumber, Funding
from tillgate.core.instants import HOUR, SECOND, Instant
from tillgate.core.money import Money
from tillgate.core.reasons import Reason, Refused

KEY = b"a key of at least sixteen bytes"
VISA = "4242424242424242"

SANDBOX = {
    Brand.VISA: """
        4242424242424242 4000000000000002 4000000000009995 4000000000000069 4000000000000127 4000000000000119
        4000002500003155 4000000000000259 4000000000000341
    """,
    Brand.MASTERCARD: "5555555555554444",
    Brand.AMEX: "378282246310005",
    Brand.DISCOVER: "6011111111111117",
    Brand.DINERS: "3056930009020004",
    Brand.JCB: "3566002020360505",
    Brand.UNIONPAY: "6200000000000005",
}
BOUNDS = {
    Brand.VISA: "4000 4999",
    Brand.MASTERCARD: "2221 2720 5100 5599",
    Brand.AMEX: "3400 3499 3700 3799",
    Brand.DISCOVER: "6011 6440 6499 6500 6599",
    Brand.DINERS: "3000 3059 3095 3600 3699 3800 3999",
    Brand.JCB: "3528 3589",
    Brand.UNIONPAY: "6200 6221 622126 622925 6229 6299 8100 8199",
    Brand.UNKNOWN: """
        0000 2220 2721 2999 3060 3094 3096 3399 3500 3527 3590 3599 5000 5099 5600 6010 6012 6199 6300 6439
        6600 8099 8200 9999
    """,
}


def each(table: dict[Brand, str]) -> list[tuple[str, Brand]]:
    """The rows of a table: digits and brand."""
    return [(digits, brand) for brand, column in table.items() for digits in column.split()]


def completed(digits: str) -> str:
    """The digits with the check digit that makes them a card number, worked out by hand's method."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return digits + str(-total % 10)


def numbers(first: str = "", shortest: int = 13) -> st.SearchStrategy[str]:
    """Card numbers of any length that begin with some digits."""
    rest = st.integers(shortest - 1, 18).flatmap(
        lambda length: st.text("0123456789", min_size=length - len(first), max_size=length - len(first))
    )
    return rest.map(lambda digits: completed(first + digits))


branded = st.sampled_from([first for first, brand in each(BOUNDS) if brand is not Brand.UNKNOWN]).flatmap(numbers)
separators = st.sampled_from(["", " ", "-", "  ", " - "])


@st.composite
def spaced(draw: st.DrawFn, source: st.SearchStrategy[str]) -> tuple[str, str]:
    """A number, and the same with spaces and dashes in it."""
    number = draw(source)
    return number, "".join(digit + (draw(separators) if n % 4 == 3 else "") for n, digit in enumerate(number)).strip(
        " -"
    )


def at(text: str) -> Instant:
    return int(datetime.datetime.fromisoformat(text).timestamp()) * SECOND


@pytest.mark.parametrize(("digits", "brand"), each(SANDBOX))
def test_every_sandbox_card_has_its_brand_and_length_of_cvc(digits: str, brand: Brand) -> None:
    right, wrong = ("1234", "123") if brand is Brand.AMEX else ("123", "1234")
    card = Card.parse(digits, 12, 2030, right)
    assert cards.brand(card.number) is brand
    assert cards.cvc_length(brand) == len(right)
    with pytest.raises(Refused, match="cvc_invalid"):
        Card.parse(digits, 12, 2030, wrong)


@pytest.mark.parametrize(("first", "brand"), each(BOUNDS))
def test_a_brand_begins_and_ends_with_its_ranges(first: str, brand: Brand) -> None:
    for rest in ("00000000000", "99999999999"):
        assert cards.brand(CardNumber(completed(first + rest))) is brand


@given(numbers(shortest=12))
def test_every_number_with_its_check_digit_is_one(number: str) -> None:
    assert CardNumber.parse(number, "card.number").digits == number


@given(numbers(shortest=12), st.data())
def test_one_wrong_digit_is_always_found(number: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(number) - 1))
    wrong = data.draw(st.sampled_from("0123456789").filter(lambda digit: digit != number[place]))
    assert not cards.luhn(number[:place] + wrong + number[place + 1 :])


@given(numbers(shortest=12), st.data())
def test_neighbors_that_changed_places_are_found_but_for_zero_and_nine(number: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(number) - 2))
    one, other = number[place], number[place + 1]
    swapped = number[:place] + other + one + number[place + 2 :]
    assert cards.luhn(swapped) is (one == other or {one, other} == {"0", "9"})


@given(spaced(numbers(shortest=12)))
def test_spaces_and_dashes_do_not_matter(pair: tuple[str, str]) -> None:
    number, typed = pair
    assert CardNumber.parse(typed, "card.number").digits == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4242424242424241",
        "42424242424",
        completed("1" * 10),
        completed("1" * 19),
        "4242.4242.4242.4242",
        "x4242424242424242",
        "４２４２４２４２４２４２４２４２",
        "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢",
        "4242424242424242\n",
        "424242******4242",
    ],
)
def test_what_is_no_card_number_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(Refused) as refusal:
        CardNumber.parse(text, "payment_method_data.card.number")
    assert refusal.value.reason is Reason.CARD_NUMBER_INCORRECT
    assert refusal.value.field == "payment_method_data.card.number"
    assert refusal.value.__cause__ is None
    assert not refusal.value.detail
    with pytest.raises(ValueError, match=r"^not a card number$"):
        CardNumber(text)


@given(numbers(shortest=12))
def test_as_text_a_number_shows_its_first_six_and_last_four(number: str) -> None:
    held = CardNumber(number)
    masked = number[:6] + "*" * (len(number) - 10) + number[-4:]
    assert str(held) == f"{held}" == masked
    assert repr(held) == f"CardNumber({masked})"
    assert held.last4 == number[-4:]


@pytest.mark.parametrize("holder", [CardNumber(VISA), Card.parse(VISA, 12, 2030, "987", "Jo Doe")])
def test_neither_number_nor_cvc_nor_name_shows_in_any_repr(holder: Any) -> None:
    for shown in (repr(holder), str(holder), f"{holder!r:>80}", repr([holder]), repr(holder.__rich_repr__())):
        assert VISA not in shown
        assert "987" not in shown
        assert "Jo Doe" not in shown
        assert "424242******4242" in shown


def test_a_card_is_sealed_and_opened_as_it_was() -> None:
    card = Card.parse(VISA, 12, 2030, "987", "Jo Doe")
    assert msgspec.json.decode(msgspec.json.encode(card), type=Card) == card
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"digits":"4242424242424241"}', type=CardNumber)


@pytest.mark.parametrize(
    ("month", "year", "read"),
    [
        (12, 2030, (12, 2030)),
        (1, 30, (1, 2030)),
        ("01", "30", (1, 2030)),
        ("1", "2030", (1, 2030)),
        (12, 0, (12, 2000)),
        (12, 99, (12, 2099)),
        (6, 2012, (6, 2012)),
    ],
)
def test_an_expiry_has_a_month_and_a_year_of_two_or_four_digits(
    month: int | str, year: int | str, read: tuple[int, int]
) -> None:
    card = Card.parse(VISA, month, year)
    assert (card.exp_month, card.exp_year, card.cvc, card.name) == (*read, None, None)


@pytest.mark.parametrize("month", [0, 13, -1, "", "0", "00", "13", "001", "1.", "٣", True, 1.0, None])
def test_no_other_month_is_one(month: Any) -> None:
    with pytest.raises(Refused) as refusal:
        Card.parse(VISA, month, 2030)
    assert (refusal.value.reason, refusal.value.field) == (Reason.CARD_EXPIRY_INVALID, "card.exp_month")


@pytest.mark.parametrize("year", [-1, 100, 203, 1999, 2100, 20300, "", "3", "030", "1999", "20300", "٣٠", True, None])
def test_no_other_year_is_one(year: Any) -> None:
    with pytest.raises(Refused) as refusal:
        Card.parse(VISA, 12, year)
    assert (refusal.value.reason, refusal.value.field) == (Reason.CARD_EXPIRY_INVALID, "card.exp_year")


@pytest.mark.parametrize("cvc", ["", "12", "1234", "12a", " 12", "١٢٣", "1.3"])
def test_a_cvc_of_another_form_is_refused(cvc: str) -> None:
    with pytest.raises(Refused) as refusal:
        Card.parse(VISA, 12, 2030, cvc)
    assert (refusal.value.reason, refusal.value.field) == (Reason.CVC_INVALID, "card.cvc")


@pytest.mark.parametrize(
    ("number", "month", "year", "cvc", "field"),
    [
        ("1", 13, 1, "1", "source.number"),
        (VISA, 13, 1999, "1", "source.exp_month"),
        (VISA, 12, 1999, "1", "source.exp_year"),
        (VISA, 12, 2030, "1", "source.cvc"),
    ],
)
def test_the_first_fault_in_order_is_the_one_that_is_told(
    number: str, month: int, year: int, cvc: str, field: str
) -> None:
    with pytest.raises(Refused) as refusal:
        Card.parse(number, month, year, cvc, field="source")
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("now", "expired"),
    [
        ("2025-11-30T23:59:59+00:00", False),
        ("2025-12-01T00:00:00+00:00", False),
        ("2025-11-30T23:59:59-12:00", False),
        ("2025-12-01T00:00:00-12:00", True),
        ("2026-01-01T00:00:00+00:00", True),
        ("2024-12-31T00:00:00+00:00", False),
    ],
)
def test_a_card_is_good_through_the_last_day_of_its_month_everywhere(now: str, expired: bool) -> None:
    assert cards.expired(11, 2025, at(now)) is expired


@given(st.integers(1, 12), st.integers(2000, 2099), st.integers(0, 40_000 * 24))
def test_once_expired_a_card_stays_so(month: int, year: int, hours: int) -> None:
    if cards.expired(month, year, hours * HOUR):
        assert cards.expired(month, year, (hours + 1) * HOUR)


def test_a_summary_holds_what_may_be_shown() -> None:
    summary = cards.summarize(Card.parse(VISA, 12, 30, "987", "Jo"), KEY, Funding.DEBIT, "PR")
    assert summary == cards.CardSummary(
        brand=Brand.VISA,
        last4="4242",
        exp_month=12,
        exp_year=2030,
        fingerprint=cards.fingerprint(KEY, CardNumber(VISA)),
        funding=Funding.DEBIT,
        country="PR",
    )
    stored = msgspec.json.encode(summary)
    assert b"424242" not in stored
    assert b"987" not in stored


def test_what_nobody_said_of_a_card_is_unknown() -> None:
    summary = cards.summarize(Card.parse(VISA, 12, 30), KEY)
    assert (summary.funding, summary.country) == (Funding.UNKNOWN, None)


def test_a_fingerprint_is_the_keyed_hash_of_the_number() -> None:
    full = int.from_bytes(hmac.new(KEY, VISA.encode(), hashlib.sha256).digest(), "big")
    assert cards.fingerprint(KEY, CardNumber(VISA)) == ids.base32(full >> 176, 16)


@given(numbers(), numbers())
def test_a_fingerprint_is_one_per_number_and_key(one: str, other: str) -> None:
    first, second = CardNumber(one), CardNumber(other)
    assert (cards.fingerprint(KEY, first) == cards.fingerprint(KEY, second)) is (one == other)
    assert cards.fingerprint(KEY, first) != cards.fingerprint(KEY + b"!", first)
    assert re.fullmatch("[0-9a-hjkmnp-tv-z]{16}", cards.fingerprint(KEY, first))


@pytest.mark.parametrize("key", [b"", b"fifteen bytes.."])
def test_a_fingerprint_needs_a_key_that_cannot_be_guessed(key: bytes) -> None:
    with pytest.raises(ValueError, match="key"):
        cards.fingerprint(key, CardNumber(VISA))


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("4242424242424242", "424242******4242"),
        ("card 4242 4242 4242 4242 declined", "card 4242 42** **** 4242 declined"),
        ("4242-4242-4242-4242.", "4242-42**-****-4242."),
        ('{"number":"4242424242424242","cvc":"123"}', '{"number":"424242******4242","cvc":"123"}'),
        ("number=378282246310005&cvc=1234", "number=378282*****0005&cvc=1234"),
        ("pan4242424242424242x", "pan424242******4242x"),
        ("4242424242424242, 12/30, 123", "424242******4242, 12/30, 123"),
        ("00004242424242424242", "0000424242******4242"),
        (";4242424242424242=30121010000012345678?", ";424242******4242=30121010000012345678?"),
        ("4242424242424242,5555555555554444", "424242******4242,555555******4444"),
        ("4222222222222", "422222***2222"),
        ("1111111111111111", "1111111111111111"),
        ("2025-11-21T11:50:01.123456Z", "2025-11-21T11:50:01.123456Z"),
        ("+1 787 555 0123", "+1 787 555 0123"),
        ("", ""),
    ],
)
def test_card_numbers_in_text_are_masked_and_other_digits_left(text: str, scrubbed: str) -> None:
    assert cards.scrub(text) == scrubbed


def masked(typed: str) -> str:
    """A number as it was typed, with the digits between its first six and its last four hidden."""
    places = [place for place, character in enumerate(typed) if character.isdigit()][6:-4]
    return "".join("*" if place in places else character for place, character in enumerate(typed))


words = st.text(st.characters(exclude_characters="0123456789 -", codec="utf-8"), max_size=12)


@given(words, spaced(numbers()), words)
def test_a_card_number_of_any_brand_is_masked_in_text(before: str, pair: tuple[str, str], after: str) -> None:
    _, typed = pair
    shown = cards.scrub(before + typed + after)
    assert len(shown) == len(before + typed + after)
    assert shown.startswith(before)
    assert shown.endswith(after)
    # A shorter card number inside the longer one hides some of its ends too.
    ends = zip(masked(typed), shown[len(before) :], strict=False)
    assert all(mine in (expected, "*") for expected, mine in ends)


@given(st.text("0123456789 -", max_size=12), spaced(branded), st.text("0123456789 -", max_size=12))
def test_no_card_number_of_a_known_brand_is_left_among_other_digits(
    before: str, pair: tuple[str, str], after: str
) -> None:
    number, typed = pair
    scrubbed = cards.scrub(before + typed + after)
    digits = re.sub("[ -]", "", scrubbed)
    start = len(re.sub("[ -]", "", before))
    assert set(digits[start + 6 : start + len(number) - 4]) == {"*"}
    assert len(scrubbed) == len(before + typed + after)


@given(branded, st.text("0123456789", min_size=60, max_size=200))
def test_a_number_too_long_to_be_read_is_masked_but_for_its_ends(number: str, rest: str) -> None:
    scrubbed = cards.scrub(number + rest)
    assert scrubbed == number[:6] + "*" * (len(number + rest) - 10) + (number + rest)[-4:]


@given(
    st.lists(st.tuples(st.sampled_from(["pay", "att", "evt"]), st.integers(0, 2**47)), min_size=1, max_size=5),
    st.integers(),
)
def test_our_own_ids_are_left_as_they_are(wanted: list[tuple[str, int]], seed: int) -> None:
    made = ids.Ids.seeded(seed)
    for text in [made.new(*one) for one in wanted] + [ids.floor(*one) for one in wanted]:
        line = f"payment={text}, attempt=att_{text[-26:]}_2 {text}"
        assert cards.scrub(line) == line
        assert cards.scrub(f"{text} {VISA}") == f"{text} 424242******4242"


def test_an_id_that_is_nearly_all_digits_is_left_as_it_is() -> None:
    text = "pay_0000000000e008" + completed("00000000000")
    assert ids.is_id("pay", text)
    assert cards.scrub(text) == text


@given(st.integers(-(10**12) + 1, 10**12 - 1), st.sampled_from(["USD", "JPY", "IDR", "KWD"]))
def test_amounts_are_left_as_they_are(amount: int, currency: str) -> None:
    held = Money(amount, currency)
    line = f"amount={amount} {currency}, {held.formatted()}, {held.decimal_text()}"
    assert cards.scrub(line) == line


@given(st.text(max_size=100))
def test_text_without_enough_digits_is_left_as_it_is(text: str) -> None:
    if len(re.sub("[^0-9]", "", text)) < 13:
        assert cards.scrub(text) == text
