"""An occasion: who asks, when, and the fresh ids that may be given out while deciding."""

from collections.abc import Callable

import msgspec

from tillgate.core.instants import Instant


class Occasion(msgspec.Struct, frozen=True):
    """Everything a decision needs of the world around it, so that core itself has no clock and no randomness.

    `now` is the tenant's business time; `wall` is the time of clocks on walls, for what concerns banks and networks.
    `actor` is a credential's id, or `system:<what>` where nobody asked; `surface` the API or worker through which it
    came. `mint` gives a new id for a prefix, in the order of business time.
    """

    now: Instant
    wall: Instant
    actor: str
    surface: str
    request_id: str
    mint: Callable[[str], str]
