"""What there is to find of setup intents in a world that has come to rest, if anything went wrong with them."""

from collections import Counter
from collections.abc import Iterator

from tests.simulation.disk import Disk
from tests.simulation.merchants import Merchant
from tests.simulation.world import World
from tillgate.core.attempts import Kind, State
from tillgate.core.events import EventType
from tillgate.core.setup_intents import SetupIntent, SetupStatus

_OPEN = (SetupStatus.PROCESSING, SetupStatus.REQUIRES_ACTION)
_PROMISES = (SetupStatus.SUCCEEDED.value, SetupStatus.CANCELED.value)
"""What stays as it is once it was told."""


def of_everything(world: World, disk: Disk, merchants: list[Merchant]) -> Iterator[str]:
    """A card is kept if, and only if, its bank has verified it and nobody gave it up; each end is told once."""
    told: dict[str, Counter[str]] = {}
    for stream, type in disk.rows("select stream, type from events where type like 'setup_intent.%'"):
        told.setdefault(stream, Counter())[type] += 1
    for setup in disk.setup_intents.values():
        world.chance.happened[f"setup intent: {setup.status.value}"] += 1
        if setup.status in _OPEN:
            yield f"{setup.id} is {setup.status} for ever"
        yield from _verified(setup, disk)
        yield from _told(setup, told.get(setup.id, Counter()), disk)
    for merchant in merchants:
        yield from _answers(merchant, disk)


def _verified(setup: SetupIntent, disk: Disk) -> Iterator[str]:
    granted = setup.attempt is not None and disk.attempts[setup.attempt].state is State.APPROVED
    if setup.verified != (setup.attempt if granted else None):
        yield f"{setup.id} was verified by {setup.verified}, and what counts is {setup.attempt}"
    if setup.verified and setup.customer:
        method = disk.methods[setup.payment_method or ""]
        if (method.customer, method.agreement) != (setup.customer, setup.verified):
            yield f"{setup.id} is to be kept, and there is {method}"


def _told(setup: SetupIntent, told: Counter[str], disk: Disk) -> Iterator[str]:
    """A verification that failed is told of, unless it was given up for another card while its customer had to act."""
    attempts = [one for one in disk.attempts.values() if one.payment == setup.id and one.kind is Kind.VERIFY]
    failures = sum(attempt.asked - (attempt.state is State.APPROVED) for attempt in attempts)
    once = {
        EventType.SETUP_INTENT_CREATED: True,
        EventType.SETUP_INTENT_SUCCEEDED: setup.verified is not None,
        EventType.SETUP_INTENT_CANCELED: setup.canceled_at is not None,
    }
    failed = told[EventType.SETUP_INTENT_SETUP_FAILED.value]
    if any(told[type.value] != times for type, times in once.items()) or not bool(setup.failure) <= failed <= failures:
        yield f"of {setup.id} was told {told}, after {failures} failures, and it is {setup}"


def _answers(merchant: Merchant, disk: Disk) -> Iterator[str]:
    for asked in merchant.asking.all:
        said = asked.answer.shown if asked.answer is not None and asked.method == "POST" else None
        if said is None or said["object"] != "setup_intent":
            continue
        setup = disk.setup_intents.get(said["id"])
        if setup is None or (said["status"] in _PROMISES and said["status"] != setup.status.value):
            yield f"request {asked.name} was told {said}, and there is {setup}"
