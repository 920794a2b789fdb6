"""What customers, payment methods, transactions and access tokens need."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("insert into schema_state (schema, oldest_compatible) values (2, 2)")
