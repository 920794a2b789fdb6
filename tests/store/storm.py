"""A storm of decisions on a store that may fail at any moment, and what must hold when it has passed."""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Callable

import asyncpg
import msgspec

from tests.store import samples
from tests.store.places import rows
from tests.store.samples import TENANT
from tillgate.core.customers import Customer
from tillgate.core.decisions import Decision, Numbering
from tillgate.core.records import evolve
from tillgate.store import balances, find
from tillgate.store.batches import Conflict, Taken
from tillgate.store.commit import Unavailable
from tillgate.store.database import Store
from tillgate.store.engine import Corrupt

UNREACHABLE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
SHARED = tuple(f"cus_shared_{n}" for n in range(6))
CONTESTED = 40
ACCOUNTS = ("bank", "fees", "payable")
LANDED = {
    "records": "select substr(id, 5) from customers where id not like 'cus_shared%'",
    "entries": "select substr(id, 5) from entries",
    "postings": "select substr(entry, 5) from postings",
    "events": "select substr(id, 5) from events",
    "timers": "select substr(subject, 5) from timers",
    "names": "select substr(value, 5) from aliases where value like 'own_%'",
    "numbers": "select subject from numbers",
}
"""Where the names of decisions are found that landed."""


class Storm(msgspec.Struct):
    """What became of each decision, by its name, and how often each shared record was changed by one that succeeded."""

    ended: dict[str, type[BaseException] | None] = {}
    changes: Counter[str] = msgspec.field(default_factory=Counter)

    @property
    def done(self) -> set[str]:
        """The decisions that were said to have succeeded."""
        return {name for name, failure in self.ended.items() if failure is None}


async def prepare(store: Store) -> None:
    """What the decisions of a storm fight over."""
    await store.commit(Decision(save=tuple(samples.customer(id) for id in SHARED)))


async def rage(
    stores: list[Store], seed: int, *, clients: int, each: int, until: Callable[[], bool] = lambda: True
) -> Storm:
    """Decisions by many clients at once, who all want the same few records and names, through one store or several.

    Each client makes `each` of them, and then more, within reason, while it is not yet `until`.
    """
    storm = Storm()

    async def client(number: int) -> None:
        draw = random.Random(f"{seed} {number}")
        for turn in itertools.takewhile(lambda turn: turn < each or not until(), range(each * 50)):
            name = f"{number}_{turn}"
            store = draw.choice(stores)
            changed = draw.sample(SHARED, draw.choice((0, 1, 2)))
            shared = [await _load(store, id) for id in changed]
            try:
                await store.commit(_decision(name, shared, draw))
            except (Conflict, Taken, Corrupt, Unavailable) as failure:
                storm.ended[name] = type(failure)
            else:
                storm.ended[name] = None
                storm.changes.update(changed)

    async with asyncio.TaskGroup() as group:
        for number in range(clients):
            group.create_task(client(number))
    return storm


async def assert_each_landed_once_or_not_at_all(store: Store, storm: Storm) -> None:
    """What was said to have succeeded is there, whole and once; what failed has left nothing."""
    for kind, query in LANDED.items():
        landed = [row[0] for row in await rows(store, query)]
        assert sorted(landed) == sorted(storm.done), kind
    numbers = await rows(store, "select number from numbers order by number")
    assert numbers == [(number,) for number in range(1, len(storm.done) + 1)]
    for id in SHARED:
        shared = await _load(store, id)
        assert shared.version == 1 + storm.changes[id], id
        assert shared.name is None or shared.name in storm.done
    owners = await rows(store, "select id from aliases where value like 'contested%'")
    assert {row[0] for row in owners} <= storm.done
    held = [await balances.of_account(store, TENANT, account) for account in ACCOUNTS]
    assert sum(amounts.get("USD", 0) for amounts in held) == 0
    assert storm.ended.keys() >= storm.done


def _decision(name: str, shared: list[Customer], draw: random.Random) -> Decision:
    """Part of everything, so that it would show if it were there in part, or twice."""
    source, destination = draw.sample(ACCOUNTS, 2)
    contested = samples.alias(f"contested_{draw.randrange(CONTESTED)}", name)
    return Decision(
        save=(samples.customer(f"cus_{name}"), *(evolve(one, name=name) for one in shared)),
        post=(samples.entry(f"ent_{name}", samples.posting(source, destination, 1)),),
        announce=(samples.event(f"evt_{name}"),),
        schedule=(samples.timer(f"sub_{name}", 1),),
        name=(samples.alias(f"own_{name}", name), *((contested,) if draw.random() < 0.3 else ())),
        number=(Numbering(TENANT, "receipts", name),),
    )


async def _load(store: Store, id: str) -> Customer:
    while True:
        try:
            found = await find.record(store, Customer, TENANT, id)
        except UNREACHABLE:
            await asyncio.sleep(0.02)
            continue
        assert found is not None
        return found
