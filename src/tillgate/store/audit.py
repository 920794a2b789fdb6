"""The audit: every posting added again, and compared with balances, totals and records, as of one moment."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from tillgate.clock import Clock, SystemClock
from tillgate.core import (
    arrival_reconciliation,
    attempts,
    escrow_reconciliation,
    payout_reconciliation,
    reconciliation,
    sandboxes,
)
from tillgate.core.arrival_reconciliation import ArrivalStory
from tillgate.core.arrivals import Arrival
from tillgate.core.attempts import Attempt
from tillgate.core.disputes import Dispute
from tillgate.core.instants import Instant
from tillgate.core.payments import Payment
from tillgate.core.payout_reconciliation import PayoutStory
from tillgate.core.payouts import Lines, Payout, Settlement
from tillgate.core.reconciliation import Moved, Story
from tillgate.core.refunds import Refund
from tillgate.store import postgres, sqlite
from tillgate.store.database import SQLITE_FILE, is_postgres
from tillgate.store.engine import Stream
from tillgate.store.records import Kept, kept

T = TypeVar("T")

MOST_SHOWN = 50

_CLOCK = SystemClock()


class Found(msgspec.Struct):
    """What the audit counted, and every difference (the first ones as text, the rest as a number)."""

    counts: dict[str, int] = {}
    differences: list[str] = []
    hidden: int = 0

    def count(self, what: str, by: int = 1) -> None:
        """Count something looked at."""
        self.counts[what] = self.counts.get(what, 0) + by

    def differ(self, what: str) -> None:
        """Note a difference."""
        if len(self.differences) < MOST_SHOWN:
            self.differences.append(what)
        else:
            self.hidden += 1


async def audit(url: str | None, data: Path, clock: Clock = _CLOCK) -> Found:
    """Audit a database, beside a running server and in constant memory."""
    found, wall = Found(), clock.wall()
    snapshot = postgres.snapshot(url) if url and is_postgres(url) else sqlite.snapshot(data / SQLITE_FILE)
    async with snapshot as everything:
        stream = await _without_removed(everything)
        await _balances(stream, found)
        await _orphans(stream, found)
        await _payments(stream, found, wall)
        await _verifications(stream, found, wall)
        await _payouts(stream, found)
        await _arrivals(stream, found)
    return found


async def _without_removed(stream: Stream) -> Stream:
    """Rows but for those of sandboxes that are being removed: some of them are gone before others.

    The first column of every query is the tenant.
    """
    query = f"select id from sandboxes where status = '{sandboxes.REMOVED}'"
    removed = {row[0] async for row in stream(query)}

    async def present(text: str) -> AsyncIterator[Any]:
        async for row in stream(text):
            if row[0] not in removed:
                yield row

    return present if removed else stream


_DIFFERING_BALANCES = """
select coalesce(p.tenant, b.tenant), coalesce(p.account, b.account), coalesce(p.currency, b.currency),
       coalesce(p.amount, 0), coalesce(b.amount, 0)
from (select tenant, account, currency, sum(amount) as amount from
        (select tenant, destination as account, currency, amount from postings
         union all select tenant, source, currency, -amount from postings) movements
      group by tenant, account, currency) p
full join (select tenant, account, currency, sum(amount) as amount from balances group by tenant, account, currency) b
  on p.tenant = b.tenant and p.account = b.account and p.currency = b.currency
"""

_ORPHANS = {
    "postings without an entry": (
        "select p.tenant, p.entry from postings p"
        " left join entries e on e.tenant = p.tenant and e.id = p.entry where e.id is null"
    ),
    "entries without a posting": (
        "select e.tenant, e.id from entries e"
        " left join postings p on p.tenant = e.tenant and p.entry = e.id where p.entry is null"
    ),
}


_DIFFERING_LINES = """
select e.tenant, e.id, e.amount, e.net, p.amount, p.net
from entries e join (select tenant, entry, count(distinct currency) as currencies, min(currency) as currency,
                            sum(case when destination = 'merchant:payable' then amount else -amount end) as net,
                            sum(case when destination = 'merchant:payable' then amount
                                     when destination in ('fees:processing', 'fees:disputes') then 0
                                     else -amount end) as amount
                     from postings where 'merchant:payable' in (source, destination) group by tenant, entry) p
  on p.tenant = e.tenant and p.entry = e.id
where e.balance_transaction is not null
  and (e.net is null or e.net <> p.net or e.amount is null or e.amount <> p.amount
       or e.currency is null or e.currency <> p.currency or p.currencies <> 1)
"""


async def _balances(stream: Stream, found: Found) -> None:
    sums: dict[tuple[str, str], int] = {}
    async for tenant, account, currency, posted, kept_amount in stream(_DIFFERING_BALANCES):
        found.count("balances")
        sums[tenant, currency] = sums.get((tenant, currency), 0) + int(posted)
        if posted != kept_amount:
            found.differ(f"{tenant} {account} {currency}: postings make {posted}, the balance is {kept_amount}")
    for (tenant, currency), total in sums.items():
        if total:
            found.differ(f"{tenant} {currency}: all postings together make {total}")


async def _orphans(stream: Stream, found: Found) -> None:
    for what, query in _ORPHANS.items():
        async for tenant, id in stream(query):
            found.differ(f"{what}: {tenant} {id}")


class _Merged(Generic[T]):
    """Rows in the order of payments, handed out payment by payment; each group is held alone."""

    def __init__(self, rows: AsyncIterator[tuple[tuple[str, str], T]]) -> None:
        self._rows = rows
        self._next: tuple[tuple[str, str], T] | None = None
        self._started = False

    async def of(self, payment: tuple[str, str]) -> tuple[list[T], list[tuple[str, str]]]:
        """What belongs to a payment, and the payments passed over that nobody asked for."""
        if not self._started:
            self._started = True
            await self._advance()
        group: list[T] = []
        strays: list[tuple[str, str]] = []
        while self._next is not None and self._next[0] <= payment:
            if self._next[0] == payment:
                group.append(self._next[1])
            else:
                strays.append(self._next[0])
            await self._advance()
        return group, strays

    async def _advance(self) -> None:
        self._next = await anext(self._rows, None)


_LAST = ("\U0010ffff", "")


async def _verifications(stream: Stream, found: Found, wall: Instant) -> None:
    """What banks were asked for setup intents: of it nothing is booked."""
    async for _, attempt in _records(stream, kept(Attempt), "id", lambda attempt: attempt.payment, _OF_SETUP_INTENTS):
        found.count("attempts of setup intents")
        found.count("attempts in doubt", attempts.is_in_doubt(attempt, wall))


async def _payments(stream: Stream, found: Found, wall: Instant) -> None:
    """Payments with all that belongs to them, side by side: ids are made so that all of it comes in one order."""
    asked = _Merged(_records(stream, kept(Attempt), "id", lambda attempt: attempt.payment, _OF_PAYMENTS))
    refunds = _Merged(_records(stream, kept(Refund), "payment, id", lambda refund: refund.payment))
    disputes = _Merged(_records(stream, kept(Dispute), "payment, id", lambda dispute: dispute.payment))
    arrived = _records(stream, kept(Arrival), "payment, id", lambda arrival: arrival.payment, _FOR_PAYMENTS)
    parts = (
        ("attempts", asked),
        ("refunds", refunds),
        ("disputes", disputes),
        ("arrivals", _Merged(arrived)),
        ("moved", _Merged(_moved(stream))),
        ("moved", _Merged(_moved_by_disputes(stream))),
        ("escrowed", _Merged(_moved(stream, "eo"))),
        ("told", _Merged(_told(stream))),
    )
    async for key, payment in _records(stream, kept(Payment), "id", lambda payment: payment.id):
        story = Story(payment)
        for part, source in parts:
            group, strays = await source.of(key)
            getattr(story, part).extend(group)
            _note(strays, part, found)
        _tell(story, found, wall)
    for part, source in parts:
        _note((await source.of(_LAST))[1], part, found)


async def _payouts(stream: Stream, found: Found) -> None:
    """Payouts with their lines; there is one in a day and currency or so, so that sums of statements fit in memory."""
    async for tenant, id, amount, net, posted, posted_net in stream(_DIFFERING_LINES):
        said, made = f"{net} ({amount} before fees)", f"{posted_net} ({posted})"
        found.differ(f"{tenant} {id}: the balance moved by {said}, the postings make {made}")
    lines = await _lines(stream)
    moved, told = _Merged(_moved(stream, "po")), _Merged(_told(stream, "po"))
    carried: Counter[tuple[str, str]] = Counter()
    async for key, payout in _records(stream, kept(Payout), "id", lambda payout: payout.id):
        story = PayoutStory(payout, lines.pop((payout.tenant, payout.statement), Lines(0, 0)))
        for part, source in (("moved", moved), ("told", told)):
            group, strays = await source.of(key)
            getattr(story, part).extend(group)
            _note(strays, part, found)
        for line in payout.carried:
            carried[payout.tenant, line.payout or payout.id] -= line.amount
        found.count("payouts")
        found.count("lines of payouts", story.lines.count)
        for difference in payout_reconciliation.differences(story):
            found.differ(f"{payout.tenant} {payout.id}: {difference}")
    for part, source in (("moved", moved), ("told", told)):
        _note((await source.of(_LAST))[1], part, found)
    async for _, settlement in _records(stream, kept(Settlement), "id", lambda settlement: settlement.id):
        lines.pop((settlement.tenant, settlement.statement), None)
        carried[settlement.tenant, settlement.carried_from or ""] -= settlement.carried
    for (tenant, payout), amount in carried.items():
        if amount:
            found.differ(f"{tenant} {payout}: {amount} was carried over, and did not arrive")
    for tenant, statement in lines:
        found.differ(f"{tenant} {statement}: lines of a statement that is neither open nor paid out")


async def _arrivals(stream: Stream, found: Found) -> None:
    """What arrived by itself, with all that was ever posted of it."""
    moved = _Merged(_moved(stream, "arr"))
    async for key, arrival in _records(stream, kept(Arrival), "id", lambda arrival: arrival.id):
        group, strays = await moved.of(key)
        _note(strays, "moved", found)
        found.count("arrivals")
        for difference in arrival_reconciliation.differences(ArrivalStory(arrival, group)):
            found.differ(f"{arrival.tenant} {arrival.id}: {difference}")
    _note((await moved.of(_LAST))[1], "moved", found)


async def _lines(stream: Stream) -> dict[tuple[str, str], Lines]:
    query = "select tenant, statement, count(*), sum(net) from entries where statement is not null group by 1, 2"
    return {(row[0], row[1]): Lines(int(row[2]), int(row[3])) async for row in stream(query)}


def _tell(story: Story, found: Found, wall: Instant) -> None:
    found.count("payments")
    found.count("attempts", len(story.attempts))
    found.count("refunds", len(story.refunds))
    found.count("disputes", len(story.disputes))
    found.count("postings", len(story.moved))
    found.count("events of payments", len(story.told))
    found.count("attempts in doubt", sum(attempts.is_in_doubt(attempt, wall) for attempt in story.attempts))
    found.count("escrow orders", story.payment.escrow is not None)
    for difference in reconciliation.differences(story):
        found.differ(f"{story.payment.tenant} {story.payment.id}: {difference}")
    for difference in escrow_reconciliation.differences(story.payment, story.escrowed):
        found.differ(f"{story.payment.tenant} {story.payment.id}: {difference}")


def _note(strays: list[tuple[str, str]], part: str, found: Found) -> None:
    for tenant, payment in strays:
        found.differ(f"{tenant} {payment}: {part} of a payment that is not there")


_FOR_PAYMENTS = " where payment is not null"
"""What arrived by itself and is known for what."""

_OF_PAYMENTS = " where id < 'att_a'"
"""The attempts whose ids go on with that of a payment, and not with what else they are about."""

_OF_SETUP_INTENTS = " where id >= 'att_a'"


async def _records(
    stream: Stream, kept: Kept[Any], order: str, payment_of: Any, where: str = ""
) -> AsyncIterator[tuple[tuple[str, str], Any]]:
    query = f"select tenant, shape, body from {kept.table.name}{where} order by tenant, {order}"
    async for _, shape, body in stream(query):
        record = kept.record(shape, body)
        yield (record.tenant, payment_of(record)), record


async def _moved(stream: Stream, prefix: str = "att") -> AsyncIterator[tuple[tuple[str, str], Moved]]:
    query = (
        "select tenant, entry, source, destination, currency, amount from postings"
        f" where entry >= '{prefix}_' and entry < '{prefix}`' order by tenant, entry, line"
    )
    async for tenant, entry, source, destination, currency, amount in stream(query):
        moved = Moved(entry, source, destination, currency, amount)
        subject = moved.attempt
        yield (tenant, f"pay_{subject.split('_')[1]}" if prefix in ("att", "eo") else subject), moved


async def _moved_by_disputes(stream: Stream) -> AsyncIterator[tuple[tuple[str, str], Moved]]:
    """They are few: the database may well sort them into the order of payments."""
    query = (
        "select p.tenant, coalesce(d.payment, ''), p.entry, p.source, p.destination, p.currency, p.amount"
        " from postings p join entries e on e.tenant = p.tenant and e.id = p.entry"
        " left join disputes d on d.tenant = e.tenant and d.id = e.subject"
        " where p.entry >= 'dp_' and p.entry < 'dp`' order by 1, 2, p.entry, p.line"
    )
    async for tenant, payment, *moved in stream(query):
        yield (tenant, payment), Moved(*moved)


async def _told(stream: Stream, prefix: str = "pay") -> AsyncIterator[tuple[tuple[str, str], int]]:
    query = (
        f"select tenant, stream, sequence from events where stream >= '{prefix}_' and stream < '{prefix}`'"
        " order by tenant, stream, sequence"
    )
    async for tenant, payment, sequence in stream(query):
        yield (tenant, payment), sequence
