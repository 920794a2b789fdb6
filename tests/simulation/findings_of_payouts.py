"""What there is to find of payouts in a world that has come to rest, if anything went wrong with them."""

from collections import Counter
from collections.abc import Iterator

from tests.simulation.disk import Disk
from tests.simulation.merchants import Merchant
from tests.simulation.world import World
from tillgate.core.accounts import IN_TRANSIT
from tillgate.core.events import EventType
from tillgate.core.instants import DAY
from tillgate.core.payouts import Payout, PayoutState
from tillgate.sandbox.operations import Result

_TOLD = {
    PayoutState.PAID: [EventType.PAYOUT_PAID],
    PayoutState.FAILED: [EventType.PAYOUT_FAILED],
    PayoutState.CANCELED: [EventType.PAYOUT_CANCELED],
}


def of_the_books(world: World, disk: Disk) -> Iterator[str]:
    """Each payout is the sum of its lines, no line is in two, and what is under way is in its account."""
    statements = Counter(payout.statement for payout in disk.payouts.values())
    lines: Counter[str] = Counter()
    query = "select statement, sum(net) from entries where statement is not null group by statement"
    lines.update(dict(disk.rows(query)))
    under_way: Counter[tuple[str, str]] = Counter()
    for payout in disk.payouts.values():
        carried = sum(line.amount for line in payout.carried)
        if statements[payout.statement] > 1:
            yield f"the lines of {payout.id} are in {statements[payout.statement]} payouts"
        if lines[payout.statement] + carried != payout.amount.amount:
            yield f"{payout.id} pays out {payout.amount}, its lines are {lines[payout.statement]} and {carried}"
        if payout.state in (PayoutState.PENDING, PayoutState.IN_TRANSIT):
            under_way[payout.tenant, payout.amount.currency] += payout.amount.amount
    query = f"select tenant, currency, sum(amount) from balances where account = '{IN_TRANSIT}' group by 1, 2"
    booked = Counter({(tenant, currency): amount for tenant, currency, amount in disk.rows(query)})
    for place in sorted({*under_way, *booked}):
        if under_way[place] != booked[place]:
            yield f"{place}: {booked[place]} is in transit by the books, {under_way[place]} by its payouts"


def of_everything(world: World, disk: Disk, merchants: list[Merchant]) -> Iterator[str]:
    """Nothing of them is left over, untold, told twice, or other than the bank says; no schedule paid out twice."""
    told: dict[str, Counter[str]] = {}
    for stream, type in disk.rows("select stream, type from events where type like 'payout.%'"):
        told.setdefault(stream, Counter())[type] += 1
    operations = {operation.reference: operation for operation in world.bank.statement()}
    by_schedule: Counter[tuple[str, str, int]] = Counter()
    for payout in disk.payouts.values():
        if payout.state not in _TOLD:
            yield f"{payout.id} is {payout.state} for ever"
            continue
        news = [EventType.PAYOUT_CREATED, *([EventType.PAYOUT_PAID] if payout.returned else []), *_TOLD[payout.state]]
        if told.get(payout.id) != Counter(type.value for type in news):
            yield f"of {payout.id} was told {told.get(payout.id)}, and it is {payout}"
        operation = operations.get(payout.attempt.id) if payout.attempt else None
        if operation is not None and (operation.result is Result.RETURNED) != (payout.returned is not None):
            yield f"the bank did {operation}, we have {payout}"
        if payout.automatic:
            by_schedule[payout.tenant, payout.amount.currency, payout.created // DAY] += 1
        world.chance.happened[f"payout: {_situation(payout)}"] += 1
    for place, times in by_schedule.items():
        if times > 1:
            yield f"the schedule paid out {times} times for {place}"
    query = "select subject, count(*) from entries where type = 'payout' group by subject"
    for subject, times in disk.rows(query):
        if times > 1 or subject not in disk.payouts:
            yield f"{subject} left the balance {times} times"
    for merchant in merchants:
        yield from _once_each(merchant, disk)


def moved(disk: Disk) -> Iterator[tuple[str, str, int, int]]:
    """By tenant and currency: what payouts moved off the balance, and what is booked as paid by the bank."""
    for payout in disk.payouts.values():
        amount = payout.amount.amount
        gone = payout.state not in (PayoutState.FAILED, PayoutState.CANCELED)
        paid = payout.state is PayoutState.PAID
        yield payout.tenant, payout.amount.currency, -amount if gone else 0, amount if paid else 0


def _situation(payout: Payout) -> str:
    if payout.returned:
        return "returned"
    return f"automatic, {payout.state.value}" if payout.automatic else payout.state.value


def _once_each(merchant: Merchant, disk: Disk) -> Iterator[str]:
    """However often a request was repeated, it led to one payout at most, and that to what was answered."""
    led_to: Counter[str] = Counter()
    for (request,) in disk.rows("select request_id from entries where type = 'payout' and request_id <> ''"):
        led_to[request.split("_")[1]] += 1
    for asked in merchant.asking.all:
        if led_to[asked.name] > (1 if asked.key else asked.tries):
            yield f"request {asked.name} led to {led_to[asked.name]} payouts"
        said = asked.answer.said if asked.answer is not None and asked.method == "POST" else {}
        if said.get("object") == "payout":
            payout = disk.payouts.get(said["id"])
            if payout is None or (said["status"] == "canceled" and payout.state is not PayoutState.CANCELED):
                yield f"request {asked.name} was told {said}, and there is {payout}"
