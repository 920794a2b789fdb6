"""Parties on the wire: who has shares of a merchant's escrow orders, and where they are paid out to."""

from typing import Final

import msgspec

from tillgate.core.credentials import Scope
from tillgate.core.instants import unix_seconds
from tillgate.core.parties import Party, PartyKind
from tillgate.flows import parties
from tillgate.http.exchange import Reply
from tillgate.surfaces.v1.forms import ListGiven, ListShown, list_shown
from tillgate.surfaces.v1.operations import Call, Nothing, operation, shown

PATH: Final = "/v1/parties"


class PartiesGiven(ListGiven, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A page of parties of a kind, of some time."""

    kind: PartyKind = PartyKind.SELLER


class PartyShown(msgspec.Struct, frozen=True, kw_only=True):
    """A seller, the operator of a marketplace, or a service provider."""

    id: str
    object: str = "party"
    kind: PartyKind
    first_name: str
    last_name: str
    email: str
    phone: str
    currency: str
    bank_code: str
    bank_name: str
    account_holder: str
    last4: str
    operator: str | None
    is_associated: bool
    created: int
    livemode: bool


def show(party: Party, *, livemode: bool) -> PartyShown:
    """A party in this API's form."""
    return PartyShown(
        id=party.id,
        kind=party.kind,
        first_name=party.named.first_name,
        last_name=party.named.last_name,
        email=party.named.email,
        phone=party.named.phone,
        currency=party.currency.lower(),
        bank_code=party.bank_code,
        bank_name=party.bank_name,
        account_holder=party.holder,
        last4=party.last4,
        operator=party.operator,
        is_associated=party.is_associated,
        created=unix_seconds(party.created),
        livemode=livemode,
    )


@operation("GET", PATH, Scope.PAYMENTS_READ, PartiesGiven, ListShown[PartyShown])
async def page(call: Call) -> Reply:
    """Those who can have shares of escrow orders, of one kind, newest first. They are added by AtaraPay's API."""
    given: PartiesGiven = call.given
    found = await parties.page(call.gateway, call.caller, given.kind, given.cursor("pty"))
    return await shown(call, list_shown(found, PATH, lambda party: show(party, livemode=call.tenant.is_live)))


@operation("GET", PATH + "/{id}", Scope.PAYMENTS_READ, Nothing, PartyShown)
async def fetch(call: Call) -> Reply:
    """One party."""
    return await shown(
        call, show(await parties.fetch(call.gateway, call.caller, call.id), livemode=call.tenant.is_live)
    )


OPERATIONS = (page, fetch)
