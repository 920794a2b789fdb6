"""What their client in Python does with checkout sessions and payment links."""

from typing import Any

import stripe

from tests.clients.python_objects import customer
from tests.clients.scenarios import Does, Shop, fails

DOES = Does()
"""What it does, by operation."""

LINE = {"price_data": {"currency": "usd", "unit_amount": 1200, "product_data": {"name": "Mug"}}, "quantity": 2}


def opened(shop: Shop, **more: Any) -> Any:
    """A session of two mugs."""
    given = {"mode": "payment", "line_items": [LINE], "success_url": "https://shop.example/paid", **more}
    return shop.client().v1.checkout.sessions.create(given)


@DOES("checkout.sessions.create")
def create_session(shop: Shop) -> None:
    session = opened(
        shop,
        success_url="https://shop.example/paid?session_id={CHECKOUT_SESSION_ID}",
        cancel_url="https://shop.example/basket",
        client_reference_id="order-7",
        metadata={"basket": "9"},
        payment_intent_data={"metadata": {"order": "7"}},
        payment_method_types=["card"],
    )
    assert isinstance(session, stripe.checkout.Session)
    assert (session.status, session.payment_status, session.mode) == ("open", "unpaid", "payment")
    assert (session.amount_total, session.currency, session.metadata["basket"]) == (2400, "usd", "9")
    assert session.success_url == f"https://shop.example/paid?session_id={session.id}"
    assert session.url.startswith(f"{shop.url}/checkout/")
    assert shop.client().v1.payment_intents.retrieve(session.payment_intent).metadata["order"] == "7"


@DOES("checkout.sessions.retrieve with what it is of")
def retrieve_session(shop: Shop) -> None:
    session = opened(shop)
    found = shop.client().v1.checkout.sessions.retrieve(session.id, {"expand": ["line_items", "payment_intent"]})
    assert found.line_items.data[0].description == "Mug"
    assert found.payment_intent.status == "requires_payment_method"


@DOES("checkout.sessions.retrieve by the payer's browser")
def retrieve_session_publicly(shop: Shop) -> None:
    session = opened(shop, client_reference_id="order-7")
    seen = shop.client(key=shop.publishable_key).v1.checkout.sessions.retrieve(session.id)
    assert (seen.url, seen.client_reference_id) == (session.url, None)


@DOES("checkout.sessions.list")
def list_sessions(shop: Shop) -> None:
    owner = customer(shop)
    session = opened(shop, customer=owner.id)
    assert [one.id for one in shop.client().v1.checkout.sessions.list({"customer": owner.id}).data] == [session.id]


@DOES("checkout.sessions.line_items.list")
def list_lines(shop: Shop) -> None:
    lines = shop.client().v1.checkout.sessions.line_items.list(opened(shop).id)
    assert [(line.description, line.quantity, line.amount_total) for line in lines.data] == [("Mug", 2, 2400)]


@DOES("checkout.sessions.expire")
def expire_session(shop: Shop) -> None:
    expired = shop.client().v1.checkout.sessions.expire(opened(shop).id)
    assert (expired.status, expired.url) == ("expired", None)
    with fails(stripe.InvalidRequestError):
        shop.client().v1.checkout.sessions.expire(expired.id)


@DOES("checkout.sessions that are paid")
def paid_session(shop: Shop) -> None:
    session = opened(shop)
    shop.client().v1.payment_intents.confirm(session.payment_intent, {"payment_method": "pm_card_visa"})
    paid = shop.client().v1.checkout.sessions.retrieve(session.id)
    assert (paid.status, paid.payment_status) == ("complete", "paid")


def linked(shop: Shop, **more: Any) -> Any:
    """A payment link for two mugs."""
    return shop.client().v1.payment_links.create({"line_items": [LINE], **more})


@DOES("payment_links.create")
def create_link(shop: Shop) -> None:
    link = linked(
        shop,
        metadata={"campaign": "spring"},
        after_completion={"type": "redirect", "redirect": {"url": "https://shop.example/thanks"}},
        restrictions={"completed_sessions": {"limit": 5}},
    )
    assert isinstance(link, stripe.PaymentLink)
    assert (link.active, link.currency, link.metadata["campaign"]) == (True, "usd", "spring")
    assert link.url == f"{shop.url}/pay/{link.id}"
    assert (link.restrictions.completed_sessions.count, link.restrictions.completed_sessions.limit) == (0, 5)


@DOES("payment_links.retrieve")
def retrieve_link(shop: Shop) -> None:
    link = linked(shop)
    assert shop.client().v1.payment_links.retrieve(link.id).to_dict() == link.to_dict()


@DOES("payment_links.update")
def update_link(shop: Shop) -> None:
    assert shop.client().v1.payment_links.update(linked(shop).id, {"active": False}).active is False


@DOES("payment_links.list")
def list_links(shop: Shop) -> None:
    link = linked(shop)
    assert link.id in [one.id for one in shop.client().v1.payment_links.list({"active": True, "limit": 5}).data]


@DOES("payment_links.line_items.list")
def list_lines_of_link(shop: Shop) -> None:
    [line] = shop.client().v1.payment_links.line_items.list(linked(shop).id).data
    assert (line.description, line.quantity, line.amount_total) == ("Mug", 2, 2400)
