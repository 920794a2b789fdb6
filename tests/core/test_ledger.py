import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.world import occasion
from tillgate.core import accounts, ledger
from tillgate.core.ledger import Entry, Posting
from tillgate.core.money import CurrencyMismatch, Money
from tillgate.core.rates import Rate

moneys = st.builds(Money, st.integers(1, 10**12), st.sampled_from(["USD", "JPY", "KWD"]))
ways = st.lists(st.sampled_from([accounts.PAYABLE, accounts.FEES, "bank:a:holds"]), min_size=2, max_size=2, unique=True)
postings = st.builds(lambda way, money: Posting(way[0], way[1], money), ways, moneys)
entries = st.builds(
    lambda tenant, moved: ledger.entry(tenant, "att_1:captured", "pay_1", tuple(moved), occasion()),
    st.sampled_from(["ten_1", "ten_2"]),
    st.lists(postings, min_size=1, max_size=5).filter(lambda moved: len({one.money.currency for one in moved}) == 1),
)


def usd(amount: int) -> Money:
    return Money(amount, "USD")


def booked(*moved: Posting, tenant: str = "ten_1") -> Entry:
    return ledger.entry(tenant, "att_1:captured", "pay_1", moved, occasion())


@pytest.mark.parametrize("amount", [0, -1])
def test_a_posting_moves_a_positive_amount(amount: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        Posting(accounts.PAYABLE, accounts.FEES, usd(amount))


def test_a_posting_moves_money_between_two_accounts() -> None:
    with pytest.raises(ValueError, match="two accounts"):
        Posting(accounts.PAYABLE, accounts.PAYABLE, usd(1))


def test_a_posting_cannot_be_read_from_disk_wrong_either() -> None:
    written = msgspec.json.encode(Posting(accounts.PAYABLE, accounts.FEES, usd(1)))
    with pytest.raises(msgspec.ValidationError, match="positive"):
        msgspec.json.decode(written.replace(b'"amount":1', b'"amount":0'), type=Posting)


def test_an_entry_has_a_posting() -> None:
    with pytest.raises(ValueError, match="posting"):
        booked()


def test_an_entry_bears_its_natural_id_its_subject_and_who_asked() -> None:
    now = occasion(now=7)
    entry = ledger.entry("ten_1", "att_1:captured", "pay_1", (Posting("a", "b", usd(1)),), now)
    assert (entry.tenant, entry.id, entry.subject, entry.occurred_at) == ("ten_1", "att_1:captured", "pay_1", 7)
    assert (entry.actor, entry.surface, entry.request_id) == (now.actor, now.surface, now.request_id)


def test_an_entry_says_what_the_balance_gains_and_from_when_on() -> None:
    moved = (Posting("a", accounts.PAYABLE, usd(100)), Posting(accounts.PAYABLE, accounts.FEES, usd(3)))
    entry = ledger.entry("ten_1", "e", "pay_1", moved, occasion(now=7), available_at=9)
    assert (entry.currency, entry.net, entry.available_at) == ("USD", 97, 9)
    assert ledger.entry("ten_1", "e", "pay_1", moved, occasion(now=7)).available_at == 7
    paid_out = ledger.entry("ten_1", "e", "po_1", moved[1:], occasion(), ledger.MovementType.PAYOUT)
    assert (paid_out.net, paid_out.available_at) == (-3, None), "a payout is no line of a payout"
    elsewhere = ledger.entry("ten_1", "e", "pay_1", (Posting("a", "b", usd(1)),), occasion())
    assert (elsewhere.net, elsewhere.available_at, elsewhere.type) == (None, None, None)


def test_an_entry_moves_the_balance_in_one_currency() -> None:
    with pytest.raises(ValueError, match="one currency"):
        booked(Posting("a", accounts.PAYABLE, usd(1)), Posting("a", accounts.PAYABLE, Money(1, "EUR")))


def test_movements_take_from_the_source_and_give_to_the_destination() -> None:
    gains = ledger.movements((booked(Posting("a", "b", usd(5)), Posting("b", "c", usd(2))),))
    assert gains == {("ten_1", "a", "USD"): -5, ("ten_1", "b", "USD"): 3, ("ten_1", "c", "USD"): 2}


def test_movements_of_tenants_and_currencies_are_kept_apart() -> None:
    gains = ledger.movements(
        (
            booked(Posting("a", "b", usd(5))),
            booked(Posting("a", "b", Money(5, "EUR"))),
            booked(Posting("a", "b", usd(5)), tenant="ten_2"),
        )
    )
    assert len(gains) == 6
    assert {abs(gain) for gain in gains.values()} == {5}


@given(st.lists(entries))
def test_movements_sum_to_zero_in_every_tenant_and_currency(written: list[Entry]) -> None:
    sums: dict[tuple[str, str], int] = {}
    for (tenant, _, currency), gain in ledger.movements(tuple(written)).items():
        sums[tenant, currency] = sums.get((tenant, currency), 0) + gain
    assert not any(sums.values())


@given(st.lists(entries), st.lists(entries))
def test_movements_add_up(some: list[Entry], others: list[Entry]) -> None:
    one, other = ledger.movements(tuple(some)), ledger.movements(tuple(others))
    together = ledger.movements((*some, *others))
    assert together == {key: one.get(key, 0) + other.get(key, 0) for key in one | other}


def test_an_exchange_goes_through_the_positions_of_both_currencies() -> None:
    rate = Rate("central bank", 3, 2, "USD", "JPY", 0)
    assert ledger.exchange("a", "b", usd(10_00), rate) == (
        Posting("a", "exchange:USD", usd(10_00)),
        Posting("exchange:JPY", "b", Money(15, "JPY")),
    )


@given(st.integers(100, 10**9), st.integers(1, 1_000), st.integers(1, 100))
def test_an_exchange_is_in_balance_in_both_currencies(sold: int, numerator: int, denominator: int) -> None:
    rate = Rate("central bank", numerator, denominator, "USD", "KWD", 0)
    gains = ledger.movements((booked(*ledger.exchange("a", "b", usd(sold), rate)),))
    bought = rate.convert(usd(sold)).amount
    assert gains == {
        ("ten_1", "a", "USD"): -sold,
        ("ten_1", "exchange:USD", "USD"): sold,
        ("ten_1", "exchange:KWD", "KWD"): -bought,
        ("ten_1", "b", "KWD"): bought,
    }


def test_what_buys_nothing_is_not_exchanged() -> None:
    with pytest.raises(ValueError, match="positive"):
        ledger.exchange("a", "b", usd(1), Rate("central bank", 1, 1, "USD", "JPY", 0))


def test_an_exchange_is_at_a_rate_for_what_is_sold() -> None:
    with pytest.raises(CurrencyMismatch):
        ledger.exchange("a", "b", Money(1, "EUR"), Rate("central bank", 1, 1, "USD", "JPY", 0))
