"""What there is to find of payments by phone in a world at rest: our books against those of the wallets' bank."""

from collections import Counter
from collections.abc import Iterator

from tests.simulation.disk import Disk
from tests.simulation.world import World
from tillgate.connectors import phone
from tillgate.core import accounts
from tillgate.core.attempts import State
from tillgate.core.refunds import RefundState
from tillgate.sandbox.phone_books import OPENING_BALANCE
from tillgate.store.audit import audit

_SIGNS = {
    ("holds", "authorize"): -1,
    ("holds", "capture"): 1,
    ("holds", "void"): 1,
    ("receivable", "capture"): -1,
    ("receivable", "refund"): 1,
}
_STATES = {"approved": State.APPROVED, "declined": State.DECLINED}


async def of_everything(world: World) -> list[str]:
    """What the audit finds, every difference between the books, and whatever is left over, lost, or counted twice."""
    disk = Disk(world.data)
    for payment in disk.payments.values():
        world.chance.happened[f"ticket: {payment.status.value}"] += 1
        world.chance.happened[f"ticket over: {payment.canceled.cause if payment.canceled else None}"] += 1
    return [
        *(await audit(None, world.data)).differences,
        *_against_the_bank(world, disk),
        *_balances(world, disk),
        *_left_over(disk),
        *_numbers(disk),
        *_told(disk),
    ]


def _against_the_bank(world: World, disk: Disk) -> Iterator[str]:
    """Attempt by attempt: what we know is what the bank did, and it took each ticket once."""
    operations = {one.reference: one for one in world.phones.statement()}
    for reference, operation in operations.items():
        attempt = disk.attempts.get(reference)
        if attempt is None or attempt.state is not _STATES.get(operation.result):
            yield f"the bank did {operation}, we have {attempt}"
    for attempt in disk.attempts.values():
        if (attempt.id in operations) == (attempt.state is State.NEVER_SEEN):
            yield f"{attempt.id} is {attempt.state}, and the bank's books say {operations.get(attempt.id)}"
    taken = Counter(one.target for one in operations.values() if (one.kind, one.result) == ("capture", "approved"))
    for target, times in taken.items():
        if times > 1:
            yield f"{target} was taken {times} times"


def _balances(world: World, disk: Disk) -> Iterator[str]:
    """What flowed is what the bank's books make, and each wallet is short of what was taken and not given back."""
    expected, spent = Counter[str](), Counter[str]()
    for operation in world.phones.statement():
        attempt = disk.attempts.get(operation.reference)
        if operation.result != "approved" or attempt is None:
            continue
        gave_up = operation.kind == "void" and not disk.payments[attempt.payment].authorized
        for (account, kind), sign in _SIGNS.items():
            expected[account] += sign * operation.amount * (kind == operation.kind and not gave_up)
        spent[operation.phone] += {"capture": 1, "refund": -1}.get(operation.kind, 0) * operation.amount
    names = {accounts.holds(phone.NAME): "holds", accounts.receivable(phone.NAME): "receivable"}
    booked = Counter[str]()
    for account, amount in disk.rows("select account, amount from balances"):
        if account in names:
            booked[names[account]] += amount
    for name in names.values():
        if expected[name] != booked[name]:
            yield f"{name}: {booked[name]} by our books, {expected[name]} by the bank's"
    for number, amount in spent.items():
        if number and world.phones.wallet(number).balance != OPENING_BALANCE - amount:
            yield f"{number} has {world.phones.wallet(number)}, and spent {amount}"


def _left_over(disk: Disk) -> Iterator[str]:
    """Every ticket is paid or over, and holds nothing."""
    for payment in disk.payments.values():
        if payment.in_flight or payment.action or payment.held or payment.surplus:
            yield f"{payment.id} is left with {payment.in_flight} {payment.action} {payment.held} {payment.surplus}"
        if not payment.captured and payment.canceled is None:
            yield f"{payment.id} is {payment.status} for ever"
    for row in disk.rows("select * from timers"):
        yield f"left in timers: {row}"


def _numbers(disk: Disk) -> Iterator[str]:
    """What was paid and what went back is numbered once, from one on, by the day."""
    days: dict[str, list[int]] = {}
    subjects = Counter[str]()
    for series, number, subject in disk.rows("select series, number, subject from numbers"):
        days.setdefault(series, []).append(number)
        subjects[subject] += 1
    for series, given in days.items():
        if sorted(given) != list(range(1, len(given) + 1)):
            yield f"{series} has {sorted(given)}"
    paid = [payment.id for payment in disk.payments.values() if payment.captured]
    back = [refund.id for refund in disk.refunds.values() if refund.state is RefundState.SUCCEEDED]
    if subjects != Counter([*paid, *back]):
        yield f"numbered were {subjects}, to be numbered were {paid} and {back}"


def _told(disk: Disk) -> Iterator[str]:
    """That it was paid is told once of what was, and of nothing else; that it was canceled is not told twice."""
    told = Counter((stream, type) for stream, type in disk.rows("select stream, type from events"))
    for payment in disk.payments.values():
        if told[payment.id, "payment.succeeded"] != bool(payment.captured):
            yield f"{payment.id} was told paid {told[payment.id, 'payment.succeeded']} times"
        if told[payment.id, "payment.canceled"] > 1:
            yield f"{payment.id} was told canceled {told[payment.id, 'payment.canceled']} times"
