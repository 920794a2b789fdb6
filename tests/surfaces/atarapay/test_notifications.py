"""What a merchant is told of its orders: eight things, in parts or as JSON, with a token that proves it."""

import base64
import json
from typing import Any

import pytest

from tillgate.core.escrows import MOVES, Delivery, Escrow, EscrowStatus, Move, Pricing, Product, Side, Step
from tillgate.core.events import EventType
from tillgate.core.money import Money
from tillgate.http import multipart
from tillgate.surfaces.atarapay import events

ESCROW = Escrow(
    product=Product(id="7", name="Ankara"), pricing=Pricing(price=Money(1, "NGN")), delivery=Delivery(promised_by=1)
)

TABLE = {
    (Move.DELIVER, Side.SELLER): ("Delivered", "Order is marked completed"),
    (Move.ACCEPT, Side.BUYER): ("Accepted", "Buyer Accepts Order"),
    (Move.REJECT, Side.BUYER): ("Rejected", "Buyer Rejects Order"),
    (Move.CANCEL, Side.BUYER): ("Rejected", "Transaction is canceled"),
    (Move.WITHDRAW, Side.BUYER): ("Complete", "Dispute is cancelled, Transaction Completed"),
    (Move.CANCEL, Side.SELLER): ("Canceled", "Transaction is canceled"),
    (Move.WITHDRAW, Side.SELLER): ("Refunded", "Dispute is cancelled, Buyer Refunded"),
    (Move.REDELIVER, Side.BUYER): ("Pending II", "Second Delivery Attempt"),
}
"""The page's table, by what was done and by whom."""

SAME = {
    (Move.DELIVER, Side.OPERATOR): (Move.DELIVER, Side.SELLER),
    (Move.CANCEL, Side.OPERATOR): (Move.CANCEL, Side.SELLER),
    (Move.WITHDRAW, Side.OPERATOR): (Move.WITHDRAW, Side.SELLER),
    (Move.ACCEPT, Side.CLOCK): (Move.ACCEPT, Side.BUYER),
}
"""What is told as if somebody else had done it: the operator acts as the seller, and who is silent has accepted."""


def test_of_every_move_there_is_the_table_says_what_is_told() -> None:
    for (_, move, side), rule in MOVES.items():
        step = Step(1, move, side, rule.status or EscrowStatus.PENDING)
        earlier = Step(0, move, Side.BUYER if side is not Side.BUYER else Side.SELLER, EscrowStatus.PENDING)
        moved = Escrow(**{**_fields(ESCROW), "history": (earlier, step)})
        expected = TABLE.get(SAME.get((move, side), (move, side)))
        if rule.told is EventType.ESCROW_ORDER_CANCELED and side is Side.CLOCK:
            expected = TABLE[Move.CANCEL, Side.SELLER]
        assert events.words(rule.told, moved) == expected, (move, side)


def _fields(escrow: Escrow) -> dict[str, Any]:
    return {name: getattr(escrow, name) for name in escrow.__struct_fields__}


@pytest.mark.parametrize("type", [type for type in EventType if not type.startswith("escrow_order.")])
def test_of_nothing_else_anything_is_told(type: EventType) -> None:
    assert events.words(type, ESCROW) is None


DATA = b'{"id":7,"amount_payed":1250000,"a":"--\\r\\n"}'
BODY = b'{"status":"Delivered","message":"Order is marked completed","data":' + DATA + b"}"
TOKEN = base64.b64encode(b"public:private:7:1250000").decode()


def test_a_notification_in_parts_has_the_four_parts_and_is_the_same_each_time() -> None:
    media_type, body = events.in_parts("evt_1", "public:private", BODY)
    assert dict(multipart.pairs(multipart.parts(media_type, body))) == {
        "status": "Delivered",
        "message": "Order is marked completed",
        "data": DATA.decode(),
        "token": TOKEN,
    }
    assert events.in_parts("evt_1", "public:private", BODY) == (media_type, body)


def test_a_notification_as_json_has_the_same() -> None:
    media_type, body = events.as_json("evt_1", "public:private", BODY)
    assert media_type == "application/json"
    assert json.loads(body) == {**json.loads(BODY), "token": TOKEN}


def test_without_keys_there_is_no_token() -> None:
    assert "token" not in json.loads(events.as_json("evt_1", None, BODY)[1])
    assert "token" not in dict(multipart.pairs(multipart.parts(*events.in_parts("evt_1", None, BODY))))
