"""Whatever goes wrong in a world, in the end the books are the bank's, and nobody was told what is not so.

`python -m tests.simulation SEED` tells the story of one world, line by line.
"""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.simulation.chance import BANK_FAULTS, MISHAPS, PER_MINUTE
from tests.simulation.story import Size, Told, tell
from tests.sizes import PROVING, at_size

SEEDS = at_size((47, 20, 10, 40, 48, 32, 16, 11, 29, 45, 22, 1, 42, 26), range(1, 300))
"""Every day as many of the stormiest as it takes until everything has gone wrong that can, at full size all."""

SIZE = at_size(Size(), Size(days=4, clients=10, requests=25))

_BY_CARD = ("charge", "authorize", "verify")

SITUATIONS = (
    *(f"{kind}: {state}" for kind in _BY_CARD for state in ("approved", "declined", "never_seen")),
    *(f"{kind}: approved" for kind in ("capture", "void", "refund", "withdraw", "return", "release")),
    *(f"payment: {status}" for status in ("succeeded", "failed", "canceled")),
    *(f"released: {cause}" for cause in ("requested", "expired")),
    *(f"race lost: {failure}" for failure in ("Conflict", "Taken")),
    *(f"dispute: {what}" for what in ("won", "lost", "answered", "accepted")),
    *(f"payout: {what}" for what in ("paid", "failed", "canceled", "returned", "automatic, paid")),
    *(f"setup intent: {status}" for status in ("succeeded", "requires_payment_method", "canceled")),
    "intent: confirmed again",
    "asked again",
)
RARE_SITUATIONS = ("capture: never_seen", "void: declined", "void: never_seen", "refund: never_seen")

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def worlds() -> list[Told]:
    """The stories of all seeds, or of so many that everything has happened in them."""
    told: list[Told] = []
    for seed in SEEDS:
        told.append(tell(seed, SIZE))
        if not PROVING and not _missing(told):
            break
    return told


def _missing(worlds: list[Told]) -> set[str]:
    happened = sum((told.happened for told in worlds), Counter[str]())
    expected = {*MISHAPS, *PER_MINUTE, *BANK_FAULTS, *SITUATIONS, *at_size((), RARE_SITUATIONS)}
    return expected - happened.keys()


def test_in_the_end_everything_adds_up(worlds: list[Told]) -> None:
    violations = [violation for told in worlds for violation in told.violations]
    assert not violations, "\n".join(violations[:20])


def test_everything_went_wrong_that_can(worlds: list[Told], capsys: pytest.CaptureFixture[str]) -> None:
    happened = sum((told.happened for told in worlds), Counter[str]())
    steps, seconds = sum(told.steps for told in worlds), sum(told.took_seconds for told in worlds)
    requests = sum(told.requests for told in worlds)
    with capsys.disabled():
        print(f"\n{len(worlds)} worlds, {requests:,} requests, {steps:,} steps ({steps / seconds:,.0f} a second),")
        print(f"{happened.total():,} situations of {len(happened)} kinds")
        if PROVING:
            print("\n".join(f"{count:>9,} {name}" for name, count in sorted(happened.items())))
    assert not _missing(worlds)


def test_the_same_seed_is_the_same_world() -> None:
    assert tell(3, Size(days=1)).trace == tell(3, Size(days=1)).trace != tell(4, Size(days=1)).trace


def test_the_same_seed_is_the_same_world_in_another_process() -> None:
    """Not even the order of sets decides anything."""
    command = [sys.executable, "-m", "tests.simulation", "5", "1", "--quiet"]
    traces = {
        subprocess.run(
            command, check=True, capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": salt}
        ).stdout.split()[-1]
        for salt in ("1", "2")
    }
    assert len(traces) == 1
