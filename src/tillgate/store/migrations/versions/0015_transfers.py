"""What money that arrives by itself needs."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
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


def _index(name: str, *columns: str, where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, "arrivals", list(columns), postgresql_where=condition, sqlite_where=condition)


def upgrade() -> None:
    _records("arrivals", sa.Column("payment", TEXT), sa.Column("status", TEXT, nullable=False))
    _index("arrivals_of_payments", "tenant", "payment", "id", where="payment IS NOT NULL")
    op.create_index("arrivals_by_status", "arrivals", ["tenant", "status", "id"])
    _records("collecting_accounts")
    op.execute("insert into schema_state (schema, oldest_compatible) values (15, 15)")
