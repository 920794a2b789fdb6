"""The API's page, word for word: its tables, and what they say of operations, fields and answers."""

import re
from pathlib import Path

import msgspec

TEXT = (Path(__file__).parents[2] / "documents" / "atarapay.md").read_text(encoding="utf-8")

_ADDRESS = re.compile(r"((?:GET|POST|PUT|DELETE)(?: or (?:GET|POST|PUT|DELETE))?) `(/[^`?]*)")
_SENTENCE = re.compile(r"`([A-Za-z][^`]*)`")


class Operation(msgspec.Struct, frozen=True):
    """A row of a table of operations: `required` are the fields with a star, in their order."""

    name: str
    methods: tuple[str, ...]
    path: str
    fields: str
    answer: str

    @property
    def required(self) -> tuple[str, ...]:
        """The fields with a star."""
        return tuple(re.findall(r"(\w+)\*", self.fields))

    @property
    def shown(self) -> tuple[str, ...]:
        """The names of what is answered, where the row tells them."""
        return names(re.sub(r"error `.*", "", self.answer))


def section(heading: str) -> str:
    """What stands below a heading, to the next one."""
    return TEXT[TEXT.index(f"\n## {heading}") :].partition("\n")[2].partition("\n")[2].partition("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """The cells of every table in a text, without the tables' heads."""
    lines = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines() if line[:1] == "|"]
    heads = [place - 1 for place, line in enumerate(lines) if set("".join(line)) <= set("-|")]
    return [line for place, line in enumerate(lines) if not {place, place - 1} & set(heads)]


def names(text: str) -> tuple[str, ...]:
    """The names in the first pair of braces: `{id, started_by:null, service_provider{…}}`."""
    found = re.search(r"\{((?:[^{}]|\{[^{}]*\})*)\}", text)
    inner = re.sub(r"\{[^{}]*\}|:[^,]*", "", found[1]) if found else ""
    return tuple(name.strip().rstrip("?") for name in inner.split(",") if name.strip())


def operations() -> list[Operation]:
    """The rows that name a verb and a path."""
    found = []
    for name, address, fields, answer in rows(section("Milestone projects") + section("Service providers")):
        (asked,) = _ADDRESS.findall(address)
        found.append(Operation(name, tuple(asked[0].split(" or ")), asked[1], fields, answer))
    return found


def order() -> dict[str, tuple[str, ...]]:
    """Every name in an order, in the page's order, with the names within it."""
    listed = section("Order status automation").partition("\nOrder: ")[2].partition("\nKnown")[0]
    listed = re.sub(r"\(.*?\)", "", listed.partition("; ")[0].replace("\n", " "))
    found = re.findall(r"(\w+)(?:\{([^}]*)\})?", listed)
    return {name: tuple(part.strip() for part in inner.split(",") if part) for name, inner in found}


def sentences(text: str) -> set[str]:
    """What is said to clients: what stands in backticks and is neither a path nor a field."""
    found = {said for said in _SENTENCE.findall(text) if not re.search(r"[<=/\"]|YYYY", said)}
    return {said for said in found if " " in said or said.endswith(("_created", "_updated", "_data"))}
