"""What is sealed in records, found by the data key that sealed it, without opening anything."""

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar

import sqlalchemy as sa

from tillgate.core.records import Record
from tillgate.store.database import Store
from tillgate.store.records import kept

R = TypeVar("R", bound=Record)


async def under_others(
    store: Store, type: type[R], field: str, beginnings: Sequence[str], after: tuple[str, str], most: int
) -> list[R]:
    """Records with something in `field`, but for what begins so in base64; those after (tenant, id), in this order."""
    query = _under_others(kept(type).table, field, len(beginnings))
    values = {"tenant": after[0], "id": after[1], "most": most, **_bound(field, beginnings)}
    return [kept(type).record(*row) for row in await store.engine.fetch(query, values)]


async def any_under(store: Store, type: type[R], field: str, beginnings: Sequence[str]) -> bool:
    """Whether there is a record in whose `field` something begins so in base64. Every record is looked at."""
    query = _any_under(kept(type).table, len(beginnings))
    return bool(await store.engine.fetch(query, _bound(field, beginnings)))


def _bound(field: str, beginnings: Sequence[str]) -> dict[str, str]:
    # As the JSON of a record has it: within a text its quotation marks would be escaped.
    return {f"begins_{number}": f'"{field}":"{each}' for number, each in enumerate(beginnings)}


@cache
def _under_others(table: sa.Table, field: str, count: int) -> sa.Select[Any]:
    return (
        sa.select(table.c.shape, table.c.body)
        .where(
            sa.tuple_(table.c.tenant, table.c.id) > sa.tuple_(sa.bindparam("tenant"), sa.bindparam("id")),
            _holds(table, sa.literal(f'"{field}":"')),
            *[~_holds(table, sa.bindparam(f"begins_{number}")) for number in range(count)],
        )
        .order_by(table.c.tenant, table.c.id)
        .limit(sa.bindparam("most"))
    )


@cache
def _any_under(table: sa.Table, count: int) -> sa.Select[Any]:
    holding = [_holds(table, sa.bindparam(f"begins_{number}")) for number in range(count)]
    return sa.select(table.c.id).where(sa.or_(*holding)).limit(1)


def _holds(table: sa.Table, text: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether a body holds a text, to the letter: LIKE looks at case on one engine only."""
    return sa.func.replace(table.c.body, text, "") != table.c.body
