"""Sandboxes: test merchants that another test merchant makes, to be alone with its data, and removes with all of it."""

from collections.abc import Container
from typing import ClassVar, Final

import msgspec

from tillgate.core import credentials
from tillgate.core.credentials import ALL_SCOPES, PUBLISHABLE_SCOPES, Credential, CredentialKind
from tillgate.core.decisions import Alias, Decision
from tillgate.core.fees import FeePlan
from tillgate.core.instants import DAY, MINUTE, Duration, Instant
from tillgate.core.merchants import Mode, Tenant
from tillgate.core.occasions import Occasion
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import Record, evolve
from tillgate.core.timers import Timer, TimerKind

MOST: Final = 2_000
"""How many sandboxes a merchant may have at once."""

LONGEST: Final[Duration] = 30 * DAY
"""How long one may last that goes by itself."""

LAST_LOOK_AFTER: Final[Duration] = 10 * MINUTE
"""Longer than anything waits between finding out who asks and writing down what came of it."""

TAKEN_OVER_AFTER: Final[Duration] = MINUTE
"""How long the first portion of a removal is left to whoever began it."""

KEYS: Final = {
    CredentialKind.SECRET_KEY: ALL_SCOPES,
    CredentialKind.PUBLISHABLE_KEY: PUBLISHABLE_SCOPES,
    CredentialKind.PUBLIC_TOKEN: frozenset(),
    CredentialKind.PRIVATE_TOKEN: frozenset(),
    CredentialKind.ESCROW_KEYS: frozenset(),
}
"""What each is given to ask with, and what that allows."""

ACTIVE: Final = "active"
REMOVED: Final = "removed"

PLACE: Final = "sandbox_place"
"""The kind of alias by which each has one of MOST places: it is claimed, so that there are never more."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a sandbox is to be like. It is gone by itself after `lasts`, where that is said."""

    name: str
    fee_plan: FeePlan
    dispute_fees: dict[str, int]
    settlement_days: int
    lasts: Duration | None = None


class Sandbox(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A sandbox as its maker's: `id` is that of the merchant that it is. All times are wall time.

    Once it is removed it is as if it were not, and stays until everything of it was looked for twice; its `place` among
    its maker's is free.
    """

    SHAPE: ClassVar[int] = 2

    created: Instant
    expires_at: Instant | None = None
    removed_at: Instant | None = None
    is_last_look: bool = False
    place: int | None = None

    @property
    def status(self) -> str:
        """ACTIVE, or REMOVED with rows of it that may still be there."""
        return ACTIVE if self.removed_at is None else REMOVED

    @property
    def last_look_at(self) -> Instant:
        """When everything of a removed one is looked for once more. Raises ValueError for one that is not."""
        if self.removed_at is None:
            raise ValueError("only what was removed is looked for")
        return self.removed_at + LAST_LOOK_AFTER


def place(taken: Container[str], chance: int) -> int:
    """One of the places that nobody has: any of them, so that many who make one at once seldom want the same.

    Raises Refused(TOO_MANY_SANDBOXES).
    """
    free = [place for place in range(MOST) if str(place) not in taken]
    if not free:
        raise Refused(Reason.TOO_MANY_SANDBOXES, most=MOST)
    return free[chance % len(free)]


def make(
    maker: Tenant, terms: Terms, occasion: Occasion, keys: tuple[Credential, ...], place: int
) -> tuple[Tenant, Sandbox, Decision]:
    """A sandbox on its maker's rate, and what there is to write down; `keys` are made for it by `key`."""
    id = keys[0].tenant
    tenant = Tenant(
        tenant=id,
        id=id,
        created=occasion.wall,
        name=terms.name,
        mode=Mode.TEST,
        fee_plan=terms.fee_plan,
        bank=maker.bank,
        rate_limit=maker.rate_limit,
        dispute_fees=terms.dispute_fees,
        settlement_days=terms.settlement_days,
        parent=maker.id,
    )
    expires_at = None if terms.lasts is None else occasion.wall + terms.lasts
    sandbox = Sandbox(tenant=maker.id, id=id, created=occasion.wall, expires_at=expires_at, place=place)
    schedule = () if expires_at is None else (_timer(sandbox, expires_at),)
    claimed = Alias(maker.id, PLACE, str(place), id)
    return tenant, sandbox, Decision(save=(tenant, sandbox), issue=keys, schedule=schedule, name=(claimed,))


def key(id: str, kind: CredentialKind, secret: str, occasion: Occasion) -> Credential:
    """A key of the sandbox with this id, which may end from one moment to the next."""
    digest, public, proof = credentials.known_by(kind, secret)
    return Credential(
        digest=digest,
        id=occasion.mint("key"),
        tenant=id,
        kind=kind,
        mode=Mode.TEST,
        scopes=KEYS[kind],
        created=occasion.wall,
        is_fleeting=True,
        public=public,
        proof=proof,
    )


def remove(sandbox: Sandbox, wall: Instant) -> Decision:
    """It is gone; what is kept of it goes by whoever decided so, and, should they die, by a timer."""
    timer = _timer(sandbox, wall + TAKEN_OVER_AFTER)
    freed = () if sandbox.place is None else (Alias(sandbox.tenant, PLACE, str(sandbox.place), None, moves=True),)
    return Decision(save=(evolve(sandbox, removed_at=wall),), schedule=(timer,), name=freed)


def looked_through(sandbox: Sandbox, wall: Instant, *, is_empty: bool) -> Decision:
    """What to do after looking for what is kept of a removed sandbox: again at once, once more later, or nothing."""
    if not is_empty:
        return Decision(schedule=(_timer(sandbox, wall),))
    if not sandbox.is_last_look:
        return Decision(save=(evolve(sandbox, is_last_look=True),), schedule=(_timer(sandbox, sandbox.last_look_at),))
    return Decision(remove=(sandbox,), schedule=(_timer(sandbox, None),))


def _timer(sandbox: Sandbox, due_at: Instant | None) -> Timer:
    return Timer(sandbox.tenant, TimerKind.REMOVE_SANDBOX, sandbox.id, due_at)
