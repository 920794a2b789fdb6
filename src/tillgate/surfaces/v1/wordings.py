"""Wordings: how this API tells every reason that there is, by status, type, code and the sentence to show."""

import enum

import msgspec

from tillgate.core.reasons import Reason


class ErrorType(enum.StrEnum):
    """The API's kinds of error."""

    INVALID_REQUEST = "invalid_request_error"
    AUTHENTICATION = "authentication_error"
    CARD = "card_error"
    PERMISSION = "permission_error"
    IDEMPOTENCY = "idempotency_error"
    RATE_LIMIT = "rate_limit_error"
    API = "api_error"


class Wording(msgspec.Struct, frozen=True):
    """How a reason is told: status, type, code, and a sentence with the refusal's details in braces."""

    status: int
    type: ErrorType
    code: str
    sentence: str
    decline_code: str | None = None


def _invalid(code: str, sentence: str, status: int = 400) -> Wording:
    return Wording(status, ErrorType.INVALID_REQUEST, code, sentence)


def _card(code: str, sentence: str, decline_code: str | None = None) -> Wording:
    return Wording(402, ErrorType.CARD, code, sentence, decline_code)


WORDINGS: dict[Reason, Wording] = {
    Reason.PARAMETER_MISSING: _invalid("parameter_missing", "Missing required parameter: {field}."),
    Reason.PARAMETER_INVALID: _invalid("parameter_invalid", "Invalid value for {field}: {problem}."),
    Reason.PARAMETER_UNKNOWN: _invalid("parameter_unknown", "Unknown parameter: {field}.{suggestion}"),
    Reason.CURRENCY_UNKNOWN: _invalid(
        "currency_invalid", "Invalid currency: {field} takes a three-letter ISO 4217 code, such as USD."
    ),
    Reason.AMOUNT_INVALID: _invalid(
        "amount_invalid",
        "Invalid amount: {field} takes a positive whole number of the smallest currency unit, such as 2000 for $20.00.",
    ),
    Reason.AMOUNT_TOO_SMALL: _invalid("amount_too_small", "Amount must be at least {least}"),
    Reason.AMOUNT_TOO_LARGE: _invalid("amount_too_large", "Amount must be at most {largest}"),
    Reason.NOT_FOUND: _invalid("resource_missing", "No such {object}: '{id}'", 404),
    Reason.NOTHING_TO_CAPTURE: _invalid(
        "payment_unexpected_state",
        "This payment cannot be captured: its status is {status} and nothing is left to capture.",
    ),
    Reason.NOTHING_TO_REFUND: _invalid(
        "payment_not_refundable",
        "This payment cannot be refunded: its status is {status} and nothing is left to refund.",
    ),
    Reason.NOTHING_TO_CANCEL: _invalid(
        "payment_unexpected_state",
        "This payment cannot be canceled: its status is {status}. Refund a payment that succeeded instead.",
    ),
    Reason.NOTHING_TO_CONFIRM: _invalid(
        "payment_intent_unexpected_state",
        "This payment intent cannot be confirmed: its status is {status}.",
    ),
    Reason.ALREADY_CONFIRMED: _invalid(
        "payment_intent_unexpected_state",
        "This cannot be changed any more: the status of the payment intent is {status}, or its bank was asked already. "
        "Cancel it and create another.",
    ),
    Reason.SESSION_NOT_OPEN: _invalid(
        "checkout_session_unexpected_state",
        "This checkout session cannot be expired: its status is {status}. Refund a payment that succeeded instead.",
    ),
    Reason.PAYMENT_LINK_CLOSED: _invalid(
        "payment_link_closed", "This payment link is not active, or was paid as often as it can be."
    ),
    Reason.SETUP_OVER: _invalid(
        "setup_intent_unexpected_state", "The status of this setup intent is {status}: that can be done no more."
    ),
    Reason.CARDS_EXHAUSTED: _invalid(
        "payment_methods_exhausted", "This intent was tried with {most} cards. Cancel it and create another."
    ),
    Reason.CLIENT_SECRET_INVALID: _invalid(
        "client_secret_invalid",
        "This is not the client secret of this intent. Use the one that its creation answered.",
    ),
    Reason.CAPTURE_EXCEEDS_AUTHORIZED: _invalid(
        "amount_too_large", "Amount must be at most {at_most}, which is what is left to capture."
    ),
    Reason.REFUND_EXCEEDS_CAPTURED: _invalid(
        "amount_too_large", "Amount must be at most {at_most}, which is what is left to refund."
    ),
    Reason.DISPUTED: _invalid(
        "payment_disputed",
        "This payment cannot be refunded: it is disputed, and nothing beyond that is left to refund.",
    ),
    Reason.DISPUTE_CLOSED: _invalid(
        "dispute_unexpected_state",
        "This dispute takes no response: its status is {status}, or the time for evidence is over.",
    ),
    Reason.NOTHING_TO_DISPUTE: _invalid(
        "payment_not_disputable", "This payment cannot be disputed: less than that is captured and left."
    ),
    Reason.IN_PROGRESS: _invalid(
        "operation_in_progress",
        "Another operation on this has not finished yet. Try again in a moment.",
        409,
    ),
    Reason.TOKEN_USED: _invalid("token_already_used", "A token can be used once. Create a new one."),
    Reason.TOKEN_EXPIRED: _invalid("token_expired", "A token lasts 15 minutes. Create a new one."),
    Reason.CARD_GONE: _invalid(
        "payment_method_unusable", "This card is no longer kept. Ask the customer for the card again."
    ),
    Reason.METHOD_ATTACHED: _invalid(
        "payment_method_attached", "This payment method is kept for another customer. Detach it first."
    ),
    Reason.METHOD_NOT_ATTACHED: _invalid(
        "payment_method_not_attached", "This payment method is not attached to the customer. Attach it first."
    ),
    Reason.METHOD_OF_ANOTHER_CUSTOMER: _invalid(
        "payment_method_customer_mismatch",
        "This payment method is kept for another customer than the one that is named.",
    ),
    Reason.EVENT_UNKNOWN: _invalid(
        "event_unknown", "There is no event of this name: {field} takes names of events, or '*' for all.{suggestion}"
    ),
    Reason.BALANCE_INSUFFICIENT: _invalid(
        "balance_insufficient", "Amount must be at most {at_most}, which is what is available to pay out."
    ),
    Reason.NOTHING_TO_PAY_OUT: _invalid(
        "balance_insufficient",
        "Nothing can be paid out: {available} is available. What is captured is available some days later, "
        "and makes up for a balance below zero first.",
    ),
    Reason.PAYOUT_NOT_PENDING: _invalid(
        "payout_not_cancelable", "This payout cannot be canceled any more: its status is {status}."
    ),
    Reason.BANK_ACCOUNT_MISSING: _invalid(
        "bank_account_missing", "There is no bank account in {currency}. Add one with POST /v1/bank_accounts first."
    ),
    Reason.ENDPOINT_DISABLED: _invalid(
        "webhook_endpoint_disabled",
        "This webhook endpoint is disabled. Enable it with status 'enabled' first.",
    ),
    Reason.TOO_MANY_ENDPOINTS: _invalid(
        "webhook_endpoints_exhausted", "There are {most} webhook endpoints already. Delete one that you do not need."
    ),
    Reason.TOO_MANY_FAULTS: _invalid(
        "faults_exhausted", "There are {most} faults that still may happen. Delete those that you do not need."
    ),
    Reason.TOO_MANY_SANDBOXES: _invalid(
        "sandbox_merchants_exhausted",
        "There are {most} test merchants that you made. Delete those that you do not need, or have them expire.",
    ),
    Reason.CREDENTIAL_MISSING: Wording(
        401,
        ErrorType.AUTHENTICATION,
        "api_key_missing",
        "No API key was given. Send your key in the Authorization header: 'Authorization: Bearer YOUR_SECRET_KEY'.",
    ),
    Reason.CREDENTIAL_INVALID: Wording(
        401, ErrorType.AUTHENTICATION, "api_key_invalid", "The API key is not valid, or not valid any more."
    ),
    Reason.CLIENT_INVALID: Wording(
        401, ErrorType.AUTHENTICATION, "client_invalid", "The client id or the client secret is not valid."
    ),
    Reason.SCOPE_MISSING: Wording(
        403,
        ErrorType.PERMISSION,
        "permission_missing",
        "This API key does not have the permission '{scope}'.",
    ),
    Reason.LIVE_MODE_UNAVAILABLE: Wording(
        403,
        ErrorType.PERMISSION,
        "live_mode_unavailable",
        "Live mode needs a connector to a live bank and a key-encryption key from outside the data directory.",
    ),
    Reason.TEST_MODE_ONLY: Wording(
        403, ErrorType.PERMISSION, "test_mode_only", "This is for test mode only. Use a test key."
    ),
    Reason.CLOCK_NEVER_BACK: _invalid(
        "clock_never_back", "A clock goes forward only: {field} takes a later time than where it is, or goes."
    ),
    Reason.SANDBOX_OF_SANDBOX: Wording(
        403,
        ErrorType.PERMISSION,
        "sandbox_merchant_nested",
        "A test merchant that was made makes no others. Use a key of the merchant that made it.",
    ),
    Reason.ANOTHER_MERCHANT: Wording(
        403,
        ErrorType.PERMISSION,
        "account_invalid",
        "The header {field} names another merchant than this API key is of. Leave the header out.",
    ),
    Reason.CARD_NUMBER_INCORRECT: _card(
        "incorrect_number", "The card number is incorrect. Check the number and try again."
    ),
    Reason.CARD_EXPIRY_INVALID: _card(
        "invalid_expiry", "The card's expiration date is invalid. Check month and year and try again."
    ),
    Reason.CVC_INVALID: _card(
        "invalid_cvc", "The card's security code is invalid. Check its number of digits and try again."
    ),
    Reason.WALLET_NOT_CONFIGURED: _invalid(
        "wallet_not_configured", "There is no key for {wallet}. Add one by POST /v1/wallet_keys, then try again."
    ),
    Reason.WALLET_TOKEN_MALFORMED: _invalid(
        "wallet_token_malformed",
        "The wallet's token cannot be read: {problem}. Send what the device gave you, unchanged.",
    ),
    Reason.WALLET_TOKEN_UNSUPPORTED: _invalid(
        "wallet_token_unsupported", "The wallet's token is of a kind that is not taken: {problem}."
    ),
    Reason.WALLET_TOKEN_NOT_FOR_MERCHANT: _invalid(
        "wallet_token_not_for_merchant",
        "The wallet's token is for another merchant, or for a key that you have not added.",
    ),
    Reason.WALLET_SIGNER_UNTRUSTED: _invalid(
        "wallet_signer_untrusted",
        "The wallet's token is signed by nobody who is trusted: its certificates or keys do not lead to the root.",
    ),
    Reason.WALLET_SIGNATURE_INVALID: _invalid(
        "wallet_signature_invalid",
        "The signature of the wallet's token does not fit: it was altered, or made for another merchant.",
    ),
    Reason.WALLET_TOKEN_EXPIRED: _invalid(
        "wallet_token_expired",
        "The wallet's token has expired, or is of a time to come. Ask the customer to pay again.",
    ),
    Reason.WALLET_DECRYPTION_FAILED: _invalid(
        "wallet_decryption_failed",
        "The wallet's token does not open with your key. Add the key that it was encrypted for.",
    ),
    Reason.WALLET_APPLICATION_DATA_DIFFERS: _invalid(
        "wallet_application_data_differs",
        "The wallet's token was made for other application data than apple_pay.application_data.",
    ),
    Reason.WALLET_TOKEN_REPLAYED: _invalid(
        "wallet_token_replayed", "The wallet's token was used before. Ask the customer to pay again."
    ),
    Reason.CARD_DECLINED: _card(
        "card_declined",
        "The card was declined. Use another card, or ask the card's issuer why.",
        "generic_decline",
    ),
    Reason.INSUFFICIENT_FUNDS: _card(
        "insufficient_funds", "The card has insufficient funds. Use another card.", "insufficient_funds"
    ),
    Reason.CARD_EXPIRED: _card("expired_card", "The card has expired. Use another card.", "expired_card"),
    Reason.CVC_INCORRECT: _card(
        "incorrect_cvc", "The card's security code is incorrect. Check it and try again.", "incorrect_cvc"
    ),
    Reason.PROCESSING_ERROR: _card(
        "processing_error",
        "An error occurred while processing the card. Nothing was charged; try again in a moment.",
        "processing_error",
    ),
    Reason.AUTHENTICATION_REQUIRED: _card(
        "authentication_required",
        "The issuer wants the customer to confirm this payment. Ask them to come back and pay themselves.",
        "authentication_required",
    ),
    Reason.AUTHENTICATION_FAILED: _card(
        "authentication_failed",
        "The customer could not be authenticated. Try again, or use another card.",
        "authentication_failed",
    ),
    Reason.AUTHORIZATION_EXPIRED: _card(
        "authorization_expired", "The authorization is no longer valid. Ask the customer to pay again."
    ),
    Reason.NOT_REFUNDABLE: _card(
        "refund_declined",
        "The issuer does not take this refund. Return the money to the customer in another way.",
    ),
    Reason.PAYOUT_DECLINED: _invalid(
        "could_not_process", "The bank could not carry out this payout. The money is back in your balance."
    ),
    Reason.ACCOUNT_UNKNOWN: _invalid("no_account", "There is no such bank account. Check its number, and add it anew."),
    Reason.ACCOUNT_CLOSED: _invalid("account_closed", "The bank account is closed. Add another one."),
    Reason.NEVER_SEEN: _card(
        "processing_error",
        "The bank could not be reached. Nothing was charged; try again in a moment.",
        "processing_error",
    ),
    Reason.WALLET_LIMIT_EXCEEDED: _card(
        "wallet_limit_exceeded", "The payment is beyond a limit of the customer's phone wallet."
    ),
    Reason.WALLET_BLOCKED: _card("wallet_blocked", "The customer's phone wallet may not pay at present."),
    Reason.WALLET_DECLINED: _card("wallet_declined", "The customer declined on the phone."),
    Reason.TICKET_EXPIRED: _card("ticket_expired", "The customer did not confirm on the phone in time."),
    Reason.TICKET_WITHDRAWN: _card("ticket_withdrawn", "The payment was given up before the customer confirmed it."),
    Reason.TICKET_UNCONFIRMED: _invalid("ticket_unconfirmed", "The customer has not confirmed on the phone yet."),
    Reason.TICKET_CONFIRMED: _invalid("ticket_confirmed", "A customer has confirmed on the phone already."),
    Reason.TICKET_OVER: _invalid("ticket_over", "This payment by phone is over."),
    Reason.PAYER_IS_PAYEE: _invalid("payer_is_payee", "A business does not pay itself by phone."),
    Reason.APPLICATION_UNKNOWN: _invalid("application_unknown", "There is no such application.", 404),
    Reason.TOO_MANY_APPLICATIONS: _invalid("applications_exhausted", "There are {most} applications already."),
    Reason.TOO_MANY_TOKENS: _invalid("client_tokens_exhausted", "The application has {most} tokens already."),
    Reason.CURRENCY_NOT_ALLOWED: _invalid("currency_not_allowed", "The application takes {allowed}."),
    Reason.REFERENCE_TAKEN: _invalid("reference_taken", "A checkout of {amount} is open under this reference."),
    Reason.CHECKOUT_EXPIRED: _invalid("checkout_expired", "The time to pay this checkout is over."),
    Reason.CHECKOUT_OVER: _invalid("checkout_over", "This checkout is over: its status is {status}."),
    Reason.LINK_INVALID: Wording(403, ErrorType.PERMISSION, "link_invalid", "This link was changed, or has expired."),
    Reason.METHOD_NOT_OFFERED: _invalid("method_not_offered", "This checkout cannot be paid by this method."),
    Reason.MOVE_NOT_ALLOWED: _invalid(
        "move_not_allowed", "It is not for the {side} to {move} an order that is {status}."
    ),
    Reason.ORDER_DECIDED: _invalid("order_decided", "This order has been processed already: its status is {status}."),
    Reason.CANCELED_TOO_LATE: _invalid("canceled_too_late", "It is too late for the buyer to cancel this order."),
    Reason.MILESTONE_OPEN: _invalid("milestone_open", "The milestone before this one is not complete."),
    Reason.SELLER_NOT_ASSOCIATED: _invalid("seller_not_associated", "The seller is not associated with the operator."),
    Reason.IDEMPOTENCY_KEY_INVALID: Wording(
        400,
        ErrorType.IDEMPOTENCY,
        "idempotency_key_invalid",
        "An Idempotency-Key has 1 to 255 printable ASCII characters.",
    ),
    Reason.IDEMPOTENCY_KEY_REUSED: Wording(
        400,
        ErrorType.IDEMPOTENCY,
        "idempotency_key_reused",
        "This Idempotency-Key was used for another request. Repeat a request unchanged, or use a new key.",
    ),
    Reason.IDEMPOTENCY_KEY_IN_USE: Wording(
        409,
        ErrorType.IDEMPOTENCY,
        "idempotency_key_in_use",
        "A request with this Idempotency-Key is still running. Repeat it in a moment.",
    ),
    Reason.IDEMPOTENCY_REPLY_ERASED: Wording(
        400,
        ErrorType.IDEMPOTENCY,
        "idempotency_reply_erased",
        "This request was answered before, and the answer was erased with the customer's data. Nothing was done again.",
    ),
}
"""Every reason that the core has. The page `/docs/errors` is made from this table."""

FROM_A_BANK: dict[Reason, Wording] = {
    Reason.CAPTURE_EXCEEDS_AUTHORIZED: _card(
        "capture_declined",
        "The issuer holds less than this amount. Capture less, or ask the customer to pay again.",
    ),
    Reason.NOTHING_TO_CANCEL: _card(
        "cancel_declined", "The issuer holds nothing of this payment any more that could be released."
    ),
}
"""How a reason is told that a bank gave, and not we: without any details of ours."""
