"""Languages: those that people are spoken to in, and which of them somebody likes best."""

from typing import Final

LANGUAGES: Final = ("en", "es", "de")


def best(accepted: str | None) -> str:
    """The language that a reader likes best of those there are, by their Accept-Language (RFC 9110, 12.5.4)."""
    best, liked = LANGUAGES[0], 0
    for part in (accepted or "").split(",")[:20]:
        name, _, weight = part.partition(";")
        known = name.strip().lower().partition("-")[0]
        thousandths = _thousandths(weight)
        if known in LANGUAGES and thousandths > liked:
            best, liked = known, thousandths
    return best


def _thousandths(weight: str) -> int:
    """How much `q=0.8` weighs: all where nothing is said, nothing where it cannot be read."""
    name, _, value = weight.strip().lower().partition("=")
    if not name:
        return 1000
    whole, _, rest = value.strip().partition(".")
    digits = whole + (rest + "000")[:3]
    is_weight = name.strip() == "q" and len(digits) == 4 and digits.isascii() and digits.isdigit()
    return int(digits) if is_weight else 0
