"""What buyers write into the forms of their order's page, read; or what is wrong with which field."""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from tillgate.core.escrows import Move
from tillgate.core.evidence import LONGEST_COMMENT, MOST
from tillgate.flows.order_answers import Seen
from tillgate.http import multipart
from tillgate.http.exchange import Request
from tillgate.http.multipart import Part
from tillgate.http.problems import Malformed
from tillgate.pages import visits

Mistakes = Mapping[str, str]
"""By field, the name of the text that says what to do; `form` is all of it."""

REASONED: Final = frozenset({Move.REJECT, Move.DISPUTE})
"""Which answers say why, and may show it."""

_NUMBER: Final = re.compile(r"[0-9]{1,15}", re.ASCII)
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]+")
_FIELDS: Final = frozenset({"step", "back", "comment", "photographs"})


class Unreadable(Exception):
    """A form cannot be taken as it is: `mistakes` says why, `comment` is what was written."""

    def __init__(self, mistakes: Mistakes, comment: str = "") -> None:
        super().__init__(", ".join(mistakes))
        self.mistakes = mistakes
        self.comment = comment


class Given(msgspec.Struct, frozen=True):
    """An answer: what its buyer had seen, what they wrote, and the files that came with it."""

    seen: Seen
    comment: str
    files: tuple[bytes, ...]


def read(request: Request, what: Move) -> Given:
    """What a form says, `multipart/form-data` or not. Raises Unreadable."""
    try:
        parts = _parts(request)
    except Malformed:
        raise Unreadable({"form": "order_form_broken"}) from None
    texts = {part.name: part.content for part in reversed(parts) if part.filename is None}
    # A browser sends a file without a name where none was chosen.
    files = tuple(part.content for part in parts if part.filename is not None and (part.filename or part.content))
    if {part.name for part in parts} - _FIELDS or any(part.filename is not None for part in _not_files(parts)):
        raise Unreadable({"form": "order_form_broken"})
    step, back = _number(texts, "step"), _number(texts, "back")
    comment = _comment(texts.get("comment", b"")) if what in REASONED else ""
    mistakes: dict[str, str] = {}
    if what in REASONED and not comment:
        mistakes["comment"] = "order_why_missing"
    if len(comment) > LONGEST_COMMENT:
        mistakes["comment"] = "order_why_long"
    if files and what not in REASONED:
        mistakes["form"] = "order_form_broken"
    if len(files) > MOST:
        mistakes["photographs"] = "order_photographs_many"
    if mistakes:
        raise Unreadable(mistakes, comment[:LONGEST_COMMENT])
    return Given(Seen(step, back), comment, files)


def _parts(request: Request) -> tuple[Part, ...]:
    if request.media_type == multipart.MEDIA_TYPE:
        return multipart.parts(request.header("content-type") or "", request.body)
    return tuple(Part(name, text.encode()) for name, text in visits.form(request).items())


def _not_files(parts: tuple[Part, ...]) -> list[Part]:
    return [part for part in parts if part.name != "photographs"]


def _number(texts: Mapping[str, bytes], name: str) -> int:
    written = texts.get(name, b"").decode("latin-1")
    if not _NUMBER.fullmatch(written):
        raise Unreadable({"form": "order_form_broken"})
    return int(written)


def _comment(written: bytes) -> str:
    try:
        text = written.decode()
    except UnicodeDecodeError:
        raise Unreadable({"form": "order_form_broken"}) from None
    return _UNPRINTABLE.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
