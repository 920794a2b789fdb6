"""A customer who is deleted is erased wherever anything was kept of them; the books stay."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.sizes import at_size
from tests.store.places import rows
from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import CARD, Client
from tests.waiting import eventually
from tillgate.assembly import Assembly
from tillgate.core.customers import CustomerSummary
from tillgate.core.decisions import Decision
from tillgate.core.idempotency import IdempotencyKey
from tillgate.core.instants import MINUTE
from tillgate.core.payment_methods import PaymentMethod
from tillgate.core.payments import Payment
from tillgate.core.records import evolve
from tillgate.flows import erasures
from tillgate.flows.gateway import Caller, Gateway
from tillgate.store import audit, find, schema
from tillgate.store.commit import Unavailable
from tillgate.store.records import kept

pytestmark = pytest.mark.anyio

# What no other test says, for the database is shared by the tests of a file.
EMAIL, NAME, PHONE, STREET = "zsazsa@zanzibar.example", "Zsazsa Quexley", "+9979123456789", "7 Quexley Mews"
SHARED = "quill@zanzibar.example"
TOLD = (EMAIL, NAME, PHONE, STREET, "Quexley")
ZSAZSA: dict[str, Any] = {
    "email": EMAIL.title(),
    "name": NAME,
    "phone": PHONE,
    "description": f"Likes {STREET}",
    "address": {"line1": STREET},
    "shipping": {"name": NAME, "phone": PHONE, "address": {"line2": STREET}},
    "metadata": {"nick": NAME},
}
BILLING = {"name": NAME, "email": EMAIL, "phone": PHONE, "address": {"line1": STREET}}
HER_CARD = {**CARD, "name": NAME}


async def told(parts: Assembly) -> list[str]:
    """Where in the database something can be read of her, what is sealed opened."""
    gateway, found = parts.gateway, []
    for table in schema.metadata.sorted_tables:
        for row in await gateway.store.engine.fetch(sa.select(table), {}):
            text = " ".join(map(str, row)).casefold()
            found += [f"{table.name}: {row}" for each in TOLD if each.casefold() in text]
    for shape, body in await rows(gateway.store, "select shape, body from idempotency_keys"):
        key = kept(IdempotencyKey).record(shape, body)
        if key.reply is not None:
            _, reply = await gateway.secrets.open_reply(key.tenant, key.id, key.reply)
            found += [f"reply: {reply!r}" for each in TOLD if each.casefold() in reply.decode().casefold()]
    for shape, body in await rows(gateway.store, "select shape, body from payment_methods"):
        method = kept(PaymentMethod).record(shape, body)
        if method.sealed is not None and (await gateway.cards.reveal(method, None)).name == NAME:
            found.append(f"card: {method.id}")
    return found


async def customer(client: Client) -> str:
    answer = await client.post("/customers", ZSAZSA, key="customer")
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


async def lived(client: Client) -> str:
    """Everything that a customer can do, so that there is something of her everywhere."""
    hook = await client.post("/webhook_endpoints", {"url": "http://127.0.0.1:1025/hook"})
    assert hook.status_code == 200, hook.text
    id = await customer(client)
    await client.post(f"/customers/{id}", {"name": f"{NAME} II"}, key="change")
    new = {"type": "card", "card": HER_CARD, "billing_details": BILLING, "metadata": {"nick": NAME}}
    attached, detached = [(await client.post("/payment_methods", new, key=f"m{n}")).json()["id"] for n in range(2)]
    for method in (attached, detached):
        await client.post(f"/payment_methods/{method}/attach", {"customer": id, "expand": ["customer"]}, key=method)
    await client.post(f"/payment_methods/{detached}/detach", key="detach")
    await client.post(f"/customers/{id}", {"default_payment_method": attached})
    inline = {"email": EMAIL, "name": NAME}
    paid = await client.post("/payments", {**shop.PAYMENT, "card": HER_CARD, "customer": inline}, key="inline")
    assert paid.json()["customer"]["email"].casefold() == EMAIL
    await client.pay(card=None, customer=id)
    await client.pay(customer=id, expand=["customer"])
    token = (await client.post("/tokens", {"card": HER_CARD}, key="token")).json()["id"]
    await client.pay(payment_method=token, card=None, customer=id, capture_method="manual")
    passing = (await client.post("/payment_methods", new, key="passing")).json()["id"]
    await client.pay(payment_method=passing, card=None, customer=id)
    declined = {**HER_CARD, "number": "4000000000000002"}
    await client.post("/payments", {**shop.PAYMENT, "card": declined, "customer": id}, key="declined")
    await client.post(f"/payments/{paid.json()['id']}/refund", {"amount": 100, "expand": ["payment.customer"]}, key="r")
    intent: dict[str, Any] = {"amount": 2000, "currency": "usd", "customer": id, "receipt_email": EMAIL}
    intent |= {"shipping": {"name": NAME, "address": {"line1": STREET}}}
    opened = (await client.post("/payment_intents", intent, key="intent")).json()["id"]
    method = {"type": "card", "card": HER_CARD, "billing_details": BILLING}
    body = {**method, "card": declined}
    await client.post(f"/payment_intents/{opened}/confirm", {"payment_method_data": body}, key="not confirmed")
    await client.post(f"/payment_intents/{opened}/confirm", {"payment_method_data": method}, key="confirm")
    await client.post("/payment_intents", {**intent, "confirm": True, "payment_method_data": body}, key="refused")
    setup = (await client.post("/setup_intents", {"customer": id}, key="setup")).json()["id"]
    await client.post(f"/setup_intents/{setup}/confirm", {"payment_method_data": body}, key="not set up")
    await client.post(f"/setup_intents/{setup}/confirm", {"payment_method_data": method}, key="set up")
    await client.post("/setup_intents", {"customer": id, "payment_method_data": body}, key="later")
    disputed = {"payment": paid.json()["id"], "amount": 100}
    dispute = (await client.post("/sandbox/disputes", disputed, key="dispute")).json()["id"]
    evidence = {"evidence": {"customer_name": NAME}, "metadata": {"about": NAME}, "submit": False}
    assert (await client.post(f"/disputes/{dispute}", evidence, key="evidence")).status_code == 200
    await until_fanned_out(client.parts)
    return id


async def until_fanned_out(parts: Assembly) -> None:
    """Until the worker has made deliveries of all that happened. It works alone: two at once are not foreseen."""
    while True:
        if not await rows(parts.gateway.store, "select event from outbox limit 1"):
            return
        await asyncio.sleep(0.01)


async def delete(client: Client, id: str) -> None:
    answer = await client.ask("DELETE", f"/v1/customers/{id}")
    assert (answer.status_code, answer.json()) == (200, {"id": id, "object": "customer", "deleted": True})


async def pass_time(parts: Assembly, monkeypatch: pytest.MonkeyPatch, by: int) -> None:
    """What is due after a while happens."""
    wall = parts.gateway.clock.wall
    with monkeypatch.context() as later:
        later.setattr(parts.gateway.clock, "wall", lambda: wall() + by)
        await shop.catch_up(parts)


async def until_done(parts: Assembly, id: str) -> None:
    """Until nothing is left to be done about a customer; the worker may have been quicker, and be about it still."""

    async def done() -> bool:
        return await rows(parts.gateway.store, f"select * from timers where subject = '{id}'") == []

    await eventually(done, "the erasure is finished")


async def test_nothing_can_be_read_of_a_deleted_customer_anywhere(
    either: Assembly, database: str | None, home: Path
) -> None:
    client = await shop.merchant(either)
    id = await lived(client)
    places = {place.partition(":")[0] for place in await told(either)}
    assert {"customers", "payments", "payment_methods", "events", "bodies", "reply", "card"} <= places
    await delete(client, id)
    assert await told(either) == []
    assert (await client.get(f"/customers/{id}")).json() == {"id": id, "object": "customer", "deleted": True}
    paid = [payment["customer"] for payment in await client.listed(f"/payments?customer={id}")]
    assert {each if isinstance(each, str) else each["id"] for each in paid} == {id}
    assert (await audit.audit(database, home)).differences == []


async def test_a_deleted_customer_is_gone_for_every_purpose(anyones: Client) -> None:
    id = await customer(anyones)
    method = (await anyones.post("/payment_methods", {"type": "card", "card": CARD})).json()["id"]
    await anyones.post(f"/payment_methods/{method}/attach", {"customer": id})
    other = (await anyones.post("/payment_methods", {"type": "card", "card": CARD})).json()["id"]
    await delete(anyones, id)
    pays = {"amount": 500, "currency": "usd", "payment_method": "card"}
    for answer, param in (
        (await anyones.post(f"/customers/{id}", {"name": "x"}), "id"),
        (await anyones.ask("DELETE", f"/v1/customers/{id}"), "id"),
        (await anyones.get(f"/customers/{id}/payment_methods"), "id"),
        (await anyones.post("/payments", {**pays, "customer": id}), "customer"),
        (await anyones.post(f"/payment_methods/{other}/attach", {"customer": id}), "customer"),
    ):
        shop.error(answer, 404, "invalid_request_error", "resource_missing", param)
    answer = await anyones.post("/payments", {**pays, "payment_method": method})
    shop.error(answer, 400, "invalid_request_error", "payment_method_unusable", "payment_method")
    assert await anyones.listed("/customers") == []
    shop.error(await anyones.get("/customers/cus_none"), 404, "invalid_request_error", "resource_missing", "id")
    stranger = await shop.merchant(anyones.parts)
    shop.error(await stranger.get(f"/customers/{id}"), 404, "invalid_request_error", "resource_missing", "id")


async def test_an_address_finds_the_next_newest_and_then_nobody(anyones: Client) -> None:
    async def payer() -> str:
        return str((await anyones.pay(customer={"email": SHARED}))["customer"]["id"])

    first, second = (
        (await anyones.post("/customers", {"email": SHARED})).json()["id"],
        (await anyones.post("/customers", {"email": SHARED})).json()["id"],
    )
    assert await payer() == second
    await delete(anyones, second)
    assert await payer() == first
    await delete(anyones, first)
    third = await payer()
    assert third not in (first, second)
    await delete(anyones, third)
    assert await payer() != third


async def test_a_repeat_of_what_was_answered_is_refused_and_nothing_is_done_again(anyones: Client) -> None:
    body = {**shop.PAYMENT, "customer": {"email": EMAIL}}
    paid = (await anyones.post("/payments", body, key="k")).json()
    await delete(anyones, paid["customer"]["id"])
    for _ in range(2):
        answer = await anyones.post("/payments", body, key="k")
        shop.error(answer, 400, "idempotency_error", "idempotency_reply_erased")
    assert len(await anyones.listed("/payments")) == 1


async def test_the_deletion_is_told_without_telling_of_anybody(anyones: Client) -> None:
    id = await customer(anyones)
    await delete(anyones, id)
    (deleted,) = await anyones.listed("/events?type=customer.deleted")
    assert (deleted["data"]["object"]["id"], deleted["data"]["object"]["email"], deleted["sequence"]) == (id, None, 2)


async def test_what_was_begun_is_finished_whoever_dies(either: Assembly, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await shop.merchant(either)
    id = await customer(client)
    count = at_size(7, 400)
    for _ in range(count):
        await client.pay(customer=id)
    monkeypatch.setattr(erasures, "AT_ONCE", 3)
    proceed, portion, portions = erasures.proceed, erasures._portion, 0

    async def dies(*args: Any) -> bool:
        raise Unavailable("died")

    monkeypatch.setattr(erasures, "proceed", dies)
    await delete(client, id)
    assert await told(either) != []

    async def does_and_dies(*args: Any) -> Any:
        await portion(*args)
        raise Unavailable("died")

    async def dies_every_other_time(gateway: Gateway, caller: Caller, customer_id: str) -> bool:
        nonlocal portions
        if customer_id != id:
            return await proceed(gateway, caller, customer_id)
        portions += 1
        if portions % 2:
            # After the payments of the portion, before it is written down how far it came.
            monkeypatch.setattr(erasures, "_portion", does_and_dies)
        try:
            return await proceed(gateway, caller, customer_id)
        finally:
            monkeypatch.setattr(erasures, "_portion", portion)

    monkeypatch.setattr(erasures, "proceed", dies_every_other_time)
    for later in range(4 * count):
        await pass_time(either, monkeypatch, later * MINUTE * 2)
    await until_done(either, id)
    assert portions > count // 3
    assert await told(either) == []
    finished = await rows(either.gateway.store, f"select body from erasures where id = '{id}'")
    assert '"finished":true' in finished[0][0].replace(" ", "")


async def test_a_payment_that_was_being_opened_meanwhile_is_found_at_the_last_look(
    either: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await shop.merchant(either)
    id = await customer(client)
    paid = await client.pay(customer=id)
    tenant = (await rows(either.gateway.store, f"select tenant from payments where id = '{paid['id']}'"))[0][0]
    stored = await find.record(either.gateway.store, Payment, tenant, paid["id"])
    assert stored
    await delete(client, id)
    late = evolve(stored, id=either.gateway.ids.new("pay", stored.created - MINUTE), version=0)
    late = evolve(late, customer=CustomerSummary(id, EMAIL, NAME))
    await either.gateway.store.commit(Decision(save=(late,)))
    assert await told(either) != []
    await pass_time(either, monkeypatch, erasures.LAST_LOOK_AFTER + MINUTE)
    await until_done(either, id)
    assert await told(either) == []


async def test_deleting_and_paying_at_once_leave_nothing_behind(
    either: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await shop.merchant(either)
    id = await customer(client)
    pays = {**shop.PAYMENT, "card": HER_CARD, "customer": id}
    answers = await asyncio.gather(
        *[client.post("/payments", pays, key=f"k{number}") for number in range(6)],
        client.ask("DELETE", f"/v1/customers/{id}"),
        *[client.post("/payments", pays, key=f"l{number}") for number in range(6)],
        client.post(f"/customers/{id}", {"name": NAME}),
    )
    assert {answer.status_code for answer in answers} <= {200, 404}
    await pass_time(either, monkeypatch, erasures.LAST_LOOK_AFTER + MINUTE)
    await until_done(either, id)
    assert await told(either) == []


async def test_what_a_payment_told_of_a_customer_before_it_was_anothers_is_erased(anyones: Client) -> None:
    hers = await customer(anyones)
    other = (await anyones.post("/customers", {"email": "other@example.com"})).json()["id"]
    intent = (await anyones.post("/payment_intents", {"amount": 500, "currency": "usd", "customer": hers})).json()
    path = f"/payment_intents/{intent['id']}"
    assert (await anyones.post(path, {"customer": other})).json()["customer"] == other
    assert any(found.startswith("events") for found in await told(anyones.parts))
    assert (await anyones.ask("DELETE", f"/v1/customers/{hers}")).status_code == 200
    assert await told(anyones.parts) == []
    payment = (await anyones.get(f"{path}?expand[]=customer")).json()
    assert payment["customer"]["email"] == "other@example.com"
