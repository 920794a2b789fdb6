"""Our books against those of the bank of phone wallets: what the one says was held and taken, the other says too."""

from collections import Counter
from pathlib import Path

import sqlalchemy as sa

from tests.surfaces.athmovil.business import Business
from tillgate.connectors import phone
from tillgate.core import accounts
from tillgate.sandbox.phone_books import OPENING_BALANCE, Operation
from tillgate.store import audit

_SIGNS = {
    ("holds", "authorize"): -1,
    ("holds", "capture"): 1,
    ("holds", "void"): 1,
    ("receivable", "capture"): -1,
    ("receivable", "refund"): 1,
}
_NAMES = {accounts.holds(phone.NAME): "holds", accounts.receivable(phone.NAME): "receivable"}
_BALANCES = sa.text("select account, sum(amount) from balances where tenant = :tenant group by account")


async def assert_in_order(seller: Business, home: Path, database: str | None) -> None:
    """The audit finds nothing, both books agree, and every wallet is short of what was taken or is held, no more."""
    assert (await audit.audit(database, home)).differences == []
    done = [one for one in seller.parts.phones.statement() if one.merchant_id == seller.tenant.id]
    expected = Counter[str]()
    for operation in done:
        for (account, kind), sign in _SIGNS.items():
            if operation.result == "approved" and operation.kind == kind and not _withdraws(operation, done):
                expected[account] += sign * operation.amount
    rows = await seller.parts.gateway.store.engine.fetch(_BALANCES, {"tenant": seller.tenant.id})
    booked = Counter({_NAMES[account]: int(amount) for account, amount in rows if account in _NAMES})
    assert {name: booked[name] for name in _NAMES.values()} == {name: expected[name] for name in _NAMES.values()}
    for number in {one.phone for one in done if one.phone}:
        moved = sum(line.amount for line in seller.parts.phones.history(number, 1_000))
        assert seller.parts.phones.wallet(number).balance == OPENING_BALANCE + moved


def held(seller: Business) -> int:
    """What the bank holds of customers' money for a business, in cents."""
    done = [one for one in seller.parts.phones.statement() if one.merchant_id == seller.tenant.id]
    signs = {kind: -sign for (account, kind), sign in _SIGNS.items() if account == "holds"}
    approved = [one for one in done if one.result == "approved" and not _withdraws(one, done)]
    return sum(signs.get(one.kind, 0) * one.amount for one in approved)


def _withdraws(operation: Operation, done: list[Operation]) -> bool:
    """Whether it ended what nobody had confirmed: nothing was held."""
    target = next((one for one in done if one.reference == operation.target), None)
    return operation.kind == "void" and target is not None and target.result != "approved"
