import pytest

from tests.core.happenings import Capture, Charge, GiveBack, Happened, Void, Withdraw
from tests.core.world import START, World, lived, opened
from tillgate.core.attempts import Kind, Verdict
from tillgate.core.instants import DAY, SECOND
from tillgate.core.timers import TimerKind

AUTHORIZED = (Charge(), (Kind.AUTHORIZE, Verdict.APPROVED))
CAPTURED = (*AUTHORIZED, Capture(100), (Kind.CAPTURE, Verdict.APPROVED))
CHALLENGED = (Charge(), (Kind.AUTHORIZE, Verdict.CHALLENGE))
CHALLENGE_EXPIRY = (TimerKind.EXPIRE_CHALLENGE, "att_1_1")
EXPIRY = (TimerKind.EXPIRE_AUTHORIZATION, "pay_1")


def inquiry(number: int) -> tuple[TimerKind, str]:
    return TimerKind.INQUIRE, f"att_1_{number}"


@pytest.mark.parametrize(
    ("happened", "timers"),
    [
        ((), set()),
        ((Charge(),), {inquiry(1)}),
        ((Charge(), (Kind.AUTHORIZE, Verdict.UNKNOWN)), {inquiry(1)}),
        ((Charge(), (Kind.AUTHORIZE, Verdict.PENDING)), {inquiry(1)}),
        ((Charge(), (Kind.AUTHORIZE, Verdict.CHALLENGE)), {inquiry(1), CHALLENGE_EXPIRY}),
        ((*CHALLENGED, (Kind.AUTHORIZE, Verdict.CHALLENGE)), {inquiry(1), CHALLENGE_EXPIRY}),
        ((*CHALLENGED, (Kind.AUTHORIZE, Verdict.APPROVED)), {EXPIRY}),
        ((*CHALLENGED, (Kind.AUTHORIZE, Verdict.DECLINED)), set()),
        ((*CHALLENGED, Withdraw("att_1_1")), {inquiry(1), inquiry(2), CHALLENGE_EXPIRY}),
        ((*CHALLENGED, Void(), (Kind.VOID, Verdict.APPROVED)), {inquiry(1)}),
        ((Charge(), (Kind.AUTHORIZE, Verdict.DECLINED)), set()),
        ((Charge(), (Kind.AUTHORIZE, Verdict.NEVER_SEEN)), set()),
        (AUTHORIZED, {EXPIRY}),
        ((*AUTHORIZED, Capture(60)), {EXPIRY, inquiry(2)}),
        ((*AUTHORIZED, Capture(60), (Kind.CAPTURE, Verdict.APPROVED)), {EXPIRY}),
        ((*AUTHORIZED, Void()), {EXPIRY, inquiry(2)}),
        ((*AUTHORIZED, Void(), (Kind.VOID, Verdict.APPROVED)), set()),
        ((*AUTHORIZED, Void(), (Kind.VOID, Verdict.DECLINED)), {EXPIRY}),
        (CAPTURED, set()),
        ((*CAPTURED, GiveBack(1)), {inquiry(3)}),
        ((*CAPTURED, GiveBack(1), (Kind.REFUND, Verdict.APPROVED)), set()),
    ],
)
def test_what_is_in_doubt_is_inquired_and_what_is_held_expires(
    happened: tuple[Happened, ...], timers: set[tuple[TimerKind, str]]
) -> None:
    assert set(lived(World(opened(100)), *happened).timers) == timers


def test_the_inquiry_comes_soon_after_asking() -> None:
    assert lived(World(opened(100)), Charge()).timers[inquiry(1)] == START + 10 * SECOND


def test_what_happens_to_a_part_does_not_put_off_the_expiry_of_the_rest() -> None:
    world = lived(World(opened(100)), *AUTHORIZED)
    due_at = world.timers[EXPIRY]
    assert due_at == START + world.time + 7 * DAY
    for verdict in (Verdict.DECLINED, Verdict.APPROVED):
        world = lived(world, Capture(10), (Kind.CAPTURE, verdict))
        assert world.timers[EXPIRY] == due_at
    world = lived(world, Void(), (Kind.VOID, Verdict.DECLINED), GiveBack(5), (Kind.REFUND, Verdict.APPROVED))
    assert world.timers[EXPIRY] == due_at


def test_every_subject_has_one_timer_of_a_kind() -> None:
    world = lived(World(opened(100)), Charge(), *[(Kind.AUTHORIZE, Verdict.UNKNOWN)] * 5)
    assert list(world.timers) == [inquiry(1)]
