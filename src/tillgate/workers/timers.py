"""Timers that are due: each is leased, carried out, and taken off once there is nothing left to do."""

from tillgate import logs
from tillgate.core.instants import MINUTE, Duration
from tillgate.core.reasons import Refused
from tillgate.core.timers import Timer, TimerKind
from tillgate.flows import (
    attempts,
    challenges,
    checkouts,
    disputes,
    erasures,
    escrow_settlement,
    parties,
    payment_intents,
    payments,
    payouts,
    sandboxes,
    transfers,
)
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Gateway, system
from tillgate.store import timers

LEASE: Duration = MINUTE
"""How long a timer is left to the worker that took it."""

AT_ONCE = 200

_log = logs.log


async def run_due(gateway: Gateway, directory: Directory) -> int:
    """Carry out what is due, longest due first; how many there were."""
    due = await timers.due(gateway.store, gateway.clock.wall(), AT_ONCE)
    for timer in due:
        leased = await timers.lease(gateway.store, timer, gateway.clock.wall() + LEASE)
        if leased is None:
            continue
        try:
            finished = await _carry_out(gateway, directory, leased)
        except Refused as gone:
            _log.warning("a timer has nothing to work on", kind=timer.kind, subject=timer.subject, reason=gone.reason)
            finished = True
        except Exception:
            # The lease runs out, and it is tried again.
            _log.exception("a timer failed", kind=timer.kind, subject=timer.subject)
            continue
        if finished:
            await timers.take_off(gateway.store, leased)
    return len(due)


async def _carry_out(gateway: Gateway, directory: Directory, timer: Timer) -> bool:
    """Do what a timer is for; False where it has to come back."""
    tenant = await directory.tenant(timer.tenant)
    match timer.kind:
        case TimerKind.INQUIRE:
            return await attempts.resolve(gateway, tenant, timer.subject)
        case TimerKind.EXPIRE_AUTHORIZATION:
            return await payments.expire(gateway, system(tenant, "expiry"), timer.subject)
        case TimerKind.EXPIRE_CHALLENGE:
            return await challenges.expire(gateway, tenant, timer.subject)
        case TimerKind.WITHDRAW_CHALLENGE:
            return await challenges.withdraw(gateway, tenant, timer.subject)
        case TimerKind.EXPIRE_CHECKOUT:
            return await checkouts.expire(gateway, tenant, timer.subject)
        case TimerKind.TAKE_CHECKOUT:
            return await checkouts.take(gateway, tenant, timer.subject)
        case TimerKind.REVERSE:
            return await attempts.reverse(gateway, tenant, timer.subject)
        case TimerKind.KEEP_METHOD:
            return await payment_intents.keep_method(gateway, system(tenant, "keep_method"), timer.subject)
        case TimerKind.PAY_OUT:
            return await payouts.run_schedule(gateway, system(tenant, "payout_schedule"))
        case TimerKind.SEND_PAYOUT:
            return await payouts.send(gateway, system(tenant, "payouts"), timer.subject)
        case TimerKind.INQUIRE_PAYOUT:
            return await payouts.resolve(gateway, tenant, timer.subject)
        case TimerKind.SETTLE_TRANSFER:
            return await transfers.settle(gateway, tenant, timer.subject)
        case TimerKind.RETURN_TRANSFER:
            return await transfers.give_back(gateway, tenant, timer.subject)
        case TimerKind.ESCROW_ORDER:
            return await escrow_settlement.proceed(gateway, tenant, timer.subject)
        case TimerKind.PAY_PARTIES:
            return await parties.pay_out(gateway, tenant, timer.subject)
        case TimerKind.ERASE_CUSTOMER:
            return await erasures.proceed(gateway, system(tenant, "erasure"), timer.subject)
        case TimerKind.REMOVE_SANDBOX:
            return await sandboxes.proceed(gateway, tenant, timer.subject)
        case TimerKind.FOLLOW_DISPUTE:
            return await disputes.follow(gateway, tenant, timer.subject)
