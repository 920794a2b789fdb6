"""Sessions: how long somebody who signed in stays so, in one browser."""

from typing import Final

from tillgate.core.instants import HOUR, MINUTE, Duration, Instant
from tillgate.core.people import EVERYBODYS
from tillgate.core.personal import Personal
from tillgate.core.records import Record, evolve

IDLE_LASTS: Final[Duration] = 30 * MINUTE
LASTS: Final[Duration] = 12 * HOUR

NOTED_EVERY: Final[Duration] = MINUTE
"""How exactly it is written down when a session was used last."""

LONGEST_BROWSER: Final = 200


class Session(Record, frozen=True, kw_only=True, omit_defaults=True):
    """One sign-in. Its id is the digest of what the browser's cookie says; times are wall time."""

    created: Instant
    person: str
    seen_at: Instant
    address: Personal[str] = ""
    browser: Personal[str] = ""

    @property
    def ends_at(self) -> Instant:
        """When it ends by itself, should it not be used again."""
        return min(self.created + LASTS, self.seen_at + IDLE_LASTS)

    @property
    def erase_at(self) -> Instant:
        """When it may be forgotten."""
        return self.ends_at


def begun(id: str, person: str, address: str, browser: str, wall: Instant) -> Session:
    """Somebody has just signed in."""
    return Session(
        tenant=EVERYBODYS,
        id=id,
        created=wall,
        person=person,
        seen_at=wall,
        address=address,
        browser=browser[:LONGEST_BROWSER],
    )


def seen(session: Session, wall: Instant) -> Session | None:
    """The session as it is after it was used, where that is worth writing down."""
    return evolve(session, seen_at=wall) if wall >= session.seen_at + NOTED_EVERY else None
