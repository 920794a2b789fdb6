"""An operator's commands about people and OAuth clients: what they take, do and show."""

import secrets
from typing import Final

import msgspec

from tillgate.core import oauth, people, redirects
from tillgate.core.instants import Instant
from tillgate.core.merchants import DEMO_SHOP, Tenant
from tillgate.core.oauth import Client, OAuthScope
from tillgate.core.people import Person, Role
from tillgate.core.reasons import Refused
from tillgate.flows import oauth_clients
from tillgate.flows import people as flows
from tillgate.flows.people import Belonging
from tillgate.vault.passwords import Busy
from tillgate.workers import office as offices
from tillgate.workers.office import Command, Impossible, Office

_PASSWORD_BYTES: Final = 12
_LONGEST_NAME: Final = 60


class AddPerson(msgspec.Struct, forbid_unknown_fields=True):
    """Have somebody be something to a merchant; who is new gets a password, which is made up without one."""

    email: str
    role: Role
    merchant: str = DEMO_SHOP.id
    password: str | None = None


class ListPeople(msgspec.Struct, forbid_unknown_fields=True):
    """List everybody."""


class SetPassword(msgspec.Struct, forbid_unknown_fields=True):
    """Give somebody another password, which is made up without one, and end their sessions."""

    email: str
    password: str | None = None


class RemovePerson(msgspec.Struct, forbid_unknown_fields=True):
    """Forget somebody, or have them be nothing to one merchant any more."""

    email: str
    merchant: str | None = None


class MembershipShown(msgspec.Struct):
    """What somebody is to a merchant."""

    merchant: str
    role: Role


class PersonShown(msgspec.Struct):
    """A person as an operator sees them."""

    id: str
    email: str
    created: Instant
    memberships: list[MembershipShown]
    password: str | None = None
    """One that was made up just now."""


class AddClient(msgspec.Struct, forbid_unknown_fields=True):
    """Register a client."""

    name: str
    redirect_uris: list[str] = []
    scopes: list[OAuthScope] = []
    merchant: str = DEMO_SHOP.id
    is_public: bool = False
    is_machine: bool = False


class ListClients(msgspec.Struct, forbid_unknown_fields=True):
    """List the clients that a merchant registered."""

    merchant: str = DEMO_SHOP.id


class RemoveClient(msgspec.Struct, forbid_unknown_fields=True):
    """Take a client back."""

    id: str


class ClientShown(msgspec.Struct):
    """A client as an operator sees it."""

    id: str
    name: str
    created: Instant
    scopes: list[OAuthScope]
    redirect_uris: list[str]
    grant_types: list[str]
    is_public: bool
    secret: str | None = None
    """Shown this once."""


async def add_person(office: Office, given: AddPerson) -> PersonShown:
    """Raises Impossible for an address or a password that cannot be taken."""
    tenant = await offices.merchant(office, given.merchant)
    if given.password is not None and await flows.by_email(office.gateway, given.email):
        raise Impossible("They have a password already: leave it out, or use `tillgate people password`.")
    password = secrets.token_urlsafe(_PASSWORD_BYTES) if given.password is None else given.password
    try:
        belonging, is_new = await flows.add(office.gateway, tenant, given.email, given.role, password)
    except (people.Unfit, Busy) as unfit:
        raise Impossible(str(unfit) or "Too many passwords are being looked at. Try again.") from None
    return _person(belonging, password if is_new and given.password is None else None)


async def list_people(office: Office, given: ListPeople) -> list[PersonShown]:
    """Everybody, in the order in which they came."""
    return [_person(belonging) for belonging in await flows.every(office.gateway)]


async def set_password(office: Office, given: SetPassword) -> PersonShown:
    """Raises Impossible for a password that cannot be taken."""
    person = await _of_email(office, given.email)
    password = secrets.token_urlsafe(_PASSWORD_BYTES) if given.password is None else given.password
    try:
        await flows.set_password(office.gateway, person, password)
    except (people.Unfit, Busy) as unfit:
        raise Impossible(str(unfit) or "Too many passwords are being looked at. Try again.") from None
    return _person(await _belonging(office, person), password if given.password is None else None)


async def remove_person(office: Office, given: RemovePerson) -> PersonShown:
    """As they were before."""
    person = await _of_email(office, given.email)
    before = _person(await _belonging(office, person))
    if given.merchant is None:
        await flows.remove(office.gateway, person)
        return before
    tenant = await offices.merchant(office, given.merchant)
    try:
        await flows.leave(office.gateway, person, tenant)
    except Refused:
        raise Impossible(f"{given.email} is nothing to {tenant.name}.") from None
    return before


async def add_client(office: Office, given: AddClient) -> ClientShown:
    """Raises Impossible where nothing could come of it, or an address is none to be sent back to."""
    tenant = await offices.merchant(office, given.merchant)
    name = given.name.strip()
    if not 1 <= len(name) <= _LONGEST_NAME or not name.isprintable():
        raise Impossible(f"A name has 1 to {_LONGEST_NAME} characters that can be printed.")
    if not given.redirect_uris and not given.is_machine:
        raise Impossible("Say where people are sent back to (--redirect-uri), or that it acts for itself (--machine).")
    if given.is_public and given.is_machine:
        raise Impossible("A client without a secret cannot act for itself: leave out --public or --machine.")
    scopes = frozenset(given.scopes) or (frozenset(OAuthScope) if given.redirect_uris else oauth.MACHINE_SCOPES)
    try:
        client, secret = await oauth_clients.add(
            office.gateway,
            tenant,
            name,
            tuple(given.redirect_uris),
            scopes,
            secrets.token_urlsafe(32),
            is_public=given.is_public,
            is_machine=given.is_machine,
        )
    except redirects.Unfit as unfit:
        raise Impossible(str(unfit)) from None
    return _client(client, secret)


async def list_clients(office: Office, given: ListClients) -> list[ClientShown]:
    """Those that were registered; `tillgate keys list` names clients that only have an id and a secret."""
    tenant = await offices.merchant(office, given.merchant)
    return [_client(client) for client in await oauth_clients.of(office.gateway, tenant)]


async def remove_client(office: Office, given: RemoveClient) -> ClientShown:
    """Its tokens are good for a second at most."""
    try:
        return _client(await oauth_clients.remove(office.gateway, given.id))
    except Refused:
        raise Impossible(f"There is no client {given.id}; `tillgate clients list` names a merchant's.") from None


COMMANDS: Final = {
    "people add": Command(AddPerson, add_person),
    "people list": Command(ListPeople, list_people),
    "people password": Command(SetPassword, set_password),
    "people remove": Command(RemovePerson, remove_person),
    "clients add": Command(AddClient, add_client),
    "clients list": Command(ListClients, list_clients),
    "clients remove": Command(RemoveClient, remove_client),
}


async def _of_email(office: Office, email: str) -> Person:
    person = await flows.by_email(office.gateway, email)
    if person is None:
        raise Impossible(f"There is nobody with the address {email}; `tillgate people list` names everybody.")
    return person


async def _belonging(office: Office, person: Person) -> Belonging:
    return Belonging(person, await flows.memberships(office.gateway, person.id))


def _person(belonging: Belonging, password: str | None = None) -> PersonShown:
    person = belonging.person
    memberships = [MembershipShown(one.tenant, one.role) for one in belonging.memberships]
    return PersonShown(person.id, person.email, person.created, memberships, password)


def _client(client: Client, secret: str | None = None) -> ClientShown:
    return ClientShown(
        client.id,
        client.name,
        client.created,
        [scope for scope in OAuthScope if scope in client.scopes],
        list(client.redirect_uris),
        sorted(client.grant_types),
        client.is_public,
        secret,
    )


async def first_login(office: Office, tenant: Tenant, email: str) -> str | None:
    """The password of the first person of all, an owner, who is made just now; None where somebody is there."""
    if not await flows.is_nobody(office.gateway):
        return None
    password = secrets.token_urlsafe(_PASSWORD_BYTES)
    await flows.add(office.gateway, tenant, email, Role.OWNER, password)
    return password
