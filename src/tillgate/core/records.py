"""What is remembered: a record belongs to one tenant, has one id, and is replaced whole, version by version."""

from typing import Any, ClassVar, TypeVar

import msgspec


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The base of everything that is kept as one row.

    `version` is the stored version that this value is based on; 0 means that it was never stored. The store advances it
    when it writes. `SHAPE` grows by one when fields are added; fields are only ever added, with defaults, so that an
    older row reads as a newer shape and a process can refuse to overwrite a shape that it does not know.
    """

    SHAPE: ClassVar[int] = 1

    tenant: str
    id: str
    version: int = 0


R = TypeVar("R", bound=Record)


def evolve(record: R, **changes: Any) -> R:
    """The same record with some facts replaced."""
    return msgspec.structs.replace(record, **changes)
