"""Errors on the wire: one sentence in the envelope, under 200, or under 4xx as a problem for whoever asks for one."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import msgspec

from tillgate.core.money import Money
from tillgate.core.reasons import Reason, Refused
from tillgate.http.exchange import Reply, Request
from tillgate.http.problems import Failed, Malformed, Problem

PROBLEM: Final = "application/problem+json"
"""The media type of RFC 9457."""

ACCEPTED: Final = 200
"""What the clients of the original expect an error to come under."""


class Wrong(Exception):
    """What is asked cannot be done, in the words that its caller reads; `status` is for those who ask for problems."""

    def __init__(self, message: str, status: int = 422) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


def required(field: str) -> Wrong:
    """A field is not there, or there is nothing in it."""
    return Wrong(f"The {field} field is required.")


def invalid(field: str, takes: str) -> Wrong:
    """A field has something else in it than it takes: "must be an integer"."""
    return Wrong(f"The {field} {takes}.")


INVALID_TOKEN: Final = "Invalid authtoken. Does not match any record."  # noqa: S105
"""For a token that is wrong in whatever way."""

OTHERWISE: Final = "Invalid request. This cannot be done as things stand."

WORDS: Final[Mapping[Reason, tuple[int, str]]] = {
    Reason.CREDENTIAL_MISSING: (401, "The authtoken field is required."),
    Reason.CREDENTIAL_INVALID: (401, INVALID_TOKEN),
    Reason.LIVE_MODE_UNAVAILABLE: (403, "Live mode is not available."),
    Reason.PARAMETER_MISSING: (422, "The {field} field is required."),
    Reason.PARAMETER_INVALID: (422, "The {field} is invalid: {problem}."),
    Reason.CURRENCY_UNKNOWN: (422, "The selected {field} is invalid."),
    Reason.AMOUNT_INVALID: (422, "The {field} is invalid."),
    Reason.AMOUNT_TOO_SMALL: (422, "The {field} must be at least {least}."),
    Reason.AMOUNT_TOO_LARGE: (422, "The {field} must not be greater than {largest}."),
    Reason.NOT_FOUND: (404, "No such record exists."),
    Reason.MILESTONE_OPEN: (409, "The milestone before this one is not complete."),
    Reason.SELLER_NOT_ASSOCIATED: (
        409,
        "Seller is not associated to the marketplace operator, Please associate seller then try again",
    ),
    Reason.BANK_ACCOUNT_MISSING: (409, "There is no bank account for {currency}, Please add bank account then try."),
    Reason.IN_PROGRESS: (409, "Invalid action. A bank is working on this order. Try again in a moment."),
}
"""What is said of a refusal; of any other it is said that this cannot be done."""


class _ErrorShown(msgspec.Struct, frozen=True):
    status: str
    message: str


class _ProblemShown(msgspec.Struct, frozen=True):
    type: str
    title: str
    status: int
    detail: str


def told(why: Wrong | Refused | Problem) -> tuple[int, str]:
    """What is said of anything that is wrong, in one sentence, with the status of its problem."""
    if isinstance(why, Wrong):
        return why.status, why.message
    if isinstance(why, Malformed):
        return why.status, f"Invalid request. {why.detail}"
    if isinstance(why, Problem):
        return why.status, "Server error." if isinstance(why, Failed) else why.detail
    status, text = WORDS.get(why.reason, (409, OTHERWISE))
    detail = {name: value.formatted() if isinstance(value, Money) else str(value) for name, value in why.detail.items()}
    named = {"field": why.field or "request", "problem": "it cannot be read"}
    return status, text.format_map({**named, **detail})


def shown(request: Request, why: Wrong | Refused | Problem) -> Reply:
    """The error, under 200 unless a problem is asked for; what no operation has seen comes under its own status."""
    status, message = told(why)
    is_unseen = isinstance(why, Problem) and not isinstance(why, Malformed)
    return said(request, message, status, under=status if is_unseen else ACCEPTED)


def said(request: Request, message: str, status: int, *, under: int = ACCEPTED) -> Reply:
    """An error, in the form that was asked for."""
    if not wants_problem(request):
        return Reply(under, msgspec.json.encode(_ErrorShown("error", message)))
    shown = _ProblemShown("about:blank", HTTPStatus(status).phrase, status, message)
    return Reply(status, msgspec.json.encode(shown), content_type=PROBLEM.encode())


def wants_problem(request: Request) -> bool:
    """Whether the Accept header names problems (RFC 9110, 12.5.1), and not to say that they are not wanted."""
    for part in (request.header("accept") or "").split(","):
        name, *parameters = [piece.strip().lower() for piece in part.split(";")]
        weights = [piece[2:].strip() for piece in parameters if piece.startswith("q=")]
        if name == PROBLEM and not (weights and weights[0].strip("0.") == ""):
            return True
    return False
