"""The chart of accounts: every account name is spelt here, and nowhere else.

Value moves from a source to a destination, so a balance is what flowed in less what flowed out. An account that others
owe us through (a bank's receivable) is therefore negative while they owe; one that we owe (a merchant's payable) is
positive.
"""

import enum

import msgspec

from tillgate.core.reasons import Reason, Refused


class Nature(enum.StrEnum):
    """What a balance means to whoever reads the books."""

    ASSET = "asset"
    LIABILITY = "liability"
    INCOME = "income"
    MEMORANDUM = "memorandum"
    """Not money yet: what issuers hold for us, and its mirror."""
    EXCHANGE = "exchange"


PAYABLE = "merchant:payable"
"""What the gateway owes the merchant."""

FEES = "fees:processing"
"""What processing earned."""

DISPUTE_FEES = "fees:disputes"
"""What handling disputes earned."""

SURPLUS = "payments:surplus"
"""What charges took though their payment had been granted before: owed to cardholders."""

SURPLUS_HELD = "payments:surplus_held"
"""What authorizations hold though their payment had been granted before."""

IN_TRANSIT = "payouts:in_transit"
"""Left the merchant's balance, and is not known to have arrived at their bank."""

SUSPENSE = "transfers:suspense"
"""Arrived by itself, and not known for what: a person has to look."""

DEPOSITS = "transfers:deposits"
"""Arrived by itself for payments that are not paid in full."""

RETURNS = "transfers:returns"
"""Arrived by itself, and on its way back."""

ESCROW = "escrow:held"
"""Held for a seller until their buyer accepts what was bought."""

ESCROW_FEES = "fees:escrow"
"""What holding money for sellers earned."""

PAYOUT_FEES = "fees:payouts"
"""What paying out to service providers earned."""

AUTHORIZED = "payments:authorized"
"""Authorized and neither captured nor released."""


def receivable(bank: str) -> str:
    """What a bank owes for captured payments."""
    return f"bank:{bank}:receivable"


def holds(bank: str) -> str:
    """What issuers hold on cards at our request, through a bank."""
    return f"bank:{bank}:holds"


def disputed(bank: str) -> str:
    """What a bank took back over disputes, and returns where they are won."""
    return f"bank:{bank}:disputed"


def party(id: str) -> str:
    """What the gateway owes a party of a merchant's: a seller, an operator, a service provider."""
    return f"party:{id}:payable"


def exchange(currency: str) -> str:
    """The position in a currency that exchanges opened."""
    return f"exchange:{currency}"


class Account(msgspec.Struct, frozen=True):
    """A line of the chart: a name or a name's form, its nature and its meaning."""

    form: str
    nature: Nature
    meaning: str


CHART = (
    Account(PAYABLE, Nature.LIABILITY, "owed to the merchant"),
    Account(FEES, Nature.INCOME, "processing fees earned"),
    Account(DISPUTE_FEES, Nature.INCOME, "dispute fees earned"),
    Account(ESCROW, Nature.LIABILITY, "held for sellers until their buyers accept"),
    Account(ESCROW_FEES, Nature.INCOME, "escrow fees earned"),
    Account(PAYOUT_FEES, Nature.INCOME, "fees earned for payouts to service providers"),
    Account(
        "party:{id}:payable", Nature.LIABILITY, "owed to a party of the merchant's: a seller, operator or provider"
    ),
    Account(IN_TRANSIT, Nature.LIABILITY, "on its way to the merchant's bank account"),
    Account(AUTHORIZED, Nature.MEMORANDUM, "authorized, neither captured nor released"),
    Account(SURPLUS, Nature.LIABILITY, "taken twice, to be given back to cardholders"),
    Account(SURPLUS_HELD, Nature.MEMORANDUM, "authorized twice, to be released"),
    Account(SUSPENSE, Nature.LIABILITY, "arrived by bank transfer, and not known for what"),
    Account(DEPOSITS, Nature.LIABILITY, "arrived by bank transfer, for payments not paid in full"),
    Account(RETURNS, Nature.LIABILITY, "arrived by bank transfer, and on its way back"),
    Account("bank:{bank}:receivable", Nature.ASSET, "owed by a bank for captured payments"),
    Account("bank:{bank}:disputed", Nature.ASSET, "taken back by a bank over disputes, unless they are won"),
    Account("bank:{bank}:holds", Nature.MEMORANDUM, "held by issuers, seen through a bank"),
    Account("exchange:{currency}", Nature.EXCHANGE, "position opened by exchanges into or out of a currency"),
)


def nature(name: str) -> Nature:
    """The nature of an account by its name.

    Raises Refused(NOT_FOUND) for a name that no line of the chart covers.
    """
    for account in CHART:
        head, brace, rest = account.form.partition("{")
        tail = rest.partition("}")[2]
        covered = name.startswith(head) and name.endswith(tail) and len(name) > len(head) + len(tail)
        if name == account.form or (brace and covered):
            return account.nature
    raise Refused(Reason.NOT_FOUND, "account")
