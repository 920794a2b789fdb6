"""An operator's commands, as one table: what each takes, and what carries it out, beside a running server or alone."""

import secrets
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

import msgspec

from tillgate.core.credentials import ALL_SCOPES, MANAGERS_SCOPES, PUBLISHABLE_SCOPES, Credential, CredentialKind, Scope
from tillgate.core.instants import DAY, Duration, Instant
from tillgate.core.merchants import DEMO_SHOP, Mode, RateLimit, Tenant
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import credentials, directory, merchants
from tillgate.flows.gateway import Gateway
from tillgate.logs import log
from tillgate.vault.key_encryption import KeyUnusable
from tillgate.workers import clocks, data_keys, origins, parties, people, statements, wallet_keys
from tillgate.workers import office as offices
from tillgate.workers.office import Command, Impossible, Office


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    """A request: which command, with what. `database` is the one that the caller means (None: SQLite)."""

    command: str
    given: msgspec.Raw = msgspec.Raw(b"{}")
    database: str | None = None


class Answered(msgspec.Struct, omit_defaults=True):
    """What became of a request: `done`, `refused` in a sentence, or `elsewhere`: the server has another database."""

    done: msgspec.Raw = msgspec.Raw(b"null")
    refused: str = ""
    elsewhere: bool = False


class Shown(msgspec.Struct):
    """A credential as an operator sees it, without its secret."""

    id: str
    kind: CredentialKind
    scopes: list[Scope]
    created: Instant
    expires_at: Instant | None
    revoked_at: Instant | None


class New(msgspec.Struct):
    """A new credential with its secret, which is shown this once."""

    secret: str
    credential: Shown


class CreateKey(msgspec.Struct, forbid_unknown_fields=True):
    """Make a key."""

    kind: CredentialKind
    scopes: list[Scope] = []
    merchant: str = DEMO_SHOP.id
    expires_at: Instant | None = None


class ListKeys(msgspec.Struct, forbid_unknown_fields=True):
    """List a merchant's keys."""

    merchant: str = DEMO_SHOP.id


class RollKey(msgspec.Struct, forbid_unknown_fields=True):
    """Put another key in the place of one."""

    id: str
    overlap: Duration = DAY


class RevokeKey(msgspec.Struct, forbid_unknown_fields=True):
    """Take a key back."""

    id: str


SettlementDays = Annotated[int, msgspec.Meta(ge=0, le=30)]


class CreateMerchant(msgspec.Struct, forbid_unknown_fields=True):
    """Take a merchant on."""

    name: str
    mode: Mode = Mode.TEST
    rate_limit: RateLimit = RateLimit.STANDARD
    settlement_days: SettlementDays = merchants.SETTLEMENT_DAYS


class UpdateMerchant(msgspec.Struct, forbid_unknown_fields=True):
    """Serve a merchant on other terms; what is not said stays."""

    id: str
    rate_limit: RateLimit | None = None
    settlement_days: SettlementDays | None = None
    sends_receipts: bool | None = None


class ListMerchants(msgspec.Struct, forbid_unknown_fields=True):
    """List all merchants."""


class Merchant(msgspec.Struct):
    """A merchant as an operator sees it."""

    id: str
    name: str
    mode: Mode
    bank: str
    rate_limit: RateLimit
    created: Instant
    settlement_days: int = merchants.SETTLEMENT_DAYS


async def create_key(office: Office, given: CreateKey) -> New:
    """Raises Impossible for scopes that do not belong to the kind, and for an expiry that is over."""
    tenant = await offices.merchant(office, given.merchant)
    scopes = _scopes(given.kind, given.scopes)
    wall = office.gateway.clock.wall()
    if given.expires_at is not None and given.expires_at <= wall:
        raise Impossible("A key cannot expire before it is made: --expires takes a time to come.")
    return await _new(
        office,
        await directory.issue(office.gateway, tenant, given.kind, scopes, secrets.token_urlsafe(32), given.expires_at),
    )


async def list_keys(office: Office, given: ListKeys) -> list[Shown]:
    """All keys that a merchant was ever given."""
    tenant = await offices.merchant(office, given.merchant)
    return [_shown(credential) for credential in await credentials.of(office.gateway, tenant)]


async def roll_key(office: Office, given: RollKey) -> New:
    """Raises Impossible for a key that is good no more."""
    credential = await _credential(office, given.id)
    tenant = await office.directory.tenant(credential.tenant)
    try:
        secret = await credentials.roll(office.gateway, tenant, credential, given.overlap, secrets.token_urlsafe(32))
    except Refused:
        raise Impossible(f"Key {given.id} is revoked or expired. Create another.") from None
    return await _new(office, secret)


async def revoke_key(office: Office, given: RevokeKey) -> Shown:
    """Every process refuses the key within a second."""
    return _shown(await credentials.revoke(office.gateway, await _credential(office, given.id)))


async def create_merchant(office: Office, given: CreateMerchant) -> Merchant:
    """Raises Impossible where real money cannot be taken."""
    name = given.name.strip()
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise Impossible("A merchant's name has 1 to 100 printable characters.")
    try:
        tenant = await merchants.create(office.gateway, name, given.mode, given.rate_limit, given.settlement_days)
        return _merchant(tenant)
    except Refused:
        raise Impossible(
            "Live merchants need a connector that moves real money, and a key-encryption key from outside the data "
            "directory (TILLGATE_KEY_ENCRYPTION_KEY)."
        ) from None


async def update_merchant(office: Office, given: UpdateMerchant) -> Merchant:
    """Every process does so within a second."""
    if given.id == DEMO_SHOP.id:
        raise Impossible("Demo Shop's terms are fixed, but for TILLGATE_RATE_LIMIT. Take on a merchant of your own.")
    if given.rate_limit is None and given.settlement_days is None and given.sends_receipts is None:
        raise Impossible("Say what is to be different: --rate-limit, --settlement-days or --receipts.")
    await offices.merchant(office, given.id)
    changed = await merchants.update(
        office.gateway, given.id, given.rate_limit, given.settlement_days, sends_receipts=given.sends_receipts
    )
    return _merchant(changed)


async def list_merchants(office: Office, given: ListMerchants) -> list[Merchant]:
    """All of them, Demo Shop first."""
    others = await merchants.every(office.gateway)
    return [_merchant(tenant) for tenant in (await office.directory.tenant(DEMO_SHOP.id), *others)]


def _of_merchant(
    carry_out: Callable[[Gateway, Tenant, Any], Awaitable[Any]], told: Callable[[Refused], str]
) -> Callable[[Office, Any], Awaitable[Any]]:
    async def carried_out(office: Office, given: Any) -> Any:
        tenant = await offices.merchant(office, given.merchant)
        try:
            return await carry_out(office.gateway, tenant, given)
        except Refused as refused:
            raise Impossible(told(refused)) from None

    return carried_out


COMMANDS: Final = {
    "keys create": Command(CreateKey, create_key),
    "keys list": Command(ListKeys, list_keys),
    "keys roll": Command(RollKey, roll_key),
    "keys revoke": Command(RevokeKey, revoke_key),
    "merchants create": Command(CreateMerchant, create_merchant),
    "merchants update": Command(UpdateMerchant, update_merchant),
    "merchants list": Command(ListMerchants, list_merchants),
    "statements account": Command(statements.NameAccount, _of_merchant(statements.name_account, statements.told)),
    "statements show account": Command(statements.ShowAccount, _of_merchant(statements.show_account, statements.told)),
    "statements book": Command(statements.Book, _of_merchant(statements.book, statements.told)),
    "statements unmatched": Command(statements.Unmatched, _of_merchant(statements.unmatched, statements.told)),
    "statements match": Command(statements.Match, _of_merchant(statements.match, statements.told)),
    "statements return": Command(statements.Return, _of_merchant(statements.send_back, statements.told)),
    "wallets add": Command(wallet_keys.Add, _of_merchant(wallet_keys.add, wallet_keys.told)),
    "wallets list": Command(wallet_keys.List, _of_merchant(wallet_keys.every, wallet_keys.told)),
    "wallets remove": Command(wallet_keys.Remove, _of_merchant(wallet_keys.remove, wallet_keys.told)),
    "clock show": Command(clocks.Show, _of_merchant(clocks.show, clocks.told)),
    "clock advance": Command(clocks.Advance, _of_merchant(clocks.advance, clocks.told)),
    "vault status": Command(data_keys.Show, data_keys.show),
    "vault rotate": Command(data_keys.Rotate, data_keys.rotate),
    "vault reseal": Command(data_keys.Reseal, data_keys.reseal),
    "vault prune": Command(data_keys.Prune, data_keys.prune),
    **origins.COMMANDS,
    "parties add": Command(parties.Add, _of_merchant(parties.add, parties.told)),
    "parties list": Command(parties.List, _of_merchant(parties.every, parties.told)),
    "parties associate": Command(parties.Associate, _of_merchant(parties.associate, parties.told)),
    "parties erase": Command(parties.Erase, _of_merchant(parties.erase, parties.told)),
    **people.COMMANDS,
}


async def answer(office: Office, database: str | None, line: bytes) -> bytes:
    """The answer to a request, both as JSON, by whoever has `database` open. It raises nothing."""
    try:
        return msgspec.json.encode(await _answered(office, database, line))
    except (Impossible, KeyUnusable, msgspec.ValidationError, msgspec.DecodeError) as refused:
        return msgspec.json.encode(Answered(refused=str(refused)))
    except Exception as failure:
        log.exception("a command failed")
        return msgspec.json.encode(Answered(refused=f"The command failed ({type(failure).__name__}): see the log."))


async def _answered(office: Office, database: str | None, line: bytes) -> Answered:
    asked = msgspec.json.decode(line, type=Asked)
    if asked.database is not None and asked.database != database:
        return Answered(elsewhere=True)
    command = COMMANDS.get(asked.command)
    if command is None:
        raise Impossible(f"The server knows no command {asked.command!r}; it may be of another release.")
    done = await command.carry_out(office, msgspec.json.decode(asked.given, type=command.takes))
    return Answered(done=msgspec.Raw(msgspec.json.encode(done)))


async def _credential(office: Office, id: str) -> Credential:
    try:
        return await credentials.fetch(office.gateway, id)
    except Refused as refused:
        if refused.reason is not Reason.NOT_FOUND:
            raise
        raise Impossible(f"There is no key {id}; `tillgate keys list` names a merchant's.") from None


def _scopes(kind: CredentialKind, wanted: list[Scope]) -> frozenset[Scope]:
    if not MANAGERS_SCOPES.isdisjoint(wanted):
        raise Impossible("Only a manager's key decides disputes: make one with --kind manager.")
    match kind:
        case CredentialKind.MANAGER_KEY if not wanted:
            return MANAGERS_SCOPES
        case CredentialKind.SECRET_KEY if not wanted:
            return ALL_SCOPES
        case CredentialKind.OAUTH_CLIENT:
            return frozenset(wanted) or ALL_SCOPES
        case CredentialKind.PUBLISHABLE_KEY if not wanted:
            return PUBLISHABLE_SCOPES
        case CredentialKind.PUBLIC_TOKEN | CredentialKind.PRIVATE_TOKEN | CredentialKind.ESCROW_KEYS if not wanted:
            return frozenset()
        case CredentialKind.RESTRICTED_KEY if wanted:
            return frozenset(wanted)
        case CredentialKind.RESTRICTED_KEY:
            raise Impossible("A restricted key needs at least one --scope.")
    raise Impossible("Only restricted keys and clients take --scope: what other kinds may do is settled.")


async def _new(office: Office, secret: str) -> New:
    return New(secret, _shown(await credentials.of_secret(office.gateway, secret)))


def _shown(credential: Credential) -> Shown:
    return Shown(
        id=credential.id,
        kind=credential.kind,
        scopes=sorted(credential.scopes),
        created=credential.created,
        expires_at=credential.expires_at,
        revoked_at=credential.revoked_at,
    )


def _merchant(tenant: Tenant) -> Merchant:
    return Merchant(
        tenant.id, tenant.name, tenant.mode, tenant.bank, tenant.rate_limit, tenant.created, tenant.settlement_days
    )
