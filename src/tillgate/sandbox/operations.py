"""Operations: what the sandbox bank was asked for, and what it did."""

import enum
from typing import Annotated

import msgspec

from tillgate.core.cards import Brand
from tillgate.core.instants import Instant
from tillgate.core.three_d_secure import Demand, Flow


class Kind(enum.StrEnum):
    """What was asked for."""

    CHARGE = "charge"
    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"
    VERIFY = "verify"
    """Whether a card may be kept; nothing is taken."""
    PAYOUT = "payout"


class Result(enum.StrEnum):
    """What became of it. The first two are final, but that a payout may come back."""

    APPROVED = "approved"
    DECLINED = "declined"
    PENDING = "pending"
    """Decided, and told later."""
    CHALLENGE = "challenge"
    """The customer has to prove who they are."""
    RETURNED = "returned"
    """It was paid out, and has come back."""


class Code(enum.StrEnum):
    """Why something was declined."""

    DO_NOT_HONOR = "do_not_honor"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    EXPIRED_CARD = "expired_card"
    SECURITY_CODE_MISMATCH = "security_code_mismatch"
    SYSTEM_MALFUNCTION = "system_malfunction"
    INVALID_NUMBER = "invalid_number"
    AUTHENTICATION_FAILED = "authentication_failed"
    AUTHENTICATION_EXPIRED = "authentication_expired"
    AUTHENTICATION_CANCELED = "authentication_canceled"
    AUTHENTICATION_REQUIRED = "authentication_required"
    AUTHORIZATION_RELEASED = "authorization_released"
    EXCEEDS_AUTHORIZED = "exceeds_authorized"
    NOTHING_HELD = "nothing_held"
    EXCEEDS_CAPTURED = "exceeds_captured"
    NO_SUCH_OPERATION = "no_such_operation"
    NO_SUCH_ACCOUNT = "no_such_account"
    ACCOUNT_CLOSED = "account_closed"
    TRANSFER_REFUSED = "transfer_refused"


class Choice(enum.StrEnum):
    """What a cardholder does on the page of a challenge."""

    APPROVE = "approve"
    FAIL = "fail"
    CANCEL = "cancel"


class Standing(enum.StrEnum):
    """What an issuer, or who stands in for it, says of whoever pays with a card."""

    AUTHENTICATED = "authenticated"
    ATTEMPTED = "attempted"
    REJECTED = "rejected"
    CANCELED = "canceled"
    TIMED_OUT = "timed_out"
    NOT_ENROLLED = "not_enrolled"
    UNAVAILABLE = "unavailable"


class Operation(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One line of the bank's books: `amount` minor units of `currency`, for `merchant_id`, done to `target`.

    While it is open, `becomes` is the result that a pending one will have, or a challenge that is met (and `code`
    already why), or a payout that comes back, and `due_at` (wall time) when that is so or an unmet challenge fails.
    `flow` and `standing` say how the cardholder was authenticated, `eci` what a device's card came with. Of a card no
    more is kept than its brand and last digits, for the page of its challenge, on which so many `wrong_codes` were
    entered.
    """

    reference: str
    merchant_id: str
    kind: Kind
    amount: int
    currency: str
    result: Result
    code: Code | None = None
    target: str | None = None
    becomes: Result | None = None
    due_at: Instant | None = None
    merchant_name: str | None = None
    return_url: str | None = None
    eci: str | None = None
    brand: Brand | None = None
    last4: str | None = None
    flow: Flow | None = None
    standing: Standing | None = None
    wrong_codes: int = 0

    @property
    def is_open(self) -> bool:
        """Not final yet."""
        return self.due_at is not None

    @property
    def counts(self) -> bool:
        """Whether money moves: it was approved, or will turn out to have been."""
        return Result.APPROVED in (self.result, self.becomes)

    def concluded(self, result: Result, code: Code | None = None, standing: Standing | None = None) -> "Operation":
        """The same operation with a final result, and what its issuer says of the cardholder where that is new."""
        standing = standing or self.standing
        return msgspec.structs.replace(self, result=result, code=code, becomes=None, due_at=None, standing=standing)


class OrderCard(msgspec.Struct, frozen=True):
    """The card as it comes over the wire. Its repr shows nothing."""

    number: str
    exp_month: int
    exp_year: int
    cvc: str | None = None
    name: str | None = None
    cryptogram: str | None = None
    eci: str | None = None
    agreement: str | None = None

    def __repr__(self) -> str:
        return "OrderCard()"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return []


class OrderAccount(msgspec.Struct, frozen=True):
    """The account that money is to be sent to, as it comes over the wire. Its repr shows nothing."""

    number: str
    country: str
    holder: str
    routing: str | None = None

    def __repr__(self) -> str:
        return "OrderAccount()"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return []


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """The body of every POST. `again` says that the same reference may have been sent before."""

    merchant_id: str
    reference: str
    amount: Annotated[int, msgspec.Meta(ge=0)]
    currency: str
    card: OrderCard | None = None
    account: OrderAccount | None = None
    target: str | None = None
    merchant_name: str = ""
    return_url: str | None = None
    three_d_secure: Demand = Demand.AUTOMATIC
    off_session: bool = False
    may_challenge: bool = True
    again: bool = False
