"""An operator's commands about who has shares of a merchant's orders: sellers and operators of a marketplace."""

from typing import Literal

import msgspec

from tillgate.core.merchants import DEMO_SHOP, Tenant
from tillgate.core.parties import SERIES, Destination, Named, Party, PartyKind
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import escrow_numbers, parties, party_erasures
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.store.lists import Cursor

_AT_ONCE = 100


class Add(msgspec.Struct, forbid_unknown_fields=True):
    """Take in a seller, or who operates a marketplace."""

    kind: Literal["seller", "operator"]
    named: Named
    destination: Destination
    is_associated: bool = False
    operator: str | None = None
    merchant: str = DEMO_SHOP.id


class List(msgspec.Struct, forbid_unknown_fields=True):
    """List a merchant's parties of a kind."""

    kind: PartyKind = PartyKind.SELLER
    merchant: str = DEMO_SHOP.id


class Associate(msgspec.Struct, forbid_unknown_fields=True):
    """Have a seller sell in the marketplace of an operator, or of the merchant itself."""

    id: str
    operator: str | None = None
    merchant: str = DEMO_SHOP.id


class Erase(msgspec.Struct, forbid_unknown_fields=True):
    """Erase what is personal of a party, once nothing is owed to it any more."""

    id: str
    merchant: str = DEMO_SHOP.id


class Shown(msgspec.Struct):
    """A party as an operator of the gateway sees it: by its id and its whole number, its account by its last digits."""

    id: str
    number: int
    kind: PartyKind
    name: str
    phone: str
    bank: str
    last4: str
    operator: str | None
    is_associated: bool


async def add(gateway: Gateway, tenant: Tenant, given: Add) -> Shown:
    """Raises what flows.parties.create refuses."""
    made: list[Party] = []

    async def note(party: Party) -> Answer:
        made[:] = [party]
        return Answer(200, b"")

    destination = msgspec.structs.replace(given.destination, is_invented=not tenant.is_live)
    await parties.create(
        gateway,
        _caller(tenant),
        None,
        PartyKind(given.kind),
        given.named,
        destination,
        note,
        operator=given.operator,
        is_associated=given.is_associated or given.operator is not None,
    )
    return await _shown(gateway, made[0])


async def every(gateway: Gateway, tenant: Tenant, given: List) -> list[Shown]:
    """All of them, newest first."""
    found: list[Party] = []
    cursor = Cursor(_AT_ONCE)
    while True:
        page = await parties.page(gateway, _caller(tenant), given.kind, cursor)
        found += page.records
        if not page.has_more:
            return [await _shown(gateway, party) for party in found]
        cursor = Cursor(_AT_ONCE, after=page.records[-1].id)


async def associate(gateway: Gateway, tenant: Tenant, given: Associate) -> Shown:
    """Raises Refused(NOT_FOUND)."""
    return await _shown(gateway, await parties.associate(gateway, _caller(tenant), given.id, given.operator))


async def erase(gateway: Gateway, tenant: Tenant, given: Erase) -> Shown:
    """Raises Refused(NOT_FOUND, IN_PROGRESS)."""
    return await _shown(gateway, await party_erasures.erase(gateway, _caller(tenant), given.id))


def told(refused: Refused) -> str:
    """Why a command was refused, in a sentence that says what to do."""
    if refused.reason is Reason.NOT_FOUND:
        return f"There is no {refused.field} {refused.detail.get('id')}; `tillgate parties list` names a merchant's."
    if refused.reason is Reason.IN_PROGRESS:
        return f"{refused.detail.get('id')} cannot be erased yet: {refused.detail.get('problem')}."
    name = (refused.field or "").replace("_", "-")
    return f"--{name} cannot be used: {refused.detail.get('problem', refused.reason.value)}."


def _caller(tenant: Tenant) -> Caller:
    return Caller(tenant, "system:operator", "commands", "")


async def _shown(gateway: Gateway, party: Party) -> Shown:
    numbers = await escrow_numbers.of(gateway, party.tenant, SERIES, [party.id])
    named = party.named
    return Shown(
        id=party.id,
        number=numbers[party.id],
        kind=party.kind,
        name=f"{named.first_name} {named.last_name}".strip(),
        phone=named.phone,
        bank=party.bank_name,
        last4=party.last4,
        operator=party.operator,
        is_associated=party.is_associated,
    )
