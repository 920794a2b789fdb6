"""Errors on the wire: a code for everything that can be wrong, its words in the caller's language, its status."""

from collections.abc import Mapping
from typing import Final

import msgspec

from tillgate.core.reasons import Reason, Refused
from tillgate.http.exchange import Reply, Request
from tillgate.http.problems import Failed, Malformed, NotFound, Problem
from tillgate.surfaces.athmovil.texts import BODY_MISSING, TEXTS

_UNAUTHORIZED: Final = frozenset(
    {"token.invalid.header", "token.expired", "BTRA_0401", "BTRA_0402", "BTRA_0403", "BTRA_0017"}
)
_OURS: Final = frozenset({"BTRA_9998", "BTRA_9999"})


class Wrong(Exception):
    """What is asked cannot be done; `told` goes into its sentence."""

    def __init__(self, code: str, told: str = "", *, body_missing: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.told = told
        self.body_missing = body_missing


CODES: Final[Mapping[Reason, str]] = {
    Reason.CREDENTIAL_MISSING: "BTRA_0401",
    Reason.CREDENTIAL_INVALID: "BTRA_0401",
    Reason.LIVE_MODE_UNAVAILABLE: "BTRA_0009",
    Reason.PARAMETER_INVALID: "BTRA_0006",
    Reason.PARAMETER_MISSING: "BTRA_0019",
    Reason.AMOUNT_INVALID: "BTRA_0028",
    Reason.AMOUNT_TOO_SMALL: "BTRA_0001",
    Reason.AMOUNT_TOO_LARGE: "BTRA_0004",
    Reason.NOT_FOUND: "BTRA_0031",
    Reason.WALLET_LIMIT_EXCEEDED: "BTRA_0004",
    Reason.WALLET_BLOCKED: "BTRA_0002",
    Reason.WALLET_DECLINED: "BTRA_0037",
    Reason.PAYER_IS_PAYEE: "BTRA_0003",
    Reason.TICKET_EXPIRED: "BTRA_0039",
    Reason.TICKET_WITHDRAWN: "BTRA_0037",
    Reason.TICKET_UNCONFIRMED: "BTRA_0032",
    Reason.TICKET_CONFIRMED: "BTRA_0041",
    Reason.TICKET_OVER: "BTRA_0035",
    Reason.NOTHING_TO_REFUND: "BTRA_0030",
    Reason.REFUND_EXCEEDS_CAPTURED: "BTRA_0030",
    Reason.NOT_REFUNDABLE: "BTRA_0030",
    Reason.DISPUTED: "BTRA_0030",
    Reason.IN_PROGRESS: "BTRA_9998",
    Reason.PROCESSING_ERROR: "BTRA_9998",
    Reason.NEVER_SEEN: "BTRA_9998",
    Reason.IDEMPOTENCY_KEY_IN_USE: "BTRA_9998",
}
"""Why the core refuses, as this API says it; what is not among them is that the transaction failed."""

_FAILED: Final = "BTRA_0005"


class _ErrorShown(msgspec.Struct, frozen=True):
    status: str
    message: str
    errorcode: str
    data: None = None


def wrong(request: Request, why: Wrong) -> Reply:
    """The error in the caller's language."""
    texts = BODY_MISSING if why.body_missing else TEXTS[why.code]
    return _reply(request, why.code, texts, why.told, _status(why.code))


def refused(request: Request, why: Refused) -> Reply:
    """What the core refuses."""
    return wrong(request, Wrong(CODES.get(why.reason, _FAILED)))


def problem(request: Request, why: Problem) -> Reply:
    """A request that could not be understood, or a fault of ours."""
    if isinstance(why, Malformed):
        return wrong(request, Wrong("BTRA_0006"))
    code = "BTRA_9999" if isinstance(why, Failed) else "BTRA_0006" if isinstance(why, NotFound) else "BTRA_9998"
    return _reply(request, code, TEXTS[code], "", why.status)


def _status(code: str) -> int:
    return 401 if code in _UNAUTHORIZED else 500 if code in _OURS else 409


def _reply(request: Request, code: str, texts: tuple[str, str], told: str, status: int) -> Reply:
    text = texts[1 if _is_spanish(request) else 0]
    message = text.replace("%s", told) if told else text
    return Reply(status, msgspec.json.encode(_ErrorShown("error", message, code)))


def _is_spanish(request: Request) -> bool:
    """Whether Spanish comes first among the languages that the caller takes (RFC 9110, 12.5.4)."""
    best, is_spanish = 0.0, False
    for part in (request.header("accept-language") or "").split(","):
        name, _, quality = part.strip().partition(";q=")
        language = name.partition("-")[0].lower()
        try:
            weight = float(quality or 1)
        except ValueError:
            continue
        if language in ("es", "en") and weight > best:
            best, is_spanish = weight, language == "es"
    return is_spanish
