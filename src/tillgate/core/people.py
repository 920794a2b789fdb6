"""People: who signs in, what they may do for which merchant, and how long wrong passwords are waited for."""

import enum
import re
import unicodedata
from typing import Final

from tillgate.core.instants import HOUR, MINUTE, SECOND, Duration, Instant
from tillgate.core.merchants import DEMO_SHOP
from tillgate.core.oauth import OAuthScope
from tillgate.core.personal import Personal
from tillgate.core.records import Record, evolve

EVERYBODYS: Final = "directory"
"""In the place of a tenant: people are nobody's, and may belong to several merchants."""

SHORTEST_PASSWORD: Final = 10
LONGEST_PASSWORD: Final = 200
LONGEST_EMAIL: Final = 254

_LONGEST_TYPED: Final = 5 * LONGEST_PASSWORD
"""More than the longest password has, however it is composed."""

FREE_TRIES: Final = 5
"""So many wrong passwords in a row are nobody's business."""

FIRST_WAIT: Final[Duration] = 30 * SECOND
LONGEST_WAIT: Final[Duration] = 15 * MINUTE
TRIES_LAST: Final[Duration] = HOUR
"""After so long without another one, wrong passwords are forgotten."""

_EMAIL: Final = re.compile(r"[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+", re.ASCII)


class Role(enum.StrEnum):
    """What a person is to a merchant."""

    OWNER = "owner"
    DEVELOPER = "developer"
    SUPPORT = "support"
    ANALYST = "analyst"


GRANTABLE: Final = {
    Role.OWNER: frozenset(OAuthScope),
    Role.DEVELOPER: frozenset({OAuthScope.APPLICATIONS, OAuthScope.PAYMENTS, OAuthScope.OFFLINE_ACCESS}),
    Role.SUPPORT: frozenset({OAuthScope.PAYMENTS, OAuthScope.OFFLINE_ACCESS}),
    Role.ANALYST: frozenset[OAuthScope](),
}
"""What a client may be allowed to do in the name of a person, by what that one may do."""


class Person(Record, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody who signs in. `password` is a hash that tells its own parameters, and is empty where there is none."""

    created: Instant
    email: Personal[str] = ""
    password: str = ""


class Membership(Record, frozen=True, kw_only=True, omit_defaults=True):
    """What a person is to a merchant: the tenant's record, under the person's id."""

    created: Instant
    role: Role


DEMO_PERSON: Final = Person(tenant=EVERYBODYS, id="usr_sandbox", created=0, email="demo@example.com")
DEMO_PASSWORD: Final = "demo"  # noqa: S105 — printed in the documents
DEMO_MEMBERSHIP: Final = Membership(tenant=DEMO_SHOP.id, id=DEMO_PERSON.id, created=0, role=Role.OWNER)
"""The sandbox's login: it exists by definition, and is good on the machine itself only."""


class Tries(Record, frozen=True, kw_only=True, omit_defaults=True):
    """Wrong passwords in a row for an address, whether anybody has it or not; the id is a digest of it."""

    count: int
    last: Instant

    @property
    def locked_until(self) -> Instant:
        """Until when no password is looked at."""
        over = self.count - FREE_TRIES
        return self.last + min(FIRST_WAIT << min(over, 10), LONGEST_WAIT) if over >= 0 else self.last

    @property
    def erase_at(self) -> Instant:
        """When they are forgotten."""
        return self.last + TRIES_LAST


class Locked(Exception):
    """So many passwords were wrong that none is looked at before `until`."""

    def __init__(self, until: Instant) -> None:
        super().__init__()
        self.until = until


class Unfit(Exception):
    """An address or a password that cannot be taken; the text says what to do."""


def tried(tries: Tries | None, id: str, wall: Instant) -> Tries:
    """One more, counted before its password is looked at, so that any number at once are counted. Raises Locked."""
    if tries is None:
        return Tries(tenant=EVERYBODYS, id=id, count=1, last=wall)
    if wall < tries.locked_until:
        raise Locked(tries.locked_until)
    count = tries.count if wall < tries.erase_at else 0
    return evolve(tries, count=count + 1, last=wall)


def email(text: str) -> str:
    """An address as it is written down. Raises Unfit."""
    address = text.strip()
    if len(address) > LONGEST_EMAIL or not address.isprintable() or not _EMAIL.fullmatch(address):
        raise Unfit("That is no e-mail address.")
    return address


def password(text: str, address: str) -> str:
    """A new password, as it is hashed. Raises Unfit for one that is too short, too long, or the address."""
    prepared = comparable(text)
    if not SHORTEST_PASSWORD <= len(prepared) <= LONGEST_PASSWORD:
        raise Unfit(f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters.")
    if prepared.casefold() in address.casefold() or len(set(prepared)) <= 2:
        raise Unfit("That password is too easily guessed.")
    return prepared


def comparable(password: str) -> str:
    """A password however a keyboard composes its characters (NIST SP 800-63B, 5.1.1.2).

    One that is far too long is cut off before, and stays too long: composing takes as the square of the length.
    """
    return unicodedata.normalize("NFKC", password[:_LONGEST_TYPED])


def allowed(role: Role, scopes: frozenset[OAuthScope]) -> frozenset[OAuthScope]:
    """What of this somebody with a role may let a client do."""
    return scopes & GRANTABLE[role]
