"""What filters and search need: a stage and an amount for each transaction, and terms."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

AT_ONCE = 5_000

TABLES = ("payments", "refunds", "disputes", "customers", "payment_methods", "payouts")

# What follows is how records were read when this was written, and does not change with them.


def upgrade() -> None:
    for name in TABLES:
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
    for name in TABLES:
        for records in _portions(name):
            _fill(name, records)
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


def _portions(name: str) -> Iterator[list[dict[str, Any]]]:
    """The records of a table in the order of their key, a portion at a time."""
    query = sa.text(
        f"select tenant, id, body from {name} where (tenant, id) > (:tenant, :id) order by tenant, id limit {AT_ONCE}"
    )
    key = {"tenant": "", "id": ""}
    while rows := op.get_bind().execute(query, key).all():
        yield [{**msgspec.json.decode(row[2]), "tenant": row[0], "id": row[1]} for row in rows]
        key = {"tenant": rows[-1][0], "id": rows[-1][1]}


def _fill(name: str, records: list[dict[str, Any]]) -> None:
    found = [(one["tenant"], one["id"], _terms(name, one)) for one in records]
    _each(
        f"update {name} set terms = :terms where tenant = :tenant and id = :id",
        [
            {"tenant": tenant, "id": id, "terms": msgspec.json.encode(terms).decode()}
            for tenant, id, terms in found
            if terms
        ],
    )
    _each(
        "insert into terms (tenant, name, value, id) values (:tenant, :name, :value, :id)",
        [
            {"tenant": tenant, "name": name, "value": value, "id": id}
            for tenant, id, terms in found
            for name, value in terms
        ],
    )
    if name in ("payments", "refunds"):
        lines = [_of_payment(one) if name == "payments" else _of_refund(one) for one in records]
        _each(
            "insert into transactions (tenant, id, stage, currency, amount, customer)"
            " values (:tenant, :id, :stage, :currency, :amount, :customer)",
            [line for line in lines if line is not None],
        )
    if name == "refunds":
        _each(
            "update refunds set customer = :customer where tenant = :tenant and id = :id",
            [{name: one[name] for name in ("tenant", "id", "customer")} for one in records if one.get("customer")],
        )
    if name in ("disputes", "payouts"):
        _each(
            f"update {name} set currency = :currency, amount = :amount where tenant = :tenant and id = :id",
            [{"tenant": one["tenant"], "id": one["id"], **one["amount"]} for one in records],
        )


def _terms(name: str, one: dict[str, Any]) -> list[tuple[str, str]]:
    terms = {(f"metadata[{_writable(key)}]", _writable(value)) for key, value in one.get("metadata", {}).items()}
    if name == "payments":
        terms |= {("former_customer", id) for id in one.get("former_customers", ())}
    if name == "customers":
        texts = [one.get(field) or "" for field in ("email", "name", "phone", "description")]
        words = [re.findall(r"[^\W_]+", text.casefold())[:40] for text in texts]
        terms |= {("word", word[:64]) for found in words for word in found}
    return sorted(terms)


def _writable(text: str) -> str:
    return text.replace("\0", "\ufffd")


def _of_payment(one: dict[str, Any]) -> dict[str, Any] | None:
    if not one.get("events"):
        return None
    customer = one["customer"]["id"] if one.get("customer") else None
    return {**_line(one, "pay_"), "stage": _stage(one), "customer": customer}


def _of_refund(one: dict[str, Any]) -> dict[str, Any] | None:
    if not one.get("announced"):
        return None
    return {**_line(one, "re_"), "stage": f"refund_{one.get('state', 'pending')}", "customer": one.get("customer")}


def _line(one: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {"tenant": one["tenant"], "id": f"txn_{one['id'].removeprefix(prefix)}", **one["amount"]}


def _stage(one: dict[str, Any]) -> str:
    is_draft = one.get("intent") is not None and not one.get("attempts_made")
    is_asking = any(held["kind"] not in ("return", "release") for held in one.get("in_flight", ()))
    if one.get("captured"):
        return "succeeded"
    if one.get("canceled"):
        return "draft_canceled" if is_draft else "canceled"
    if one.get("authorized"):
        return "authorized"
    if one.get("action"):
        return "requires_action"
    if one.get("failure"):
        return "retried" if is_asking else "failed"
    if is_asking:
        return "processing"
    if one.get("payment_method") is None:
        return "draft_without_method" if is_draft else "requires_method"
    return "draft" if is_draft else "requires_confirmation"


def _each(statement: str, values: list[dict[str, Any]]) -> None:
    if values:
        op.get_bind().execute(sa.text(statement), values)
