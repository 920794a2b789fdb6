"""Intents of either kind: the card that comes with a request, and the words for what may pay."""

from collections.abc import Sequence
from typing import Any

from tillgate.core.cards import Card
from tillgate.core.reasons import Reason, Refused
from tillgate.flows.sources import Source
from tillgate.flows.wallets import WalletToken
from tillgate.surfaces.v1.payment_methods import MethodType, PaymentMethodDataGiven


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
