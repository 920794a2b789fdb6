"""An operator's commands about test merchants' clocks: what they take, do and show."""

import msgspec

from tillgate.core.clocks import Wanted
from tillgate.core.instants import Duration, Instant
from tillgate.core.merchants import DEMO_SHOP, Tenant
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import clocks
from tillgate.flows.clocks import Happened
from tillgate.flows.gateway import Answer, Caller, Gateway


class Show(msgspec.Struct, forbid_unknown_fields=True):
    """Say what time it is to a merchant."""

    merchant: str = DEMO_SHOP.id


class Advance(msgspec.Struct, forbid_unknown_fields=True):
    """Move a merchant's clock forward, by a time or to an instant."""

    by: Duration | None = None
    to: Instant | None = None
    merchant: str = DEMO_SHOP.id


class Event(msgspec.Struct):
    """Something that happened on the way."""

    at: Instant
    type: str
    about: str


class Shown(msgspec.Struct):
    """A clock as an operator sees it: where it is, and where to, if it is on its way; and what happened."""

    now: Instant
    until: Instant | None
    happened: list[Event]
    has_more: bool = False


async def show(gateway: Gateway, tenant: Tenant, given: Show) -> Shown:
    """Raises Refused(TEST_MODE_ONLY)."""
    return _shown(await clocks.fetch(gateway, _caller(tenant)))


async def advance(gateway: Gateway, tenant: Tenant, given: Advance) -> Shown:
    """Raises what flows.clocks.move refuses."""
    seen: list[Happened] = []

    async def note(found: Happened) -> Answer:
        seen.append(found)
        return Answer(200, b"")

    await clocks.move(gateway, _caller(tenant), None, Wanted(given.by, given.to), note)
    return _shown(seen[-1])


def told(refused: Refused) -> str:
    """Why a command was refused, in a sentence."""
    if refused.reason is Reason.CLOCK_NEVER_BACK:
        return "A clock goes forward only: --to takes a later time than where it is, or goes."
    if refused.reason is Reason.TEST_MODE_ONLY:
        return "A merchant with real money has no clock of its own."
    return f"The clock cannot be moved: {refused.detail.get('problem', 'say --by or --to')}."


def _caller(tenant: Tenant) -> Caller:
    return Caller(tenant, "system:operator", "commands", "")


def _shown(found: Happened) -> Shown:
    move = found.clock.move
    happened = [Event(event.created, event.type.value, event.view.id) for event in found.events]
    return Shown(found.now, move.until if move else None, happened, found.has_more)
