"""Records: a merchant's own, by their ids."""

from typing import TypeVar

from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import Record
from tillgate.flows.gateway import Caller, Gateway
from tillgate.store import find

R = TypeVar("R", bound=Record)


async def fetch(gateway: Gateway, caller: Caller, type: type[R], id: str, noun: str, field: str | None = None) -> R:
    """A merchant's record. Raises Refused(NOT_FOUND), naming `field`, which is the noun unless it is said."""
    record = await find.record(gateway.store, type, caller.tenant.id, id)
    if record is None:
        raise Refused(Reason.NOT_FOUND, field or noun, object=noun.replace("_", " "), id=id)
    return record
