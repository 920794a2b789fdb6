"""An operator's commands about bank statements: what they take, do and show."""

import asyncio
from typing import Final

import msgspec

from tillgate.core import bank_accounts, currencies
from tillgate.core.arrivals import Arrival, ArrivalState, Debtor, Place, Why
from tillgate.core.collecting_accounts import CollectingAccount
from tillgate.core.instants import Instant
from tillgate.core.merchants import DEMO_SHOP, Tenant
from tillgate.core.reasons import Reason, Refused
from tillgate.core.transfers import Booked
from tillgate.flows import transfers
from tillgate.flows.gateway import Caller, Gateway
from tillgate.flows.transfers import Heard
from tillgate.store.lists import Cursor

AT_ONCE: Final = 50
"""How many lines are taken in beside each other, so that commits are shared."""

MOST_SHOWN: Final = 500


class NameAccount(msgspec.Struct, forbid_unknown_fields=True):
    """Collect transfers in a currency in an account."""

    currency: str
    holder: str
    iban: str
    bic: str | None = None
    merchant: str = DEMO_SHOP.id


class ShowAccount(msgspec.Struct, forbid_unknown_fields=True):
    """Where transfers in a currency are collected."""

    currency: str
    merchant: str = DEMO_SHOP.id


class Told(msgspec.Struct, forbid_unknown_fields=True):
    """A line of a statement, by its number in the file, of an account (empty: the merchant's own)."""

    number: int
    account: str
    booked: Booked


class Book(msgspec.Struct, forbid_unknown_fields=True):
    """Take in lines of a statement."""

    lines: list[Told]
    merchant: str = DEMO_SHOP.id


class Unmatched(msgspec.Struct, forbid_unknown_fields=True):
    """List what a person has to look at."""

    merchant: str = DEMO_SHOP.id


class Match(msgspec.Struct, forbid_unknown_fields=True):
    """Say what an arrival is for."""

    arrival: str
    about: str
    merchant: str = DEMO_SHOP.id


class Return(msgspec.Struct, forbid_unknown_fields=True):
    """Send an arrival back."""

    arrival: str
    iban: str | None = None
    holder: str | None = None
    merchant: str = DEMO_SHOP.id


class Account(msgspec.Struct):
    """A collecting account."""

    currency: str
    holder: str
    iban: str
    bic: str


class Counted(msgspec.Struct):
    """How many lines there were of each kind, and what was wrong with some: the line, and what."""

    counts: dict[Heard, int]
    wrong: list[tuple[int, str]] = []


class Shown(msgspec.Struct):
    """An arrival as an operator sees it."""

    id: str
    state: ArrivalState
    why: Why | None
    booked_at: Instant
    amount: str
    unmatched: str
    debtor: str
    iban: str
    remittance: str
    reference: str
    payment: str | None


async def name_account(gateway: Gateway, tenant: Tenant, given: NameAccount) -> Account:
    """Raises Refused(CURRENCY_UNKNOWN, PARAMETER_INVALID)."""
    coordinates = bank_accounts.parse_iban(given.iban, given.bic, "iban")
    currency = currencies.parse(given.currency, "currency")
    return _account(await transfers.name_account(gateway, tenant, currency, given.holder, coordinates))


async def show_account(gateway: Gateway, tenant: Tenant, given: ShowAccount) -> list[Account]:
    """The one there is, if there is one. Raises Refused(CURRENCY_UNKNOWN)."""
    found = await transfers.account(gateway, tenant, currencies.parse(given.currency, "currency"))
    return [] if found is None else [_account(found)]


async def book(gateway: Gateway, tenant: Tenant, given: Book) -> Counted:
    """Each line whole or not at all; what is wrong with one keeps no other from being taken in."""
    counted = Counted({})
    accounts: dict[str, str] = {}
    for currency in {told.booked.amount.currency for told in given.lines}:
        account = await transfers.account(gateway, tenant, currency)
        accounts[currency] = account.iban if account else ""
    for begun in range(0, len(given.lines), AT_ONCE):
        portion = given.lines[begun : begun + AT_ONCE]
        heard = await asyncio.gather(*[_booked(gateway, tenant, told, accounts) for told in portion])
        for told, one in zip(portion, heard, strict=True):
            if isinstance(one, Heard):
                counted.counts[one] = counted.counts.get(one, 0) + 1
            else:
                counted.wrong.append((told.number, one))
    return counted


async def _booked(gateway: Gateway, tenant: Tenant, told: Told, accounts: dict[str, str]) -> Heard | str:
    currency = told.booked.amount.currency
    own = accounts[currency]
    if not own:
        return f"There is no collecting account for {currency}: name one with `tillgate statements account`."
    if told.account not in ("", own):
        return f"It is of account {told.account}; transfers in {currency} are collected in {own}."
    try:
        return (await transfers.take(gateway, _caller(tenant), own, told.booked)).heard
    except Refused as refused:
        return f"{refused.detail.get('problem', refused.reason.value)}"


async def unmatched(gateway: Gateway, tenant: Tenant, given: Unmatched) -> list[Shown]:
    """Newest first, as many as fit a screen or ten."""
    page = await transfers.unmatched(gateway, _caller(tenant), Cursor(MOST_SHOWN))
    return [_shown(arrival) for arrival in page.records]


async def match(gateway: Gateway, tenant: Tenant, given: Match) -> Shown:
    """Raises what flows.transfers.match refuses."""
    return _shown(await transfers.match(gateway, _caller(tenant), given.arrival, given.about))


async def send_back(gateway: Gateway, tenant: Tenant, given: Return) -> Shown:
    """Raises what flows.transfers.send_back refuses."""
    debtor = None
    if given.iban is not None:
        coordinates = bank_accounts.parse_iban(given.iban, None, "iban")
        debtor = Debtor(given.holder or "", coordinates.number, coordinates.bic or "")
    return _shown(await transfers.send_back(gateway, _caller(tenant), given.arrival, debtor))


def told(refused: Refused) -> str:
    """Why a command was refused, in a sentence."""
    details = refused.detail
    if "problem" in details:
        return f"Invalid {refused.field}: {details['problem']}."
    if refused.field == "iban":
        return "Nobody knows where it came from: say --iban, and --holder."
    if refused.reason is Reason.NOT_FOUND:
        return f"There is no {details.get('object', refused.field)} {details.get('id', '')}."
    return f"It was refused: {refused.reason.value}."


def _caller(tenant: Tenant) -> Caller:
    return Caller(tenant, "system:statements", "cli", "")


def _account(found: CollectingAccount) -> Account:
    return Account(found.id, found.holder, found.iban, found.bic)


def _shown(arrival: Arrival) -> Shown:
    currency = arrival.amount.currency
    waiting = msgspec.structs.replace(arrival.amount, amount=arrival.at(Place.SUSPENSE))
    return Shown(
        id=arrival.id,
        state=arrival.state,
        why=arrival.why,
        booked_at=arrival.booked_at,
        amount=f"{arrival.amount.decimal_text()} {currency}",
        unmatched=f"{waiting.decimal_text()} {currency}",
        debtor=arrival.debtor.name,
        iban=arrival.debtor.iban,
        remittance=arrival.remittance,
        reference=arrival.reference,
        payment=arrival.payment,
    )
