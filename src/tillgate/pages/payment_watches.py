"""Watches over payments: one for each that somebody looks at on a page of theirs, however many do."""

from collections.abc import Awaitable, Callable
from functools import partial
from weakref import WeakValueDictionary

from tillgate.core.payments import Payment
from tillgate.http.event_streams import Watch

LOOK_SECONDS = 0.5
"""How soon a page shows what another process has changed."""

WINDOWS = 20
"""How many windows of one payment a process keeps up to date, so that no link takes what all of them share."""


class Watches:
    """Gives whoever looks at a payment the same pair of eyes; `version` is as http.event_streams.Watch has it."""

    def __init__(self, version: Callable[[Payment], Awaitable[object]]) -> None:
        self._version = version
        self._known: WeakValueDictionary[tuple[str, str], Watch] = WeakValueDictionary()

    def of(self, payment: Payment) -> Watch:
        """Notices whenever the payment may stand otherwise than before."""
        key = (payment.tenant, payment.id)
        watch = self._known.get(key)
        if watch is None:
            watch = self._known[key] = Watch(partial(self._version, payment), look_seconds=LOOK_SECONDS)
        return watch
