"""What there is to find in a world that has come to rest, if anything went wrong in it."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.simulation import findings_of_events, findings_of_payouts, findings_of_setup_intents
from tests.simulation.asking import Asked
from tests.simulation.disk import Disk
from tests.simulation.merchants import CARDS, CORNER_CAFE, Merchant
from tests.simulation.world import World
from tillgate.core import accounts, fees, payment_intents
from tillgate.core.attempts import Attempt, Kind, State
from tillgate.core.disputes import Dispute, DisputeStatus
from tillgate.core.instants import SECOND
from tillgate.core.merchants import DEMO_SHOP
from tillgate.core.money import Money
from tillgate.core.payments import Status
from tillgate.core.refunds import RefundState
from tillgate.core.reservations import BY_CARD
from tillgate.core.three_d_secure import Flow
from tillgate.sandbox.chargebacks import Stage
from tillgate.sandbox.operations import Code, Operation, Result
from tillgate.store.audit import audit

_SIGNS = {
    ("receivable", Kind.CHARGE): -1,
    ("receivable", Kind.CAPTURE): -1,
    ("receivable", Kind.REFUND): 1,
    ("holds", Kind.AUTHORIZE): -1,
    ("holds", Kind.CAPTURE): 1,
    ("holds", Kind.VOID): 1,
}
"""How what the bank did shows in the books: what flows out of an account lowers it."""


_APART = 70 * SECOND
"""By how much what was decided upon may be written down later, and the clocks of two processes differ."""


def in_doubt(world: World) -> list[str]:
    """The attempts of which nobody knows what became, and the disputes with a response on its way."""
    disk = Disk(world.data)
    attempts = [attempt.id for attempt in disk.questions.values() if not attempt.is_final]
    return attempts + [dispute.id for dispute in disk.disputes.values() if dispute.response]


async def of_the_books(world: World) -> list[str]:
    """What the audit finds, and every difference between the books and the bank's."""
    disk = Disk(world.data)
    found = await audit(None, world.data)
    return [
        *found.differences,
        *_against_the_bank(world, disk),
        *_disputes_against_the_bank(world, disk),
        *_balances(world, disk),
        *_payable(world, disk),
        *findings_of_payouts.of_the_books(world, disk),
    ]


async def of_everything(world: World, merchants: list[Merchant]) -> list[str]:
    """The books, and that nothing is left over, untold, told twice, or other than what clients were told."""
    disk = Disk(world.data)
    found = await of_the_books(world)
    found += [
        *_left_over(disk),
        *_beyond_what_disputes_leave(disk),
        *_beyond_what_there_is(world),
        *findings_of_events.told_once(disk),
        *findings_of_events.last_words(disk),
        *_customers(disk),
        *_secrets(disk),
        *_asked_once(world, disk),
        *findings_of_payouts.of_everything(world, disk, merchants),
        *findings_of_setup_intents.of_everything(world, disk, merchants),
    ]
    for merchant in merchants:
        found += [*_answers(merchant, disk), *_once_each(merchant, disk, world), *_spent(merchant, disk)]
    for attempt in disk.attempts.values():
        world.chance.happened[f"{attempt.kind.value}: {attempt.state.value}"] += 1
        world.chance.happened["asked again"] += attempt.asked > 1
        is_further = attempt.kind in BY_CARD and not attempt.id.endswith("_1")
        world.chance.happened["intent: confirmed again"] += is_further
    for dispute in disk.disputes.values():
        world.chance.happened[f"dispute: {dispute.status.value}"] += 1
        world.chance.happened["dispute: answered"] += dispute.submitted_at is not None
        world.chance.happened["dispute: accepted"] += dispute.responses > 0 and dispute.submitted_at is None
    for payment in disk.payments.values():
        world.chance.happened[f"payment: {payment.status.value}"] += 1
        cause = payment.canceled.cause if payment.canceled else None
        world.chance.happened[f"released: {cause}"] += 1
    return found


def _against_the_bank(world: World, disk: Disk) -> Iterator[str]:
    """Attempt by attempt: what we know is what the bank did."""
    operations, questions = {operation.reference: operation for operation in world.bank.statement()}, disk.questions
    for reference, operation in operations.items():
        attempt = questions.get(reference)
        if attempt is None:
            yield f"the bank did {operation}, of which nothing is written down"
        elif not _is_same(attempt, operation):
            yield f"the bank did {operation}, we have {attempt}"
    for attempt in questions.values():
        if attempt.is_final and (attempt.id in operations) == (attempt.state is State.NEVER_SEEN):
            yield f"{attempt.id} is {attempt.state}, and the bank's books say {operations.get(attempt.id)}"


def _disputes_against_the_bank(world: World, disk: Disk) -> Iterator[str]:
    """Dispute by dispute: each is known once, and what the bank was told to have been heard is so."""
    known = Counter(dispute.bank_reference for dispute in disk.disputes.values())
    by_reference = {dispute.bank_reference: dispute for dispute in disk.disputes.values()}
    for chargeback in world.bank.disputes():
        if chargeback.stage in (Stage.PLANNED, Stage.DROPPED) or chargeback.told < chargeback.version:
            continue
        dispute = by_reference.get(chargeback.reference)
        if dispute is None or known[chargeback.reference] > 1:
            yield f"the bank told of {chargeback}, which is known {known[chargeback.reference]} times"
        elif (dispute.amount.amount, dispute.status.value) != (chargeback.amount, chargeback.stage.value):
            yield f"the bank told of {chargeback}, we have {dispute}"


def _beyond_what_disputes_leave(disk: Disk) -> Iterator[str]:
    """No bank is asked to give back what another dispute is known to have taken."""
    for attempt in disk.attempts.values():
        if attempt.kind is not Kind.REFUND:
            continue
        since, until = attempt.asked_at - _APART, attempt.asked_at + _APART
        taken = sum(
            dispute.amount.amount
            for dispute in disk.disputes.values()
            if dispute.payment == attempt.payment
            and dispute.created < since
            and not (dispute.status is DisputeStatus.WON and (dispute.closed_at or 0) < until)
        )
        if taken and attempt.amount.amount > disk.payments[attempt.payment].captured - taken:
            yield f"{attempt.id} was to give back {attempt.amount}, and {taken} was disputed"


def _beyond_what_there_is(world: World) -> Iterator[str]:
    """What is on its way is set aside, so that it never falls to the bank to refuse what it was asked for before.

    It may, where a cardholder has objected or met a challenge of which we have not heard yet.
    """
    operations = {operation.reference: operation for operation in world.bank.statement()}
    objected = {chargeback.target for chargeback in world.bank.disputes()}
    for operation in operations.values():
        target = operations.get(operation.target or "")
        if operation.code not in _BEYOND or target is None:
            continue
        met = operation.code is Code.NOTHING_HELD and target.flow is Flow.CHALLENGE
        if not met and target.reference not in objected:
            yield f"the bank had to refuse {operation}"


_BEYOND = (Code.AUTHORIZATION_RELEASED, Code.EXCEEDS_AUTHORIZED, Code.EXCEEDS_CAPTURED, Code.NOTHING_HELD)
"""Why a bank refuses what is more than it took or holds."""


def _is_same(attempt: Attempt, operation: Operation) -> bool:
    kind = _KNOWN_AS.get(attempt.kind, attempt.kind)
    asked = (kind.value, attempt.amount.amount, attempt.amount.currency, attempt.target)
    done = (operation.kind.value, operation.amount, operation.currency, operation.target)
    state = _STATES.get(operation.result)
    return asked == done and (attempt.state is state or (state is None and not attempt.is_final))


_KNOWN_AS = {Kind.WITHDRAW: Kind.VOID, Kind.RELEASE: Kind.VOID, Kind.RETURN: Kind.REFUND}
"""What the bank takes some kinds of attempts for."""

_STATES = {
    Result.APPROVED: State.APPROVED,
    Result.DECLINED: State.DECLINED,
    Result.RETURNED: State.APPROVED,
}


def _balances(world: World, disk: Disk) -> Iterator[str]:
    """By tenant and currency: what flowed through the bank's accounts is what the bank's own books make."""
    expected: Counter[tuple[str, str, str]] = Counter()
    for operation in world.bank.statement():
        attempt = disk.attempts.get(operation.reference)
        if attempt is None or operation.result is not Result.APPROVED:
            continue
        gave_up = attempt.kind is Kind.VOID and not disk.payments[attempt.payment].authorized
        challenged = gave_up or attempt.kind is Kind.WITHDRAW
        for (account, kind), sign in _SIGNS.items():
            if kind.value == operation.kind.value and not challenged:
                expected[attempt.tenant, account, operation.currency] += sign * operation.amount
    for tenant, currency, _, paid in findings_of_payouts.moved(disk):
        expected[tenant, "receivable", currency] += paid
    names = {accounts.receivable("sandbox"): "receivable", accounts.holds("sandbox"): "holds"}
    booked: Counter[tuple[str, str, str]] = Counter()
    for tenant, account, currency, amount in disk.rows("select tenant, account, currency, amount from balances"):
        if account in names:
            booked[tenant, names[account], currency] += amount
    for place in sorted({*expected, *booked}):
        if expected[place] != booked[place]:
            yield f"{place}: the balance is {booked[place]}, by the bank's books {expected[place]}"


def _is_charge_that_counts(disk: Disk, attempt: Attempt) -> bool:
    return attempt.kind is Kind.CHARGE and attempt.id == disk.payments[attempt.payment].authorization


def _payable(world: World, disk: Disk) -> Iterator[str]:
    """What merchants are owed: what the bank took, less refunds, less the fee of each payment in one step.

    What was taken once too often, and goes back, was never theirs, and no fee is due for it.
    """
    plans = {tenant.id: tenant.fee_plan for tenant in (DEMO_SHOP, CORNER_CAFE)}
    taken: Counter[str] = Counter()
    expected: Counter[tuple[str, str]] = Counter()
    for operation in world.bank.statement():
        attempt = disk.attempts.get(operation.reference)
        if attempt is None or operation.result is not Result.APPROVED:
            continue
        if attempt.kind is Kind.CAPTURE or _is_charge_that_counts(disk, attempt):
            taken[attempt.payment] += operation.amount
        if attempt.kind is Kind.REFUND:
            expected[attempt.tenant, operation.currency] -= operation.amount
    stages = {chargeback.reference: chargeback for chargeback in world.bank.disputes()}
    terms = {tenant.id: tenant.dispute_fees for tenant in (DEMO_SHOP, CORNER_CAFE)}
    for dispute in disk.disputes.values():
        chargeback, place = stages[dispute.bank_reference], (dispute.tenant, dispute.amount.currency)
        heard = chargeback.told == chargeback.version
        won = chargeback.stage is Stage.WON if heard else dispute.status is DisputeStatus.WON
        expected[place] -= (0 if won else chargeback.amount) + terms[dispute.tenant].get(place[1], 0)
    for payment_id, amount in taken.items():
        payment = disk.payments[payment_id]
        currency = payment.amount.currency
        fee = fees.fee(plans[payment.tenant], Money(0, currency), Money(amount, currency))
        expected[payment.tenant, currency] += amount - fee.amount
    for tenant, currency, left, _ in findings_of_payouts.moved(disk):
        expected[tenant, currency] += left
    query = f"select tenant, currency, sum(amount) from balances where account = '{accounts.PAYABLE}' group by 1, 2"
    booked = Counter({(tenant, currency): amount for tenant, currency, amount in disk.rows(query)})
    for place in sorted({*expected, *booked}):
        if expected[place] != booked[place]:
            yield f"{place}: owed {booked[place]}, by the bank's books {expected[place]}"


def _left_over(disk: Disk) -> Iterator[str]:
    """Nothing is reserved, nothing is due, nothing is held, when everything is over."""
    for payment in disk.payments.values():
        if payment.in_flight or payment.action:
            yield f"{payment.id} still waits: {payment.in_flight} {payment.action}"
        if payment.authorized - payment.captured - payment.voided:
            yield f"{payment.id} still holds money, long after its authorization ended"
        is_open = payment_intents.status(payment) in payment_intents.CHANGEABLE and payment.intent
        if payment.status in (Status.PENDING, Status.REQUIRES_ACTION, Status.AUTHORIZED) and not is_open:
            yield f"{payment.id} is {payment.status} for ever"
    for dispute in disk.disputes.values():
        if not dispute.is_closed or dispute.response:
            yield f"{dispute.id} is never decided: {dispute}"
    for table in ("timers", "idempotency_keys"):
        for row in disk.rows(f"select * from {table}"):
            yield f"left in {table}: {row}"


def _customers(disk: Disk) -> Iterator[str]:
    """Whoever buys twice is one customer, told of once."""
    told = Counter(row[0] for row in disk.rows("select stream from events where type = 'customer.created'"))
    if told != Counter(disk.customers.keys()):
        yield f"of customers was told {told}, and there are {sorted(disk.customers)}"
    for who, times in Counter((customer.tenant, customer.email) for customer in disk.customers.values()).items():
        if times > 1:
            yield f"{who} is {times} customers"


def _secrets(disk: Disk) -> Iterator[str]:
    """No CVC outlives its token, no number its day unless it is kept, and neither was ever legible on the disk."""
    for token in disk.tokens.values():
        if token.sealed_cvc is not None:
            yield f"{token.id} still has its CVC"
    kept = {setup.payment_method for setup in disk.setup_intents.values() if setup.verified and setup.customer}
    for method in disk.methods.values():
        if (method.sealed is not None) != (method.id in kept):
            yield f"{method.id} {'lost' if method.id in kept else 'still has'} its number"
    written = disk.path.read_bytes()
    for number in CARDS:
        if number.encode() in written:
            yield f"the card …{number[-4:]} is legible on the disk"


def _answers(merchant: Merchant, disk: Disk) -> Iterator[str]:
    """What a client was told is what is on the disk, or what became of it since."""
    for asked in merchant.asking.all:
        if asked.answer is None or asked.method != "POST":
            continue
        said: Any = asked.answer.shown
        failed = asked.answer.status == 402
        match said["object"]:
            case "payment_intent":
                yield from _of_an_intent(asked, said, disk)
            case "payment":
                yield from _of_a_payment(asked, said, failed, disk)
            case "refund":
                refund = disk.refunds.get(said["id"])
                if refund is None or said["status"] not in (refund.state.value, RefundState.PENDING.value):
                    yield f"request {asked.name} was told {said}, and there is {refund}"
            case "dispute":
                dispute = disk.disputes.get(said["id"])
                if dispute is None or not _may_become(said, dispute):
                    yield f"request {asked.name} was told {said}, and there is {dispute}"
            case "token":
                if said["id"] not in disk.tokens:
                    yield f"request {asked.name} was told {said}, which is not there"


def _may_become(said: dict[str, Any], dispute: Dispute) -> bool:
    decided = said["status"] in ("won", "lost")
    same = (said["amount"], said["payment"]) == (dispute.amount.amount, dispute.payment)
    return same and (not decided or said["status"] == dispute.status.value)


def _of_a_payment(asked: Asked, said: dict[str, Any], failed: bool, disk: Disk) -> Iterator[str]:
    payment = disk.payments.get(said["id"])
    if payment is None:
        yield f"request {asked.name} was told of {said['id']}, which is not there"
        return
    status = said["status"]
    untrue = (
        said["amount_captured"] > payment.captured
        or said["amount_refunded"] > payment.refunded
        or (status == "succeeded" and payment.status is not Status.SUCCEEDED)
        or (status == "canceled" and not payment.canceled)
        or (status == "authorized" and not payment.authorized)
        or (failed and asked.path == "/v1/payments" and payment.authorized)
    )
    if untrue:
        yield f"request {asked.name} was told {said}, and there is {payment}"


def _of_an_intent(asked: Asked, said: dict[str, Any], disk: Disk) -> Iterator[str]:
    payment = disk.payments.get(f"pay_{said['id'].removeprefix('pi_')}")
    status = said["status"]
    untrue = payment is None or (
        said["amount_received"] > payment.captured
        or (status == "succeeded" and payment.status is not Status.SUCCEEDED)
        or (status == "canceled" and not payment.canceled)
        or (status == "requires_capture" and not payment.authorized)
    )
    if untrue:
        yield f"request {asked.name} was told {said}, and there is {payment}"


def _once_each(merchant: Merchant, disk: Disk, world: World) -> Iterator[str]:
    """However often a request was repeated, it led to one attempt at most, and that to one answer."""
    by_request: dict[str, list[Attempt]] = {}
    for attempt in disk.attempts.values():
        by_request.setdefault(_name_of(attempt), []).append(attempt)
    for asked in merchant.asking.all:
        led_to = by_request.get(asked.name, [])
        if len(led_to) > (1 if asked.key else asked.tries) or (asked.clashes and led_to):
            yield f"request {asked.name} led to {[attempt.id for attempt in led_to]}"
        refused = asked.answer is not None and asked.answer.status == 402
        if refused and any(attempt.state is State.APPROVED for attempt in led_to):
            yield f"request {asked.name} was told {asked.answer}, and there is {led_to}"


def _asked_once(world: World, disk: Disk) -> Iterator[str]:
    """Nobody but a client's repeat puts a question again."""
    for attempt in disk.questions.values():
        if world.sent[attempt.id] > attempt.asked:
            yield f"{attempt.id} was asked {attempt.asked} times and put to the bank {world.sent[attempt.id]} times"


def _spent(merchant: Merchant, disk: Disk) -> Iterator[str]:
    """A token pays once."""
    by_request: dict[str, set[str]] = {}
    for attempt in disk.attempts.values():
        by_request.setdefault(_name_of(attempt), set()).add(attempt.payment)
    for token, asked in merchant.spent.items():
        paid = [payment for each in asked for payment in by_request.get(each.name, ())]
        if len(paid) > 1 or (paid and disk.tokens[token].used_by != paid[0]):
            yield f"{token} paid for {paid}"


def _name_of(attempt: Attempt) -> str:
    """The name of the request that led to it."""
    return attempt.request_id.split("_")[1] if attempt.request_id else ""
