"""What the script of card fields finds in what was typed, which is what the server would."""

import gzip
import json
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from tests.surfaces.v1.shop import CARD
from tillgate.core import cards
from tillgate.core.cards import Brand, CardNumber
from tillgate.pages import rendering

SCRIPT: Final = rendering.HERE / "static" / "card_fields.js"
RUN: Final = Path(__file__).parents[1] / "node" / "card_fields.js"
NOW: Final = 1_767_268_799_000
"""The last second of 2025 where days end last: 12 hours after midnight UTC, in milliseconds."""

VISA: Final = CARD["number"]
Typed = tuple[str, str, str]


def found(typed: list[Typed], now: int = NOW) -> list[dict[str, Any]]:
    """What the script says of each."""
    asked = ["node", str(RUN), str(SCRIPT), str(now)]
    ran = subprocess.run(asked, input=json.dumps(typed), capture_output=True, text=True, check=True, timeout=60)
    return list(json.loads(ran.stdout))


def errors(typed: list[Typed], now: int = NOW) -> list[dict[str, str]]:
    """What is wrong with each."""
    return [one["state"]["errors"] for one in found(typed, now)]


def with_check_digit(digits: str) -> str:
    """A number that passes Luhn's check."""
    return next(digits + last for last in "0123456789" if cards.luhn(digits + last))


def test_every_beginning_of_a_number_is_of_the_brand_that_the_server_finds() -> None:
    numbers = [with_check_digit(f"{first:04}{'0' * 11}") for first in range(10_000)]
    brands = [one["state"]["brand"] for one in found([(number, "", "") for number in numbers])]
    assert brands == [cards.brand(CardNumber(number)).value for number in numbers]
    assert set(brands) == {brand.value for brand in Brand}


def test_a_brand_is_told_as_soon_as_nothing_else_may_follow() -> None:
    told = {
        "4": "visa",
        "5": "unknown",
        "51": "mastercard",
        "3": "unknown",
        "37": "amex",
        "36": "diners",
        "62": "unionpay",
    }
    told |= {"60": "unknown", "6011": "discover", "222": "unknown", "2221": "mastercard", "": "unknown", "9": "unknown"}
    assert [one["state"]["brand"] for one in found([(number, "", "") for number in told])] == list(told.values())


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("", "incomplete_number"),
        ("4242", "incomplete_number"),
        (VISA[:-1], "incomplete_number"),
        (VISA, None),
        ("4242424242424241", "invalid_number"),
        ("42424242424242424", "incomplete_number"),
        (with_check_digit("424242424242424242"), None),
        ("378282246310005", None),
        ("378282246310006", "invalid_number"),
        ("30569309025904", None),
        ("3056930009020004", None),
        (with_check_digit("90000000000"), None),
        ("9000000000000000", "invalid_number"),
    ],
)
def test_a_number_is_whole_where_its_brand_has_such(number: str, code: str | None) -> None:
    assert errors([(number, "", "")])[0].get("number") == code


def test_an_expiry_is_read_as_people_and_browsers_write_it() -> None:
    written = [
        "03/30",
        "3/30",
        "3 / 30",
        "0330",
        "330",
        "03/2030",
        "032030",
        "2030-03",
        "03-30",
        "\uff10\uff13/\uff13\uff10",
    ]
    for one in found([(VISA, expiry, "123") for expiry in written]):
        assert one["state"]["complete"], one
        assert (one["value"]["exp_month"], one["value"]["exp_year"]) == (3, 2030)


def test_a_month_is_good_until_it_is_over_everywhere() -> None:
    typed: list[Typed] = [(VISA, expiry, "123") for expiry in ("12/25", "11/25", "01/26", "12/2025", "12/99")]
    assert errors(typed) == [{}, {"expiry": "expired_card"}, {}, {}, {}]
    assert errors(typed[:1], NOW + 1_000) == [{"expiry": "expired_card"}]
    assert not cards.expired(12, 2025, NOW * 1_000)
    assert cards.expired(12, 2025, (NOW + 1_000) * 1_000)


def test_what_is_no_expiry_is_said_to_be_none() -> None:
    said = {
        "13/30": "invalid",
        "00/30": "invalid",
        "": "incomplete",
        "1": "incomplete",
        "12/3": "incomplete",
        "12/203": "incomplete",
    }
    for found_one, code in zip(errors([(VISA, expiry, "123") for expiry in said]), said.values(), strict=True):
        assert found_one == {"expiry": f"{code}_expiry"}


def test_a_code_is_as_long_as_its_brands() -> None:
    amex = "378282246310005"
    typed = [
        (VISA, "", "12"),
        (VISA, "", "123"),
        (amex, "", "123"),
        (amex, "", "1234"),
        ("", "", "123"),
        ("", "", "1234"),
    ]
    wrong = [one.get("cvc") for one in errors(typed)]
    assert wrong == ["incomplete_cvc", None, "incomplete_cvc", None, None, None]


def test_a_number_is_grouped_as_it_is_on_the_card() -> None:
    numbers = {
        VISA: "4242 4242 4242 4242",
        "378282246310005": "3782 822463 10005",
        "30569309025904": "3056 930902 5904",
    }
    numbers |= {"3056930009020004": "3056 9300 0902 0004", "42424": "4242 4", "4242": "4242", "": ""}
    assert [one["grouped"] for one in found([(number, "", "") for number in numbers])] == list(numbers.values())


def test_the_script_is_small_and_does_nothing_that_a_strict_page_forbids() -> None:
    script = SCRIPT.read_text()
    assert len(gzip.compress(script.encode())) < 4_000
    for forbidden in ("eval(", "Function(", "innerHTML", "cssText", "https://", "import(", "url(", "fetch("):
        assert forbidden not in script
