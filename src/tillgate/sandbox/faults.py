"""Faults: how the sandbox bank misbehaves on purpose, the same way for the same seed."""

import enum
import random
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from tillgate.connectors.contract import BankAnswer
from tillgate.core import attempts
from tillgate.core.instants import SECOND


class Fault(enum.StrEnum):
    """What may go wrong with a request."""

    TIMEOUT_BEFORE = "timeout_before"
    """The bank never hears of it, and no answer comes."""
    TIMEOUT_AFTER = "timeout_after"
    """The bank does it, and no answer comes."""
    LATE = "late"
    """No answer comes, and the bank does it after the caller gave up, while it may still be on its way."""
    SLOW = "slow"
    """The answer takes seconds, and comes."""
    DUPLICATE = "duplicate"
    """The request arrives twice, and the answer comes once more as a notice."""
    GARBAGE = "garbage"
    """The bank does it, and what it answers cannot be believed."""
    PENDING = "pending"
    """The bank knows later."""


Range: TypeAlias = tuple[float, float]
"""Seconds, from and to."""

_SLOW: Final[Range] = (1.0, 25.0)
# The margin has to do for more than that: a question may leave some seconds after it was decided upon, the connection
# be refused a few times first, and the clocks of two machines differ.
_LATE: Final[Range] = (
    (attempts.PATIENCE / SECOND) + 1,
    (attempts.PATIENCE + attempts.MARGIN) / SECOND - 10,
)


class Faults:
    """Draws from one seeded source what goes wrong with each request, after whatever was planted.

    Keywords are the probabilities of faults by name: `Faults(7, timeout_after=0.01)`. `latency_seconds` is
    how long an ordinary answer takes, `pending_seconds` until a pending one is known, and `dispute_seconds`
    until a cardholder objects, or evidence is decided upon; `slow_seconds` how long a slow answer takes.
    Raises ValueError that names the field.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        latency_seconds: Range = (0.0, 0.0),
        pending_seconds: Range = (1.0, 10.0),
        dispute_seconds: Range = (2.0, 2.0),
        slow_seconds: Range = _SLOW,
        **probabilities: float,
    ) -> None:
        self._random = random.Random(seed)  # noqa: S311 — to be repeated, not to be secret
        self._latency = _checked("latency_seconds", latency_seconds)
        self._pending = _checked("pending_seconds", pending_seconds)
        self._dispute = _checked("dispute_seconds", dispute_seconds)
        self._slow = _checked("slow_seconds", slow_seconds)
        self._planted: deque[Fault] = deque()
        self._thresholds = _thresholds(probabilities)

    def plant(self, *faults: Fault) -> None:
        """Let these happen to the next requests, one each."""
        self._planted.extend(faults)

    def draw(self) -> Fault | None:
        """What goes wrong with the next request."""
        if self._planted:
            return self._planted.popleft()
        if self._thresholds:
            drawn = self._random.random()
            for threshold, fault in self._thresholds:
                if drawn < threshold:
                    return fault
        return None

    def latency_seconds(self) -> float:
        """How long the next answer takes; no number is drawn where it does not vary."""
        low, high = self._latency
        return low if low == high else self._random.uniform(low, high)

    def pending_seconds(self) -> float:
        """How long the next pending operation stays so."""
        return self._random.uniform(*self._pending)

    def dispute_seconds(self) -> float:
        """How long until the next objection, or decision about one."""
        return self._random.uniform(*self._dispute)

    def slow_seconds(self) -> float:
        """How long a slow answer takes; less than the caller's patience, unless told otherwise."""
        return self._random.uniform(*self._slow)

    def late_seconds(self) -> float:
        """When a late request arrives: after the caller's patience, within the margin."""
        return self._random.uniform(*_LATE)

    def garble(self, answer: BankAnswer) -> BankAnswer:
        """Something that is not an answer about what was asked."""
        garbage = (
            BankAnswer(answer.status, b""),
            BankAnswer(answer.status, answer.body[: self._random.randrange(len(answer.body))]),
            BankAnswer(answer.status, answer.body.replace(b'"reference":"', b'"reference":"another_')),
            BankAnswer(200, b"<html><body>It works!</body></html>"),
            BankAnswer(502, b"<html><body>Bad gateway</body></html>"),
            BankAnswer(503, answer.body),
        )
        return self._random.choice(garbage)


def parse(text: str) -> Faults:
    """Faults as a setting says them: `timeout_after=0.01,garbage=0.02,latency_seconds=0.05-0.2,seed=7`.

    Raises ValueError that names the field at fault.
    """
    settings: dict[str, Any] = {}
    for item in filter(None, (item.strip() for item in text.split(","))):
        field, _, value = (part.strip() for part in item.partition("="))
        if field not in _FIELDS:
            raise ValueError(f"{field}: there is no such field; there are {', '.join(_FIELDS)}")
        try:
            settings[field] = _READ.get(field, float)(value)
        except ValueError:
            raise ValueError(f"{field}: {value!r} cannot be read") from None
    return Faults(**settings)


def _range(text: str) -> Range:
    low, _, high = text.partition("-")
    return float(low), float(high or low)


_READ: Final[Mapping[str, Callable[[str], object]]] = {
    "seed": int,
    "latency_seconds": _range,
    "pending_seconds": _range,
    "dispute_seconds": _range,
}
_FIELDS: Final = (*Fault, *_READ)


def _checked(field: str, range: Range) -> Range:
    if not 0 <= range[0] <= range[1] < float("inf"):
        raise ValueError(f"{field}: {range[0]}-{range[1]} is no range of seconds")
    return range


def _thresholds(probabilities: dict[str, float]) -> list[tuple[float, Fault]]:
    thresholds, total = [], 0.0
    for field, probability in probabilities.items():
        if not 0 <= probability <= 1:
            raise ValueError(f"{field}: {probability} is no probability from 0 to 1")
        if probability:
            total += probability
            thresholds.append((total, Fault(field)))
        if total > 1 + 1e-9:
            raise ValueError(f"{field}: the probabilities exceed 1 together")
    return thresholds
