"""EPC QR codes: what a banking app reads to fill in a SEPA credit transfer (EPC069-12, version 2.1, version 002)."""

from typing import Final

from tillgate.core.money import Money

LEAST: Final = 1
MOST: Final = 999_999_999_99
"""The least and the most that a code can ask for, in cents of the euro."""

_HOLDER: Final = 70
_BYTES: Final = 331


def text(holder: str, iban: str, bic: str, amount: Money, reference: str) -> str | None:
    """The code's text, with an ISO 11649 reference; None for what no code can ask for, such as other currencies."""
    if amount.currency != "EUR" or not LEAST <= amount.amount <= MOST:
        return None
    name = " ".join(holder.split())[:_HOLDER]
    lines = ("BCD", "002", "1", "SCT", bic, name, iban, f"EUR{amount.decimal_text()}", "", reference)
    written = "\n".join(lines)
    return written if name and len(written.encode()) <= _BYTES else None
