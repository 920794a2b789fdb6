"""What customers, payment methods, transactions and access tokens need."""

import os
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from tillgate.core.ids import Ids

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

AT_ONCE = 5_000


def partial_index(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, postgresql_where=condition, sqlite_where=condition)


def upgrade() -> None:
    op.add_column("credentials", sa.Column("erase_at", WHOLE, nullable=True))
    op.add_column("customers", sa.Column("email", TEXT, nullable=True))
    op.add_column("payment_methods", sa.Column("customer", TEXT, nullable=True))
    op.add_column("idempotency_keys", sa.Column("person", TEXT, nullable=True))
    op.add_column("entries", sa.Column("type", TEXT, nullable=True))
    op.add_column("entries", sa.Column("balance_transaction", TEXT, nullable=True))
    op.create_table(
        "erasures",
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("shape", WHOLE, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "transactions",
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("customer", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    partial_index("credentials_to_erase", "credentials", ["erase_at"], "erase_at IS NOT NULL")
    customers()
    people_in_replies()
    customers_of_refunds()
    transactions()
    balance_transactions()
    partial_index("customers_by_email", "customers", ["tenant", "email", "id"], "email IS NOT NULL")
    partial_index(
        "payment_methods_by_customer", "payment_methods", ["tenant", "customer", "id"], "customer IS NOT NULL"
    )
    partial_index("idempotency_keys_by_person", "idempotency_keys", ["tenant", "person", "id"], "person IS NOT NULL")
    op.create_index("transactions_by_status", "transactions", ["tenant", "status", "id", "type", "currency"])
    partial_index("transactions_by_customer", "transactions", ["tenant", "customer", "id"], "customer IS NOT NULL")
    partial_index("transactions_of_refunds", "transactions", ["tenant", "id"], "type = 'refund'")
    partial_index(
        "entries_of_balance",
        "entries",
        ["tenant", "balance_transaction"],
        "balance_transaction IS NOT NULL",
        unique=True,
    )
    partial_index("entries_of_refunds", "entries", ["tenant", "balance_transaction"], "type = 'refund'")
    op.execute("insert into schema_state (schema, oldest_compatible) values (2, 2)")


def on_postgres() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def field(path: str, column: str = "body") -> str:
    """What a record's JSON says, as text, under a path of names with dots."""
    if on_postgres():
        return f"({column}::json #>> '{{{path.replace('.', ',')}}}')"
    return f"json_extract({column}, '$.{path}')"


def number(path: str, column: str = "body") -> str:
    return f"coalesce(cast({field(path, column)} as bigint), 0)"


def portions(columns: str, table: str) -> Iterator[list[Any]]:
    """A table's rows in the order of their key, a portion at a time: tenant, id and these columns."""
    query = sa.text(
        f"select tenant, id, {columns} from {table} where (tenant, id) > (:tenant, :id)"
        f" order by tenant, id limit {AT_ONCE}"
    )
    key = {"tenant": "", "id": ""}
    while rows := op.get_bind().execute(query, key).all():
        yield list(rows)
        key = {"tenant": rows[-1][0], "id": rows[-1][1]}


def change_each(statement: str, values: list[dict[str, Any]]) -> None:
    if values:
        op.get_bind().execute(sa.text(statement), values)


def copy_into_body(table: str, column: str) -> None:
    """Write a column into the records as well."""
    if on_postgres():
        body = f"jsonb_set(body::jsonb, '{{{column}}}', to_jsonb({column}))::text"
    else:
        body = f"json_set(body, '$.{column}', {column})"
    op.execute(f"update {table} set body = {body} where {column} is not null")


def customers() -> None:
    """Addresses as they are compared; databases do not know case as we do."""
    for rows in portions(field("email"), "customers"):
        change_each(
            "update customers set email = :email where tenant = :tenant and id = :id",
            [{"tenant": row[0], "id": row[1], "email": row[2].strip().casefold()} for row in rows if row[2]],
        )


def people_in_replies() -> None:
    """Whom a kept reply shows."""
    payment = f"'pay_' || substr({field('subject', 'idempotency_keys.body')}, 5, 26)"
    op.execute(
        "update idempotency_keys set person = (select customer from payments"
        f" where payments.tenant = idempotency_keys.tenant and payments.id = {payment})"
    )
    copy_into_body("idempotency_keys", "person")


def customers_of_refunds() -> None:
    """A refund knows whose payment it gives back."""
    op.add_column("refunds", sa.Column("customer", TEXT, nullable=True))
    op.execute(
        "update refunds set customer = (select customer from payments"
        " where payments.tenant = refunds.tenant and payments.id = refunds.payment)"
    )
    copy_into_body("refunds", "customer")
    op.drop_column("refunds", "customer")


def transactions() -> None:
    """Payments and refunds that a bank has answered, as far as each is by now."""
    status = f"""case
        when {number("captured")} > 0 then 'succeeded'
        when {field("canceled")} is not null then 'failed'
        when {number("authorized")} > 0 or {field("action")} is not null then 'pending'
        when {field("failure")} is not null then 'failed'
        else 'pending' end"""
    columns = "transactions (tenant, id, type, status, currency, customer)"
    op.execute(
        f"insert into {columns} select tenant, 'txn_' || substr(id, 5), 'payment', {status},"
        f" {field('amount.currency')}, customer from payments where {number('events')} > 0"
    )
    op.execute(
        f"insert into {columns} select tenant, 'txn_' || substr(id, 4), 'refund',"
        f" coalesce({field('state')}, 'pending'), {field('amount.currency')}, {field('customer')} from refunds"
        f" where cast({field('announced')} as text) in ('1', 'true')"
    )


def balance_transactions() -> None:
    """Entries that moved what merchants are owed get their second id, and refunds' the refund for their subject."""
    op.execute(
        f"update entries set type = 'refund', subject = (select {field('refund')} from attempts"
        " where attempts.tenant = entries.tenant and attempts.id = substr(entries.id, 1, length(entries.id) - 9))"
        " where id like 'att%refunded'"
    )
    op.execute("update entries set type = 'charge' where id like 'att%captured'")
    ids = Ids(os.urandom)
    for rows in portions("type, occurred_at", "entries"):
        change_each(
            "update entries set balance_transaction = :name where tenant = :tenant and id = :id",
            [{"tenant": row[0], "id": row[1], "name": ids.new("bt", row[3])} for row in rows if row[2]],
        )
