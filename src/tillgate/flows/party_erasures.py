"""Party erasures: what is personal of a seller, operator or provider goes, and what the books say of them stays."""

from collections.abc import AsyncIterator

from tillgate.core import accounts, escrow_orders, parties, projects
from tillgate.core.decisions import Decision
from tillgate.core.escrows import EscrowStatus
from tillgate.core.parties import Party
from tillgate.core.payments import Payment
from tillgate.core.payouts import RETURNS_WITHIN, Payout, PayoutState
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import escrow_orders as orders
from tillgate.flows import events, records
from tillgate.flows.gateway import Caller, Gateway
from tillgate.store import balances, find
from tillgate.store.batches import Conflict
from tillgate.store.lists import Cursor

_AT_ONCE = 100


async def erase(gateway: Gateway, caller: Caller, party_id: str) -> Party:
    """Erase a party for good: who it is, its account, and what bodies of notifications say of it.

    It has no share of any order from now on. Who dies in between does it once more. Raises Refused(NOT_FOUND), and
    IN_PROGRESS while an order that it shares is under way, or money is owed to it, on its way, or may come back.
    """
    while True:
        party = await records.fetch(gateway, caller, Party, party_id, "party")
        await _assert_settled(gateway, caller, party)
        occasion = gateway.occasion(caller)
        try:
            if party.deleted_at is None:
                # From then on it gets into no order: what was found so once more stays so.
                await gateway.store.commit(parties.deleted(party, occasion))
                continue
            erased = parties.erased(party, occasion)
            await gateway.store.commit(Decision(save=(erased,)))
            break
        except Conflict:
            continue
    async for payment in _orders(gateway, caller, party_id):
        await events.redact(gateway, caller.tenant, payment.id, lambda view: view)
    return erased


async def _assert_settled(gateway: Gateway, caller: Caller, party: Party) -> None:
    owed = await balances.of_account(gateway.store, party.tenant, accounts.party(party.id))
    if any(owed.values()):
        raise _not_yet(party, "money is owed to it")
    async for payment in _orders(gateway, caller, party.id):
        escrow = escrow_orders.of(payment)
        if escrow.is_held or (escrow.status is EscrowStatus.UNPAID and projects.may_be_paid(payment)):
            raise _not_yet(party, f"it has a share of {escrow_orders.order_id(payment.id)}, which is {escrow.status}")
        ids = [share.payout for share in escrow.shares if share.party == party.id and share.payout is not None]
        for payout in (await find.every(gateway.store, Payout, party.tenant, ids)).values():
            is_paid = payout.state is PayoutState.PAID and payout.paid_at is not None
            may_return = is_paid and gateway.clock.now(party.tenant) < (payout.paid_at or 0) + RETURNS_WITHIN
            if may_return or payout.state in (PayoutState.PENDING, PayoutState.IN_TRANSIT):
                raise _not_yet(party, f"{payout.id} is on its way to it, or may come back")


def _not_yet(party: Party, problem: str) -> Refused:
    return Refused(Reason.IN_PROGRESS, "party", id=party.id, problem=problem)


async def _orders(gateway: Gateway, caller: Caller, party_id: str) -> AsyncIterator[Payment]:
    """Every order that names a party, newest first."""
    cursor = Cursor(_AT_ONCE)
    while True:
        page = await orders.page(gateway, caller, cursor, party=party_id)
        for payment in page.records:
            yield payment
        if not page.has_more:
            return
        cursor = Cursor(_AT_ONCE, after=page.records[-1].id)
