"""Real servers: `tillgate serve` as a process of its own, on a port of its own, to be stopped or killed."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.waiting import LONG_SECONDS
from tillgate.store import audit

TILLGATE = Path(sys.executable).with_name("tillgate")

_QUIET = {"TILLGATE_LOG": "warning", "TILLGATE_RATE_LIMIT": "unlimited"}
_READY = re.compile(r"^(?:Tillgate|The sandbox bank) is ready on (http://\S+)$", re.MULTILINE)


class Server:
    """One server over a data directory, and a PostgreSQL database where one is given. It can be started anew.

    `environment` adds to that of the tests (`{"TILLGATE_LOG": "debug"}`), `before` goes before the command
    (`("strace", …)`), and port 0 is one that the system chooses.
    """

    def __init__(
        self,
        data: Path,
        *,
        database: str | None = None,
        workers: int = 1,
        port: int = 0,
        environment: Mapping[str, str] | None = None,
        before: tuple[str, ...] = (),
    ) -> None:
        self.data = data
        self.database = database
        self.url = ""
        """Where it answers (`http://127.0.0.1:…`), once started."""
        self.took_seconds = 0.0
        """How long the last start took, from the command to the line that says ready."""
        self._command = [*before, *_dying_with_the_tests(), str(TILLGATE), "serve"]
        self._command += ["--port", str(port), "--workers", str(workers)]
        self._environment = {**os.environ, **_QUIET, **_where(data, database), **(environment or {})}
        self._output = data.with_name(data.name + ".output")
        self._errors = data.with_name(data.name + ".errors")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process's id; it leads a process group, which its workers are in."""
        assert self._process is not None, "the server is not running"
        return self._process.pid

    def start(self) -> "Server":
        """Serve; on return it answers. To be called from a thread that lives as long as the server shall.

        Raises RuntimeError, with what it printed, where it ends instead or takes too long.
        """
        started = time.monotonic()
        # The output is read anew at each start; what it logged goes on.
        with self._output.open("wb") as output, self._errors.open("ab") as errors:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                env=self._environment,
                start_new_session=True,
            )
        while (ready := _READY.search(self.output())) is None:
            if self._process.poll() is not None or time.monotonic() - started > LONG_SECONDS:
                self.kill()
                raise RuntimeError(f"the server does not start:\n{self.output()}\n{self.errors()}")
            time.sleep(0.01)
        self.took_seconds = time.monotonic() - started
        self.url = ready[1]
        return self

    def stop(self) -> int:
        """Ask it to stop, as a supervisor does, and wait; its exit status. Raises subprocess.TimeoutExpired."""
        assert self._process is not None, "the server is not running"
        self._process.send_signal(signal.SIGTERM)
        status = self._process.wait(LONG_SECONDS)
        self._process = None
        return status

    def kill(self) -> None:
        """`kill -9`, all of its processes at once; nothing where it does not run."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def output(self) -> str:
        """What it printed on standard output since its last start."""
        return self._output.read_text()

    def errors(self) -> str:
        """What it wrote on standard error, its log, since its first start."""
        return self._errors.read_text()

    async def audit(self) -> audit.Found:
        """What an audit of its books finds: `tillgate audit` without a process of its own."""
        return await audit.audit(self.database, self.data)

    def tillgate(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another command over the same data: `server.tillgate("keys", "list")`."""
        return tillgate(*arguments, data=self.data, database=self.database)


class BankServer(Server):
    """The sandbox bank as a server of its own, over a data directory of its own, telling a gateway what happens."""

    def __init__(
        self, data: Path, *, gateway: str, port: int = 0, environment: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(data, environment=environment)
        arguments = ("sandbox-bank", "--port", str(port), "--gateway", gateway)
        self._command = [*_dying_with_the_tests(), str(TILLGATE), *arguments]


@contextlib.contextmanager
def serving(
    data: Path,
    *,
    database: str | None = None,
    workers: int = 1,
    environment: Mapping[str, str] | None = None,
    before: tuple[str, ...] = (),
) -> Iterator[Server]:
    """A started server, killed at the end if it still runs then."""
    server = Server(data, database=database, workers=workers, environment=environment, before=before)
    try:
        yield server.start()
    finally:
        server.kill()


class Worker:
    """`tillgate work` as a process of its own."""

    def __init__(self, data: Path, database: str | None) -> None:
        self._errors = data.with_name(data.name + ".worker")
        with self._errors.open("ab") as errors:
            self._process = subprocess.Popen(
                [*_dying_with_the_tests(), str(TILLGATE), "work"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, **_QUIET, **_where(data, database)},
                start_new_session=True,
            )
        assert self._process.stdout is not None
        if not self._process.stdout.readline().startswith(b"Tillgate is at work"):
            self.kill()
            raise RuntimeError(f"the worker does not start:\n{self._errors.read_text()}")

    def stop(self) -> int:
        """Ask it to stop, and wait; its exit status. Raises subprocess.TimeoutExpired."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(LONG_SECONDS)

    def kill(self) -> None:
        """`kill -9`; nothing where it does not run."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


@contextlib.contextmanager
def working(data: Path, database: str | None) -> Iterator[Worker]:
    """A started worker, killed at the end if it still runs then."""
    worker = Worker(data, database)
    try:
        yield worker
    finally:
        worker.kill()


def tillgate(*arguments: str, data: Path, database: str | None = None) -> subprocess.CompletedProcess[str]:
    """A command of Tillgate's, run to its end."""
    return subprocess.run(
        [TILLGATE, *arguments],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **_where(data, database)},
    )


def _where(data: Path, database: str | None) -> dict[str, str]:
    return {"TILLGATE_DATA": str(data), **({"TILLGATE_DATABASE": database} if database else {})}


def _dying_with_the_tests() -> tuple[str, ...]:
    """What goes before a command, so that it ends with the test run, even one that is killed."""
    return ("setpriv", "--pdeathsig=KILL") if shutil.which("setpriv") else ()
