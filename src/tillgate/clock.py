"""The two clocks: business time, which belongs to a tenant and can be moved, and the time of clocks on walls."""

import time
from typing import Protocol

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
