import functools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.waiting import LONG_SECONDS, until
from tillgate.supervision import MOST_FAILURES

PROGRAM = Path(__file__).with_name("supervised.py")


@contextmanager
def supervised(directory: Path, count: int, *ways: str) -> Iterator["subprocess.Popen[str]"]:
    """Processes that go these ways, under supervision."""
    command = [sys.executable, str(PROGRAM), str(directory), str(count), *ways]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def starts(directory: Path, slot: int = 0) -> list[tuple[int, float]]:
    """The process and the time of each start."""
    found = sorted(Path(directory, str(slot)).glob("*"), key=lambda path: int(path.name))
    return [(int(pid), float(at)) for pid, at in (path.read_text().split() for path in found if path.read_text())]


def has_ended(pid: int) -> bool:
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_what_cannot_start_is_given_up_in_a_sentence_after_pauses_that_grow(tmp_path: Path) -> None:
    with supervised(tmp_path, 2, "fails") as process:
        assert process.wait(LONG_SECONDS) == 1
        assert f"{MOST_FAILURES} times in a row; the log says why" in said(process)
    times = [at for _, at in starts(tmp_path)]
    assert len(times) in (MOST_FAILURES - 1, MOST_FAILURES)
    assert times[3] - times[2] > 2 * 0.02 - 0.005


def test_it_is_ready_once_when_the_first_works_and_goes_on_however_often_others_fail(tmp_path: Path) -> None:
    with supervised(tmp_path, 2, "fails", "fails", "steady") as process:
        assert said(process) == "ready\n"
        until(lambda: len(starts(tmp_path, 0)) == len(starts(tmp_path, 1)) == 3)
        process.send_signal(signal.SIGTERM)
        assert process.wait(LONG_SECONDS) == 0
        assert said(process) == ""


def test_it_never_gives_up_once_it_worked(tmp_path: Path) -> None:
    with supervised(tmp_path, 1, "brief", "fails", "fails", "fails", "fails", "fails", "fails", "steady") as process:
        assert said(process) == "ready\n"
        until(lambda: len(starts(tmp_path)) == 8)
        assert process.poll() is None


def test_one_that_is_killed_is_replaced_and_all_end_with_the_one_that_keeps_them(tmp_path: Path) -> None:
    with supervised(tmp_path, 2, "steady") as process:
        assert said(process) == "ready\n"
        until(lambda: len(starts(tmp_path, 0)) == len(starts(tmp_path, 1)) == 1)
        os.kill(starts(tmp_path, 1)[0][0], signal.SIGKILL)
        until(lambda: len(starts(tmp_path, 1)) == 2)
        assert len(starts(tmp_path, 0)) == 1
        process.kill()
        process.wait()
        for pid in (starts(tmp_path, 0)[-1][0], starts(tmp_path, 1)[-1][0]):
            until(functools.partial(has_ended, pid))
