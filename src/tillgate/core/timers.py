"""Timers: what happens by itself, and when."""

import enum
from typing import Final

import msgspec

from tillgate.core.instants import Instant


class TimerKind(enum.StrEnum):
    """What is to be done when a timer is due."""

    INQUIRE = "inquire"
    """Ask the bank what became of an attempt. Subject: the attempt."""
    EXPIRE_AUTHORIZATION = "expire_authorization"
    """Release what nobody captured in time. Subject: the payment."""
    EXPIRE_CHALLENGE = "expire_challenge"
    """End a challenge that its customer did not meet in time. Subject: the attempt."""
    WITHDRAW_CHALLENGE = "withdraw_challenge"
    """Have the bank end a challenge that was given up for another card. Subject: the attempt."""
    EXPIRE_CHECKOUT = "expire_checkout"
    """Give up a checkout that nobody paid in time. Subject: the payment."""
    TAKE_CHECKOUT = "take_checkout"
    """Take what a payer confirmed on the phone. Subject: the payment."""
    REVERSE = "reverse"
    """Give back what was granted though the payment had been granted before. Subject: the attempt that was."""
    KEEP_METHOD = "keep_method"
    """Keep the card that paid for its customer, as was asked for. Subject: the payment."""
    PAY_OUT = "pay_out"
    """Pay out what is available, as the merchant's schedule says. Subject: the payout settings."""
    SEND_PAYOUT = "send_payout"
    """Have the bank carry out a payout. Subject: the payout."""
    INQUIRE_PAYOUT = "inquire_payout"
    """Ask the bank what became of a payout. Subject: the payout."""
    SETTLE_TRANSFER = "settle_transfer"
    """Look what becomes of money that is held for a payment. Subject: the payment."""
    RETURN_TRANSFER = "return_transfer"
    """Send back what arrived, or ask the bank what became of that. Subject: the arrival."""
    ESCROW_ORDER = "escrow_order"
    """Do with an escrow order what is done by itself, or see that its money gets there. Subject: the payment."""
    PAY_PARTIES = "pay_parties"
    """Pay out what parties have of an escrow order. Subject: the payment."""
    ERASE_CUSTOMER = "erase_customer"
    """Go on erasing what is kept of a deleted customer. Subject: the customer."""
    REMOVE_SANDBOX = "remove_sandbox"
    """Remove a sandbox whose time is over, and go on removing what is kept of it. Subject: the sandbox."""
    FOLLOW_DISPUTE = "follow_dispute"
    """Tell the bank again what it may not have heard, and ask how a dispute stands. Subject: the dispute."""
    MOVE_CLOCK = "move_clock"
    """Go on moving a test merchant's clock. Subject: the clock."""

    @property
    def is_business(self) -> bool:
        """Whether it is due by the merchant's business time, as what was agreed on is, and not by the wall's.

        What a bank did not answer, what is erased, and what is done as soon as may be goes by the wall.
        """
        return self not in _BY_THE_WALL


_BY_THE_WALL: Final = frozenset(
    {
        TimerKind.INQUIRE,
        TimerKind.WITHDRAW_CHALLENGE,
        TimerKind.TAKE_CHECKOUT,
        TimerKind.REVERSE,
        TimerKind.KEEP_METHOD,
        TimerKind.INQUIRE_PAYOUT,
        TimerKind.RETURN_TRANSFER,
        TimerKind.ERASE_CUSTOMER,
        TimerKind.REMOVE_SANDBOX,
        TimerKind.MOVE_CLOCK,
    }
)


class Timer(msgspec.Struct, frozen=True):
    """One thing due: (tenant, kind, subject) is its name, so scheduling again moves it.

    It is due by the clock that its kind says. A decision that schedules a timer with `due_at` None takes it off.
    """

    tenant: str
    kind: TimerKind
    subject: str
    due_at: Instant | None
