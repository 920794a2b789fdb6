"""Steps of the story that the examples of the description are told as."""

from typing import Any

import msgspec


class Step(msgspec.Struct, frozen=True):
    """A request: `id` and values of the body that start with `@` name answers before (`@paid`, `@paid.customer`).

    `name` is what its answer is called. A step that is not `told` only makes ready.
    """

    operation: str
    body: dict[str, Any] | None = None
    id: str = ""
    query: str = ""
    name: str = ""
    told: bool = True
