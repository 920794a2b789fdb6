"""A filtered page is what a list in memory would give, and terms are what the records say, whatever becomes of them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sizes import at_size
from tests.store import samples
from tests.store.places import Place, rows
from tests.store.samples import OTHER, TENANT
from tests.store.test_lists import cursors, model
from tillgate.core import terms, transactions
from tillgate.core.customers import Customer, CustomerSummary
from tillgate.core.decisions import Decision
from tillgate.core.disputes import Dispute, DisputeStatus
from tillgate.core.money import Money
from tillgate.core.payments import Failure, Payment
from tillgate.core.reasons import Reason
from tillgate.core.records import Record, evolve
from tillgate.core.refunds import Refund, RefundState
from tillgate.core.transactions import Stage
from tillgate.store import filters
from tillgate.store.database import Store
from tillgate.store.filters import Wanted
from tillgate.store.lists import Cursor
from tillgate.store.records import kept

pytestmark = pytest.mark.anyio

IDS = range(1, 40, 2)
BUYERS = ("cus_a", "cus_b", None)
CURRENCIES = ("USD", "EUR")
SHOPS = ("north", "south", "")


def notes(n: int) -> dict[str, str]:
    said = {"shop": SHOPS[n * n % 3], "even": str(n % 4 == 1)}
    return {name: value for name, value in said.items() if value}


def payment_of(n: int, tenant: str = TENANT) -> Payment:
    fresh = samples.payment(f"pay_{n:02}", tenant=tenant, of=BUYERS[n % 3])
    fresh = evolve(fresh, amount=Money(n * n % 7 * 100, CURRENCIES[n % 5 == 0]), metadata=notes(n), events=1)
    return evolve(
        fresh,
        **({"authorized": 1, "captured": 1}, {"failure": Failure(Reason.CARD_DECLINED)}, {"authorized": 1})[n * n % 3],
    )


def refund_of(n: int, tenant: str = TENANT) -> Refund:
    fresh = samples.refund(f"re_{n:02}r", tenant=tenant, of=f"pay_{n % 3}")
    state = tuple(RefundState)[n * n % 3]
    money = Money(n % 7 * 100, CURRENCIES[n % 2])
    return evolve(fresh, state=state, announced=True, customer=BUYERS[n % 3], metadata=notes(n), amount=money)


def dispute_of(n: int, tenant: str = TENANT) -> Dispute:
    status = (DisputeStatus.LOST, DisputeStatus.WON)[n * n % 3 % 2]
    fresh = samples.dispute(f"dp_{n:02}", tenant=tenant, of=f"pay_{n % 3}", status=status)
    return evolve(fresh, amount=Money(n % 7 * 100, CURRENCIES[n % 2]), metadata=notes(n))


def stage_of(record: Any) -> str:
    if isinstance(record, Dispute):
        return record.status.value
    line = transactions.of_payment(record) if isinstance(record, Payment) else transactions.of_refund(record)
    assert line is not None
    return line.stage


def of(record: Any, column: str) -> str | None:
    if isinstance(record, Payment) and column == "customer":
        return record.customer.id if record.customer else None
    value: str | None = getattr(record, column)
    return value


def fits(record: Any, wanted: Wanted) -> bool:
    """What the words of Wanted mean, said once more without a database."""
    lowest = wanted.amount_from if wanted.amount_from is not None else 0
    highest = wanted.amount_to if wanted.amount_to is not None else 10**9
    return (
        (wanted.statuses is None or stage_of(record) in wanted.statuses)
        and wanted.currency in (None, record.amount.currency)
        and lowest <= record.amount.amount <= highest
        and all(of(record, column) == value for column, value in wanted.where.items())
        and terms.of_metadata(record.metadata) >= set(wanted.terms)
    )


KINDS: dict[str, tuple[type[Any], Callable[..., Any], tuple[str, ...], tuple[str, ...]]] = {
    "pay": (Payment, payment_of, ("customer",), tuple(transactions.PAYMENTS)),
    "re": (Refund, refund_of, ("customer", "payment"), tuple(transactions.REFUNDS)),
    "dp": (Dispute, dispute_of, ("payment",), tuple(DisputeStatus)),
}
VALUES = {"customer": ("cus_a", "cus_nobody"), "payment": ("pay_0", "pay_1")}
AMOUNTS = st.none() | st.integers(0, 700)


def wishes(columns: tuple[str, ...], statuses: tuple[str, ...]) -> st.SearchStrategy[Wanted]:
    asked = {column: st.sampled_from(VALUES[column]) for column in columns}
    note = st.sampled_from(["north", "south"]).map(lambda shop: terms.in_metadata("shop", shop))
    even = st.sampled_from(["True", "False"]).map(lambda even: terms.in_metadata("even", even))
    return st.builds(
        Wanted,
        statuses=st.none() | st.lists(st.sampled_from(statuses), unique=True, max_size=3).map(tuple),
        currency=st.sampled_from([None, *CURRENCIES, "JPY"]),
        amount_from=AMOUNTS,
        amount_to=AMOUNTS,
        where=st.fixed_dictionaries({}, optional=asked),
        terms=st.lists(st.one_of(note, even), unique=True, max_size=2).map(tuple),
    )


@pytest.fixture
async def filled(place: Place, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Store]:
    """A store with the records of two tenants, whose ids lie between each other's, of which two are many."""
    monkeypatch.setattr(filters, "SOON", 2)
    made = [made for _, made, _, _ in KINDS.values()]
    records: list[Record] = [each(n) for n in IDS for each in made]
    records += [each(n, OTHER) for n in range(40) for each in made]
    async with place.opened() as store:
        await asyncio.gather(*(store.commit(Decision(save=(record,))) for record in records))
        yield store


QUESTIONS = st.one_of(
    [
        st.tuples(st.just(prefix), wishes(columns, statuses), cursors(prefix))
        for prefix, (_, _, columns, statuses) in KINDS.items()
    ]
)


@given(question=QUESTIONS)
@settings(max_examples=at_size(50, 3_000), suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_filtered_page_is_what_the_model_says(filled: Store, question: tuple[str, Wanted, Cursor]) -> None:
    prefix, wanted, cursor = question
    type, made, _, _ = KINDS[prefix]
    ids = [record.id for n in IDS if fits(record := made(n), wanted)]
    page = await filters.page(filled, type, TENANT, cursor, wanted)
    assert ([record.id for record in page.records], page.has_more) == model(ids, cursor), (wanted, cursor)
    assert all(record.tenant == TENANT for record in page.records)


def test_the_samples_are_in_more_than_one_stage_each() -> None:
    assert {stage_of(payment_of(n)) for n in IDS} == {Stage.SUCCEEDED, Stage.FAILED}
    assert {stage_of(refund_of(n)) for n in IDS} == {Stage.REFUND_PENDING, Stage.REFUND_SUCCEEDED}


def ann() -> Customer:
    return evolve(samples.customer("cus_1", name="Ann O'Hara"), email="Ann@Example.com", metadata={"tier": "gold"})


async def terms_in(store: Store) -> set[tuple[str, str, str]]:
    return {tuple(row) for row in await rows(store, "select id, name, value from terms")}


def terms_of(*records: Customer) -> set[tuple[str, str, str]]:
    found_by = kept(Customer).terms
    assert found_by is not None
    return {(record.id, name, value) for record in records for name, value in found_by(record)}


async def test_terms_follow_every_change_and_go_with_the_record(store: Store) -> None:
    first, other = ann(), samples.customer("cus_2", name="Ann")
    await asyncio.gather(*(store.commit(Decision(save=(each,))) for each in (first, other)))
    assert await terms_in(store) == terms_of(first, other)
    assert {value for id, name, value in await terms_in(store) if (id, name) == ("cus_1", "word")} == {
        *("ann", "example", "com", "o", "hara")
    }
    changed = evolve(first, name="Ann Smith", metadata={"tier": "silver", "note": "x" * 500})
    await store.commit(Decision(save=(changed,)))
    assert await terms_in(store) == terms_of(changed, other)
    bare = evolve(changed, name=None, email=None, metadata={})
    await store.commit(Decision(save=(bare,)))
    assert await terms_in(store) == terms_of(other)
    await store.commit(Decision(save=(evolve(bare, name="Ann again"),)))
    await store.commit(Decision(remove=(evolve(bare, version=4),)))
    assert await terms_in(store) == terms_of(other)


async def test_words_are_found_by_how_they_begin_each_record_once(store: Store) -> None:
    people = [samples.customer(f"cus_{n}", name=name) for n, name in enumerate(("Jo John Jon", "JOHANNA", "Hajo"))]
    await asyncio.gather(*(store.commit(Decision(save=(each,))) for each in people))

    async def found(word: str) -> list[str]:
        page = await filters.page(store, Customer, TENANT, Cursor(10), Wanted(word=word))
        return [customer.id for customer in page.records]

    assert await found("jo") == ["cus_1", "cus_0"]
    assert await found("joh") == ["cus_1", "cus_0"]
    assert await found("hajo") == ["cus_2"]
    assert await found("johnx") == []


@pytest.mark.parametrize("value", ["\0", "a\0b", "\U0010ffff" * 500, "ß", "%_'\"\\"])
async def test_any_text_that_metadata_may_hold_can_be_looked_for(store: Store, value: str) -> None:
    name = value[:40]
    await store.commit(Decision(save=(evolve(samples.payment("pay_1"), metadata={name: value}),)))
    wanted = Wanted(terms=(terms.in_metadata(name, value),))
    page = await filters.page(store, Payment, TENANT, Cursor(10), wanted)
    assert [payment.id for payment in page.records] == ["pay_1"]


def test_words_are_letters_and_digits_whatever_their_case() -> None:
    assert terms.words("Ann.O'Hara+shop@Example.com") == ["ann", "o", "hara", "shop", "example", "com"]
    assert terms.words("STRASSE Straße №7 _x_") == ["strasse", "strasse", "7", "x"]
    assert len(terms.of_texts("w " * 3, " ".join(map(str, range(100))))) == 1 + terms.MOST_WORDS
    assert {len(word) for _, word in terms.of_texts("y" * 999)} == {terms.LONGEST_WORD}


def test_a_buyer_is_the_payments_own() -> None:
    assert payment_of(3).customer == CustomerSummary("cus_a")
