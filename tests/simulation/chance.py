"""Chance decides what goes wrong and when, the same way for the same seed, and counts what did."""

import random
from collections import Counter
from collections.abc import Mapping
from typing import Final

from tillgate.sandbox.faults import Fault, Faults

MISHAPS: Final = {
    "crash before write": 0.002,
    "crash before commit": 0.003,
    "crash after commit": 0.003,
    "crash before the bank": 0.004,
    "crash after the bank": 0.006,
    "crash around a single statement": 0.003,
    "transaction waits for others": 0.01,
    "commit confirmed late": 0.01,
    "transaction to be run again": 0.02,
    "commit unknown, rolled back": 0.01,
    "commit unknown, committed": 0.01,
    "bank refuses the connection": 0.02,
    "question lost on the way": 0.01,
    "answer lost on the way": 0.01,
    "answer slow on the way": 0.02,
    "reply lost on the way": 0.03,
    "client hangs up": 0.06,
    "client asks twice at once": 0.1,
    "notice lost": 0.2,
    "notice twice": 0.2,
    "notice late": 0.2,
}
"""How often each mishap strikes where it can; a world multiplies each by what its seed says."""

OF_WEBHOOKS: Final = {
    "webhook lost on the way": 0.05,
    "answer to a webhook lost": 0.05,
    "crash after a webhook": 0.01,
}
"""The same, where somebody is told what happens."""

PER_MINUTE: Final = {"crash at any time": 1.0, "pause": 0.5, "database outage": 0.15}
"""What strikes a whole process or the database, so often a minute."""

BANK_FAULTS: Final = {
    f"bank: {fault.value}": rate
    for fault, rate in {
        Fault.TIMEOUT_BEFORE: 0.02,
        Fault.TIMEOUT_AFTER: 0.03,
        Fault.LATE: 0.03,
        Fault.SLOW: 0.04,
        Fault.DUPLICATE: 0.04,
        Fault.GARBAGE: 0.04,
        Fault.PENDING: 0.05,
    }.items()
}
"""How often the bank does what tillgate.sandbox.faults has it do."""

_WEIGHTS: Final = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Worlds differ: what never happens in one is frequent in the next, so that no mishap hides another."""


class Chance:
    """Draws for one world; while it is `calm`, nothing goes wrong. `storm` sets rates of mishaps for good."""

    def __init__(self, seed: int, storm: Mapping[str, float]) -> None:
        self._seed = seed
        self._random = self.stream("mishaps")
        usual = {**MISHAPS, **PER_MINUTE, **BANK_FAULTS}
        self._rates = {name: rate * self._random.choice(_WEIGHTS) for name, rate in usual.items()}
        listening = self.stream("webhooks")
        self._rates |= {name: rate * listening.choice(_WEIGHTS) for name, rate in OF_WEBHOOKS.items()} | dict(storm)
        self.calm = True
        self.happened: Counter[str] = Counter()

    def stream(self, name: str) -> random.Random:
        """A source of its own, so that what one part draws does not disturb the others."""
        return random.Random(f"{self._seed}/{name}")

    def strikes(self, mishap: str) -> bool:
        """Whether it happens now."""
        return self._strikes(mishap, 1.0)

    def strikes_within(self, mishap: str, seconds: float) -> bool:
        """Whether it happens in the seconds to come."""
        return self._strikes(mishap, seconds / 60)

    def _strikes(self, mishap: str, times: float) -> bool:
        if self.calm or self._random.random() >= self._rates[mishap] * times:
            return False
        self.happened[mishap] += 1
        return True

    def bank_faults(self) -> "BankFaults":
        """How the bank misbehaves in this world."""
        draws = self.stream("bank")
        all_of_them = max(1.0, sum(self._rates[name] for name in BANK_FAULTS))
        return BankFaults(
            self,
            draws.randrange(2**32),
            latency_seconds=(0.0, draws.choice((0.0, 0.1, 0.8))),
            pending_seconds=(1.0, draws.choice((5.0, 60.0))),
            dispute_seconds=(0.0, draws.choice((1.0, 60.0, 40_000.0))),
            **{name.removeprefix("bank: "): self._rates[name] / all_of_them for name in BANK_FAULTS},
        )


class BankFaults(Faults):
    """The sandbox bank's own faults, counted."""

    def __init__(self, chance: Chance, seed: int, **terms: object) -> None:
        super().__init__(seed, **terms)  # type: ignore[arg-type] # the terms are the bank's own
        self._chance = chance

    def draw(self) -> Fault | None:
        """What goes wrong with the next request."""
        if self._chance.calm:
            return None
        fault = super().draw()
        if fault is not None:
            self._chance.happened[f"bank: {fault.value}"] += 1
        return fault
