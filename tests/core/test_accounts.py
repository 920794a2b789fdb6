import pytest

from tillgate.core import accounts
from tillgate.core.accounts import CHART, Nature
from tillgate.core.reasons import Reason, Refused

SPELT = {
    accounts.PAYABLE: ("merchant:payable", Nature.LIABILITY),
    accounts.FEES: ("fees:processing", Nature.INCOME),
    accounts.DISPUTE_FEES: ("fees:disputes", Nature.INCOME),
    accounts.disputed("sandbox"): ("bank:sandbox:disputed", Nature.ASSET),
    accounts.IN_TRANSIT: ("payouts:in_transit", Nature.LIABILITY),
    accounts.AUTHORIZED: ("payments:authorized", Nature.MEMORANDUM),
    accounts.SUSPENSE: ("transfers:suspense", Nature.LIABILITY),
    accounts.DEPOSITS: ("transfers:deposits", Nature.LIABILITY),
    accounts.RETURNS: ("transfers:returns", Nature.LIABILITY),
    accounts.SURPLUS: ("payments:surplus", Nature.LIABILITY),
    accounts.SURPLUS_HELD: ("payments:surplus_held", Nature.MEMORANDUM),
    accounts.receivable("sandbox"): ("bank:sandbox:receivable", Nature.ASSET),
    accounts.holds("sandbox"): ("bank:sandbox:holds", Nature.MEMORANDUM),
    accounts.ESCROW: ("escrow:held", Nature.LIABILITY),
    accounts.ESCROW_FEES: ("fees:escrow", Nature.INCOME),
    accounts.PAYOUT_FEES: ("fees:payouts", Nature.INCOME),
    accounts.party("pty_1"): ("party:pty_1:payable", Nature.LIABILITY),
    accounts.exchange("USD"): ("exchange:USD", Nature.EXCHANGE),
}


@pytest.mark.parametrize("name", SPELT)
def test_every_account_is_spelt_and_of_a_nature(name: str) -> None:
    assert (name, accounts.nature(name)) == SPELT[name]


def test_the_chart_covers_every_account_once() -> None:
    assert len(CHART) == len(SPELT)
    assert len({account.form for account in CHART}) == len(CHART)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "merchant",
        "merchant:payable:2",
        "bank:sandbox",
        "bank:sandbox:payable",
        "bank::holds",
        "bank:holds",
        "exchange:",
        "exchange",
        "fees:processing:",
    ],
)
def test_a_name_that_the_chart_does_not_cover_is_no_account(name: str) -> None:
    with pytest.raises(Refused) as refused:
        accounts.nature(name)
    assert refused.value.reason is Reason.NOT_FOUND


def test_banks_and_currencies_have_accounts_of_their_own() -> None:
    assert accounts.receivable("a") != accounts.receivable("b")
    assert accounts.holds("a") != accounts.holds("b")
    assert accounts.exchange("USD") != accounts.exchange("EUR")
