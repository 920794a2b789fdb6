"""Exports: whole lists as CSV or JSON lines, with the filters of the lists, page by page from below to the client."""

import csv
import datetime
import enum
import io
import json
from collections.abc import AsyncGenerator, Iterator, Sequence
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import inspect, structs

from tillgate.http.exchange import Reply
from tillgate.store.lists import Cursor
from tillgate.surfaces.v1 import (
    balance_transactions,
    customers,
    disputes,
    messages,
    mistakes,
    payment_intents,
    payment_methods,
    payments,
    payouts,
    refunds,
)
from tillgate.surfaces.v1.listings import Found, Listing
from tillgate.surfaces.v1.operations import Call, Operation, operation

AT_ONCE: Final = 200
"""How many records are read, and held, at a time."""

_PAGING: Final = frozenset({"limit", "starting_after", "ending_before"})
_MOMENTS: Final = frozenset({"created", "available_on", "arrival_date", "canceled_at"})
_FORMULA: Final = tuple("=+-@\t\r\n＝＋－＠")
"""What makes a spreadsheet take a text for a formula (OWASP, CSV Injection)."""


class ExportFormat(enum.StrEnum):
    """How an export is written."""

    CSV = "csv"
    JSONL = "jsonl"


_MEDIA: Final = {ExportFormat.CSV: b"text/csv; charset=utf-8", ExportFormat.JSONL: b"application/x-ndjson"}


def export(listing: Listing) -> Operation:
    """The operation that exports a list."""
    path = f"/v1/exports/{listing.name}"

    @operation("GET", path, listing.scope, _takes(listing), listing.shows, media=("text/csv", "application/x-ndjson"))
    async def exported(call: Call) -> Reply:
        form: ExportFormat = call.given.format
        said = {name: getattr(call.given, name) for name in call.given.__struct_fields__ if name != "format"}
        given = listing.takes(**said)
        # What is wrong with a filter is said before anything goes out.
        first = await listing.find(call, given, _cursor(listing, given, None))
        disposition = f'attachment; filename="{listing.name}.{form.value}"'.encode()
        return Reply(
            200,
            headers=((b"content-disposition", disposition),),
            content_type=_MEDIA[form],
            stream=lambda: _pieces(call, listing, given, form, first),
        )

    return exported


def _takes(listing: Listing) -> type[msgspec.Struct]:
    """The filters of a list, and the format."""
    fields: list[Any] = [("format", ExportFormat, ExportFormat.CSV)]
    for field in structs.fields(listing.takes):
        if field.name not in _PAGING:
            default = field.default
            if default is msgspec.NODEFAULT:
                default = msgspec.field(default_factory=field.default_factory)
            fields.append((field.name, field.type, default))
    return msgspec.defstruct(
        listing.takes.__name__.replace("Given", "ExportGiven"),
        fields,
        namespace={"__doc__": "Which of them, as the list takes it, and in which format."},
        frozen=True,
        forbid_unknown_fields=True,
        kw_only=True,
    )


def _cursor(listing: Listing, given: Any, after: str | None) -> Cursor:
    cursor: Cursor = given.cursor(listing.prefix)
    return structs.replace(cursor, limit=AT_ONCE, after=after)


async def _pieces(
    call: Call, listing: Listing, given: Any, form: ExportFormat, first: Found
) -> AsyncGenerator[bytes, None]:
    """A piece for each page. Between two pages nothing is held of the database.

    Pages go from the newest down by id: what is written meanwhile is above, and moves none of them.
    """
    write, found = (_csv if form is ExportFormat.CSV else _lines), first
    yield _head(listing.shows) if form is ExportFormat.CSV else b""
    while True:
        yield write([listing.show(call, record) for record in found.records], listing.shows)
        if not found.has_more:
            return
        found = await listing.find(call, given, _cursor(listing, given, found.records[-1].id))


def _lines(shown: Sequence[msgspec.Struct], type: type[msgspec.Struct]) -> bytes:
    return b"".join(messages.encode(one) + b"\n" for one in shown)


def _head(type: type[msgspec.Struct]) -> bytes:
    return _row([".".join(column) for column in columns(type)])


def _csv(shown: Sequence[msgspec.Struct], type: type[msgspec.Struct]) -> bytes:
    paths = columns(type)
    plain = [msgspec.to_builtins(one) for one in shown]
    return b"".join(_row([_cell(path, _at(one, path)) for path in paths]) for one in plain)


def _row(cells: Sequence[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue().encode()


@cache
def columns(type: type[msgspec.Struct]) -> tuple[tuple[str, ...], ...]:
    """The columns of what is shown: its fields, and those of objects in it by paths."""
    return tuple(_columns(inspect.type_info(type)))


def _columns(info: inspect.Type) -> Iterator[tuple[str, ...]]:
    assert isinstance(info, inspect.StructType)
    for field in info.fields:
        kinds = mistakes.parts(field.type)
        inner = [part for part in kinds if isinstance(part, inspect.StructType)]
        if len(inner) == 1 and not any(isinstance(part, inspect.StrType) for part in kinds):
            yield from ((field.encode_name, *rest) for rest in _columns(inner[0]))
        else:
            yield (field.encode_name,)


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _cell(path: tuple[str, ...], value: Any) -> str:
    """A value as a cell: times in ISO 8601, objects in the place of ids by their ids, what is deeper as JSON."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() if path[-1] in _MOMENTS:
            return datetime.datetime.fromtimestamp(value, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case int():
            return str(value)
        case {"id": str(id)}:
            return id
        case dict() | list():
            return json.dumps(value, ensure_ascii=False) if value else ""
    return "'" + str(value) if str(value).startswith(_FORMULA) else str(value)


LISTINGS: Final = (
    payments.LISTING,
    payment_intents.LISTING,
    refunds.LISTING,
    disputes.LISTING,
    customers.LISTING,
    payment_methods.LISTING,
    payouts.LISTING,
    balance_transactions.LISTING,
)

OPERATIONS: Final = tuple(map(export, LISTINGS))
