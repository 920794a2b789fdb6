"""After the load: whether everything that was acknowledged is there, whole, and whether the bank tells the same."""

import contextlib
import subprocess
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from bench import load, server
from tillgate import assembly
from tillgate.core import accounts
from tillgate.core.attempts import Attempt, State
from tillgate.core.idempotency import IdempotencyKey
from tillgate.core.payment_methods import PaymentMethod
from tillgate.core.payments import Payment, Status
from tillgate.core.reasons import Refused
from tillgate.core.records import Record
from tillgate.flows.gateway import Gateway
from tillgate.sandbox.operations import Result
from tillgate.sandbox.register import Register
from tillgate.settings import Settings
from tillgate.store import postgres, sqlite
from tillgate.store.database import SQLITE_FILE
from tillgate.store.engine import Stream
from tillgate.store.records import kept
from tillgate.vault.envelope import Unsealable


class Found(msgspec.Struct):
    """What was looked at, how often, and of everything that is not as it must be how often, with an example."""

    counts: dict[str, int] = {}
    wrong: dict[str, tuple[int, str]] = {}

    def expect(self, what: str, expected: set[str], found: set[str]) -> None:
        """Note how many of `expected` were found, and which are missing."""
        self.counts[what] = self.counts.get(what, 0) + len(expected & found)
        if missing := expected - found:
            self.wrong[f"{what} missing"] = (len(missing), min(missing))


async def check(data: Path, database: str | None, acknowledged: set[str]) -> Found:
    """Look at a stopped server's books: `acknowledged` are the ids of payments that it confirmed."""
    found = Found()
    snapshot = postgres.snapshot(database) if database else sqlite.snapshot(data / SQLITE_FILE)
    async with assembly.assembled(Settings(data=data, database=database)) as parts, snapshot as stream:
        payments = await _paid(stream, found, acknowledged)
        await _booked(stream, found, payments)
        await _kept(stream, found, payments, parts.gateway)
        approved = {
            attempt.id: (attempt.amount.amount, attempt.amount.currency)
            async for attempt in _records(stream, Attempt)
            if attempt.state is State.APPROVED
        }
    found.expect("charges approved", {_charge(id) for id in payments}, set(approved))
    _bank_agrees(data, found, approved)
    return found


def audit(data: Path, database: str | None, found: Found) -> None:
    """Add what `tillgate audit` finds."""
    try:
        server.audit(data, database)
    except subprocess.CalledProcessError as failed:
        found.wrong["the audit"] = (1, failed.output.splitlines()[-1])


async def _paid(stream: Stream, found: Found, acknowledged: set[str]) -> dict[str, Payment]:
    payments = {
        payment.id: payment
        async for payment in _records(stream, Payment)
        if payment.id in acknowledged
        and payment.status is Status.SUCCEEDED
        and payment.captured == payment.amount.amount
    }
    found.expect("payments acknowledged and succeeded", acknowledged, set(payments))
    return payments


async def _booked(stream: Stream, found: Found, payments: dict[str, Payment]) -> None:
    """Each payment's entry moved its amount to the merchant and its fee from there; its events tell of it."""
    entries = {row[0] async for row in stream("select id from entries")}
    found.expect("entries", {_entry(id) for id in payments}, entries)
    moved: dict[str, set[tuple[str, str, str, int]]] = {}
    async for entry, *movement in stream("select entry, source, destination, currency, amount from postings"):
        moved.setdefault(entry, set()).add((movement[0], movement[1], movement[2], movement[3]))
    booked = {id for id, payment in payments.items() if moved.get(_entry(id), set()) == _movements(payment)}
    found.expect("payments with their postings", set(payments), booked)
    told: dict[str, set[int]] = {}
    async for subject, sequence in stream("select stream, sequence from events"):
        told.setdefault(subject, set()).add(sequence)
    found.expect("payments with their events", set(payments), _fully_told(payments, told))


async def _kept(stream: Stream, found: Found, payments: dict[str, Payment], gateway: Gateway) -> None:
    """Each payment's card opens and is the one that paid; each reply opens and is about its payment."""
    cards = {payment.payment_method: id for id, payment in payments.items()}
    opened = set()
    async for method in _records(stream, PaymentMethod):
        with contextlib.suppress(Refused, Unsealable):
            if method.id in cards and (await gateway.cards.reveal(method, None)).number.digits == load.CARD:
                opened.add(cards[method.id])
    found.expect("cards that open", set(payments), opened)
    replied = set()
    async for key in _records(stream, IdempotencyKey):
        with contextlib.suppress(Unsealable):
            status, body = await gateway.secrets.open_reply(key.tenant, key.id, key.reply or b"")
            if status == 200:
                replied.add(msgspec.json.decode(body)["id"].replace("pi_", "pay_"))
    found.expect("replies that open", set(payments), replied)


def _bank_agrees(data: Path, found: Found, approved: dict[str, tuple[int, str]]) -> None:
    """Every charge that we call approved the bank calls approved, by the same amount, and the other way round."""
    with closing(Register.onlooker(data / "bank")) as register:
        theirs = {
            operation.reference: (operation.amount, operation.currency)
            for operation in register.everything()
            if operation.result is Result.APPROVED
        }
    agreed = {id for id, amount in theirs.items() if approved.get(id) == amount}
    found.expect("charges in the bank's books", set(approved), agreed)
    found.expect("charges of the bank in ours", set(theirs), agreed)


def _fully_told(payments: dict[str, Payment], told: dict[str, set[int]]) -> set[str]:
    return {id for id, payment in payments.items() if told.get(id) == set(range(1, payment.events + 1))}


def _charge(payment: str) -> str:
    return f"att_{payment.removeprefix('pay_')}_1"


def _entry(payment: str) -> str:
    return f"{_charge(payment)}:captured"


def _movements(payment: Payment) -> set[tuple[str, str, str, int]]:
    currency = payment.amount.currency
    return {
        (accounts.receivable(payment.bank), accounts.PAYABLE, currency, payment.captured),
        (accounts.PAYABLE, accounts.FEES, currency, payment.fees),
    }


async def _records(stream: Stream, type: type[Record]) -> AsyncIterator[Any]:
    async for shape, body in stream(f"select shape, body from {kept(type).table.name}"):
        yield kept(type).record(shape, body)
