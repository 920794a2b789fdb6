"""Exchange rates: what a merchant sells a currency for, written as decimals and read exactly."""

import re
from collections.abc import Mapping
from typing import Final

from tillgate.core import money
from tillgate.core.instants import Instant
from tillgate.core.rates import Rate
from tillgate.core.reasons import Reason, Refused

SANDBOX: Final[Mapping[str, str]] = {
    "USDNGN": "1550.25",
    "EURNGN": "1680.5",
    "GBPNGN": "1965.75",
    "USDEUR": "0.92",
}
"""What the sandbox exchanges at, always: one of the first currency costs so much of the second."""

_PAIR: Final = re.compile(r"[A-Z]{6}")
_DECIMAL: Final = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,9}))?")
_DIGITS: Final = 12
"""How many an inverse rate is rounded to after the point."""


def parse(pair: str, text: str, source: str, quoted_at: Instant) -> Rate:
    """The rate of two currencies written together, `USDNGN` at `1550.25`.

    Raises Refused(CURRENCY_UNKNOWN, PARAMETER_INVALID, "rates.USDNGN").
    """
    field = f"rates.{pair}" if _PAIR.fullmatch(pair) else "rates"
    found = _DECIMAL.fullmatch(text)
    if found is None or not int(whole := found[1] + (found[2] or "")):
        raise Refused(Reason.PARAMETER_INVALID, field, problem="it takes a decimal above zero, such as 1550.25")
    try:
        return Rate(source, int(whole), 10 ** len(found[2] or ""), pair[:3], pair[3:], quoted_at)
    except ValueError:
        raise Refused(Reason.CURRENCY_UNKNOWN, field) from None


def quote(rates: Mapping[str, str], selling: str, buying: str, source: str, quoted_at: Instant) -> Rate | None:
    """What one unit of a currency buys of another, by rates in either direction; None where none says."""
    if text := rates.get(selling + buying):
        return parse(selling + buying, text, source, quoted_at)
    if text := rates.get(buying + selling):
        return parse(buying + selling, text, source, quoted_at).inverse()
    return None


def decimal_text(rate: Rate) -> str:
    """A rate as a decimal, `1550.25`; what does not end is rounded."""
    scaled = money.rounded(rate.numerator * 10**_DIGITS, rate.denominator)
    whole, rest = divmod(scaled, 10**_DIGITS)
    return f"{whole}.{rest:0{_DIGITS}}".rstrip("0").rstrip(".")
