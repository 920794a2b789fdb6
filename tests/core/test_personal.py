"""What is personal is marked in the types, and what is marked is erased, in every record that there is."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from tillgate.core import personal
from tillgate.core.personal import Personal
from tillgate.store.records import KEPT

TELLS = "Ann tells"

NAMES = {"email", "name", "phone", "description", "line1", "line2", "city", "state", "postal_code", "billing_details"}
"""Names of fields that tell of people, wherever they are."""

NOT_OF_PEOPLE = {
    ("Payment", "description"): "the merchant's own words about what is sold",
    ("SetupIntent", "description"): "the merchant's own words about what the card is for",
    ("Refund", "state"): "how far it is",
    ("Attempt", "state"): "what is known of it",
    ("Mail", "state"): "how far it is",
    ("Application", "name"): "a shop's",
    ("Client", "name"): "a program's",
    ("Product", "name"): "what is sold",
    ("Product", "description"): "the merchant's own words about what is sold",
    ("Project", "name"): "what is done",
    ("Project", "description"): "the merchant's own words about what is done",
    ("Tenant", "name"): "a shop's",
    ("Tenant", "phone"): "a shop's",
    ("Item", "name"): "what is sold",
    ("Line", "name"): "what is sold",
    ("Sold", "name"): "what is sold",
    ("Sold", "description"): "the merchant's own words about what is sold",
    ("PaymentLink", "description"): "the merchant's own words about what is sold",
    ("Line", "description"): "the merchant's own words about what is sold",
    ("Item", "description"): "the merchant's own words about what is sold",
    ("Payout", "description"): "the merchant's own words about being paid",
    ("Payout", "state"): "how far it is",
    ("WebhookEndpoint", "description"): "the merchant's own words about a server",
}

TYPES = list(KEPT)


def kept_structs() -> Iterator[tuple[type, inspect.Field]]:
    """Every field of every struct that is kept within a record."""
    seen: set[type] = set()

    def walk(info: inspect.Type) -> Iterator[tuple[type, inspect.Field]]:
        match info:
            case inspect.Metadata(type=inner):
                yield from walk(inner)
            case inspect.UnionType(types=parts):
                for part in parts:
                    yield from walk(part)
            case inspect.VarTupleType(item_type=inner) | inspect.ListType(item_type=inner):
                yield from walk(inner)
            case inspect.StructType(cls=cls, fields=fields) if cls not in seen:
                seen.add(cls)
                for field in fields:
                    yield cls, field
                    yield from walk(field.type)

    for kept in TYPES:
        yield from walk(inspect.type_info(kept))


def is_marked(field: inspect.Field) -> bool:
    return isinstance(field.type, inspect.Metadata) and bool((field.type.extra or {}).get("personal"))


def told(info: inspect.Type) -> Any:
    """A value of a type that tells of Ann wherever it may."""
    match info:
        case inspect.Metadata(type=inner):
            return told(inner)
        case inspect.UnionType(types=parts):
            return told(next(part for part in parts if not isinstance(part, inspect.NoneType)))
        case inspect.StrType():
            return TELLS
        case inspect.BytesType():
            return TELLS.encode()
        case inspect.DictType():
            return {TELLS: TELLS}
        case inspect.StructType(fields=fields):
            return filled(info.cls, {field.name: field for field in fields})
        case _:
            raise NotImplementedError(info)


def filled(cls: Any, fields: dict[str, inspect.Field]) -> Any:
    """A struct in which every personal field tells of Ann, and everything else is as little as it may be."""
    values: dict[str, Any] = {}
    for name, field in fields.items():
        holds_structs = any(isinstance(part, inspect.StructType) for part in _parts(field.type))
        if is_marked(field) or (holds_structs and any(is_marked(inner) for inner in _fields_within(field.type))):
            values[name] = told(field.type)
    blank = {name: None for name, field in fields.items() if field.required and name not in values}
    return cls(**blank, **values)


def _parts(info: inspect.Type) -> tuple[inspect.Type, ...]:
    return info.types if isinstance(info, inspect.UnionType) else (info,)


def _fields_within(info: inspect.Type) -> Iterator[inspect.Field]:
    for part in _parts(info):
        if isinstance(part, inspect.StructType):
            for field in part.fields:
                yield field
                yield from _fields_within(field.type)


def test_every_field_that_tells_of_people_is_marked() -> None:
    unmarked = {
        (cls.__name__, field.name)
        for cls, field in kept_structs()
        if field.name in NAMES and not is_marked(field) and not list(_fields_within(field.type))
    }
    assert unmarked == set(NOT_OF_PEOPLE)


@pytest.mark.parametrize("type", TYPES, ids=lambda type: type.__name__)
def test_a_redacted_record_tells_nothing_of_anybody(type: Any) -> None:
    info = inspect.type_info(type)
    assert isinstance(info, inspect.StructType)
    record = filled(type, {field.name: field for field in info.fields})
    marked = any(is_marked(field) for field in _fields_within(info))
    assert (TELLS in repr(record)) == marked
    assert TELLS not in repr(personal.redacted(record))


def test_what_is_not_personal_stays() -> None:
    class Inner(msgspec.Struct, frozen=True):
        id: str
        email: Personal[str | None] = None

    class Outer(msgspec.Struct, frozen=True):
        amount: int
        buyer: Inner | None = None
        notes: Personal[dict[str, str]] = {}
        others: tuple[Inner, ...] = ()
        ids: tuple[str, ...] = ()

    outer = Outer(5, Inner("cus_1", "a@example.com"), {"a": "b"}, (Inner("cus_2", "b@example.com"),), ("cus_3",))
    assert personal.redacted(outer) == Outer(5, Inner("cus_1"), {}, (Inner("cus_2"),), ("cus_3",))
    assert personal.redacted(Outer(5)) == Outer(5)


def test_what_cannot_be_taken_away_cannot_be_marked() -> None:
    class Stuck(msgspec.Struct, frozen=True):
        email: Personal[str]

    with pytest.raises(TypeError, match=r"Stuck\.email"):
        personal.redacted(Stuck("a@example.com"))
