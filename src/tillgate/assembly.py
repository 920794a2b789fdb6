"""Assembly: every part made from the settings and put together, in one place."""

import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from functools import partial
from typing import Any

import msgspec

from tillgate.clock import Clock, SystemClock
from tillgate.connectors import phone, registry, transfer
from tillgate.core.ids import Ids
from tillgate.core.merchants import DEMO_SHOP
from tillgate.core.records import evolve
from tillgate.flows import clocks, notices, profiles
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Gateway, Renderers
from tillgate.flows.mails import Post
from tillgate.flows.oauth_access import TYP, USE, AccessTokens
from tillgate.flows.signing_keys import Signer
from tillgate.http import policy
from tillgate.http.addresses import Proxies, is_loopback
from tillgate.http.application import Application
from tillgate.http.event_streams import EventStreams
from tillgate.http.limits import Limits
from tillgate.http.origins import Origins
from tillgate.http.surface import Surface
from tillgate.pages import letters, pay
from tillgate.pages.account import Account
from tillgate.pages.challenge import Challenge
from tillgate.pages.checkout import Checkout
from tillgate.pages.consent import Consent
from tillgate.pages.elements import Elements
from tillgate.pages.escrow_shop import EscrowShop
from tillgate.pages.inline import Inline
from tillgate.pages.logos import Logos
from tillgate.pages.mailbox import Mailbox
from tillgate.pages.orders import Orders
from tillgate.pages.payment_links import PaymentLinks
from tillgate.pages.phone import PATH as PHONE
from tillgate.pages.phone import Phone
from tillgate.pages.published import Published
from tillgate.pages.quick_start import QuickStart
from tillgate.pages.receipts import Receipts
from tillgate.pages.reports import Reports
from tillgate.pages.returns import Returns
from tillgate.pages.script_files import ScriptFiles
from tillgate.pages.shop import Shop
from tillgate.pages.sign_in import SignIn
from tillgate.sandbox import faults
from tillgate.sandbox.bank import Bank
from tillgate.sandbox.devices import Devices
from tillgate.sandbox.faults import Faults
from tillgate.sandbox.phone_bank import PhoneBank
from tillgate.sandbox.register import Register
from tillgate.settings import SettingInvalid, Settings
from tillgate.store import data_keys, database
from tillgate.store.database import Store
from tillgate.store.engine import Strike, no_strike
from tillgate.surfaces.atarapay import events as atarapay_events
from tillgate.surfaces.atarapay.sandbox_keys import ESCROW_KEYS
from tillgate.surfaces.atarapay.surface import AtaraPay
from tillgate.surfaces.athmovil import events as athmovil_events
from tillgate.surfaces.athmovil.business_keys import BUSINESS_KEYS, PUBLIC_TOKENS
from tillgate.surfaces.athmovil.surface import AthMovil
from tillgate.surfaces.bank_notices import PATH as NOTICES
from tillgate.surfaces.bank_notices import BankNotices
from tillgate.surfaces.checkout import events as checkout_events
from tillgate.surfaces.checkout.sandbox_tokens import SANDBOX_TOKENS
from tillgate.surfaces.checkout.surface import Checkouts
from tillgate.surfaces.oauth.surface import OAuth
from tillgate.surfaces.phone_counter import PhoneCounter
from tillgate.surfaces.probes import Probes
from tillgate.surfaces.v1 import events
from tillgate.surfaces.v1.docs import Docs
from tillgate.surfaces.v1.sandbox_keys import SANDBOX_KEYS
from tillgate.surfaces.v1.surface import V1
from tillgate.transport import mail
from tillgate.transport.banks import Transport
from tillgate.transport.egress import Egress
from tillgate.transport.mail import Mailer
from tillgate.transport.remote import RemoteBanks
from tillgate.vault import key_encryption
from tillgate.vault.cards import Cards
from tillgate.vault.data_keys import DataKey, DataKeys, Purpose
from tillgate.vault.envelope import Envelope
from tillgate.vault.links import Links
from tillgate.vault.passwords import Passwords
from tillgate.vault.secrets import Secrets
from tillgate.vault.wallets.keys import Wallets
from tillgate.workers import schedule
from tillgate.workers.deliveries import Deliverer
from tillgate.workers.office import Office

BANK = "sandbox"

PRINTED = {**SANDBOX_KEYS, **BUSINESS_KEYS, **SANDBOX_TOKENS, **ESCROW_KEYS}
"""What the demo shop is known by, from this machine alone: everybody can read it in the documents."""

DISPUTES_SECONDS = 0.5
"""How often a sandbox bank looks what has become due of its disputes."""


class Opened(msgspec.Struct, frozen=True):
    """The parts that commands work with: nothing is served, and nothing happens by itself.

    Where the sandbox's banks are a server of their own, `bank` is None, and nobody asks `phones` anything.
    """

    gateway: Gateway
    directory: Directory
    bank: Bank | None
    phones: PhoneBank
    office: Office
    post: Post


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
    faults_of(settings)
    mailer_of(settings)
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
        streams = EventStreams()
        limits = Limits(settings.data / "limits", gateway.clock.wall, settings.rate_limit.a_minute)
        application = Application(
            (
                *_programs(settings, parts, limits),
                *_parties(settings, parts, streams),
                *_people(settings, parts, limits, streams),
            ),
            lambda: gateway.ids.new("req", gateway.clock.wall()),
            proxies=Proxies(settings.trusted_proxies),
            streams=streams,
            always=policy.of_transport(settings.public_url),
        )
        async with at_work(parts):
            try:
                yield Assembly(gateway, directory, bank, parts.phones, office, parts.post, application)
            finally:
                limits.close()


def _programs(settings: Settings, parts: Opened, limits: Limits) -> tuple[Surface[Any], ...]:
    """What programs speak to."""
    gateway, directory = parts.gateway, parts.directory
    origins = Origins(settings.public_url, settings.origin)
    tickets_signer, access_signer = Signer(gateway, "athmovil"), Signer(gateway, USE, TYP)
    access = AccessTokens(gateway, directory, access_signer)
    return (
        V1(gateway, directory, limits),
        AthMovil(gateway, directory, limits, tickets_signer),
        Checkouts(gateway, directory, limits, access, origins),
        AtaraPay(gateway, directory, limits, pay.problem),
        OAuth(gateway, directory, limits, access, (tickets_signer, access_signer), origins),
        Probes(gateway, settings.metrics_from),
    )


def _parties(settings: Settings, parts: Opened, streams: EventStreams) -> tuple[Surface[Any], ...]:
    """The sandbox's banks and wallets: here, or, where they are elsewhere, what they tell."""
    gateway, directory = parts.gateway, parts.directory
    if parts.bank is None:
        return (
            BankNotices(gateway, directory, BANK),
            BankNotices(gateway, directory, phone.NAME, f"{NOTICES}/{phone.NAME}"),
        )
    counter = PhoneCounter(parts.phones, settings.phone_from)

    async def frames(merchant: str) -> Sequence[str]:
        return await profiles.frames(gateway, await directory.tenant(merchant))

    return (Challenge(parts.bank, frames), counter, Phone(parts.phones, streams, settings.phone_from))


def _people(settings: Settings, parts: Opened, limits: Limits, streams: EventStreams) -> tuple[Surface[Any], ...]:
    """What people look at."""
    origins = Origins(settings.public_url, settings.origin)
    gateway, directory = parts.gateway, parts.directory
    return (
        Docs(),
        Checkout(gateway, directory, limits, streams, "" if parts.bank is None else PHONE),
        Logos(gateway, directory),
        Orders(gateway, directory, limits, streams),
        PaymentLinks(gateway, directory, limits),
        Receipts(gateway, directory, limits),
        Returns(gateway, directory),
        SignIn(gateway, directory, limits),
        Account(gateway, directory),
        Consent(gateway, directory, origins),
        Published(origins),
        ScriptFiles(),
        Reports(limits),
        Elements(gateway, directory, limits),
        Inline(),
        EscrowShop(gateway, directory),
        Mailbox(gateway, settings.phone_from),
        QuickStart(gateway, directory),
        Shop(PUBLIC_TOKENS[0] if is_loopback(settings.host) else None),
    )


@asynccontextmanager
async def at_work(parts: Opened) -> AsyncIterator[None]:
    """Do what happens by itself; on leaving, finish what was begun."""
    deliverer = Deliverer(parts.gateway, parts.directory)
    jobs = schedule.jobs(parts.gateway, parts.directory, deliverer, parts.office.data_keys, parts.post)
    if parts.bank is not None:
        disputes = schedule.Job("disputes at the sandbox bank", DISPUTES_SECONDS, parts.bank.look_after_disputes)
        jobs = (*jobs, disputes)
    async with deliverer.running(), schedule.running(jobs):
        yield


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
        notice_key = (
            settings.sandbox_bank_secret or keys.for_digests(Purpose.IDEMPOTENCY).digest("sandbox bank notices").hex()
        )
        bank = None if settings.sandbox_bank_url else stack.enter_context(_bank_inside(settings, clock, notice_key))
        books = None if settings.sandbox_bank_url else settings.data / "phones" / "books"
        phones = PhoneBank(books, clock=clock.wall, notice_key=notice_key)
        stack.callback(phones.close)
        remote = RemoteBanks()
        stack.push_async_callback(remote.close)
        routes = {"http": remote.carry, "https": remote.carry, **({BANK: bank.answer} if bank else {})}
        routes[phone.NAME] = phones.answer
        egress = Egress(allow_loopback=is_loopback(settings.host))
        stack.push_async_callback(egress.close)
        at_sandbox = {"notice_key": notice_key, "url": settings.sandbox_bank_url}
        gateway = Gateway(
            store=store,
            cards=Cards(envelope, keys.for_digests(Purpose.FINGERPRINT)),
            secrets=Secrets(envelope, keys.for_digests(Purpose.IDEMPOTENCY)),
            links=Links(keys),
            banks={name: registry.connect(name, at_sandbox) for name in (BANK, phone.NAME, transfer.NAME)},
            transport=Transport(routes),
            egress=egress,
            wallets=Wallets(envelope),
            devices=Devices(keys.for_digests(Purpose.IDEMPOTENCY).digest, random),
            passwords=stack.enter_context(closing(Passwords(random))),
            clock=clock,
            ids=ids,
            random=random,
            renderers=_renderers(settings),
            signers=checkout_events.SIGNERS,
            wrappers=atarapay_events.WRAPPERS,
            return_origin="" if bank else settings.origin,
            key_is_kept_apart=kek.comes_from_outside,
            is_on_this_machine=is_loopback(settings.host),
        )
        await clocks.learn(gateway)
        demo_shop = evolve(DEMO_SHOP, rate_limit=settings.rate_limit)
        directory = Directory(gateway, PRINTED if gateway.is_on_this_machine else {}, demo_shop)
        if bank is not None:
            bank.on_notification = partial(notices.take, gateway, directory, BANK)
        phones.on_notification = partial(notices.take, gateway, directory, phone.NAME)
        post = Post(letters.write, mailer_of(settings), settings.origin)
        yield Opened(gateway, directory, bank, phones, Office(gateway, directory, keys, envelope), post)


def _renderers(settings: Settings) -> Renderers:
    """How each surface writes what merchants are told."""
    return {
        **events.renderers(settings.origin),
        **athmovil_events.RENDERERS,
        **checkout_events.RENDERERS,
        **atarapay_events.RENDERERS,
    }


@contextmanager
def _bank_inside(settings: Settings, clock: Clock, notice_key: str) -> Iterator[Bank]:
    """The sandbox bank where nobody said that it is elsewhere."""
    with closing(Register.open(settings.data / "bank")) as register:
        bank = Bank(register, clock=clock.wall, notice_key=notice_key, faults=faults_of(settings))
        try:
            yield bank
        finally:
            bank.stop()


def faults_of(settings: Settings) -> Faults:
    """How the sandbox bank is to misbehave. Raises SettingInvalid."""
    try:
        return faults.parse(settings.bank_faults)
    except ValueError as invalid:
        raise SettingInvalid(f"TILLGATE_BANK_FAULTS: {invalid}") from None


def mailer_of(settings: Settings) -> Mailer | None:
    """What hands mails to the operator's relay, where there is one. Raises SettingInvalid."""
    if not settings.smtp_url:
        return None
    try:
        relay = mail.relay(settings.smtp_url)
    except ValueError as invalid:
        raise SettingInvalid(f"TILLGATE_SMTP_URL: {invalid}") from None
    if not mail.is_address(settings.mail_from) or not settings.mail_from.isascii():
        raise SettingInvalid("TILLGATE_MAIL_FROM takes the address that mails come from: receipts@shop.example")
    return Mailer(relay, settings.mail_from)
