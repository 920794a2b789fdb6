"""Why something was refused or failed: one closed list that every surface translates into its own words."""

import enum


class Reason(enum.StrEnum):
    """Every reason the core can give. Surfaces hold one table each from reason to status, code and text."""

    # What was asked cannot be read or is out of bounds.
    PARAMETER_MISSING = "parameter_missing"
    PARAMETER_INVALID = "parameter_invalid"
    PARAMETER_UNKNOWN = "parameter_unknown"
    CURRENCY_UNKNOWN = "currency_unknown"
    EVENT_UNKNOWN = "event_unknown"
    AMOUNT_INVALID = "amount_invalid"
    AMOUNT_TOO_SMALL = "amount_too_small"
    AMOUNT_TOO_LARGE = "amount_too_large"
    NOT_FOUND = "not_found"

    # The state of the thing does not allow it.
    NOTHING_TO_CAPTURE = "nothing_to_capture"
    NOTHING_TO_REFUND = "nothing_to_refund"
    NOTHING_TO_CANCEL = "nothing_to_cancel"
    NOTHING_TO_CONFIRM = "nothing_to_confirm"
    ALREADY_CONFIRMED = "already_confirmed"
    SETUP_OVER = "setup_over"
    CARDS_EXHAUSTED = "cards_exhausted"
    CLIENT_SECRET_INVALID = "client_secret_invalid"  # noqa: S105
    CAPTURE_EXCEEDS_AUTHORIZED = "capture_exceeds_authorized"
    REFUND_EXCEEDS_CAPTURED = "refund_exceeds_captured"
    DISPUTED = "disputed"
    DISPUTE_CLOSED = "dispute_closed"
    NOTHING_TO_DISPUTE = "nothing_to_dispute"
    IN_PROGRESS = "in_progress"
    TOKEN_USED = "token_used"  # noqa: S105 — a reason, not a secret
    TOKEN_EXPIRED = "token_expired"  # noqa: S105
    CARD_GONE = "card_gone"
    METHOD_ATTACHED = "method_attached"
    METHOD_NOT_ATTACHED = "method_not_attached"
    METHOD_OF_ANOTHER_CUSTOMER = "method_of_another_customer"
    BALANCE_INSUFFICIENT = "balance_insufficient"
    NOTHING_TO_PAY_OUT = "nothing_to_pay_out"
    PAYOUT_NOT_PENDING = "payout_not_pending"
    BANK_ACCOUNT_MISSING = "bank_account_missing"
    ENDPOINT_DISABLED = "endpoint_disabled"
    TOO_MANY_ENDPOINTS = "too_many_endpoints"
    TOO_MANY_FAULTS = "too_many_faults"
    TOO_MANY_SANDBOXES = "too_many_sandboxes"
    CLOCK_NEVER_BACK = "clock_never_back"

    # Who asks.
    CREDENTIAL_MISSING = "credential_missing"
    CREDENTIAL_INVALID = "credential_invalid"
    CLIENT_INVALID = "client_invalid"
    SCOPE_MISSING = "scope_missing"
    LIVE_MODE_UNAVAILABLE = "live_mode_unavailable"
    TEST_MODE_ONLY = "test_mode_only"
    SANDBOX_OF_SANDBOX = "sandbox_of_sandbox"
    ANOTHER_MERCHANT = "another_merchant"

    # The card, as it was written down.
    CARD_NUMBER_INCORRECT = "card_number_incorrect"
    CARD_EXPIRY_INVALID = "card_expiry_invalid"
    CVC_INVALID = "cvc_invalid"

    # What a device's wallet sent.
    WALLET_NOT_CONFIGURED = "wallet_not_configured"
    WALLET_TOKEN_MALFORMED = "wallet_token_malformed"  # noqa: S105
    WALLET_TOKEN_UNSUPPORTED = "wallet_token_unsupported"  # noqa: S105
    WALLET_TOKEN_NOT_FOR_MERCHANT = "wallet_token_not_for_merchant"  # noqa: S105
    WALLET_SIGNER_UNTRUSTED = "wallet_signer_untrusted"
    WALLET_SIGNATURE_INVALID = "wallet_signature_invalid"
    WALLET_TOKEN_EXPIRED = "wallet_token_expired"  # noqa: S105
    WALLET_DECRYPTION_FAILED = "wallet_decryption_failed"
    WALLET_APPLICATION_DATA_DIFFERS = "wallet_application_data_differs"
    WALLET_TOKEN_REPLAYED = "wallet_token_replayed"  # noqa: S105

    # What the issuer said.
    CARD_DECLINED = "card_declined"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    CARD_EXPIRED = "card_expired"
    CVC_INCORRECT = "cvc_incorrect"
    PROCESSING_ERROR = "processing_error"
    AUTHENTICATION_REQUIRED = "authentication_required"
    AUTHENTICATION_FAILED = "authentication_failed"
    AUTHORIZATION_EXPIRED = "authorization_expired"
    NOT_REFUNDABLE = "not_refundable"
    PAYOUT_DECLINED = "payout_declined"
    ACCOUNT_UNKNOWN = "account_unknown"
    ACCOUNT_CLOSED = "account_closed"
    NEVER_SEEN = "never_seen"

    # What was said on the phone.
    WALLET_LIMIT_EXCEEDED = "wallet_limit_exceeded"
    WALLET_BLOCKED = "wallet_blocked"
    WALLET_DECLINED = "wallet_declined"
    TICKET_EXPIRED = "ticket_expired"
    TICKET_WITHDRAWN = "ticket_withdrawn"
    TICKET_UNCONFIRMED = "ticket_unconfirmed"
    TICKET_CONFIRMED = "ticket_confirmed"
    TICKET_OVER = "ticket_over"
    PAYER_IS_PAYEE = "payer_is_payee"

    # What is paid on a page of ours.
    APPLICATION_UNKNOWN = "application_unknown"
    TOO_MANY_APPLICATIONS = "too_many_applications"
    TOO_MANY_TOKENS = "too_many_tokens"
    CURRENCY_NOT_ALLOWED = "currency_not_allowed"
    REFERENCE_TAKEN = "reference_taken"
    CHECKOUT_EXPIRED = "checkout_expired"
    CHECKOUT_OVER = "checkout_over"
    LINK_INVALID = "link_invalid"
    METHOD_NOT_OFFERED = "method_not_offered"
    SESSION_NOT_OPEN = "session_not_open"
    PAYMENT_LINK_CLOSED = "payment_link_closed"

    # What is held for a seller.
    MOVE_NOT_ALLOWED = "move_not_allowed"
    ORDER_DECIDED = "order_decided"
    CANCELED_TOO_LATE = "canceled_too_late"
    MILESTONE_OPEN = "milestone_open"
    SELLER_NOT_ASSOCIATED = "seller_not_associated"

    # The same key, twice.
    IDEMPOTENCY_KEY_INVALID = "idempotency_key_invalid"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    IDEMPOTENCY_KEY_IN_USE = "idempotency_key_in_use"
    IDEMPOTENCY_REPLY_ERASED = "idempotency_reply_erased"


class Refused(Exception):
    """What was asked is refused; nothing was changed.

    `reason` says why, `field` names the input at fault where there is one (dots for nesting: `card.number`), and
    `detail` carries what a surface needs to write its sentence (amounts as Money, names as text; never a secret).
    """

    def __init__(self, reason: Reason, field: str | None = None, **detail: object) -> None:
        super().__init__(reason.value if field is None else f"{reason.value}: {field}")
        self.reason = reason
        self.field = field
        self.detail = detail
