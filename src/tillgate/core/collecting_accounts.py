"""Collecting accounts: where a merchant's payers have their banks send money, in each currency."""

from typing import Final

from tillgate.core.records import Record


class CollectingAccount(Record, frozen=True, kw_only=True, omit_defaults=True):
    """The account that takes transfers in the currency that is its id. Payers read all of it."""

    holder: str
    iban: str
    bic: str = ""
    bank_name: str = ""


SANDBOX_IBAN: Final = "DE35370400440532013099"
"""The account of every test merchant who named none: in any currency."""


def of_sandbox(tenant: str, merchant: str, currency: str) -> CollectingAccount:
    """The account of a test merchant who named none. It exists by definition."""
    return CollectingAccount(tenant=tenant, id=currency, holder=merchant, iban=SANDBOX_IBAN, bic="COBADEFFXXX")
