"""Statements as CSV, in the columns that docs/how-to/bank-transfers.md names, as spreadsheets anywhere write it."""

import csv
import io
from collections.abc import Iterator
from typing import IO, Final

from tillgate.connectors import statements
from tillgate.connectors.statements import LONGEST_TEXT, Line, Names, StatementInvalid, Written

REQUIRED: Final = ("booked_on", "amount", "currency")
OPTIONAL: Final = ("account", "reference", "debtor_name", "debtor_iban", "remittance", "reversal", "status")

_YES: Final = frozenset({"yes", "true", "1", "storno", "rvcl", "reversal"})
_NO: Final = frozenset({"", "no", "false", "0"})
_STATUSES: Final = {"": False, "booked": False, "book": False, "pending": True, "pdng": True}


def read(file: IO[bytes]) -> Iterator[Line]:
    """The lines of a statement, in their order. Raises StatementInvalid."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    try:
        yield from _lines(text)
    except UnicodeDecodeError:
        raise StatementInvalid(1, "The file is not in UTF-8. Save it as CSV in UTF-8.") from None
    finally:
        text.detach()


def _lines(text: io.TextIOWrapper) -> Iterator[Line]:
    head = text.readline(LONGEST_TEXT)
    delimiter = max(",;\t", key=head.count)
    columns = [name.strip().lower() for name in next(csv.reader([head], delimiter=delimiter), [])]
    _check_columns(columns)
    names = Names()
    rows = csv.reader(_bounded(text), delimiter=delimiter, strict=True)
    while True:
        try:
            row = next(rows, None)
        except csv.Error as wrong:
            raise StatementInvalid(rows.line_num + 1, f"This is no CSV ({wrong}).") from None
        if row is None:
            return
        number = rows.line_num + 1
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(columns):
            raise StatementInvalid(number, f"It has {len(row)} columns, and the first line has {len(columns)}.")
        yield _line(dict(zip(columns, (cell.strip() for cell in row), strict=True)), number, names)


def _bounded(text: io.TextIOWrapper) -> Iterator[str]:
    """The file's lines, none of which is longer than any that a statement has."""
    number = 1
    while line := text.readline(LONGEST_TEXT + 1):
        number += 1
        if len(line) > LONGEST_TEXT:
            raise StatementInvalid(number, "The line is longer than any of a statement.")
        yield line


def _check_columns(columns: list[str]) -> None:
    missing = [name for name in REQUIRED if name not in columns]
    unknown = [name for name in columns if name not in (*REQUIRED, *OPTIONAL)]
    if missing or unknown or len(set(columns)) != len(columns):
        what = (
            f"lacks {', '.join(missing)}" if missing else f"has {statements.shown(', '.join(unknown) or 'one twice')}"
        )
        taken = ", ".join((*REQUIRED, *OPTIONAL))
        raise StatementInvalid(1, f"The first line {what}. It names the columns: {taken}.")


def _line(row: dict[str, str], number: int, names: Names) -> Line:
    currency = statements.currency(row["currency"].upper(), number)
    is_less, amount = statements.localized(row["amount"], currency, number)
    reversal, status = row.get("reversal", "").lower(), row.get("status", "").lower()
    if reversal not in _YES | _NO:
        raise StatementInvalid(number, f"{statements.shown(reversal)} is neither yes nor no (reversal).")
    if status not in _STATUSES:
        raise StatementInvalid(number, f"{statements.shown(status)} is neither booked nor pending (status).")
    written = Written(
        amount=amount,
        booked_at=statements.moment(row["booked_on"], number),
        reference=statements.reference(row.get("reference", ""), number),
        debtor=statements.debtor(row.get("debtor_name", ""), row.get("debtor_iban", "")),
        remittance=row.get("remittance", ""),
        is_credit=not is_less,
        is_reversal=reversal in _YES,
        is_pending=_STATUSES[status],
    )
    account = "".join(row.get("account", "").split()).upper()
    return Line(number, account, names.booked(written) if amount.amount else None)
