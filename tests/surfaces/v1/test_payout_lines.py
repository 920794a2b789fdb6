"""The lines of payouts: they sum to the figure, none is in two, and nothing is lost where a bank says nothing."""

import asyncio
import random
import shutil
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.sizes import at_size
from tests.store.places import Place
from tests.surfaces.v1 import shop
from tests.surfaces.v1.books import AT_ONCE, IBAN, WEDNESDAY, Books, assert_explained
from tests.surfaces.v1.shop import CARD
from tillgate.clock import ManualClock
from tillgate.connectors.contract import BankAnswer, BankRequest
from tillgate.core.instants import DAY, HOUR, MINUTE
from tillgate.core.merchants import Tenant
from tillgate.core.payouts import Lines
from tillgate.flows import payouts
from tillgate.store import lists
from tillgate.store import payouts as statements
from tillgate.store.database import Store
from tillgate.transport.banks import Loss, Lost

pytestmark = pytest.mark.anyio


async def test_payouts_at_once_never_share_a_line(books: Books) -> None:
    await books.account()
    for amount in range(1000, 1000 + at_size(5, 40)):
        await books.earns(amount)
    answers = await asyncio.gather(
        *[books.client.post("/payouts", {"currency": "usd", "amount": 500}) for _ in range(8)],
        *[books.earns(2000) for _ in range(4)],
        *[books.client.post("/payouts", {"currency": "usd"}) for _ in range(4)],
    )
    assert sum(isinstance(answer, httpx2.Response) and answer.status_code == 200 for answer in answers) > 0
    await assert_explained(books)


async def test_no_line_joins_a_statement_after_it_was_summed(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    await books.account()
    await books.earns(5000)
    summed = statements.lines
    overtaken: list[dict[str, Any]] = []

    async def sum_and_be_overtaken(store: Store, tenant: str, statement: str) -> Lines:
        found = await summed(store, tenant, statement)
        if not overtaken:
            overtaken.append(await books.earns(700))
            answer = await books.client.post("/payouts", {"currency": "usd", "amount": 1_000_000})
            shop.error(answer, 400, "invalid_request_error", "balance_insufficient", "amount")
        return found

    monkeypatch.setattr(statements, "lines", sum_and_be_overtaken)
    made = await books.pays_out()
    assert (made["amount"], made["lines"]) == (4825 + 650, 2)
    await assert_explained(books)


async def test_over_a_random_history_every_payout_is_the_sum_of_its_lines(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payouts, "TAKEN_AT_ONCE", 3)
    draws = random.Random(5)
    await books.account()
    await books.account(account_number="000111111116", currency="jpy", country="US")
    await books.client.post("/bank_accounts", {**IBAN, "iban": "DE78370400440532013004"})
    assert books.parts.bank is not None
    paid: list[str] = []
    for _ in range(at_size(60, 1_000)):
        currency, step = draws.choice(["usd", "eur", "jpy"]), draws.random()
        if step < 0.4:
            card = draws.choice([CARD, AT_ONCE])
            paid.append((await books.client.pay(amount=draws.randint(100, 9_000), currency=currency, card=card))["id"])
        elif step < 0.5 and paid:
            await books.client.post("/refunds", {"payment": draws.choice(paid), "amount": draws.randint(1, 3_000)})
        elif step < 0.6 and paid:
            disputed = await books.client.post("/sandbox/disputes", {"payment": draws.choice(paid)})
            if disputed.status_code == 200:
                text = draws.choice(["winning_evidence", "losing_evidence"])
                evidence = {"evidence": {"uncategorized_text": text}}
                await books.client.post(f"/disputes/{disputed.json()['id']}", evidence)
                await books.parts.bank.look_after_disputes()
        elif step < 0.75:
            amount = {"amount": draws.randint(1, 5_000)} if draws.random() < 0.5 else {}
            await books.client.post("/payouts", {"currency": currency, **amount})
        elif step < 0.85:
            for payout in (await books.client.listed("/payouts?status=pending&limit=1"))[:1]:
                await books.client.post(f"/payouts/{payout['id']}/cancel")
        else:
            await books.passes(draws.choice([MINUTE, HOUR, DAY]))
    assert len(await books.client.listed("/payouts?limit=100")) > 3
    await assert_explained(books)


TAMPERED = {
    "a line was taken away": ("update entries set statement = null where {line}", "lines of"),
    "a line says another sum": ("update entries set net = net + 1 where {line}", "the postings make"),
    "a line says another sum before fees": ("update entries set amount = amount + 1 where {line}", "the postings make"),
    "a line is in no payout's statement": ("update entries set statement = 'st_x' where {line}", "neither open nor"),
    "what the bank was sent is not booked": ("delete from postings where entry = '{payout}:paid'", "not in the books"),
    "it was told of twice": (
        "update events set sequence = 3 where stream = '{payout}' and sequence = 2",
        "events [1, 3]",
    ),
    "what is carried was lost": ("delete from settlements where tenant = '{tenant}'", "did not arrive"),
}


@pytest.mark.parametrize("how", TAMPERED)
async def test_the_audit_finds_what_is_wrong_with_a_payout(migrated: Path, tmp_path: Path, how: str) -> None:
    shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
    clock = ManualClock(WEDNESDAY)
    async with shop.open_shop(tmp_path, clock=clock, keeps_time=False) as parts:
        books = Books(await shop.merchant(parts), parts, clock, (None, tmp_path))
        await books.account()
        await books.earns(5000)
        made = await books.pays_out(amount=1000)
        await books.passes(MINUTE)
        await assert_explained(books)
        (tenant,) = [one.id for one in await lists.every(parts.gateway.store, Tenant)]
        moved = (await books.lines(made["id"]))[-1]["id"]
    statement, found = TAMPERED[how]
    place = Place(None, tmp_path)
    line = f"balance_transaction = '{moved}'"
    await place.execute(statement.format(line=line, payout=made["id"], tenant=tenant))
    assert any(found in difference for difference in await place.differences()), await place.differences()


async def test_a_bank_that_says_nothing_is_asked_until_it_does(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    await books.account()
    await books.earns(5000)
    made = await books.pays_out()

    async def silence(request: BankRequest) -> BankAnswer | Lost:
        return Lost(Loss.SILENT)

    with monkeypatch.context() as cut:
        cut.setattr(books.parts.gateway.transport, "send", silence)
        await books.passes(MINUTE)
        assert (await books.payout(made["id"]))["status"] == "in_transit"
        await books.passes(MINUTE)
        assert (await books.payout(made["id"]))["status"] == "in_transit"
        answer = await books.client.post(f"/payouts/{made['id']}/cancel")
        shop.error(answer, 400, "invalid_request_error", "payout_not_cancelable")
    await books.passes(HOUR)
    shown = await books.payout(made["id"])
    assert (shown["status"], shown["failure_code"]) == ("failed", "could_not_process"), "the bank never saw it"
    assert await books.balance() == {"usd": (4825, 0)}
    await assert_explained(books)


async def test_what_the_bank_did_is_found_out_after_its_answer_was_lost(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    await books.account()
    await books.earns(5000)
    made = await books.pays_out()
    send = books.parts.gateway.transport.send

    async def lossy(request: BankRequest) -> BankAnswer | Lost:
        await send(request)
        return Lost(Loss.BROKEN)

    with monkeypatch.context() as cut:
        cut.setattr(books.parts.gateway.transport, "send", lossy)
        await books.passes(MINUTE)
    assert (await books.payout(made["id"]))["status"] == "in_transit"
    await books.passes(MINUTE)
    assert (await books.payout(made["id"]))["status"] == "paid"
    assert await books.told() == ["payout.created", "payout.paid"]
    await assert_explained(books)
