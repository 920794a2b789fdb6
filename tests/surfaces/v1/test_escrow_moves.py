"""Moves of escrow orders by API: what the seller's side may do, once; in the sandbox, any side."""

from typing import Any

import pytest
import structlog

from tests.surfaces.v1 import shop
from tests.surfaces.v1.books import Books
from tests.surfaces.v1.test_escrow_orders import opened, paid, shown
from tillgate.core.instants import DAY
from tillgate.store import audit
from tillgate.surfaces.v1 import escrow_moves

MISSING = ("invalid_request_error", "resource_missing", "id")


async def does(books: Books, order: dict[str, Any], *moves: str, **said: Any) -> dict[str, Any]:
    """The order after moves: those of the seller's side by name, `buyer accept` and the like in the sandbox."""
    for move in moves:
        who, _, what = move.rpartition(" ")
        path = f"/sandbox/escrow_orders/{order['id']}/{what}" if who else f"/escrow_orders/{order['id']}/{what}"
        answer = await books.client.post(path, {"comment": f"{what}!", **said})
        assert answer.status_code == 200, (move, answer.text)
        order = answer.json()
    return order


LIVES: dict[str, tuple[tuple[str, ...], str, str]] = {
    "accepted": (("deliver", "buyer accept"), "accepted", "all"),
    "canceled by the seller": (("cancel",), "canceled", "nothing"),
    "canceled by the buyer": (("buyer cancel",), "canceled", "nothing"),
    "rejected and confirmed": (("deliver", "buyer reject", "confirm"), "rejected", "nothing"),
    "delivered twice": (("deliver", "buyer redeliver", "deliver", "buyer accept"), "accepted", "all"),
    "withdrawn by the seller": (
        ("deliver", "buyer reject", "contest", "dispute", "withdraw"),
        "dispute_resolved",
        "nothing",
    ),
    "withdrawn by the buyer": (("deliver", "buyer dispute", "buyer withdraw"), "dispute_resolved", "all"),
    "resumed": (("deliver", "buyer dispute", "manager resume", "buyer accept"), "accepted", "all"),
}


@pytest.mark.parametrize("life", LIVES)
async def test_an_order_lives_by_its_moves(books: Books, life: str) -> None:
    moves, status, kept = LIVES[life]
    order = await does(books, await paid(books), *moves)
    assert (order["status"], order["seller_keeps"]) == (status, kept)
    assert [(step["by"], step["move"], step["comment"]) for step in order["history"]] == [
        (who or "seller", what, f"{what}!") for who, _, what in (move.rpartition(" ") for move in moves)
    ]
    await books.passes(DAY)
    order = await shown(books, order["id"])
    whose = {"all": "amount_released", "nothing": "amount_refunded"}[kept]
    assert (order["status"], order["amount_held"], order[whose]) == ("completed", 0, order["amount"])
    assert (await audit.audit(*books.place)).differences == []


async def test_what_is_replaced_is_delivered_anew_before_money_goes_back(books: Books) -> None:
    lamp = {"id": "7", "name": "Lamp", "refund_policy": "replacement"}
    order = await does(books, await paid(books, product=lamp), "deliver", "buyer reject", "confirm")
    assert (order["status"], order["seller_keeps"]) == ("pending_ii", None)
    assert order["product"]["refund_policy"] == "replacement"
    order = await does(books, order, "deliver", "buyer reject", "confirm")
    assert (order["status"], order["seller_keeps"], order["rejections"]) == ("rejected", "nothing", 2)
    await books.passes(DAY)
    order = await shown(books, order["id"])
    assert (order["status"], order["amount_refunded"]) == ("completed", order["amount"])


@pytest.mark.parametrize("share", [0, 1, 70_000])
async def test_what_is_awarded_is_the_sellers_and_the_rest_the_buyers(books: Books, share: int) -> None:
    order = await does(books, await paid(books), "deliver", "buyer dispute")
    order = await does(books, order, "manager award", amount=share)
    assert (order["status"], order["seller_keeps"]) == ("dispute_resolved", "part")
    await books.passes(DAY)
    order = await shown(books, order["id"])
    assert (order["amount_released"], order["amount_refunded"]) == (share, order["amount"] - share)
    assert (await audit.audit(*books.place)).differences == []


async def test_a_move_made_again_changes_nothing_and_says_so(books: Books) -> None:
    order = await paid(books)
    path = f"/escrow_orders/{order['id']}/deliver"
    first, again = [await books.client.post(path, {"comment": "At the door"}, key="once") for _ in range(2)]
    anew = await books.client.post(path, {"comment": "Once more"})
    assert "idempotent-replayed" not in first.headers
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == anew.headers["idempotent-replayed"] == "true"
    assert anew.json() == first.json()
    assert len(anew.json()["history"]) == 1
    other = await books.client.post(path, {"comment": "Other"}, key="once")
    shop.error(other, 400, "idempotency_error", "idempotency_key_reused")


async def test_a_move_that_is_not_to_be_made_now_is_refused_by_name(books: Books) -> None:
    order = await opened(books)
    path = f"/escrow_orders/{order['id']}"
    shop.error(await books.client.post(f"{path}/deliver"), 400, "invalid_request_error", "move_not_allowed", "id")
    order = await paid(books)
    path = f"/escrow_orders/{order['id']}"
    for move in ("confirm", "contest", "dispute", "withdraw"):
        shop.error(await books.client.post(f"{path}/{move}"), 400, "invalid_request_error", "move_not_allowed", "id")
    shop.error(
        await books.client.post(f"/sandbox{path}/award", {"amount": order["amount"] + 1}),
        *(400, "invalid_request_error", "move_not_allowed", "id"),
    )
    await does(books, order, "deliver")
    late = await books.client.post(f"/sandbox{path}/cancel")
    shop.error(late, 400, "invalid_request_error", "canceled_too_late", "id")
    await does(books, order, "buyer dispute")
    much = await books.client.post(f"/sandbox{path}/award", {"amount": order["amount"] + 1})
    shop.error(much, 400, "invalid_request_error", "amount_too_large", "amount")
    await does(books, order, "manager award", amount=1)
    other = await books.client.post(f"/sandbox{path}/award", {"amount": 2})
    shop.error(other, 400, "invalid_request_error", "order_decided", "id")
    shop.error(await books.client.post(f"{path}/cancel"), 400, "invalid_request_error", "order_decided", "id")


async def test_the_manager_decides_what_is_in_dispute_and_sees_nothing_else(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = await shop.manager(books.client)
    quiet, loud, worn = [await paid(books) for _ in range(3)]
    await does(books, loud, "deliver", "buyer dispute")
    await does(books, worn, "deliver", "buyer reject", "contest")
    assert [order["id"] for order in await manager.listed("/escrow_orders")] == [loud["id"]]
    assert [order["id"] for order in await manager.listed("/escrow_orders?status=dispute")] == [worn["id"]]
    hidden = await manager.get("/escrow_orders?status=pending")
    shop.error(hidden, 400, "invalid_request_error", "parameter_invalid", "status")
    shop.error(await manager.get("/escrow_orders?expand[]=data.payment"), 403, "permission_error", "permission_missing")
    path = f"/escrow_orders/{loud['id']}"
    assert [step["comment"] for step in (await manager.get(path)).json()["history"]] == ["deliver!", "dispute!"]
    for move in ("award", "resume"):
        theirs = f"/escrow_orders/{quiet['id']}/{move}"
        shop.error(await manager.post(theirs, {"amount": 1} if move == "award" else {}), 404, *MISSING)
        mine = await books.client.post(f"{path}/{move}", {"amount": 1} if move == "award" else {})
        shop.error(mine, 403, "permission_error", "permission_missing")
    resumed = (await manager.post(f"/escrow_orders/{worn['id']}/resume", {"comment": "Agree!"})).json()
    assert (resumed["status"], resumed["history"][-1]["by"]) == ("rejected", "manager")
    logged = structlog.testing.CapturingLogger()
    monkeypatch.setattr(escrow_moves, "log", logged)
    first, again = [await manager.post(f"{path}/award", {"amount": 1_000}, key="once") for _ in range(2)]
    said = logged.calls[0].kwargs
    assert (said["order"], said["move"], said["by"][:4]) == (loud["id"], "award", "key_")
    assert (manager.key or "") not in str(logged.calls)
    assert (first.status_code, first.content) == (200, again.content)
    assert (first.json()["status"], first.json()["history"][-1]["by"]) == ("dispute_resolved", "manager")
    await books.passes(DAY)
    order = (await manager.get(path)).json()
    assert (order["status"], order["amount_released"]) == ("completed", 1_000)
    assert (await audit.audit(*books.place)).differences == []


async def test_a_manager_of_another_merchant_finds_nothing(books: Books) -> None:
    order = await does(books, await paid(books), "deliver", "buyer dispute")
    other = await shop.manager(await shop.merchant(books.parts))
    assert await other.listed("/escrow_orders") == []
    shop.error(await other.post(f"/escrow_orders/{order['id']}/award", {"amount": 0}), 404, *MISSING)


@pytest.mark.parametrize("path", ["/escrow_orders/{}/deliver", "/sandbox/escrow_orders/{}/accept"])
async def test_what_is_no_order_of_the_merchants_is_not_found(books: Books, path: str) -> None:
    order, stranger = await paid(books), await shop.merchant(books.parts)
    for client, id in ((stranger, order["id"]), (books.client, order["payment"]), (books.client, "eo_1")):
        answer = await client.post(path.format(id))
        shop.error(answer, 404, *MISSING)
