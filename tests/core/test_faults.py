"""Planted faults: drawn by their seed, as often as was asked for and never more, for what they are for."""

import dataclasses
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillgate.core import faults
from tillgate.core.attempts import Kind
from tillgate.core.faults import Drawn, Fault, FaultKind, FaultOperation, Happening, Plan
from tillgate.core.instants import HOUR, SECOND
from tillgate.core.reasons import Reason, Refused

NOW = 1_000 * HOUR


def planted(number: int = 1, **wishes: object) -> Fault:
    return faults.plant(Plan(**{"kind": FaultKind.SLOW, **wishes}), tenant="ten_1", id=f"flt_{number}", wall=NOW)  # type: ignore[arg-type]


@dataclasses.dataclass
class Merchant:
    """Somebody whose requests meet faults, one after the other."""

    planted: dict[str, Fault]
    at: int = NOW

    def meets(self, operation: str = "charge") -> Drawn | None:
        happening = Happening(self.at, "pay_1", operation)
        drawn, changed = faults.draw(list(self.planted.values()), faults.for_question(operation), happening)
        self.planted |= {fault.id: fault for fault in changed}
        return drawn


def merchant(*of: Fault) -> Merchant:
    return Merchant({fault.id: fault for fault in of})


SOME = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 100), st.integers(0, 9)), max_size=4)
ASKED: st.SearchStrategy[Sequence[str]] = st.lists(st.sampled_from(["charge", "refund"]), max_size=40)


@given(SOME, ASKED)
def test_a_fault_never_happens_more_often_than_was_asked_for(
    wishes: list[tuple[int, int, int]], asked: Sequence[str]
) -> None:
    one = merchant(*(planted(n, count=c, probability=p, seed=s) for n, (c, p, s) in enumerate(wishes)))
    drawn = [found for operation in asked if (found := one.meets(operation))]
    for fault in one.planted.values():
        assert len(fault.happened) == sum(each.fault == fault.id for each in drawn) <= fault.count
        assert fault.remaining == fault.count - len(fault.happened)
        assert (fault.lives_until is None) == (fault.remaining == 0)
    if wishes and all(p == 100 for _, p, _ in wishes):
        assert len(drawn) == min(len(asked), sum(count for count, _, _ in wishes))


@given(st.integers(0, 2**53), st.integers(1, 100), ASKED)
def test_the_same_seed_has_the_same_requests_go_wrong_in_the_same_way(
    seed: int, probability: int, asked: Sequence[str]
) -> None:
    lives = [merchant(planted(count=100, seed=seed, probability=probability)) for _ in range(2)]
    first, again = ([life.meets(operation) for operation in asked] for life in lives)
    assert first == again


def test_its_chance_is_what_was_asked_for() -> None:
    for percent in (1, 25, 60, 99):
        lots = [faults._lot(7, number) % 100 < percent for number in range(5_000)]
        assert abs(sum(lots) - 50 * percent) < 200


def test_a_fault_is_for_what_it_names() -> None:
    one = merchant(planted(1, operation=FaultOperation.REFUND), planted(2, kind=FaultKind.WEBHOOK_LOST))
    assert one.meets("charge") is None
    assert one.planted["flt_1"].seen == 0
    met = one.meets("refund")
    assert met is not None
    assert met.fault == "flt_1"
    of_any, of_one = (
        planted(3, kind=FaultKind.WEBHOOK_SLOW),
        planted(4, kind=FaultKind.WEBHOOK_SLOW, event_type="payment.failed"),
    )
    assert [faults.for_delivery("payment.failed")(fault) for fault in (of_any, of_one, planted(5))] == [
        True,
        True,
        False,
    ]
    assert [faults.for_delivery("payment.created")(fault) for fault in (of_any, of_one)] == [True, False]


def test_what_is_over_does_not_happen() -> None:
    one = merchant(planted(lasts=HOUR, count=2))
    one.at = NOW + HOUR - 1
    assert one.meets() is not None
    one.at = NOW + HOUR
    assert one.meets() is None


def test_operations_are_kinds_of_attempts() -> None:
    assert {operation.value for operation in FaultOperation} <= {kind.value for kind in Kind}


@pytest.mark.parametrize("kind", FaultKind)
def test_a_plan_takes_what_belongs_to_its_kind(kind: FaultKind) -> None:
    foreign = {"operation": FaultOperation.CHARGE} if kind.is_of_webhooks else {"event_type": "payment.created"}
    too_long = {"seconds": faults.MOST_SECONDS.get(kind, -1) + 1}
    for wish in (foreign, too_long):
        with pytest.raises(Refused) as refused:
            Plan(kind=kind, **wish)
        assert (refused.value.reason, refused.value.field) == (Reason.PARAMETER_INVALID, next(iter(wish)))
    if kind in faults.MOST_SECONDS:
        assert Plan(kind=kind, seconds=faults.MOST_SECONDS[kind]).seconds == faults.MOST_SECONDS[kind]
    assert Plan(kind=kind).lasts == 3600 * SECOND
