"""`tillgate trigger`: makes events happen in the sandbox, each by the calls that a merchant would make."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias

import click

from tillgate.cli import api, options
from tillgate.cli.api import Api, Failed

_GOOD: Final = "4242424242424242"
_SETTLED_AT_ONCE: Final = "4000000000000077"
_DECLINED: Final = "4000000000000002"
_CHALLENGED: Final = "4000002500003155"
_NOT_THERE: Final = "000111111116"

_PATIENCE_SECONDS: Final = 10.0
"""How long an event is waited for that the sandbox's bank has to bring about."""

Happening: TypeAlias = Callable[[Api], Awaitable[str]]
"""Makes an event happen; the id of what it is about."""


async def _pay(server: Api, number: str = _GOOD, **more: object) -> str:
    """A payment, or the failed one of a decline."""
    card = {"number": number, "exp_month": 12, "exp_year": 2034, "cvc": "123"}
    given = {"amount": 2_000, "currency": "usd", "payment_method": "card", "card": card, **more}
    answer = await server.ask("POST", "/v1/payments", json={"description": "tillgate trigger", **given})
    if answer.status not in (200, 402):
        await server.post("/v1/payments", **given)
    told: dict[str, Any] = answer.told
    return str((told["error"]["payment"] if "error" in told else told)["id"])


async def _decline(server: Api) -> str:
    return await _pay(server, _DECLINED)


async def _authorize(server: Api) -> str:
    return await _pay(server, capture_method="manual")


async def _cancel(server: Api) -> str:
    payment = await _authorize(server)
    await server.post(f"/v1/payments/{payment}/cancel")
    return payment


async def _capture_twice(server: Api) -> str:
    payment = await _authorize(server)
    for _ in range(2):
        await server.post(f"/v1/payments/{payment}/capture", amount=500)
    return payment


async def _release(server: Api) -> str:
    payment = await _authorize(server)
    await server.post(f"/v1/payments/{payment}/capture", amount=500)
    await server.post(f"/v1/payments/{payment}/cancel")
    return payment


async def _refund(server: Api) -> str:
    payment = await _pay(server)
    return str((await server.post("/v1/refunds", payment=payment, amount=500)).told["id"])


async def _change_payment(server: Api) -> str:
    payment = await _pay(server)
    await server.post(f"/v1/payments/{payment}", metadata={"order": "1001"})
    return payment


async def _change_refund(server: Api) -> str:
    refund = await _refund(server)
    await server.post(f"/v1/refunds/{refund}", metadata={"order": "1001"})
    return refund


async def _customer(server: Api) -> str:
    return str((await server.post("/v1/customers", email="jo@shop.example", name="Jo Doe")).told["id"])


async def _change_customer(server: Api) -> str:
    customer = await _customer(server)
    await server.post(f"/v1/customers/{customer}", phone="+1 787 555 0100")
    return customer


async def _delete_customer(server: Api) -> str:
    customer = await _customer(server)
    await server.delete(f"/v1/customers/{customer}")
    return customer


async def _attach(server: Api) -> str:
    card = {"number": _GOOD, "exp_month": 12, "exp_year": 2034, "cvc": "123"}
    method = str((await server.post("/v1/payment_methods", type="card", card=card)).told["id"])
    await server.post(f"/v1/payment_methods/{method}/attach", customer=await _customer(server))
    return method


async def _change_method(server: Api) -> str:
    method = await _attach(server)
    await server.post(f"/v1/payment_methods/{method}", card={"exp_year": 2035})
    return method


async def _detach(server: Api) -> str:
    method = await _attach(server)
    await server.post(f"/v1/payment_methods/{method}/detach")
    return method


async def _intend(server: Api, number: str = "", **more: object) -> str:
    """A payment intent, confirmed with a card if there is one."""
    card = {"number": number, "exp_month": 12, "exp_year": 2034, "cvc": "123"}
    paying = {"confirm": True, "payment_method_data": {"type": "card", "card": card}} if number else {}
    given = {"amount": 2_000, "currency": "usd", "description": "tillgate trigger", **paying, **more}
    answer = await server.ask("POST", "/v1/payment_intents", json=given)
    if answer.status not in (200, 402):
        await server.post("/v1/payment_intents", **given)
    told: dict[str, Any] = answer.told
    return str((told["error"]["payment_intent"] if "error" in told else told)["id"])


async def _succeed(server: Api) -> str:
    return await _intend(server, _GOOD)


async def _challenge(server: Api) -> str:
    return await _intend(server, _CHALLENGED, return_url="https://shop.example/return")


async def _fail(server: Api) -> str:
    return await _intend(server, _DECLINED)


async def _hold(server: Api) -> str:
    return await _intend(server, _GOOD, capture_method="manual")


async def _give_up(server: Api) -> str:
    intent = await _intend(server)
    await server.post(f"/v1/payment_intents/{intent}/cancel")
    return intent


async def _dispute(server: Api) -> str:
    return str((await server.post("/sandbox/disputes", payment=await _pay(server))).told["id"])


async def _contest(server: Api) -> str:
    dispute = await _dispute(server)
    await server.post(f"/v1/disputes/{dispute}", evidence={"uncategorized_text": "winning_evidence"})
    return dispute


async def _accept(server: Api) -> str:
    dispute = await _dispute(server)
    await server.post(f"/v1/disputes/{dispute}/close")
    return dispute


async def _pay_out(server: Api, number: str = "000123456789") -> str:
    available = (await server.get("/v1/balance")).told["available"]
    owed = sum(one["amount"] for one in available if one["currency"] == "usd")
    # What disputes and refunds took below zero is made up for first.
    await _pay(server, _SETTLED_AT_ONCE, amount=2_000 + max(0, -2 * owed))
    account = {"account_holder_name": "tillgate trigger", "country": "US", "routing_number": "110000000"}
    made = await server.post("/v1/bank_accounts", currency="usd", account_number=number, **account)
    asked = {"currency": "usd", "amount": 100, "destination": made.told["id"]}
    return str((await server.post("/v1/payouts", **asked)).told["id"])


async def _cancel_payout(server: Api) -> str:
    payout = await _pay_out(server)
    await server.post(f"/v1/payouts/{payout}/cancel")
    return payout


async def _be_paid(server: Api) -> str:
    payout = await _pay_out(server)
    await server.post(f"/sandbox/payouts/{payout}/send")
    return payout


async def _fail_to_pay_out(server: Api) -> str:
    payout = await _pay_out(server, _NOT_THERE)
    await server.post(f"/sandbox/payouts/{payout}/send")
    return payout


def _set_up(number: str | None = None, *, then: str = "") -> Happening:
    """A setup intent, confirmed with a card if there is one; afterwards `cancel` may be asked of it."""

    async def set_up(server: Api) -> str:
        given: dict[str, object] = {"description": "tillgate trigger"}
        if number is not None:
            card = {"number": number, "exp_month": 12, "exp_year": 2034, "cvc": "123"}
            given |= {"confirm": True, "payment_method_data": {"type": "card", "card": card}}
        answer = await server.ask("POST", "/v1/setup_intents", json=given)
        if answer.status not in (200, 402):
            await server.post("/v1/setup_intents", **given)
        told: dict[str, Any] = answer.told
        id = str((told["error"]["setup_intent"] if "error" in told else told)["id"])
        if then:
            await server.post(f"/v1/setup_intents/{id}/{then}")
        return id

    return set_up


HAPPENINGS: Final[Mapping[str, Happening]] = {
    "payment.created": _pay,
    "payment.authorized": _authorize,
    "payment.succeeded": _pay,
    "payment.captured": _capture_twice,
    "payment.failed": _decline,
    "payment.canceled": _cancel,
    "payment.updated": _change_payment,
    "payment.released": _release,
    "setup_intent.created": _set_up(),
    "setup_intent.requires_action": _set_up(_CHALLENGED),
    "setup_intent.succeeded": _set_up(_GOOD),
    "setup_intent.setup_failed": _set_up(_DECLINED),
    "setup_intent.canceled": _set_up(then="cancel"),
    "payment_intent.created": _intend,
    "payment_intent.requires_action": _challenge,
    "payment_intent.amount_capturable_updated": _hold,
    "payment_intent.succeeded": _succeed,
    "payment_intent.payment_failed": _fail,
    "payment_intent.canceled": _give_up,
    "refund.created": _refund,
    "refund.updated": _change_refund,
    "dispute.created": _dispute,
    "dispute.updated": _contest,
    "dispute.funds_withdrawn": _dispute,
    "dispute.funds_reinstated": _contest,
    "dispute.closed": _accept,
    "payout.created": _pay_out,
    "payout.paid": _be_paid,
    "payout.failed": _fail_to_pay_out,
    "payout.canceled": _cancel_payout,
    "customer.created": _customer,
    "customer.updated": _change_customer,
    "customer.deleted": _delete_customer,
    "payment_method.attached": _attach,
    "payment_method.updated": _change_method,
    "payment_method.detached": _detach,
}
"""By type of event, what makes one happen."""

NEED_MORE_THAN_CALLS: Final = frozenset(
    {
        "payment.capture_failed",  # a bank that says no to what it granted
        "payment_intent.processing",  # a bank that answers later
        *("checkout.found", "checkout.underpaid", "checkout.received", "checkout.completed"),  # a payer on a page
        *("checkout.canceled", "checkout.refunded", "checkout.session.completed", "checkout.session.expired"),
        *("escrow_order.paid", "escrow_order.delivered", "escrow_order.accepted", "escrow_order.rejected"),  # an order
        *("escrow_order.rejection_confirmed", "escrow_order.second_delivery", "escrow_order.contested"),
        *("escrow_order.disputed", "escrow_order.dispute_withdrawn", "escrow_order.dispute_resolved"),
        *("escrow_order.resumed", "escrow_order.canceled", "escrow_order.completed"),
        "webhook_endpoint.disabled",  # an endpoint that fails for days
        "webhook_endpoint.test",  # an endpoint; it has a call of its own
    }
)


@click.command()
@click.argument("event", required=False)
@api.where
def trigger(url: str, key: str, event: str | None) -> None:
    """Make an EVENT happen, such as payment.succeeded; without one, list those there are."""
    if event is None:
        click.echo("\n".join(HAPPENINGS))
        return
    if event not in HAPPENINGS:
        options.stop(f"{event!r} cannot be triggered; there are {', '.join(HAPPENINGS)}")
    try:
        click.echo(asyncio.run(happen(Api(url, key), event)))
    except Failed as failed:
        options.stop(str(failed), status=1)


async def happen(client: Api, event: str) -> str:
    """Make an event happen; a line that names it. Raises Failed."""
    async with client as server:
        about = await HAPPENINGS[event](server)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not (found := (await server.get("/v1/events", type=event, object=about, limit=1)).told["data"]):
            if time.monotonic() > deadline:
                raise Failed(f"{about} was made, but {event} did not happen")
            await asyncio.sleep(0.2)
    return f"{event}  {found[0]['id']}  {about}"
