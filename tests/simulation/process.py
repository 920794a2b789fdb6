"""A process of the world: the program put together as in assembly.py, with the world behind every port.

A killed process is cut off: its ports raise Killed, so that whatever its tasks still do while they are torn down
reaches neither the database nor a bank nor a client.
"""

import asyncio
import base64
import contextvars
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tests.simulation.loop import OWNER, Owner
from tillgate import assembly
from tillgate.assembly import KeptDataKeys
from tillgate.connectors import phone, registry, transfer
from tillgate.connectors.contract import BankAnswer, BankRequest
from tillgate.core.decisions import Decision
from tillgate.core.ids import Ids
from tillgate.core.instants import SECOND, Duration, Instant
from tillgate.core.merchants import DEMO_SHOP, RateLimit
from tillgate.core.records import evolve
from tillgate.flows import notices, retention
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Gateway
from tillgate.flows.oauth_access import TYP, USE, AccessTokens
from tillgate.flows.signing_keys import Signer
from tillgate.http.application import Application
from tillgate.http.limits import Limits
from tillgate.http.origins import Origins
from tillgate.sandbox.devices import Devices
from tillgate.store.batches import Conflict, Taken
from tillgate.store.commit import Committer
from tillgate.store.database import Store
from tillgate.store.engine import Change, Query, Retry, Rows
from tillgate.store.records import Row
from tillgate.store.sqlite import Sqlite
from tillgate.store.steps import Batch
from tillgate.surfaces.atarapay import events as atarapay_events
from tillgate.surfaces.checkout import events as checkout_events
from tillgate.surfaces.checkout.surface import Checkouts
from tillgate.surfaces.v1 import events
from tillgate.surfaces.v1.sandbox_keys import SANDBOX_KEYS
from tillgate.surfaces.v1.surface import V1
from tillgate.transport.banks import Transport
from tillgate.transport.egress import Egress, Posted
from tillgate.vault import key_encryption
from tillgate.vault.cards import Cards
from tillgate.vault.data_keys import DataKeys, Purpose
from tillgate.vault.envelope import Envelope
from tillgate.vault.links import Links
from tillgate.vault.passwords import Passwords
from tillgate.vault.secrets import Secrets
from tillgate.vault.wallets.keys import Wallets
from tillgate.workers import timers
from tillgate.workers.deliveries import Deliverer

if TYPE_CHECKING:
    from tests.simulation.world import World

NOTICE_KEY = "what the bank signs with"
BANK = assembly.BANK
ORIGIN = "http://127.0.0.1:8000"
BANKS = (BANK, phone.NAME, transfer.NAME)

_ENVIRONMENT = {key_encryption.VARIABLE: base64.b64encode(b"k" * key_encryption.KEY_BYTES).decode()}

REQUEST: contextvars.ContextVar[str] = contextvars.ContextVar("REQUEST", default="")
"""The id of the request that a task serves."""


class Killed(BaseException):
    """The process is no more."""


class Down(OSError):
    """The database cannot be reached."""


class Process(Owner):
    """One life of a process, from its start to its death."""

    def __init__(self, world: "World", slot: int, life: int) -> None:
        super().__init__()
        self.world = world
        self.slot = slot
        self.name = f"process {slot}.{life}"
        self.alive = True
        self.ready = False
        self.random = world.chance.stream(self.name)
        self._skew: Duration = round(self.random.uniform(-1, 1) * SECOND)
        self.open_requests: dict[asyncio.Future[Any], None] = {}
        self._keeping_time: asyncio.Task[None] | None = None

    def wall(self) -> Instant:
        """See tillgate.clock.Clock. No two machines agree on the time."""
        return self.world.loop.wall() + self._skew

    def now(self, tenant: str) -> Instant:
        """See tillgate.clock.Clock."""
        return self.wall()

    def spawn(self, work: Coroutine[Any, Any, Any], request: str = "") -> asyncio.Task[Any]:
        """Run something as a task of this process."""
        context = contextvars.Context()
        context.run(OWNER.set, self)
        context.run(REQUEST.set, request)
        return self.world.loop.create_task(work, context=context)

    def kill(self) -> None:
        """End it, as a kill does: at once, and without a word to anybody but those whose connections break."""
        if not self.alive:
            return
        self.alive = self.ready = False
        for request in list(self.open_requests):
            if not request.done():
                request.set_exception(ConnectionResetError())
        for task in list(self.tasks):
            task.cancel()
        self.world.loop.resume(self)
        self.world.bury(self)

    def assert_alive(self) -> None:
        """Raises Killed where it is not."""
        if not self.alive:
            raise Killed

    def crash(self, when: str) -> None:
        """Die here, if the seed says so. Raises Killed."""
        self.assert_alive()
        if self.world.chance.strikes(f"crash {when}"):
            self.world.note(self.name, "crashes", when)
            self.kill()
            raise Killed

    async def start(self) -> None:
        """Put everything together; as in assembly.py, but for what the world holds."""
        world, wall = self.world, self.wall
        ids = Ids(self.random.randbytes)
        engine = Port(self)
        committer = Committer(engine, wall=wall, mint_batch=lambda: ids.new("bat", wall()), balance_lane=self.slot)
        store = Store(engine, committer)
        store.commit = self._counted(committer.commit)
        kek = key_encryption.load(_ENVIRONMENT, world.data, self.random.randbytes)
        keys = DataKeys(KeptDataKeys(store), kek, self.random.randbytes)
        await keys.turn_over(wall())
        envelope = Envelope(keys)
        self.gateway = Gateway(
            store=store,
            cards=Cards(envelope, keys.for_digests(Purpose.FINGERPRINT)),
            secrets=Secrets(envelope, keys.for_digests(Purpose.IDEMPOTENCY)),
            links=Links(keys),
            banks={name: registry.connect(name, {"notice_key": NOTICE_KEY}) for name in BANKS},
            transport=Transport({BANK: self._to_the_bank, phone.NAME: self._to_the_bank}),
            egress=Outbound(self),
            wallets=Wallets(envelope),
            devices=Devices(keys.for_digests(Purpose.IDEMPOTENCY).digest, self.random.randbytes),
            passwords=Passwords(self.random.randbytes),
            clock=self,
            ids=ids,
            random=self.random.randbytes,
            renderers={**events.renderers(ORIGIN), **checkout_events.RENDERERS, **atarapay_events.RENDERERS},
            signers=checkout_events.SIGNERS,
            wrappers=atarapay_events.WRAPPERS,
        )
        self.directory = Directory(self.gateway, SANDBOX_KEYS, evolve(DEMO_SHOP, rate_limit=RateLimit.UNLIMITED))
        self.take_notice = partial(notices.take, self.gateway, self.directory)
        self.deliverer = Deliverer(self.gateway, self.directory)
        self._keys = keys
        limits = Limits(world.data / "limits", wall, None)
        access = AccessTokens(self.gateway, self.directory, Signer(self.gateway, USE, TYP))
        checkouts = Checkouts(self.gateway, self.directory, limits, access, Origins("", ORIGIN))
        self._application = Application((V1(self.gateway, self.directory, limits), checkouts), REQUEST.get)
        self.ready = True

    def connect(self, scope: dict[str, Any], body: bytes, request_id: str) -> asyncio.Future[Any]:
        """Send one request over a connection that may break; the messages of the reply, in time."""
        reply: asyncio.Future[Any] = self.world.loop.create_future()
        self.open_requests[reply] = None
        reply.add_done_callback(lambda done: self.open_requests.pop(done, None))
        self.spawn(self._serve(scope, body, reply), request_id)
        return reply

    async def _serve(self, scope: dict[str, Any], body: bytes, reply: asyncio.Future[Any]) -> None:
        messages: list[Mapping[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Mapping[str, Any]) -> None:
            messages.append(message)

        await self._application(scope, receive, send)
        self.assert_alive()
        if not reply.done():
            if self.world.chance.strikes("reply lost on the way"):
                reply.set_exception(ConnectionResetError())
            else:
                reply.set_result(messages)

    def _counted(self, commit: Callable[[Decision], Awaitable[None]]) -> Callable[[Decision], Awaitable[None]]:
        async def counted(decision: Decision) -> None:
            try:
                await commit(decision)
            except (Conflict, Taken) as lost:
                self.world.chance.happened[f"race lost: {type(lost).__name__}"] += 1
                raise

        return counted

    def keep_time(self, thoroughly: bool) -> None:
        """Do what is due, unless that is still being done."""
        if self.ready and (self._keeping_time is None or self._keeping_time.done()):
            self._keeping_time = self.spawn(self.world.watched(lambda: self._work(thoroughly)))

    async def finished(self) -> None:
        """Until it has done what was due."""
        if self._keeping_time is not None:
            await asyncio.wait([self._keeping_time])

    async def _work(self, thoroughly: bool) -> None:
        await timers.run_due(self.gateway, self.directory)
        await self.deliverer.fan_out()
        if self.world.listener is not None:
            await self.deliverer.round()
        if thoroughly:
            await retention.erase_cards(self.gateway)
            await retention.prune(self.gateway)
            await self._keys.turn_over(self.wall())

    async def _to_the_bank(self, request: BankRequest) -> BankAnswer:
        """A route of the transport. What was sent arrives, whatever becomes of the sender."""
        chance = self.world.chance
        self.crash("before the bank")
        if chance.strikes("bank refuses the connection"):
            raise ConnectionRefusedError
        self.world.sent[request.reference] += request.method == "POST"
        if chance.strikes("question lost on the way"):
            raise ConnectionResetError
        bank = self.world.phones if request.url.startswith(f"{phone.NAME}:") else self.world.bank
        answer: BankAnswer = await asyncio.shield(self.world.spawn(bank.answer(request)))
        if chance.strikes("answer slow on the way"):
            await asyncio.sleep(self.random.uniform(1, 29))
        self.crash("after the bank")
        if chance.strikes("answer lost on the way"):
            raise ConnectionResetError
        return answer


class Outbound(Egress):
    """A process's way to whoever listens to it. What was sent arrives, whatever becomes of the sender."""

    def __init__(self, process: Process) -> None:
        super().__init__(allow_loopback=False)
        self._process = process

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, deadline_seconds: float, live: bool
    ) -> Posted:
        """See Egress."""
        world = self._process.world
        self._process.assert_alive()
        assert world.listener is not None
        if world.chance.strikes("webhook lost on the way"):
            return Posted(failure="Nobody answered.")
        heard = world.listener(url, body, headers)
        self._process.crash("after a webhook")
        if world.chance.strikes("answer to a webhook lost"):
            return Posted(failure="Nobody answered.")
        return heard


class Port:
    """A process's way to the database that all share: each question takes its time, and a process may die at each."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.lanes = process.world.lanes
        self.skips_locked = False

    async def carry_out(self, lane: int, make_batch: Callable[[], Batch]) -> None:
        """See Engine."""
        await self._pass()
        if self._process.world.chance.strikes("transaction waits for others"):
            await asyncio.sleep(self._process.random.uniform(1, 60))
        if self._process.world.database_is_down:
            raise Retry
        try:
            await self._engine.carry_out(lane, make_batch)
        finally:
            await self._pass()
        if self._process.world.chance.strikes("commit confirmed late"):
            await asyncio.sleep(self._process.random.uniform(1, 60))

    async def settle(self, lane: int, batch_id: str) -> bool:
        """See Engine."""
        await self._pass()
        if self._process.world.database_is_down:
            raise Retry
        settled: bool = await self._engine.settle(lane, batch_id)
        return settled

    async def fetch(self, query: Query, values: Mapping[str, Any]) -> Rows:
        """See Engine."""
        await self._pass()
        found: Rows = await self._engine.fetch(query, values)
        await self._pass()
        return found

    async def change(self, statement: Change, values: Mapping[str, Any]) -> Rows:
        """See Engine."""
        await self._pass()
        self._process.crash("around a single statement")
        changed: Rows = await self._engine.change(statement, values)
        self._process.crash("around a single statement")
        await self._pass()
        return changed

    async def change_many(self, statement: Change, values: Sequence[Mapping[str, Any]]) -> None:
        """See Engine."""
        await self._pass()
        self._process.crash("around a single statement")
        await self._engine.change_many(statement, values)
        self._process.crash("around a single statement")

    async def claim(self, table: sa.Table, row: Row) -> None:
        """See Engine."""
        await self._pass()
        self._process.crash("around a single statement")
        await self._engine.claim(table, row)
        self._process.crash("around a single statement")

    async def close(self) -> None:
        """Nothing: the database is the world's."""

    @property
    def _engine(self) -> Sqlite:
        self._process.assert_alive()
        if self._process.world.database_is_down:
            raise Down
        return self._process.world.engine

    async def _pass(self) -> None:
        """Let the others have a turn, now and then for as long as a disk takes."""
        self._process.assert_alive()
        takes_time = self._process.random.random() < 0.2
        await asyncio.sleep(self._process.random.uniform(0, 0.03) if takes_time else 0)
        self._process.assert_alive()
