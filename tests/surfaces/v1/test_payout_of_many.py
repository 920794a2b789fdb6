"""A payout of many lines, on a database of its own, for what stands in it was never paid by anybody."""

from collections import Counter

import pytest

from tests.sizes import at_size
from tests.store.places import Place, rows
from tests.surfaces.v1.books import Books
from tillgate.core.decisions import Decision
from tillgate.flows import payouts
from tillgate.store import schema

pytestmark = pytest.mark.anyio


async def test_a_payout_of_many_lines_takes_them_in_portions(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no payment waits longer than one portion takes."""
    many, portion = at_size((300, 40), (100_000, payouts.TAKEN_AT_ONCE))
    monkeypatch.setattr(payouts, "TAKEN_AT_ONCE", portion)
    await books.account()
    first = await books.earns(5000)
    (moved,) = await books.client.listed(f"/balance_transactions?source={first['id']}")
    await Place(*books.place).execute(_copies(moved["id"], many - 1, is_postgres=books.place[0] is not None))
    store, taken = books.parts.gateway.store, Counter[int]()
    commit = store.commit

    async def counted(decision: Decision) -> None:
        before = await in_statements()
        await commit(decision)
        if decision.take:
            taken[await in_statements() - before] += 1

    async def in_statements() -> int:
        ((count,),) = await rows(store, "select count(*) from entries where statement is not null")
        return int(count)

    with monkeypatch.context() as watched:
        watched.setattr(store, "commit", counted)
        made = await books.pays_out(amount=4825)
    assert (made["lines"], made["carried_out"]) == (many + 1, (many - 1) * 4825)
    assert max(taken) == portion
    assert sum(size * times for size, times in taken.items()) == many


def _copies(moved: str, count: int, *, is_postgres: bool) -> str:
    """A statement that makes so many more lines of one, without the rest of what belongs to them."""
    columns = [column.name for column in schema.entries.c]
    numbers = f"(with recursive n(i) as (select 1 union all select i + 1 from n where i < {count}) select i from n)"
    padded = "lpad(n.i::text, 7, '0')" if is_postgres else "substr('0000000' || n.i, -7)"
    anew = {
        "id": "e.id || '_' || n.i",
        "balance_transaction": f"'bt_0' || substr(e.balance_transaction, 5, 12) || {padded}",
    }
    return (
        f"insert into entries ({', '.join(columns)}) "
        f"select {', '.join(anew.get(name, f'e.{name}') for name in columns)} "
        f"from entries e, {numbers} n where e.balance_transaction = '{moved}'"
    )
