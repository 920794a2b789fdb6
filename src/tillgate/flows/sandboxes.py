"""Sandboxes: a test merchant made in one commit, and removed with every row of it, in portions that survive a crash.

What found out who asks right before a sandbox was removed may write something down a little later. That is why
everything is looked through once more after a while.
"""

import base64
from collections.abc import Awaitable, Callable

import msgspec

from tillgate.connectors import phone
from tillgate.core import sandboxes
from tillgate.core.credentials import PREFIXES, Credential, CredentialKind
from tillgate.core.decisions import Decision
from tillgate.core.merchants import Mode, Tenant
from tillgate.core.occasions import Occasion
from tillgate.core.reasons import Reason, Refused
from tillgate.core.sandboxes import Sandbox, Terms
from tillgate.flows import changes, key_pairs
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.flows.idempotency import Key
from tillgate.logs import log
from tillgate.store import find, lists
from tillgate.store import sandboxes as kept
from tillgate.store.batches import Conflict
from tillgate.store.lists import Cursor
from tillgate.transport.banks import Lost

AT_ONCE = 500
"""How many rows of each table are deleted in one portion."""

_RANDOM_BYTES = 32
_CHANCE_BYTES = 8


class Made(msgspec.Struct, frozen=True):
    """A sandbox, the merchant that it is, and its keys in the open, which are shown this once."""

    sandbox: Sandbox
    tenant: Tenant
    secret_key: str
    publishable_key: str
    public_token: str
    private_token: str
    escrow_keys: str

    def __repr__(self) -> str:
        return f"Made({self.tenant.id})"


class Shown(msgspec.Struct, frozen=True):
    """A sandbox and the merchant that it is."""

    sandbox: Sandbox
    tenant: Tenant


class Page(msgspec.Struct, frozen=True):
    """Sandboxes newest first, and whether there are more in the direction of paging."""

    sandboxes: tuple[Shown, ...]
    has_more: bool


Render = Callable[[Made], Awaitable[Answer]]


async def make(gateway: Gateway, caller: Caller, key: Key | None, terms: Terms, render: Render) -> Answer:
    """A test merchant of the caller's, with keys and data of its own.

    Raises Refused(SANDBOX_OF_SANDBOX) where a sandbox asks, TOO_MANY_SANDBOXES.
    """

    async def decide(occasion: Occasion) -> tuple[Made, Decision]:
        if caller.tenant.parent is not None:
            raise Refused(Reason.SANDBOX_OF_SANDBOX)
        taken = await kept.places(gateway.store, caller.tenant.id)
        place = sandboxes.place(taken, int.from_bytes(gateway.random(_CHANCE_BYTES)))
        id = occasion.mint("ten")
        keys = {kind.value: _key(gateway, id, kind, occasion) for kind in sandboxes.KEYS}
        given = tuple(credential for _, credential in keys.values())
        tenant, sandbox, decision = sandboxes.make(caller.tenant, terms, occasion, given, place)
        return Made(sandbox, tenant, **{name: secret for name, (secret, _) in keys.items()}), decision

    return await changes.make(gateway, caller, key, decide, render)


def _key(gateway: Gateway, id: str, kind: CredentialKind, occasion: Occasion) -> tuple[str, Credential]:
    random = base64.urlsafe_b64encode(gateway.random(_RANDOM_BYTES)).rstrip(b"=").decode()
    secret = PREFIXES.get((kind, Mode.TEST), "") + random
    if kind is CredentialKind.ESCROW_KEYS:
        secret = key_pairs.make(gateway, id, random)
    return secret, sandboxes.key(id, kind, secret, occasion)


async def page(gateway: Gateway, caller: Caller, cursor: Cursor) -> Page:
    """The sandboxes that the caller made and that are still there."""
    where = {"status": sandboxes.ACTIVE}
    found = await lists.page(gateway.store, Sandbox, caller.tenant.id, cursor, where=where)
    shown = [await _shown(gateway, sandbox) for sandbox in found.records]
    return Page(tuple(one for one in shown if one is not None), found.has_more)


async def fetch(gateway: Gateway, caller: Caller, id: str) -> Shown:
    """One of the caller's sandboxes. Raises Refused(NOT_FOUND)."""
    shown = await _shown(gateway, await _active(gateway, caller, id))
    if shown is None:
        raise _missing(id)
    return shown


async def remove(gateway: Gateway, caller: Caller, id: str) -> None:
    """Refuse its keys from now on, and delete every row of it; a timer does what takes longer.

    Raises Refused(NOT_FOUND).
    """
    while True:
        sandbox = await _active(gateway, caller, id)
        try:
            await gateway.store.commit(sandboxes.remove(sandbox, gateway.clock.wall()))
            break
        except Conflict:
            continue
    while await kept.delete_keys(gateway.store, id, AT_ONCE):
        continue
    try:
        await proceed(gateway, caller.tenant, id)
    except Exception:
        log.exception("a sandbox is left to its timer", sandbox=id)


async def proceed(gateway: Gateway, parent: Tenant, id: str) -> bool:
    """Remove a sandbox whose time is over, or some more of one; True once there is nothing left to be removed."""
    sandbox = await find.record(gateway.store, Sandbox, parent.id, id)
    if sandbox is None:
        return True
    wall = gateway.clock.wall()
    try:
        if sandbox.removed_at is None:
            if sandbox.expires_at is None or wall < sandbox.expires_at:
                return False
            await gateway.store.commit(sandboxes.remove(sandbox, wall))
            return await proceed(gateway, parent, id)
        if sandbox.is_last_look and wall < sandbox.last_look_at:
            return False
        is_empty = await kept.delete(gateway.store, id, AT_ONCE)
        for bank in (parent.bank, phone.NAME):
            is_empty = await _forgotten_by_bank(gateway, bank, id) and is_empty
        await gateway.store.commit(sandboxes.looked_through(sandbox, wall, is_empty=is_empty))
    except Conflict:
        # Somebody else is at it: the timer comes back.
        return False
    return is_empty and sandbox.is_last_look


async def _forgotten_by_bank(gateway: Gateway, bank: str, id: str) -> bool:
    connector = gateway.banks[bank]
    answer = await gateway.transport.send(connector.forget(id))
    return not isinstance(answer, Lost) and connector.has_forgotten(answer)


async def _active(gateway: Gateway, caller: Caller, id: str) -> Sandbox:
    sandbox = await find.record(gateway.store, Sandbox, caller.tenant.id, id)
    if sandbox is None or sandbox.removed_at is not None:
        raise _missing(id)
    return sandbox


async def _shown(gateway: Gateway, sandbox: Sandbox) -> Shown | None:
    tenant = await find.record(gateway.store, Tenant, sandbox.id, sandbox.id)
    return None if tenant is None else Shown(sandbox, tenant)


def _missing(id: str) -> Refused:
    return Refused(Reason.NOT_FOUND, "merchant", object="merchant", id=id)
