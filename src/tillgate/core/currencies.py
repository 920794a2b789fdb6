"""Currencies: which there are, their decimals and signs, and the bounds of a charge in each."""

from typing import Final

import iso4217

from tillgate.core.reasons import Reason, Refused

# Metals, bond units, special drawing rights, XTS and XXX have no minor unit in ISO 4217: nobody pays a
# merchant in them, and an integer amount of them would mean nothing. Funds codes (CLF, UYW) have one.
_CURRENT: Final = {currency.code: currency.exponent for currency in iso4217.Currency if currency.exponent is not None}

# Codes that ISO 4217 has withdrawn: nothing new is charged in them, but what the books hold in them stays
# readable. A code that a newer edition of the standard drops moves here.
_WITHDRAWN: Final = {"ANG": 2, "BGN": 2, "HRK": 2}

_EXPONENTS: Final = _CURRENT | _WITHDRAWN

# As card processors usually have it: what a payment costs to process.
_LEAST_CHARGES: Final = {
    "AED": 200,
    "AUD": 50,
    "BRL": 50,
    "CAD": 50,
    "CHF": 50,
    "CZK": 1500,
    "DKK": 250,
    "EUR": 50,
    "GBP": 30,
    "HKD": 400,
    "HUF": 17500,
    "INR": 50,
    "JPY": 50,
    "MXN": 1000,
    "MYR": 200,
    "NOK": 300,
    "NZD": 50,
    "PLN": 200,
    "RON": 200,
    "SEK": 300,
    "SGD": 50,
    "THB": 1000,
    "USD": 50,
}

_EIGHT_DIGITS: Final = 99_999_999
_TWELVE_DIGITS: Final = 999_999_999_999

# Eight digits would end below some ten thousand US dollars.
_TINY_UNITS: Final = """
    AMD AOA ARS BDT CDF COP CRC CVE DZD ETB GYD HTG HUF IDR IQD IRR JMD KES KHR KPW KZT LAK LBP LKR LRD MGA
    MMK MNT MWK NGN NPR PKR RSD SDG SOS SSP SYP TZS UZS VES VND YER
"""
_LARGEST_CHARGES: Final = dict.fromkeys(_TINY_UNITS.split(), _TWELVE_DIGITS)

_SIGNS: Final = {
    "$": """
        ARS AUD BBD BMD BND BSD BZD CAD CLP COP DOP FJD GYD HKD JMD KYD LRD MXN NAD NZD SBD SGD SRD TTD TWD
        USD UYU XCD
    """,
    "R$": "BRL",
    "£": "EGP FKP GBP GIP SHP",
    "¥": "CNY JPY",
    "฿": "THB",
    "₡": "CRC",
    "₦": "NGN",
    "₩": "KRW",
    "₪": "ILS",
    "₫": "VND",
    "€": "EUR",
    "₭": "LAK",
    "₮": "MNT",
    "₱": "PHP",
    "₲": "PYG",
    "₴": "UAH",
    "₵": "GHS",
    "₸": "KZT",
    "₹": "INR",
    "₺": "TRY",
    "₽": "RUB",
    "₾": "GEL",
}
_SYMBOLS: Final = {code: sign for sign, codes in _SIGNS.items() for code in codes.split()}


def known(code: str) -> bool:
    """Whether `code` is the uppercase ISO 4217 code of a currency that may be charged today."""
    return code in _CURRENT


def recorded(code: str) -> bool:
    """Whether amounts in `code` may stand in the books: known today, or withdrawn since."""
    return code in _EXPONENTS


def parse(text: str, field: str) -> str:
    """The currency that `text` names in either case, as its uppercase code.

    Raises Refused(CURRENCY_UNKNOWN, field).
    """
    if text in _CURRENT:
        return text
    code = text.upper()
    # A dotless i, too, becomes an I.
    if code in _CURRENT and text.isascii():
        return code
    raise Refused(Reason.CURRENCY_UNKNOWN, field)


def exponent(code: str) -> int:
    """How many decimals a currency has (ISO 4217 minor unit). Raises KeyError for what is no currency."""
    return _EXPONENTS[code]


def symbol(code: str) -> str | None:
    """What is written before an amount, where the currency has a sign; several share `$`, `£` and `¥`."""
    return _SYMBOLS.get(code)


def least_charge(code: str) -> int:
    """The least that may be charged, in minor units: as usual among card processors, else half a unit.

    It is never less than fifty minor units: a currency without decimals starts at 50, as the yen does.
    """
    least = _LEAST_CHARGES.get(code)
    return max(50, 10 ** exponent(code) // 2) if least is None else least


def largest_charge(code: str) -> int:
    """The most that may be charged, in minor units: eight digits, as is usual, or twelve of a tiny unit."""
    return _LARGEST_CHARGES.get(code, _EIGHT_DIGITS)
