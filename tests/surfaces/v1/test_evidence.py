"""Evidence on the wire: the seller's side and the manager see what a buyer has sent, nobody else does."""

import hashlib
import io

import pytest
from PIL import Image

from tests.surfaces.v1 import shop
from tests.surfaces.v1.pictures import photograph
from tests.surfaces.v1.shop import Client
from tests.surfaces.v1.story_of_escrow_orders import ORDER
from tillgate.core.escrows import Move
from tillgate.flows import escrow_orders, order_answers, photographs
from tillgate.flows.gateway import Caller
from tillgate.flows.order_answers import Seen

pytestmark = pytest.mark.anyio


async def disputed(client: Client, *pictures: bytes) -> str:
    """The id of an order whose buyer shows what is wrong."""
    order = (await client.post("/escrow_orders", ORDER)).json()
    paid = await client.post(f"/payment_intents/{order['payment_intent']}/confirm", {"payment_method": "pm_card_visa"})
    assert paid.status_code == 200, paid.text
    assert (await client.post(f"/escrow_orders/{order['id']}/deliver")).status_code == 200
    _, tenant = await client.parts.directory.identify(client.key or "", on_this_machine=True)
    caller = Caller(tenant, "buyer", "pages", "")
    payment = await escrow_orders.fetch(client.parts.gateway, caller, order["payment"])
    drawn = [await photographs.drawn(one) for one in pictures]
    await order_answers.give(client.parts.gateway, caller, payment, Move.DISPUTE, Seen(1, 0), "It is torn.", drawn)
    return str(order["id"])


async def test_what_a_buyer_has_sent_is_listed_and_read(anyones: Client) -> None:
    order = await disputed(anyones, photograph(), photograph("PNG", (90, 30)))
    for client in (anyones, await shop.manager(anyones)):
        first, second = await client.listed(f"/escrow_orders/{order}/evidence")
        assert [first["step"], first["move"], first["by"], first["comment"]] == [2, "dispute", "buyer", "It is torn."]
        assert (second["width"], second["height"], second["escrow_order"]) == (90, 30, order)
        answer = await client.get(f"/escrow_orders/{order}/evidence/{second['id']}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
        assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
        assert answer.headers["content-disposition"] == f'attachment; filename="{second["id"]}.jpg"'
        assert hashlib.sha256(answer.content).hexdigest() == second["sha256"]
        assert len(answer.content) == second["size"]
        assert Image.open(io.BytesIO(answer.content)).size == (90, 30)
    page = (await anyones.get(f"/escrow_orders/{order}/evidence?limit=1")).json()
    assert ([one["id"] for one in page["data"]], page["has_more"]) == ([first["id"]], True)


async def test_nobody_elses_is_found_nor_that_of_another_order(anyones: Client) -> None:
    order, other = await disputed(anyones, photograph()), await disputed(anyones)
    (known,) = await anyones.listed(f"/escrow_orders/{order}/evidence")
    assert await anyones.listed(f"/escrow_orders/{other}/evidence") == []
    stranger = await shop.merchant(anyones.parts)
    for client, path, missing in (
        (stranger, f"{order}/evidence", "id"),
        (stranger, f"{order}/evidence/{known['id']}", "id"),
        (anyones, f"{other}/evidence/{known['id']}", "evidence"),
        (anyones, f"{order}/evidence/ev_x", "evidence"),
    ):
        answer = await client.get(f"/escrow_orders/{path}")
        shop.error(answer, 404, "invalid_request_error", "resource_missing", missing)
