"""What webhook endpoints and deliveries need."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("stream", TEXT, nullable=False),
        sa.Column("sequence", WHOLE, nullable=False),
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("event", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("stream", "sequence", "tenant"),
    )
    op.execute(
        "insert into outbox (stream, sequence, tenant, event, type)"
        " select stream, sequence, tenant, id, type from events where pending"
    )
    op.drop_index("events_to_fan_out", "events")
    op.drop_column("events", "pending")
    op.add_column("events", sa.Column("object", TEXT, nullable=False, server_default=""))
    if op.get_bind().dialect.name == "postgresql":
        op.execute("update events set object = view::json ->> 'id'")
        op.alter_column("events", "object", server_default=None)
    else:
        op.execute("update events set object = json_extract(view, '$.id')")
    op.create_index("events_by_type", "events", ["tenant", "type", "id"], unique=False)
    op.create_index("events_by_object", "events", ["tenant", "object", "id"], unique=False)
    op.create_table(
        "webhook_endpoints",
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("shape", WHOLE, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "bodies",
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("event", TEXT, nullable=False),
        sa.Column("form", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "event", "form"),
    )
    op.create_table(
        "deliveries",
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("endpoint", TEXT, nullable=False),
        sa.Column("event", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("form", TEXT, nullable=False),
        sa.Column("stream", TEXT, nullable=False),
        sa.Column("sequence", WHOLE, nullable=False),
        sa.Column("strict", sa.Boolean(), nullable=False),
        sa.Column("created", WHOLE, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("tries", WHOLE, nullable=False),
        sa.Column("due_at", WHOLE, nullable=True),
        sa.Column("finished_at", WHOLE, nullable=True),
        sa.Column("log", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "endpoint", "event"),
        postgresql_with={"fillfactor": "70"},
    )
    for name, columns, where in (
        ("deliveries_due", ["endpoint", "due_at"], "due_at IS NOT NULL"),
        ("deliveries_in_order", ["endpoint", "stream", "sequence"], "due_at IS NOT NULL"),
        ("deliveries_by_age", ["finished_at"], "finished_at IS NOT NULL"),
    ):
        condition = sa.text(where)
        op.create_index(name, "deliveries", columns, postgresql_where=condition, sqlite_where=condition)
    op.create_table(
        "leases",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("holder", TEXT, nullable=False),
        sa.Column("until", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.execute("insert into schema_state (schema, oldest_compatible) values (3, 3)")
