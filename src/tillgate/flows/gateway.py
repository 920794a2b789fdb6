"""What the flows work with: the store, the vault, the banks, the clock and the ids, put together once."""

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType

import msgspec

from tillgate.clock import Clock, MerchantClocks
from tillgate.connectors.contract import Connector
from tillgate.core.attempts import Attempt
from tillgate.core.credentials import Principal
from tillgate.core.events import Event
from tillgate.core.ids import Ids
from tillgate.core.instants import Instant
from tillgate.core.merchants import Tenant
from tillgate.core.occasions import Occasion
from tillgate.core.reasons import Reason, Refused
from tillgate.sandbox.devices import Devices
from tillgate.store.database import Store
from tillgate.store.faults import Planted
from tillgate.transport.banks import Transport
from tillgate.transport.egress import Egress
from tillgate.vault.cards import Cards
from tillgate.vault.links import Links
from tillgate.vault.passwords import Passwords
from tillgate.vault.secrets import Secrets
from tillgate.vault.wallets.keys import Wallets


class Caller(msgspec.Struct, frozen=True):
    """Who asks, through which surface, in which request."""

    tenant: Tenant
    actor: str
    surface: str
    request_id: str


def caller(tenant: Tenant, principal: Principal, surface: str, request_id: str) -> Caller:
    """The caller behind a credential."""
    return Caller(tenant, principal.credential, surface, request_id)


def system(tenant: Tenant, what: str) -> Caller:
    """What happens by itself."""
    return Caller(tenant, f"system:{what}", "workers", "")


class Answer(msgspec.Struct, frozen=True):
    """An answer as it goes out: status and body. `replayed` where it was given before."""

    status: int
    body: bytes
    replayed: bool = False


class Running(msgspec.Struct, frozen=True):
    """A request under way in this process, for repeats of it to wait for."""

    fingerprint: str
    reply: asyncio.Future[Answer]


class Looking(msgspec.Struct, frozen=True):
    """What became of an attempt, asked of its bank in this process for a payer who waits; good enough for a moment."""

    until: Instant
    asked: asyncio.Task[None]


Renderers = Mapping[str, Callable[[Event, Tenant], bytes | None]]
"""How surfaces write an event for its merchant, by core.webhook_endpoints.WebhookEndpoint.form.

They write nothing of what is none of theirs: it is not sent.
"""

Signers = Mapping[str, Callable[[str, str, int, bytes], Mapping[str, str]]]
"""By the same, what more signs a body for an application: its secret, the event's type, Unix seconds, the body."""

Wrappers = Mapping[str, Callable[[str, str | None, bytes], tuple[str, bytes]]]
"""By the same, what is put around a body when it is posted, and never kept: the event's id, the merchant's pair of keys
if it has one, and the body, for a media type and what is posted, the same each time."""


class Gateway:
    """Everything a flow needs, by name. `key_is_kept_apart`: the key-encryption key does not lie beside the data.
    `is_on_this_machine`: nobody else reaches the server, so that what documents print as secret is as good as one.

    `return_origin` goes before the path by which payers come back from a bank; it is empty where the bank's own pages
    are on this server.
    """

    def __init__(
        self,
        *,
        store: Store,
        cards: Cards,
        secrets: Secrets,
        links: Links,
        banks: dict[str, Connector],
        transport: Transport,
        egress: Egress,
        wallets: Wallets,
        devices: Devices,
        passwords: Passwords,
        clock: Clock,
        ids: Ids,
        random: Callable[[int], bytes],
        renderers: Renderers,
        signers: Signers,
        wrappers: Wrappers = MappingProxyType({}),
        key_is_kept_apart: bool = False,
        return_origin: str = "",
        is_on_this_machine: bool = False,
    ) -> None:
        self.store = store
        self.cards = cards
        self.secrets = secrets
        self.links = links
        self.banks = banks
        self.transport = transport
        self.egress = egress
        self.wallets = wallets
        self.devices = devices
        self.passwords = passwords
        self.clock = MerchantClocks(clock)
        self.ids = ids
        self.random = random
        self.renderers = renderers
        self.signers = signers
        self.wrappers = wrappers
        self.key_is_kept_apart = key_is_kept_apart
        self.return_origin = return_origin
        self.is_on_this_machine = is_on_this_machine
        self.planted = Planted(store.engine)
        self.running: dict[tuple[str, str], Running] = {}
        self.looking: dict[tuple[str, str], Looking] = {}

    def return_address(self, attempt: Attempt) -> str:
        """Where a bank sends a payer back to (flows.returns); nobody guesses it."""
        proof = self.secrets.return_proof(attempt.tenant, attempt.id)
        return f"{self.return_origin}/returns/{attempt.tenant}/{attempt.id}/{proof}"

    def require_live(self, bank: str) -> None:
        """Raises Refused(LIVE_MODE_UNAVAILABLE) where a bank moves no real money, or cards are not safe enough."""
        if not self.banks[bank].is_live or not self.key_is_kept_apart:
            raise Refused(Reason.LIVE_MODE_UNAVAILABLE)

    def occasion(self, caller: Caller) -> Occasion:
        """This moment, for a caller."""
        now = self.clock.now(caller.tenant.id)
        ids = self.ids
        return Occasion(
            now=now,
            wall=self.clock.wall(),
            actor=caller.actor,
            surface=caller.surface,
            request_id=caller.request_id,
            mint=lambda prefix: ids.new(prefix, now),
        )
