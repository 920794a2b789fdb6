"""Balances: what each account holds, summed over the lanes in which it is kept."""

import sqlalchemy as sa

from tillgate.store import schema
from tillgate.store.database import Store

_BY_ACCOUNT = (
    sa.select(schema.balances.c.currency, sa.func.sum(schema.balances.c.amount))
    .where(
        schema.balances.c.tenant == sa.bindparam("tenant"),
        schema.balances.c.account == sa.bindparam("account"),
    )
    .group_by(schema.balances.c.currency)
    .order_by(schema.balances.c.currency)
)


async def of_account(store: Store, tenant: str, account: str) -> dict[str, int]:
    """A tenant's balance in an account, in minor units by currency."""
    rows = await store.engine.fetch(_BY_ACCOUNT, {"tenant": tenant, "account": account})
    return {row[0]: int(row[1]) for row in rows}
