"""Planted faults: how a request that a test merchant has go wrong says so, and what it means to the bank."""

from collections.abc import Mapping
from typing import Final

import msgspec

from tillgate.connectors.contract import BankRequest
from tillgate.core.faults import Drawn, FaultKind
from tillgate.sandbox.faults import Fault, Faults, Range
from tillgate.sandbox.operations import Code

HEADER: Final = "sandbox-fault"
"""The header that says it, as JSON."""

DECLINES: Final[Mapping[FaultKind, Code]] = {
    FaultKind.CARD_DECLINED: Code.DO_NOT_HONOR,
    FaultKind.INSUFFICIENT_FUNDS: Code.INSUFFICIENT_FUNDS,
    FaultKind.EXPIRED_CARD: Code.EXPIRED_CARD,
    FaultKind.INCORRECT_CVC: Code.SECURITY_CODE_MISMATCH,
    FaultKind.PROCESSING_ERROR: Code.SYSTEM_MALFUNCTION,
}
"""Faults that are a no of the issuer's, whatever the card."""

ALIKE: Final[Mapping[FaultKind, Fault]] = {
    FaultKind.TIMEOUT_BEFORE: Fault.TIMEOUT_BEFORE,
    FaultKind.TIMEOUT_AFTER: Fault.TIMEOUT_AFTER,
    FaultKind.SLOW: Fault.SLOW,
    FaultKind.DUPLICATE: Fault.DUPLICATE,
    FaultKind.GARBAGE: Fault.GARBAGE,
    FaultKind.PENDING: Fault.PENDING,
}
"""Faults that the bank has of its own as well."""

_decode = msgspec.json.Decoder(Drawn).decode


def read(request: BankRequest) -> Drawn | None:
    """What goes wrong with a request, if it says so and can be understood."""
    said = next((value for name, value in request.headers if name == HEADER), None)
    if said is None:
        return None
    try:
        return _decode(said)
    except msgspec.MsgspecError:
        return None


def source(drawn: Drawn) -> Faults:
    """What decides how it goes in detail: the time that was asked for, or else the seed."""
    if drawn.seconds is None:
        return Faults(drawn.seed)
    exactly: Range = (drawn.seconds, drawn.seconds)
    return Faults(drawn.seed, slow_seconds=exactly, pending_seconds=exactly)


def silence_seconds(drawn: Drawn) -> int | None:
    """How long nothing comes, where the caller need not lose patience."""
    return drawn.seconds if drawn.kind in (FaultKind.TIMEOUT_BEFORE, FaultKind.TIMEOUT_AFTER) else None
