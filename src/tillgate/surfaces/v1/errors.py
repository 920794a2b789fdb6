"""Errors in this API's form: every reason and every problem as the reply that tells of it."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from tillgate.core import cards, ids
from tillgate.core.money import Money
from tillgate.core.reasons import Reason, Refused
from tillgate.http.exchange import Headers, Reply, Request
from tillgate.http.problems import Malformed, Problem
from tillgate.surfaces.v1.wordings import FROM_A_BANK, WORDINGS, ErrorType, Wording

_EXPIRY_CODES = {"exp_month": "invalid_expiry_month", "exp_year": "invalid_expiry_year"}

_ABOUT_THE_WHOLE = {
    Reason.NOTHING_TO_CAPTURE,
    Reason.NOTHING_TO_REFUND,
    Reason.NOTHING_TO_CANCEL,
    Reason.DISPUTED,
    Reason.DISPUTE_CLOSED,
    Reason.IN_PROGRESS,
    Reason.ANOTHER_MERCHANT,
    Reason.PAYOUT_NOT_PENDING,
}
"""Reasons that no parameter is at fault for."""

_WHAT_NEXT: Final[dict[int, Headers]] = {
    401: ((b"www-authenticate", b'Bearer realm="Tillgate"'),),
    409: ((b"retry-after", b"1"),),
}
"""What a reply of a status says in its headers about what to do next (RFC 9110, 11.6.1 and 10.2.3)."""

PROBLEMS = {
    400: ("request_malformed", ErrorType.INVALID_REQUEST),
    404: ("resource_missing", ErrorType.INVALID_REQUEST),
    405: ("method_not_allowed", ErrorType.INVALID_REQUEST),
    408: ("request_timeout", ErrorType.INVALID_REQUEST),
    413: ("request_too_large", ErrorType.INVALID_REQUEST),
    429: ("rate_limit_exceeded", ErrorType.RATE_LIMIT),
    500: ("internal_error", ErrorType.API),
    503: ("temporarily_unavailable", ErrorType.API),
}
"""What can be wrong with a request before the API understands it, or with us, by status."""


_LIKE_AN_ID: Final = re.compile(rf"[a-z]+_{ids.FORM}|(?!.*[0-9](?:-*[0-9]){{11}})[A-Za-z0-9_-]{{1,64}}")


class Error(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The error object (payment_gateway.txt, Error Response Format)."""

    type: str
    code: str
    message: str
    param: str | None = None
    decline_code: str | None = None
    charge: str | None = None
    payment: Any = None
    payment_intent: Any = None
    setup_intent: Any = None
    doc_url: str
    request_id: str


def refusal(request: Request, refused: Refused) -> Reply:
    """The reply to a request that is refused."""
    wording = WORDINGS[refused.reason]
    field = cards.scrub(refused.field) if refused.field else None
    code = wording.code
    if refused.reason is Reason.CARD_EXPIRY_INVALID and field:
        code = _EXPIRY_CODES.get(field.rpartition(".")[2], code)
    if refused.reason in _ABOUT_THE_WHOLE:
        field = None
    elif refused.reason is Reason.NOT_FOUND and refused.detail.get("id") == request.parameters.get("id"):
        field = "id"
    headers = _WHAT_NEXT.get(wording.status, ())
    if wait := refused.detail.get("retry_after_seconds"):
        headers = ((b"retry-after", str(wait).encode()),)
    return _reply(request, wording, code, _sentence(wording.sentence, refused), param=field, headers=headers)


def decline(request: Request, reason: Reason, **about: Any) -> Reply:
    """The reply when a bank said no: the error, and what it is `about`, as it is now: fields of the error."""
    wording = from_bank(reason)
    return _reply(request, wording, wording.code, wording.sentence, about=about)


def from_bank(reason: Reason) -> Wording:
    """How a bank's no is told."""
    return FROM_A_BANK.get(reason) or WORDINGS[reason]


def told(reason: Reason) -> tuple[str, str]:
    """Code and message of a payment's or refund's failure."""
    wording = from_bank(reason)
    return wording.code, wording.sentence


def every() -> Iterator[Wording]:
    """All that this API may say, each under each of its codes."""
    yield from (wording for _, wording in told_as())
    yield from of_problems()


def told_as() -> Iterator[tuple[Reason, Wording]]:
    """Every reason with how it may be told, under each of its codes."""
    yield from WORDINGS.items()
    yield from FROM_A_BANK.items()
    expiry = WORDINGS[Reason.CARD_EXPIRY_INVALID]
    for code in _EXPIRY_CODES.values():
        yield Reason.CARD_EXPIRY_INVALID, msgspec.structs.replace(expiry, code=code)


def of_problems(*without: int) -> Iterator[Wording]:
    """What is said of requests that are not understood, and of faults of ours, `without` some statuses."""
    for status, (code, type) in PROBLEMS.items():
        if status not in without:
            yield Wording(status, type, code, "The message says what is wrong.")


def problem(request: Request, found: Problem) -> Reply:
    """The reply when a request could not be understood, or we failed."""
    code, type = PROBLEMS.get(found.status, PROBLEMS[500])
    place = cards.scrub(found.path) if isinstance(found, Malformed) else ""
    return _reply(request, Wording(found.status, type, code, ""), code, cards.scrub(found.detail), param=place or None)


def described(wrong: Refused | Malformed) -> str:
    """What is wrong, in a sentence alone, for errors that another standard gives their form."""
    if isinstance(wrong, Malformed):
        return cards.scrub(wrong.detail)
    return _sentence(WORDINGS[wrong.reason].sentence, wrong)


def _sentence(sentence: str, refused: Refused) -> str:
    details = defaultdict(str, {name: _shown(name, value) for name, value in refused.detail.items()})
    details["field"] = refused.field or ""
    details.setdefault("problem", "it is not what this parameter takes")
    return cards.scrub(sentence.format_map(details))


def _shown(name: str, value: object) -> str:
    if isinstance(value, Money):
        return value.formatted()
    text = str(value)
    # What a client took for an id may be anything, a mistyped card number too.
    return text if name != "id" or _LIKE_AN_ID.fullmatch(text) else "…"


_NOTHING: Final[Mapping[str, Any]] = {}


def _reply(
    request: Request,
    wording: Wording,
    code: str,
    message: str,
    *,
    param: str | None = None,
    about: Mapping[str, Any] = _NOTHING,
    headers: Headers = (),
) -> Reply:
    error = Error(
        type=wording.type.value,
        code=code,
        message=message,
        param=param,
        decline_code=wording.decline_code,
        **about,
        doc_url=f"{request.origin}/docs/errors#{code}",
        request_id=request.id,
    )
    return Reply(wording.status, msgspec.json.encode({"error": error}), headers)
