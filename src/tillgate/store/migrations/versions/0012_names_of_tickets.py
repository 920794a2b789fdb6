"""The names of tickets, which are nobody's, by whose tickets they are: they go with a sandbox that is removed."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    everybodys = sa.text("tenant = 'directory'")
    columns = ["tenant", "id", "kind", "value"]
    op.create_index("aliases_of_everybody", "aliases", columns, postgresql_where=everybodys, sqlite_where=everybodys)
    op.execute("insert into schema_state (schema, oldest_compatible) values (12, 11)")
