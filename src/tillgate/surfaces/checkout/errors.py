"""Errors on the wire: a sentence, and by field what is wrong with what was sent (checkout.md, Authentication)."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from tillgate.core.money import Money
from tillgate.core.reasons import Reason, Refused
from tillgate.http.exchange import Reply
from tillgate.http.problems import Failed, Malformed, MethodNotAllowed, NotFound, Problem, TooManyRequests

BODY: Final = "body"
"""In the place of a field, for what is wrong with all of what was sent."""


class Invalid(Exception):
    """What was sent is wrong, by field."""

    def __init__(self, errors: Mapping[str, Sequence[str]]) -> None:
        super().__init__(", ".join(errors))
        self.errors = errors


_STATUSES: Final[Mapping[Reason, tuple[int, str]]] = {
    Reason.CREDENTIAL_MISSING: (401, "Unauthenticated"),
    Reason.CREDENTIAL_INVALID: (401, "Unauthenticated"),
    Reason.SCOPE_MISSING: (403, "Insufficient permissions"),
    Reason.LIVE_MODE_UNAVAILABLE: (403, "Live mode is not available"),
    Reason.LINK_INVALID: (403, "Invalid signature"),
    Reason.NOT_FOUND: (404, "Not found"),
}

_FIELDS: Final[Mapping[str, str]] = {
    "currency": "currencyCode",
    "client_id": "clientId",
    "site_id": "siteId",
    "url": "callbackUrl",
    "payment": "payment",
    "ticket": "payment",
    "payment_intent": "payment",
}
"""What the core calls a field, and this API."""

WORDS: Final[Mapping[Reason, str]] = {
    Reason.AMOUNT_INVALID: "The amount field must be a whole number of the currency's smallest unit, above zero.",
    Reason.AMOUNT_TOO_SMALL: "The amount field must be at least {least}.",
    Reason.AMOUNT_TOO_LARGE: "The amount field must not be greater than {largest}.",
    Reason.CURRENCY_UNKNOWN: "The selected currency is unknown.",
    Reason.CURRENCY_NOT_ALLOWED: "The application takes {allowed}.",
    Reason.APPLICATION_UNKNOWN: "The selected application is unknown.",
    Reason.REFERENCE_TAKEN: "An open checkout has this reference with another amount, {amount}.",
    Reason.PARAMETER_INVALID: "The field is invalid. {problem}.",
    Reason.PARAMETER_MISSING: "The field is required.",
    Reason.TOO_MANY_APPLICATIONS: "There are {most} applications already. Delete one first.",
    Reason.TOO_MANY_TOKENS: "The application has {most} tokens already. Delete one first.",
    Reason.CHECKOUT_EXPIRED: "The payment has expired.",
    Reason.CHECKOUT_OVER: "The payment is {status}.",
    Reason.METHOD_NOT_OFFERED: "The payment cannot be paid by this method.",
    Reason.PAYMENT_LINK_CLOSED: "The payment link was paid as often as it can be.",
    Reason.NOTHING_TO_REFUND: "There is nothing to refund.",
    Reason.REFUND_EXCEEDS_CAPTURED: "At most {at_most} can be refunded.",
    Reason.DISPUTED: "The payment is disputed.",
    Reason.NOT_REFUNDABLE: "The payment cannot be refunded.",
    Reason.NOTHING_TO_CANCEL: "The payment cannot be canceled any more.",
    Reason.IN_PROGRESS: "A bank is working on the payment. Try again in a moment.",
    Reason.PAYER_IS_PAYEE: "The business cannot pay itself.",
    Reason.WALLET_BLOCKED: "This phone cannot pay at the moment.",
    Reason.WALLET_LIMIT_EXCEEDED: "The amount is above the limit of this wallet.",
    Reason.WALLET_DECLINED: "The payment was declined on the phone.",
    Reason.TICKET_CONFIRMED: "The payment was confirmed on the phone already.",
    Reason.TICKET_OVER: "The request on the phone is over.",
    Reason.TICKET_EXPIRED: "The request on the phone has expired.",
    Reason.CARDS_EXHAUSTED: "The payment was tried with too many cards.",
    Reason.PROCESSING_ERROR: "The provider does not answer. Try again in a moment.",
    Reason.NEVER_SEEN: "The provider does not answer. Try again in a moment.",
    Reason.IDEMPOTENCY_KEY_INVALID: "The Idempotency-Key header takes 1 to 255 printable ASCII characters.",
    Reason.IDEMPOTENCY_KEY_REUSED: "The Idempotency-Key header was sent with another request before.",
    Reason.IDEMPOTENCY_KEY_IN_USE: "The request with this Idempotency-Key is being carried out.",
    Reason.IDEMPOTENCY_REPLY_ERASED: "The answer to this Idempotency-Key was erased.",
}
"""What is said of a refusal, under 422. Of any other it is said that this cannot be done."""

_OTHERWISE: Final = "This cannot be done as things stand."


class _Said(msgspec.Struct, frozen=True):
    message: str


class _SaidByField(msgspec.Struct, frozen=True):
    message: str
    errors: Mapping[str, Sequence[str]]


def invalid(why: Invalid) -> Reply:
    """422, with every error."""
    told = [text for texts in why.errors.values() for text in texts]
    more = len(told) - 1
    message = told[0] if not more else f"{told[0]} (and {more} more error{'s' if more > 1 else ''})"
    return Reply(422, msgspec.json.encode(_SaidByField(message, why.errors)))


def refused(why: Refused) -> Reply:
    """What the core refuses."""
    if why.reason in _STATUSES:
        status, message = _STATUSES[why.reason]
        return said(status, message)
    field = _FIELDS.get(why.field or "", why.field or BODY)
    return invalid(Invalid({field: [sentence(why.reason, why.detail)]}))


def sentence(reason: Reason, detail: Mapping[str, object]) -> str:
    """What is said of a reason."""
    told = {name: value.formatted() if isinstance(value, Money) else str(value) for name, value in detail.items()}
    return WORDS.get(reason, _OTHERWISE).format_map(told)


def problem(why: Problem) -> Reply:
    """A request that could not be understood, or a fault of ours."""
    if isinstance(why, Malformed):
        return invalid(Invalid({why.path or BODY: [why.detail]}))
    if isinstance(why, NotFound):
        return said(404, "Not found")
    if isinstance(why, TooManyRequests):
        return said(429, "Too many requests")
    if isinstance(why, MethodNotAllowed):
        return said(405, "Method not allowed")
    return said(why.status, "Server error" if isinstance(why, Failed) else why.detail)


def said(status: int, message: str) -> Reply:
    """An error that is all said in a sentence."""
    return Reply(status, msgspec.json.encode(_Said(message)))
