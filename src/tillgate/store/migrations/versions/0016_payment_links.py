"""What payment links need."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "payment_links",
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("shape", WHOLE, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_index("payment_links_by_status", "payment_links", ["tenant", "status", "id"])
    op.execute("insert into schema_state (schema, oldest_compatible) values (16, 16)")
