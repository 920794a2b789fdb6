"""Servers under load: Tillgate as its command line starts it, and the bare endpoint that it is compared with."""

import contextlib
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

BIN = Path(sys.executable).parent
SECRET_KEY = "sk_test_1234567890abcdef"
START_TIMEOUT_SECONDS = 60
STOP_TIMEOUT_SECONDS = 60

_ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("TILLGATE_")},
    "TILLGATE_RATE_LIMIT": "unlimited",
}


class Server(msgspec.Struct, frozen=True):
    """A server that accepts: where, in which process, and how long it took from its start."""

    address: str
    process: int
    ready_seconds: float

    def processes(self) -> list[int]:
        """The process and its children, those left out that only watch over others."""
        children = Path(f"/proc/{self.process}/task/{self.process}/children").read_text().split()
        found = [int(child) for child in children if b"resource_tracker" not in _command(int(child))]
        return found or [self.process]

    def peak_megabytes(self) -> float:
        """The most memory that one of its processes ever held resident."""
        return max(_resident_peak_kilobytes(process) for process in self.processes()) / 1024

    def cpu_seconds(self) -> float:
        """The processor time that its processes have used."""
        return sum(cpu_seconds(process) for process in self.processes())


@contextlib.contextmanager
def tillgate(data: Path, database: str | None = None, workers: int = 1) -> Iterator[Server]:
    """`tillgate serve` on a free port; stopped in order at the end, so that what it took in is finished."""
    data.mkdir(parents=True, exist_ok=True)
    words = ["serve", "--port", "0", "--data", str(data), "--workers", str(workers)]
    with running([str(BIN / "tillgate"), *words, *(("--database", database) if database else ())], data) as server:
        yield server


@contextlib.contextmanager
def reference(answer: Path) -> Iterator[Server]:
    """The bare endpoint, answering what a file holds."""
    with running([sys.executable, "-m", "bench.reference", str(answer)], answer.parent) as server:
        yield server


@contextlib.contextmanager
def running(command: Sequence[str], logs: Path) -> Iterator[Server]:
    """A process whose first line ends in the address on which it accepts."""
    began = time.perf_counter()
    with (logs / "server.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=_ENVIRONMENT)
    assert process.stdout is not None
    try:
        address = process.stdout.readline().split()[-1:]
        if not address:
            raise RuntimeError(f"{command[0]} does not start: {(logs / 'server.log').read_text()[-2000:]}")
        yield Server(address[0], process.pid, time.perf_counter() - began)
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_SECONDS)
        finally:
            process.kill()
            process.stdout.close()


def ask(address: str, path: str, body: bytes | None = None, key: str = "") -> bytes:
    """One request with the sandbox's secret key."""
    headers = {"Authorization": f"Bearer {SECRET_KEY}", "Content-Type": "application/json"}
    if key:
        headers["Idempotency-Key"] = key
    request = urllib.request.Request(address + path, body, headers)
    with urllib.request.urlopen(request, timeout=START_TIMEOUT_SECONDS) as answer:
        content: bytes = answer.read()
        return content


def cpu_seconds(process: int) -> float:
    """The processor time that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _command(process: int) -> bytes:
    return Path(f"/proc/{process}/cmdline").read_bytes()


def _resident_peak_kilobytes(process: int) -> int:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise ProcessLookupError(process)
