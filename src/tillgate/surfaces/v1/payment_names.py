"""The names of a payment: its own, its intent's, charge's, session's and order's end alike, and are one record's."""

from typing import Any, Final

import msgspec

from tillgate.core.checkout_sessions import PREFIX as SESSION
from tillgate.core.escrows import PREFIX as ORDER
from tillgate.core.reasons import Reason, Refused
from tillgate.store.lists import Cursor

PAYMENT: Final = "pay_"
INTENT: Final = "pi_"
CHARGE: Final = "ch_"

_PREFIXES: Final = {"payment": PAYMENT, "payment_intent": INTENT, "charge": CHARGE}


def intent(payment_id: str) -> str:
    """The id of a payment's intent."""
    return INTENT + payment_id.removeprefix(PAYMENT)


def charge(payment_id: str) -> str:
    """The id of a payment's charge."""
    return CHARGE + payment_id.removeprefix(PAYMENT)


def payment(id: str) -> str:
    """The id under which an object is kept: an intent's, charge's and session's is the payment's, any other its own."""
    for prefix in (INTENT, CHARGE, SESSION, f"{ORDER}_"):
        if id.startswith(prefix):
            return PAYMENT + id.removeprefix(prefix)
    return id


def given(parameters: Any) -> tuple[str, str] | None:
    """By which parameter a payment is named, and its id; that of none where it is no such name.

    Raises Refused(PARAMETER_INVALID) where it is named twice.
    """
    said = [name for name in _PREFIXES if getattr(parameters, name) is not None]
    if not said:
        return None
    if len(said) > 1:
        raise Refused(Reason.PARAMETER_INVALID, said[1], problem=f"it excludes {said[0]}")
    name, id = said[0], getattr(parameters, said[0])
    return name, payment(id) if id.startswith(_PREFIXES[name]) else ""


def filtered(parameters: Any) -> str | None:
    """The id of the payment that a list is to be about, if one is named. Raises what `given` does."""
    found = given(parameters)
    return None if found is None else found[1]


def cursor(cursor: Cursor) -> Cursor:
    """The same place in the list of payments."""
    bounds = {name: getattr(cursor, name) for name in ("after", "before", "at_least", "below")}
    moved = {name: payment(id) for name, id in bounds.items() if id is not None}
    return msgspec.structs.replace(cursor, **moved)


def missing(parameter: str, id: str) -> Refused:
    """That there is no payment of this name."""
    return Refused(Reason.NOT_FOUND, parameter, object=parameter.replace("_", " "), id=id)
