"""Notifications on the wire: eight things that happen to an order, in parts or as JSON, with a proof that it is us."""

from typing import Any, Final

import msgspec

from tillgate.core.escrow_numbers import Numbers
from tillgate.core.escrows import Escrow, Move, Side
from tillgate.core.events import Event, EventType
from tillgate.core.merchants import Tenant
from tillgate.core.payments import Payment
from tillgate.flows.escrow_settings import FORM
from tillgate.flows.gateway import Renderers, Wrappers
from tillgate.http import multipart
from tillgate.surfaces.atarapay import authtokens, messages, shapes
from tillgate.surfaces.atarapay.calls import SURFACE

PARTS, JSON = FORM[1].values()
"""Versions of the form: which of the two a merchant has set."""

_DELIVERED: Final = ("Delivered", "Order is marked completed")
_ACCEPTED: Final = ("Accepted", "Buyer Accepts Order")
_REJECTED: Final = ("Rejected", "Buyer Rejects Order")
_SECOND: Final = ("Pending II", "Second Delivery Attempt")
_BUYER_CANCELS: Final = ("Rejected", "Transaction is canceled")
_SELLER_CANCELS: Final = ("Canceled", "Transaction is canceled")
_BUYER_WITHDRAWS: Final = ("Complete", "Dispute is cancelled, Transaction Completed")
_SELLER_WITHDRAWS: Final = ("Refunded", "Dispute is cancelled, Buyer Refunded")
_TEST: Final = ("Test", "Test notification")


class _Told(msgspec.Struct, frozen=True):
    """A notification as it is kept, without what proves that it is ours."""

    status: str
    message: str
    data: msgspec.Raw


class _Named(msgspec.Struct, frozen=True):
    """Of an order, what goes into the token."""

    id: int = 0
    amount_payed: int = 0


def words(type: EventType, escrow: Escrow) -> tuple[str, str] | None:
    """What is said of an event, (status, message); None for what nobody is notified of."""
    match type:
        case EventType.ESCROW_ORDER_DELIVERED:
            return _DELIVERED
        case EventType.ESCROW_ORDER_ACCEPTED:
            return _ACCEPTED
        case EventType.ESCROW_ORDER_REJECTED:
            return _REJECTED
        case EventType.ESCROW_ORDER_SECOND_DELIVERY:
            return _SECOND
        case EventType.ESCROW_ORDER_CANCELED:
            return _BUYER_CANCELS if _side(escrow, Move.CANCEL) is Side.BUYER else _SELLER_CANCELS
        case EventType.ESCROW_ORDER_DISPUTE_WITHDRAWN:
            return _BUYER_WITHDRAWS if _side(escrow, Move.WITHDRAW) is Side.BUYER else _SELLER_WITHDRAWS
    return None


def _side(escrow: Escrow, move: Move) -> Side | None:
    """Who made a move last."""
    return next((step.side for step in reversed(escrow.history) if step.move is move), None)


def _written(event: Event, tenant: Tenant) -> bytes | None:
    if event.type is EventType.WEBHOOK_ENDPOINT_TEST:
        return _encoded(_TEST, None)
    view = event.view
    if not isinstance(view, Payment) or view.escrow is None:
        return None
    said = words(event.type, view.escrow)
    return None if said is None else _encoded(said, shapes.order(view, event.numbers or Numbers()))


def _encoded(said: tuple[str, str], data: Any) -> bytes:
    return messages.encode({"status": said[0], "message": said[1], "data": data})


def in_parts(event_id: str, pair: str | None, body: bytes) -> tuple[str, bytes]:
    """A notification as multipart/form-data: `status`, `message`, `data` (JSON), `token`."""
    told = _told(body)
    # JSON has no line breaks outside of its escapes, so that no boundary is found in it.
    boundary = f"tillgate-{event_id}"
    fields = {"status": told.status, "message": told.message, "data": bytes(told.data).decode()}
    whole = {**fields, **_token(told, pair)}
    return f"{multipart.MEDIA_TYPE}; boundary={boundary}", multipart.encode(whole, boundary)


def as_json(event_id: str, pair: str | None, body: bytes) -> tuple[str, bytes]:
    """The same as JSON."""
    told = _told(body)
    return "application/json", messages.encode({**msgspec.structs.asdict(told), **_token(told, pair)})


_told: Final = msgspec.json.Decoder(_Told).decode
_named: Final = msgspec.json.Decoder(_Named | None).decode


def _token(told: _Told, pair: str | None) -> dict[str, str]:
    """The token, unless the merchant has no keys any more."""
    order = _named(told.data) or _Named()
    return {} if pair is None else {"token": authtokens.of_notification(pair, order.id, order.amount_payed)}


RENDERERS: Final[Renderers] = {f"{SURFACE}:{version}": _written for version in (PARTS, JSON)}
"""By the form of a webhook endpoint, how it is told."""

WRAPPERS: Final[Wrappers] = {f"{SURFACE}:{PARTS}": in_parts, f"{SURFACE}:{JSON}": as_json}
"""By the same, what is put around it when it is posted."""
