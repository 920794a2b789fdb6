"""Tables: how those are made in which records are kept, and the types of columns, on both engines alike."""

import sqlalchemy as sa

metadata = sa.MetaData()

Text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Text that sorts by its bytes, on both engines alike."""

Whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A 64-bit whole number."""


def record_table(name: str, *more: sa.schema.SchemaItem, is_found_by_terms: bool = False) -> sa.Table:
    """A table of records: the key, the version that guards against lost updates, and the record itself.

    Rows of records are rewritten soon after they are made, so pages keep room for the second version beside the first.
    What a record is found by stands in `terms` as well, as JSON: whoever overwrites it sees which terms are no more.
    """
    more += (sa.Column("terms", Text),) if is_found_by_terms else ()
    return sa.Table(
        name,
        metadata,
        sa.Column("tenant", Text, primary_key=True),
        sa.Column("id", Text, primary_key=True),
        sa.Column("version", Whole, nullable=False),
        sa.Column("shape", Whole, nullable=False),
        sa.Column("body", Text, nullable=False),
        *more,
        postgresql_with={"fillfactor": "50"},
    )


def partial_index(name: str, *columns: str, where: str) -> sa.Index:
    condition = sa.text(where)
    return sa.Index(name, *columns, postgresql_where=condition, sqlite_where=condition)
