"""What there is to find of events in a world that has come to rest: every fact is told once, and as it is."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec

from tests.simulation.disk import Disk
from tillgate.core import cancellations, payment_intents, payments
from tillgate.core.attempts import Attempt, Kind, State
from tillgate.core.disputes import Dispute, DisputeStatus
from tillgate.core.events import EventType
from tillgate.core.payments import Payment
from tillgate.core.refunds import RefundState


def told_once(disk: Disk) -> Iterator[str]:
    """Every fact is told once. (That sequences have no gaps is part of the audit.)"""
    told: dict[str, Counter[str]] = {}
    for stream, type in disk.rows("select stream, type from events"):
        told.setdefault(stream, Counter())[type] += 1
    by_payment: dict[str, list[Attempt]] = {}
    for attempt in disk.attempts.values():
        by_payment.setdefault(attempt.payment, []).append(attempt)
    for payment in disk.payments.values():
        expected = _expected_events(payment, by_payment.get(payment.id, []), disk)
        for dispute in disk.disputes.values():
            if dispute.payment == payment.id:
                expected.update(_told_of(dispute))
        heard = told.get(payment.id, Counter()).copy()
        for type in _BETWEEN:
            heard.pop(type.value, None)
        given_up = sum(_failures(one) for one in by_payment.get(payment.id, []) if payments.is_abandoned(payment, one))
        for type in (EventType.PAYMENT_FAILED.value, EventType.PAYMENT_INTENT_PAYMENT_FAILED.value):
            # What was given up for another card while its customer had to act is told of no more.
            if expected[type] - given_up <= heard[type] <= expected[type]:
                expected[type] = heard[type]
        expected, heard = +expected, +heard
        if payment.canceled and not payment.authorized:
            # Whether its end is heard of before the cancellation that brought it about is a matter of chance.
            for type in (EventType.PAYMENT_FAILED, EventType.PAYMENT_INTENT_PAYMENT_FAILED):
                expected.pop(type.value, None)
                heard.pop(type.value, None)
        if heard != expected:
            yield f"of {payment.id} was told {told.get(payment.id)}, and not {expected}"


_BETWEEN = (
    EventType.REFUND_UPDATED,
    EventType.DISPUTE_UPDATED,
    EventType.PAYMENT_INTENT_PROCESSING,
    EventType.PAYMENT_INTENT_REQUIRES_ACTION,
)
"""What is told on the way to an end, as often as chance has it."""


def _told_of(dispute: Dispute) -> list[str]:
    told = [EventType.DISPUTE_CREATED.value, EventType.DISPUTE_FUNDS_WITHDRAWN.value, EventType.DISPUTE_CLOSED.value]
    return [*told, EventType.DISPUTE_FUNDS_REINSTATED.value] if dispute.status is DisputeStatus.WON else told


def _failures(attempt: Attempt) -> int:
    """How often it came to nothing."""
    return attempt.asked - (attempt.state is State.APPROVED)


def _expected_events(payment: Payment, attempts: list[Attempt], disk: Disk) -> Counter[str]:
    expected = Counter({EventType.PAYMENT_CREATED.value: 1})
    captures = 0
    for attempt in attempts:
        failures = _failures(attempt)
        approved = attempt.state is State.APPROVED
        match attempt.kind:
            case Kind.CHARGE | Kind.AUTHORIZE:
                type = EventType.PAYMENT_SUCCEEDED if attempt.kind is Kind.CHARGE else EventType.PAYMENT_AUTHORIZED
                expected[type.value] += attempt.id == payment.authorization
                expected[EventType.PAYMENT_FAILED.value] += failures
            case Kind.CAPTURE:
                captures += approved
                expected[EventType.PAYMENT_CAPTURE_FAILED.value] += failures
            case Kind.VOID:
                released = payment.captured and payment.authorized
                type = EventType.PAYMENT_RELEASED if released else EventType.PAYMENT_CANCELED
                expected[type.value] += approved
            case Kind.REFUND:
                expected[EventType.REFUND_CREATED.value] += 1
    if captures:
        expected[EventType.PAYMENT_SUCCEEDED.value] += 1
        expected[EventType.PAYMENT_CAPTURED.value] += captures - 1
    if payment.canceled and payment.canceled.cause == cancellations.ABANDONED:
        expected[EventType.PAYMENT_CANCELED.value] += 1
    if payment.intent is not None:
        expected.update({to.value: expected[of.value] for of, to in payment_intents.TOLD_AS.items()})
    return +expected


def last_words(disk: Disk) -> Iterator[str]:
    """What was told last of a payment or a refund is how it is."""
    last: dict[str, Any] = {}
    for stream, view in disk.rows("select stream, view from events order by stream, sequence"):
        shown = msgspec.json.decode(view)
        if shown["id"] in (stream, *disk.refunds, *disk.disputes):
            last[shown["id"]] = shown
    for payment in disk.payments.values():
        told = msgspec.convert(last[payment.id], Payment)
        if (told.authorized, told.captured, told.voided) != (payment.authorized, payment.captured, payment.voided):
            yield f"{payment.id} was last shown as {told}, and is {payment}"
    for dispute in disk.disputes.values():
        if last[dispute.id]["status"] != dispute.status.value:
            yield f"{dispute.id} was last shown as {last[dispute.id]}, and is {dispute}"
    for refund in disk.refunds.values():
        if last[refund.id].get("state", RefundState.PENDING.value) != refund.state.value:
            yield f"{refund.id} was last shown as {last[refund.id]}, and is {refund}"
