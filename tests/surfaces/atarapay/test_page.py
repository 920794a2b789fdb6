"""Every row of the page's tables: operations, fields, answers, sentences, statuses, and what an order shows."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.surfaces.atarapay import page
from tests.surfaces.atarapay.market import (
    ABSENT,
    BANKS,
    COMMISSION,
    CREATE,
    DELETE,
    FORM,
    JSON,
    OPERATOR,
    ORDER,
    PARTS,
    PROJECT,
    PROJECTS,
    PROVIDER,
    PROVIDERS,
    RATE,
    SERVICE_PROVIDER,
    UPDATE,
    Market,
    done,
    error,
)
from tests.surfaces.atarapay.page import Operation
from tillgate.core.escrows import Delivery, EscrowStatus, Move, Side
from tillgate.core.instants import DAY
from tillgate.core.money import Money
from tillgate.core.parties import Destination, Named, Party, PartyKind
from tillgate.core.rates import Rate
from tillgate.flows import parties
from tillgate.flows.gateway import Answer
from tillgate.surfaces.atarapay import events, pay_forms, shapes
from tillgate.surfaces.atarapay.surface import OPERATIONS

pytestmark = pytest.mark.anyio

ROWS = {(row.name, row.path): row for row in page.operations()}
AUTOMATION = page.section("Order status automation")
CALLS = {cells[0]: cells for cells in page.rows(AUTOMATION) if len(cells) == 4}
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")

INTEGERS = {
    *("id", "type", "customer_id", "beneficiary_merchant_id", "is_marketplace", "shipping_cost", "product_cost"),
    *("amount_payed", "amount_net", "quantity", "max_delivery_days", "sla", "cancellation_fee", "attempts"),
    *("seller_attempts", "amount", "order_id"),
}
MOMENTS = {"transaction_date", "delivery_date", "created_at", "updated_at"}
MAY_BE_NULL = {"started_by", "callback_url", "sp_order_ref", "method", "payment_date"}
OBJECTS = {"status", "payment", "customers", "payout", "refund"}


def test_the_page_is_read_whole() -> None:
    assert len(ROWS) == 10
    assert [cells[1] for cells in CALLS.values()] == [
        *("`delivered`", "`cancelled`", "`buyer_cancel` or `rejected`", "`order`"),
    ]
    assert len(page.order()) == 49
    assert len(page.rows(page.section("Notifications"))) == 8


def test_every_verb_and_path_of_the_page_is_there_and_none_besides() -> None:
    written = {(method, row.path) for row in ROWS.values() for method in row.methods}
    calls = {("POST", path) for path in re.findall(r"`(/api/(?:api/)?callback/\w+)`", page.TEXT)}
    assert {(route.method, route.path) for route in OPERATIONS} == written | calls | {("POST", "/pay")}


def test_the_form_of_a_shop_has_the_page_s_fields() -> None:
    listed = page.section("Paying").partition("Fields: ")[2].partition(". The buyer pays")[0]
    assert tuple(re.findall(r"(\w+)\*", listed)) == pay_forms.REQUIRED


def test_statuses_have_the_page_s_numbers_and_titles() -> None:
    numbered = re.search(r"Known status ids: (.*?)\n", page.TEXT)
    assert numbered is not None
    numbers = {title: int(number) for number, title in re.findall(r"(\d+) ([A-Z][A-Za-z ]+)", numbered[1])}
    shown = {title: number for number, title, _ in shapes.STATUSES.values() if number}
    assert shown == numbers
    defined = {cells[0] for cells in page.rows(AUTOMATION) if len(cells) == 2 and cells[0] != "status"}
    spelled = {"Cancelled": "Canceled", "Completed": "Complete"}
    assert {spelled.get(title, title) for title in defined} == set(numbers)
    assert set(shapes.STATUSES) == set(EscrowStatus)


def test_notifications_have_the_page_s_words() -> None:
    told = [(status, message.removesuffix(" (open)")) for _, status, message in page.rows(page.section("Notif"))]
    ours = {value for name, value in vars(events).items() if isinstance(value, tuple) and name.startswith("_")}
    assert set(told) == ours - {("Test", "Test notification")}
    assert len(told) == 8


async def party(shop: Market, kind: PartyKind, **more: Any) -> Party:
    """Somebody who has a share of orders."""
    made: list[Party] = []

    async def render(party: Party) -> Answer:
        made.append(party)
        return Answer(200, b"")

    account = Destination(bank_code="058", number="0123456785", holder="Bisi Ade")
    named = Named(first_name="Bisi", phone="08030000044")
    await parties.create(shop.parts.gateway, shop.caller, None, kind, named, account, render, **more)
    return made[0]


async def bodies(shop: Market) -> dict[tuple[str, str], dict[str, Any]]:
    """By operation, a body that is good."""
    await shop.bank_account()
    provider, order = await shop.provider(), await shop.buys()
    seller = await party(shop, PartyKind.SELLER, is_associated=True)
    sold = await shop.buys(seller=seller.id, is_marketplace=True)
    project = done(await shop.ask(CREATE, **PROJECT))["id"]
    given: dict[str, dict[str, Any]] = {
        CREATE: PROJECT,
        f"{UPDATE}/{{id}}": {"project_name": "House", "description": "Of stone", "project_id": project},
        PROVIDER: SERVICE_PROVIDER,
        DELETE: {"sp_id": (await shop.provider())["id"]},
        COMMISSION: {"commisson": "10", "sp_id": provider["id"], "order_id": order},
        OPERATOR: {"commisson": "10", "order_id": sold},
    }
    return {key: {**given.get(row.path, {}), "id": project} for key, row in ROWS.items()}


async def asked(shop: Market, row: Operation, method: str, media: str, body: dict[str, Any]) -> Any:
    """What an operation answers."""
    if row.path == RATE:
        return done(await shop.http.get(f"{RATE}?base=USD&currency=NGN"))
    path = row.path.replace("{id}", str(body["id"]))
    fields = {name: value for name, value in body.items() if name != "id"}
    if row.path == DELETE:
        fields["sp_id"] = (await shop.provider())["id"]
    return done(await shop.ask(path, method, media, **fields))


@pytest.mark.parametrize("media", [FORM, PARTS, JSON])
async def test_every_operation_answers_with_what_its_row_names(seller: Market, media: str) -> None:
    given = await bodies(seller)
    for key, row in ROWS.items():
        for method in row.methods:
            data = await asked(seller, row, method, media, given[key])
            one = data[0] if isinstance(data, list) else data
            shown = page.names(row.answer.partition("{data:")[2]) if row.path == RATE else row.shown
            if row.path == PROVIDER:
                shown = tuple(name for name in shown if name != "account_id")
            assert tuple(one) == shown or not shown, row
            assert isinstance(data, list) == ("[{" in row.answer or "list" in row.answer), row


async def test_every_field_with_a_star_is_required_in_the_order_of_its_row(seller: Market) -> None:
    given = await bodies(seller)
    for key, row in ROWS.items():
        for place, name in enumerate(row.required):
            body = {**given[key], **dict.fromkeys(row.required[place:], ABSENT)}
            path = row.path.replace("{id}", str(body.pop("id")))
            assert error(await seller.ask(path, row.methods[0], **body)) == f"The {name} field is required.", row
    for cells in CALLS.values():
        status = re.findall(r"`(\w+)`", cells[1])[0]
        for name in re.findall(r"(\w+)\*", cells[2]):
            body = {"status": status, "order": 1, "phone_number": "08030000001", name: ABSENT}
            assert error(await seller.ask(ORDER, **body)) == f"The {name} field is required."


async def test_every_sentence_of_the_page_is_said_as_it_stands_there(seller: Market) -> None:
    said = [answer.json()["message"] async for answer in told(seller)]
    written = page.sentences(page.section("Milestone") + page.section("Service providers") + AUTOMATION)
    written |= page.sentences(page.section("Transport"))
    assert len(written) == 18
    assert written - set(said) == set()
    assert "The authtoken field is required." in said


async def told(shop: Market) -> Any:
    """Everything that the page has an answer to."""
    yield await shop.ask(BANKS, authtoken=ABSENT)
    yield await shop.ask(BANKS, authtoken="x")
    yield await shop.ask(f"{UPDATE}/1", project_name="x")
    yield await shop.ask(CREATE, **PROJECT)
    yield await shop.ask(f"{UPDATE}/1", project_name="x")
    yield await shop.ask(PROJECTS)
    await shop.bank_account()
    order, other = await shop.buys(), await shop.buys()
    yield await shop.ask(OPERATOR, commisson="1", order_id=order)
    yield await shop.ask(COMMISSION, commisson="1", sp_id=1, order_id=order)
    answer = await shop.ask(PROVIDER, **SERVICE_PROVIDER)
    yield answer
    yield await shop.ask(PROVIDERS)
    yield await shop.ask(COMMISSION, commisson="1", sp_id=done(answer)["id"], order_id=order)
    yield await shop.ask(DELETE, sp_id=done(answer)["id"])
    yield await shop.ask(ORDER, status="order", order=order)
    yield await shop.ask(ORDER, status="order", order=99)
    yield await shop.ask(ORDER, status="shipped", order=order)
    for _ in range(2):
        yield await shop.ask(ORDER, status="delivered", order=order, phone_number="08030000001")
    yield await shop.ask(ORDER, status="buyer_cancel", order=order)
    await shop.moves(order, Move.ACCEPT, Side.BUYER)
    yield await shop.ask(ORDER, status="cancelled", order=order)
    yield await shop.ask(ORDER, status="cancelled", order=other)


def mistyped(shown: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What is not of the type that its name has everywhere."""
    for name, value in shown.items():
        if value is None and name in MAY_BE_NULL:
            continue
        if name in OBJECTS and isinstance(value, dict):
            yield from mistyped(value)
        elif name in INTEGERS | {"project_id"}:
            if type(value) is not int:
                yield name, value
        elif name == "conversion_ratio":
            if type(value) not in (int, float):
                yield name, value
        elif not isinstance(value, str) or ((name in MOMENTS or name.endswith("_date")) and not MOMENT.match(value)):
            yield name, value


async def test_an_order_has_every_name_of_the_page_in_its_type_wherever_it_stands(seller: Market) -> None:
    asked = page.order()
    now = seller.parts.gateway.clock.now(seller.tenant.id)
    await seller.posts()
    orders = {"unpaid": 1, "pending": await seller.buys(shipping=1_500_00)}
    project = done(await seller.ask(CREATE, **PROJECT))["id"]
    by_form = await seller.posts(project_id=project, callback_url="https://shop.example/", sla="2")
    orders["by form"] = await seller.number_of(await seller.pays(by_form))
    rate = Rate("test", 155_025, 100, "USD", "NGN", 0)
    orders["dollars"] = await seller.buys(rate=rate, price=Money(1_550_250, "NGN"))
    orders["refunded"] = await seller.buys()
    done(await seller.ask(ORDER, status="cancelled", order=orders["refunded"]))
    late = Delivery(promised_by=now + 10 * DAY, sla_days=11)
    orders["both"] = await seller.buys(delivery=late, cancellation_fee=200_00)
    done(await seller.ask(ORDER, status="buyer_cancel", order=orders["both"]))
    await seller.let_time_work()
    later = {"payout", "refund"}
    has = {"refunded": {"refund"}, "both": later}
    for name, number in orders.items():
        shown = done(await seller.ask(ORDER, status="order", order=number))
        more = set(shown) - set(asked)
        assert [each for each in shown if each not in more] == list(asked), name
        assert more == has.get(name, set()) | ({"project_id"} if name == "by form" else set())
        for within in ("status", "payment"):
            assert tuple(shown[within]) == asked[within]
        assert list(mistyped(shown)) == [], name
