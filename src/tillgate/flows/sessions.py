"""Sessions: signing in, which nobody learns anything from who may not, staying signed in, and signing out."""

import base64
import hmac

import msgspec

from tillgate.core import credentials, people, sessions
from tillgate.core.decisions import Decision
from tillgate.core.merchants import Mode, Tenant
from tillgate.core.people import DEMO_MEMBERSHIP, DEMO_PASSWORD, DEMO_PERSON, EVERYBODYS, Membership, Person, Tries
from tillgate.core.reasons import Refused
from tillgate.core.records import evolve
from tillgate.core.sessions import Session
from tillgate.flows import people as flows
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Gateway
from tillgate.logs import log
from tillgate.store import find
from tillgate.store.batches import Conflict, Taken

_SECRET_BYTES = 32
_NAME_BYTES = 16


class Asked(msgspec.Struct, frozen=True):
    """From where somebody asks. `known_as` is what the browser has since somebody signed in there before."""

    address: str
    browser: str
    on_this_machine: bool
    known_as: str | None = None


class SignedIn(msgspec.Struct, frozen=True):
    """What the browser is given: the session's secret, and by what it is known from now on."""

    person: Person
    secret: str
    known_as: str


class Visitor(msgspec.Struct, frozen=True):
    """Somebody who is signed in."""

    person: Person
    session: Session


async def sign_in(gateway: Gateway, directory: Directory, email: str, password: str, asked: Asked) -> SignedIn | None:
    """Somebody signs in; None where address and password do not belong together.

    Whether anybody has the address makes no difference, to the answer, its time, or the waiting. Raises people.Locked
    after too many wrong passwords, and vault.passwords.Busy. Browsers in which the person signed in before are counted
    by themselves: who tries passwords elsewhere does not keep them out.
    """
    address = flows.digest(gateway, email)
    known_as = asked.known_as if _is_known(gateway, address, asked.known_as) else None
    tries = await _counted(gateway, credentials.digest(f"{address} {known_as or ''}"))
    person = await _person(gateway, directory, email, password, asked)
    if person is None:
        log.info("a sign-in failed", tries=tries.count)
        return None
    await _forget(gateway, tries)
    secret = _text(gateway.random(_SECRET_BYTES))
    session = sessions.begun(credentials.digest(secret), person.id, asked.address, asked.browser, gateway.clock.wall())
    await gateway.store.commit(Decision(save=(session,)))
    log.info("signed in", person=person.id)
    return SignedIn(person, secret, known_as or _named(gateway, address))


async def is_their_password(gateway: Gateway, person: Person, password: str) -> bool:
    """Whether somebody who is signed in has this password; wrong ones are counted. Raises Locked and Busy."""
    tries = await _counted(gateway, credentials.digest(f"{person.id} password"))
    if not await gateway.passwords.matches(person.password, people.comparable(password)):
        return False
    await _forget(gateway, tries)
    return True


async def visitor(gateway: Gateway, directory: Directory, secret: str, *, on_this_machine: bool) -> Visitor | None:
    """Who has this session's secret, while it lasts."""
    id, wall = credentials.digest(secret), gateway.clock.wall()
    session = await find.record(gateway.store, Session, EVERYBODYS, id)
    if session is None or wall >= session.ends_at:
        return None
    person = await known(gateway, directory, session.person, on_this_machine=on_this_machine)
    if person is None:
        return None
    if (noted := sessions.seen(session, wall)) is not None:
        try:
            await gateway.store.commit(Decision(save=(noted,)))
        except Conflict:
            # Another request has noted it, or it was ended just now.
            return await visitor(gateway, directory, secret, on_this_machine=on_this_machine)
        session = noted
    return Visitor(person, session)


async def known(gateway: Gateway, directory: Directory, id: str, *, on_this_machine: bool) -> Person | None:
    """The person with this id."""
    if id == DEMO_PERSON.id:
        return DEMO_PERSON if directory.plays(on_this_machine=on_this_machine) else None
    return await find.record(gateway.store, Person, EVERYBODYS, id)


async def membership(gateway: Gateway, person: str, tenant: str) -> Membership | None:
    """What somebody is to a merchant."""
    if (person, tenant) == (DEMO_MEMBERSHIP.id, DEMO_MEMBERSHIP.tenant):
        return DEMO_MEMBERSHIP
    return await find.record(gateway.store, Membership, tenant, person)


async def merchants(
    gateway: Gateway, directory: Directory, person: str, mode: Mode | None = None
) -> list[tuple[Tenant, Membership]]:
    """The merchants to whom somebody is something, and what: those in one mode, if that is said."""
    belongs = [DEMO_MEMBERSHIP] if person == DEMO_PERSON.id else await flows.memberships(gateway, person)
    found = []
    for membership in belongs:
        try:
            tenant = await directory.tenant(membership.tenant)
        except Refused:
            continue
        if mode is None or tenant.mode is mode:
            found.append((tenant, membership))
    return found


async def of(gateway: Gateway, person: str) -> list[Session]:
    """Where somebody is signed in, the one used last first."""
    wall = gateway.clock.wall()
    found = [one for one in await find.of_person(gateway.store, Session, person) if wall < one.ends_at]
    return sorted(found, key=lambda session: session.seen_at, reverse=True)


async def end(gateway: Gateway, person: str, id: str) -> None:
    """End a session of somebody's: the very next request of it is nobody's. One that is over stays so."""
    while (session := await find.record(gateway.store, Session, EVERYBODYS, id)) and session.person == person:
        try:
            await gateway.store.commit(Decision(remove=(session,)))
        except Conflict:
            continue
        log.info("a session was ended", person=person)
        return


async def _counted(gateway: Gateway, id: str) -> Tries:
    """Count a try, whatever comes of it: of any number at once none is overlooked. Raises people.Locked."""
    while True:
        was = await find.record(gateway.store, Tries, EVERYBODYS, id)
        tries = people.tried(was, id, gateway.clock.wall())
        try:
            await gateway.store.commit(Decision(save=(tries,)))
        except (Conflict, Taken):
            continue
        return tries


async def _forget(gateway: Gateway, tries: Tries) -> None:
    try:
        await gateway.store.commit(Decision(remove=(tries,)))
    except Conflict:
        # Another one has come meanwhile, and is counted with those before it.
        return


async def _person(gateway: Gateway, directory: Directory, email: str, password: str, asked: Asked) -> Person | None:
    given = people.comparable(password)[: people.LONGEST_PASSWORD + 1]
    if directory.plays(on_this_machine=asked.on_this_machine) and _is_demo(email, given):
        return DEMO_PERSON
    person = await flows.by_email(gateway, email)
    kept = person.password if person else ""
    if not await gateway.passwords.matches(kept, given) or person is None:
        return None
    if gateway.passwords.is_dated(kept):
        renewed = evolve(person, password=await gateway.passwords.hash(given))
        try:
            await gateway.store.commit(Decision(save=(renewed,)))
        except Conflict:
            return await _person(gateway, directory, email, password, asked)
    return person


def _is_demo(email: str, password: str) -> bool:
    return email.strip().casefold() == DEMO_PERSON.email and hmac.compare_digest(
        password.encode(), DEMO_PASSWORD.encode()
    )


def _named(gateway: Gateway, address: str) -> str:
    name = _text(gateway.random(_NAME_BYTES))
    return f"{name}.{gateway.secrets.browser_proof(address, name)}"


def _is_known(gateway: Gateway, address: str, known_as: str | None) -> bool:
    name, _, proof = (known_as or "").partition(".")
    return hmac.compare_digest(proof.encode(), gateway.secrets.browser_proof(address, name).encode())


def _text(random: bytes) -> str:
    return base64.urlsafe_b64encode(random).rstrip(b"=").decode()
