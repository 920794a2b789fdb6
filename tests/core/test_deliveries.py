"""A delivery is tried on the schedule that the API's page states, and given up after it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillgate.core import deliveries
from tillgate.core.deliveries import DeliveryState, Try
from tillgate.core.instants import DAY, HOUR, MINUTE, SECOND

NOW = 1_700_000_000 * SECOND
SENT = deliveries.Delivery(
    tenant="ten_1",
    endpoint="we_1",
    event="evt_1",
    type="payment.succeeded",
    form="v1:1",
    stream="pay_1",
    sequence=1,
    strict=False,
    created=NOW,
    due_at=NOW,
)
FAILED = Try(at=NOW, took_milliseconds=5, status=500)
jitters = st.integers(0, 65_535)


def test_the_schedule_is_the_one_of_the_page() -> None:
    page = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR]
    assert list(deliveries.WAITS) == page
    assert 75 * HOUR <= sum(page) < 76 * HOUR


@given(st.lists(jitters, min_size=10, max_size=10))
def test_ten_tries_are_made_each_after_its_wait_and_a_tenth_more_at_most(random: list[int]) -> None:
    delivery, now = SENT, NOW
    for number, wait in enumerate(deliveries.WAITS):
        delivery = deliveries.after(delivery, FAILED, now, jitter=random[number], retry_after=None)
        assert delivery.due_at is not None
        assert wait <= delivery.due_at - now <= wait * 11 // 10
        now = delivery.due_at
    given_up = deliveries.after(delivery, FAILED, now, jitter=random[9], retry_after=None)
    assert (given_up.state, given_up.due_at, given_up.finished_at) == (DeliveryState.FAILED, None, now)
    assert (given_up.tries, len(given_up.log)) == (10, 10)


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_2xx_is_success(status: int) -> None:
    taken = deliveries.after(SENT, msgspec.structs.replace(FAILED, status=status), NOW, jitter=0, retry_after=None)
    assert (taken.state, taken.due_at, taken.tries) == (DeliveryState.SUCCEEDED, None, 0)


@pytest.mark.parametrize("status", [None, 100, 199, 300, 301, 302, 400, 404, 429, 500, 503])
def test_nothing_else_is(status: int | None) -> None:
    again = deliveries.after(SENT, msgspec.structs.replace(FAILED, status=status), NOW, jitter=0, retry_after=None)
    assert (again.state, again.due_at, again.tries) == (DeliveryState.PENDING, NOW + 5 * SECOND, 1)


def test_gone_is_not_tried_again() -> None:
    gone = deliveries.after(SENT, msgspec.structs.replace(FAILED, status=410), NOW, jitter=0, retry_after=None)
    assert (gone.state, gone.due_at) == (DeliveryState.FAILED, None)


@pytest.mark.parametrize(
    ("asked", "wait"),
    [(0, 5 * SECOND), (SECOND, 5 * SECOND), (MINUTE, MINUTE), (DAY, DAY), (30 * DAY, DAY), (None, 5 * SECOND)],
)
def test_retry_after_makes_a_wait_longer_never_shorter_and_a_day_at_most(asked: int | None, wait: int) -> None:
    assert deliveries.wait_after(1, 0, asked) == wait


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("120", 120 * SECOND),
        (" 0 ", 0),
        ("Tue, 14 Nov 2023 22:14:20 GMT", 60 * SECOND),
        ("Tue, 14 Nov 2023 22:00:00 GMT", 0),
        *((text, None) for text in ("", None, "soon", "-5", "1.5", "١٢", "9" * 40, "Tue, 99 Nov 2023 22:14:20 GMT")),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(text: str | None, asked: int | None) -> None:
    assert deliveries.retry_after(text, NOW) == asked


@given(st.text(max_size=60))
def test_no_retry_after_is_too_strange(text: str) -> None:
    asked = deliveries.retry_after(text, NOW)
    assert asked is None or asked >= 0


def test_what_is_told_of_tries_is_bounded() -> None:
    delivery = SENT
    for _ in range(50):
        delivery = deliveries.given_up(delivery, msgspec.structs.replace(FAILED, error="x" * 999), NOW)
    assert len(delivery.log) == 20


def test_those_that_wait_are_put_off_as_long_as_they_wait() -> None:
    tried = [SENT]
    for _ in range(4):
        tried.append(deliveries.after(tried[-1], FAILED, NOW, jitter=0, retry_after=None))
    put_off = [deliveries.successors_due_at(SENT, each) for each in tried[1:]]
    assert put_off == [NOW + 5 * SECOND, NOW + 5 * MINUTE, None, None]
    strict = msgspec.structs.replace(SENT, strict=True)
    assert deliveries.successors_due_at(strict, tried[4]) == tried[4].due_at
