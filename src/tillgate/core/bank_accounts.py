"""Bank accounts: where a merchant is paid out to, by IBAN, or by numbers of bank and account elsewhere (US, NG)."""

import re
from typing import Final

import msgspec
import schwifty
from schwifty.exceptions import SchwiftyException

from tillgate.core import currencies, nigerian_banks, nuban
from tillgate.core.instants import Instant
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import Record

_ROUTING: Final = re.compile(r"[0-9]{9}", re.ASCII)
_ACCOUNT: Final = re.compile(r"[0-9]{4,17}", re.ASCII)
_WEIGHTS: Final = (3, 7, 1) * 3


class Coordinates(msgspec.Struct, frozen=True):
    """An account as banks find it: an IBAN, or a number with its `routing` number. Its repr shows nothing."""

    number: str
    country: str
    routing: str | None = None
    bic: str | None = None
    bank_name: str | None = None

    def __repr__(self) -> str:
        return "Coordinates()"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return []


class BankAccount(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A bank account of a merchant's, for payouts in one currency. `sealed` is its number."""

    created: Instant
    holder: str
    currency: str
    country: str
    last4: str
    sealed: bytes
    routing: str | None = None
    bic: str | None = None
    bank_name: str | None = None
    metadata: dict[str, str] = {}


def parse_iban(text: str, bic: str | None, field: str) -> Coordinates:
    """The account that an IBAN names (ISO 13616), and that `bic` (ISO 9362) agrees with.

    Raises Refused(PARAMETER_INVALID).
    """
    try:
        iban = schwifty.IBAN(text)
    except (SchwiftyException, ValueError) as wrong:
        raise Refused(Reason.PARAMETER_INVALID, field, problem=_problem(wrong)) from None
    known = iban.bic
    if bic is not None:
        try:
            given = schwifty.BIC(bic)
        except (SchwiftyException, ValueError) as wrong:
            raise Refused(Reason.PARAMETER_INVALID, "bic", problem=_problem(wrong)) from None
        if given.country_code != iban.country_code:
            raise Refused(Reason.PARAMETER_INVALID, "bic", problem="it is in another country than the account")
        known = given
    return Coordinates(
        number=iban.compact,
        country=iban.country_code,
        bic=known.compact if known else None,
        bank_name=iban.bank_name or None,
    )


def parse_us(number: str, routing: str | None) -> Coordinates:
    """An account in the United States, by its bank's routing number, whose digits are checked by their weights.

    Raises Refused(PARAMETER_MISSING, PARAMETER_INVALID).
    """
    if routing is None:
        raise Refused(Reason.PARAMETER_MISSING, "routing_number")
    if not _ROUTING.fullmatch(routing):
        raise Refused(Reason.PARAMETER_INVALID, "routing_number", problem="it takes 9 digits")
    if sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, routing, strict=True)) % 10 or not int(routing):
        raise Refused(Reason.PARAMETER_INVALID, "routing_number", problem="a digit of it is wrong")
    if not _ACCOUNT.fullmatch(number):
        raise Refused(Reason.PARAMETER_INVALID, "account_number", problem="it takes 4 to 17 digits")
    return Coordinates(number=number, country="US", routing=routing)


def parse_ng(number: str, bank_code: str | None) -> Coordinates:
    """An account in Nigeria, by the three digits of its bank, and its ten of which the last one checks the others.

    Raises Refused(PARAMETER_MISSING, PARAMETER_INVALID).
    """
    if bank_code is None:
        raise Refused(Reason.PARAMETER_MISSING, "routing_number")
    bank = nigerian_banks.known(bank_code, None, "routing_number")
    nuban.check(number, bank_code, "account_number")
    return Coordinates(number=number, country="NG", routing=bank.nip_code, bank_name=bank.name)


def default_currency(country: str) -> str | None:
    """The currency of accounts in a country, where there is no doubt about it."""
    return _CURRENCIES.get(country, "EUR" if country in _EURO else None)


def check_currency(currency: str) -> None:
    """Raises Refused(CURRENCY_UNKNOWN, "currency") for one that nothing is charged in."""
    if not currencies.known(currency):
        raise Refused(Reason.CURRENCY_UNKNOWN, "currency")


def _problem(wrong: Exception) -> str:
    """What schwifty found, without what was given: that is not for errors to quote."""
    return _PROBLEMS.get(type(wrong).__name__, "it is not the number of an account")


_PROBLEMS: Final = {
    "InvalidLength": "it is too long or too short for its country",
    "InvalidChecksumDigits": "its check digits do not fit, so a character of it is wrong",
    "InvalidBBANChecksum": "its check digits do not fit, so a character of it is wrong",
    "InvalidCountryCode": "it begins with a country that has no such numbers",
    "InvalidStructure": "it has characters that do not belong in it",
    "InvalidBankCode": "there is no such bank",
}

_CURRENCIES: Final = {
    "US": "USD",
    "NG": "NGN",
    "GB": "GBP",
    "CH": "CHF",
    "NO": "NOK",
    "SE": "SEK",
    "DK": "DKK",
    "PL": "PLN",
}

_EURO: Final = frozenset(
    "AT BE CY DE EE ES FI FR GR HR IE IT LT LU LV MT NL PT SI SK AD MC SM VA ME XK".split()  # noqa: SIM905
)
