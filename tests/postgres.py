"""A PostgreSQL cluster of the tests' own: made when first asked for, and gone with the test run."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests import ports
from tests.ports import HOST
from tests.waiting import LONG_SECONDS

ENSURE = Path(__file__).parents[1] / "tools" / "ensure_postgres"


class Cluster:
    """One running PostgreSQL on a free port of the loopback and a socket in its directory, trusting whoever connects.

    `durable=False` leaves out fsync, for tests that ask nothing of it. `by_socket` gives addresses of the socket.
    """

    def __init__(
        self, directory: Path, *, durable: bool = True, by_socket: bool = False, max_connections: int = 200
    ) -> None:
        self._programs = Path(subprocess.check_output([ENSURE], text=True).strip())
        self.directory = directory
        self._data = directory / "data"
        self._log = directory / "log"
        self._durable = durable
        self._by_socket = by_socket
        self._max_connections = max_connections
        self._templates: set[str] = set()
        self._made = 0
        self._server: subprocess.Popen[bytes] | None = None
        self.port = ports.free()
        subprocess.run(
            [
                *_as_owner(),
                *(self._programs / "initdb", "--pgdata", self._data, "--username", "tillgate"),
                *("--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=directory,
        )

    def url(self, database: str) -> str:
        """The address of a database: `postgresql://…`."""
        if self._by_socket:
            return f"postgresql://tillgate@/{database}?host={self.directory}&port={self.port}"
        return f"postgresql://tillgate@{HOST}:{self.port}/{database}"

    def start(self) -> None:
        """Serve; on return it takes connections."""
        settings = {
            "listen_addresses": HOST,
            "port": self.port,
            "unix_socket_directories": self.directory,
            "max_connections": self._max_connections,
            "fsync": "on" if self._durable else "off",
        }
        with self._log.open("ab") as log:
            self._server = subprocess.Popen(
                [
                    *_as_owner(),
                    *(self._programs / "postgres", "-D", self._data),
                    *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
                ],
                stdout=log,
                stderr=log,
                cwd=self.directory,
                # Ctrl-C is for the test run, which then stops the cluster in order.
                start_new_session=True,
            )
        deadline = time.monotonic() + LONG_SECONDS
        while self._psql("select").returncode != 0:
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL does not start:\n{self._log.read_text()}")
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop, if running: SIGINT closes in order, SIGQUIT as a crash would."""
        if self._server is not None:
            self._server.send_signal(how)
            self._server.wait()
            self._server = None

    @contextlib.contextmanager
    def fresh(self, template: str = "template0") -> Iterator[str]:
        """The address of a database of one's own, a copy of `template`, dropped at the end."""
        self._made += 1
        name = f"test_{self._made}"
        self._run(f"create database {name} template {template}")
        try:
            yield self.url(name)
        finally:
            self._run(f"drop database {name} with (force)")

    def template(self, name: str, prepare: Callable[[str], None]) -> str:
        """The name of a template, made at the first call by `prepare(url)`.

        No connection to it may stay open: PostgreSQL copies only what nobody uses.
        """
        if name not in self._templates:
            self._run(f"create database {name} template template0")
            prepare(self.url(name))
            self._templates.add(name)
        return name

    def _run(self, statement: str) -> None:
        if (failed := self._psql(statement)).returncode != 0:
            raise RuntimeError(failed.stderr)

    def _psql(self, statement: str) -> subprocess.CompletedProcess[str]:
        program: list[str | Path] = [self._programs / "psql", "--no-psqlrc", "--quiet", self.url("postgres")]
        return subprocess.run([*program, "--command", statement], check=False, capture_output=True, text=True)


@contextlib.contextmanager
def cluster(*, durable: bool = True, by_socket: bool = False) -> Iterator[Cluster]:
    """A running cluster, stopped and removed at the end whatever happens."""
    directory = Path(tempfile.mkdtemp(prefix="tillgate-postgres-"))
    try:
        if (owner := _owner()) is not None:
            os.chown(directory, owner.pw_uid, owner.pw_gid)
        made = Cluster(directory, durable=durable, by_socket=by_socket)
        try:
            made.start()
            yield made
        finally:
            made.stop(signal.SIGQUIT)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _owner() -> pwd.struct_passwd | None:
    """Whom the cluster belongs to when root runs the tests, since PostgreSQL refuses root."""
    if os.getuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam("postgres")
    return pwd.getpwnam("nobody")


def _as_owner() -> list[str]:
    """What goes before a command: its user, and that it ends with the test run, even one that is killed."""
    if shutil.which("setpriv") is None:
        return []
    words = ["setpriv", "--pdeathsig=QUIT"]
    if (owner := _owner()) is not None:
        words += [f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
    return words
