"""CAMT.053: a bank's statement in XML (ISO 20022, camt.053.001.02 and later), read in one pass and in little memory.

Nothing is expanded: a document type, and with it any entity of the file's own, is refused.
"""

import re
from collections.abc import Iterator
from typing import IO, Final
from xml.parsers import expat

from tillgate.connectors import statements
from tillgate.connectors.statements import LONGEST_TEXT, Line, Names, StatementInvalid, Written
from tillgate.core.arrivals import Debtor
from tillgate.core.money import Money

_AT_ONCE: Final = 64 * 1024
_DEEPEST: Final = 40
_MOST_OF_A_BATCH: Final = 50_000
_MOST_TEXTS: Final = 100
"""How many texts of a payment, or of an entry beside its payments, are kept."""

_NAMESPACE: Final = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.[0-9]{2}")
_ENCODINGS: Final = frozenset({"utf-8", "utf-16", "us-ascii", "iso-8859-1", "iso-8859-15", "windows-1252"})
"""In which banks write; by any other name a parser may fail in ways of its own."""
_IS_XML: Final = "Take the bank's file as it is: XML, camt.053."

Texts = dict[str, list[str]]
"""What stands in an element, by its path: `RltdPties/Dbtr/Nm`."""


def read(file: IO[bytes]) -> Iterator[Line]:
    """The lines of a statement, in their order. Raises StatementInvalid for what is none, or is not whole."""
    reader = _Reader()
    while chunk := file.read(_AT_ONCE):
        yield from reader.feed(chunk, is_last=False)
    yield from reader.feed(b"", is_last=True)


class _Reader:
    """Where in the file it is, and what has been read of the entry there."""

    def __init__(self) -> None:
        self._names = Names()
        self._found: list[Line] = []
        self._path: list[str] = []
        self._text: list[str] = []
        self._length = 0
        self._account = ""
        self._entry: Texts = {}
        self._details: list[tuple[int, Texts]] = []
        self._one: Texts = {}
        self._begun = (0, 0)
        self._currency = ""
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.XmlDeclHandler = self._declaration
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters

    def feed(self, chunk: bytes, *, is_last: bool) -> list[Line]:
        """The lines that end in a piece of the file."""
        self._found = []
        try:
            self._parser.Parse(chunk, is_last)
        except expat.ExpatError as wrong:
            what = "The file ends too soon." if is_last else f"This is no XML ({expat.ErrorString(wrong.code)})."
            raise StatementInvalid(wrong.lineno, f"{what} {_IS_XML}") from None
        return self._found

    @property
    def _line(self) -> int:
        return int(self._parser.CurrentLineNumber)

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in _ENCODINGS:
            raise StatementInvalid(self._line, f"The encoding {statements.shown(encoding)} is not taken. {_IS_XML}")

    def _doctype(self, *_: object) -> None:
        raise StatementInvalid(self._line, f"A document type is not taken: nothing is expanded. {_IS_XML}")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        space, _, tag = name.rpartition(" ")
        if not self._path and (tag != "Document" or not _NAMESPACE.fullmatch(space)):
            raise StatementInvalid(self._line, f"This is {statements.shown(space or tag)}, and no statement. {_IS_XML}")
        if len(self._path) >= _DEEPEST:
            raise StatementInvalid(self._line, f"The elements are too deep. {_IS_XML}")
        if len(self._path) == 1 and tag != "BkToCstmrStmt":
            raise StatementInvalid(self._line, f"{statements.shown(tag)} is no statement. {_IS_XML}")
        self._path.append(tag)
        self._text, self._length = [], 0
        at = "/".join(self._path[2:])
        if at == "Stmt":
            self._account = ""
        elif at == "Stmt/Ntry":
            self._entry, self._details, self._begun = {}, [], (self._line, 0)
        elif at == "Stmt/Ntry/NtryDtls/TxDtls":
            self._one, self._begun = {}, (self._begun[0], self._line)
            if len(self._details) >= _MOST_OF_A_BATCH:
                raise StatementInvalid(self._line, f"An entry has more than {_MOST_OF_A_BATCH} payments.")
        if tag == "Amt" or tag == "TxAmt":
            self._currency = attributes.get("Ccy", self._currency)

    def _characters(self, text: str) -> None:
        self._length += len(text)
        if self._length > LONGEST_TEXT:
            raise StatementInvalid(self._line, "A text is longer than any of a statement.")
        self._text.append(text)

    def _end(self, name: str) -> None:
        at, text = "/".join(self._path[2:]), "".join(self._text).strip()
        self._path.pop()
        self._text, self._length = [], 0
        if at == "Stmt/Acct/Id/IBAN":
            self._account = "".join(text.split()).upper()
        elif at == "Stmt/Ntry/NtryDtls/TxDtls":
            self._details.append((self._begun[1], self._one))
        elif at == "Stmt/Ntry":
            self._found += self._lines()
        elif at.startswith("Stmt/Ntry/NtryDtls/TxDtls/"):
            _note(self._one, at[26:], text, self._currency)
        elif at.startswith("Stmt/Ntry/"):
            _note(self._entry, at[10:], text, self._currency)

    def _lines(self) -> Iterator[Line]:
        """The payments of an entry: each of a batch by itself, where their amounts make up the whole."""
        entry, number = self._entry, self._begun[0]
        status = _first(entry, "Sts/Cd", "Sts") or "BOOK"
        if status not in ("BOOK", "PDNG"):
            return
        whole = _amount(entry, "Amt", number)
        if whole is None:
            raise StatementInvalid(number, "An entry has no amount (Amt).")
        parts = [(line, one, _part(one, whole, line)) for line, one in self._details]
        if len(parts) < 2 or sum(part.amount for _, _, part in parts if part) != whole.amount:
            together: Texts = {}
            for _, one, _ in parts:
                for path, texts in one.items():
                    together.setdefault(path, []).extend(texts)
            yield self._told(number, together, whole, status, in_batch=False)
            return
        for line, one, part in parts:
            assert part is not None, "they make up the whole"
            yield self._told(line, one, part, status, in_batch=True)

    def _told(self, number: int, one: Texts, amount: Money, status: str, *, in_batch: bool) -> Line:
        entry = self._entry
        booked = _first(entry, "BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm")
        if not booked:
            raise StatementInvalid(number, "An entry has no date (BookgDt).")
        if not self._account:
            raise StatementInvalid(number, "The statement does not say of which account it is (Acct/Id/IBAN).")
        indicator = _first(one, "CdtDbtInd") if in_batch else ""
        indicator = indicator or _first(entry, "CdtDbtInd")
        if indicator not in ("CRDT", "DBIT"):
            raise StatementInvalid(number, "An entry says neither CRDT nor DBIT (CdtDbtInd).")
        own, of_entry = (
            statements.reference(_first(*place), number)
            for place in ((one, "Refs/AcctSvcrRef"), (entry, "AcctSvcrRef"))
        )
        is_named = statements.says_something(own) and (not in_batch or own != of_entry)
        others = tuple(_first(one, f"Refs/{name}") for name in ("EndToEndId", "TxId", "InstrId", "UETR"))
        written = Written(
            amount=amount,
            booked_at=statements.moment(booked, number),
            reference=own if is_named else "" if in_batch else of_entry,
            within=of_entry if in_batch and not is_named and statements.says_something(of_entry) else "",
            debtor=_debtor(one),
            remittance=statements.joined(
                text
                for path in ("RmtInf/Strd/CdtrRefInf/Ref", "RmtInf/Ustrd", "AddtlTxInf", "Refs/EndToEndId")
                for text in one.get(path, ())
                if statements.says_something(text)
            )
            or _first(entry, "AddtlNtryInf"),
            others=(*others, own, of_entry),
            is_credit=indicator == "CRDT",
            is_reversal=_first(entry, "RvslInd").lower() in ("true", "1"),
            is_pending=status == "PDNG",
        )
        return Line(number, self._account, self._names.booked(written) if amount.amount else None)


def _note(texts: Texts, path: str, text: str, currency: str) -> None:
    if path.rpartition("/")[2] in ("Amt", "TxAmt") and text:
        text = f"{text} {currency}"
    if text and len(texts) < _MOST_TEXTS:
        known = texts.setdefault(path, [])
        if len(known) < _MOST_TEXTS:
            known.append(text)


def _first(texts: Texts, *paths: str) -> str:
    return next((texts[path][0] for path in paths if path in texts), "")


def _amount(texts: Texts, path: str, line: int) -> Money | None:
    text, _, code = _first(texts, path).rpartition(" ")
    return statements.exact(text, statements.currency(code, line), line) if text else None


def _part(one: Texts, whole: Money, line: int) -> Money | None:
    """What a payment of an entry is of it; None where it does not say so in the entry's currency."""
    found = _amount(one, "Amt", line) or _amount(one, "AmtDtls/TxAmt/Amt", line)
    return found if found is not None and found.currency == whole.currency else None


def _debtor(one: Texts) -> Debtor:
    name = _first(one, "RltdPties/Dbtr/Pty/Nm", "RltdPties/Dbtr/Nm", "RltdPties/UltmtDbtr/Pty/Nm")
    account = _first(one, "RltdPties/DbtrAcct/Id/IBAN")
    bic = _first(one, "RltdAgts/DbtrAgt/FinInstnId/BICFI", "RltdAgts/DbtrAgt/FinInstnId/BIC")
    return statements.debtor(name, account, bic)
