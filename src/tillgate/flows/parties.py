"""Parties: who has a share of a merchant's escrow orders, where they are paid out to, and paying them out."""

from collections.abc import Sequence

from tillgate.core import parties, party_payouts
from tillgate.core.decisions import Decision
from tillgate.core.escrow_orders import of, pay_parties
from tillgate.core.merchants import Tenant
from tillgate.core.occasions import Occasion
from tillgate.core.parties import Destination, Named, Party, PartyKind
from tillgate.core.payouts import Payout
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve
from tillgate.flows import changes, payments, records
from tillgate.flows.gateway import Answer, Caller, Gateway, system
from tillgate.flows.idempotency import Key
from tillgate.store import find, lists, numbers
from tillgate.store.batches import Conflict
from tillgate.store.lists import Cursor, Page


async def create(
    gateway: Gateway,
    caller: Caller,
    key: Key | None,
    kind: PartyKind,
    named: Named,
    destination: Destination | None,
    render: changes.Render[Party],
    *,
    operator: str | None = None,
    is_associated: bool = False,
) -> Answer:
    """Introduce a party, the number of its account under seal.

    Raises what core.parties.check refuses, and Refused(PARAMETER_INVALID, "phone") for a seller who is known already.
    """
    tenant = caller.tenant.id

    async def decide(occasion: Occasion) -> tuple[Party, Decision]:
        if operator is not None:
            await of_kind(gateway, caller, operator, PartyKind.OPERATOR)
        if kind is PartyKind.SELLER and named.phone and await by_phone(gateway, caller, named.phone):
            raise Refused(Reason.PARAMETER_INVALID, "phone", problem="a seller is known by this number already")
        id = occasion.mint("pty")
        party, decision = parties.create(
            tenant, id, kind, named, occasion, operator=operator, is_associated=is_associated
        )
        if destination is None:
            return party, decision
        parties.check(destination)
        sealed = gateway.secrets.seal_bank_account(tenant, id, destination.number)
        party = parties.with_account(party, destination, sealed, occasion)
        return party, Decision(save=(party,), number=decision.number, name=decision.name)

    return await changes.make(gateway, caller, key, decide, render)


async def pay_to(gateway: Gateway, caller: Caller, party_id: str, destination: Destination) -> Party:
    """Pay a party out to another account from now on. Raises Refused(NOT_FOUND), what core.parties.check refuses."""
    parties.check(destination)
    while True:
        party = await fetch(gateway, caller, party_id)
        occasion = gateway.occasion(caller)
        sealed = gateway.secrets.seal_bank_account(party.tenant, party.id, destination.number)
        changed = parties.with_account(party, destination, sealed, occasion)
        try:
            await gateway.store.commit(Decision(save=(changed,)))
            return changed
        except Conflict:
            continue


async def associate(gateway: Gateway, caller: Caller, seller_id: str, operator: str | None) -> Party:
    """Have a seller sell in the marketplace of an operator, or of the merchant itself. Raises Refused(NOT_FOUND)."""
    if operator is not None:
        await of_kind(gateway, caller, operator, PartyKind.OPERATOR)
    while True:
        seller = await of_kind(gateway, caller, seller_id, PartyKind.SELLER)
        changed = evolve(seller, operator=operator, is_associated=True, updated=gateway.clock.now(seller.tenant))
        try:
            await gateway.store.commit(Decision(save=(changed,)))
            return changed
        except Conflict:
            continue


async def delete(gateway: Gateway, caller: Caller, party_id: str) -> None:
    """Have a party take part in no more orders. Raises Refused(NOT_FOUND)."""
    while True:
        party = await fetch(gateway, caller, party_id)
        try:
            return await gateway.store.commit(parties.deleted(party, gateway.occasion(caller)))
        except Conflict:
            continue


async def fetch(gateway: Gateway, caller: Caller, party_id: str) -> Party:
    """A merchant's party that was not deleted. Raises Refused(NOT_FOUND)."""
    party = await records.fetch(gateway, caller, Party, party_id, "party")
    if party.deleted_at is not None:
        raise Refused(Reason.NOT_FOUND, "party", object="party", id=party_id)
    return party


async def of_kind(gateway: Gateway, caller: Caller, party_id: str, kind: PartyKind) -> Party:
    """A merchant's party of a kind. Raises Refused(NOT_FOUND)."""
    party = await fetch(gateway, caller, party_id)
    if party.kind is not kind:
        raise Refused(Reason.NOT_FOUND, kind.value, object=kind.value, id=party_id)
    return party


async def by_phone(gateway: Gateway, caller: Caller, phone: str) -> Party | None:
    """The seller who is known by a number."""
    tenant = caller.tenant.id
    id = await find.alias(gateway.store, tenant, parties.PHONE, parties.phone_key(phone))
    return await find.record(gateway.store, Party, tenant, id) if id else None


async def by_number(gateway: Gateway, caller: Caller, number: int) -> Party:
    """The party with a whole number. Raises Refused(NOT_FOUND)."""
    id = await numbers.subject(gateway.store, caller.tenant.id, parties.SERIES, number)
    return await fetch(gateway, caller, id or "")


async def numbers_of(gateway: Gateway, caller: Caller, ids: Sequence[str]) -> dict[str, int]:
    """The whole numbers of parties, by their ids."""
    return await numbers.in_series(gateway.store, caller.tenant.id, parties.SERIES, ids)


async def account_number(gateway: Gateway, party: Party) -> str:
    """The number of the account that a party is paid out to, in the open; empty where there is none."""
    if party.sealed is None:
        return ""
    return await gateway.secrets.open_bank_account(party.tenant, party.id, party.sealed)


async def page(gateway: Gateway, caller: Caller, kind: PartyKind, cursor: Cursor) -> Page[Party]:
    """A merchant's parties of a kind, newest first."""
    return await lists.page(gateway.store, Party, caller.tenant.id, cursor, where={"kind": kind.value})


async def pay_out(gateway: Gateway, tenant: Tenant, payment_id: str) -> bool:
    """Pay out what parties have of an order, and look again by and by where one cannot be paid."""
    caller = system(tenant, "payouts")
    while True:
        payment = await payments.fetch(gateway, caller, payment_id)
        ids = [share.payout for share in of(payment).shares if share.payout is not None]
        known = await find.every(gateway.store, Payout, tenant.id, ids)
        occasion, is_left, decision = gateway.occasion(caller), False, None
        for id, money in party_payouts.unpaid(payment, known).items():
            party = await find.record(gateway.store, Party, tenant.id, id)
            if party is not None and party_payouts.may_pay(party, money):
                decision = party_payouts.pay(payment, party, known, tenant.bank, occasion)
                break
            is_left = True
        if decision is None:
            if is_left:
                later = pay_parties(payment, occasion.now + party_payouts.AGAIN_AFTER)
                await gateway.store.commit(Decision(schedule=(later,)))
            # Without more to do the timer goes, unless a payout that failed meanwhile has moved it.
            return True
        try:
            await gateway.store.commit(decision)
        except Conflict:
            continue
