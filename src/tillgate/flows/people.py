"""People: taken in with what they are to a merchant, given another password, forgotten with all that is theirs."""

import msgspec

from tillgate.core import customers, people
from tillgate.core.decisions import Alias, Decision
from tillgate.core.merchants import Tenant
from tillgate.core.oauth import Grant
from tillgate.core.people import EVERYBODYS, Membership, Person, Role
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve
from tillgate.core.sessions import Session
from tillgate.flows.gateway import Gateway
from tillgate.logs import log
from tillgate.store import find, lists
from tillgate.store.batches import Conflict, Taken

_BY_EMAIL = "person_email"
_NOBODY = "usr_nobody"


class Belonging(msgspec.Struct, frozen=True):
    """A person, and what they are to each of their merchants."""

    person: Person
    memberships: list[Membership]


async def by_email(gateway: Gateway, email: str) -> Person | None:
    """The person with this address. As much is asked of the database where there is none."""
    id = await find.alias(gateway.store, EVERYBODYS, _BY_EMAIL, digest(gateway, email))
    return await find.record(gateway.store, Person, EVERYBODYS, id or _NOBODY)


def digest(gateway: Gateway, email: str) -> str:
    """What stands for an address, however it is written."""
    return gateway.secrets.email_digest(customers.email_key(email))


async def memberships(gateway: Gateway, person: str) -> list[Membership]:
    """What somebody is, to whichever merchants."""
    return await find.anywhere(gateway.store, Membership, person)


async def every(gateway: Gateway) -> list[Belonging]:
    """Everybody, in the order in which they came."""
    found = await lists.every(gateway.store, Person)
    return [Belonging(person, await memberships(gateway, person.id)) for person in found]


async def is_nobody(gateway: Gateway) -> bool:
    """Whether nobody was ever taken in."""
    return not await lists.every(gateway.store, Person)


async def add(gateway: Gateway, tenant: Tenant, email: str, role: Role, password: str) -> tuple[Belonging, bool]:
    """Somebody becomes what they are to a merchant; and whether they are new, and have the password.

    Who is there already keeps their own. Raises people.Unfit for an address or a password that cannot be taken.
    """
    address = people.email(email)
    while True:
        wall = gateway.clock.wall()
        person = await by_email(gateway, address)
        is_new = person is None
        save: tuple[Person | Membership, ...] = ()
        name: tuple[Alias, ...] = ()
        if person is None:
            hashed = await gateway.passwords.hash(people.password(password, address))
            id = gateway.ids.new("usr", wall)
            person = Person(tenant=EVERYBODYS, id=id, created=wall, email=address, password=hashed)
            save, name = (person,), (Alias(EVERYBODYS, _BY_EMAIL, digest(gateway, address), id),)
        was = await find.record(gateway.store, Membership, tenant.id, person.id)
        new = Membership(tenant=tenant.id, id=person.id, created=wall, role=role)
        membership = evolve(was, role=role) if was else new
        try:
            await gateway.store.commit(Decision(save=(*save, membership), name=name))
        except (Conflict, Taken):
            continue
        log.info("a person was added", person=person.id, merchant=tenant.id, role=role.value, new=is_new)
        return Belonging(person, await memberships(gateway, person.id)), is_new


async def set_password(gateway: Gateway, person: Person, password: str, keep: str | None = None) -> Person:
    """Give somebody another password, and end their sessions, but for the one to `keep`. Raises people.Unfit."""
    hashed = await gateway.passwords.hash(people.password(password, person.email))
    while True:
        found = await find.record(gateway.store, Person, EVERYBODYS, person.id)
        if found is None:
            raise Refused(Reason.NOT_FOUND, "email")
        ending = [one for one in await find.of_person(gateway.store, Session, person.id) if one.id != keep]
        changed = evolve(found, password=hashed)
        try:
            await gateway.store.commit(Decision(save=(changed,), remove=tuple(ending)))
        except Conflict:
            continue
        log.info("a password was changed", person=person.id, sessions_ended=len(ending))
        return changed


async def remove(gateway: Gateway, person: Person) -> None:
    """Forget somebody: their sessions, what they let clients do, what they are to merchants, address and password.

    What clients were given in their name is good no more, everywhere within a second.
    """
    while True:
        store = gateway.store
        sessions = await find.of_person(store, Session, person.id)
        grants = await find.of_person(store, Grant, person.id)
        found = await find.record(store, Person, EVERYBODYS, person.id)
        if found is None:
            return
        gone = (*sessions, *grants, *await memberships(gateway, person.id), found)
        alias = Alias(EVERYBODYS, _BY_EMAIL, digest(gateway, found.email), None, moves=True)
        try:
            await store.commit(Decision(remove=gone, name=(alias,)))
        except Conflict:
            continue
        log.info("a person was removed", person=person.id, sessions_ended=len(sessions), grants_ended=len(grants))
        return


async def leave(gateway: Gateway, person: Person, tenant: Tenant) -> None:
    """Somebody is nothing to a merchant any more; what clients may do there in their name ends. Raises Refused."""
    while True:
        membership = await find.record(gateway.store, Membership, tenant.id, person.id)
        if membership is None:
            raise Refused(Reason.NOT_FOUND, "merchant")
        grants = [one for one in await find.of_person(gateway.store, Grant, person.id) if one.tenant == tenant.id]
        try:
            await gateway.store.commit(Decision(remove=(membership, *grants)))
        except Conflict:
            continue
        log.info("a person left a merchant", person=person.id, merchant=tenant.id)
        return
