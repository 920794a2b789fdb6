"""Examples: a request and its true answer for every operation, recorded from the gateway itself."""

import functools
from pathlib import Path
from typing import Any, Final

import msgspec

FILE: Final = Path(__file__).with_name("examples.json")


class Example(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request to an operation, `path` and what comes in query or body, and the answer that it got."""

    path: str
    body: dict[str, Any] | None = None
    answer: Any = None


@functools.cache
def load() -> dict[str, Example]:
    """The examples by operation id."""
    return msgspec.json.decode(FILE.read_bytes(), type=dict[str, Example])
