"""Terms: by what a record is found beside its id, as a name and a value: metadata, words to type, whose it was."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

Terms: TypeAlias = frozenset[tuple[str, str]]

WORD: Final = "word"
FORMER_CUSTOMER: Final = "former_customer"
MOST_WORDS: Final = 40
LONGEST_WORD: Final = 64

_WORD: Final = re.compile(r"[^\W_]+")


def of_metadata(metadata: Mapping[str, str]) -> Terms:
    """A merchant's notes, each by its name and value."""
    return frozenset([in_metadata(name, value) for name, value in metadata.items()]) if metadata else frozenset()


def in_metadata(name: str, value: str) -> tuple[str, str]:
    """The term of one note."""
    return f"metadata[{_writable(name)}]", _writable(value)


def of_former_customers(customers: Sequence[str]) -> Terms:
    """Whose it was before it was another's, for whoever erases them."""
    return frozenset([(FORMER_CUSTOMER, id) for id in customers])


def of_notes(notes: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The terms of notes that are looked for, always in the same order."""
    return tuple(in_metadata(name, value) for name, value in sorted(notes.items()))


def of_texts(*texts: str | None) -> Terms:
    """The words of texts: the first 40 of them, each in its first 64 characters."""
    return frozenset([(WORD, word) for text in texts for word in words(text or "")[:MOST_WORDS]])


def words(text: str) -> list[str]:
    """The words of a text as they are compared: letters and digits, whatever their case; an address is several."""
    return [word[:LONGEST_WORD] for word in _WORD.findall(text.casefold())]


def _writable(text: str) -> str:
    """Databases do not take a NUL in a text."""
    return text.replace("\0", "\ufffd")
