"""Payment links, as a merchant makes, changes and finds them; tests/pages has those who follow them."""

import asyncio
from typing import Any

import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.parameters_of_checkouts import LINE
from tests.surfaces.v1.shop import LOCAL, Client
from tests.surfaces.v1.test_payment_intents import browser

pytestmark = pytest.mark.anyio

LINKS = "/payment_links"
MINE = {"currency": "eur", "product_data": {"name": "Donation"}}


async def made(client: Client, **given: Any) -> dict[str, Any]:
    answer = await client.post(LINKS, {"line_items": [LINE], **given})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def chosen(**bounds: Any) -> list[dict[str, Any]]:
    return [{"price_data": {**MINE, "custom_unit_amount": {"enabled": True, **bounds}}}]


async def test_a_link_is_an_address_for_anybody(anyones: Client) -> None:
    link = await made(anyones, metadata={"campaign": "spring"}, payment_intent_data={"metadata": {"order": "7"}})
    assert link["url"] == f"{LOCAL}/pay/{link['id']}"
    assert (link["active"], link["currency"], link["restrictions"]) == (True, "usd", None)
    assert link["after_completion"] == {"type": "hosted_confirmation", "redirect": None}
    [line] = link["line_items"]["data"]
    assert (line["description"], line["quantity"], line["amount_total"]) == ("Mug", 2, 2400)
    assert (await anyones.get(f"{LINKS}/{link['id']}")).json() == link
    assert await anyones.listed(f"{LINKS}/{link['id']}/line_items") == [line]


async def test_payers_may_say_how_much_within_bounds(merchant: Client) -> None:
    [line] = (await made(merchant, line_items=chosen(minimum=500, preset=1000)))["line_items"]["data"]
    assert line["custom_unit_amount"] == {"enabled": True, "minimum": 500, "maximum": 99_999_999, "preset": 1000}
    assert (line["unit_amount"], line["amount_total"], line["currency"]) == (None, None, "eur")


async def test_a_link_is_switched_off_and_changed(anyones: Client) -> None:
    link, other = await made(anyones, metadata={"a": "1"}), await made(anyones)
    change = {
        "active": False,
        "inactive_message": "Sold out",
        "after_completion": {"type": "redirect", "redirect": {"url": "https://shop.example/thanks"}},
        "metadata": {"b": "2"},
    }
    changed = (await anyones.post(f"{LINKS}/{link['id']}", change)).json()
    assert (changed["active"], changed["inactive_message"]) == (False, "Sold out")
    assert changed["after_completion"]["redirect"] == {"url": "https://shop.example/thanks"}
    assert changed["metadata"] == {"a": "1", "b": "2"}
    for query, expected in (("", [other, link]), ("?active=true", [other]), ("?active=false", [link])):
        assert [one["id"] for one in await anyones.listed(LINKS + query)] == [one["id"] for one in expected]


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"line_items": []}, "line_items"),
        ({"line_items": [{"price_data": MINE}]}, "line_items[0].price_data.unit_amount"),
        ({"line_items": [{"price_data": {**MINE, "unit_amount": 1}}]}, "line_items"),
        ({"line_items": [LINE, {"price_data": {**MINE, "unit_amount": 500}}]}, "line_items"),
        ({"line_items": chosen(minimum=1)}, "line_items"),
        ({"line_items": chosen(minimum=600, maximum=500)}, "line_items[0].price_data.custom_unit_amount"),
        ({"line_items": chosen(minimum=500, preset=400)}, "line_items[0].price_data.custom_unit_amount"),
        ({"line_items": [{**chosen()[0], "quantity": 2}]}, "line_items"),
        ({"line_items": chosen() * 2}, "line_items"),
        ({"line_items": [{**chosen()[0], "adjustable_quantity": {"enabled": True}}]}, "line_items"),
        (
            {"line_items": [{**LINE, "adjustable_quantity": {"enabled": True, "minimum": 3}}]},
            "line_items[0].adjustable_quantity",
        ),
        ({"line_items": [{**LINE, "quantity": 10**6}]}, "line_items[0].quantity"),
        ({"after_completion": {"type": "redirect"}}, "after_completion.redirect"),
        (
            {"after_completion": {"type": "redirect", "redirect": {"url": "ftp://shop.example"}}},
            "after_completion.redirect.url",
        ),
        ({"restrictions": {"completed_sessions": {"limit": 0}}}, "restrictions.completed_sessions.limit"),
        ({"restrictions": {"completed_sessions": {"limit": 1001}}}, "restrictions.completed_sessions.limit"),
        (
            {"restrictions": {"completed_sessions": {"limit": 1}}, "payment_method_types": ["bank_transfer"]},
            "payment_method_types",
        ),
        ({"allow_promotion_codes": True}, "allow_promotion_codes"),
    ],
)
async def test_what_is_wrong_with_a_link_is_named(demo: Client, given: dict[str, Any], param: str) -> None:
    answer = await demo.post(LINKS, {"line_items": [LINE], **given})
    assert (answer.status_code, shop.any_error(answer)["param"]) == (400, param), answer.text


async def test_a_limited_link_takes_no_money_that_arrives_by_itself(merchant: Client) -> None:
    link = await made(merchant, restrictions={"completed_sessions": {"limit": 3}})
    assert link["restrictions"] == {"completed_sessions": {"count": 0, "limit": 3}}
    assert link["payment_method_types"] == ["card", "phone_wallet"]


async def test_links_of_others_are_not_found(anyones: Client) -> None:
    link, stranger = await made(anyones), await shop.merchant(anyones.parts, "Stranger")
    for answer in (
        await stranger.get(f"{LINKS}/{link['id']}"),
        await stranger.get(f"{LINKS}/{link['id']}/line_items"),
        await stranger.post(f"{LINKS}/{link['id']}", {"active": False}),
    ):
        shop.error(answer, 404, "invalid_request_error", "resource_missing", "id")
    answer = await (await browser(anyones)).get(f"{LINKS}/{link['id']}")
    shop.error(answer, 403, "permission_error", "permission_missing")


async def test_any_number_of_requests_with_one_key_make_one_link(anyones: Client) -> None:
    asked = [anyones.post(LINKS, {"line_items": [LINE]}, key="same") for _ in range(8)]
    assert len({answer.content for answer in await asyncio.gather(*asked) if answer.status_code == 200}) == 1
    assert len(await anyones.listed(LINKS)) == 1
