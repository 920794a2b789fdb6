"""The documents of the API, word for word, and the examples in them by the heading above and their first line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

HERE = Path(__file__).parent

STARTS = ("{", "curl ", "const ", "import ", "// ", "Authorization: ", "X-RateLimit-Limit", "| Parameter |")
"""How the first line of an example begins, or of a table of what a request takes."""


class Excerpt(msgspec.Struct, frozen=True):
    """A part of a document: all from its `first` line, below the heading, to its `last`, of several the first."""

    document: str
    heading: str
    first: str
    last: str

    @property
    def span(self) -> tuple[int, int]:
        """The numbers of its first line and of the one after its last, from 0. Raises ValueError if it is not there."""
        all = lines(self.document)
        start = all.index(self.first, all.index(self.heading))
        return start, all.index(self.last, start) + 1

    @property
    def text(self) -> str:
        """The part, word for word."""
        start, end = self.span
        return "\n".join(lines(self.document)[start:end])

    @property
    def json(self) -> Any:
        """The first value of the part, read as JSON."""
        rest = "\n".join(lines(self.document)[self.span[0] :])
        return json.JSONDecoder().raw_decode(rest)[0]

    @property
    def parameters(self) -> dict[str, tuple[str, str]]:
        """The rows of a table of parameters by name: type, and whether it is required."""
        rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in self.text.splitlines()[2:]]
        return {row[0]: (row[1], row[2]) for row in rows}


def lines(document: str) -> list[str]:
    """The lines of a document."""
    return (HERE / f"{document}.txt").read_text(encoding="utf-8").splitlines()


def beginnings(document: str) -> Iterator[int]:
    """The numbers of the lines with which an example may begin, those within an example too."""
    for number, line in enumerate(lines(document)):
        if line.startswith(STARTS):
            yield number
