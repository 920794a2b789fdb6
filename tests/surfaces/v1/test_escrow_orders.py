"""Escrow orders under /v1: opened, paid, read, and told beforehand what will become of them."""

from typing import Any

import pytest

from tests.sizes import at_size
from tests.surfaces.v1 import parameters, shop
from tests.surfaces.v1.books import AT_ONCE, Books
from tests.surfaces.v1.shop import Client
from tillgate.core import escrow_orders as core
from tillgate.core.cards import Card, CardNumber
from tillgate.core.conclusions import Standing
from tillgate.core.escrows import Delivery, Move, Product, Side
from tillgate.core.instants import DAY, HOUR, SECOND
from tillgate.core.money import Money
from tillgate.core.parties import Destination, Named, Party, PartyKind
from tillgate.flows import escrow_orders, parties
from tillgate.flows.escrow_orders import Made
from tillgate.flows.gateway import Answer, Caller
from tillgate.flows.sources import Source
from tillgate.store import audit

ORDER: dict[str, Any] = parameters.BODIES["/v1/escrow_orders"]


async def opened(books: Books, **changes: Any) -> dict[str, Any]:
    promised_by = books.clock.wall() // SECOND + 10 * DAY // SECOND
    delivery = {**ORDER["delivery"], "promised_by": promised_by}
    answer = await books.client.post("/escrow_orders", {**ORDER, "delivery": delivery, **changes})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def paid(books: Books, **changes: Any) -> dict[str, Any]:
    order = await opened(books, **changes)
    card = {"type": "card", "card": AT_ONCE}
    method = (await books.client.post("/payment_methods", card)).json()["id"]
    confirmed = await books.client.post(
        f"/payment_intents/{order['payment_intent']}/confirm", {"payment_method": method}
    )
    assert confirmed.json()["status"] == "succeeded", confirmed.text
    return await shown(books, order["id"])


async def shown(books: Books, id: str, query: str = "") -> dict[str, Any]:
    return dict((await books.client.get(f"/escrow_orders/{id}{query}")).json())


async def does(books: Books, order: dict[str, Any], move: Move, side: Side) -> None:
    async def render(made: Made) -> Answer:
        return Answer(200, b"")

    caller = Caller(await books.tenant(), "key_test", "v1", "req_test")
    await escrow_orders.move(books.parts.gateway, caller, None, core.payment_id(order["id"]), move, side, render)


async def test_what_is_paid_for_an_order_is_held_and_then_shared(books: Books) -> None:
    order = await paid(books)
    # The price is 1,000.00 NGN; the buyer bears the escrow fee of 500.00 and processing, the seller shipping.
    fees = -(await books.balance())["ngn"][0]
    assert order["amount"] == order["amount_held"] == 150_000 + fees
    assert (order["status"], order["seller_keeps"], order["shares"]) == ("pending", None, [])
    assert fees > 0
    await does(books, order, Move.DELIVER, Side.SELLER)
    await does(books, order, Move.ACCEPT, Side.BUYER)
    await books.passes(0)
    order = await shown(books, order["id"], "?expand[]=payment")
    assert (order["status"], order["seller_keeps"], order["amount_held"]) == ("completed", "all", 0)
    assert [(share["part"], share["amount"]) for share in order["shares"]] == [
        ("escrow_fee", 50_000),
        ("seller", 100_000 + fees),
    ]
    assert order["payment"]["status"] == "succeeded"
    assert [step["move"] for step in order["history"]] == ["deliver", "accept"]
    moved = await books.client.listed("/balance_transactions?limit=10")
    assert [one["type"] for one in moved] == ["escrow_release", "escrow_hold", "charge"]
    assert [one["source"] for one in moved] == [order["id"], order["id"], order["payment"]["id"]]
    of_it = await books.client.listed(f"/balance_transactions?source={order['id']}&expand[]=data.source")
    assert [one["source"]["object"] for one in of_it] == ["escrow_order", "escrow_order"]
    assert [one["id"] for one in of_it] == [one["id"] for one in moved[:2]]
    events = await books.client.listed("/events?limit=20")
    told = [event for event in events if event["type"].startswith("escrow_order.")]
    assert [event["type"].partition(".")[2] for event in told] == ["completed", "accepted", "delivered", "paid"]
    assert {event["data"]["object"]["object"] for event in told} == {"escrow_order"}


async def test_the_calendar_says_beforehand_what_happens(books: Books) -> None:
    order = await paid(books)
    await does(books, order, Move.DELIVER, Side.SELLER)
    await does(books, order, Move.REJECT, Side.BUYER)
    await does(books, order, Move.CONTEST, Side.SELLER)
    coming = await books.client.listed(f"/escrow_orders/{order['id']}/calendar")
    assert [(line["move"], line["status"], line["seller_keeps"]) for line in coming] == [
        ("dispute", "disputed", None),
        ("cancel", "dispute_resolved", "nothing"),
        (None, "completed", "nothing"),
    ]
    assert (await shown(books, order["id"]))["next_at"] == coming[0]["at"]
    await books.passes(60 * DAY)
    order = await shown(books, order["id"], "?expand[]=refund")
    assert [(step["at"], step["status"]) for step in order["history"][-2:]] == [
        (line["at"], line["status"]) for line in coming[:2]
    ]
    assert order["refund"]["amount"] == order["amount_refunded"] == order["amount"]
    assert await books.client.listed(f"/escrow_orders/{order['id']}/calendar") == []


async def test_orders_are_listed_by_status_and_product(books: Books) -> None:
    first, second = await paid(books), await opened(books, product={"id": "8", "name": "Rug"})
    everything = await books.client.listed("/escrow_orders")
    assert [order["id"] for order in everything] == [second["id"], first["id"]]
    assert [order["id"] for order in await books.client.listed("/escrow_orders?status=pending")] == [first["id"]]
    assert [order["id"] for order in await books.client.listed("/escrow_orders?product=8")] == [second["id"]]
    after = await books.client.listed(f"/escrow_orders?starting_after={second['id']}")
    assert [order["id"] for order in after] == [first["id"]]


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"delivery": {**ORDER["delivery"], "promised_by": 1}}, "delivery.promised_by"),
        ({"buyer": {**ORDER["buyer"], "email": "nobody"}}, "buyer.email"),
        ({"price": 1}, "price"),
        ({"price": 0}, "price"),
        ({"price": "1000"}, "price"),
        ({"currency": "xxx"}, "currency"),
        ({"product": {"id": "", "name": "Lamp"}}, "product.id"),
        ({"shipping": -1}, "shipping"),
        ({"shipping_bearer": "nobody"}, "shipping_bearer"),
        ({"secret": True}, "secret"),
    ],
)
async def test_what_is_wrong_is_named(merchant: Client, changes: dict[str, Any], param: str) -> None:
    answer = await merchant.post("/escrow_orders", {**ORDER, **changes})
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["param"] == param


async def test_a_payment_that_is_no_order_is_none(merchant: Client) -> None:
    payment = await merchant.pay()
    for id in (core.order_id(payment["id"]), payment["id"]):
        shop.error(await merchant.get(f"/escrow_orders/{id}"), 404, "invalid_request_error", "resource_missing", "id")


WRONG = ("timeout_before", "processing_error", "timeout_after", "unknown", "garbage", "pending")


@pytest.mark.parametrize("kind", WRONG[: at_size(2, 6)])
async def test_a_refund_that_goes_wrong_is_put_until_the_buyer_has_the_money(books: Books, kind: str) -> None:
    order = await paid(books)
    seconds = {"seconds": 0} if kind.startswith("timeout") else {}
    planted = await books.client.post("/sandbox/faults", {"kind": kind, "operation": "refund", **seconds})
    assert planted.status_code == 200, planted.text
    await does(books, order, Move.CANCEL, Side.SELLER)
    for _ in range(6):
        await books.passes(HOUR)
    order = await shown(books, order["id"])
    assert (order["status"], order["amount_held"], order["amount_refunded"]) == ("completed", 0, order["amount"])
    refunds = await books.client.listed(f"/refunds?payment={order['payment']}")
    assert sum(refund["amount"] for refund in refunds if refund["status"] == "succeeded") == order["amount"]
    found = await audit.audit(*books.place)
    assert found.differences == []


@pytest.mark.parametrize("is_won", [True, False])
async def test_nothing_is_settled_while_a_bank_disputes_the_payment(books: Books, is_won: bool) -> None:
    order = await paid(books)
    dispute = (await books.client.post("/sandbox/disputes", {"payment": order["payment"]})).json()
    await does(books, order, Move.DELIVER, Side.SELLER)
    await does(books, order, Move.ACCEPT, Side.BUYER)
    await books.passes(DAY)
    assert (await shown(books, order["id"]))["amount_held"] == order["amount"]
    if is_won:
        evidence = {"evidence": {"uncategorized_text": "winning_evidence"}}
        await books.client.post(f"/disputes/{dispute['id']}", evidence)
    else:
        await books.client.post(f"/disputes/{dispute['id']}/close")
    await books.passes(DAY)
    await books.passes(DAY)
    order = await shown(books, order["id"])
    parts = {share["part"]: share["amount"] for share in order["shares"]}
    assert (order["status"], order["amount_held"]) == ("completed", 0)
    assert parts.get("charged_back", 0) == (0 if is_won else order["amount"])
    assert order["amount_released"] == (order["amount"] if is_won else 0)
    found = await audit.audit(*books.place)
    assert found.differences == []


async def test_what_a_bank_keeps_of_an_order_in_part_is_made_up_for_first(books: Books) -> None:
    order = await paid(books)
    third = order["amount"] // 3
    asked = {"payment": order["payment"], "amount": third}
    dispute = (await books.client.post("/sandbox/disputes", asked)).json()
    await does(books, order, Move.CANCEL, Side.SELLER)
    await books.client.post(f"/disputes/{dispute['id']}/close")
    await books.passes(DAY)
    await books.passes(DAY)
    order = await shown(books, order["id"])
    assert [(share["part"], share["amount"]) for share in order["shares"]] == [("charged_back", third)]
    assert (order["status"], order["amount_refunded"]) == ("completed", order["amount"] - third)
    assert (await audit.audit(*books.place)).differences == []


async def test_what_a_bank_takes_back_after_the_release_is_the_merchants_affair(books: Books) -> None:
    order = await paid(books)
    await does(books, order, Move.DELIVER, Side.SELLER)
    await does(books, order, Move.ACCEPT, Side.BUYER)
    await books.passes(0)
    before, released = await shown(books, order["id"]), await books.balance()
    dispute = (await books.client.post("/sandbox/disputes", {"payment": order["payment"]})).json()
    await books.client.post(f"/disputes/{dispute['id']}/close")
    await books.passes(DAY)
    assert await shown(books, order["id"]) == before
    lost = sum(released["ngn"]) - sum((await books.balance())["ngn"])
    assert lost == dispute["amount"] + dispute["fee"] == order["amount"] + dispute["fee"]
    assert (await audit.audit(*books.place)).differences == []


async def test_merchant_and_party_are_paid_out_in_their_country(books: Books) -> None:
    caller, made = Caller(await books.tenant(), "key_test", "v1", "req_test"), list[str]()

    async def keep(party: Party) -> Answer:
        made.append(party.id)
        return Answer(200, b"")

    async def noted(now: Standing) -> Answer:
        made.append(now.payment.id)
        return Answer(200, b"")

    gateway, account = books.parts.gateway, Destination(bank_code="058", number="0123456785", holder="Ada Obi")
    await parties.create(gateway, caller, None, PartyKind.PROVIDER, Named(first_name="Ada"), account, keep)
    wanted = escrow_orders.Wanted(
        price=Money(1_000_00, "NGN"),
        product=Product(id="7", name="Lamp"),
        delivery=Delivery(promised_by=books.clock.wall() + DAY),
        provider=made[0],
        commission=1_000,
    )
    source = Source(card=Card(number=CardNumber(AT_ONCE["number"]), exp_month=12, exp_year=2034, cvc="123"))
    await escrow_orders.create(gateway, caller, None, wanted, source, None, noted)
    order = await shown(books, core.order_id(made[1]))
    await does(books, order, Move.DELIVER, Side.SELLER)
    await does(books, order, Move.ACCEPT, Side.BUYER)
    await books.passes(HOUR)
    lagos = {"country": "ng", "routing_number": "044", "account_number": "0123456784", "currency": None}
    shown_account = await books.account(**lagos)
    assert (shown_account["currency"], shown_account["bank_name"]) == ("ngn", "Access Bank")
    paid_out = await books.pays_out(currency="ngn")
    await books.passes(HOUR)
    listed = {payout["id"]: payout for payout in await books.client.listed("/payouts")}
    assert {payout["status"] for payout in listed.values()} == {"paid"}
    of_party = next(payout for id, payout in listed.items() if id != paid_out["id"])
    assert (of_party["amount"], of_party["destination"], of_party["balance_transaction"]) == (100_00, made[0], None)
    order = await shown(books, order["id"], "?expand[]=shares.payout")
    assert [share["payout"]["id"] for share in order["shares"] if share["payout"]] == [of_party["id"]]
    found = await audit.audit(*books.place)
    assert found.differences == []
