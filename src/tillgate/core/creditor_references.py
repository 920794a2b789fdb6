"""Creditor references (ISO 11649): what a payer quotes, so that money that arrives by itself is known by it."""

import re
from typing import Final

from stdnum import iso11649
from stdnum.iso7064 import mod_97_10

from tillgate.core import cards

DIGITS: Final = 12
"""How many digits follow the check digits of those that are made here: few enough to be typed on a phone."""

_WRITTEN: Final = re.compile(rf"RF[0-9]{{2}}[0-9]{{{DIGITS}}}")
_APART: Final = re.compile(r"[^0-9A-Z]")


def make(number: int) -> str:
    """The reference with a number's last digits, and the check digits before them: `RF18539007547034`.

    What would pass for a card's number, which nobody may write down, is passed over.
    """
    digits = str(number % 10**DIGITS).rjust(DIGITS, "0")
    reference = f"RF{mod_97_10.calc_check_digits(f'{digits}RF')}{digits}"
    return make(number + 1) if cards.holds_number(reference) else reference


def shown(reference: str) -> str:
    """A reference as people read it, in groups of four."""
    return " ".join(reference[at : at + 4] for at in range(0, len(reference), 4))


def found(text: str) -> tuple[str, ...]:
    """Every reference of ours in a text, each once, in their order; wrong check digits make none.

    Banks break a text up wherever a line of theirs ends, drop what separates, and write small or large letters.
    """
    packed = _APART.sub("", text.upper())
    written = (packed[at : at + DIGITS + 4] for at in _begun(packed))
    return tuple(dict.fromkeys(one for one in written if iso11649.is_valid(one)))


def _begun(packed: str) -> list[int]:
    return [begun.start() for begun in re.finditer(r"(?=RF)", packed) if _WRITTEN.match(packed, begun.start())]
