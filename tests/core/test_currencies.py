import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillgate.core import currencies
from tillgate.core.reasons import Reason, Refused

# ISO 4217 list one of 2026-01-01, but for codes without a minor unit.
WITH_TWO_DECIMALS = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE
    CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD
    HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK
    MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD
    RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH
    USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
"""
WITHOUT_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
WITH_THREE = "BHD IQD JOD KWD LYD OMR TND"
WITH_FOUR = "CLF UYW"
ALL = {
    **dict.fromkeys(WITHOUT_DECIMALS.split(), 0),
    **dict.fromkeys(WITH_TWO_DECIMALS.split(), 2),
    **dict.fromkeys(WITH_THREE.split(), 3),
    **dict.fromkeys(WITH_FOUR.split(), 4),
}


@pytest.mark.parametrize(("code", "exponent"), ALL.items())
def test_a_currency_once_known_keeps_its_decimals_in_the_books(code: str, exponent: int) -> None:
    assert currencies.recorded(code)
    assert currencies.exponent(code) == exponent


def test_today_exactly_the_standards_currencies_with_a_minor_unit_are_charged() -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    every = (a + b + c for a in letters for b in letters for c in letters)
    assert {code for code in every if currencies.known(code)} == set(ALL)


@pytest.mark.parametrize("code", ["XXX", "XTS", "XAU", "XAG", "XDR", "ZZZ", "", "US", "USDD", "usd", "840"])
def test_what_nobody_pays_in_is_no_currency(code: str) -> None:
    assert not currencies.known(code)
    assert not currencies.recorded(code)
    with pytest.raises(KeyError):
        currencies.exponent(code)


@pytest.mark.parametrize("code", ["ANG", "BGN", "HRK"])
def test_a_withdrawn_currency_is_read_but_not_charged(code: str) -> None:
    assert currencies.recorded(code)
    assert currencies.exponent(code) == 2
    with pytest.raises(Refused, match="currency_unknown"):
        currencies.parse(code, "currency")


@pytest.mark.parametrize("text", ["usd", "USD", "Usd", "uSd"])
def test_either_case_names_a_currency(text: str) -> None:
    assert currencies.parse(text, "currency") == "USD"


@pytest.mark.parametrize("text", ["", "us", "usdd", "xxx", "US D", " usd", "usd\n", "ıdr", "ＵＳＤ", "dollar"])
def test_what_names_no_currency_is_refused_with_its_field(text: str) -> None:
    with pytest.raises(Refused) as refusal:
        currencies.parse(text, "amount.currency")
    assert (refusal.value.reason, refusal.value.field) == (Reason.CURRENCY_UNKNOWN, "amount.currency")


@given(st.text(max_size=4))
def test_only_known_codes_are_ever_parsed(text: str) -> None:
    try:
        code = currencies.parse(text, "currency")
    except Refused:
        return
    assert code in ALL
    assert text.upper() == code


@pytest.mark.parametrize(
    ("code", "least"),
    [("USD", 50), ("EUR", 50), ("GBP", 30), ("JPY", 50), ("MXN", 1000), ("HUF", 17500), ("SEK", 300)],
)
def test_the_least_charge_is_the_usual_one(code: str, least: int) -> None:
    assert currencies.least_charge(code) == least


@pytest.mark.parametrize(("code", "least"), [("NGN", 50), ("KRW", 50), ("KWD", 500), ("CLF", 5000)])
def test_elsewhere_the_least_charge_is_half_a_unit_and_at_least_fifty(code: str, least: int) -> None:
    assert currencies.least_charge(code) == least


@pytest.mark.parametrize(
    ("code", "largest"),
    [("USD", 99_999_999), ("JPY", 99_999_999), ("IDR", 999_999_999_999), ("NGN", 999_999_999_999)],
)
def test_the_largest_charge_has_eight_digits_or_twelve_of_a_tiny_unit(code: str, largest: int) -> None:
    assert currencies.largest_charge(code) == largest


@pytest.mark.parametrize("code", ALL)
def test_every_currency_has_room_between_the_least_and_the_largest_charge(code: str) -> None:
    assert 0 < currencies.least_charge(code) < currencies.largest_charge(code)


@pytest.mark.parametrize(
    ("code", "sign"),
    [("USD", "$"), ("EUR", "€"), ("GBP", "£"), ("JPY", "¥"), ("NGN", "₦"), ("BRL", "R$"), ("KES", None)],
)
def test_a_currency_has_its_own_sign_or_none(code: str, sign: str | None) -> None:
    assert currencies.symbol(code) == sign
