"""What waits is counted as it stands, with the age of the oldest, on both engines."""

import pytest

from tests.store import samples
from tests.store.samples import TENANT
from tillgate.core.attempts import MARGIN, PATIENCE, Attempt, Kind, State, is_in_doubt
from tillgate.core.decisions import Decision
from tillgate.core.deliveries import Delivery
from tillgate.core.instants import DAY, HOUR, MINUTE, SECOND
from tillgate.core.money import Money
from tillgate.core.timers import Timer, TimerKind
from tillgate.store import backlog, deliveries
from tillgate.store.backlog import Backlog
from tillgate.store.database import Store

pytestmark = pytest.mark.anyio

WALL = 20_000 * DAY


def attempt(id: str, state: State, *, asked: int) -> Attempt:
    return Attempt(
        tenant=TENANT,
        id=id,
        payment="pay_1",
        kind=Kind.CHARGE,
        amount=Money(100, "USD"),
        state=state,
        bank="sandbox",
        asked_at=1,
        answer_due_at=asked + PATIENCE + MARGIN,
        actor="key_1",
        surface="v1",
        request_id="req_1",
    )


def inquiry(id: str, due_at: int) -> Timer:
    return Timer(TENANT, TimerKind.INQUIRE, id, due_at)


async def test_nothing_waits_at_first(store: Store) -> None:
    assert await backlog.backlog(store, WALL) == Backlog(0, 0, 0, 0, 0, 0, 0)


async def test_doubt_is_what_nobody_knows_and_not_what_is_under_way(store: Store) -> None:
    attempts = [
        attempt("unknown", State.UNKNOWN, asked=WALL - HOUR),
        attempt("unknown too", State.UNKNOWN, asked=WALL - MINUTE),
        attempt("sent by one that died", State.SENDING, asked=WALL - 2 * HOUR),
        attempt("being sent", State.SENDING, asked=WALL - SECOND),
        attempt("challenged", State.CHALLENGED, asked=WALL - DAY),
        attempt("pending", State.PENDING, asked=WALL - DAY),
        attempt("found out", State.APPROVED, asked=WALL - DAY),
    ]
    timers = [inquiry(one.id, WALL + HOUR) for one in attempts]
    await store.commit(Decision(save=tuple(attempts), schedule=tuple(timers)))
    found = await backlog.backlog(store, WALL)
    assert (found.in_doubt, found.in_doubt_for) == (3, 2 * HOUR)
    assert sum(is_in_doubt(one, WALL) for one in attempts) == 3


async def test_timers_are_overdue_once_their_time_has_come(store: Store) -> None:
    due = [inquiry("a", WALL - MINUTE), inquiry("b", WALL), inquiry("c", WALL + 1)]
    expiry = Timer(TENANT, TimerKind.EXPIRE_AUTHORIZATION, "pay_1", WALL - HOUR)
    await store.commit(Decision(schedule=(*due, expiry)))
    found = await backlog.backlog(store, WALL)
    assert (found.timers_overdue, found.timers_overdue_for) == (3, HOUR)


async def test_events_wait_to_be_fanned_out(store: Store) -> None:
    await store.commit(Decision(announce=(samples.event("evt_1"), samples.event("evt_2"))))
    assert (await backlog.backlog(store, WALL)).events_to_fan_out == 2


def delivery(event: str, due_at: int | None) -> Delivery:
    return Delivery(
        tenant=TENANT,
        endpoint="we_1",
        event=event,
        type="customer.created",
        form="v1:1",
        stream=event,
        sequence=1,
        strict=False,
        created=1,
        due_at=due_at,
    )


async def test_deliveries_are_due_once_their_time_has_come(store: Store) -> None:
    sent = [
        delivery("evt_1", WALL - HOUR),
        delivery("evt_2", WALL),
        delivery("evt_3", WALL + 1),
        delivery("evt_4", None),
    ]
    await deliveries.send_again(store, sent)
    found = await backlog.backlog(store, WALL)
    assert (found.deliveries_due, found.deliveries_due_for) == (2, HOUR)
