"""What there is to find of escrow orders in a world that has come to rest, if anything went wrong with one."""

from collections import Counter
from collections.abc import Iterator

from tests.simulation.bazaar import Bazaar
from tests.simulation.disk import Disk
from tillgate.core import accounts, escrow_mails
from tillgate.core.arrivals import Place
from tillgate.core.attempts import State
from tillgate.core.escrows import (
    MOVES,
    REPLACING,
    Escrow,
    EscrowStatus,
    Move,
    Part,
    RefundPolicy,
    Rule,
    Side,
    Step,
)
from tillgate.core.events import EventType
from tillgate.core.mails import MailKind
from tillgate.core.payments import Payment
from tillgate.core.payouts import PayoutState
from tillgate.sandbox.operations import Kind, Operation, Result
from tillgate.store.audit import audit

_MOVES, _REPLACING = dict(MOVES), dict(REPLACING)
"""Who may do what, as it is, whatever is planted."""

_NOTIFIED = (
    EventType.ESCROW_ORDER_DELIVERED,
    EventType.ESCROW_ORDER_ACCEPTED,
    EventType.ESCROW_ORDER_REJECTED,
    EventType.ESCROW_ORDER_SECOND_DELIVERY,
    EventType.ESCROW_ORDER_CANCELED,
    EventType.ESCROW_ORDER_DISPUTE_WITHDRAWN,
)
"""What the merchant is notified of."""

_STATES = {Result.APPROVED: State.APPROVED, Result.DECLINED: State.DECLINED, Result.RETURNED: State.APPROVED}


async def of_everything(bazaar: Bazaar) -> list[str]:
    """What the audit finds, every difference to the bank's books, and whatever is stuck, lost, or told twice."""
    world = bazaar.world
    disk = Disk(world.data)
    orders = {id: payment for id, payment in disk.payments.items() if payment.escrow is not None}
    operations = {one.reference: one for one in world.bank.statement()}
    for payment in orders.values():
        _count(bazaar, payment, disk)
    found = [
        *(await audit(None, world.data)).differences,
        *_against_the_bank(disk, operations),
        *_empty(disk),
        *_once_each(bazaar, disk),
        *_numbers(disk),
        *_milestones(disk),
        *_notified(bazaar, disk),
    ]
    for id, payment in orders.items():
        escrow = payment.escrow
        assert escrow is not None
        problems = (
            *_conserved(payment, escrow, disk, operations),
            *_shared(escrow, disk),
            *_over(payment, escrow),
            *_by_whom(id, escrow, bazaar),
            *_told(id, escrow, disk),
        )
        found += [f"{id}: {problem}" for problem in problems]
    return found


def _count(bazaar: Bazaar, payment: Payment, disk: Disk) -> None:
    happened, escrow = bazaar.world.chance.happened, payment.escrow
    assert escrow is not None
    if not escrow.holds:
        happened["order: never paid"] += 1
        return
    happened[f"order paid by: {'transfer' if payment.transfer else 'card'}"] += 1
    happened[f"order: {escrow.verdict.kept.value if escrow.verdict else 'open'}"] += 1
    happened["order in another currency"] += escrow.pricing.rate is not None
    happened["order refunded again"] += escrow.tries > 1
    happened["order's money taken by a bank"] += any(share.part is Part.CHARGED_BACK for share in escrow.shares)
    for step in escrow.history:
        happened[f"{step.move.value} by {step.side.value}"] += 1
    for payout in disk.payouts.values():
        if payout.payment == payment.id:
            happened[f"party's payout: {'returned' if payout.returned else payout.state.value}"] += 1


def _against_the_bank(disk: Disk, operations: dict[str, Operation]) -> Iterator[str]:
    """Question by question: what we know is what the bank did."""
    questions = disk.questions
    for reference, operation in operations.items():
        attempt = questions.get(reference)
        is_return = reference.startswith("att_arv_") or (attempt is None and reference.startswith("att_"))
        if attempt is None and not is_return:
            yield f"the bank did {operation}, of which nothing is written down"
        elif attempt is not None and attempt.state is not _STATES.get(operation.result):
            yield f"the bank did {operation}, we have {attempt}"
    for attempt in questions.values():
        if (attempt.id in operations) == (attempt.state is State.NEVER_SEEN):
            yield f"{attempt.id} is {attempt.state}, and the bank's books say {operations.get(attempt.id)}"


def _empty(disk: Disk) -> Iterator[str]:
    """Nothing is held, owed to a party, or on its way, and nothing is due."""
    query = "select account, currency, sum(amount) from balances group by 1, 2"
    for account, currency, amount in disk.rows(query):
        if amount and (account in (accounts.ESCROW, accounts.IN_TRANSIT) or account.startswith("party:")):
            yield f"{account} is left with {amount} {currency}"
    for row in disk.rows("select * from timers"):
        yield f"left in timers: {row}"


def _conserved(payment: Payment, escrow: Escrow, disk: Disk, operations: dict[str, Operation]) -> Iterator[str]:
    """To the unit: what came is held, what was held went back to the buyer or to whoever has a share of it."""
    came = sum(one.amount for one in _approved(operations, Kind.CHARGE) if one.reference == payment.authorization)
    back = sum(one.amount for one in _approved(operations, Kind.REFUND) if one.target == payment.authorization)
    if payment.transfer is not None:
        arrivals = [one for one in disk.arrivals.values() if one.payment == payment.id]
        came += sum(one.at(Place.MERCHANT) for one in arrivals)
    if (held := sum(escrow.holds)) != came:
        yield f"{came} came, and {held} was held"
    if held != sum(escrow.returns) + escrow.released:
        yield f"{held} was held, {sum(escrow.returns)} went back, {escrow.released} was released"
    if payment.transfer is None and back != payment.refunded:
        yield f"the bank gave back {back}, and by our books {payment.refunded}"
    if sum(escrow.returns) > payment.refunded:
        yield f"{sum(escrow.returns)} left the escrow for the buyer, who had {payment.refunded}"


def _approved(operations: dict[str, Operation], kind: Kind) -> Iterator[Operation]:
    for one in operations.values():
        if one.kind is kind and one.result is Result.APPROVED:
            yield one


def _shared(escrow: Escrow, disk: Disk) -> Iterator[str]:
    """Shares are all that was released, and each party has been paid its own out, once."""
    parts = [share for share in escrow.shares if share.part is not Part.CHARGED_BACK]
    covered = sum(share.money.amount for share in escrow.shares if share.part is Part.CHARGED_BACK)
    rate, released = escrow.pricing.rate, escrow.released - covered
    if rate is None and sum(share.money.amount for share in parts) != released:
        yield f"{released} was released, and shared as {parts}"
    owed: Counter[tuple[str, str | None]] = Counter()
    for share in parts:
        if share.party is not None:
            owed[share.party, share.payout] += share.money.amount
    for (party, id), amount in owed.items():
        payout = disk.payouts.get(id or "")
        if payout is None or (payout.party, payout.amount.amount) != (party, amount):
            yield f"{party} has {amount}, and there is {payout}"
        elif payout.state is not PayoutState.PAID:
            yield f"{party} has {amount}, and {payout.id} is {payout.state}"


def _over(payment: Payment, escrow: Escrow) -> Iterator[str]:
    """Time has passed beyond every deadline: what was paid is over, and what was not paid holds nothing."""
    expected = EscrowStatus.COMPLETED if escrow.holds else EscrowStatus.UNPAID
    if (escrow.status, escrow.left, escrow.due_at, payment.in_flight) != (expected, 0, None, ()):
        yield f"is left as {escrow.status} with {escrow.left}, due {escrow.due_at}, {payment.in_flight}"
    if payment.captured and not escrow.holds:
        yield f"{payment.captured} was taken, and never held"


def _by_whom(id: str, escrow: Escrow, bazaar: Bazaar) -> Iterator[str]:
    """Every step is one that its side may make from there, was asked for, and is of its time."""
    at, made = 0, Counter((step.move, step.side) for step in escrow.history)
    for status, rule, step in _steps(escrow):
        if rule is None or rule.status not in (None, step.status) or step.at < at:
            yield f"from {status} since {at} came {step}"
        at = step.at
    for (move, side), times in made.items():
        if side is not Side.CLOCK and times > bazaar.asked[id, move, side]:
            yield f"{move} by {side} was made {times} times, and asked for {bazaar.asked[id, move, side]} times"
    for (order, move, side), times in bazaar.granted.items():
        if order == id and times > made[move, side]:
            yield f"{side} was told {times} times to have done {move}, and has {made[move, side]} times"


def _steps(escrow: Escrow) -> Iterator[tuple[EscrowStatus, Rule | None, Step]]:
    """Each step, where it came from, and the rule by which it was made."""
    status, deliveries = EscrowStatus.PENDING, 0
    for step in escrow.history:
        way = (status, step.move, step.side)
        is_owed = escrow.product.refund_policy is RefundPolicy.REPLACEMENT and deliveries < 2
        yield status, _REPLACING.get(way, _MOVES.get(way)) if is_owed else _MOVES.get(way), step
        status, deliveries = step.status, deliveries + (step.move is Move.DELIVER)


def _told(id: str, escrow: Escrow, disk: Disk) -> Iterator[str]:
    """Every step is told once, in order, between that it was paid and that it is over; so are buyers, by mail."""
    query = f"select type from events where stream = '{id}' and type like 'escrow_order.%' order by sequence"
    told = [EventType(type) for (type,) in disk.rows(query)]
    expected = [EventType.ESCROW_ORDER_PAID, *[rule.told for _, rule, _ in _steps(escrow) if rule]]
    if told != [*expected, EventType.ESCROW_ORDER_COMPLETED] and escrow.holds:
        yield f"was told {told}, and was {expected}"
    kinds = Counter(escrow_mails.KINDS[type] for type in told if type in escrow_mails.KINDS)
    mails = Counter(MailKind(kind) for (kind,) in disk.rows(_MAILS.format(id=id)))
    for kind, times in kinds.items():
        # Two steps that time took at once are one mail, and nobody is told of a dispute that they began.
        if mails[kind] != times and (mails[kind] > times or kind is not MailKind.ORDER_CONTESTED):
            yield f"{times} times {kind}, and {mails[kind]} mails of it"


_MAILS = "select json_extract(body, '$.kind') from mails where json_extract(body, '$.about') = '{id}'"


def _once_each(bazaar: Bazaar, disk: Disk) -> Iterator[str]:
    """However often a purchase was repeated under its key, it is one order."""
    for key, ids in bazaar.paid_under.items():
        if len(ids) > 1:
            yield f"{key} opened {ids}"


def _numbers(disk: Disk) -> Iterator[str]:
    """Whole numbers have no gaps."""
    given: dict[str, list[int]] = {}
    for series, number in disk.rows("select series, number from numbers"):
        given.setdefault(series, []).append(number)
    for series, numbers in given.items():
        if sorted(numbers) != list(range(1, len(numbers) + 1)):
            yield f"{series} has {sorted(numbers)}"


def _milestones(disk: Disk) -> Iterator[str]:
    """In a project, no milestone was begun before the one before it was over."""
    spans: dict[str, list[tuple[int, int]]] = {}
    for payment in disk.payments.values():
        escrow = payment.escrow
        if escrow is not None and escrow.project and escrow.paid_at:
            spans.setdefault(escrow.project, []).append((payment.created, escrow.completed_at or 0))
    for project, found in spans.items():
        for (_, over), (begun, _) in zip(sorted(found), sorted(found)[1:], strict=False):
            if begun < over - _APART:
                yield f"{project} had two milestones at once: {sorted(found)}"


_APART = 2_500_000
"""By how much the clocks of two processes differ, in microseconds, and more."""


def _notified(bazaar: Bazaar, disk: Disk) -> Iterator[str]:
    """What the merchant is to be notified of it has heard, each time the same; and of nothing else."""
    types = ", ".join(f"'{type.value}'" for type in _NOTIFIED)
    due = {id for (id,) in disk.rows(f"select id from events where type in ({types})")}
    for id in sorted(due - set(bazaar.heard)):
        yield f"{id} was told to nobody"
    for id, bodies in sorted(bazaar.heard.items()):
        if id not in due or len(bodies) > 1:
            yield f"{id} was told as {len(bodies)} things, and is {'' if id in due else 'not '}to be told"
