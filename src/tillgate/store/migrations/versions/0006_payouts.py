"""What payouts need: from when on what moved a balance can be paid out, and in which statement it was."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_MOVED = """
from (select tenant, entry, min(currency) as currency,
             sum(case when destination = 'merchant:payable' then amount else -amount end) as net
      from postings where 'merchant:payable' in (source, destination) group by tenant, entry) moved
where moved.tenant = entries.tenant and moved.entry = entries.id and entries.balance_transaction is not null
"""


def upgrade() -> None:
    for name, type in (("currency", TEXT), ("net", WHOLE), ("available_at", WHOLE), ("statement", TEXT)):
        op.add_column("entries", sa.Column(name, type, nullable=True))
    # What moved balances before was available at once.
    op.execute(f"update entries set currency = moved.currency, net = moved.net, available_at = occurred_at {_MOVED}")
    for index, columns, where in (
        (
            "entries_in_no_statement",
            ["tenant", "currency", "available_at", "balance_transaction"],
            "statement IS NULL AND available_at IS NOT NULL",
        ),
        ("entries_of_statements", ["tenant", "statement", "balance_transaction"], "statement IS NOT NULL"),
    ):
        condition = sa.text(where)
        op.create_index(index, "entries", columns, postgresql_where=condition, sqlite_where=condition)
    _records("bank_accounts", sa.Column("currency", TEXT, nullable=False))
    op.create_index("bank_accounts_by_currency", "bank_accounts", ["tenant", "currency", "id"], unique=False)
    _records("payouts", sa.Column("status", TEXT, nullable=False))
    op.create_index("payouts_by_status", "payouts", ["tenant", "status", "id"], unique=False)
    _records("settlements")
    _records("payout_settings")
    op.execute("insert into schema_state (schema, oldest_compatible) values (6, 6)")


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
