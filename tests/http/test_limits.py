"""Counts of a minute: exact over any number of processes, forgotten with the minute, harmless when damaged."""

import multiprocessing
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.http import asking
from tests.sizes import at_size
from tillgate.core.instants import MINUTE, SECOND
from tillgate.http.exchange import Request, Window
from tillgate.http.limits import Counts, Limits
from tillgate.http.problems import TooManyRequests

NOW = 1_699_564_800 * SECOND
FORK = multiprocessing.get_context("fork")
EACH = at_size(10_000, 200_000)


class Wall:
    def __init__(self) -> None:
        self.at = NOW + 5 * SECOND

    def __call__(self) -> int:
        return self.at


def request(peer: str = "192.0.2.1") -> Request:
    return Request(asking.scope(client=(peer, 50_000)), "req_1")


def test_a_hundred_are_allowed_and_the_next_waits_for_the_minute_to_end(tmp_path: Path) -> None:
    wall = Wall()
    limits = Limits(tmp_path, wall, None)
    for number in range(100):
        asked = request()
        limits.count(asked, "ten_1", 100)
        assert asked.window == Window(100, 99 - number, 1_699_564_860)
    for _ in range(3):
        asked = request()
        with pytest.raises(TooManyRequests) as refused:
            limits.count(asked, "ten_1", 100)
        assert refused.value.headers == ((b"retry-after", b"55"),)
        assert asked.window == Window(100, 0, 1_699_564_860)
    limits.count(request(), "ten_2", 100)
    wall.at += 55 * SECOND
    limits.count(request(), "ten_1", 100)


def test_retry_after_is_a_whole_second_at_least(tmp_path: Path) -> None:
    wall = Wall()
    wall.at = NOW + MINUTE - 1
    with pytest.raises(TooManyRequests) as refused:
        Limits(tmp_path, wall, None).count(request(), "ten_1", 0)
    assert refused.value.headers == ((b"retry-after", b"1"),)


def test_who_has_no_limit_is_not_counted(tmp_path: Path) -> None:
    asked = request()
    Limits(tmp_path, Wall(), None).count(asked, "ten_1", None)
    assert asked.window is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("", "", True),
    ],
)
def test_strangers_are_counted_by_their_network(tmp_path: Path, one: str, other: str, same: bool) -> None:
    limits = Limits(tmp_path, Wall(), 10)
    limits.count_stranger(request(one))
    asked = request(other)
    limits.count_stranger(asked)
    assert asked.window is not None
    assert asked.window.remaining == (8 if same else 9)


def test_strangers_and_callers_do_not_use_up_one_another(tmp_path: Path) -> None:
    limits = Limits(tmp_path, Wall(), 10)
    limits.count_stranger(request("192.0.2.1"))
    asked = request()
    limits.count(asked, "192.0.2.1", 10)
    assert asked.window == Window(10, 9, 1_699_564_860)


def _count(counts: Counts, times: int, start: Any = None) -> None:
    if start is not None:
        start.wait()
    for _ in range(times):
        counts.add("ten_1")
    os._exit(0)


@pytest.mark.parametrize("is_open_before_the_fork", [True, False])
def test_processes_count_together_and_miss_nothing(tmp_path: Path, is_open_before_the_fork: bool) -> None:
    counts = Counts(tmp_path / "counts", Wall())
    if is_open_before_the_fork:
        counts.add("ten_0")
    start = FORK.Barrier(4)
    processes = [FORK.Process(target=_count, args=(counts, EACH, start)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    # Another that is started by itself reads what they left.
    assert Counts(tmp_path / "counts", Wall()).add("ten_1") == (4 * EACH + 1, NOW // MINUTE)


def test_a_process_that_is_killed_holds_up_nobody(tmp_path: Path) -> None:
    counts = Counts(tmp_path / "counts", Wall())
    for _ in range(at_size(5, 200)):
        process = FORK.Process(target=_count, args=(counts, 1_000_000))
        process.start()
        time.sleep(0.01)
        os.kill(process.pid or 0, signal.SIGKILL)
        before, _ = counts.add("ten_1")
        process.join()
        assert counts.add("ten_1")[0] >= before


def test_many_names_are_counted_apart(tmp_path: Path) -> None:
    counts = Counts(tmp_path / "counts", Wall())
    for number in range(1, 4):
        assert {counts.add(f"ten_{name}")[0] for name in range(500)} == {number}


def test_the_busiest_are_remembered_where_there_is_no_room_for_all(tmp_path: Path) -> None:
    counts = Counts(tmp_path / "counts", Wall())
    for _ in range(50):
        counts.add("ten_busy")
    for name in range(30_000):
        counts.add(f"address_{name}")
    assert counts.add("ten_busy")[0] == 51


@pytest.mark.parametrize("content", [b"", b"\xff" * 10, b"\xff" * 400_000, b"\0" * 1_000_000])
def test_a_damaged_file_is_counted_in_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "counts").write_bytes(content)
    counts = Counts(tmp_path / "counts", Wall())
    assert [counts.add("ten_1")[0] for _ in range(3)] == [1, 2, 3]


def test_only_the_owner_reads_the_file(tmp_path: Path) -> None:
    counts = Counts(tmp_path / "limits" / "counts", Wall())
    counts.add("ten_1")
    assert (tmp_path / "limits" / "counts").stat().st_mode & 0o777 == 0o600
    counts.close()
    assert counts.add("ten_1")[0] == 2
