"""The surface: who asks, what for, under which key; then the operation, and every refusal in this API's words."""

from typing import Any

import msgspec

from tillgate.core.credentials import Principal
from tillgate.core.merchants import Tenant
from tillgate.core.reasons import Reason, Refused
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Gateway
from tillgate.flows.idempotency import Key
from tillgate.http import authorization
from tillgate.http.exchange import Reply, Request
from tillgate.http.limits import Limits
from tillgate.http.problems import Problem
from tillgate.surfaces.v1 import (
    auth,
    balance,
    balance_transactions,
    bank_accounts,
    charges,
    checkout_sessions,
    customers,
    disputes,
    errors,
    escrow_moves,
    escrow_orders,
    escrow_settings,
    events,
    evidence,
    expansion,
    exports,
    faults,
    messages,
    parties,
    payment_intents,
    payment_links,
    payment_methods,
    payments,
    payout_settings,
    payouts,
    projects,
    refunds,
    sandbox_clock,
    sandbox_transfers,
    sandbox_wallets,
    sandboxes,
    search,
    setup_intents,
    tokens,
    transactions,
    wallet_keys,
    webhook_endpoints,
)
from tillgate.surfaces.v1.operations import SURFACE, Call, Operation, Visit

OPERATIONS: tuple[Operation, ...] = (
    *payments.OPERATIONS,
    *payment_intents.OPERATIONS,
    *charges.OPERATIONS,
    *checkout_sessions.OPERATIONS,
    *payment_links.OPERATIONS,
    *escrow_orders.OPERATIONS,
    *escrow_moves.OPERATIONS,
    *evidence.OPERATIONS,
    *projects.OPERATIONS,
    *parties.OPERATIONS,
    *refunds.OPERATIONS,
    *disputes.OPERATIONS,
    *tokens.OPERATIONS,
    *customers.OPERATIONS,
    *payment_methods.OPERATIONS,
    *setup_intents.OPERATIONS,
    *transactions.OPERATIONS,
    *search.OPERATIONS,
    *exports.OPERATIONS,
    *balance_transactions.OPERATIONS,
    *balance.OPERATIONS,
    *payouts.OPERATIONS,
    *bank_accounts.OPERATIONS,
    *payout_settings.OPERATIONS,
    *escrow_settings.OPERATIONS,
    *events.OPERATIONS,
    *webhook_endpoints.OPERATIONS,
    *auth.OPERATIONS,
    *wallet_keys.OPERATIONS,
    *sandbox_clock.OPERATIONS,
    *sandbox_transfers.OPERATIONS,
    *sandbox_wallets.OPERATIONS,
    *faults.OPERATIONS,
    *sandboxes.OPERATIONS,
)

_LONGEST_KEY = 255


_ACCOUNTS = ("Stripe-Account", "Stripe-Context")
"""Headers by which clients made for this style of API ask on behalf of another merchant."""


class V1:
    """The API of `ateni_pay.txt` and `payment_gateway.txt`."""

    name = SURFACE
    routes = OPERATIONS

    def __init__(self, gateway: Gateway, directory: Directory, limits: Limits) -> None:
        self._gateway = gateway
        self._directory = directory
        self._limits = limits

    async def admit(self, request: Request, route: Operation | None) -> Reply | None:
        """Find out who asks, and count the request; who shows no valid credential is counted by address."""
        if route is not None and not route.scopes:
            return None
        try:
            principal, tenant = await self._identify(request)
        except Refused as refused:
            self._limits.count_stranger(request)
            return errors.refusal(request, refused) if route else None
        request.tenant, request.caller = tenant.id, (principal, tenant)
        self._limits.count(request, tenant.counted_as, tenant.rate_limit.a_minute)
        return None

    async def handle(self, request: Request, route: Operation) -> Reply:
        """Carry out one request."""
        try:
            if not route.scopes:
                visit = Visit(self._gateway, self._directory, self._limits, request)
                answered: Reply = await route.handler(visit)
                return answered
            principal, tenant = request.caller
            principal.require(*route.scopes)
            _check_account(request, tenant)
            call = self._understand(request, route, principal, tenant)
            reply: Reply = await route.handler(call)
            return reply if call.key is None else _with_key(request, reply)
        except Refused as refused:
            return errors.refusal(request, refused)

    def problem(self, request: Request, problem: Problem) -> Reply:
        """A request that could not be understood, or a fault of ours."""
        return errors.problem(request, problem)

    async def _identify(self, request: Request) -> tuple[Principal, Tenant]:
        secret = authorization.secret(request)
        return await self._directory.identify(secret, on_this_machine=request.is_local)

    def _understand(self, request: Request, route: Operation, principal: Principal, tenant: Tenant) -> Call:
        if route.method == "GET":
            given, key = messages.read(messages.query(request, route.takes), route.takes), None
        else:
            body = messages.body(request, route.takes)
            key = self._key(request, principal, tenant, body)
            given = messages.read(body, route.takes)
        wanted = expansion.parse(getattr(given, "expand", ()), route.gives, principal)
        return Call(self._gateway, request, tenant, principal, given, key, wanted)

    def _key(self, request: Request, principal: Principal, tenant: Tenant, body: dict[str, Any]) -> Key | None:
        given = request.header("idempotency-key")
        if given is None:
            return None
        if not 1 <= len(given) <= _LONGEST_KEY or not given.isascii() or not given.isprintable():
            raise Refused(Reason.IDEMPOTENCY_KEY_INVALID)
        secrets = self._gateway.secrets
        return Key(
            id=secrets.key_digest(tenant.id, SURFACE, given),
            fingerprint=secrets.request_fingerprint(
                request.method, request.path, principal.credential, messages.canonical(body)
            ),
        )


def _check_account(request: Request, tenant: Tenant) -> None:
    """Raises Refused(ANOTHER_MERCHANT): to act for the key's own instead would move the wrong merchant's money."""
    for name in _ACCOUNTS:
        if request.header(name.lower()) not in (None, tenant.id):
            raise Refused(Reason.ANOTHER_MERCHANT, name)


def _with_key(request: Request, reply: Reply) -> Reply:
    """The reply, saying under which key it is kept: it is the client's own, or one that its library made up."""
    key = (request.header("idempotency-key") or "").encode()
    return msgspec.structs.replace(reply, headers=(*reply.headers, (b"idempotency-key", key)))
