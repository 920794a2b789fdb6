"""Payouts: closing a statement, having the bank pay it out, and telling what it is made of."""

import msgspec
from msgspec import structs

from tillgate.connectors.contract import Question
from tillgate.core import accounts, attempts, parties, party_payouts, payouts
from tillgate.core import faults as planting
from tillgate.core.attempts import Attempt, Kind, Outcome, Verdict
from tillgate.core.balance_transactions import BalanceTransaction
from tillgate.core.bank_accounts import BankAccount, Coordinates
from tillgate.core.decisions import Decision
from tillgate.core.merchants import Tenant
from tillgate.core.occasions import Occasion
from tillgate.core.parties import Party
from tillgate.core.payouts import Carried, Order, Payout, PayoutState, Settlement
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve
from tillgate.flows import attempts as asking
from tillgate.flows import bank_accounts, changes, faults, payout_settings, records
from tillgate.flows.gateway import Answer, Caller, Gateway, system
from tillgate.flows.idempotency import Key
from tillgate.logs import log
from tillgate.store import balance_transactions, balances, filters, find
from tillgate.store import payouts as statements
from tillgate.store.balance_transactions import Wanted
from tillgate.store.batches import Conflict
from tillgate.store.lists import Cursor, Page

TAKEN_AT_ONCE = 2_000
"""How many lines one commit takes to a statement, so that no payment waits long for it."""

Line = BalanceTransaction | Carried
"""What a payout is made of."""


async def create(
    gateway: Gateway,
    caller: Caller,
    key: Key | None,
    currency: str,
    order: Order,
    render: changes.Render[Payout],
) -> Answer:
    """Pay out what is available in a currency, or a part of it; without a destination, where the settings say.

    Raises Refused(BANK_ACCOUNT_MISSING, NOT_FOUND) for the destination, and what core.payouts.create refuses.
    """

    async def decide(occasion: Occasion) -> tuple[Payout, Decision]:
        destination = await _destination(gateway, caller, order.destination, currency)
        settlement = await _settle(gateway, caller, currency, occasion)
        lines = await statements.lines(gateway.store, caller.tenant.id, settlement.statement)
        wanted = msgspec.structs.replace(order, destination=destination.id)
        return payouts.create(settlement, lines, wanted, caller.tenant.bank, occasion)

    return await changes.make(gateway, caller, key, decide, render)


async def _destination(gateway: Gateway, caller: Caller, id: str | None, currency: str) -> BankAccount:
    if id is None:
        return await payout_settings.destination(gateway, caller, currency)
    return await bank_accounts.taking(gateway, caller, id, currency, "destination")


async def _settle(gateway: Gateway, caller: Caller, currency: str, occasion: Occasion) -> Settlement:
    """The settlement of a currency, once everything that is available is a line of its open statement.

    Raises Conflict or Taken where somebody else settles at this moment.
    """
    tenant = caller.tenant.id
    settlement = await find.record(gateway.store, Settlement, tenant, currency)
    settlement = settlement or payouts.open_settlement(tenant, currency, occasion)
    while taking := await statements.due(gateway.store, settlement, occasion.now, TAKEN_AT_ONCE):
        await gateway.store.commit(Decision(save=(settlement,), take=(taking,)))
    return settlement


async def cancel(
    gateway: Gateway, caller: Caller, key: Key | None, payout_id: str, render: changes.Render[Payout]
) -> Answer:
    """Give up a payout that the bank has not heard of. Raises Refused(PAYOUT_NOT_PENDING, NOT_FOUND)."""

    async def decide(occasion: Occasion) -> tuple[Payout, Decision]:
        canceled, decision = payouts.cancel(await fetch(gateway, caller, payout_id), occasion)
        return canceled, decision.merged(party_payouts.again(canceled, occasion))

    return await changes.make(gateway, caller, key, decide, render)


async def run_schedule(gateway: Gateway, caller: Caller) -> bool:
    """Pay out every currency in which there is something, and see to the next time. True: the timer is moved."""
    owed = await balances.of_account(gateway.store, caller.tenant.id, accounts.PAYABLE)
    minimums = (await payout_settings.fetch(gateway, caller)).minimums
    for currency, amount in owed.items():
        order = Order(automatic=True, at_least=minimums.get(currency, 1))
        if amount >= order.at_least:
            try:
                await create(gateway, caller, None, currency, order, _nobody)
            except Refused as refused:
                log.info("nothing_paid_out", tenant=caller.tenant.id, currency=currency, reason=refused.reason)
    return await payout_settings.reschedule(gateway, caller)


async def _nobody(payout: Payout) -> Answer:
    return Answer(200, b"")


async def send(gateway: Gateway, caller: Caller, payout_id: str) -> bool:
    """Have the bank carry out a payout that is still pending; True, for what comes after has a timer of its own."""
    payout = await fetch(gateway, caller, payout_id)
    if payout.state is not PayoutState.PENDING:
        return True
    account = await _account(gateway, payout)
    payout, decision = await _met_by_fault(gateway, caller, *payouts.send(payout, gateway.occasion(caller)))
    try:
        await gateway.store.commit(decision)
    except Conflict:
        return await send(gateway, caller, payout_id)
    assert payout.attempt is not None, payout.id
    outcome = payouts.GONE if account is None else await _put(gateway, caller.tenant, payout.attempt, account)
    await learn(gateway, caller.tenant, payout_id, outcome)
    return True


async def _met_by_fault(
    gateway: Gateway, caller: Caller, payout: Payout, decision: Decision
) -> tuple[Payout, Decision]:
    """The payout with what its test merchant has go wrong with it, used up in the same commit."""
    meets = planting.for_question(Kind.PAYOUT.value)
    drawn, changed = await faults.draw(gateway, caller.tenant, meets, payout.id, operation=Kind.PAYOUT.value)
    if drawn is not None and payout.attempt is not None:
        payout = evolve(payout, attempt=evolve(payout.attempt, fault=drawn))
        decision = structs.replace(decision, save=(payout,))
    return payout, decision.also(*changed)


async def send_for_test(
    gateway: Gateway, caller: Caller, key: Key | None, payout_id: str, render: changes.Render[Payout]
) -> Answer:
    """Have a test payout carried out now, and not in a minute. Raises Refused(TEST_MODE_ONLY, NOT_FOUND)."""

    async def decide(occasion: Occasion) -> tuple[Payout, Decision]:
        await fetch(gateway, caller, payout_id)
        if caller.tenant.is_live:
            raise Refused(Reason.TEST_MODE_ONLY)
        await send(gateway, caller, payout_id)
        return await fetch(gateway, caller, payout_id), Decision()

    return await changes.make(gateway, caller, key, decide, render)


class _Account(msgspec.Struct, frozen=True):
    """Where a payout goes, and whose that is."""

    coordinates: Coordinates
    holder: str


async def _account(gateway: Gateway, payout: Payout) -> _Account | None:
    """Where a payout goes; None where that is there no more."""
    if payout.party is not None:
        party = await find.record(gateway.store, Party, payout.tenant, payout.party)
        if party is None or party.sealed is None:
            return None
        number = await gateway.secrets.open_bank_account(party.tenant, party.id, party.sealed)
        return _Account(Coordinates(number, parties.COUNTRY, party.nip_code), party.holder)
    account = await find.record(gateway.store, BankAccount, payout.tenant, payout.destination)
    if account is None:
        return None
    number = await gateway.secrets.open_bank_account(account.tenant, account.id, account.sealed)
    return _Account(Coordinates(number, account.country, account.routing, account.bic), account.holder)


async def _put(gateway: Gateway, tenant: Tenant, attempt: Attempt, account: _Account) -> Outcome:
    """The bank's answer; where that is lost, what it says on being asked for it once."""
    if not attempts.may_leave(attempt, gateway.clock.wall()):
        return attempts.UNKNOWN
    bank = gateway.banks[attempt.bank]
    question = Question(attempt=attempt, account=account.coordinates, holder=account.holder, merchant=tenant.name)
    outcome = await asking.heard(gateway, attempt, attempt.kind, bank.write(question), bank.read)
    if outcome.verdict is Verdict.UNKNOWN:
        return await asking.inquire(gateway, attempt)
    return outcome


async def resolve(gateway: Gateway, tenant: Tenant, payout_id: str) -> bool:
    """Find out what became of a payout that the bank was asked for, or whether it has come back.

    It schedules what is next, so that its timer has nothing left to do.
    """
    caller = system(tenant, "resolver")
    payout = await fetch(gateway, caller, payout_id)
    in_vain = False
    if payout.attempt is not None:
        outcome = await asking.inquire(gateway, payout.attempt)
        in_vain = outcome.verdict is Verdict.UNKNOWN
        await learn(gateway, tenant, payout_id, outcome)
        payout = await fetch(gateway, caller, payout_id)
    timer = payouts.follow(payout, gateway.occasion(caller), in_vain=in_vain)
    await gateway.store.commit(Decision(schedule=(timer,)))
    return True


async def learn(gateway: Gateway, tenant: Tenant, payout_id: str, outcome: Outcome) -> None:
    """Write down what an outcome means for a payout."""
    caller = system(tenant, "resolver")
    while True:
        payout = await fetch(gateway, caller, payout_id)
        try:
            concluded = payouts.conclude(payout, outcome, gateway.occasion(caller))
        except attempts.Contradiction as contradiction:
            log.error("bank_contradicts_itself", payout=payout_id, detail=str(contradiction))
            return
        if concluded is None:
            return
        before, (payout, decision) = payout.attempt, concluded
        try:
            await gateway.store.commit(decision.merged(party_payouts.again(payout, gateway.occasion(caller))))
        except Conflict:
            continue
        assert before is not None, payout_id
        assert payout.attempt is not None, payout_id
        asking.count(before, payout.attempt)
        return


async def fetch(gateway: Gateway, caller: Caller, payout_id: str) -> Payout:
    """A merchant's payout. Raises Refused(NOT_FOUND)."""
    return await records.fetch(gateway, caller, Payout, payout_id, "payout")


async def page(gateway: Gateway, caller: Caller, cursor: Cursor, wanted: filters.Wanted) -> Page[Payout]:
    """A merchant's payouts that fit, newest first."""
    return await filters.page(gateway.store, Payout, caller.tenant.id, cursor, wanted)


async def lines(gateway: Gateway, caller: Caller, payout_id: str, cursor: Cursor) -> tuple[Payout, list[Line], bool]:
    """A page of the lines that sum to a payout, newest first, and whether there are more in the direction of paging."""
    payout = await fetch(gateway, caller, payout_id)
    wanted = Wanted(statement=payout.statement)
    moved, has_more = await balance_transactions.page(gateway.store, caller.tenant.id, wanted, cursor)
    found: list[Line] = [*moved, *(line for line in payout.carried if _on_page(line.id, cursor))]
    found.sort(key=lambda line: line.id, reverse=True)
    if cursor.before is None:
        return payout, found[: cursor.limit], has_more or len(found) > cursor.limit
    return payout, found[-cursor.limit :], has_more or len(found) > cursor.limit


def _on_page(id: str, cursor: Cursor) -> bool:
    """Whether a line is in the direction of paging at all; carried ones are newer than all others."""
    return (cursor.after is None or id < cursor.after) and (cursor.before is None or id > cursor.before)
