import asyncio
import os
import socket
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tillgate.workers import control

pytestmark = pytest.mark.anyio


async def echo(line: bytes) -> bytes:
    return line.upper()


async def ask(data: Path, request: bytes) -> bytes | None:
    return await asyncio.to_thread(control.ask, data, request)


@pytest.fixture
def deep() -> Iterator[Path]:
    """A directory whose path is longer than a socket's address may be."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, *["d" * 60] * 3)
        path.mkdir(parents=True)
        yield path


async def test_one_line_is_answered_by_one_line_for_the_owner_alone(deep: Path) -> None:
    async with control.listening(deep, echo):
        assert stat.S_IMODE(os.stat(deep / control.SOCKET).st_mode) == 0o600
        assert await ask(deep, b'{"a":1}') == b'{"A":1}'
        assert await asyncio.gather(*[ask(deep, b"x%d" % number) for number in range(20)]) == [
            b"X%d" % number for number in range(20)
        ]
    assert not (deep / control.SOCKET).exists()
    assert await ask(deep, b"x") is None
    assert await ask(deep / "none", b"x") is None


async def test_the_socket_of_a_killed_server_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / control.SOCKET))
    assert await ask(tmp_path, b"x") is None
    async with control.listening(tmp_path, echo):
        assert await ask(tmp_path, b"x") == b"X"


async def test_a_second_server_leaves_the_first_its_socket(tmp_path: Path) -> None:
    async def second(line: bytes) -> bytes:
        return b"second"

    async with control.listening(tmp_path, echo):
        async with control.listening(tmp_path, second):
            assert await ask(tmp_path, b"x") == b"X"
        assert await ask(tmp_path, b"x") == b"X"
    async with control.listening(tmp_path, second):
        assert await ask(tmp_path, b"x") == b"second"


async def test_a_server_that_goes_away_before_it_answers_is_told_from_none(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dying:
        dying.bind(str(tmp_path / control.SOCKET))
        dying.listen()
        asked = asyncio.create_task(ask(tmp_path, b"x"))
        connection = await asyncio.to_thread(lambda: dying.accept()[0])
        connection.close()
        with pytest.raises(control.Lost):
            await asked


@pytest.mark.parametrize("sent", [b"", b"x", b"x" * 200_000], ids=["nothing", "half a line", "too much"])
async def test_who_says_nothing_sensible_is_hung_up_on(tmp_path: Path, sent: bytes) -> None:
    async with control.listening(tmp_path, echo):
        reader, writer = await asyncio.open_unix_connection(tmp_path / control.SOCKET)
        writer.write(sent)
        writer.write_eof()
        try:
            assert await reader.read() == b""
        except ConnectionError:
            assert len(sent) > 65_536
        finally:
            writer.close()
        assert await ask(tmp_path, b"x") == b"X"
