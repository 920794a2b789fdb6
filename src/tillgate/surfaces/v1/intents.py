"""Intents of either kind on the wire: what may pay, the card that comes with a request, and the browser that asks."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from tillgate.core.cards import Card
from tillgate.core.credentials import Scope
from tillgate.core.intents import Redirects
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import client_secrets
from tillgate.flows.sources import Source
from tillgate.flows.wallets import WalletToken
from tillgate.surfaces.v1 import free_text
from tillgate.surfaces.v1.operations import Call
from tillgate.surfaces.v1.payment_methods import MethodType, PaymentMethodDataGiven

ClientSecret = Annotated[str, Meta(max_length=255), free_text.OPAQUE]
MethodTypes = Annotated[tuple[MethodType, ...], Meta(min_length=1, max_length=10)]


class AutomaticMethodsGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """That the methods that may pay are left to us, and whether to those belong for which the payer leaves the page."""

    enabled: bool
    allow_redirects: Redirects = Redirects.ALWAYS

    def parse(self) -> Redirects | None:
        """Which methods may pay, where that is left to us."""
        return self.allow_redirects if self.enabled else None


class AutomaticMethodsShown(msgspec.Struct, frozen=True, kw_only=True):
    """That the methods that may pay were left to us."""

    enabled: Literal[True] = True
    allow_redirects: Redirects

    @classmethod
    def of(cls, kept: Redirects | None) -> "AutomaticMethodsShown | None":
        """What was left to us, if anything."""
        return cls(allow_redirects=kept) if kept else None


class IntentReadGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """With a publishable key, the client secret."""

    client_secret: ClientSecret | None = None


def source(given: Any, *, is_for_later: bool) -> Source | None:
    """The card that comes with a request as `payment_method` or `payment_method_data`, if one does.

    Raises Refused(PARAMETER_INVALID) for both, and what the forms refuse.
    """
    if given.payment_method_data is None:
        id: str | None = given.payment_method
        return None if id is None else Source(id=id, is_for_later=is_for_later)
    if given.payment_method is not None:
        raise Refused(Reason.PARAMETER_INVALID, "payment_method_data", problem="it excludes payment_method")
    return _made_of(given.payment_method_data, is_for_later)


def _made_of(data: PaymentMethodDataGiven, is_for_later: bool) -> Source:
    try:
        made, details = data.parse(), data.details()
    except Refused as refused:
        raise Refused(refused.reason, f"payment_method_data.{refused.field}", **refused.detail) from None
    match made:
        case str():
            return Source(id=made, is_for_later=is_for_later)
        case Card():
            return Source(card=made, billing_details=details, is_for_later=is_for_later)
        case WalletToken():
            return Source(wallet=made, billing_details=details, is_for_later=is_for_later)


def words(types: Sequence[MethodType]) -> tuple[str, ...]:
    """What may pay, as it is kept."""
    return tuple(type.value for type in types)


def is_browser(call: Call, *merchants: Scope) -> bool:
    """Whether who asks may only do what a payer's browser may, and nothing for which the `merchants` scopes are."""
    return call.principal.scopes.isdisjoint({Scope.ALL, *merchants})


def needs_secret(call: Call, *merchants: Scope) -> bool:
    """Whether a client secret was given, or has to be."""
    return call.given.client_secret is not None or is_browser(call, *merchants)


def admit(call: Call, secret: str, *merchants: Scope) -> None:
    """Raises Refused(CLIENT_SECRET_INVALID) where a browser does not prove that it was given the intent."""
    if needs_secret(call, *merchants):
        client_secrets.check(secret, call.given.client_secret)
