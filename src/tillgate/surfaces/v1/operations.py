"""Operations: what a route of this API takes, needs and does, and the one call in which it is carried out."""

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any, TypeVar

import msgspec

from tillgate.core.credentials import MANAGERS_SCOPES, Principal, Scope
from tillgate.core.ledger import Entry
from tillgate.core.merchants import Tenant
from tillgate.core.payment_methods import PaymentMethod
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import gateway as callers
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.flows.idempotency import Key
from tillgate.http.exchange import Headers, Reply, Request
from tillgate.http.limits import Limits
from tillgate.http.routing import Route
from tillgate.surfaces.v1 import expansion, messages
from tillgate.surfaces.v1.expansion import Paths, Wanted

SURFACE = "v1"

T = TypeVar("T", bound=msgspec.Struct)

_REPLAYED: Headers = ((b"idempotent-replayed", b"true"),)


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of operations that take no parameters."""


class After(msgspec.Struct, frozen=True):
    """What an operation changes, before it is written down: a payment, what is posted for it, a payment method."""

    payment: Payment | None = None
    posted: tuple[Entry, ...] = ()
    method: PaymentMethod | None = None


class Call(msgspec.Struct, frozen=True):
    """One request to an operation, understood: who asks for what, under which key, and what is to be expanded.

    While its answer is made, `after` is what it changes, so that what is expanded is shown as it is from then on.
    """

    gateway: Gateway
    request: Request
    tenant: Tenant
    principal: Principal
    given: Any
    key: Key | None
    wanted: Wanted = {}
    after: After = After()

    def leaving(
        self, payment: Payment | None = None, posted: tuple[Entry, ...] = (), method: PaymentMethod | None = None
    ) -> "Call":
        """The same call, as its answer is made: with what it leaves behind."""
        return msgspec.structs.replace(self, after=After(payment, posted, method))

    @property
    def caller(self) -> Caller:
        """Who asks, as the flows see it."""
        return callers.caller(self.tenant, self.principal, SURFACE, self.request.id)

    @property
    def id(self) -> str:
        """The id in the path."""
        return self.request.parameters["id"]


class Visit(msgspec.Struct, frozen=True):
    """One request to an operation that anybody may ask, as it came."""

    gateway: Gateway
    directory: Directory
    limits: Limits
    request: Request


class Operation(Route, frozen=True, kw_only=True):
    """A route with the scopes of which it needs one, the type of its body (GET: its query), and that of its success.

    Without scopes anybody may ask, and its handler is given a Visit. What gives something that can be expanded also
    takes `expand`. `errs` is a further form of its errors, where it speaks another standard too. Where it streams many
    of what it gives, `media` names the forms. The description of the
    API is made from these, and from the handler's docstring.
    """

    scopes: tuple[Scope, ...]
    takes: type[msgspec.Struct]
    gives: Any
    errs: Any = None
    media: tuple[str, ...] = ()

    @property
    def is_managers(self) -> bool:
        """Whether nobody may but the manager."""
        return bool(self.scopes) and MANAGERS_SCOPES.issuperset(self.scopes)


Handler = Callable[[Call], Awaitable[Reply]]


def operation(
    method: str,
    path: str,
    scope: Scope | tuple[Scope, ...],
    takes: type[msgspec.Struct],
    gives: Any,
    *,
    cross_origin: bool = False,
    media: tuple[str, ...] = (),
) -> Callable[[Handler], Operation]:
    """Turns a handler into an operation; of several scopes any suffices."""
    scopes = scope if isinstance(scope, tuple) else (scope,)
    takes = _expanding(takes) if expansion.is_possible(gives) and not media else takes

    def bind(handler: Handler) -> Operation:
        return Operation(
            method, path, handler, cross_origin=cross_origin, scopes=scopes, takes=takes, gives=gives, media=media
        )

    return bind


def open_operation(
    method: str, path: str, takes: type[msgspec.Struct], gives: Any, errs: Any
) -> Callable[[Callable[[Visit], Awaitable[Reply]]], Operation]:
    """Turns a handler into an operation that needs no credential; it finds out by itself who asks, and counts that."""

    def bind(handler: Callable[[Visit], Awaitable[Reply]]) -> Operation:
        return Operation(method, path, handler, scopes=(), takes=takes, gives=gives, errs=errs)

    return bind


@cache
def _expanding(takes: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """What an operation takes, and `expand` beside it."""
    fields: list[Any] = [("expand", Paths, ())]
    documented = {"__doc__": takes.__doc__}
    return msgspec.defstruct(
        takes.__name__,
        fields,
        bases=(takes,),
        namespace=documented,
        frozen=True,
        forbid_unknown_fields=True,
        kw_only=True,
    )


def assert_test_mode(call: Call) -> None:
    """Raises Refused(TEST_MODE_ONLY) for a live merchant."""
    if call.tenant.is_live:
        raise Refused(Reason.TEST_MODE_ONLY)


async def shown(call: Call, value: object) -> Reply:
    """A reply that shows an object or a list, expanded as it was asked."""
    return Reply(200, messages.encode(await expansion.expanded(call, call.wanted, value)))


async def answer(call: Call, value: object) -> Answer:
    """The answer that a flow is to give and keep: an object, expanded as it was asked."""
    return Answer(200, messages.encode(await expansion.expanded(call, call.wanted, value)))


def answered(answer: Answer) -> Reply:
    """The reply of a flow that may have given it before."""
    return Reply(answer.status, answer.body, _REPLAYED if answer.replayed else ())
