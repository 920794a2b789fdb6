"""The one way out to banks: every way in which an answer can fail to come back."""

import asyncio

import pytest

from tests.sandbox import virtual_time
from tillgate.connectors.contract import BankAnswer, BankRequest
from tillgate.transport.banks import Loss, Lost, Route, Transport

REQUEST = BankRequest(method="POST", url="sandbox:/charges", reference="att_1", body=b"{}")
YES = BankAnswer(200, b"yes")


def send(route: Route, request: BankRequest = REQUEST) -> tuple[BankAnswer | Lost, float]:
    """What came back, and after how many seconds."""

    async def main() -> tuple[BankAnswer | Lost, float]:
        answer = await Transport({"sandbox": route}).send(request)
        return answer, round(asyncio.get_running_loop().time(), 3)

    return virtual_time.run(main())


def after(seconds: float, answer: BankAnswer = YES) -> Route:
    async def route(request: BankRequest) -> BankAnswer:
        await asyncio.sleep(seconds)
        return answer

    return route


def raising(error: Exception, times: int = 1_000_000) -> tuple[list[BankRequest], Route]:
    """A route that fails so many times, and the requests that it was handed."""
    tries: list[BankRequest] = []

    async def route(request: BankRequest) -> BankAnswer:
        tries.append(request)
        if len(tries) <= times:
            raise error
        return YES

    return tries, route


@pytest.mark.parametrize("status", [200, 402, 404, 500])
def test_an_answer_is_brought_back_whatever_its_status(status: int) -> None:
    answer = BankAnswer(status, b"said")
    assert send(after(0, answer)) == (answer, 0)


def test_thirty_seconds_are_waited_and_no_longer() -> None:
    assert send(after(29.9)) == (YES, 29.9)
    assert send(after(30.1)) == (Lost(Loss.SILENT), 30)


def test_nothing_goes_where_no_route_leads() -> None:
    tries, route = raising(AssertionError())
    for url in ("https://bank.example/charges", "file:/etc/passwd", "", "/sandbox:", "Sandbox:/charges"):
        request = BankRequest(method="POST", url=url, reference="att_1")
        assert send(route, request)[0] == Lost(Loss.FORBIDDEN)
    assert tries == []


def test_a_refused_connection_is_tried_again() -> None:
    tries, route = raising(ConnectionRefusedError(), times=3)
    answer, seconds = send(route)
    assert answer == YES
    assert tries == [REQUEST] * 4
    assert seconds < 5


def test_a_connection_refused_again_and_again_is_given_up() -> None:
    tries, route = raising(ConnectionRefusedError())
    assert send(route)[0] == Lost(Loss.UNREACHABLE)
    assert len(tries) == 4


@pytest.mark.parametrize(
    "error",
    [ConnectionResetError(), BrokenPipeError(), OSError(), EOFError(), RuntimeError("card"), KeyError()],
    ids=repr,
)
def test_what_may_have_been_sent_is_never_sent_again(error: Exception) -> None:
    tries, route = raising(error)
    assert send(route)[0] == Lost(Loss.BROKEN)
    assert len(tries) == 1


def test_a_timeout_inside_the_route_is_silence_and_not_sent_again() -> None:
    tries, route = raising(TimeoutError())
    assert send(route)[0] == Lost(Loss.SILENT)
    assert len(tries) == 1


def test_tries_and_pauses_together_stay_within_the_deadline() -> None:
    async def slow_refusal(request: BankRequest) -> BankAnswer:
        await asyncio.sleep(20)
        raise ConnectionRefusedError

    assert send(slow_refusal) == (Lost(Loss.SILENT), 30)


def test_the_deadline_can_be_set() -> None:
    async def main() -> BankAnswer | Lost:
        return await Transport({"sandbox": after(3)}, deadline_seconds=2).send(REQUEST)

    assert virtual_time.run(main()) == Lost(Loss.SILENT)


def test_a_caller_that_is_canceled_is_canceled() -> None:
    async def main() -> None:
        sending = asyncio.create_task(Transport({"sandbox": after(10)}).send(REQUEST))
        await asyncio.sleep(1)
        sending.cancel()
        await sending

    with pytest.raises(asyncio.CancelledError):
        virtual_time.run(main())
