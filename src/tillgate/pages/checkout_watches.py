"""Watches over payments: one for each that somebody looks at on the payment page, however many do."""

from functools import partial
from weakref import WeakValueDictionary

from tillgate.core.payments import Payment
from tillgate.flows import checkouts
from tillgate.flows.gateway import Gateway
from tillgate.http.event_streams import Watch

LOOK_SECONDS = 0.5
"""How soon a page shows what another process has changed."""


class Watches:
    """Gives whoever looks at a payment the same pair of eyes."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._known: WeakValueDictionary[tuple[str, str], Watch] = WeakValueDictionary()

    def of(self, payment: Payment) -> Watch:
        """Notices whenever the payment may stand otherwise than before."""
        key = (payment.tenant, payment.id)
        watch = self._known.get(key)
        if watch is None:
            version = partial(checkouts.version, self._gateway, payment)
            watch = self._known[key] = Watch(version, look_seconds=LOOK_SECONDS)
        return watch
