"""What merchants' clocks need: where they are, and which timers go by them."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

BUSINESS = (
    "expire_authorization",
    "expire_challenge",
    "expire_checkout",
    "pay_out",
    "send_payout",
    "settle_transfer",
    "follow_dispute",
    "escrow_order",
    "pay_parties",
)


def upgrade() -> None:
    op.create_table(
        "clocks",
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("shape", WHOLE, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("ahead", WHOLE, nullable=False),
        sa.Column("stands_at", WHOLE),
        sa.PrimaryKeyConstraint("tenant", "id"),
        postgresql_with={"fillfactor": "50"},
    )
    op.add_column("timers", sa.Column("clock", TEXT, nullable=False, server_default="wall"))
    kinds = ", ".join(f"'{kind}'" for kind in BUSINESS)
    op.execute(f"update timers set clock = 'business' where kind in ({kinds})")
    is_business = sa.text("clock = 'business'")
    op.create_index(
        "timers_of_business",
        "timers",
        ["tenant", "due_at", "kind", "subject"],
        postgresql_where=is_business,
        sqlite_where=is_business,
    )
    op.execute("insert into schema_state (schema, oldest_compatible) values (18, 18)")
