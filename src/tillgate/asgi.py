"""The server: one process that serves, or several behind one socket, until it is told to stop."""

import asyncio
import contextlib
import gc
import secrets
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager

import uvicorn
import uvloop

from tillgate import assembly, logs, metrics, supervision
from tillgate.assembly import Opened
from tillgate.core.applications import DEMO_APPLICATION
from tillgate.core.credentials import ALL_SCOPES, PUBLISHABLE_SCOPES, CredentialKind
from tillgate.core.merchants import DEMO_SHOP
from tillgate.core.people import DEMO_PASSWORD, DEMO_PERSON
from tillgate.flows import applications, directory
from tillgate.flows.key_pairs import DEMO_KEYS
from tillgate.http.addresses import is_loopback
from tillgate.http.application import Application
from tillgate.http.protocol import Protocol
from tillgate.settings import Settings
from tillgate.surfaces.athmovil import business_keys
from tillgate.surfaces.checkout import sandbox_tokens
from tillgate.surfaces.v1 import sandbox_keys
from tillgate.workers import commands, control, people

BACKLOG = 2_048


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; what was taken in is finished first.

    Raises OSError where the address cannot be had, and what assembly.check raises.
    """
    assembly.check(settings)
    with listen(settings.host, settings.port) as listener:
        if settings.workers == 1:
            _work(settings, listener, 0)
        else:
            _supervise(settings, listener)


WORK_SLOT = 1_000
"""The balances' place of processes that only work; a server's are numbered from 0."""


def work(settings: Settings) -> None:
    """Keep time until SIGTERM or SIGINT, without serving; what was begun is finished first.

    Raises what assembly.check raises.
    """
    assembly.check(settings)
    logs.configure(settings.log)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_keep_time(settings))


async def _keep_time(settings: Settings) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with (
        assembly.opened(settings, slot=WORK_SLOT) as parts,
        assembly.at_work(parts),
        _controlled(settings, parts),
    ):
        print("Tillgate is at work", flush=True)
        await stopping.wait()


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections, for processes to share. Raises OSError where the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
        listener.set_inheritable(True)
    except OSError:
        listener.close()
        raise
    return listener


class _Server(uvicorn.Server):
    """uvicorn, saying when the socket accepts, and when it will not any more."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], leaving: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready
        self._leaving = leaving

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn has it, but a signal that was obeyed does not then kill the process: it still has to close."""
        with super().capture_signals():
            yield
            self._captured_signals.clear()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        if not self.should_exit:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Say so, then finish what is under way."""
        self._leaving()
        await super().shutdown(sockets)


def _work(settings: Settings, listener: socket.socket, slot: int, ready: Callable[[], None] | None = None) -> None:
    logs.configure(settings.log)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, listener, slot, ready))


async def _serve(settings: Settings, listener: socket.socket, slot: int, ready: Callable[[], None] | None) -> None:
    """Serve, and call `ready` when the socket accepts; without it, say so."""
    async with assembly.assembled(settings, slot=slot) as parts, _controlled(settings, parts, slot):
        # In a server that listens beyond this machine the documents' keys are not good: it gives out its own, once.
        greeting = "" if ready else await _greeting(settings, listener, parts)

        def started() -> None:
            # What lives from here on is short-lived requests; the collector need not walk the rest again and again.
            gc.collect()
            gc.freeze()
            gc.set_threshold(20_000, 20, 50)
            metrics.worker_serves()
            if ready:
                ready()
            else:
                print(greeting, flush=True)

        await run(parts.application, listener, started)


async def run(
    application: Application, listener: socket.socket, ready: Callable[[], None], *, grace_seconds: int | None = None
) -> None:
    """Answer what comes in until told to stop, then finish it, within `grace_seconds` if given."""
    config = uvicorn.Config(
        application,
        http=Protocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=grace_seconds,
        backlog=BACKLOG,
        loop="none",
    )
    await _Server(config, ready, application.end_streams).serve([listener])


def address_of(listener: socket.socket) -> str:
    """Where a socket takes connections, `http://127.0.0.1:8000`."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _controlled(settings: Settings, parts: Opened, slot: int = 0) -> AbstractAsyncContextManager[None]:
    """Commands are taken by the first of several processes."""
    if slot:
        return contextlib.nullcontext()
    return control.listening(settings.data, lambda line: commands.answer(parts.office, settings.database, line))


async def _greeting(settings: Settings, listener: socket.socket, parts: Opened) -> str:
    address = address_of(listener)
    lines = [f"Tillgate is ready on {address}", "", f"  reference        {address}/docs"]
    lines.append(f"  merchant         {DEMO_SHOP.name} (test mode)")
    if is_loopback(settings.host):
        lines += [
            f"  secret key       {sandbox_keys.SECRET_KEY}",
            f"  publishable key  {sandbox_keys.PUBLISHABLE_KEY}",
            f"  public token     {business_keys.PUBLIC_TOKENS[0]}",
            f"  private token    {business_keys.PRIVATE_TOKEN}",
            f"  sign in          {address}/sign-in",
            f"                   {DEMO_PERSON.email} with the password {DEMO_PASSWORD}",
            f"  escrow keys      {DEMO_KEYS}",
            f"  phone            {settings.sandbox_bank_url or address}/phone",
            f"  client id        {DEMO_APPLICATION.client_id}",
            f"  client token     {sandbox_tokens.CLIENT_TOKENS[0]}",
            "",
            f"  curl {address}/v1/payments -H 'Authorization: Bearer {sandbox_keys.SECRET_KEY}' \\",
            "    -H 'Content-Type: application/json' \\",
            """    -d '{"amount": 2000, "currency": "usd", "payment_method": "card"}'""",
        ]
    elif await directory.has_credentials(parts.gateway, DEMO_SHOP):
        lines.append("  keys             as given out at the first start")
    else:
        secret, publishable, public, private, pair = [
            await directory.issue(parts.gateway, DEMO_SHOP, kind, scopes, secrets.token_urlsafe(32))
            for kind, scopes in (
                (CredentialKind.SECRET_KEY, ALL_SCOPES),
                (CredentialKind.PUBLISHABLE_KEY, PUBLISHABLE_SCOPES),
                (CredentialKind.PUBLIC_TOKEN, frozenset()),
                (CredentialKind.PRIVATE_TOKEN, frozenset()),
                (CredentialKind.ESCROW_KEYS, frozenset()),
            )
        ]
        application = await applications.first(parts.gateway, DEMO_SHOP)
        lines += [
            f"  secret key       {secret}",
            f"  publishable key  {publishable}",
            f"  public token     {public}",
            f"  private token    {private}",
            f"  escrow keys      {pair}",
            f"  client id        {application.client_id}",
            f"  client token     {application.token}",
            f"  webhook secret   {application.secret}",
            "  Keep them: they are shown this once.",
        ]
    if not is_loopback(settings.host):
        lines += await _first_login(settings.public_url or address, parts)
    return "\n".join(lines)


async def _first_login(origin: str, parts: Opened) -> list[str]:
    """Who signs in where nobody can yet, without any mail."""
    password = await people.first_login(parts.office, DEMO_SHOP, DEMO_PERSON.email)
    lines = [f"  sign in          {origin}/sign-in"]
    if password is None:
        return lines
    return [
        *lines,
        f"                   {DEMO_PERSON.email} with the password {password}",
        "  Change it at /account: it is shown this once. `tillgate people` adds others.",
    ]


def _supervise(settings: Settings, listener: socket.socket) -> None:
    """Keep as many processes serving as were asked for, and say ready when the first accepts."""
    logs.configure(settings.log)
    with metrics.shared(settings.data):
        greeting = asyncio.run(_greeting_beforehand(settings, listener))
        supervision.keep(
            settings.workers,
            lambda slot, ready: _work(settings, listener, slot, ready),
            ready=lambda: print(greeting, flush=True),
            ended=metrics.worker_gone,
        )


async def _greeting_beforehand(settings: Settings, listener: socket.socket) -> str:
    async with assembly.opened(settings) as parts:
        return await _greeting(settings, listener, parts)
