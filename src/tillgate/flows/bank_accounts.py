"""Bank accounts: where a merchant wants to be paid out to."""

from tillgate.core import bank_accounts, payout_settings
from tillgate.core.bank_accounts import BankAccount, Coordinates
from tillgate.core.decisions import Decision
from tillgate.core.occasions import Occasion
from tillgate.core.payout_settings import PayoutSettings
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import changes, records
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.flows.idempotency import Key
from tillgate.store import find, lists
from tillgate.store.batches import Conflict
from tillgate.store.lists import Cursor, Page


async def create(
    gateway: Gateway,
    caller: Caller,
    key: Key | None,
    coordinates: Coordinates,
    holder: str,
    currency: str,
    metadata: dict[str, str],
    render: changes.Render[BankAccount],
) -> Answer:
    """Keep an account, its number under seal. Raises Refused(CURRENCY_UNKNOWN)."""
    bank_accounts.check_currency(currency)

    async def decide(occasion: Occasion) -> tuple[BankAccount, Decision]:
        id = occasion.mint("ba")
        account = BankAccount(
            tenant=caller.tenant.id,
            id=id,
            created=occasion.now,
            holder=holder,
            currency=currency,
            country=coordinates.country,
            last4=coordinates.number[-4:],
            sealed=gateway.secrets.seal_bank_account(caller.tenant.id, id, coordinates.number),
            routing=coordinates.routing,
            bic=coordinates.bic,
            bank_name=coordinates.bank_name,
            metadata=metadata,
        )
        return account, Decision(save=(account,))

    return await changes.make(gateway, caller, key, decide, render)


async def delete(gateway: Gateway, caller: Caller, account_id: str) -> None:
    """Forget an account; a payout to it that the bank has not heard of fails. Raises Refused(NOT_FOUND)."""
    while True:
        account = await fetch(gateway, caller, account_id)
        settings = await find.record(gateway.store, PayoutSettings, caller.tenant.id, payout_settings.ID)
        chosen = settings is not None and account_id in settings.destinations.values()
        save = (payout_settings.without(settings, account_id),) if settings and chosen else ()
        try:
            return await gateway.store.commit(Decision(save=save, remove=(account,)))
        except Conflict:
            continue


async def fetch(gateway: Gateway, caller: Caller, account_id: str, field: str = "bank_account") -> BankAccount:
    """A merchant's account. Raises Refused(NOT_FOUND)."""
    return await records.fetch(gateway, caller, BankAccount, account_id, "bank_account", field)


async def taking(gateway: Gateway, caller: Caller, account_id: str, currency: str, field: str) -> BankAccount:
    """A merchant's account that takes a currency. Raises Refused(NOT_FOUND), Refused(PARAMETER_INVALID)."""
    account = await fetch(gateway, caller, account_id, field)
    if account.currency != currency:
        problem = f"this account takes {account.currency}, not {currency}"
        raise Refused(Reason.PARAMETER_INVALID, field, problem=problem)
    return account


async def newest(gateway: Gateway, caller: Caller, currency: str) -> BankAccount:
    """The account in a currency that was added last. Raises Refused(BANK_ACCOUNT_MISSING)."""
    account = await find.newest(gateway.store, BankAccount, caller.tenant.id, ("currency", currency))
    if account is None:
        raise Refused(Reason.BANK_ACCOUNT_MISSING, "destination", currency=currency)
    return account


async def page(gateway: Gateway, caller: Caller, cursor: Cursor, currency: str | None) -> Page[BankAccount]:
    """A merchant's accounts, newest first; those in one currency only if one is named."""
    where = {"currency": currency} if currency is not None else {}
    return await lists.page(gateway.store, BankAccount, caller.tenant.id, cursor, where=where)
