"""Assembly: every part made from the settings and put together, in one place."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec

from tillgate.clock import Clock, SystemClock
from tillgate.connectors import registry
from tillgate.connectors.contract import BankNotice
from tillgate.core.ids import Ids
from tillgate.flows import attempts
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Gateway
from tillgate.http.addresses import Proxies, is_loopback
from tillgate.http.application import Application
from tillgate.pages.challenge import Challenge
from tillgate.sandbox import faults
from tillgate.sandbox.bank import Bank
from tillgate.sandbox.faults import Faults
from tillgate.sandbox.register import Register
from tillgate.settings import SettingInvalid, Settings
from tillgate.store import data_keys, database
from tillgate.store.database import Store
from tillgate.store.engine import Strike, no_strike
from tillgate.surfaces.probes import Probes
from tillgate.surfaces.v1.docs import Docs
from tillgate.surfaces.v1.sandbox_keys import SANDBOX_KEYS
from tillgate.surfaces.v1.surface import V1
from tillgate.transport.banks import Transport
from tillgate.transport.egress import Egress
from tillgate.vault import key_encryption
from tillgate.vault.cards import Cards
from tillgate.vault.data_keys import DataKey, DataKeys, Purpose
from tillgate.vault.envelope import Envelope
from tillgate.vault.secrets import Secrets
from tillgate.workers import schedule
from tillgate.workers.commands import Office

BANK = "sandbox"


class Opened(msgspec.Struct, frozen=True):
    """The parts that commands work with: nothing is served, and nothing happens by itself."""

    gateway: Gateway
    directory: Directory
    bank: Bank
    office: Office


class Assembly(Opened, frozen=True):
    """The parts that whoever runs the whole has to do with."""

    application: Application


class KeptDataKeys:
    """Data keys, kept in the database for the vault, which does not know of one."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._decode = msgspec.json.Decoder(DataKey).decode

    async def load(self) -> list[DataKey]:
        """See vault.data_keys.KeyStore."""
        return [self._decode(body) for body in await data_keys.load(self._store)]

    async def add(self, key: DataKey) -> DataKey:
        """See vault.data_keys.KeyStore."""
        return self._decode(await data_keys.add(self._store, key.id, _body(key)))

    async def replace(self, was: DataKey, now: DataKey) -> None:
        """See vault.data_keys.KeyStore."""
        await data_keys.replace(self._store, was.id, _body(was), _body(now))

    async def remove(self, key: DataKey) -> None:
        """See vault.data_keys.KeyStore."""
        await data_keys.remove(self._store, key.id)


def _body(key: DataKey) -> str:
    return msgspec.json.encode(key).decode()


def check(settings: Settings) -> None:
    """Raises SettingInvalid or KeyUnusable for what no process could start with, before any does."""
    _faults(settings)
    key_encryption.load(settings.key_encryption, settings.data, os.urandom)


@asynccontextmanager
async def assembled(
    settings: Settings,
    *,
    slot: int = 0,
    clock: Clock | None = None,
    random: Callable[[int], bytes] = os.urandom,
    strike: Strike = no_strike,
) -> AsyncIterator[Assembly]:
    """Everything, running; on leaving, everything finished and closed. `slot` numbers the processes of one server."""
    async with opened(settings, slot=slot, clock=clock, random=random, strike=strike) as parts:
        gateway, directory, bank, office = parts.gateway, parts.directory, parts.bank, parts.office
        application = Application(
            (V1(gateway, directory), Probes(gateway.store), Docs(), Challenge(bank)),
            lambda: gateway.ids.new("req", gateway.clock.wall()),
            proxies=Proxies(settings.trusted_proxies),
        )
        jobs = schedule.jobs(gateway, directory, office.data_keys)
        async with schedule.running(jobs):
            yield Assembly(gateway, directory, bank, office, application)


@asynccontextmanager
async def opened(
    settings: Settings,
    *,
    slot: int = 0,
    clock: Clock | None = None,
    random: Callable[[int], bytes] = os.urandom,
    strike: Strike = no_strike,
) -> AsyncIterator[Opened]:
    """What `assembled` has, without anything that runs."""
    clock = clock or SystemClock()
    ids = Ids(random)
    async with AsyncExitStack() as stack:
        kek = key_encryption.load(settings.key_encryption, settings.data, random)
        store = await database.open_store(
            settings.database,
            settings.data,
            wall=clock.wall,
            mint_batch=lambda: ids.new("bat", clock.wall()),
            balance_lane=slot,
            strike=strike,
        )
        stack.push_async_callback(store.close)
        keys = DataKeys(KeptDataKeys(store), kek, random)
        await keys.turn_over(clock.wall())
        envelope = Envelope(keys)
        register = Register.open(settings.data / "bank")
        stack.callback(register.close)
        notice_key = keys.for_digests(Purpose.IDEMPOTENCY).digest("sandbox bank notices").hex()
        bank = Bank(register, clock=clock.wall, notice_key=notice_key, faults=_faults(settings))
        stack.callback(bank.stop)
        egress = Egress(allow_loopback=is_loopback(settings.host))
        stack.push_async_callback(egress.close)
        gateway = Gateway(
            store=store,
            cards=Cards(envelope, keys.for_digests(Purpose.FINGERPRINT)),
            secrets=Secrets(envelope, keys.for_digests(Purpose.IDEMPOTENCY)),
            banks={BANK: registry.connect(BANK, {"notice_key": notice_key})},
            transport=Transport({BANK: bank.answer}),
            egress=egress,
            clock=clock,
            ids=ids,
            key_is_kept_apart=kek.comes_from_outside,
        )
        directory = Directory(gateway, SANDBOX_KEYS if is_loopback(settings.host) else {})
        bank.on_notification = _notified(gateway, directory)
        yield Opened(gateway, directory, bank, Office(gateway, directory, keys, envelope))


def _faults(settings: Settings) -> Faults:
    try:
        return faults.parse(settings.bank_faults)
    except ValueError as invalid:
        raise SettingInvalid(f"TILLGATE_BANK_FAULTS: {invalid}") from None


def _notified(gateway: Gateway, directory: Directory) -> Callable[[BankNotice], Awaitable[None]]:
    """What is done with a bank's notice: it is believed if the bank signed it."""

    async def take(notice: BankNotice) -> None:
        told = gateway.banks[BANK].notification(notice)
        if told is not None:
            tenant = await directory.tenant(told.tenant)
            await attempts.learn(gateway, tenant, told.attempt, told.outcome)

    return take
