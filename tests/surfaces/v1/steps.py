"""Steps of the story that the examples of the description are told as."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from tests.surfaces.v1.shop import Client


class Step(msgspec.Struct, frozen=True):
    """A request: `id` and values of the body that start with `@` name answers before (`@paid`, `@paid.customer`).

    `name` is what its answer is called. A step that is not `told` only makes ready. What others do beforehand, with no
    operation of the API, `meanwhile` does, with the id.
    """

    operation: str
    body: dict[str, Any] | None = None
    id: str = ""
    query: str = ""
    name: str = ""
    told: bool = True
    meanwhile: Callable[[Client, str], Awaitable[None]] | None = None
