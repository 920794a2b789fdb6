"""What escrow orders need beside payments: parties, projects and settings."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _records(name: str, *more: sa.Column[str]) -> None:
    op.create_table(
        name,
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("shape", WHOLE, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        *more,
        sa.PrimaryKeyConstraint("tenant", "id"),
        postgresql_with={"fillfactor": "50"},
    )


def upgrade() -> None:
    _records("parties", sa.Column("kind", TEXT, nullable=False))
    op.create_index("parties_by_kind", "parties", ["tenant", "kind", "id"])
    _records("projects", sa.Column("customer", TEXT))
    known = sa.text("customer IS NOT NULL")
    columns = ["tenant", "customer", "id"]
    op.create_index("projects_by_customer", "projects", columns, postgresql_where=known, sqlite_where=known)
    _records("escrow_settings")
    op.execute("insert into schema_state (schema, oldest_compatible) values (17, 17)")
