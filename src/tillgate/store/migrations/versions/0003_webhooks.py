"""What webhook endpoints and deliveries need."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("insert into schema_state (schema, oldest_compatible) values (3, 3)")
