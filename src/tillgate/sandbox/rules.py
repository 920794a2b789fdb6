"""The rules of the sandbox bank: what may be done to an operation, by what was done to it before."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tillgate.sandbox.operations import Code, Kind, Operation, Order, Result


def refusal(
    order: Order,
    kind: Kind,
    target: Operation | None,
    since: Sequence[Operation],
    challenged: bool = False,
    disputed: int = 0,
) -> Code | None:
    """Why a capture, void or refund of `target` is refused, or None; `since` is all that was done to it.

    `challenged` says that a challenge is to be given up, and nothing else. `disputed` (minor units) was taken back over
    disputes.
    """
    if target is None or (target.merchant_id, target.currency) != (order.merchant_id, order.currency):
        return Code.NO_SUCH_OPERATION
    if challenged and target.result is not Result.CHALLENGE:
        return Code.NOTHING_HELD
    if kind is Kind.REFUND:
        return Code.EXCEEDS_CAPTURED if order.amount > refundable(target, since) - disputed else None
    return _RULES[kind](order.amount, target, since)


def _capture(amount: int, target: Operation, since: Sequence[Operation]) -> Code | None:
    left = held(target, since)
    if not left:
        return Code.AUTHORIZATION_RELEASED
    return Code.EXCEEDS_AUTHORIZED if amount > left else None


def _void(amount: int, target: Operation, since: Sequence[Operation]) -> Code | None:
    left = target.amount if target.result is Result.CHALLENGE else held(target, since)
    return None if amount == left else Code.NOTHING_HELD


_RULES: Final[Mapping[Kind, Callable[[int, Operation, Sequence[Operation]], Code | None]]] = {
    Kind.CAPTURE: _capture,
    Kind.VOID: _void,
}


def held(target: Operation, since: Sequence[Operation]) -> int:
    """What an authorization still holds, in minor units; nothing once it was voided, whatever is left."""
    if target.kind is not Kind.AUTHORIZE or target.result is not Result.APPROVED:
        return 0
    return target.amount - sum(done.amount for done in since if done.kind is not Kind.REFUND and done.counts)


def refundable(target: Operation, since: Sequence[Operation]) -> int:
    """What was taken by a charge, or by captures of an authorization, and not given back, in minor units."""
    if target.result is not Result.APPROVED:
        return 0
    if target.kind is Kind.CHARGE:
        taken = target.amount
    else:
        captures = (done for done in since if done.kind is Kind.CAPTURE)
        taken = sum(done.amount for done in captures if done.result is Result.APPROVED)
    return taken - sum(done.amount for done in since if done.kind is Kind.REFUND and done.counts)
