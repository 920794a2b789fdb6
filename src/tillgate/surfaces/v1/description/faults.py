"""Faults: which errors an operation may answer with, by status and code."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
from msgspec import inspect, structs

from tillgate.core.credentials import Scope
from tillgate.core.reasons import Reason
from tillgate.surfaces.v1 import errors
from tillgate.surfaces.v1.description import names
from tillgate.surfaces.v1.forms import ApplePayGiven
from tillgate.surfaces.v1.operations import Operation
from tillgate.surfaces.v1.wordings import Wording

Applies = Callable[[Operation], bool]

_DETAILS: Final = {
    "field": "currency",
    "problem": "it is not what this parameter takes",
    "suggestion": "",
    "object": "object",
    "id": "pay_01m7zat6k9fyjtqxrt7pv10dm2",
    "status": "succeeded",
    "least": "$0.50 USD",
    "largest": "$999,999.99 USD",
    "at_most": "$25.00 USD",
    "available": "$0.00 USD",
    "currency": "USD",
    "side": "seller",
    "move": "deliver",
}
"""What stands in the sentences of examples."""

_TITLES: Final = {
    400: "The request is invalid.",
    401: "The credential is missing or not valid.",
    402: "The card was declined, or cannot be a card.",
    403: "The credential does not allow it.",
    404: "There is no such object.",
    408: "The request took too long to arrive.",
    409: "Something else has to finish first. Try again after `Retry-After` seconds.",
    413: "The request is larger than 1 MiB.",
    429: "Too many requests. Try again after `Retry-After` seconds.",
    500: "Something went wrong on our side.",
    503: "The service cannot answer just now. Try again.",
}


def of(operation: Operation) -> dict[int, list[Wording]]:
    """The errors of an operation, by status, in the order of their codes."""
    found: dict[tuple[int, str], Wording] = {}
    for wording in _wordings(operation):
        found.setdefault((wording.status, wording.code), wording)
    by_status: dict[int, list[Wording]] = {}
    for (status, _), wording in sorted(found.items()):
        by_status.setdefault(status, []).append(wording)
    return by_status


def example(operation: Operation, wording: Wording) -> dict[str, Any]:
    """An error as it may be answered, with details made up."""
    details = defaultdict(lambda: "…", _DETAILS, scope=operation.scopes[0].value if operation.scopes else "")
    told = errors.Error(
        type=wording.type.value,
        code=wording.code,
        message=wording.sentence.format_map(details),
        param=_DETAILS["field"] if "{field}" in wording.sentence else None,
        decline_code=wording.decline_code,
        doc_url=f"https://pay.example.com/docs/errors#{wording.code}",
        request_id="req_01m7zat6jjedcaqxrt70hbn10v",
    )
    made: dict[str, Any] = msgspec.to_builtins({"error": told})
    return made


def title(status: int) -> str:
    """What a status means, in a sentence."""
    return _TITLES.get(status, "The request failed.")


def _wordings(operation: Operation) -> Iterator[Wording]:
    for reason, wording in errors.told_as():
        applies = _ONLY.get(reason)
        if applies is None or applies(operation):
            yield wording
    yield from errors.of_problems(404, 405)


def _posts(operation: Operation) -> bool:
    return operation.method == "POST"


def _is_guarded(operation: Operation) -> bool:
    return bool(operation.scopes)


def _is_kept(operation: Operation) -> bool:
    """Whether its answer is kept for repeats."""
    return _posts(operation) and _is_guarded(operation)


def _names_something(operation: Operation) -> bool:
    return "{" in operation.path or (_is_kept(operation) and not names.takes_nothing(operation.takes))


def _takes(*fields: str) -> Applies:
    return lambda operation: any(field in fields for field in operation.takes.__struct_fields__)


def _takes_card(operation: Operation) -> bool:
    """Whether the number of a card may come along."""
    return any(_has(field.type, "cvc") for field in structs.fields(operation.takes))


def _takes_token(operation: Operation) -> bool:
    return _charges(operation) or any(_has(field.type, "token") for field in structs.fields(operation.takes))


def _uses_method(operation: Operation) -> bool:
    return _takes_token(operation) or (_posts(operation) and "/payment_methods/{id}" in operation.path)


def _has(type: Any, name: str) -> bool:
    return any(name in part.__struct_fields__ for part in _classes(inspect.type_info(type)))


def _takes_wallet(operation: Operation) -> bool:
    taken = (_classes(inspect.type_info(field.type)) for field in structs.fields(operation.takes))
    return any(ApplePayGiven in classes for classes in taken)


def _classes(info: inspect.Type) -> set[Any]:
    """The structs of a type, and those in their fields."""
    parts = info.types if isinstance(info, inspect.UnionType) else (info,)
    found = {part.cls for part in parts if isinstance(part, inspect.StructType)}
    below = (_classes(field.type) for part in parts if isinstance(part, inspect.StructType) for field in part.fields)
    return found.union(*below)


def _asks_a_bank(operation: Operation) -> bool:
    if _moves_order(operation):
        return False
    return _posts(operation) and not {Scope.PAYMENTS_WRITE, Scope.SETUP_INTENTS_WRITE}.isdisjoint(operation.scopes)


def _moves_order(operation: Operation) -> bool:
    return _posts(operation) and "/escrow_orders/{id}/" in operation.path


def _sets_up(operation: Operation) -> bool:
    return _posts(operation) and Scope.SETUP_INTENTS_WRITE in operation.scopes


def _moves_money(operation: Operation) -> bool:
    return _asks_a_bank(operation) or _refunds(operation) or _disputes(operation)


def _ends_with(*verbs: str) -> Applies:
    return lambda operation: operation.path.endswith(verbs)


def _creates(path: str) -> Applies:
    return lambda operation: _posts(operation) and operation.path == path


def _refunds(operation: Operation) -> bool:
    return _posts(operation) and Scope.REFUNDS_WRITE in operation.scopes


def _disputes(operation: Operation) -> bool:
    return _posts(operation) and Scope.DISPUTES_WRITE in operation.scopes


def _changes_intent(operation: Operation) -> bool:
    return _charges(operation) and "/payment_intents/{id}" in operation.path


def _takes_client_secret(operation: Operation) -> bool:
    return "_intents/" in operation.path and _takes("client_secret")(operation)


def _charges(operation: Operation) -> bool:
    return _posts(operation) and "payment_method" in operation.takes.__struct_fields__


OF_CHECKOUTS: Final = (
    *(Reason.APPLICATION_UNKNOWN, Reason.TOO_MANY_APPLICATIONS, Reason.TOO_MANY_TOKENS, Reason.CURRENCY_NOT_ALLOWED),
    *(Reason.REFERENCE_TAKEN, Reason.CHECKOUT_EXPIRED, Reason.CHECKOUT_OVER, Reason.LINK_INVALID),
    *(Reason.METHOD_NOT_OFFERED, Reason.PAYMENT_LINK_CLOSED),
)
"""What is said of checkouts, which are opened elsewhere."""

_ONLY: Final[dict[Reason, Applies]] = {
    Reason.CURRENCY_UNKNOWN: _takes("currency", "fee_plan", "line_items", "minimum_amounts", "exchange_rates"),
    Reason.AMOUNT_INVALID: _takes("amount", "line_items", "price"),
    Reason.AMOUNT_TOO_SMALL: _takes("amount", "line_items", "price"),
    Reason.AMOUNT_TOO_LARGE: _takes("amount", "line_items", "price"),
    Reason.NOT_FOUND: _names_something,
    Reason.MOVE_NOT_ALLOWED: _moves_order,
    Reason.MILESTONE_OPEN: _creates("/v1/escrow_orders"),
    Reason.SELLER_NOT_ASSOCIATED: _creates("/v1/escrow_orders"),
    Reason.ORDER_DECIDED: _moves_order,
    Reason.CANCELED_TOO_LATE: _ends_with("/sandbox/escrow_orders/{id}/cancel"),
    Reason.CREDENTIAL_MISSING: _is_guarded,
    Reason.CREDENTIAL_INVALID: _is_guarded,
    Reason.ANOTHER_MERCHANT: _is_guarded,
    Reason.CLIENT_INVALID: lambda operation: not operation.scopes,
    Reason.NOTHING_TO_CAPTURE: _ends_with("/capture"),
    Reason.CAPTURE_EXCEEDS_AUTHORIZED: _ends_with("/capture"),
    Reason.NOTHING_TO_CANCEL: _ends_with("/payments/{id}/cancel", "/payment_intents/{id}/cancel"),
    Reason.NOTHING_TO_CONFIRM: _ends_with("/payment_intents/{id}/confirm"),
    Reason.SESSION_NOT_OPEN: _ends_with("/expire"),
    Reason.SETUP_OVER: lambda operation: _sets_up(operation) and "{id}" in operation.path,
    Reason.ALREADY_CONFIRMED: _changes_intent,
    Reason.CARDS_EXHAUSTED: lambda operation: (
        "_intents/{id}" in operation.path and _takes("payment_method", "customer")(operation)
    ),
    Reason.CLIENT_SECRET_INVALID: _takes_client_secret,
    Reason.NOTHING_TO_REFUND: _refunds,
    Reason.REFUND_EXCEEDS_CAPTURED: _refunds,
    Reason.DISPUTED: _refunds,
    Reason.DISPUTE_CLOSED: lambda operation: _disputes(operation) and "{id}" in operation.path,
    Reason.NOTHING_TO_DISPUTE: lambda operation: _disputes(operation) and "{id}" not in operation.path,
    Reason.NOT_REFUNDABLE: lambda _: False,  # a refund that failed is an answer, not an error
    Reason.BALANCE_INSUFFICIENT: _ends_with("/payouts"),
    Reason.NOTHING_TO_PAY_OUT: _ends_with("/payouts"),
    Reason.BANK_ACCOUNT_MISSING: _ends_with("/payouts", "/v1/escrow_orders"),
    Reason.PAYOUT_NOT_PENDING: _ends_with("/payouts/{id}/cancel"),
    Reason.PAYOUT_DECLINED: lambda _: False,  # a payout that failed is an answer, not an error
    Reason.ACCOUNT_UNKNOWN: lambda _: False,
    Reason.ACCOUNT_CLOSED: lambda _: False,
    Reason.IN_PROGRESS: _moves_money,
    Reason.TOKEN_USED: _takes_token,
    Reason.TOKEN_EXPIRED: _takes_token,
    Reason.CARD_GONE: _uses_method,
    Reason.METHOD_ATTACHED: lambda operation: _sets_up(operation) or operation.path.endswith("/attach"),
    Reason.METHOD_NOT_ATTACHED: lambda operation: (
        operation.path.endswith("/detach") or "default_payment_method" in operation.takes.__struct_fields__
    ),
    Reason.METHOD_OF_ANOTHER_CUSTOMER: _charges,
    Reason.CARD_NUMBER_INCORRECT: _takes_card,
    Reason.CARD_EXPIRY_INVALID: _takes_card,
    Reason.CVC_INVALID: _takes_card,
    Reason.TEST_MODE_ONLY: lambda operation: operation.path.startswith("/sandbox/"),
    Reason.TOO_MANY_FAULTS: _creates("/sandbox/faults"),
    Reason.TOO_MANY_SANDBOXES: _creates("/sandbox/merchants"),
    Reason.SANDBOX_OF_SANDBOX: _creates("/sandbox/merchants"),
    Reason.CLOCK_NEVER_BACK: _creates("/sandbox/clock"),
    Reason.WALLET_NOT_CONFIGURED: _takes_wallet,
    Reason.WALLET_TOKEN_MALFORMED: _takes_wallet,
    Reason.WALLET_TOKEN_UNSUPPORTED: _takes_wallet,
    Reason.WALLET_TOKEN_NOT_FOR_MERCHANT: _takes_wallet,
    Reason.WALLET_SIGNER_UNTRUSTED: _takes_wallet,
    Reason.WALLET_SIGNATURE_INVALID: _takes_wallet,
    Reason.WALLET_TOKEN_EXPIRED: _takes_wallet,
    Reason.WALLET_DECRYPTION_FAILED: _takes_wallet,
    Reason.WALLET_APPLICATION_DATA_DIFFERS: _takes_wallet,
    Reason.WALLET_TOKEN_REPLAYED: _takes_wallet,
    Reason.CARD_DECLINED: _asks_a_bank,
    Reason.INSUFFICIENT_FUNDS: _asks_a_bank,
    Reason.CARD_EXPIRED: _asks_a_bank,
    Reason.CVC_INCORRECT: _asks_a_bank,
    Reason.PROCESSING_ERROR: _asks_a_bank,
    Reason.AUTHENTICATION_REQUIRED: _asks_a_bank,
    Reason.AUTHENTICATION_FAILED: _asks_a_bank,
    Reason.AUTHORIZATION_EXPIRED: lambda operation: _asks_a_bank(operation) and not _sets_up(operation),
    Reason.NEVER_SEEN: _asks_a_bank,
    Reason.IDEMPOTENCY_KEY_INVALID: _is_kept,
    Reason.IDEMPOTENCY_KEY_REUSED: _is_kept,
    Reason.IDEMPOTENCY_KEY_IN_USE: _is_kept,
    Reason.IDEMPOTENCY_REPLY_ERASED: _is_kept,
    **dict.fromkeys(OF_CHECKOUTS, lambda _: False),
}
"""Reasons that only some operations can give; whatever is not here any operation may."""
