"""What sandboxes and planted faults need."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _record_table(name: str, *more: sa.Column[object]) -> None:
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
    _record_table("faults", sa.Column("lives_until", WHOLE))
    planted = sa.text("lives_until IS NOT NULL")
    op.create_index(
        "faults_planted", "faults", ["lives_until", "tenant"], postgresql_where=planted, sqlite_where=planted
    )
    _record_table("sandboxes", sa.Column("status", TEXT, nullable=False))
    op.create_index("sandboxes_by_status", "sandboxes", ["tenant", "status", "id"])
    op.execute("insert into schema_state (schema, oldest_compatible) values (7, 7)")
