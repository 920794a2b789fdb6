"""What people who sign in need, and what clients may do in their names."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def record_table(name: str, *columns: sa.Column[object]) -> None:
    op.create_table(
        name,
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("shape", WHOLE, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("tenant", "id"),
        postgresql_with={"fillfactor": "50"},
    )


def erase_at() -> sa.Column[object]:
    return sa.Column("erase_at", WHOLE, nullable=False)


def upgrade() -> None:
    record_table("people")
    record_table("memberships")
    op.create_index("memberships_by_person", "memberships", ["id"])
    record_table("sessions", erase_at(), sa.Column("person", TEXT, nullable=False))
    op.create_index("sessions_by_person", "sessions", ["person"])
    op.create_index("sessions_to_erase", "sessions", ["erase_at"])
    record_table("tries", erase_at())
    op.create_index("tries_to_erase", "tries", ["erase_at"])
    record_table("oauth_clients")
    op.create_index("oauth_clients_by_id", "oauth_clients", ["id"])
    record_table("oauth_grants", erase_at(), sa.Column("person", TEXT))
    op.create_index("oauth_grants_by_id", "oauth_grants", ["id"])
    is_persons = sa.text("person IS NOT NULL")
    op.create_index(
        "oauth_grants_by_person", "oauth_grants", ["person"], postgresql_where=is_persons, sqlite_where=is_persons
    )
    op.create_index("oauth_grants_to_erase", "oauth_grants", ["erase_at"])
    op.execute("insert into schema_state (schema, oldest_compatible) values (13, 13)")
