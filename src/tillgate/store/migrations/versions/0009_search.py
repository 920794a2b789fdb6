"""What filters and search need: a stage and an amount for each transaction, and terms."""

from collections.abc import Iterator
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

from tillgate.core.customers import Customer
from tillgate.core.disputes import Dispute
from tillgate.core.payment_methods import PaymentMethod
from tillgate.core.payments import Payment
from tillgate.core.payouts import Payout
from tillgate.core.records import Record
from tillgate.core.refunds import Refund
from tillgate.store.records import kept, terms_written

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

AT_ONCE = 5_000


def upgrade() -> None:
    for name in ("payments", "refunds", "disputes", "customers", "payment_methods", "payouts"):
        if name in ("disputes", "payouts"):
            _amounts(name)
        if name == "refunds":
            op.add_column(name, sa.Column("customer", TEXT, nullable=True))
        op.add_column(name, sa.Column("terms", TEXT, nullable=True))
    op.create_table(
        "terms",
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name", "value", "id"),
        sqlite_with_rowid=False,
    )
    op.drop_table("transactions")
    op.create_table(
        "transactions",
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("stage", TEXT, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("customer", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    for type in (Payment, Refund, Dispute, Customer, PaymentMethod, Payout):
        for rows in _portions(type):
            _fill(type, rows)
    stages = ["tenant", "stage", "id", "currency", "amount"]
    op.create_index("transactions_by_stage", "transactions", stages)
    named, customers = sa.text("customer IS NOT NULL"), ["tenant", "customer", "id"]
    for name in ("transactions", "refunds"):
        op.create_index(f"{name}_by_customer", name, customers, postgresql_where=named, sqlite_where=named)
    op.execute("insert into schema_state (schema, oldest_compatible) values (9, 9)")


def _amounts(name: str) -> None:
    op.add_column(name, sa.Column("currency", TEXT, nullable=False, server_default=""))
    op.add_column(name, sa.Column("amount", WHOLE, nullable=False, server_default="0"))
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column(name, "currency", server_default=None)
        op.alter_column(name, "amount", server_default=None)
    op.drop_index(f"{name}_by_status", name)
    op.create_index(f"{name}_by_status", name, ["tenant", "status", "id", "currency", "amount"])


def _portions(type: type[Record]) -> Iterator[list[Any]]:
    """The records of a type in the order of their key, a portion at a time."""
    decode = msgspec.json.Decoder(type).decode
    query = sa.text(
        f"select tenant, id, body from {kept(type).table.name} where (tenant, id) > (:tenant, :id)"
        f" order by tenant, id limit {AT_ONCE}"
    )
    key = {"tenant": "", "id": ""}
    while rows := op.get_bind().execute(query, key).all():
        yield [decode(row[2]) for row in rows]
        key = {"tenant": rows[-1][0], "id": rows[-1][1]}


def _fill(type: type[Record], records: list[Any]) -> None:
    name, found_by = kept(type).table.name, kept(type).terms
    assert found_by is not None, name
    terms = {(record.tenant, record.id): found_by(record) for record in records}
    _each(
        f"update {name} set terms = :terms where tenant = :tenant and id = :id",
        [{"tenant": tenant, "id": id, "terms": terms_written(found)} for (tenant, id), found in terms.items() if found],
    )
    _each(
        "insert into terms (tenant, name, value, id) values (:tenant, :name, :value, :id)",
        [
            {"tenant": tenant, "name": name, "value": value, "id": id}
            for (tenant, id), found in terms.items()
            for name, value in sorted(found)
        ],
    )
    lines = [line for record in records if (line := kept(type).listed(record)) is not None]
    _each(
        "insert into transactions (tenant, id, stage, currency, amount, customer)"
        " values (:tenant, :id, :stage, :currency, :amount, :customer)",
        [{**msgspec.structs.asdict(line), "stage": line.stage.value} for line in lines],
    )
    if type is Refund:
        _each(
            "update refunds set customer = :customer where tenant = :tenant and id = :id",
            [
                {"tenant": one.tenant, "id": one.id, "customer": one.customer}
                for one in records
                if one.customer is not None
            ],
        )
    if type in (Dispute, Payout):
        _each(
            f"update {name} set currency = :currency, amount = :amount where tenant = :tenant and id = :id",
            [
                {"tenant": one.tenant, "id": one.id, "currency": one.amount.currency, "amount": one.amount.amount}
                for one in records
            ],
        )


def _each(statement: str, values: list[dict[str, Any]]) -> None:
    if values:
        op.get_bind().execute(sa.text(statement), values)
