"""What the bank refuses by itself, whatever it is asked in whatever order."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from tests.connectors.questions import attempt
from tests.sandbox.virtual_time import run
from tests.sandbox.world import World
from tillgate.core.attempts import Kind, Verdict
from tillgate.core.reasons import Reason
from tillgate.core.records import evolve
from tillgate.sandbox.faults import Fault

APPROVED, DECLINED = Verdict.APPROVED, Verdict.DECLINED


async def reason(world: World, kind: Kind, amount: int, of: str, currency: str = "USD") -> Reason | None:
    return (await world.put(attempt(kind, amount, currency, target=of))).reason


def test_a_capture_takes_no_more_than_is_left_of_the_authorization() -> None:
    async def main() -> None:
        world = World()
        held, _ = await world.ask(Kind.AUTHORIZE, 1000)
        assert await reason(world, Kind.CAPTURE, 1001, held.id) is Reason.CAPTURE_EXCEEDS_AUTHORIZED
        assert (await world.ask(Kind.CAPTURE, 600, of=held.id))[1] is APPROVED
        assert await reason(world, Kind.CAPTURE, 401, held.id) is Reason.CAPTURE_EXCEEDS_AUTHORIZED
        assert (await world.ask(Kind.CAPTURE, 400, of=held.id))[1] is APPROVED
        assert await reason(world, Kind.CAPTURE, 1, held.id) is Reason.AUTHORIZATION_EXPIRED

    run(main())


def test_nothing_is_captured_after_a_void() -> None:
    async def main() -> None:
        world = World()
        held, _ = await world.ask(Kind.AUTHORIZE, 1000)
        await world.ask(Kind.CAPTURE, 300, of=held.id)
        assert (await world.ask(Kind.VOID, 700, of=held.id))[1] is APPROVED
        assert await reason(world, Kind.CAPTURE, 100, held.id) is Reason.AUTHORIZATION_EXPIRED
        assert await reason(world, Kind.VOID, 700, held.id) is Reason.NOTHING_TO_CANCEL

    run(main())


def test_a_void_releases_all_that_is_held_or_nothing() -> None:
    async def main() -> None:
        world = World()
        held, _ = await world.ask(Kind.AUTHORIZE, 1000)
        await world.ask(Kind.CAPTURE, 300, of=held.id)
        assert await reason(world, Kind.VOID, 1000, held.id) is Reason.NOTHING_TO_CANCEL
        assert await reason(world, Kind.VOID, 600, held.id) is Reason.NOTHING_TO_CANCEL
        charge, _ = await world.ask(Kind.CHARGE, 1000)
        assert await reason(world, Kind.VOID, 1000, charge.id) is Reason.NOTHING_TO_CANCEL

    run(main())


def test_a_refund_gives_back_no_more_than_was_taken() -> None:
    async def main() -> None:
        world = World()
        charge, _ = await world.ask(Kind.CHARGE, 1000)
        assert (await world.ask(Kind.REFUND, 999, of=charge.id))[1] is APPROVED
        assert await reason(world, Kind.REFUND, 2, charge.id) is Reason.NOT_REFUNDABLE
        assert (await world.ask(Kind.REFUND, 1, of=charge.id))[1] is APPROVED
        held, _ = await world.ask(Kind.AUTHORIZE, 1000)
        assert await reason(world, Kind.REFUND, 1, held.id) is Reason.NOT_REFUNDABLE
        await world.ask(Kind.CAPTURE, 300, of=held.id)
        assert await reason(world, Kind.REFUND, 301, held.id) is Reason.NOT_REFUNDABLE
        assert (await world.ask(Kind.REFUND, 300, of=held.id))[1] is APPROVED

    run(main())


def test_nothing_is_done_to_what_was_declined_is_not_there_or_is_anothers() -> None:
    async def main() -> None:
        world = World()
        for kind in (Kind.CHARGE, Kind.AUTHORIZE):
            declined, _ = await world.ask(kind, 1000, "4000000000000002")
            good, _ = await world.ask(kind, 1000)
            stranger = evolve(attempt(Kind.REFUND, 1000, target=good.id), tenant="ten_2")
            assert (await world.put(stranger)).reason is Reason.PROCESSING_ERROR
            for follows in (Kind.CAPTURE, Kind.VOID, Kind.REFUND):
                assert await reason(world, follows, 1000, declined.id)
                assert await reason(world, follows, 1000, "att_nobody") is Reason.PROCESSING_ERROR
                assert await reason(world, follows, 1000, good.id, "EUR") is Reason.PROCESSING_ERROR

    run(main())


def test_what_is_pending_is_spoken_for() -> None:
    async def main() -> None:
        world = World()
        held, _ = await world.ask(Kind.AUTHORIZE, 1000)
        world.bank.faults.plant(Fault.PENDING)
        assert (await world.ask(Kind.CAPTURE, 600, of=held.id))[1] is Verdict.PENDING
        assert (await world.ask(Kind.CAPTURE, 600, of=held.id))[1] is DECLINED
        assert (await world.ask(Kind.VOID, 1000, of=held.id))[1] is DECLINED
        assert (await world.ask(Kind.REFUND, 600, of=held.id))[1] is DECLINED
        charge, _ = await world.ask(Kind.CHARGE, 1000)
        world.bank.faults.plant(Fault.PENDING)
        assert (await world.ask(Kind.REFUND, 600, of=charge.id))[1] is Verdict.PENDING
        assert (await world.ask(Kind.REFUND, 600, of=charge.id))[1] is DECLINED

    run(main())


steps = st.tuples(
    st.sampled_from([Kind.CAPTURE, Kind.VOID, Kind.REFUND]),
    st.sampled_from([10, 20, 30, 50, 70, 80, 90, 100, 110]),
    st.booleans(),
    st.sampled_from([None, None, None, Fault.PENDING, Fault.DUPLICATE, Fault.TIMEOUT_AFTER, Fault.GARBAGE]),
)


@given(first=st.sampled_from([Kind.CHARGE, Kind.AUTHORIZE]), steps=st.lists(steps, max_size=12))
def test_whatever_is_asked_no_more_is_taken_than_granted_and_no_more_given_back_than_taken(
    first: Kind, steps: list[tuple[Kind, int, bool, Fault | None]]
) -> None:
    async def main() -> None:
        world = World()
        target, _ = await world.ask(first, 100)
        for kind, amount, repeated, fault in steps:
            if fault:
                world.bank.faults.plant(fault)
            about, _ = await world.ask(kind, amount, of=target.id)
            if repeated:
                await world.again(about)
            taken = world.moved(Kind.CHARGE) + world.moved(Kind.CAPTURE)
            assert 0 <= world.moved(Kind.REFUND) <= taken <= 100
            assert taken + world.moved(Kind.VOID) <= 100
        await asyncio.sleep(60)
        if world.moved(Kind.VOID):
            assert world.moved(Kind.CAPTURE) + world.moved(Kind.VOID) == 100

    run(main())
