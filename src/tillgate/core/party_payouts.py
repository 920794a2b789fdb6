"""Party payouts: what a party has of an escrow order, sent to its bank account, once it has one that takes it."""

from typing import Final

from tillgate.core import accounts, escrow_orders
from tillgate.core.decisions import Decision, Numbering
from tillgate.core.escrows import Share
from tillgate.core.events import EventType, event
from tillgate.core.instants import DAY, Duration
from tillgate.core.ledger import Posting, entry
from tillgate.core.money import Money
from tillgate.core.occasions import Occasion
from tillgate.core.parties import Party
from tillgate.core.payments import Payment
from tillgate.core.payouts import SENT_AFTER, Lines, Payout, PayoutState
from tillgate.core.timers import Timer, TimerKind

SERIES: Final = "party_payouts"
"""The series in which payouts to a merchant's parties have whole numbers."""

AGAIN_AFTER: Duration = DAY
"""How soon what could not be paid out is tried again."""


def unpaid(payment: Payment, known: dict[str, Payout]) -> dict[str, Money]:
    """What each party has of an order and is not paid, nor on its way to it, by party; `known` are payouts by id."""
    sums: dict[str, Money] = {}
    for share in escrow_orders.of(payment).shares:
        if share.party is not None and not _is_on_its_way(share, known):
            sums[share.party] = sums.get(share.party, Money(0, share.money.currency)) + share.money
    return sums


def _is_on_its_way(share: Share, known: dict[str, Payout]) -> bool:
    payout = known.get(share.payout or "")
    return payout is not None and payout.state not in (PayoutState.FAILED, PayoutState.CANCELED)


def may_pay(party: Party, money: Money) -> bool:
    """Whether its bank account takes it."""
    return party.sealed is not None and party.currency == money.currency


def pay(payment: Payment, party: Party, known: dict[str, Payout], bank: str, occasion: Occasion) -> Decision:
    """Take what a party has of an order off its balance, and pay it out."""
    amount, id = unpaid(payment, known)[party.id], occasion.mint("po")
    posting = Posting(accounts.party(party.id), accounts.IN_TRANSIT, amount)
    posted = entry(payment.tenant, f"{id}:created", id, (posting,), occasion)
    payout = Payout(
        tenant=payment.tenant,
        id=id,
        created=occasion.now,
        amount=amount,
        destination=party.id,
        bank=bank,
        statement="",
        lines=Lines(0, 0),
        arrives_at=occasion.now + SENT_AFTER,
        balance_transaction=posted.id,
        automatic=True,
        party=party.id,
        payment=payment.id,
        events=1,
    )
    escrow = escrow_orders.of(payment)
    shares = tuple(
        Share(share.part, share.money, share.party, id)
        if share.party == party.id and not _is_on_its_way(share, known)
        else share
        for share in escrow.shares
    )
    return Decision(
        save=(escrow_orders.with_shares(payment, shares), payout),
        post=(posted,),
        announce=(event(EventType.PAYOUT_CREATED, payout, id, 1, occasion),),
        schedule=(Timer(payout.tenant, TimerKind.SEND_PAYOUT, id, occasion.now + SENT_AFTER),),
        number=(Numbering(payout.tenant, SERIES, id),),
    )


def again(payout: Payout, occasion: Occasion) -> Decision:
    """What is done where a party's payout did not arrive: it is paid out anew, by and by."""
    if payout.payment is None or payout.state not in (PayoutState.FAILED, PayoutState.CANCELED):
        return Decision()
    due_at = occasion.now + AGAIN_AFTER
    return Decision(schedule=(Timer(payout.tenant, TimerKind.PAY_PARTIES, payout.payment, due_at),))
