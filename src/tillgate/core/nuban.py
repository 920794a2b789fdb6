"""NUBAN: the ten digits of a bank account in Nigeria, of which the last one checks the bank and the nine before it."""

import re
from typing import Final

from tillgate.core.reasons import Reason, Refused

_NUMBER: Final = re.compile(r"[0-9]{10}", re.ASCII)
_BANK: Final = re.compile(r"[0-9]{3}", re.ASCII)
_WEIGHTS: Final = (3, 7, 3, 3, 7, 3, 3, 7, 3, 3, 7, 3)
"""Of the bank's three digits and the account's nine (Central Bank of Nigeria, Revised Standards on NUBAN, 2020)."""


def check_digit(bank_code: str, serial: str) -> int:
    """What follows the nine digits of an account's serial number in a bank with three digits."""
    digits = map(int, bank_code + serial)
    return -sum(weight * digit for weight, digit in zip(_WEIGHTS, digits, strict=True)) % 10


def check(number: str, bank_code: str, field: str) -> None:
    """Raises Refused(PARAMETER_INVALID, field) for what cannot be an account's number in a bank with this code."""
    if not _NUMBER.fullmatch(number):
        raise Refused(Reason.PARAMETER_INVALID, field, problem="it takes 10 digits")
    if _BANK.fullmatch(bank_code) and check_digit(bank_code, number[:9]) != int(number[9]):
        raise Refused(Reason.PARAMETER_INVALID, field, problem="a digit of it is wrong, or it is in another bank")
