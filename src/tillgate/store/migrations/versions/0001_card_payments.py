"""Everything that taking a card payment needs."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "aliases",
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "kind", "value"),
    )
    op.create_table(
        "attempts",
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("shape", WHOLE, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "balances",
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("lane", WHOLE, nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "account", "currency", "lane"),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "batches",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("committed_at", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "credentials",
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("credentials_by_tenant", "credentials", ["tenant"], unique=False)
    op.create_table(
        "customers",
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("shape", WHOLE, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "data_keys",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "entries",
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("occurred_at", WHOLE, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("surface", TEXT, nullable=False),
        sa.Column("request_id", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_table(
        "events",
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("stream", TEXT, nullable=False),
        sa.Column("sequence", WHOLE, nullable=False),
        sa.Column("created", WHOLE, nullable=False),
        sa.Column("pending", sa.Boolean(), nullable=False),
        sa.Column("view", TEXT, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("surface", TEXT, nullable=False),
        sa.Column("request_id", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index(
        "events_to_fan_out",
        "events",
        ["id"],
        unique=False,
        postgresql_where=sa.text("pending"),
        sqlite_where=sa.text("pending"),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("shape", WHOLE, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("created", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_index("idempotency_keys_by_age", "idempotency_keys", ["created"], unique=False)
    op.create_table(
        "numbers",
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("series", TEXT, nullable=False),
        sa.Column("number", WHOLE, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "series", "number"),
    )
    op.create_index("numbers_by_subject", "numbers", ["tenant", "subject", "series"], unique=True)
    op.create_table(
        "payment_methods",
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("shape", WHOLE, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("erase_at", WHOLE, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id"),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_index(
        "payment_methods_to_erase",
        "payment_methods",
        ["erase_at"],
        unique=False,
        postgresql_where=sa.text("erase_at IS NOT NULL"),
        sqlite_where=sa.text("erase_at IS NOT NULL"),
    )
    op.create_table(
        "payments",
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("shape", WHOLE, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("customer", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id"),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_index(
        "payments_by_customer",
        "payments",
        ["tenant", "customer", "id"],
        unique=False,
        postgresql_where=sa.text("customer IS NOT NULL"),
        sqlite_where=sa.text("customer IS NOT NULL"),
    )
    op.create_table(
        "postings",
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("entry", TEXT, nullable=False),
        sa.Column("line", WHOLE, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("destination", TEXT, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.CheckConstraint("amount > 0", name="postings_move_money"),
        sa.CheckConstraint("length(currency) = 3", name="postings_name_a_currency"),
        sa.CheckConstraint("source <> destination", name="postings_have_two_sides"),
        sa.PrimaryKeyConstraint("tenant", "entry", "line"),
    )
    op.create_table(
        "refunds",
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("shape", WHOLE, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("payment", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_index("refunds_by_payment", "refunds", ["tenant", "payment", "id"], unique=False)
    op.create_table(
        "schema_state",
        sa.Column("schema", WHOLE, autoincrement=False, nullable=False),
        sa.Column("oldest_compatible", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("schema"),
    )
    op.create_table(
        "series",
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("series", TEXT, nullable=False),
        sa.Column("last", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "series"),
    )
    op.create_table(
        "tenants",
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("shape", WHOLE, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "timers",
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("due_at", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "kind", "subject"),
    )
    op.create_index("timers_by_due_at", "timers", ["due_at"], unique=False)
    op.create_table(
        "tokens",
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("shape", WHOLE, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("erase_at", WHOLE, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id"),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_index(
        "tokens_to_erase",
        "tokens",
        ["erase_at"],
        unique=False,
        postgresql_where=sa.text("erase_at IS NOT NULL"),
        sqlite_where=sa.text("erase_at IS NOT NULL"),
    )
    op.execute("insert into schema_state (schema, oldest_compatible) values (1, 1)")
