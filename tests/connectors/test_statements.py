"""Statements are read exactly, under the same names in any order, and what is wrong is refused by its line."""

import contextlib
import io
import itertools
import time
import tracemalloc
from collections.abc import Iterator
from typing import IO, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.connectors.files import DEBTOR, IBAN, camt, entry, transaction
from tests.sizes import at_size
from tillgate.connectors import camt053, csv_statements, statements
from tillgate.connectors.statements import Line, StatementInvalid
from tillgate.core import currencies
from tillgate.core.instants import DAY
from tillgate.core.money import Money
from tillgate.core.transfers import Booked

HEAD = "booked_on,amount,currency,reference,debtor_name,debtor_iban,remittance,reversal,status"


def lines(file: bytes) -> list[Line]:
    return list(camt053.read(io.BytesIO(file)))


def booked(file: bytes) -> list[Booked]:
    return [line.booked for line in lines(file) if line.booked]


def rows(*written: str, head: str = HEAD) -> list[Line]:
    return list(csv_statements.read(io.BytesIO("\n".join((head, *written)).encode())))


@pytest.mark.parametrize("version", ["02", "04", "08", "13"])
def test_every_version_says_the_same(version: str) -> None:
    form = "02" if version < "08" else "08"
    only = {"AcctSvcrRef": "R1", "EndToEndId": "E1", "words": ("RF18 5390", "07547034"), "structured": "RF1"}
    (line,) = lines(camt(entry("1234.50", form, only=only), version=version))
    assert (line.number, line.account) == (4, IBAN)
    found = line.booked
    assert found is not None
    assert (found.reference, found.amount) == ("R1", Money(123_450, "EUR"))
    assert found.booked_at == 20_777 * DAY
    assert (found.debtor.name, found.debtor.iban, found.debtor.bic) == ("Ann Lee", DEBTOR, "COBADEFFXXX")
    assert found.remittance == "RF1 RF18 5390 07547034 E1"
    assert {found.is_reversal, found.is_pending, found.is_ours} == {False}


def test_what_went_out_is_none_of_ours_and_what_was_taken_back_is() -> None:
    file = camt(
        entry("1.00", indicator="DBIT"),
        entry("2.00", indicator="DBIT", reversal="true"),
        entry("3.00", reversal="true", reference="R3"),
        entry("4.00", status="PDNG", reference="R4"),
        entry("5.00", status="INFO", reference="R5"),
    )
    out, back, ours, pending = (line.booked for line in lines(file))
    assert out is None
    assert back
    assert ours
    assert pending
    assert (back.is_reversal, ours.is_ours, pending.is_pending) == (True, True, True)


def batch(*parts: str, total: str, version: str = "08", **said: Any) -> bytes:
    details = (transaction(version, part=part, **said) for part in parts)
    return camt(entry(total, version, *details, reference="B1"), version=version)


@pytest.mark.parametrize("version", ["02", "08"])
def test_a_batch_is_as_many_payments_as_make_it_up(version: str) -> None:
    found = booked(batch("1.00", "2.50", "1.00", total="4.50", version=version))
    assert [one.amount.amount for one in found] == [100, 250, 100]
    assert len({one.reference for one in found}) == 3
    assert {one.reference for one in booked(batch("1.00", "1.00", "2.50", total="4.50", version=version))} == {
        one.reference for one in found
    }
    (whole,) = booked(batch("1.00", "2.50", total="4.50", version=version))
    assert (whole.amount.amount, whole.reference) == (450, "B1")


def test_references_that_a_batch_shares_with_its_parts_name_none_of_them() -> None:
    shared = booked(batch("1.00", "2.00", total="3.00", AcctSvcrRef="B1"))
    assert len({one.reference for one in shared}) == 2


def test_lines_without_a_reference_have_the_same_names_in_any_order() -> None:
    one, other = entry("1.00", reference=""), entry("2.00", reference="NONREF")
    orders = [camt(*order) for order in itertools.permutations((one, one, other))]
    names = [sorted((found.reference, found.amount.amount) for found in booked(file)) for file in orders]
    assert all(found == names[0] for found in names)
    assert len({name for name, _ in names[0]}) == 3


BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">&b;</Document>"""
EXTERNAL = b'<?xml version="1.0"?>\n<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>'

WRONG = {
    "a bomb": (BOMB, 2, "nothing is expanded"),
    "an external entity": (EXTERNAL, 2, "nothing is expanded"),
    "an entity": (camt(entry(only={"words": ()}) + "&nbsp;"), 5, "no XML"),
    "cut off": (camt(entry())[:-40], 4, "ends too soon"),
    "nothing": (b"", 1, "ends too soon"),
    "no XML": (b"<<<", 1, "no XML"),
    "another message": (camt(entry()).replace(b"camt.053", b"camt.052"), 2, "camt.053"),
    "no statement": (b"<html/>", 1, "no statement"),
    "no encoding": (b'<?xml version="1.0" encoding="aUTF-8"?><Document/>', 1, "encoding 'aUTF-8' is not taken"),
    "encoding of another kind": (b'<?xml version="1.0" encoding="idna"?><Document/>', 1, "encoding 'idna'"),
    "not a number": (camt(entry("NaN")), 4, "no amount"),
    "too much": (camt(entry("1e400")), 4, "no amount"),
    "infinite": (camt(entry("Infinity")), 4, "no amount"),
    "negative": (camt(entry("-1.00")), 4, "no amount"),
    "a comma": (camt(entry("1,00")), 4, "no amount"),
    "a fraction of a cent": (camt(entry("1.001")), 4, "decimals"),
    "enormous": (camt(entry("9" * 15 + "0" * 4)), 4, "no amount"),
    "no currency": (camt(entry(currency="XYZ")), 4, "no currency"),
    "a small currency": (camt(entry(currency="eur")), 4, "no currency"),
    "no direction": (camt(entry(indicator="BOTH")), 4, "neither CRDT nor DBIT"),
    "no day": (camt(entry(day="2026-02-30")), 4, "no date"),
    "long ago": (camt(entry(day="1026-02-03")), 4, "date"),
    "the second": (camt(entry(), entry("x")), 5, "no amount"),
    "no account": (camt(entry(), iban=""), 4, "which account"),
    "long words": (camt(entry(only={"words": ("x" * 20_000,)})), 4, "longer"),
    "deep": (camt("<a>" * 100), 4, "deep"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refused_by_its_line(name: str) -> None:
    file, number, words = WRONG[name]
    with pytest.raises(StatementInvalid, match=words) as refused:
        lines(file)
    assert refused.value.line == number
    assert refused.value.problem.endswith(".")


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode), st.integers(0, 900))
@settings(max_examples=at_size(40, 5_000), deadline=None)
def test_no_file_breaks_the_reader(garbage: bytes, at: int) -> None:
    whole = camt(entry())
    for read in (camt053.read, csv_statements.read):
        for file in (garbage, whole[:at] + garbage + whole[at:], HEAD.encode() + b"\n" + garbage):
            with contextlib.suppress(StatementInvalid):
                list(read(io.BytesIO(file)))


class Endless(io.RawIOBase):
    """A file of any length that lies nowhere."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def read(self, size: int = -1) -> bytes:
        return next(self._pieces, b"")


def endless(count: int) -> IO[bytes]:
    head, _, tail = camt("|").partition(b"|")
    pieces = (entry("1.00", reference=f"R{number}").encode() for number in range(count))
    return Endless(itertools.chain([head], pieces, [tail]))  # type: ignore[return-value]


def test_a_long_statement_takes_no_more_memory_than_a_short_one() -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        assert sum(1 for _ in camt053.read(endless(count))) == count
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    # What is allocated once, whenever it is, is no matter of the length.
    assert min(peak(at_size(1_000, 10_000)) for _ in range(3)) < 2 * peak(100) + 100_000


def test_ten_thousand_lines_are_read_in_seconds() -> None:
    began = time.perf_counter()
    count = at_size(1_000, 10_000)
    assert sum(1 for _ in camt053.read(endless(count))) == count
    assert time.perf_counter() - began < 20


AMOUNTS = {
    "1234.50": 123_450,
    "1234,50": 123_450,
    "1.234,50": 123_450,
    "1,234.50": 123_450,
    "1 234,50": 123_450,
    "1\u00a0234,50": 123_450,
    "1'234.50": 123_450,
    "1.234.567,8": 123_456_780,
    "1,234,567": 123_456_700,
    "1.234.567": 123_456_700,
    "12": 1_200,
    "12,5": 1_250,
    "0.05": 5,
    "0,050": 5,
    "+3.00": 300,
}


@pytest.mark.parametrize("text", AMOUNTS)
def test_an_amount_is_read_as_any_country_writes_it(text: str) -> None:
    assert statements.localized(text, "EUR", 1) == (False, Money(AMOUNTS[text], "EUR"))
    for less in (f"-{text.strip('+')}", f"{text.strip('+')}-", f"−{text.strip('+')}"):
        assert statements.localized(less, "EUR", 1) == (True, Money(AMOUNTS[text], "EUR"))


DOUBTFUL = ["1,234", "1.234", "12.345", "999,000"]
NONE = [
    "",
    "-",
    "abc",
    "1.2.3",
    "1,2,3",
    "1.23,45,6",
    "1e3",
    "NaN",
    "1..2",
    "12.34.56",
    "1,234.5,6",
    "0x10",
    "१२",
    "1 2",
]


@pytest.mark.parametrize("text", DOUBTFUL)
def test_what_two_countries_read_in_two_ways_is_refused(text: str) -> None:
    with pytest.raises(StatementInvalid, match="two ways"):
        statements.localized(text, "EUR", 7)


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(StatementInvalid, match="no amount"):
        statements.localized(text, "EUR", 7)


def test_a_currency_without_decimals_leaves_no_doubt() -> None:
    assert statements.localized("1,234", "JPY", 1) == (False, Money(1_234, "JPY"))
    assert statements.localized("1.234", "JPY", 1) == (False, Money(1_234, "JPY"))
    with pytest.raises(StatementInvalid, match="decimals"):
        statements.localized("1.5", "JPY", 1)


@given(
    st.integers(0, 10**14),
    st.sampled_from(["EUR", "JPY", "KWD", "USD"]),
    st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", "."), ("", "."), ("", ",")]),
)
@settings(max_examples=at_size(60, 10_000), deadline=None)
def test_every_amount_written_with_all_its_decimals_is_exact_or_refused(
    amount: int, currency: str, locale: tuple[str, str]
) -> None:
    group, point = locale
    digits = currencies.exponent(currency)
    units, rest = divmod(amount, 10**digits)
    written = f"{units:,}".replace(",", group) + (f"{point}{rest:0{digits}}" if digits else "")
    # Three decimals may be as many thousands, unless groups are told apart as well, or none begins with nothing.
    if currency == "KWD" and 0 < units < 1_000:
        with pytest.raises(StatementInvalid, match="two ways"):
            statements.localized(written, currency, 1)
    else:
        assert statements.localized(written, currency, 1) == (False, Money(amount, currency))


def test_a_table_of_columns_is_a_statement() -> None:
    first, second, third, fourth = rows(
        f"2026-11-20,100.00,EUR,A1,Ann Lee,{DEBTOR},RF18 5390 0754 7034,,",
        '2026-11-20,"1.000,50",eur,A2,"Lee, Bob",not an iban,x,,pending',
        "",
        "2026-11-21,-5.00,EUR,A3,,,,,",
        "2026-11-21,-100.00,EUR,A1,,,,storno,",
    )
    assert first.booked
    assert second.booked
    assert fourth.booked
    assert (first.number, first.booked.reference, first.booked.debtor.iban) == (2, "A1", DEBTOR)
    assert (second.booked.amount, second.booked.is_pending) == (Money(100_050, "EUR"), True)
    assert (second.booked.debtor.name, second.booked.debtor.iban) == ("Lee, Bob", "")
    assert third.booked is None
    assert (fourth.number, fourth.booked.is_reversal) == (6, True)


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_table_may_be_separated_otherwise(delimiter: str) -> None:
    written = ("2026-11-20", "100,00", "EUR")
    (line,) = rows(delimiter.join(written), head=delimiter.join(("booked_on", "amount", "currency")))
    assert line.booked is not None
    assert line.booked.amount == Money(10_000, "EUR")


@pytest.mark.parametrize(
    ("head", "row", "number", "words"),
    [
        ("amount,currency", "1.00,EUR", 1, "lacks booked_on"),
        (HEAD + ",color", "", 1, "color"),
        ("booked_on,amount,amount,currency", "", 1, "twice"),
        ("booked_on,amount,currency", "2026-11-20,1.00", 2, "2 columns"),
        ("booked_on,amount,currency", '2026-11-20,"1.00,EUR', 2, "CSV"),
        ("booked_on,amount,currency", "20.11.2026,1.00,EUR", 2, "no date"),
        ("booked_on,amount,currency", "2026-11-20,1.00,Euro", 2, "no currency"),
        ("booked_on,amount,currency,status", "2026-11-20,1.00,EUR,perhaps", 2, "status"),
        ("booked_on,amount,currency,reversal", "2026-11-20,1.00,EUR,perhaps", 2, "reversal"),
        ("booked_on,amount,currency", "2026-11-20,1.00,EUR" + "x" * 20_000, 2, "longer"),
    ],
)
def test_a_table_that_is_wrong_is_refused_by_its_line(head: str, row: str, number: int, words: str) -> None:
    with pytest.raises(StatementInvalid, match=words) as refused:
        rows(row, head=head)
    assert refused.value.line == number


def test_a_table_in_another_encoding_is_refused() -> None:
    with pytest.raises(StatementInvalid, match="UTF-8"):
        list(csv_statements.read(io.BytesIO((HEAD + "\n2026-11-20,1.00,EUR,ä,,,,,").encode("latin-1"))))


@pytest.mark.parametrize("reference", ["R" * 141, "R\x001", "R\x1b[2J"])
def test_what_no_bank_names_a_line_by_is_no_reference(reference: str) -> None:
    with pytest.raises(StatementInvalid, match="is no reference"):
        rows(f"2026-11-20,1.00,EUR,{reference},,,,,")
    if "\x00" not in reference and "\x1b" not in reference:
        with pytest.raises(StatementInvalid, match="is no reference"):
            lines(camt(entry(reference=reference)))


def test_words_have_a_terminal_and_a_database_do_nothing() -> None:
    (line,) = rows("2026-11-20,1.00,EUR,R1,A\x1b[2Jnn\x00Lee,,RF18\u202e\x9b2J 7,,")
    assert line.booked is not None
    assert (line.booked.debtor.name, line.booked.remittance) == ("A [2Jnn Lee", "RF18 2J 7")


@pytest.mark.parametrize("day", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_a_time_that_no_calendar_has_is_refused_by_its_line(day: str) -> None:
    with pytest.raises(StatementInvalid, match="is no date"):
        rows(f"{day},1.00,EUR,R1,,,,,")
