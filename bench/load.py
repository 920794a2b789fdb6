"""Load from wrk: so many connections, each asking again as soon as it is answered."""

import itertools
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

CONNECTIONS = 64
SCRIPT = Path(__file__).with_name("load.lua")
MARGIN_SECONDS = 30

CARD = "4242424242424242"
PAYMENT = {
    "amount": 2000,
    "currency": "usd",
    "payment_method": "card",
    "card": {"number": CARD, "exp_month": 12, "exp_year": 2034, "cvc": "123", "name": "Ada Lovelace"},
    "description": "Order 1234",
    "metadata": {"order_id": "1234"},
}
"""A payment like those that load.lua asks for."""

_runs = itertools.count(1)


class Report(msgspec.Struct, frozen=True):
    """What wrk counted. Times are microseconds, `refused` the statuses other than 200, `acknowledged` payments' ids."""

    requests: int
    microseconds: int
    p50: int
    p99: int
    slowest: int
    failed: int
    refused: list[int]
    acknowledged: list[str]

    @property
    def per_second(self) -> float:
        """Answers a second, those with another status than 200 left out."""
        return (self.requests - len(self.refused)) * 1e6 / self.microseconds

    @property
    def paid_per_second(self) -> float:
        """Payments a second, however many requests each of them took."""
        return len(self.acknowledged) * 1e6 / self.microseconds


Load = Callable[[str, float], Report]
"""Loads an address for so many seconds."""


def payments(address: str, seconds: float, connections: int = CONNECTIONS) -> Report:
    """Create payments, each with a key of its own; every answer of 200 is noted by its id."""
    report = _wrk(address, seconds, connections, "payments", f"bench-{next(_runs)}")
    if len(report.acknowledged) + len(report.refused) != report.requests:
        raise RuntimeError("an answer had no payment in it")
    return report


def intents(address: str, seconds: float) -> Report:
    """Create payment intents and confirm them, two requests each; those that succeeded are noted by their payment."""
    return _wrk(address, seconds, CONNECTIONS, "intents", f"bench-{next(_runs)}")


def intents_at_once(address: str, seconds: float) -> Report:
    """Create payment intents that are confirmed by the same request; noted by their payment."""
    return _wrk(address, seconds, CONNECTIONS, "intents at once", f"bench-{next(_runs)}")


def paths(address: str, paths: Sequence[str], seconds: float, connections: int = CONNECTIONS) -> Report:
    """GET these paths, over and over."""
    with tempfile.NamedTemporaryFile("w", suffix=".paths") as file:
        file.write("\n".join(paths))
        file.flush()
        return _wrk(address, seconds, connections, "paths", file.name)


def _wrk(address: str, seconds: float, connections: int, *arguments: str) -> Report:
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        subprocess.run(
            [
                *("wrk", "--threads", "1", "--connections", str(connections)),
                *("--duration", f"{round(seconds)}s", "--timeout", "10s", "--script", SCRIPT, address),
                *("--", *arguments, report.name),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=seconds + MARGIN_SECONDS,
        )
        return msgspec.json.decode(Path(report.name).read_bytes(), type=Report)
