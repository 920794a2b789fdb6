"""Gateway and bank as two processes: either may die at any point, and the books of both agree."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from tests import ports
from tests.journeys.merchant import CARD_PAYMENT, Merchant
from tests.servers import BankServer, Server
from tests.store.places import Place
from tests.waiting import eventually
from tillgate.sandbox.operations import Kind, Operation, Result
from tillgate.sandbox.register import Register

pytestmark = pytest.mark.anyio

CHALLENGED = {**CARD_PAYMENT, "card": {**CARD_PAYMENT["card"], "number": "4000002500003155"}}  # type: ignore[dict-item]

DISPUTED = {**CARD_PAYMENT, "card": {**CARD_PAYMENT["card"], "number": "4000000000000259"}}  # type: ignore[dict-item]


@pytest.fixture
def faults() -> str:
    """How the bank misbehaves."""
    return ""


@pytest.fixture
def pair(tmp_path: Path, faults: str) -> Iterator[tuple[Server, BankServer]]:
    """A gateway and a bank that know each other, both started."""
    gateway_port, bank_port = ports.free(), ports.free()
    known = {
        "TILLGATE_SANDBOX_BANK_URL": f"http://127.0.0.1:{bank_port}",
        "TILLGATE_SANDBOX_BANK_SECRET": "shared by both",
    }
    bank = BankServer(
        tmp_path / "bank",
        gateway=f"http://127.0.0.1:{gateway_port}",
        port=bank_port,
        environment={**known, "TILLGATE_BANK_FAULTS": faults},
    )
    gateway = Server(tmp_path / "gateway", port=gateway_port, environment=known)
    try:
        yield gateway.start(), bank.start()  # type: ignore[misc]
    finally:
        gateway.kill()
        bank.kill()


def books(bank: BankServer) -> list[Operation]:
    """What the bank did, by its own register."""
    register = Register.onlooker(bank.data / "bank")
    try:
        return list(register.everything())
    finally:
        register.close()


async def succeeds(merchant: Merchant, payment: str) -> None:
    """Wait until a payment has succeeded."""

    async def has_succeeded() -> bool:
        status: str = (await merchant.ask("GET", f"/v1/payments/{payment}")).told["status"]
        return status == "succeeded"

    await eventually(has_succeeded)


async def opened(url: str, form: bytes | None = None) -> str:
    """The page that a browser shows after a form was sent, or a link followed."""
    async with httpx2.AsyncClient(follow_redirects=True, timeout=60) as browser:
        answer = await browser.request("GET" if form is None else "POST", url, content=form)
        assert answer.status_code == 200
        return answer.text


async def written(bank: BankServer, result: Result) -> None:
    """Wait until the bank has written an operation down."""

    await eventually(lambda: any(done.result is result for done in books(bank)))


async def assert_books_agree(gateway: Server, bank: BankServer, taken: int) -> None:
    """The gateway's audit finds nothing, and the bank took so many minor units once."""
    assert (await gateway.audit()).differences == []
    assert sum(done.amount for done in books(bank) if done.result is Result.APPROVED) == taken


async def test_money_moves_over_the_network_and_a_challenge_is_met_at_the_bank(pair: tuple[Server, BankServer]) -> None:
    gateway, bank = pair
    merchant = Merchant(gateway.url)
    paid = await merchant.ask("POST", "/v1/payments", CARD_PAYMENT)
    assert paid.told["status"] == "succeeded"
    refunded = await merchant.ask("POST", f"/v1/payments/{paid.told['id']}/refund", {"amount": 600})
    assert refunded.status == 200
    challenged = (await merchant.ask("POST", "/v1/payments", CHALLENGED)).told
    assert challenged["status"] == "requires_action"
    page = urlsplit(challenged["next_action"]["redirect_to_url"]["url"])
    assert f"{page.scheme}://{page.netloc}" == bank.url
    over = await opened(page.geturl(), b"outcome=approve&code=123456")
    # Told by a notice before the customer's page was shown, not found by an inquiry.
    now = (await merchant.ask("GET", f"/v1/payments/{challenged['id']}")).told
    assert now["status"] == "succeeded"
    # The bank sends the customer back to the gateway, whose last page says what happened.
    back = over.partition('content="0;url=')[2].partition('"')[0]
    assert back.startswith(f"{gateway.url}/returns/")
    assert "Thank you" in await opened(back)
    forged = await merchant.ask("POST", "/sandbox/bank/notices", {"reference": "att_1", "result": "approved"})
    assert forged.status == 401
    assert (await merchant.ask("GET", page.path)).status == 404
    merchant.hang_up()
    assert gateway.stop() == bank.stop() == 0
    await assert_books_agree(gateway, bank, 1_600 + 600 + 1_600)


async def test_a_clock_that_is_moved_is_moved_at_the_bank_and_stays_so(pair: tuple[Server, BankServer]) -> None:
    gateway, bank = pair
    merchant = Merchant(gateway.url)
    paid = (await merchant.ask("POST", "/v1/payments", DISPUTED)).told
    moved = (await merchant.ask("POST", "/sandbox/clock", {"advance_by": 9 * 86_400})).told
    assert moved["status"] == "ready"
    (dispute,) = (await merchant.ask("GET", f"/v1/disputes?payment={paid['id']}")).told["data"]
    assert dispute["status"] == "lost"
    closed = [one["at"] for one in moved["happened"] if one["type"] == "dispute.closed"]
    assert closed == [dispute["evidence_details"]["due_by"]]
    gateway.kill()
    bank.kill()
    gateway.start()
    bank.start()
    merchant.hang_up()
    merchant = Merchant(gateway.url)
    assert (await merchant.ask("GET", "/sandbox/clock")).told["now"] >= moved["now"]
    assert (await merchant.ask("POST", "/v1/payments", CARD_PAYMENT)).told["created"] >= moved["now"]
    merchant.hang_up()
    assert (await gateway.audit()).differences == []


@pytest.mark.parametrize("faults", ["latency_seconds=0.6"])
async def test_a_bank_killed_between_taking_money_and_answering_is_asked_what_it_did(
    pair: tuple[Server, BankServer],
) -> None:
    gateway, bank = pair
    merchant = Merchant(gateway.url)
    paying = asyncio.create_task(merchant.ask("POST", "/v1/payments", CARD_PAYMENT, key="order-1"))
    await written(bank, Result.APPROVED)
    bank.kill()
    bank.start()
    answer = await paying
    assert answer.told["status"] in {"pending", "succeeded"}
    await succeeds(merchant, answer.told["id"])
    merchant.hang_up()
    await assert_books_agree(gateway, bank, 1_600)


async def test_a_sandboxs_faults_reach_the_bank_and_the_bank_forgets_the_sandbox(
    pair: tuple[Server, BankServer],
) -> None:
    gateway, bank = pair
    maker = Merchant(gateway.url)
    made = (await maker.ask("POST", "/sandbox/merchants", {"name": "Checkout tests"})).told
    merchant = Merchant(gateway.url, made["secret_key"])
    paid = {}
    for kind in ("timeout_after", "insufficient_funds", "pending"):
        fault = {"kind": kind, **({} if kind == "insufficient_funds" else {"seconds": 0})}
        assert (await merchant.ask("POST", "/sandbox/faults", fault)).status == 200
        told = (await merchant.ask("POST", "/v1/payments", CARD_PAYMENT)).told
        paid[kind] = told.get("error", {}).get("payment") or told
        assert paid[kind]["sandbox_faults"] == [kind]
    assert paid["timeout_after"]["status"] == "succeeded"
    assert paid["insufficient_funds"]["failure_code"] == "insufficient_funds"
    await succeeds(merchant, paid["pending"]["id"])
    assert len(books(bank)) == 3
    assert (await maker.ask("DELETE", f"/sandbox/merchants/{made['id']}")).status == 200
    assert (await merchant.ask("GET", "/v1/balance")).status == 401
    merchant.hang_up()
    maker.hang_up()
    assert books(bank) == []
    await assert_books_agree(gateway, bank, 0)


async def test_a_ticket_is_confirmed_at_the_bank_and_its_wallets_outlive_the_gateway(
    pair: tuple[Server, BankServer],
) -> None:
    gateway, bank = pair
    base, phone = "/api/business-transaction/ecommerce", "7875550101"
    business = {"publicToken": "a66ce73d04f2087615f6320b724defc5b4eedc55"}
    items = [{"name": "Ice", "description": "Two scoops", "quantity": 1, "price": "10.00"}]
    terms = {"total": "10.00", "metadata1": "a", "metadata2": "b", "items": items}
    order = {**business, **terms, "phoneNumber": phone}
    async with (
        httpx2.AsyncClient(base_url=gateway.url, timeout=60) as shop,
        httpx2.AsyncClient(base_url=bank.url, timeout=60) as customer,
    ):
        ticket = (await shop.post(f"{base}/payment", json=order)).json()["data"]
        merchant = Merchant(gateway.url)
        (waiting,) = (await merchant.ask("GET", "/v1/payments")).told["data"]
        assert waiting["next_action"]["redirect_to_url"]["url"] == f"{bank.url}/phone"
        merchant.hang_up()
        # The wallets are the bank's, and their page: here there is no phone.
        assert (await shop.post(f"/sandbox/wallet/{phone}/confirm")).status_code == 404
        assert [(await side.get("/phone")).status_code for side in (shop, customer)] == [404, 200]
        gateway.kill()
        assert (await customer.post(f"/sandbox/wallet/{phone}/confirm")).status_code == 200
        gateway.start()
        find = {**business, "ecommerceId": ticket["ecommerceId"]}

        async def is_confirmed() -> bool:
            found = (await shop.post(f"{base}/business/findPayment", json=find)).json()["data"]
            return bool(found["ecommerceStatus"] == "CONFIRM")

        await eventually(is_confirmed)
        header = {"authorization": f"Bearer {ticket['auth_token']}"}
        paid = (await shop.post(f"{base}/authorization", headers=header)).json()["data"]
        assert (await shop.post(f"{base}/authorization", headers=header)).json()["data"] == paid
        back = {**business, "privateToken": "JHEFEWP2048FNDFLKJWB2", "referenceNumber": paid["referenceNumber"]}
        assert (await shop.post(f"{base}/refund", json={**back, "amount": "4.00"})).status_code == 200
        assert (await customer.get(f"/sandbox/wallet/{phone}")).json()["balance"] == 994_00
        # What the bank says unasked is heard at once, and what others say in its name is not.
        second = (await shop.post(f"{base}/payment", json=order)).json()["data"]
        assert (await customer.post(f"/sandbox/wallet/{phone}/confirm")).status_code == 200
        header = {"authorization": f"Bearer {second['auth_token']}"}
        assert (await shop.post(f"{base}/authorization", headers=header)).status_code == 200
        assert (await shop.post("/sandbox/bank/notices/phone", json={"reference": "att_1"})).status_code == 401
    assert gateway.stop() == bank.stop() == 0
    assert (await gateway.audit()).differences == []


@pytest.mark.parametrize("faults", ["latency_seconds=0.6,dispute_seconds=0"])
async def test_a_gateway_killed_before_the_bank_answers_finds_out_what_became_of_payout_and_response(
    pair: tuple[Server, BankServer],
) -> None:
    gateway, bank = pair
    merchants = [Merchant(gateway.url) for _ in range(2)]
    card = {"number": "4000000000000077", "exp_month": 12, "exp_year": 2034, "cvc": "123"}
    paid = (await merchants[0].ask("POST", "/v1/payments", {**CARD_PAYMENT, "amount": 50_000, "card": card})).told["id"]
    disputed = {"payment": paid, "amount": 700}
    dispute = (await merchants[0].ask("POST", "/sandbox/disputes", disputed)).told["id"]
    account = {"account_holder_name": "Ann", "country": "US", "routing_number": "110000000"}
    await merchants[0].ask("POST", "/v1/bank_accounts", {**account, "account_number": "000123456789"})
    payout = (await merchants[0].ask("POST", "/v1/payouts", {"currency": "usd", "amount": 400})).told["id"]
    evidence = {"evidence": {"uncategorized_text": "winning_evidence"}}
    asked = [
        asyncio.create_task(merchants[0].ask("POST", f"/sandbox/payouts/{payout}/send", {})),
        asyncio.create_task(merchants[1].ask("POST", f"/v1/disputes/{dispute}", evidence)),
    ]

    async def the_bank_has_heard_of_both() -> bool:
        register = Register.onlooker(bank.data / "bank")
        try:
            sent = register.find(f"att_{payout}")
            (objection,) = register.docket.everything()
            return sent is not None and objection.response is not None
        finally:
            register.close()

    await eventually(the_bank_has_heard_of_both)
    gateway.kill()
    await asyncio.gather(*asked, return_exceptions=True)
    # The time until somebody looks after what a dead process left is not waited for.
    await Place(None, gateway.data).execute("update timers set due_at = 0")
    gateway.start()

    async def told(id: str) -> list[str]:
        found = (await merchants[0].ask("GET", f"/v1/events?object={id}&limit=20")).told["data"]
        return [event["type"] for event in reversed(found)]

    async def all_is_known() -> bool:
        return "payout.paid" in await told(payout) and "dispute.closed" in await told(dispute)

    await eventually(all_is_known)
    assert await told(payout) == ["payout.created", "payout.paid"]
    steps = ["dispute.created", "dispute.funds_withdrawn", "dispute.updated"]
    # Whether the review was heard of before its end is a matter of when the server came back.
    *between, reinstated, closed = (await told(dispute))[len(steps) :]
    assert (await told(dispute))[: len(steps)] == steps
    assert (between, reinstated, closed) in (
        ([], "dispute.funds_reinstated", "dispute.closed"),
        (["dispute.updated"], "dispute.funds_reinstated", "dispute.closed"),
    )
    assert [one.reference for one in books(bank) if one.kind is Kind.PAYOUT] == [f"att_{payout}"]
    for merchant in merchants:
        merchant.hang_up()
    assert gateway.stop() == bank.stop() == 0
    assert (await gateway.audit()).differences == []
