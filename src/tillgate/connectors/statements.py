"""Statements: what a bank's file says line by line, amounts exact, and the name under which each line is told once."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Final

import msgspec
import schwifty

from tillgate.core import currencies
from tillgate.core.arrivals import Debtor
from tillgate.core.instants import Instant
from tillgate.core.money import Money
from tillgate.core.transfers import Booked

LONGEST_TEXT: Final = 10_000
"""More than any field of a statement has."""

_KEPT: Final = 1_000
_LONGEST_REFERENCE: Final = 140
_SAYS_NOTHING: Final = frozenset({"", "NOTPROVIDED", "NONREF", "NOREF", "NONE", "N/A", "0"})
_GROUPED: Final = re.compile(r"[0-9]{1,3}(?:([.,' ’\u00a0\u202f])[0-9]{3})(?:\1[0-9]{3})*")
_PLAIN: Final = re.compile(r"[0-9]{1,15}")
_SIGNS: Final = "-−"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class StatementInvalid(Exception):
    """A file that cannot be read whole: in which line, what is wrong, and what to do."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}")
        self.line = line
        self.problem = problem


class Line(msgspec.Struct, frozen=True):
    """What a statement tells in a line of its file, of which account (an IBAN; empty where it does not say).

    `booked` is None for what is none of ours: money that went out.
    """

    number: int
    account: str
    booked: Booked | None


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A line as it is written. `reference` is the bank's own name for it, where it says one."""

    amount: Money
    booked_at: Instant
    reference: str = ""
    debtor: Debtor = Debtor()
    remittance: str = ""
    others: tuple[str, ...] = ()
    is_credit: bool = True
    is_reversal: bool = False
    is_pending: bool = False
    within: str = ""


class Names:
    """Names for the lines of one file: the bank's own, or what alone such a line says, counted where several say it.

    So a line has the same name in whatever file, order and company it comes.
    """

    def __init__(self) -> None:
        self._seen: Counter[bytes] = Counter()

    def booked(self, line: Written) -> Booked | None:
        """What a line tells; None where money went out."""
        is_taken_back = line.is_reversal and not line.is_credit
        if not line.is_credit and not is_taken_back:
            return None
        others = tuple(one for one in line.others if says_something(one))
        return Booked(
            reference=self._name(line),
            amount=line.amount,
            booked_at=line.booked_at,
            debtor=line.debtor,
            remittance=_printable(line.remittance)[:_KEPT],
            is_reversal=is_taken_back,
            is_ours=line.is_reversal and line.is_credit,
            is_pending=line.is_pending,
            original=others,
        )

    def _name(self, line: Written) -> str:
        if says_something(line.reference) and not line.within:
            return line.reference
        said = (
            *(line.within, line.reference, line.amount.amount, line.amount.currency, line.booked_at),
            *(line.debtor.iban, line.debtor.name, line.remittance, line.is_credit, line.is_reversal, *line.others),
        )
        print_ = hashlib.sha256(msgspec.json.encode(said)).digest()[:12]
        self._seen[print_] += 1
        begun = f"{line.within} " if line.within else ""
        return f"{begun}~{print_.hex()}.{self._seen[print_]}"


def says_something(reference: str) -> bool:
    """Whether a bank's reference names anything."""
    return reference.strip().upper() not in _SAYS_NOTHING


def reference(text: str, line: int) -> str:
    """A bank's own name for a line. Raises StatementInvalid for what no bank names one by, or no database keeps."""
    if len(text) > _LONGEST_REFERENCE or not text.isprintable():
        raise StatementInvalid(
            line, f"{shown(text)} is no reference: it takes {_LONGEST_REFERENCE} printable characters at most."
        )
    return text


def _printable(text: str) -> str:
    """Somebody's words on a line, without what would have a terminal or a database do anything but show them."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def exact(text: str, currency: str, line: int) -> Money:
    """What an amount says in units of the currency, with a point: `1234.50`. Raises StatementInvalid."""
    units, point, rest = text.partition(".")
    if not _PLAIN.fullmatch(units) or (point and not re.fullmatch(r"[0-9]{1,10}", rest)):
        raise StatementInvalid(line, f"{shown(text)} is no amount: it takes digits, and a point before decimals.")
    return _money(units, rest, currency, line)


def localized(text: str, currency: str, line: int) -> tuple[bool, Money]:
    """Whether an amount is less than nothing, and how much, as any country writes it that leaves no doubt.

    Raises StatementInvalid for what is none, and for `1,234`, which is a thousand to some and one to others.
    """
    bare = text.strip()
    is_less = bare[:1] in _SIGNS or bare[-1:] in _SIGNS
    bare = bare.strip(_SIGNS + "+ ")
    last = max(bare.rfind("."), bare.rfind(","))
    units, rest = (bare[:last], bare[last + 1 :]) if last >= 0 else (bare, "")
    whole = _whole(bare)
    if last < 0 or (whole is not None and bare.count(bare[last]) > 1):
        if whole is None:
            raise StatementInvalid(line, f"{shown(text)} is no amount. Write it as 1234.50.")
        return is_less, _money(whole, "", currency, line)
    separated, digits = _whole(units), currencies.exponent(currency)
    if separated is None or not re.fullmatch(r"[0-9]{1,10}", rest) or bare[last] in units:
        raise StatementInvalid(line, f"{shown(text)} is no amount. Write it as 1234.50.")
    if len(rest) == 3 and whole is not None and not units.startswith("0"):
        if digits:
            raise StatementInvalid(line, f"{shown(text)} can be read in two ways. Write all decimals, as in 1234.50.")
        return is_less, _money(whole, "", currency, line)
    return is_less, _money(separated, rest, currency, line)


def _whole(text: str) -> str | None:
    """A number's digits, in groups of three or without; None for what is none."""
    if _PLAIN.fullmatch(text):
        return text
    return re.sub(r"[^0-9]", "", text) if _GROUPED.fullmatch(text) and len(text) < 24 else None


def _money(units: str, rest: str, currency: str, line: int) -> Money:
    digits = currencies.exponent(currency)
    kept, over = rest[:digits], rest[digits:]
    if over.strip("0"):
        raise StatementInvalid(line, f"{currency} has {digits} decimals, and here are {len(rest)}.")
    try:
        return Money(int(units + kept.ljust(digits, "0")), currency)
    except ValueError:
        raise StatementInvalid(line, "The amount is larger than any that is kept.") from None


def currency(text: str, line: int) -> str:
    """A currency's code. Raises StatementInvalid."""
    if not currencies.known(text):
        raise StatementInvalid(line, f"{shown(text)} is no currency: it takes an ISO 4217 code such as EUR.")
    return text


def moment(text: str, line: int) -> Instant:
    """A day or a time in ISO 8601 (UTC where no zone is said). Raises StatementInvalid."""
    try:
        if len(text) <= 10 or text[10] != "T":
            day = date.fromisoformat(text[:10])
            at = datetime(day.year, day.month, day.day, tzinfo=UTC)
        else:
            at = datetime.fromisoformat(text)
            at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise StatementInvalid(line, f"{shown(text)} is no date: it takes YYYY-MM-DD.") from None
    since = at - _EPOCH
    if since.days < 0:
        raise StatementInvalid(line, f"{shown(text)} is no date of a statement.")
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def debtor(name: str, account: str, bic: str = "") -> Debtor:
    """Who sent money. An account that is no IBAN is one to which nothing goes back by itself."""
    compact = "".join(account.split()).upper()
    is_iban = bool(compact) and schwifty.IBAN(compact, allow_invalid=True).is_valid
    known = bic if re.fullmatch(r"[A-Z0-9]{8}(?:[A-Z0-9]{3})?", bic) else ""
    return Debtor(_printable(name)[:140], compact if is_iban else "", known)


def shown(text: str) -> str:
    """A piece of a file in a sentence."""
    return repr(text if len(text) <= 40 else text[:40] + "…")


def joined(texts: Iterable[str]) -> str:
    """Pieces that a bank broke a text into. What it broke is found again; a space keeps the rest apart."""
    return " ".join(texts)
