"""What mails need."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def index(name: str, *columns: str, where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, "mails", list(columns), postgresql_where=condition, sqlite_where=condition)


def upgrade() -> None:
    op.create_table(
        "mails",
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("shape", WHOLE, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("about", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("recipient", TEXT),
        sa.Column("tries", WHOLE, nullable=False),
        sa.Column("due_at", WHOLE),
        sa.Column("erase_at", WHOLE),
        sa.PrimaryKeyConstraint("tenant", "id"),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_index("mails_about", "mails", ["tenant", "about"])
    index("mails_due", "due_at", where="due_at IS NOT NULL")
    index("mails_of_recipients", "recipient", "id", where="due_at IS NOT NULL")
    index("mails_shown", "id", where="state = 'shown'")
    index("mails_to_erase", "erase_at", where="erase_at IS NOT NULL")
    op.execute("insert into schema_state (schema, oldest_compatible) values (19, 19)")
