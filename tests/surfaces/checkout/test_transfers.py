"""Money that arrives by itself at a checkout: too little, too much, late, twice and taken back, and the books hold."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest

from tests.surfaces.checkout import store
from tests.surfaces.checkout.store import Store, done
from tests.surfaces.v1.books import WEDNESDAY
from tests.surfaces.v1.shop import open_shop
from tillgate.assembly import Assembly
from tillgate.clock import ManualClock
from tillgate.core import collecting_accounts, creditor_references
from tillgate.core.arrivals import Arrival, Debtor, Place
from tillgate.core.attempts import UNKNOWN, Outcome, Verdict
from tillgate.core.decisions import Decision
from tillgate.core.instants import DAY
from tillgate.core.money import Money
from tillgate.core.transfers import Booked
from tillgate.flows import transfers
from tillgate.flows.gateway import Caller, Gateway, system
from tillgate.flows.transfers import Heard
from tillgate.store import audit, find
from tillgate.store.lists import Cursor
from tillgate.workers import timers

pytestmark = pytest.mark.anyio

IBAN = "DE89370400440532013000"
REFUSING = "DE62370400440532013001"


class Bank:
    """A merchant's bank: who sends, and what then becomes of it."""

    def __init__(self, seller: Store, place: tuple[str | None, Path]) -> None:
        self.seller = seller
        self.place = place

    async def opened(self, **changes: Any) -> dict[str, Any]:
        return await self.seller.open(**{"currencyCode": "EUR", "amount": 10_000, **changes})

    async def sends(self, amount: int, **said: Any) -> dict[str, Any]:
        body = {"amount": amount, "currency": "eur", "debtor_iban": IBAN, "debtor_name": "Ann Lee", **said}
        answer = await self.seller.v1.post("/sandbox/bank/transfers", body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def goes_on(self) -> None:
        """What is due is done."""
        for _ in range(3):
            await timers.run_due(self.seller.parts.gateway, self.seller.parts.directory)

    async def arrival(self, id: str) -> Arrival:
        found = await find.record(self.seller.parts.gateway.store, Arrival, self.seller.tenant.id, id)
        assert found is not None
        return found

    async def instructions(self, id: str) -> dict[str, Any]:
        path = f"/api/payment/{id}/provider/bank/method/transfer"
        return dict(done(await self.seller.ask("GET", path)))

    async def balance(self) -> int:
        shown = (await self.seller.v1.get("/balance")).json()
        return sum(one["amount"] for name in ("available", "pending") for one in shown[name])

    async def assert_right(self) -> None:
        """The books are."""
        assert (await audit.audit(*self.place)).differences == []


@pytest.fixture
async def bank(timed: tuple[Assembly, ManualClock], database: str | None, home: Path) -> Bank:
    """A bank of a merchant of the test's own, whose time stands still, on either database."""
    return Bank(await store.opened(timed[0]), (database, home))


async def test_the_instructions_say_where_to_send_what_under_which_reference(bank: Bank) -> None:
    opened = await bank.opened()
    told = await bank.instructions(opened["id"])
    fields = {one["label"]: one["value"] for one in told["fields"]}
    reference = fields["Reference"].replace(" ", "")
    assert creditor_references.found(reference) == (reference,)
    assert fields["Amount"] == "100.00"
    assert told["qr"]["text"].splitlines() == [
        *("BCD", "002", "1", "SCT", "COBADEFFXXX", fields["Account holder"], fields["IBAN"], "EUR100.00", ""),
        reference,
    ]
    assert told["qr"]["svg"].startswith("<svg")
    assert await bank.instructions(opened["id"]) == told
    await bank.sends(4_000, remittance_information=f"invoice {fields['Reference'].lower()}, thanks")
    assert (await bank.instructions(opened["id"]))["amount"]["amount"] == 6_000
    dollars = await bank.seller.open()
    assert (await bank.instructions(dollars["id"]))["qr"] is None


async def test_what_is_too_little_is_held_and_the_rest_completes_it(bank: Bank) -> None:
    opened = await bank.opened()
    first = await bank.sends(4_000, payment=opened["id"])
    assert (first["result"], first["amount_held"]) == ("booked", 4_000)
    shown = await bank.seller.find(opened["id"])
    assert (shown["status"], shown["receivedAmount"]["amount"], shown["settledAmount"]["amount"]) == (
        *("UNDERPAID", 4_000, 0),
    )
    assert await bank.balance() == 0
    await bank.sends(6_000, payment=opened["id"])
    assert await bank.seller.status(opened["id"]) == "CONFIRMED"
    payment = (await bank.seller.v1.get(f"/payments/{opened['id']}")).json()
    assert (payment["status"], payment["amount_captured"]) == ("succeeded", 10_000)
    intent = (await bank.seller.v1.get(f"/payment_intents/{payment['payment_intent']}")).json()
    assert intent["payment_method_types"] == ["bank_transfer"]
    assert await bank.balance() == 10_000 - 290 - 25
    events = [event["type"] for event in reversed(await bank.seller.v1.listed("/events?limit=100"))]
    of_checkout = [type for type in events if type.startswith("checkout.")]
    paid = ["checkout.received", "checkout.session.completed", "checkout.completed"]
    assert of_checkout == ["checkout.underpaid", *paid]
    assert events.count("payment.succeeded") == 1
    await bank.assert_right()


async def test_an_application_may_take_less_and_keep_more(bank: Bank) -> None:
    application = bank.seller.application["id"]
    changed = await bank.seller.manage(
        "PATCH", f"/api/payment-applications/{application}", {"allowUnderpay": True, "allowOverpay": True}
    )
    assert changed.status_code == 200, changed.text
    less, more = await bank.opened(), await bank.opened()
    await bank.sends(1, payment=less["id"])
    assert await bank.seller.status(less["id"]) == "CONFIRMED"
    kept = await bank.sends(10_001, payment=more["id"])
    assert (kept["amount_kept"], kept["amount_returning"]) == (10_001, 0)
    twice = await bank.sends(10_000, payment=more["id"])
    assert (twice["amount_kept"], twice["amount_returning"]) == (0, 10_000)
    await bank.assert_right()


async def test_what_is_too_much_goes_back_and_a_refund_as_well(bank: Bank) -> None:
    opened = await bank.opened()
    over = await bank.sends(10_050, payment=opened["id"])
    assert (over["amount_kept"], over["amount_returning"]) == (10_000, 50)
    await bank.goes_on()
    gone = await bank.arrival(over["id"])
    assert (gone.at(Place.RETURNS), gone.moved(Place.RETURNS, Place.BANK)) == (0, 50)
    refunded = done(await bank.seller.ask("POST", f"/api/payment/{opened['id']}/refund", {"amount": 2_500}))
    assert refunded["status"] == "CONFIRMED"
    assert (await bank.seller.v1.get(f"/payments/{opened['id']}")).json()["amount_refunded"] == 2_500
    await bank.assert_right()


async def test_what_arrives_after_it_was_given_up_goes_back_with_what_was_held(bank: Bank) -> None:
    opened = await bank.opened()
    held = await bank.sends(4_000, payment=opened["id"])
    canceled = done(await bank.seller.ask("POST", f"/api/payment/{opened['id']}/cancel"))
    assert canceled["status"] == "CANCELLED"
    late = await bank.sends(6_000, payment=opened["id"])
    assert late["amount_returning"] == 6_000
    await bank.goes_on()
    for one in (held, late):
        assert (await bank.arrival(one["id"])).moved(Place.RETURNS, Place.BANK) == one["amount"]
    assert (await bank.seller.find(opened["id"]))["receivedAmount"]["amount"] == 0
    await bank.assert_right()


async def test_what_is_held_when_its_time_is_over_goes_back(bank: Bank, timed: tuple[Assembly, ManualClock]) -> None:
    opened = await bank.opened(expiresAt="2023-11-25T00:00:00Z")
    held = await bank.sends(4_000, payment=opened["id"])
    timed[1].advance(15 * DAY)
    await bank.goes_on()
    assert await bank.seller.status(opened["id"]) == "CANCELLED"
    assert (await bank.arrival(held["id"])).moved(Place.RETURNS, Place.BANK) == 4_000
    await bank.assert_right()


async def test_a_card_is_not_charged_for_what_is_partly_paid_and_a_transfer_after_it_goes_back(bank: Bank) -> None:
    opened, paid = await bank.opened(), await bank.opened()
    await bank.sends(4_000, payment=opened["id"])
    refused = await bank.seller.pay(opened["id"])
    assert (refused.captured, refused.transfer and refused.transfer.held) == (0, 4_000)
    await bank.instructions(paid["id"])
    await bank.seller.pay(paid["id"])
    assert (await bank.sends(10_000, payment=paid["id"]))["amount_returning"] == 10_000
    await bank.assert_right()


async def test_what_a_card_did_not_pay_is_paid_by_no_card(bank: Bank) -> None:
    opened = await bank.opened()
    await bank.seller.pay(opened["id"], store.DECLINED)
    await bank.sends(10_000, payment=opened["id"])
    payment = (await bank.seller.v1.get(f"/payments/{opened['id']}")).json()
    assert (payment["status"], payment["card"], payment["failure_code"]) == ("succeeded", None, None)
    assert payment["payment_method_details"] is None
    await bank.assert_right()


async def test_told_twice_it_arrives_once(bank: Bank) -> None:
    opened = await bank.opened()
    said = {"payment": opened["id"], "bank_reference": "2023-11-15/7"}
    answers = await asyncio.gather(*[bank.sends(10_000, **said) for _ in range(4)])
    assert sorted(one["result"] for one in answers) == ["booked", "known", "known", "known"]
    assert len({one["id"] for one in answers}) == 1
    body = {"amount": 9_999, "currency": "eur", **said}
    other = await bank.seller.v1.post("/sandbox/bank/transfers", body)
    assert other.status_code == 400
    assert other.json()["error"]["param"] == "amount"
    repeated = [
        await bank.seller.v1.post("/sandbox/bank/transfers", {**body, "bank_reference": "8"}, key="k") for _ in "ab"
    ]
    assert repeated[0].content == repeated[1].content
    await bank.assert_right()


async def test_what_is_pending_is_found_and_has_not_come(bank: Bank) -> None:
    opened = await bank.opened()
    pending = await bank.sends(10_000, payment=opened["id"], status="pending", bank_reference="p1")
    assert (pending["result"], pending["id"]) == ("pending", None)
    assert await bank.seller.status(opened["id"]) == "FOUND"
    await bank.sends(10_000, payment=opened["id"], bank_reference="p1")
    assert await bank.seller.status(opened["id"]) == "CONFIRMED"
    await bank.assert_right()


async def test_what_the_bank_takes_back_the_merchant_has_no_more(bank: Bank) -> None:
    opened = await bank.opened()
    await bank.sends(10_000, payment=opened["id"], bank_reference="r1")
    before = await bank.balance()
    for result in ("reversed", "known"):
        assert (await bank.sends(10_000, reverses="r1"))["result"] == result
    assert await bank.balance() == before - 10_000
    payment = (await bank.seller.v1.get(f"/payments/{opened['id']}")).json()
    assert payment["amount_disputed"] == 10_000
    unknown = await bank.sends(500, reverses="nobody knows")
    assert (unknown["result"], unknown["unmatched_reason"]) == ("unmatched", "reversal_unknown")
    await bank.assert_right()


async def test_a_person_matches_or_sends_back_what_fits_nothing(bank: Bank) -> None:
    gateway, caller = bank.seller.parts.gateway, system(bank.seller.tenant, "test")
    opened, other = await bank.opened(), await bank.opened()
    reference = (await bank.instructions(opened["id"]))["qr"]["text"].splitlines()[-1]
    await bank.instructions(other["id"])
    stray = await bank.sends(10_000, remittance_information="for the shoes")
    assert (stray["result"], stray["unmatched_reason"]) == ("unmatched", "no_reference")
    dollars = await bank.sends(10_000, currency="usd", payment=opened["id"])
    assert dollars["unmatched_reason"] == "wrong_currency"
    waiting = await transfers.unmatched(gateway, caller, Cursor(10))
    assert {one.id for one in waiting.records} == {stray["id"], dollars["id"]}
    matched = await transfers.match(gateway, caller, stray["id"], creditor_references.shown(reference).lower())
    assert (matched.payment, matched.at(Place.MERCHANT)) == (opened["id"], 10_000)
    await transfers.send_back(gateway, caller, dollars["id"], Debtor("Bob", REFUSING))
    await bank.goes_on()
    refused = await bank.arrival(dollars["id"])
    assert (refused.why, refused.at(Place.SUSPENSE)) == ("return_refused", 10_000)
    await transfers.send_back(gateway, caller, dollars["id"], Debtor("Bob", IBAN))
    await bank.goes_on()
    assert (await bank.arrival(dollars["id"])).moved(Place.RETURNS, Place.BANK) == 10_000
    assert not (await transfers.unmatched(gateway, caller, Cursor(10))).records
    await bank.assert_right()


async def test_arrivals_in_parallel_add_up_to_the_unit(bank: Bank) -> None:
    opened = await bank.opened()
    amounts = [1_700, 2_300, 3_100, 900, 2_600, 1_100]
    await asyncio.gather(*[bank.sends(amount, payment=opened["id"]) for amount in amounts])
    await bank.goes_on()
    found = await transfers.of(bank.seller.parts.gateway, await bank.seller.record(opened["id"]))
    assert len(found) == len(amounts)
    assert sum(one.at(Place.MERCHANT) for one in found) == 10_000
    assert sum(one.moved(Place.RETURNS, Place.BANK) for one in found) == sum(amounts) - 10_000
    assert await bank.seller.status(opened["id"]) == "CONFIRMED"
    await bank.assert_right()


async def test_the_same_file_may_be_imported_by_several_at_once(bank: Bank, database: str | None, home: Path) -> None:
    """By as many processes as there may be: on SQLite it is one, which both ask."""
    opened = [await bank.opened(amount=1_000) for _ in range(5)]
    quoted = [(await bank.instructions(one["id"]))["qr"]["text"].splitlines()[-1] for one in opened]
    iban = collecting_accounts.SANDBOX_IBAN
    lines = [
        Booked(
            reference=f"s{number}",
            amount=Money(500, "EUR"),
            booked_at=WEDNESDAY,
            debtor=Debtor("Ann", IBAN),
            remittance=quoted[number % 5],
        )
        for number in range(15)
    ]
    async with contextlib.AsyncExitStack() as stack:
        beside = bank.seller.parts
        if database is not None:
            opening = open_shop(home, database, clock=ManualClock(WEDNESDAY), keeps_time=False)
            beside = await stack.enter_async_context(opening)
        caller = system(bank.seller.tenant, "statements")
        takings = [
            transfers.take(parts.gateway, caller, iban, line) for line in lines for parts in (bank.seller.parts, beside)
        ]
        heard = await asyncio.gather(*takings)
    kinds = [one.heard for one in heard]
    assert (kinds.count(Heard.BOOKED), kinds.count(Heard.KNOWN)) == (15, 15)
    for one in opened:
        assert await bank.seller.status(one["id"]) == "CONFIRMED"
    await bank.assert_right()


async def test_money_is_announced_while_some_comes(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, gateway = await bank.opened(), bank.seller.parts.gateway
    quoted = (await bank.instructions(opened["id"]))["qr"]["text"].splitlines()[-1]
    whole = gateway.store.commit

    async def overtaken(decision: Decision) -> None:
        monkeypatch.setattr(gateway.store, "commit", whole)
        await bank.sends(4_000, payment=opened["id"])
        await whole(decision)

    monkeypatch.setattr(gateway.store, "commit", overtaken)
    line = Booked(reference="p", amount=Money(6_000, "EUR"), booked_at=WEDNESDAY, remittance=quoted, is_pending=True)
    caller = system(bank.seller.tenant, "statements")
    assert (await transfers.take(gateway, caller, collecting_accounts.SANDBOX_IBAN, line)).heard is Heard.PENDING
    assert await bank.seller.status(opened["id"]) == "UNDERPAID"
    await bank.assert_right()


async def test_an_earlier_no_to_a_return_says_nothing_of_the_next(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bank's notice may be late, and come twice."""
    gateway, tenant = bank.seller.parts.gateway, bank.seller.tenant
    caller, no = system(tenant, "test"), Outcome(verdict=Verdict.DECLINED)
    stray = await bank.sends(700, debtor_iban=REFUSING)
    await transfers.send_back(gateway, caller, stray["id"], None)
    await bank.goes_on()
    await transfers.send_back(gateway, caller, stray["id"], Debtor("Ann", IBAN))

    async def silent(*parts: Any) -> Outcome:
        return UNKNOWN

    with monkeypatch.context() as patched:
        patched.setattr(transfers, "_put", silent)
        await transfers.give_back(gateway, tenant, stray["id"])
    await transfers.learn(gateway, tenant, f"att_{stray['id']}_1", no)
    asked = await bank.arrival(stray["id"])
    assert (asked.state, asked.attempt and asked.attempt.is_final) == ("returning", False)
    await transfers.learn(gateway, tenant, f"att_{stray['id']}_2", no)
    assert (await bank.arrival(stray["id"])).why == "return_refused"
    await bank.assert_right()


async def test_a_return_begun_anew_while_the_last_one_is_written_down_goes_out(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway, tenant = bank.seller.parts.gateway, bank.seller.tenant
    caller, fetch = system(tenant, "test"), transfers.fetch
    stray = await bank.sends(700, debtor_iban=REFUSING)
    await transfers.send_back(gateway, caller, stray["id"], None)

    async def overtaken(gateway: Gateway, asks: Caller, id: str) -> Arrival:
        arrival = await fetch(gateway, asks, id)
        if arrival.why == "return_refused":
            monkeypatch.setattr(transfers, "fetch", fetch)
            await transfers.send_back(gateway, caller, id, Debtor("Ann", IBAN))
        return arrival

    monkeypatch.setattr(transfers, "fetch", overtaken)
    await bank.goes_on()
    gone = await bank.arrival(stray["id"])
    assert (gone.moved(Place.RETURNS, Place.BANK), gone.returns) == (700, 2)
    await bank.assert_right()


async def test_a_return_survives_whoever_asked_for_it(
    bank: Bank, timed: tuple[Assembly, ManualClock], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It dies after the question was written down, and after the bank had heard it."""
    gateway = bank.seller.parts.gateway
    for dies_before in (True, False):
        stray = await bank.sends(700)
        caller = system(bank.seller.tenant, "test")
        await transfers.send_back(gateway, caller, stray["id"], None)
        put = transfers._put

        async def killed(*parts: Any, dies: bool = dies_before, put: Any = put) -> Any:
            if not dies:
                await put(*parts)
            raise RuntimeError("killed")

        with monkeypatch.context() as patched:
            patched.setattr(transfers, "_put", killed)
            with pytest.raises(RuntimeError):
                await transfers.give_back(gateway, bank.seller.tenant, stray["id"])
        left = await bank.arrival(stray["id"])
        assert left.attempt is not None
        assert not left.attempt.is_final
        await bank.assert_right()
        timed[1].advance(DAY)
        for _ in range(2):
            await bank.goes_on()
        gone = await bank.arrival(stray["id"])
        assert (gone.moved(Place.RETURNS, Place.BANK), gone.returns) == (700, 1)
    await bank.assert_right()
