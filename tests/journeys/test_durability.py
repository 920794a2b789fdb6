"""What is acknowledged is on disk: strace sees the commit's fdatasync before the answer, in a hundred requests."""

import re
import signal
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import postgres
from tests.journeys.merchant import CARD_PAYMENT, Merchant
from tests.servers import Server, serving
from tests.waiting import until

pytestmark = pytest.mark.anyio

REQUESTS = 100
COMMITS_A_REQUEST = 2

_SYNCED = re.compile(r"^(?P<pid>\d+) .*(?:fdatasync|fsync)(?:\(\d+\)| resumed>\)) += 0$")
_ANSWERED = re.compile(r'^(?P<pid>\d+) .*"HTTP/1\.1 200')
_COMMITTED = re.compile(r'^(?P<pid>\d+) .*"C\\0\\0\\0\\vCOMMIT')


@contextmanager
def traced(pids: list[int], to: Path) -> Iterator[None]:
    """What these processes and their threads sync and send, written to a file."""
    program = ["strace", "-f", "-q", "-s", "64", "-e", "trace=fdatasync,fsync,write,writev,sendto,sendmsg"]
    tracer = subprocess.Popen([*program, "-o", to, *(part for pid in pids for part in ("-p", str(pid)))])
    try:
        until(lambda: to.exists() and all(_is_traced(pid) for pid in pids), "strace attaches")
        yield
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.wait()


def _is_traced(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    return re.search(r"^TracerPid:\t0$", status, re.MULTILINE) is None


async def pay(server: Server) -> None:
    """A hundred payments, one after the other."""
    merchant = Merchant(server.url)
    for number in range(REQUESTS):
        answer = await merchant.ask("POST", "/v1/payments", CARD_PAYMENT, key=f"durable-{number}")
        assert answer.status == 200
    merchant.hang_up()


async def test_on_sqlite_both_commits_are_on_disk_before_the_answer_is_sent(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    with serving(tmp_path / "data") as server, traced([server.pid], trace):
        await pay(server)
    synced, answers = 0, 0
    for line in trace.read_text().splitlines():
        if _SYNCED.match(line):
            synced += 1
        elif _ANSWERED.match(line):
            assert synced >= COMMITS_A_REQUEST, f"answer {answers} went out after {synced} syncs"
            synced, answers = 0, answers + 1
    assert answers == REQUESTS


async def test_postgresql_syncs_before_it_says_that_a_commit_is_done(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    with (
        postgres.cluster(durable=True) as cluster,
        cluster.fresh() as url,
        serving(tmp_path / "data", database=url) as server,
    ):
        merchant = Merchant(server.url)
        # The lanes connect with their first batches.
        for _ in range(4):
            await merchant.ask("POST", "/v1/payments", CARD_PAYMENT)
        merchant.hang_up()
        with traced(_backends(cluster), trace):
            await pay(server)
    synced: defaultdict[str, int] = defaultdict(int)
    commits = 0
    for line in trace.read_text().splitlines():
        if found := _SYNCED.match(line):
            synced[found["pid"]] += 1
        elif found := _COMMITTED.match(line):
            # Nobody else commits here, so nobody else's sync can have carried this one's.
            assert synced[found["pid"]] >= 1, f"commit {commits} was told before it was synced"
            synced[found["pid"]] = 0
            commits += 1
    assert commits >= REQUESTS * COMMITS_A_REQUEST


def _backends(cluster: postgres.Cluster) -> list[int]:
    """The processes of the cluster that serve connections."""
    postmaster = int((cluster.directory / "data" / "postmaster.pid").read_text().splitlines()[0])
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    return [int(pid) for pid in children if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"postgres: tillgate")]
