from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tests.core.happenings import Capture, Charge, Decide, GiveBack, Object, Void
from tests.core.world import START, World, lived, opened
from tillgate.core import accounts, reconciliation
from tillgate.core.attempts import Kind, State, Verdict
from tillgate.core.cancellations import Cancellation
from tillgate.core.disputes import DisputeStatus, Response, ResponseKind
from tillgate.core.payments import CaptureMethod
from tillgate.core.reconciliation import Moved, Story
from tillgate.core.records import evolve
from tillgate.core.refunds import RefundState
from tillgate.core.reservations import Reservation

HELD = lived(World(opened(100)), Charge(), (Kind.AUTHORIZE, Verdict.APPROVED)).story()

TOLD = lived(
    World(opened(100)),
    Charge(),
    (Kind.AUTHORIZE, Verdict.APPROVED),
    Capture(50),
    (Kind.CAPTURE, Verdict.DECLINED),
    Capture(60),
    (Kind.CAPTURE, Verdict.APPROVED),
    Void(),
    (Kind.VOID, Verdict.APPROVED),
    GiveBack(20),
    (Kind.REFUND, Verdict.APPROVED),
    GiveBack(10),
    (Kind.REFUND, Verdict.UNKNOWN),
).story()
"""Held, captured in part, the rest released, a part of it refunded, and another refund in doubt."""

DISPUTED = lived(
    World(opened(100, CaptureMethod.AUTOMATIC)),
    Charge(),
    (Kind.CHARGE, Verdict.APPROVED),
    Object(40),
    GiveBack(20),
    (Kind.REFUND, Verdict.APPROVED),
    Object(70),
)
DISPUTED = lived(DISPUTED, Decide(next(iter(DISPUTED.disputes)), DisputeStatus.WON))
"""Disputed in part and won, refunded in part, and disputed again."""

AUTHORIZE, DECLINED, CAPTURE, VOID, REFUND, IN_DOUBT = (attempt.id for attempt in TOLD.attempts)

LINES = range(len(TOLD.moved))

Plant = Callable[[Story], Story]


def changed(story: Story, **parts: Any) -> Story:
    return msgspec.structs.replace(story, **parts)


def with_payment(**facts: Any) -> Plant:
    return lambda story: changed(story, payment=evolve(story.payment, **facts))


def with_line(number: int, **facts: Any) -> Plant:
    return lambda story: changed(story, moved=_with(story.moved, number, msgspec.structs.replace, facts))


def with_attempt(number: int, **facts: Any) -> Plant:
    return lambda story: changed(story, attempts=_with(story.attempts, number, evolve, facts))


def with_refund(number: int, **facts: Any) -> Plant:
    return lambda story: changed(story, refunds=_with(story.refunds, number, evolve, facts))


def with_dispute(number: int, **facts: Any) -> Plant:
    return lambda story: changed(story, disputes=_with(story.disputes, number, evolve, facts))


def with_told(*told: int) -> Plant:
    return lambda story: changed(story, told=list(told))


def without(part: str, number: int) -> Plant:
    return lambda story: changed(story, **{part: [one for n, one in enumerate(getattr(story, part)) if n != number]})


def twice(part: str, number: int) -> Plant:
    return lambda story: changed(story, **{part: [*getattr(story, part), getattr(story, part)[number]]})


def and_moved(entry: str, source: str, destination: str, currency: str = "USD") -> Plant:
    return lambda story: changed(story, moved=[*story.moved, Moved(entry, source, destination, currency, 1)])


def _with(records: list[Any], number: int, change: Callable[..., Any], facts: dict[str, Any]) -> list[Any]:
    return [change(record, **facts) if n == number else record for n, record in enumerate(records)]


@pytest.mark.parametrize("story", [World(opened(100)).story(), HELD, TOLD, DISPUTED.story()])
def test_where_the_books_are_right_there_is_no_difference(story: Story) -> None:
    assert list(reconciliation.differences(story)) == []


PLANTED: dict[str, Plant] = {
    **{f"line {n} is missing": without("moved", n) for n in LINES},
    **{f"line {n} is there twice": twice("moved", n) for n in LINES},
    **{f"line {n} is one too much": with_line(n, amount=TOLD.moved[n].amount + 1) for n in LINES},
    **{f"line {n} is in another currency": with_line(n, currency="EUR") for n in LINES},
    **{f"line {n} goes elsewhere": with_line(n, destination="fees:other") for n in LINES},
    **{f"line {n} comes from elsewhere": with_line(n, source="fees:other") for n in LINES},
    **{f"line {n} is of an entry that nobody made": with_line(n, entry="att_1_9:captured") for n in LINES},
    "two lines make up for each other": lambda story: with_line(1, amount=61)(with_line(0, amount=99)(story)),
    "more moved under an entry": and_moved(f"{CAPTURE}:captured", accounts.PAYABLE, "bank:sandbox:receivable"),
    "moved for a no": and_moved(f"{DECLINED}:captured", "bank:sandbox:receivable", accounts.PAYABLE),
    "moved while in doubt": and_moved(f"{IN_DOUBT}:refunded", accounts.PAYABLE, "bank:sandbox:receivable"),
    "a fee for nothing": and_moved("att_1_9:captured", accounts.PAYABLE, accounts.FEES),
    "a second fee": and_moved(f"{CAPTURE}:captured", accounts.PAYABLE, accounts.FEES),
    **{
        f"{total} is {by:+}": with_payment(**{total: getattr(TOLD.payment, total) + by})
        for total in ("authorized", "captured", "voided", "refunded", "fees")
        for by in (-1, 1)
    },
    "more is disputed than was left": with_payment(disputed=41),
    "fees were never due": lambda story: with_payment(fees=17)(with_line(3, amount=17)(story)),
    "the cancellation is forgotten": with_payment(canceled=None),
    "another authorization is named": with_payment(authorization=CAPTURE),
    "no authorization is named": with_payment(authorization=None),
    **{f"attempt {n} is lost": without("attempts", n) for n in range(len(TOLD.attempts))},
    "a yes became a no": with_attempt(2, state=State.DECLINED),
    "a no became a yes": with_attempt(1, state=State.APPROVED),
    "a yes was to more": with_attempt(2, amount=TOLD.payment.amount),
    "the reservation is forgotten": with_payment(in_flight=()),
    "a reservation is left": with_payment(in_flight=(*TOLD.payment.in_flight, Reservation(CAPTURE, Kind.CAPTURE, 60))),
    "the reservation is there twice": with_payment(in_flight=TOLD.payment.in_flight * 2),
    "too little is reserved": with_payment(in_flight=(Reservation(IN_DOUBT, Kind.REFUND, 9),)),
    "nothing is reserved": with_payment(in_flight=(Reservation(IN_DOUBT, Kind.REFUND, 0),)),
    "another kind is reserved": with_payment(in_flight=(Reservation(IN_DOUBT, Kind.CAPTURE, 10),)),
    "what is in doubt turns out to be over": with_attempt(5, state=State.DECLINED),
    "a refund is lost": without("refunds", 0),
    "the refund in doubt is lost": without("refunds", 1),
    "a refund is there twice": twice("refunds", 0),
    "a refund did not succeed": with_refund(0, state=RefundState.PENDING),
    "a refund in doubt succeeded": with_refund(1, state=RefundState.SUCCEEDED),
    "a refund in doubt failed": with_refund(1, state=RefundState.FAILED),
    "a refund is of more": with_refund(0, amount=TOLD.payment.amount),
    "a refund names another attempt": with_refund(0, attempt=CAPTURE),
    "two refunds name one attempt": with_refund(
        0, attempt=IN_DOUBT, amount=TOLD.refunds[1].amount, state=RefundState.PENDING
    ),
    "a refund names no attempt": with_refund(0, attempt="att_1_9"),
    "the first event is missing": with_told(2, 3, 4, 5, 6, 7),
    "an event in between is missing": with_told(1, 2, 4, 5, 6, 7),
    "the last event is missing": with_told(1, 2, 3, 4, 5, 6),
    "an event was told twice": with_told(1, 2, 2, 3, 4, 5, 6, 7),
    "an event was told that never was": with_told(1, 2, 3, 4, 5, 6, 7, 8),
    "nothing was told": with_told(),
}


def test_seven_events_were_told() -> None:
    assert TOLD.told == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("plant", PLANTED.values(), ids=list(PLANTED))
def test_every_planted_difference_is_found(plant: Plant) -> None:
    assert list(reconciliation.differences(plant(TOLD)))


LINES_OF_DISPUTES = [n for n, line in enumerate(DISPUTED.story().moved) if line.entry.startswith("dp_")]

PLANTED_IN_DISPUTES: dict[str, Plant] = {
    **{f"line {n} is missing": without("moved", n) for n in LINES_OF_DISPUTES},
    **{f"line {n} is there twice": twice("moved", n) for n in LINES_OF_DISPUTES},
    **{f"line {n} is of another amount": with_line(n, amount=8) for n in LINES_OF_DISPUTES},
    **{f"line {n} goes elsewhere": with_line(n, destination="fees:other") for n in LINES_OF_DISPUTES},
    "disputed is less": with_payment(disputed=69),
    "disputed is more": with_payment(disputed=71),
    "it is all overdrawn": with_payment(disputed=0, overdrawn=70),
    "no dispute is named": with_payment(dispute=None),
    "a dispute is lost": without("disputes", 0),
    "the open dispute is lost": without("disputes", 1),
    "the won dispute is open": with_dispute(0, status=DisputeStatus.UNDER_REVIEW),
    "the won dispute was lost": with_dispute(0, status=DisputeStatus.LOST),
    "the open dispute was won": with_dispute(1, status=DisputeStatus.WON, closed_at=START),
    "the open dispute was lost": with_dispute(1, status=DisputeStatus.LOST),
    "the won dispute has no end": with_dispute(0, closed_at=None),
    "the won dispute has a response on its way": with_dispute(0, response=Response("dp_1", ResponseKind.EVIDENCE)),
    "the fee was another": with_dispute(1, fee=8),
}


@pytest.mark.parametrize("plant", PLANTED_IN_DISPUTES.values(), ids=list(PLANTED_IN_DISPUTES))
def test_every_planted_difference_in_disputes_is_found(plant: Plant) -> None:
    assert len(LINES_OF_DISPUTES) == 5
    assert list(reconciliation.differences(plant(DISPUTED.story())))


@pytest.mark.parametrize(
    ("plant", "difference"),
    [
        (
            without("moved", 0),
            f"{AUTHORIZE}:authorized: 100 USD from bank:sandbox:holds to payments:authorized is not in the books",
        ),
        (
            twice("moved", 0),
            f"{AUTHORIZE}:authorized: 100 USD from bank:sandbox:holds to payments:authorized"
            " is in the books without a yes",
        ),
        (with_payment(authorized=101), "authorized is 101, the bank's answers make 100"),
        (
            with_payment(in_flight=(Reservation(AUTHORIZE, Kind.AUTHORIZE, 100),)),
            f"{AUTHORIZE} is over, and still reserved",
        ),
        (with_payment(canceled=Cancellation(START, "requested")), "it is canceled without the bank's yes"),
        (with_payment(attempts_made=2), "1 attempts where 2 were made"),
        (with_told(1), "events [1] where 2 were announced"),
        (with_attempt(0, state=State.PENDING), f"{AUTHORIZE} is in doubt without a reservation"),
    ],
)
def test_a_difference_says_what_differs(plant: Plant, difference: str) -> None:
    assert difference in list(reconciliation.differences(plant(HELD)))


def test_a_line_names_its_attempt() -> None:
    assert TOLD.moved[0].attempt == AUTHORIZE
