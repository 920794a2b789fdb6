"""Timers: what each kind of them has done, when it is due."""

from tillgate.core.merchants import Tenant
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
from tillgate.flows.gateway import Gateway, system


async def carry_out(gateway: Gateway, tenant: Tenant, timer: Timer) -> bool:
    """Do what a timer of a merchant's is for; False where it has to come back. Raises Refused for what is gone."""
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
        case TimerKind.MOVE_CLOCK:
            raise ValueError("a clock that is moved has others' timers carried out")
