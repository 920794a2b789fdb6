"""Steps of the story that the examples of the description are told as."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import msgspec

from tests.surfaces.v1.shop import Client
from tillgate.surfaces.v1.operations import Operation


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


def path(operation: Operation, id: str, answers: dict[str, Any]) -> str:
    """Where an operation is asked: of what lies in something else, it is the first that was listed last."""
    asked = operation.path.replace("{id}", id)
    return asked.replace("{evidence}", answers["evidence"]["data"][0]["id"]) if "{evidence}" in asked else asked


def shown(operation: Operation, answer: httpx2.Response) -> Any:
    """An answer as an example has it: of an export the head is enough, and nobody reads the bytes of a picture."""
    if any(kind.startswith("image/") for kind in operation.media):
        return "…"
    return answer.text.splitlines()[0] if operation.media else answer.json()
