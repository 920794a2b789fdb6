"""The two clocks: business time, which belongs to a tenant and can be moved, and the time of clocks on walls."""

import time
from collections.abc import Mapping
from typing import Protocol

from tillgate.core.clocks import Reading
from tillgate.core.instants import Duration, Instant


class Clock(Protocol):
    """Where time comes from. Nothing else asks the operating system."""

    def wall(self) -> Instant:
        """Wall time: for banks, networks, leases, sessions and signatures."""

    def now(self, tenant: str) -> Instant:
        """A tenant's business time: for what is created, falls due or expires by agreement."""


class SystemClock:
    """The machine's clock; every tenant's business time is the wall's."""

    def wall(self) -> Instant:
        """See Clock."""
        return time.time_ns() // 1_000

    def now(self, tenant: str) -> Instant:
        """See Clock."""
        return time.time_ns() // 1_000


class ManualClock:
    """A clock that stands still until it is moved, for tests and simulations."""

    def __init__(self, at: Instant) -> None:
        self._at = at

    def wall(self) -> Instant:
        """See Clock."""
        return self._at

    def now(self, tenant: str) -> Instant:
        """See Clock."""
        return self._at

    def advance(self, by: Duration) -> None:
        """Let time pass."""
        self._at += by


class MerchantClocks:
    """Another clock, and the business time of those merchants who moved theirs, as this process knows it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._moved: Mapping[str, Reading] = {}

    def wall(self) -> Instant:
        """See Clock."""
        return self._clock.wall()

    def now(self, tenant: str) -> Instant:
        """See Clock."""
        if (reading := self._moved.get(tenant)) is None:
            return self._clock.now(tenant)
        return reading.now(self._clock.wall())

    @property
    def moved(self) -> Mapping[str, Reading]:
        """What is known, by merchant."""
        return self._moved

    def learn(self, tenant: str, reading: Reading) -> None:
        """Go by this, unless something newer is known."""
        known = self._moved.get(tenant)
        if known is None or reading.version >= known.version:
            self._moved = {**self._moved, tenant: reading}

    def learn_all(self, before: Mapping[str, Reading], readings: Mapping[str, Reading]) -> None:
        """Go by what was read of all merchants; `before` is what was known when that was begun."""
        for tenant, reading in readings.items():
            self.learn(tenant, reading)
        gone = {tenant for tenant, known in before.items() if tenant not in readings and self._moved[tenant] is known}
        if gone:
            self._moved = {tenant: known for tenant, known in self._moved.items() if tenant not in gone}
