"""Ranges: the entries of an index under one of several values, newest first, as one list.

Each value's entries are one range of the index and come in order out of it, so that a page reads no more of each range
than itself, whatever else is compared on the way.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa


def merged(
    table: sa.Table,
    column: str,
    values: int,
    given: Sequence[sa.ColumnElement[Any]],
    conditions: Sequence[sa.ColumnElement[bool]],
    *,
    oldest_first: bool = False,
    reach: str = "most",
) -> sa.Select[Any]:
    """What of `table` has in `column` one of so many parameters, `column_0` and on; `given` begins with the id.

    `reach` names the parameter that says how far into each range to look.
    """
    parts = []
    for number in range(values):
        is_there = table.c[column] == sa.bindparam(f"{column}_{number}")
        order = ordered(table.c.tenant, table.c[column], table.c.id, oldest_first=oldest_first)
        query = sa.select(*given).where(table.c.tenant == sa.bindparam("tenant"), is_there, *conditions)
        parts.append(query.order_by(*order).limit(sa.bindparam(reach)))
    if values == 1:
        return parts[0]
    together = sa.union_all(*[sa.select(part.subquery(f"range_{n}")) for n, part in enumerate(parts)]).subquery("all")
    return sa.select(together).order_by(*ordered(together.c[0], oldest_first=oldest_first)).limit(sa.bindparam(reach))


def ordered(*keys: sa.ColumnElement[Any], oldest_first: bool) -> list[sa.ColumnElement[Any]]:
    """Every column of an index in one direction: it keeps a planner from sorting what comes in order already."""
    return [key.asc() if oldest_first else key.desc() for key in keys]


def numbered(name: str, values: Sequence[object]) -> dict[str, object]:
    """Several values as parameters."""
    return {f"{name}_{number}": value for number, value in enumerate(values)}


def one_of(column: sa.ColumnElement[Any], count: int, *, by_index: bool = True) -> sa.ColumnElement[bool]:
    """A condition: the column has one of the parameters, `column_0` and on; where said, compared and not looked up."""
    wanted: list[Any] = [sa.bindparam(f"{column.key}_{number}") for number in range(count)]
    compared: sa.ColumnElement[Any] = column if by_index else sa.func.coalesce(column, sa.literal_column("''"))
    return compared.in_(wanted)
