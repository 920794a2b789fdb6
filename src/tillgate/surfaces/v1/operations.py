"""Operations: what a route of this API takes, needs and does, and the one call in which it is carried out."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec

from tillgate.core.credentials import Principal, Scope
from tillgate.core.merchants import Tenant
from tillgate.flows import gateway as callers
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.flows.idempotency import Key
from tillgate.http.exchange import Headers, Reply, Request
from tillgate.http.routing import Route
from tillgate.surfaces.v1 import messages

SURFACE = "v1"

T = TypeVar("T", bound=msgspec.Struct)

_REPLAYED: Headers = ((b"idempotent-replayed", b"true"),)


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of operations that take no parameters."""


class Call(msgspec.Struct, frozen=True):
    """One request to an operation, understood: who asks for what, under which key."""

    gateway: Gateway
    request: Request
    tenant: Tenant
    principal: Principal
    given: Any
    key: Key | None

    @property
    def caller(self) -> Caller:
        """Who asks, as the flows see it."""
        return callers.caller(self.tenant, self.principal, SURFACE, self.request.id)

    @property
    def id(self) -> str:
        """The id in the path."""
        return self.request.parameters["id"]


class Operation(Route, frozen=True, kw_only=True):
    """A route with the scope that it needs, the type of its body (POST) or query (GET), and that of its success.

    The description of the API is made from these, and from the handler's docstring.
    """

    scope: Scope
    takes: type[msgspec.Struct]
    gives: Any


Handler = Callable[[Call], Awaitable[Reply]]


def operation(
    method: str,
    path: str,
    scope: Scope,
    takes: type[msgspec.Struct],
    gives: Any,
    *,
    cross_origin: bool = False,
) -> Callable[[Handler], Operation]:
    """Turns a handler into an operation."""

    def bind(handler: Handler) -> Operation:
        return Operation(method, path, handler, cross_origin=cross_origin, scope=scope, takes=takes, gives=gives)

    return bind


def shown(value: object, status: int = 200) -> Reply:
    """A reply that shows an object."""
    return Reply(status, messages.encode(value))


def answered(answer: Answer) -> Reply:
    """The reply of a flow that may have given it before."""
    return Reply(answer.status, answer.body, _REPLAYED if answer.replayed else ())
