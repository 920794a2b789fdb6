"""Metadata: a merchant's own notes on a thing, changed name by name."""

from collections.abc import Mapping

import msgspec

from tillgate.core.reasons import Reason, Refused

MOST_ENTRIES = 50


class Notes(msgspec.Struct, frozen=True):
    """A change of metadata: what is named is replaced, or removed where it becomes None or empty.

    With `anew` nothing of what there was stays.
    """

    changes: Mapping[str, str | None] = {}
    anew: bool = False


def changed(before: dict[str, str], notes: Notes) -> dict[str, str]:
    """The metadata after a change. Raises Refused(PARAMETER_INVALID, `metadata`) where it would be too much."""
    after = {**({} if notes.anew else before), **notes.changes}
    kept = {name: value for name, value in after.items() if value}
    if len(kept) > MOST_ENTRIES:
        problem = f"it takes at most {MOST_ENTRIES} entries"
        raise Refused(Reason.PARAMETER_INVALID, "metadata", problem=problem)
    return kept
