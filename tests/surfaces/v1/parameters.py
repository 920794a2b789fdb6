"""Every parameter of every operation, in bodies that are right, to be made wrong one by one."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import msgspec
import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.parameters_of_checkouts import CHECKOUTS
from tests.surfaces.v1.parameters_of_escrow import ESCROW_MOVES, ESCROW_ORDER, ESCROW_SETTINGS
from tests.surfaces.v1.shop import CARD, PAYMENT, Client
from tests.vault import recorded
from tillgate.surfaces.v1.operations import Operation
from tillgate.surfaces.v1.surface import OPERATIONS

# A number that was mistyped: it fails the Luhn check, so that only never to repeat a value keeps it back.
MISTYPED = "4242424242424241"

ADDRESS = {
    "line1": "1 High Street",
    "line2": "Back door",
    "city": "London",
    "state": "-",
    "postal_code": "N1",
    "country": "GB",
}
BILLING: dict[str, Any] = {"name": "Ann", "email": "a@example.com", "phone": "1", "address": ADDRESS}
SHIPPING: dict[str, Any] = {
    "name": "Ann",
    "address": ADDRESS,
    "phone": "1",
    "carrier": "Post",
    "tracking_number": "RM 7",
}

# An address that nothing is sent to, so that no test leaves an endpoint behind.
ENDPOINT: dict[str, Any] = {
    "url": "http://10.0.0.1/hook",
    "enabled_events": ["payment.succeeded"],
    "description": "Books",
    "metadata": {"system": "books"},
    "ordering": "strict",
}

BODIES: dict[str, dict[str, Any]] = {
    **CHECKOUTS,
    "/v1/escrow_orders": ESCROW_ORDER,
    "/v1/payments": {
        **PAYMENT,
        "card": {**CARD, "name": "Ann"},
        "customer": {"email": "a@example.com", "name": "Ann", "phone": "1"},
        "description": "Tea",
        "metadata": {"order": "7"},
        "capture_method": "automatic",
        "payment_method_options": {"card": {"request_three_d_secure": "any"}},
        "return_url": "https://shop.example",
    },
    "/v1/payments/{id}": {"description": "Tea", "metadata": {"order": "7"}},
    "/v1/payment_intents": {
        "amount": 2000,
        "currency": "usd",
        "payment_method_types": ["card"],
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        "payment_method_data": {"type": "card", "card": {**CARD, "name": "Ann"}, "billing_details": BILLING},
        "capture_method": "automatic",
        "payment_method_options": {"card": {"request_three_d_secure": "any"}},
        "confirm": False,
        "off_session": False,
        "error_on_requires_action": False,
        "setup_future_usage": "off_session",
        "description": "Tea",
        "metadata": {"order": "7"},
        "receipt_email": "a@example.com",
        "shipping": SHIPPING,
        "return_url": "https://shop.example",
    },
    "/v1/payment_intents/{id}": {
        "amount": 2100,
        "currency": "eur",
        "payment_method_types": ["card"],
        "customer": "cus_x",
        "payment_method": "pm_x",
        "capture_method": "manual",
        "payment_method_options": {"card": {"request_three_d_secure": "any"}},
        "setup_future_usage": "on_session",
        "description": "Tea",
        "metadata": {"order": "7"},
        "receipt_email": "a@example.com",
        "shipping": SHIPPING,
    },
    "/v1/payment_intents/{id}/confirm": {
        "client_secret": "pi_x_secret_x",
        "payment_method": "pm_x",
        "payment_method_options": {"card": {"request_three_d_secure": "any"}},
        "off_session": False,
        "error_on_requires_action": False,
        "setup_future_usage": "on_session",
        "receipt_email": "a@example.com",
        "shipping": SHIPPING,
        "return_url": "https://shop.example",
    },
    "/v1/payment_intents/{id}/capture": {"amount_to_capture": 100},
    "/v1/payment_intents/{id}/cancel": {"cancellation_reason": "abandoned"},
    "/v1/charges/{id}": {"description": "Tea", "metadata": {"order": "7"}},
    "/v1/setup_intents": {
        "usage": "on_session",
        "payment_method_types": ["card"],
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        "payment_method_data": {"type": "card", "card": {**CARD, "name": "Ann"}, "billing_details": BILLING},
        "confirm": False,
        "description": "Tea",
        "metadata": {"order": "7"},
        "return_url": "https://shop.example",
    },
    "/v1/setup_intents/{id}": {
        "payment_method_types": ["card"],
        "customer": "cus_x",
        "payment_method": "pm_x",
        "description": "Tea",
        "metadata": {"order": "7"},
    },
    "/v1/setup_intents/{id}/confirm": {
        "client_secret": "seti_x_secret_x",
        "payment_method": "pm_x",
        "return_url": "https://shop.example",
    },
    "/v1/setup_intents/{id}/cancel": {"cancellation_reason": "abandoned"},
    "/v1/refunds/{id}": {"metadata": {"case": "7"}},
    "/v1/payments/{id}/capture": {"amount": 100},
    "/v1/payments/{id}/cancel": {},
    "/v1/payments/{id}/refund": {"amount": 100, "reason": "Broken", "metadata": {"case": "7"}},
    "/v1/refunds": {"payment": "pay_x", "amount": 100, "reason": "Broken", "metadata": {"case": "7"}},
    "/v1/disputes/{id}": {
        "evidence": {"uncategorized_text": "It was delivered.", "shipping_carrier": "Post"},
        "metadata": {"case": "7"},
        "submit": False,
    },
    "/v1/disputes/{id}/close": {},
    "/sandbox/disputes": {
        "payment": "pay_x",
        "amount": 100,
        "reason": "product_not_received",
        "evidence_due_by": 4_102_444_800,
    },
    "/v1/tokens": {"card": {**CARD, "name": "Ann"}},
    "/v1/customers": {
        "email": "a@example.com",
        "name": "Ann",
        "phone": "1",
        "address": ADDRESS,
        "shipping": SHIPPING,
        "description": "Regular",
        "metadata": {"shelf": "7"},
    },
    "/v1/customers/{id}": {
        "email": "a@example.com",
        "name": "Ann",
        "phone": "1",
        "address": ADDRESS,
        "shipping": SHIPPING,
        "description": "Regular",
        "metadata": {"shelf": "7"},
        "default_payment_method": "pm_x",
    },
    "/v1/payment_methods": {
        "type": "card",
        "card": {**CARD, "name": "Ann"},
        "billing_details": BILLING,
        "metadata": {"shelf": "7"},
    },
    "/v1/payment_methods/{id}": {
        "billing_details": BILLING,
        "card": {"exp_month": 11, "exp_year": 2035},
        "metadata": {"shelf": "7"},
    },
    "/v1/wallet_keys": {
        "type": "google_pay",
        "google_pay": {
            "merchant_id": "gateway:tillgate",
            "gateway_merchant_id": "bookshop",
            "private_key": recorded.google_pay()["private_key"],
            "root_keys": json.dumps(recorded.google_pay()["root_keys"]),
        },
    },
    "/sandbox/bank/transfers": {
        "amount": 100,
        "currency": "eur",
        "payment": "pay_x",
        "remittance_information": "Order 7",
        "debtor_name": "Ann Lee",
        "debtor_iban": "DE89370400440532013000",
        "bank_reference": "2026-11-21/1",
        "reverses": "2026-11-20/1",
        "status": "booked",
        "booked_at": 1_700_000_000,
    },
    "/sandbox/wallets/apple_pay": {"card": {**CARD, "name": "Ann"}, "application_data": "T3JkZXIgNw=="},
    "/sandbox/wallets/google_pay": {
        "card": {**CARD, "name": "Ann"},
        "protocol_version": "ECv2",
        "auth_method": "CRYPTOGRAM_3DS",
    },
    "/sandbox/faults": {
        "kind": "timeout_after",
        "count": 3,
        "operation": "void",
        "probability": 50,
        "seed": 7,
        "seconds": 1,
        "expires_in": 600,
    },
    "/sandbox/clock": {"advance_by": 86_400},
    "/sandbox/merchants": {
        "name": "Checkout tests",
        "fee_plan": {"basis_points": 140, "fixed": {"EUR": 25}},
        "dispute_fees": {"EUR": 2000},
        "settlement_days": 1,
        "expires_in": 600,
    },
    "/v1/payment_methods/{id}/attach": {"customer": "cus_x"},
    "/v1/payment_methods/{id}/detach": {},
    "/v1/bank_accounts": {
        "account_holder_name": "Ann",
        "currency": "usd",
        "country": "US",
        "account_number": "000123456789",
        "routing_number": "110000000",
        "metadata": {"shelf": "7"},
    },
    "/v1/payouts": {
        "currency": "usd",
        "amount": 100,
        "destination": "ba_x",
        "method": "standard",
        "description": "Rent",
        "metadata": {"month": "7"},
    },
    "/v1/payouts/{id}/cancel": {},
    "/sandbox/payouts/{id}/send": {},
    "/v1/payout_settings": {
        "interval": "weekly",
        "weekly_anchor": "friday",
        "monthly_anchor": 31,
        "minimum_amounts": {"usd": 1000},
        "destinations": {"usd": ""},
    },
    "/v1/escrow_settings": ESCROW_SETTINGS,
    **ESCROW_MOVES,
    "/v1/webhook_endpoints": ENDPOINT,
    "/v1/webhook_endpoints/{id}": {**ENDPOINT, "status": "enabled"},
    "/v1/webhook_endpoints/{id}/rotate_secret": {},
    "/v1/webhook_endpoints/{id}/test": {},
    "/v1/events/{id}/resend": {"webhook_endpoint": "we_x"},
}
"""Every parameter but those of `LEFT_OUT`, so that the whole is right."""

LEFT_OUT = {
    "/v1/checkout/sessions": {"amount", "customer", "expires_at"},
    "/v1/payments": {"apple_pay", "google_pay"},
    "/v1/payment_intents": {"customer", "payment_method"},
    "/v1/payment_intents/{id}": {"payment_method_data"},
    "/v1/payment_intents/{id}/confirm": {"payment_method_data"},
    "/v1/setup_intents": {"customer", "payment_method"},
    "/v1/setup_intents/{id}": {"payment_method_data"},
    "/v1/setup_intents/{id}/confirm": {"payment_method_data"},
    "/v1/payment_methods": {"apple_pay", "google_pay"},
    "/v1/wallet_keys": {"apple_pay"},
    "/v1/refunds": {"payment_intent", "charge"},
    "/sandbox/faults": {"event_type"},
    "/sandbox/clock": {"advance_to"},
    "/v1/customers": {"default_payment_method", "invoice_settings"},
    "/v1/customers/{id}": {"invoice_settings"},
    "/v1/bank_accounts": {"iban", "bic"},
    "/v1/escrow_orders": {
        *("seller", "operator", "operator_basis_points", "provider", "provider_basis_points", "project"),
    },
}

PAGES = {"limit", "starting_after", "ending_before"}
LISTS = PAGES | {"created"}
NOTED = LISTS | {"metadata"}
SPANS = {"created", "amount"}
MONEY = NOTED | {"amount", "currency"}

SEARCHES = {"query", "limit", "page"}

QUERIES = {
    "/v1/checkout/sessions": LISTS | {"customer", "payment_intent", "payment_link", "status"},
    "/v1/checkout/sessions/{id}/line_items": PAGES,
    "/v1/payment_links": LISTS | {"active"},
    "/v1/payment_links/{id}/line_items": PAGES,
    "/v1/escrow_orders": LISTS | {"status", "product"},
    "/v1/escrow_orders/{id}/calendar": {"limit"},
    "/v1/escrow_orders/{id}/evidence": {"limit"},
    "/v1/projects": LISTS,
    "/v1/parties": LISTS | {"kind"},
    "/v1/search": SEARCHES | {"type"},
    "/v1/payments/search": SEARCHES,
    "/v1/payment_intents/search": SEARCHES,
    "/v1/charges/search": SEARCHES,
    "/v1/customers/search": SEARCHES,
    "/v1/payments": MONEY | {"customer", "status"},
    "/v1/payment_intents": MONEY | {"customer", "status"},
    "/v1/payment_intents/{id}": {"client_secret"},
    "/v1/setup_intents": NOTED | {"customer", "status"},
    "/v1/setup_intents/{id}": {"client_secret"},
    "/v1/charges": MONEY | {"customer", "payment_intent", "status"},
    "/v1/refunds": MONEY | {"payment", "payment_intent", "charge", "customer", "status"},
    "/v1/disputes": MONEY | {"payment", "payment_intent", "charge", "status"},
    "/v1/customers": NOTED | {"email"},
    "/v1/customers/{id}/payment_methods": NOTED | {"type"},
    "/v1/payment_methods": NOTED | {"type", "customer"},
    "/v1/transactions": {"limit", "offset", "status", "from_date", "to_date", "type", "currency", "customer"}
    | SPANS
    | {"metadata"},
    "/v1/balance_transactions": LISTS | {"type", "currency", "source", "payout", "amount"},
    "/v1/payouts": MONEY | {"status"},
    "/v1/payouts/{id}/lines": PAGES,
    "/v1/bank_accounts": LISTS | {"currency"},
    "/v1/wallet_keys": LISTS,
    "/sandbox/faults": LISTS,
    "/sandbox/merchants": LISTS,
    "/v1/webhook_endpoints": LISTS,
    "/v1/webhook_endpoints/{id}/deliveries": PAGES,
    "/v1/events": LISTS | {"type", "object"},
}

QUERIES |= {
    f"/v1/exports/{name}": QUERIES[f"/v1/{name}"] - PAGES | {"format"}
    for name in (
        *("payments", "payment_intents", "refunds", "disputes", "customers"),
        *("payment_methods", "payouts", "balance_transactions"),
    )
}

# Those that anybody may ask have errors of their own, and tests of their own.
POSTS = [operation for operation in OPERATIONS if operation.method == "POST" and operation.scopes]
GETS = [operation for operation in OPERATIONS if operation.method == "GET"]

each_post = pytest.mark.parametrize("operation", POSTS, ids=lambda one: one.path)
each_get = pytest.mark.parametrize("operation", GETS, ids=lambda one: one.path)


async def post(client: Client, operation: Operation, body: Any) -> httpx2.Response:
    content = b"" if body is None else msgspec.json.encode(body)
    headers = {"content-type": "application/json"}
    asker = await shop.acting(client, operation)
    return await asker.ask("POST", operation.path.replace("{id}", "pay_x"), content, headers)


def fields(body: dict[str, Any], path: str = "") -> Iterator[str]:
    """Every parameter of a body by its name, dots for nesting; metadata has names of its client's own."""
    for name, value in body.items():
        yield path + name
        if isinstance(value, dict) and name != "metadata":
            yield from fields(value, f"{path}{name}.")


def changed(body: dict[str, Any], field: str, value: Any) -> dict[str, Any]:
    """A body with one parameter changed."""
    name, _, rest = field.partition(".")
    inner = body.get(name)
    return {**body, name: changed(inner, rest, value) if rest and isinstance(inner, dict) else value}


def without(body: dict[str, Any], field: str) -> dict[str, Any]:
    """A body with one parameter left out."""
    name, _, rest = field.partition(".")
    kept = {other: value for other, value in body.items() if other != name}
    return {**kept, name: without(body[name], rest)} if rest else kept
