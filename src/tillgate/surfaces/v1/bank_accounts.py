"""Bank accounts on the wire: where payouts go; of their numbers only the last digits are ever shown."""

from typing import Annotated

import msgspec
from msgspec import Meta

from tillgate.core import bank_accounts as core
from tillgate.core import currencies
from tillgate.core.bank_accounts import BankAccount, Coordinates
from tillgate.core.credentials import Scope
from tillgate.core.instants import unix_seconds
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import bank_accounts
from tillgate.flows.gateway import Answer
from tillgate.http.exchange import Reply
from tillgate.surfaces.v1 import expansion
from tillgate.surfaces.v1.forms import ListGiven, ListShown, Metadata, list_shown
from tillgate.surfaces.v1.free_text import CARD_NUMBER
from tillgate.surfaces.v1.operations import Call, Nothing, answer, answered, operation, shown

_PATH = "/v1/bank_accounts"

Number = Annotated[str, Meta(min_length=4, max_length=50), CARD_NUMBER]
"""A number of an account, of which some look like those of cards."""


class BankAccountGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An account: an IBAN, or the routing and account number of one in the United States or, by `country`, Nigeria."""

    account_holder_name: Annotated[str, Meta(min_length=1, max_length=255)]
    currency: str | None = None
    country: Annotated[str, Meta(min_length=2, max_length=2)] | None = None
    iban: Number | None = None
    bic: Annotated[str, Meta(max_length=20)] | None = None
    account_number: Number | None = None
    routing_number: Annotated[str, Meta(max_length=20)] | None = None
    metadata: Metadata = {}

    def parse(self) -> Coordinates:
        """The account, checked. Raises Refused(PARAMETER_MISSING, PARAMETER_INVALID)."""
        if self.iban is not None and self.account_number is not None:
            raise Refused(Reason.PARAMETER_INVALID, "account_number", problem="it excludes iban")
        number, field = (self.iban, "iban") if self.iban is not None else (self.account_number, "account_number")
        if number is None:
            raise Refused(Reason.PARAMETER_MISSING, "iban" if self.routing_number is None else "account_number")
        country = (self.country or "").upper()
        if self.iban is None and country == "NG":
            found = core.parse_ng(number, self.routing_number)
        elif self.iban is None and (self.routing_number is not None or country == "US"):
            found = core.parse_us(number, self.routing_number)
        else:
            found = core.parse_iban(number, self.bic, field)
        if country and country != found.country:
            raise Refused(Reason.PARAMETER_INVALID, "country", problem=f"this account is in {found.country}")
        return found


class BankAccountsGiven(ListGiven, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A page of bank accounts, of those in one currency if that is said."""

    currency: str | None = None


class BankAccountShown(msgspec.Struct, frozen=True, kw_only=True):
    """A bank account."""

    id: str
    object: str = "bank_account"
    account_holder_name: str
    bank_name: str | None
    bic: str | None
    country: str
    currency: str
    last4: str
    routing_number: str | None
    metadata: dict[str, str]
    created: int
    livemode: bool


class DeletedBankAccountShown(msgspec.Struct, frozen=True, kw_only=True):
    """What was deleted."""

    id: str
    object: str = "bank_account"
    deleted: bool = True


def show(account: BankAccount, *, livemode: bool) -> BankAccountShown:
    """An account in this API's form."""
    return BankAccountShown(
        id=account.id,
        account_holder_name=account.holder,
        bank_name=account.bank_name,
        bic=account.bic,
        country=account.country,
        currency=account.currency.lower(),
        last4=account.last4,
        routing_number=account.routing,
        metadata=account.metadata,
        created=unix_seconds(account.created),
        livemode=livemode,
    )


@operation("POST", _PATH, Scope.PAYOUTS_WRITE, BankAccountGiven, BankAccountShown)
async def create(call: Call) -> Reply:
    """Add a bank account to be paid out to. In the currency that is said, or that of its country."""
    given: BankAccountGiven = call.given
    coordinates = given.parse()
    if given.currency is None and core.default_currency(coordinates.country) is None:
        raise Refused(Reason.PARAMETER_MISSING, "currency")
    currency = given.currency or core.default_currency(coordinates.country) or ""

    async def rendered(account: BankAccount) -> Answer:
        return await answer(call, show(account, livemode=call.tenant.is_live))

    answer_given = await bank_accounts.create(
        call.gateway,
        call.caller,
        call.key,
        coordinates,
        given.account_holder_name,
        currencies.parse(currency, "currency"),
        given.metadata,
        rendered,
    )
    return answered(answer_given)


@operation("GET", _PATH, Scope.PAYOUTS_READ, BankAccountsGiven, ListShown[BankAccountShown])
async def page(call: Call) -> Reply:
    """Bank accounts, newest first. The newest in a currency is the one that is paid out to if none is named."""
    given: BankAccountsGiven = call.given
    currency = currencies.parse(given.currency, "currency") if given.currency is not None else None
    found = await bank_accounts.page(call.gateway, call.caller, given.cursor("ba"), currency)
    livemode = call.tenant.is_live
    return await shown(call, list_shown(found, _PATH, lambda account: show(account, livemode=livemode)))


@operation("GET", _PATH + "/{id}", Scope.PAYOUTS_READ, Nothing, BankAccountShown)
async def fetch(call: Call) -> Reply:
    """One bank account."""
    return await shown(call, await _fetch(call, call.id))


@operation("DELETE", _PATH + "/{id}", Scope.PAYOUTS_WRITE, Nothing, DeletedBankAccountShown)
async def delete(call: Call) -> Reply:
    """Remove a bank account. A payout to it that is still pending fails."""
    await bank_accounts.delete(call.gateway, call.caller, call.id)
    return await shown(call, DeletedBankAccountShown(id=call.id))


@expansion.kind("ba", BankAccountShown, Scope.PAYOUTS_READ)
async def _fetch(call: Call, id: str) -> BankAccountShown:
    return show(await bank_accounts.fetch(call.gateway, call.caller, id), livemode=call.tenant.is_live)


OPERATIONS = (create, page, fetch, delete)
