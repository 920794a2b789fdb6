"""Sealing again: what old data keys sealed goes under the ones in use, a portion at a time, beside everything else."""

import asyncio

import msgspec

from tillgate.core.applications import Application
from tillgate.core.bank_accounts import BankAccount
from tillgate.core.decisions import Decision
from tillgate.core.evidence import Evidence
from tillgate.core.idempotency import IdempotencyKey
from tillgate.core.instants import DAY, Duration
from tillgate.core.mails import Mail
from tillgate.core.parties import Party
from tillgate.core.payment_methods import PaymentMethod, Token
from tillgate.core.records import Record, evolve
from tillgate.core.signing_keys import SigningKey
from tillgate.core.wallets import WalletKey
from tillgate.core.webhook_endpoints import WebhookEndpoint
from tillgate.flows.gateway import Gateway
from tillgate.logs import log
from tillgate.store import sealed
from tillgate.store.batches import Conflict
from tillgate.vault import envelope as envelopes
from tillgate.vault.data_keys import DataKey, DataKeys, Purpose
from tillgate.vault.envelope import Envelope, Unsealable

KEPT_FOR: Duration = DAY
"""How long a data key stays after another took its place: longer than any process sealed with it and did not write."""

AT_ONCE = 100


class Sealed(msgspec.Struct, frozen=True):
    """Where records of a type keep something under seal, bound to (tenant, id), and for which purpose.

    Where records are large, fewer are read `at_once`.
    """

    type: type[Record]
    field: str
    purpose: Purpose
    at_once: int = 0


SEALED = (
    Sealed(PaymentMethod, "sealed", Purpose.CARD),
    Sealed(Token, "sealed_cvc", Purpose.CVC),
    Sealed(PaymentMethod, "sealed_cryptogram", Purpose.CVC),
    Sealed(WalletKey, "sealed", Purpose.WALLET),
    Sealed(IdempotencyKey, "reply", Purpose.REPLY),
    Sealed(WebhookEndpoint, "secret", Purpose.WEBHOOK),
    Sealed(WebhookEndpoint, "previous_secret", Purpose.WEBHOOK),
    Sealed(Application, "secret", Purpose.WEBHOOK),
    Sealed(BankAccount, "sealed", Purpose.BANK_ACCOUNT),
    Sealed(Party, "sealed", Purpose.BANK_ACCOUNT),
    Sealed(SigningKey, "sealed", Purpose.SIGNING),
    Sealed(Mail, "sealed", Purpose.MAIL),
    # Each may have a megabyte.
    Sealed(Evidence, "sealed", Purpose.EVIDENCE, 5),
)
"""Everything under seal. A key is only ever removed for a purpose that is listed here."""


class Portion(msgspec.Struct, frozen=True):
    """How many were sealed again, how many could not be opened, and where to go on: (place in SEALED, tenant, id)."""

    resealed: int
    unreadable: int
    then: tuple[int, str, str] | None


async def reseal(gateway: Gateway, keys: DataKeys, envelope: Envelope, at: tuple[int, str, str]) -> Portion:
    """Seal a portion again, from a place on. What changes meanwhile is left as it was written, under the key in use."""
    await keys.load()
    place, *after = at
    where = SEALED[place]
    beginnings = envelopes.beginnings(keys.in_use(where.purpose))
    most = where.at_once or AT_ONCE
    found = await sealed.under_others(gateway.store, where.type, where.field, beginnings, (after[0], after[1]), most)
    done = await asyncio.gather(*[_resealed(gateway, envelope, where, record) for record in found])
    then: tuple[int, str, str] | None = None
    if len(found) == most:
        then = (place, found[-1].tenant, found[-1].id)
    elif place + 1 < len(SEALED):
        then = (place + 1, "", "")
    return Portion(done.count(True), done.count(False), then)


async def retire(gateway: Gateway, keys: DataKeys) -> list[DataKey]:
    """Remove the data keys under which nothing is sealed, and nothing can be any more; which they were."""
    await keys.load()
    wall = gateway.clock.wall()
    removed = []
    for key in _replaced(keys.stored, wall - KEPT_FOR):
        places = [where for where in SEALED if where.purpose == key.purpose]
        beginnings = envelopes.beginnings(key.id)
        in_use = [await sealed.any_under(gateway.store, place.type, place.field, beginnings) for place in places]
        if places and not any(in_use):
            await keys.remove(key)
            removed.append(key)
    return removed


def _replaced(keys: list[DataKey], before: int) -> list[DataKey]:
    """The keys in whose place another came before an instant."""
    return [
        key
        for key in keys
        if any(other.purpose == key.purpose and other.id > key.id and other.created <= before for other in keys)
    ]


async def _resealed(gateway: Gateway, envelope: Envelope, where: Sealed, record: Record) -> bool | None:
    """True once it is sealed again, False where it cannot be opened, None where somebody else was quicker."""
    try:
        content = await envelope.reseal(
            getattr(record, where.field), purpose=where.purpose, bound_to=(record.tenant, record.id)
        )
        await gateway.store.commit(Decision(save=(evolve(record, **{where.field: content}),)))
    except Unsealable as unreadable:
        log.error("what is sealed does not open", record=record.id, detail=str(unreadable))
        return False
    except Conflict:
        return None
    return True
