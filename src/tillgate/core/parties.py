"""Parties: who has a share of a merchant's escrow orders beside the merchant: sellers, operators, service providers."""

import enum
from typing import Final

import msgspec

from tillgate.core import nigerian_banks, nuban
from tillgate.core.decisions import Alias, Decision, Numbering
from tillgate.core.instants import Instant
from tillgate.core.occasions import Occasion
from tillgate.core.personal import Personal
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import Record, evolve

SERIES: Final = "parties"
"""The series in which a merchant's parties have whole numbers."""

PHONE: Final = "seller_phone"
"""The kind of alias by which a seller is known in a marketplace."""

CURRENCIES: Final = frozenset({"NGN", "USD"})
"""What banks in Nigeria keep accounts in."""

COUNTRY: Final = "NG"

GONE: Final = "gone"
"""The kind under which a party is kept that was deleted: what is on its way to them goes on."""


class PartyKind(enum.StrEnum):
    """What a party is to the merchant."""

    SELLER = "seller"
    OPERATOR = "operator"
    """Runs a marketplace, and has a commission on what its sellers sell."""
    PROVIDER = "provider"
    """Does a service for an order, and is paid a share of it."""


class Named(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who somebody is."""

    first_name: Personal[str] = ""
    last_name: Personal[str] = ""
    email: Personal[str] = ""
    phone: Personal[str] = ""


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """An account in a bank of Nigeria. Its repr shows nothing.

    The bank is called `bank_name`, or else as the list of banks has it. The digit that checks its number is compared
    unless it `is_invented`, as those are that clients try things with.
    """

    bank_code: str
    number: str
    holder: str
    bank_name: str = ""
    nip_code: str | None = None
    currency: str = "NGN"
    reference: str | None = None
    is_invented: bool = False

    def __repr__(self) -> str:
        return "Destination()"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return []


class Party(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A party of a merchant's. `sealed` is the number of the account in `currency` that it is paid out to.

    A seller that is associated to the marketplace (`is_associated`) is so to `operator`, or to the merchant itself.
    """

    created: Instant
    kind: PartyKind
    named: Named = Named()
    currency: str = "NGN"
    bank_code: str = ""
    nip_code: str = ""
    bank_name: str = ""
    holder: Personal[str] = ""
    last4: str = ""
    sealed: bytes | None = None
    reference: str | None = None
    operator: str | None = None
    is_associated: bool = False
    updated: Instant | None = None
    deleted_at: Instant | None = None

    @property
    def kept_as(self) -> str:
        """Under which kind it is listed."""
        return GONE if self.deleted_at is not None else self.kind.value


def check(destination: Destination) -> nigerian_banks.Bank:
    """The bank of an account, once everything of it was found to be right.

    Raises Refused(PARAMETER_INVALID, PARAMETER_MISSING) by field, CURRENCY_UNKNOWN.
    """
    if destination.currency not in CURRENCIES:
        raise Refused(Reason.CURRENCY_UNKNOWN, "currency")
    bank = nigerian_banks.known(destination.bank_code, destination.nip_code)
    checking = "" if destination.is_invented else destination.bank_code
    nuban.check(destination.number, checking, "bank_account_number")
    if not destination.holder.strip():
        raise Refused(Reason.PARAMETER_MISSING, "bank_account_name")
    return bank


def create(
    tenant: str,
    id: str,
    kind: PartyKind,
    named: Named,
    occasion: Occasion,
    *,
    operator: str | None = None,
    is_associated: bool = False,
) -> tuple[Party, Decision]:
    """A new party, with its number; a seller is known by their phone, if they have one."""
    party = Party(
        tenant=tenant,
        id=id,
        created=occasion.now,
        kind=kind,
        named=named,
        operator=operator,
        is_associated=is_associated,
        updated=occasion.now,
    )
    number = Numbering(tenant, SERIES, id)
    known = kind is PartyKind.SELLER and named.phone
    names = (Alias(tenant, PHONE, phone_key(named.phone), id),) if known else ()
    return party, Decision(save=(party,), number=(number,), name=names)


def with_account(party: Party, destination: Destination, sealed: bytes, occasion: Occasion) -> Party:
    """The party with another account to be paid out to. Raises what `check` refuses."""
    bank = check(destination)
    return evolve(
        party,
        currency=destination.currency,
        bank_code=bank.code,
        nip_code=bank.nip_code,
        bank_name=destination.bank_name or bank.name,
        holder=destination.holder,
        last4=destination.number[-4:],
        sealed=sealed,
        reference=destination.reference,
        updated=occasion.now,
    )


def deleted(party: Party, occasion: Occasion) -> Decision:
    """It has no share of any order from now on; what it has already is paid out to it."""
    known = party.kind is PartyKind.SELLER and party.named.phone
    names = (Alias(party.tenant, PHONE, phone_key(party.named.phone), None, moves=True),) if known else ()
    return Decision(save=(evolve(party, deleted_at=occasion.now),), name=names)


def erased(party: Party, occasion: Occasion) -> Party:
    """All that the books need of a party: its id, what it was, and when."""
    return Party(
        tenant=party.tenant,
        id=party.id,
        version=party.version,
        created=party.created,
        kind=party.kind,
        currency=party.currency,
        operator=party.operator,
        updated=occasion.now,
        deleted_at=party.deleted_at or occasion.now,
    )


def assert_payable(party: Party, kind: PartyKind, currency: str, field: str) -> None:
    """Raises Refused(NOT_FOUND, BANK_ACCOUNT_MISSING, PARAMETER_INVALID) for who cannot have a share in a currency."""
    if party.kind is not kind or party.deleted_at is not None:
        raise Refused(Reason.NOT_FOUND, field, object=kind.value, id=party.id)
    if party.sealed is None:
        raise Refused(Reason.BANK_ACCOUNT_MISSING, field, currency=currency)
    if party.currency != currency:
        raise Refused(Reason.PARAMETER_INVALID, field, problem=f"it is paid in {party.currency}, not in {currency}")


def assert_associated(party: Party, operator: str | None) -> None:
    """Raises Refused(SELLER_NOT_ASSOCIATED) for a seller that sells in no marketplace, or in another's."""
    if not party.is_associated or party.operator != operator:
        raise Refused(Reason.SELLER_NOT_ASSOCIATED, "seller", id=party.id)


def phone_key(phone: str) -> str:
    """A number as it is compared: its digits."""
    return "".join(character for character in phone if character.isdecimal())
