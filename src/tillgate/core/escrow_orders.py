"""Escrow orders: payments whose money is held for a seller, from being paid until all of it is with whose it is."""

from typing import Final

import msgspec
from msgspec import structs

from tillgate.core import (
    accounts,
    attempts,
    escrow_mails,
    escrow_moves,
    escrow_shares,
    instants,
    ledger,
    payments,
    refunds,
    repeats,
    tickets,
)
from tillgate.core.attempts import Attempt, Kind, State
from tillgate.core.decisions import Alias, Decision, Numbering
from tillgate.core.escrow_shares import Parcel
from tillgate.core.escrows import ALIAS, PREFIX, SERIES, Escrow, EscrowStatus, Kept, Move, Part, Share, Side, Verdict
from tillgate.core.events import EventType
from tillgate.core.evidence import Photograph
from tillgate.core.instants import DAY, MINUTE, Instant
from tillgate.core.ledger import Entry, MovementType, Posting, entry
from tillgate.core.money import Money
from tillgate.core.occasions import Occasion
from tillgate.core.payments import Asking, Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve
from tillgate.core.refunds import Refund
from tillgate.core.signing_keys import EVERYBODYS
from tillgate.core.terms import Terms
from tillgate.core.timers import Timer, TimerKind

FARTHEST_PROMISE: Final = 100 * 366 * DAY
"""From now: whoever buys waits no longer, and every time that follows from it is one that has a name."""

REFUNDS: Final = "escrow_refunds"
"""The series in which refunds of a merchant's orders have whole numbers."""

_FEES: Final = {Part.ESCROW_FEE: accounts.ESCROW_FEES, Part.PROVIDER_FEE: accounts.PAYOUT_FEES}

_UNDIMINISHED: Final = {Kept.SHIPPING: Part.SHIPPING, Kept.CANCELLATION_FEE: Part.CANCELLATION_FEE}


class Refunding(msgspec.Struct, frozen=True):
    """What is, or was, asked of the bank for the buyer."""

    refund: Refund
    attempt: Attempt


class Settling(msgspec.Struct, frozen=True):
    """An order whose seller's side has been given what is theirs, and what is asked of the bank for the buyer."""

    payment: Payment
    decision: Decision
    refunding: Refunding | None = None


def of(payment: Payment) -> Escrow:
    """The escrow of a payment that has one. Raises Refused(NOT_FOUND) for any other."""
    if payment.escrow is None:
        raise Refused(Reason.NOT_FOUND, "order", object="order", id=payment.id)
    return payment.escrow


def order_id(payment_id: str) -> str:
    """What an order is called whose payment has this id."""
    return f"{PREFIX}_{payment_id.removeprefix('pay_')}"


def payment_id(order_id: str) -> str:
    """The id of an order's payment."""
    return f"pay_{order_id.removeprefix(f'{PREFIX}_')}"


def opened(payment: Payment, occasion: Occasion) -> Decision:
    """What is written beside a new order: its number, and whose it is, for whoever holds its link.

    Raises Refused(PARAMETER_INVALID) for what is promised for the past, or for when nobody waits any more.
    """
    promised_by = of(payment).delivery.promised_by
    if promised_by <= occasion.now:
        raise Refused(Reason.PARAMETER_INVALID, "delivery_date", problem="it has to be a day to come")
    if promised_by > occasion.now + FARTHEST_PROMISE:
        problem = f"it has to be within {FARTHEST_PROMISE // DAY} days"
        raise Refused(Reason.PARAMETER_INVALID, "delivery_date", problem=problem)
    whose = Alias(EVERYBODYS, ALIAS, payment.id, tickets.place(payment))
    return Decision(number=(Numbering(payment.tenant, SERIES, payment.id),), name=(whose,))


def move(
    payment: Payment,
    what: Move,
    side: Side,
    occasion: Occasion,
    *,
    amount: int | None = None,
    comment: str = "",
    photographs: tuple[Photograph, ...] = (),
) -> tuple[Payment, Decision]:
    """The order after a move, and before that after what should have been done by itself by now.

    Raises what core.escrow_moves.made refuses.
    """
    payment, types = _caught_up(payment, occasion)
    escrow, rule = escrow_moves.made(
        of(payment), what, side, occasion.now, amount=amount, comment=comment, photographs=photographs
    )
    return _announced(evolve(payment, escrow=escrow), (*types, rule.told), occasion)


def lapse(payment: Payment, occasion: Occasion) -> tuple[Payment, Decision]:
    """The order after what should have been done by itself by now; the very same where that is nothing."""
    after, types = _caught_up(payment, occasion)
    return _announced(after, types, occasion) if types else (payment, Decision())


def _caught_up(payment: Payment, occasion: Occasion) -> tuple[Payment, tuple[EventType, ...]]:
    types: tuple[EventType, ...] = ()
    escrow = of(payment)
    while escrow_moves.is_overdue(escrow, occasion.now):
        escrow, rule = escrow_moves.lapsed(escrow, escrow.due_at or occasion.now)
        types += (rule.told,)
    return (evolve(payment, escrow=escrow) if types else payment), types


def _announced(payment: Payment, types: tuple[EventType, ...], occasion: Occasion) -> tuple[Payment, Decision]:
    after, decision = payments.announced(payment, types, occasion)
    letters = escrow_mails.begun(after, types, occasion)
    return after, decision.also(*letters).merged(Decision(schedule=(timer(after),)))


def timer(payment: Payment) -> Timer:
    """What does with an order what is done by itself, or takes that off."""
    return Timer(payment.tenant, TimerKind.ESCROW_ORDER, payment.id, of(payment).due_at)


def followed(before: Payment, after: Payment, occasion: Occasion) -> tuple[Payment, tuple[EventType, ...], Decision]:
    """A payment that has moved: what was taken for an order is held, and what went back is not any more."""
    escrow = after.escrow
    if escrow is None or escrow.status is EscrowStatus.COMPLETED:
        return after, (), Decision()
    posted: list[Entry] = []
    types: tuple[EventType, ...] = ()
    taken, given = after.captured - before.captured, after.refunded - before.refunded
    if taken > 0:
        escrow = structs.replace(escrow, holds=(*escrow.holds, taken))
        posted.append(_held(after, len(escrow.holds), taken, occasion))
        if escrow.status is EscrowStatus.UNPAID:
            paid = structs.replace(escrow, status=EscrowStatus.PENDING, paid_at=occasion.now)
            escrow = structs.replace(paid, due_at=escrow_moves.deadline(paid, occasion.now))
            types += (EventType.ESCROW_ORDER_PAID,)
    if (back := min(given, escrow.left)) > 0:
        escrow = structs.replace(escrow, returns=(*escrow.returns, back))
        posted.append(_returned(after, len(escrow.returns), back, occasion))
        if not escrow.left:
            escrow = _completed(escrow, occasion)
            types += (EventType.ESCROW_ORDER_COMPLETED,)
    if escrow is after.escrow:
        return after, (), Decision()
    moved = evolve(after, escrow=escrow)
    letters = escrow_mails.begun(moved, types, occasion)
    return moved, types, Decision(save=letters, post=tuple(posted), schedule=(timer(moved),))


def _completed(escrow: Escrow, occasion: Occasion) -> Escrow:
    # What its merchant gave back of their own accord was decided by that.
    verdict = escrow.verdict or Verdict(Kept.NOTHING)
    status = EscrowStatus.COMPLETED
    return structs.replace(escrow, status=status, verdict=verdict, due_at=None, paused=None, completed_at=occasion.now)


def settle(payment: Payment, last: Refunding | None, occasion: Occasion) -> Settling | None:
    """Give what is held to whose it is: the seller's side at once, the buyer by asking the bank, until it says yes.

    None where nothing is decided, or the bank is being asked. What a bank took over a dispute of its own that is over
    goes to the merchant first, from whom it was taken. `last` is how the newest refund went: what the bank never saw is
    put again under its reference, so that nothing goes back twice.
    """
    escrow = of(payment)
    if escrow.verdict is None or not escrow.is_held or payment.reserved(Kind.REFUND):
        return None
    covered = sum(share.money.amount for share in escrow.shares if share.part is Part.CHARGED_BACK)
    cover = max(min(payment.disputed - covered, escrow.left), 0)
    escrow, posted = _shared(payment, escrow, (Parcel(Part.CHARGED_BACK, cover),) if cover else (), occasion)
    if not escrow.is_shared:
        escrow, more = _released(payment, escrow, occasion)
        posted += more
    for_parties = any(share.party and share.payout is None for share in escrow.shares)
    timers = (pay_parties(payment, available_at(payment, occasion)),) if for_parties else ()
    if not escrow.left:
        done = evolve(payment, escrow=_completed(escrow, occasion))
        done, decision = _announced(done, (EventType.ESCROW_ORDER_COMPLETED,), occasion)
        return Settling(done, decision.merged(Decision(post=posted, schedule=timers)))
    again_at = occasion.now + min(attempts.pause(escrow.tries) + MINUTE, DAY)
    waiting = evolve(payment, escrow=structs.replace(escrow, tries=escrow.tries + 1, due_at=again_at))
    refund, asking = _given_back(waiting, escrow.left, last, occasion)
    asked = evolve(asking.payment, escrow=structs.replace(of(asking.payment), refund=refund.id))
    decision = structs.replace(asking.decision, save=(asked, asking.attempt, refund))
    is_new = last is None or last.refund.id != refund.id
    number = (Numbering(payment.tenant, REFUNDS, refund.id),) if is_new else ()
    decision = decision.merged(Decision(post=posted, schedule=(*timers, timer(asked)), number=number))
    return Settling(asked, decision, Refunding(refund, asking.attempt))


def _given_back(payment: Payment, amount: int, last: Refunding | None, occasion: Occasion) -> tuple[Refund, Asking]:
    if last is not None and last.attempt.state is State.NEVER_SEEN and last.refund.amount.amount == amount:
        return refunds.pending_again(last.refund), repeats.ask_again(payment, last.attempt, occasion)
    return refunds.ask(payment, Money(amount, payment.amount.currency), occasion)


def _released(payment: Payment, escrow: Escrow, occasion: Occasion) -> tuple[Escrow, tuple[Entry, ...]]:
    """The seller's side has what the verdict leaves to it."""
    assert escrow.verdict is not None, payment.id
    pricing, verdict = escrow.pricing, escrow.verdict
    wanted = escrow.left if verdict.kept is Kept.ALL else min(verdict.amount, escrow.left)
    sold = Money(wanted, payment.amount.currency)
    bought = pricing.rate.convert(sold) if pricing.rate else sold
    if bought.amount <= 0:
        return structs.replace(escrow, is_shared=True), ()
    posted: tuple[Entry, ...] = ()
    if pricing.rate is not None:
        exchanged = ledger.exchange(accounts.ESCROW, accounts.ESCROW, sold, pricing.rate)
        posted = (_entry(payment, "exchanged", exchanged, occasion),)
        escrow = structs.replace(escrow, released=escrow.released + sold.amount)
    processing = Money(payment.fees, payment.amount.currency)
    cost = (pricing.rate.convert(processing) if pricing.rate else processing).amount
    part = _UNDIMINISHED.get(verdict.kept)
    parcels = (
        escrow_shares.of_sale(pricing, bought.amount, cost)
        if part is None
        else escrow_shares.undiminished(part, pricing, bought.amount)
    )
    escrow, more = _shared(payment, escrow, parcels, occasion)
    return structs.replace(escrow, is_shared=True), (*posted, *more)


def _shared(
    payment: Payment, escrow: Escrow, parcels: tuple[Parcel, ...], occasion: Occasion
) -> tuple[Escrow, tuple[Entry, ...]]:
    """The order with further shares, each with an entry of its own."""
    posted: list[Entry] = []
    for parcel in parcels:
        is_of_price = parcel.part is not Part.CHARGED_BACK
        currency = escrow.pricing.price.currency if is_of_price else payment.amount.currency
        share = Share(parcel.part, Money(parcel.amount, currency), parcel.party)
        escrow = structs.replace(escrow, shares=(*escrow.shares, share))
        if currency == payment.amount.currency:
            escrow = structs.replace(escrow, released=escrow.released + parcel.amount)
        posting = Posting(accounts.ESCROW, account(share), share.money)
        when = available_at(payment, occasion)
        posted.append(_entry(payment, f"share:{len(escrow.shares)}", (posting,), occasion, when))
    return escrow, tuple(posted)


def with_shares(payment: Payment, shares: tuple[Share, ...]) -> Payment:
    """The payment with what has become of its order's shares."""
    return evolve(payment, escrow=structs.replace(of(payment), shares=shares))


def account(share: Share) -> str:
    """Where a share of an order's money goes."""
    return _FEES.get(share.part) or (accounts.party(share.party) if share.party else accounts.PAYABLE)


def available_at(payment: Payment, occasion: Occasion) -> Instant:
    """When what was paid for an order can be paid out: not before its charge can."""
    paid_at = of(payment).paid_at or occasion.now
    return max(instants.days_later(paid_at, payment.settlement_days), occasion.now)


def pay_parties(payment: Payment, due_at: Instant | None) -> Timer:
    """What pays parties out, or takes that off."""
    return Timer(payment.tenant, TimerKind.PAY_PARTIES, payment.id, due_at)


def _held(payment: Payment, number: int, amount: int, occasion: Occasion) -> Entry:
    posting = Posting(accounts.PAYABLE, accounts.ESCROW, Money(amount, payment.amount.currency))
    when = instants.days_later(occasion.now, payment.settlement_days)
    return _entry(payment, f"held:{number}", (posting,), occasion, when, MovementType.ESCROW_HOLD)


def _returned(payment: Payment, number: int, amount: int, occasion: Occasion) -> Entry:
    posting = Posting(accounts.ESCROW, accounts.PAYABLE, Money(amount, payment.amount.currency))
    return _entry(payment, f"returned:{number}", (posting,), occasion)


def _entry(
    payment: Payment,
    what: str,
    postings: tuple[Posting, ...],
    occasion: Occasion,
    when: Instant | None = None,
    type: MovementType = MovementType.ESCROW_RELEASE,
) -> Entry:
    id = f"{order_id(payment.id)}:{what}"
    return entry(payment.tenant, id, payment.id, postings, occasion, type, when)


def terms(payment: Payment) -> Terms:
    """By what an order is found: as one, and by status, product, project and whoever has to do with it."""
    escrow = payment.escrow
    if escrow is None:
        return frozenset()
    pricing = escrow.pricing
    parties = {party for party in (pricing.seller, pricing.operator, pricing.provider) if party}
    known = {("escrow", "order"), ("escrow.status", escrow.status.value), ("escrow.product", escrow.product.id)}
    known |= {("escrow.party", party) for party in parties}
    return frozenset(known | ({("escrow.project", escrow.project)} if escrow.project else set()))
