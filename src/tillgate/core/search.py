"""Search: the query language of merchants, read into conditions; plain words are a query too.

    status:'succeeded' AND amount>1000 AND metadata['order']:'123'
    -status:'failed' AND email~'example'
    ann smith 4242

A condition is a field, then `:` (equals), `~` (contains), `>`, `>=`, `<` or `<=`, then a value, in quotes or a number;
`-` or `NOT` before it turns it round. AND (or nothing) and OR connect conditions; one query has one of them.
"""

import enum
import re
from collections.abc import Iterator
from typing import Final

import msgspec

from tillgate.core import terms
from tillgate.core.reasons import Reason, Refused

LONGEST_QUERY: Final = 2_000
MOST_CONDITIONS: Final = 10
SHORTEST_PART: Final = 3
"""How many characters `~` takes at least."""

_TOKEN: Final = re.compile(
    r"""(?P<space>\s+)
      | (?P<text>'(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*")
      | (?P<operator>>=|<=|[:~<>])
      | (?P<open>\[) | (?P<close>\])
      | (?P<minus>-(?=[A-Za-z_]))
      | (?P<word>[^\s:~<>\[\]'"]+)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_LANGUAGE: Final = re.compile(r"""[A-Za-z_.]+ \s* (?: [:~<>] | \[ )""", re.VERBOSE)


class Is(enum.StrEnum):
    """How a field is to compare."""

    EQUAL = ":"
    PART = "~"
    MORE = ">"
    AT_LEAST = ">="
    LESS = "<"
    AT_MOST = "<="


class Kind(enum.Enum):
    """What values a field has, and so how it can be compared."""

    WORD = "word"
    """One of a few, or an id: equal, whatever the case."""
    TEXT = "text"
    """Equal or containing, whatever the case."""
    NUMBER = "number"
    NOTES = "notes"
    """Metadata, by name: equal as it is written, or containing, whatever the case."""


_COMPARED: Final = {
    Kind.WORD: (Is.EQUAL,),
    Kind.TEXT: (Is.EQUAL, Is.PART),
    Kind.NOTES: (Is.EQUAL, Is.PART),
    Kind.NUMBER: (Is.EQUAL, Is.MORE, Is.AT_LEAST, Is.LESS, Is.AT_MOST),
}

Fields = dict[str, Kind]


class Condition(msgspec.Struct, frozen=True):
    """One thing that is asked: `name` is that of a note, `value` a whole number for fields that are numbers."""

    field: str
    compare: Is
    value: str | int
    name: str | None = None
    turned: bool = False


class Query(msgspec.Struct, frozen=True):
    """Conditions of which all are to hold, or any; or words that are all to be found somewhere."""

    conditions: tuple[Condition, ...] = ()
    any: bool = False
    words: tuple[str, ...] = ()


class _Token(msgspec.Struct, frozen=True):
    kind: str
    text: str
    at: int


def parse(text: str, fields: Fields) -> Query:
    """A query over these fields.

    Raises Refused(PARAMETER_INVALID, `query`), saying at which character, and what to do.
    """
    if len(text) > LONGEST_QUERY:
        raise _wrong(f"it takes at most {LONGEST_QUERY} characters")
    if not text.strip():
        raise _wrong("it takes words, or conditions such as status:'succeeded'")
    if not _LANGUAGE.search(_without_texts(text)):
        return _words(text)
    tokens = list(_tokens(text))
    return _Reader(tokens, len(text), fields).query()


def _without_texts(text: str) -> str:
    """The query without what is quoted: an address in quotes makes no condition."""
    return re.sub(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""", "''", text, flags=re.DOTALL)


def _words(text: str) -> Query:
    plain = text.replace('"', " ").replace("\x00", " ").split()
    if not plain:
        raise _wrong("it takes words, or conditions such as status:'succeeded'")
    if len(plain) > MOST_CONDITIONS:
        raise _wrong(f"it takes at most {MOST_CONDITIONS} words")
    return Query(words=tuple(word.casefold() for word in plain))


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise _wrong(
                f"the quote at character {at + 1} is not closed; a quote within quotes is written \\{text[at]}"
            )
        if found.lastgroup != "space":
            yield _Token(str(found.lastgroup), found[0], at)
        at = found.end()


class _Reader:
    """Reads tokens from left to right, each once."""

    def __init__(self, tokens: list[_Token], end: int, fields: Fields) -> None:
        self._tokens = [*tokens, _Token("end", "", end)]
        self._next = 0
        self._fields = fields

    def query(self) -> Query:
        conditions, connected = [self._condition()], ""
        while self._peek().kind != "end":
            token = self._peek()
            said = token.text.upper() if token.kind == "word" and token.text.upper() in ("AND", "OR") else ""
            if said:
                self._take()
            if connected and (said or "AND") != connected:
                problem = f"AND and OR cannot be mixed (character {token.at + 1}); ask twice"
                raise _wrong(problem)
            connected = said or "AND"
            conditions.append(self._condition())
            if len(conditions) > MOST_CONDITIONS:
                raise _wrong(f"it takes at most {MOST_CONDITIONS} conditions")
        return Query(conditions=tuple(conditions), any=connected == "OR")

    def _condition(self) -> Condition:
        turned = False
        if self._peek().kind == "minus" or (self._peek().kind == "word" and self._peek().text.upper() == "NOT"):
            self._take()
            turned = True
        token = self._take()
        if token.kind != "word":
            raise _expected("a field", token)
        field = token.text.lower()
        kind = self._fields.get(field)
        if kind is None:
            raise _wrong(
                f"there is no field {_shown(token.text)} (character {token.at + 1}); there are {self._known()}"
            )
        name = self._name(field) if kind is Kind.NOTES else None
        compare = self._compare(field, kind)
        return Condition(field, compare, self._value(field, kind, compare), name, turned)

    def _name(self, field: str) -> str:
        token = self._take()
        if token.kind != "open":
            raise _expected(f"a name in brackets, {field}['order']", token)
        name = self._take()
        if name.kind not in ("text", "word"):
            raise _expected(f"a name in quotes, {field}['order']", name)
        token = self._take()
        if token.kind != "close":
            raise _expected("]", token)
        return _plain(name)

    def _compare(self, field: str, kind: Kind) -> Is:
        token = self._take()
        allowed = _COMPARED[kind]
        if token.kind != "operator" or Is(token.text) not in allowed:
            raise _expected(f"{' or '.join(allowed)} after {field}", token)
        return Is(token.text)

    def _value(self, field: str, kind: Kind, compare: Is) -> str | int:
        token = self._take()
        if token.kind not in ("text", "word"):
            raise _expected(f"a value for {field}, in quotes", token)
        value = _plain(token)
        if kind is Kind.NUMBER:
            if not re.fullmatch(r"[0-9]{1,15}", value, re.ASCII):
                raise _expected(f"a whole number for {field}", token)
            return int(value)
        if compare is Is.PART and len(value) < SHORTEST_PART:
            raise _expected(f"at least {SHORTEST_PART} characters after {field}~", token)
        return value if kind is Kind.NOTES and compare is Is.EQUAL else value.casefold()

    def _known(self) -> str:
        return ", ".join(f"{name}['…']" if kind is Kind.NOTES else name for name, kind in sorted(self._fields.items()))

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token


def _plain(token: _Token) -> str:
    return _ESCAPED.sub(r"\1", token.text[1:-1]) if token.kind == "text" else token.text


def _expected(what: str, token: _Token) -> Refused:
    where = "at the end" if token.kind == "end" else f"at character {token.at + 1}"
    return _wrong(f"{where} it takes {what}")


def _shown(word: str) -> str:
    """A word as a message may show it: digits could be a card number."""
    return word if re.fullmatch(r"[A-Za-z_.]{1,40}", word) else "of that name"


def _wrong(problem: str) -> Refused:
    return Refused(Reason.PARAMETER_INVALID, "query", problem=problem)


class Facts(msgspec.Struct, frozen=True):
    """What there is of one thing to compare: values by field, notes by name, and texts in which words may be."""

    values: dict[str, tuple[str | int | None, ...]]
    notes: dict[str, str] = {}
    texts: tuple[str | None, ...] = ()


def holds(query: Query, facts: Facts) -> bool:
    """Whether a thing is what was asked for."""
    if query.words:
        known = [word for text in facts.texts if text for word in terms.words(text)]
        whole = {str(value).casefold() for value in facts.values.get("id", ())}
        return all(_is_there(word, known, whole) for word in query.words)
    told = (_is(condition, facts) is not condition.turned for condition in query.conditions)
    return any(told) if query.any else all(told)


def _is_there(word: str, known: list[str], whole: set[str]) -> bool:
    """Whether the parts of a typed word begin words that are there, or it is the id."""
    parts = terms.words(word)
    return word in whole or (bool(parts) and all(any(one.startswith(part) for one in known) for part in parts))


def _is(condition: Condition, facts: Facts) -> bool:
    wanted = condition.value
    if condition.name is not None:
        note = facts.notes.get(condition.name)
        return note is not None and _compares(note if condition.compare is Is.EQUAL else note.casefold(), condition)
    found = [value for value in facts.values.get(condition.field, ()) if value is not None]
    if isinstance(wanted, int):
        return any(_compares(value, condition) for value in found)
    return any(_compares(str(value).casefold(), condition) for value in found)


def _compares(value: str | int, condition: Condition) -> bool:
    if condition.compare is Is.PART:
        return str(condition.value) in str(value)
    ordered: dict[Is, bool] = {Is.EQUAL: value == condition.value}
    if isinstance(value, int) and isinstance(condition.value, int):
        ordered |= {Is.MORE: value > condition.value, Is.AT_LEAST: value >= condition.value}
        ordered |= {Is.LESS: value < condition.value, Is.AT_MOST: value <= condition.value}
    return ordered[condition.compare]
