"""What more filters need: statuses and terms of setup intents, released payments, what entries moved before fees."""

from collections.abc import Iterator
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

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
    for setups in _portions("select tenant, id, body from setup_intents"):
        _fill(setups)
    op.create_index("setup_intents_by_status", "setup_intents", ["tenant", "status", "id"])
    canceled = (
        "select p.tenant, p.id, p.body from payments p join transactions t on t.tenant = p.tenant"
        " and t.id = 'txn_' || substr(p.id, 5) and t.stage = 'canceled'"
    )
    for payments in _portions(f"select tenant, id, body from ({canceled}) canceled"):
        _each(
            "update transactions set stage = 'released' where tenant = :tenant and id = :id",
            [{"tenant": one["tenant"], "id": f"txn_{one['id'][4:]}"} for one in payments if one.get("authorized")],
        )
    op.add_column("entries", sa.Column("amount", WHOLE, nullable=True))
    op.execute(_MOVED)
    op.execute("insert into schema_state (schema, oldest_compatible) values (10, 10)")


# What follows is how records were read when this was written, and does not change with them.


def _portions(these: str) -> Iterator[list[dict[str, Any]]]:
    """Records in the order of their key, a portion at a time."""
    query = sa.text(f"{these} where (tenant, id) > (:tenant, :id) order by tenant, id limit {AT_ONCE}")
    key = {"tenant": "", "id": ""}
    while rows := op.get_bind().execute(query, key).all():
        yield [{**msgspec.json.decode(row[2]), "tenant": row[0], "id": row[1]} for row in rows]
        key = {"tenant": rows[-1][0], "id": rows[-1][1]}


def _fill(setups: list[dict[str, Any]]) -> None:
    found = [(one, _terms(one)) for one in setups]
    _each(
        "update setup_intents set status = :status, terms = :terms where tenant = :tenant and id = :id",
        [
            {
                "tenant": one["tenant"],
                "id": one["id"],
                "status": _status(one),
                "terms": msgspec.json.encode(terms).decode() if terms else None,
            }
            for one, terms in found
        ],
    )
    _each(
        "insert into terms (tenant, name, value, id) values (:tenant, :name, :value, :id)",
        [
            {"tenant": one["tenant"], "name": name, "value": value, "id": one["id"]}
            for one, terms in found
            for name, value in terms
        ],
    )


def _terms(one: dict[str, Any]) -> list[tuple[str, str]]:
    notes = one.get("metadata", {}).items()
    return sorted((f"metadata[{_writable(name)}]", _writable(value)) for name, value in notes)


def _writable(text: str) -> str:
    return text.replace("\0", "\ufffd")


def _status(one: dict[str, Any]) -> str:
    if one.get("verified"):
        return "succeeded"
    if one.get("canceled_at") is not None:
        return "canceled"
    if one.get("action"):
        return "requires_action"
    if one.get("failure") or one.get("payment_method") is None:
        return "requires_payment_method"
    return "processing" if one.get("attempt") else "requires_confirmation"


def _each(statement: str, values: list[dict[str, Any]]) -> None:
    if values:
        op.get_bind().execute(sa.text(statement), values)
