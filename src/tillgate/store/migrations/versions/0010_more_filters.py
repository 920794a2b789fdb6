"""What more filters need: statuses and terms of setup intents, released payments, what entries moved before fees."""

from collections.abc import Iterator
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

from tillgate.core.payments import Payment
from tillgate.core.records import Record
from tillgate.core.setup_intents import SetupIntent
from tillgate.core.transactions import Stage
from tillgate.store.records import kept, terms_written

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

AT_ONCE = 5_000

_MOVED = """
update entries set amount = moved.amount
from (select tenant, entry,
             sum(case when destination = 'merchant:payable' then amount
                      when destination in ('fees:processing', 'fees:disputes') then 0 else -amount end) as amount
      from postings where 'merchant:payable' in (source, destination) group by tenant, entry) moved
where moved.tenant = entries.tenant and moved.entry = entries.id and entries.balance_transaction is not null
"""


def upgrade() -> None:
    op.add_column("setup_intents", sa.Column("status", TEXT, nullable=False, server_default=""))
    op.add_column("setup_intents", sa.Column("terms", TEXT, nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("setup_intents", "status", server_default=None)
    for setups in _portions(SetupIntent, "select tenant, id, body from setup_intents"):
        _fill(setups)
    op.create_index("setup_intents_by_status", "setup_intents", ["tenant", "status", "id"])
    canceled = (
        "select p.tenant, p.id, p.body from payments p join transactions t on t.tenant = p.tenant"
        " and t.id = 'txn_' || substr(p.id, 5) and t.stage = 'canceled'"
    )
    for payments in _portions(Payment, f"select tenant, id, body from ({canceled}) canceled"):
        _each(
            f"update transactions set stage = '{Stage.RELEASED}' where tenant = :tenant and id = :id",
            [{"tenant": one.tenant, "id": f"txn_{one.id[4:]}"} for one in payments if one.authorized],
        )
    op.add_column("entries", sa.Column("amount", WHOLE, nullable=True))
    op.execute(_MOVED)
    op.execute("insert into schema_state (schema, oldest_compatible) values (10, 10)")


def _portions(type: type[Record], these: str) -> Iterator[list[Any]]:
    """Records of a type in the order of their key, a portion at a time."""
    decode = msgspec.json.Decoder(type).decode
    query = sa.text(f"{these} where (tenant, id) > (:tenant, :id) order by tenant, id limit {AT_ONCE}")
    key = {"tenant": "", "id": ""}
    while rows := op.get_bind().execute(query, key).all():
        yield [decode(row[2]) for row in rows]
        key = {"tenant": rows[-1][0], "id": rows[-1][1]}


def _fill(setups: list[SetupIntent]) -> None:
    found_by = kept(SetupIntent).terms
    assert found_by is not None
    terms = [(one, found_by(one)) for one in setups]
    _each(
        "update setup_intents set status = :status, terms = :terms where tenant = :tenant and id = :id",
        [
            {"tenant": one.tenant, "id": one.id, "status": one.status.value, "terms": terms_written(found)}
            for one, found in terms
        ],
    )
    _each(
        "insert into terms (tenant, name, value, id) values (:tenant, :name, :value, :id)",
        [
            {"tenant": one.tenant, "name": name, "value": value, "id": one.id}
            for one, found in terms
            for name, value in sorted(found)
        ],
    )


def _each(statement: str, values: list[dict[str, Any]]) -> None:
    if values:
        op.get_bind().execute(sa.text(statement), values)
