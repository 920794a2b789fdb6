"""Statements at the command line: read whole or not at all, taken in once, and what fits nothing decided upon."""

import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.connectors.files import camt, entry
from tillgate import cli
from tillgate.core import creditor_references

ARRIVAL = re.compile(r"^(arr_\w+)", re.MULTILINE)


class Desk:
    """An operator's desk over a database of the test's own."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def asks(self, *arguments: str) -> Result:
        clean = {"TILLGATE_DATABASE": "", "TILLGATE_DATA": str(self.data)}
        return CliRunner().invoke(cli.main, ["statements", *arguments], env=clean)

    def done(self, *arguments: str) -> str:
        result = self.asks(*arguments)
        assert result.exit_code == 0, result.output
        return result.output

    def imports(self, content: bytes, name: str = "statement.xml") -> Result:
        file = self.data / name
        file.write_bytes(content)
        return self.asks("import", str(file))

    def waiting(self) -> list[str]:
        return ARRIVAL.findall(self.done("unmatched"))


@pytest.fixture
def desk(tmp_path: Path, migrated: Path) -> Desk:
    shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
    return Desk(tmp_path)


def counted(result: Result) -> list[str]:
    assert result.exit_code == 0, result.output
    return [line.split(":")[0].strip() for line in result.output.splitlines()]


def test_a_statement_is_taken_in_once_in_whatever_order_it_comes(desk: Desk) -> None:
    reversal = entry("2.00", indicator="DBIT", reversal="true", reference="R2")
    entries = [
        *(reversal, entry("1.00", reference="R1"), entry("2.00", reference="R2")),
        *(entry("3.00", indicator="DBIT", reference="R3"), entry("4.00", status="PDNG", reference="R4")),
    ]
    first = ["2  to be matched", "1  taken back by the bank", "1  pending", "1  went out, and are none of these"]
    assert counted(desk.imports(camt(*entries))) == first
    again = ["1  pending", "3  known before", "1  went out, and are none of these"]
    assert counted(desk.imports(camt(*reversed(entries), entry("4.00", reference="R4")))) == [
        "1  to be matched",
        *again,
    ]
    assert len(desk.waiting()) == 2
    audit = CliRunner().invoke(cli.main, ["audit", "--data", str(desk.data)], env={"TILLGATE_DATABASE": ""})
    assert (audit.exit_code, audit.output.splitlines()[-1]) == (0, "The books are right.")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (camt(entry("1.00"), entry("NaN")), "line 5: 'NaN' is no amount"),
        (camt(entry("1.00"))[:-30], "line 5: The file ends too soon"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "line 1: A document type is not taken"),
        (b"booked_on,amount,currency\n2026-11-20,1.00,EUR\n2026-11-20,1e400,EUR\n", "line 3: '1e400' is no amount"),
        (b"", "line 1: The first line lacks booked_on"),
    ],
)
def test_nothing_is_taken_in_of_a_file_that_cannot_be_read_whole(desk: Desk, content: bytes, words: str) -> None:
    result = desk.imports(content)
    assert result.exit_code == 1
    assert words in result.output
    assert "Nothing was taken in." in result.output
    assert desk.waiting() == []


def test_what_is_of_another_account_is_told_by_its_line_and_the_rest_taken_in(desk: Desk) -> None:
    result = desk.imports(camt(entry("1.00"), iban="DE89370400440532013000"))
    assert result.exit_code == 1
    assert "line 4: It is of account DE89370400440532013000" in result.output
    assert desk.waiting() == []
    named = desk.done(
        "account", "--currency", "eur", "--holder", "Ann's Books", "--iban", "DE89 3704 0044 0532 0130 00"
    )
    assert (
        named == "EUR  DE89370400440532013000  COBADEFFXXX  Ann's Books\n" == desk.done("account", "--currency", "EUR")
    )
    assert counted(desk.imports(camt(entry("1.00"), iban="DE89370400440532013000"))) == ["1  to be matched"]
    changed = desk.imports(camt(entry("9.00"), entry("2.00", reference="R2"), iban="DE89370400440532013000"))
    assert changed.exit_code == 1
    assert "line 4: the bank told of €1.00 EUR under the reference 'R1' before" in changed.output
    assert len(desk.waiting()) == 2


def test_a_person_decides_upon_what_fits_nothing(desk: Desk) -> None:
    table = b"booked_on;amount;currency;remittance\n2026-11-20;1.000,50;EUR;shoes\n2026-11-20;1.000,50;EUR;shoes\n"
    assert counted(desk.imports(table, "statement.csv")) == ["2  to be matched"]
    assert counted(desk.imports(table, "again.csv")) == ["2  known before"]
    arrival, _ = desk.waiting()
    nobody = desk.asks("match", arrival, creditor_references.make(1))
    assert (nobody.exit_code, "There is no payment" in nobody.output) == (1, True)
    nowhere = desk.asks("return", arrival)
    assert (nowhere.exit_code, "--iban" in nowhere.output) == (1, True)
    wrong = desk.asks("return", arrival, "--iban", "DE89370400440532013001")
    assert (wrong.exit_code, "check digits" in wrong.output) == (1, True)
    gone = desk.done("return", arrival, "--iban", "DE89370400440532013000", "--holder", "Ann")
    assert gone.split()[1:4] == ["1000.50", "EUR", "returning"]
    assert arrival not in desk.waiting()
    assert desk.asks("return", arrival).exit_code == 1
