"""Servers under load: Tillgate as its command line starts it, and the bare endpoint that it is compared with."""

import contextlib
import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

TILLGATE = Path(sys.executable).with_name("tillgate")
SECRET_KEY = "sk_test_1234567890abcdef"
TIMEOUT_SECONDS = 60

_ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("TILLGATE_")},
    "TILLGATE_RATE_LIMIT": "unlimited",
}


class Server(msgspec.Struct, frozen=True):
    """A server that accepts: where, as which process, and how long it took from being started."""

    address: str
    process: int
    ready_seconds: float

    def ask(self, path: str, body: object = None, key: str = "") -> bytes:
        """The answer to one request with the sandbox's secret key: a POST where there is a body."""
        headers = {"Authorization": f"Bearer {SECRET_KEY}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        content = None if body is None else msgspec.json.encode(body)
        connection = http.client.HTTPConnection(self.address.removeprefix("http://"), timeout=TIMEOUT_SECONDS)
        with contextlib.closing(connection):
            connection.request("POST" if content else "GET", path, content, headers)
            answer = connection.getresponse()
            answered = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path} answers {answer.status}: {answered.decode()}")
        return answered


@contextlib.contextmanager
def tillgate(data: Path, database: str | None = None, workers: int = 1) -> Iterator[Server]:
    """`tillgate serve` on a free port; stopped in order at the end, so that what it took in is finished."""
    data.mkdir(parents=True, exist_ok=True)
    words = ["serve", "--port", "0", "--data", str(data), "--workers", str(workers)]
    if database:
        words += ["--database", database]
    with running([str(TILLGATE), *words], data / "server.log") as server:
        yield server


@contextlib.contextmanager
def working(data: Path, database: str | None = None) -> Iterator[Server]:
    """`tillgate work`; it has no address."""
    words = ["work", "--data", str(data), *(("--database", database) if database else ())]
    with running([str(TILLGATE), *words], data / "worker.log") as worker:
        yield worker


@contextlib.contextmanager
def reference(answer: Path) -> Iterator[Server]:
    """The bare endpoint, answering what a file holds."""
    command = [sys.executable, "-m", "bench.reference", str(answer)]
    with running(command, answer.with_suffix(".log")) as server:
        yield server


def migrate(data: Path, database: str | None) -> None:
    """`tillgate migrate`: the schema, and nothing in it."""
    data.mkdir(parents=True, exist_ok=True)
    _command("migrate", data, database)


def audit(data: Path, database: str | None) -> None:
    """`tillgate audit`. Raises CalledProcessError, with what it found, where the books are wrong."""
    _command("audit", data, database)


def _command(name: str, data: Path, database: str | None) -> None:
    words = [name, "--data", str(data), *(("--database", database) if database else ())]
    subprocess.run(
        [TILLGATE, *words], check=True, text=True, env=_ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


@contextlib.contextmanager
def running(command: Sequence[str], log: Path) -> Iterator[Server]:
    """A process whose first line ends in the address on which it accepts."""
    began = time.perf_counter()
    with log.open("ab") as file:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=file, text=True, env=_ENVIRONMENT)
    assert process.stdout is not None
    try:
        words = process.stdout.readline().split()
        if not words:
            raise RuntimeError(f"{command[0]} does not start:\n{log.read_text()[-2000:]}")
        yield Server(words[-1], process.pid, time.perf_counter() - began)
    finally:
        process.terminate()
        try:
            process.wait(TIMEOUT_SECONDS)
        finally:
            process.kill()
            process.stdout.close()
