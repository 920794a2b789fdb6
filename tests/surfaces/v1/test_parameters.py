"""Parameters that are wrong: each is refused in the documented form, by name, and without repeating a value."""

from typing import Any

import pytest
from msgspec import structs

from tests.sizes import at_size
from tests.surfaces.v1 import shop
from tests.surfaces.v1.parameters import (
    BODIES,
    GETS,
    LEFT_OUT,
    MISTYPED,
    POSTS,
    QUERIES,
    changed,
    each_post,
    fields,
    post,
    without,
)
from tests.surfaces.v1.parameters_of_escrow import ESCROW_DAYS
from tests.surfaces.v1.shop import PAYMENT, Client
from tillgate.surfaces.v1.operations import Operation

pytestmark = pytest.mark.anyio

# Values of types that a parameter does not take.
WRONG_TYPES: dict[str, list[Any]] = {
    "text": [True, 7, 1.5, -1, [], ["x"], {}, {"x": 1}],
    "number": [True, 1.5, 2.0, "5", "", [], [5], {}, 1e300, -0.5],
    "object": [True, 7, 1.5, "x", "", [], [{}]],
    "number or text": [True, 1.5, [], [7], {}],
    "text or object": [True, 7, 1.5, [], [{}]],
    "true or false": [7, 1.5, "x", "", [], {}],
    "object or nothing": [True, 7, 1.5, "x", [], [{}]],
    "list": [True, 7, 1.5, "x", "", {}, {"x": 1}],
}

KINDS = {
    "amount": "number",
    "card": "object",
    "metadata": "object",
    "card.exp_month": "number or text",
    "card.exp_year": "number or text",
    "customer": "text or object",
    "evidence": "object",
    "submit": "true or false",
    "line_items": "list",
    "active": "true or false",
    **dict.fromkeys(("after_completion", "after_completion.redirect"), "object"),
    **dict.fromkeys(("restrictions", "restrictions.completed_sessions"), "object"),
    "restrictions.completed_sessions.limit": "number",
    "/v1/payment_links/{id} metadata": "object or nothing",
    **dict.fromkeys(("exchange_rates", "days"), "object"),
    **dict.fromkeys((f"days.{name}" for name in ESCROW_DAYS), "number"),
    **dict.fromkeys(("payment_intent_data", "payment_intent_data.metadata"), "object"),
    "evidence_due_by": "number",
    **dict.fromkeys(("price", "product.quantity", "cancellation_fee", "/v1/escrow_orders shipping"), "number"),
    **dict.fromkeys(("delivery.promised_by", "delivery.sla_days"), "number"),
    **dict.fromkeys(("product", "delivery", "buyer"), "object"),
    "booked_at": "number",
    "advance_by": "number",
    "/v1/disputes/{id} metadata": "object or nothing",
    "billing_details": "object",
    "billing_details.address": "object",
    **dict.fromkeys(("address", "shipping", "shipping.address"), "object"),
    "/v1/payments/{id} metadata": "object or nothing",
    "/v1/charges/{id} metadata": "object or nothing",
    "/v1/refunds/{id} metadata": "object or nothing",
    "google_pay": "object",
    "google_pay.root_keys": "text or object",
    "/v1/customers/{id} metadata": "object or nothing",
    "/v1/payment_methods/{id} metadata": "object or nothing",
    "/v1/webhook_endpoints/{id} metadata": "object or nothing",
    "/v1/payment_methods/{id} card.exp_month": "number",
    "/v1/payment_methods/{id} card.exp_year": "number",
    "/v1/payment_methods/{id}/attach customer": "text",
    "enabled_events": "list",
    "payment_method_types": "list",
    "payment_method_data": "object",
    "payment_method_options": "object",
    "payment_method_options.card": "object",
    "payment_method_data.card": "object",
    "payment_method_data.card.exp_month": "number or text",
    "payment_method_data.card.exp_year": "number or text",
    "payment_method_data.billing_details": "object",
    "payment_method_data.billing_details.address": "object",
    "automatic_payment_methods": "object",
    "automatic_payment_methods.enabled": "true or false",
    "confirm": "true or false",
    "product.is_virtual": "true or false",
    "off_session": "true or false",
    "error_on_requires_action": "true or false",
    "amount_to_capture": "number",
    "/v1/payment_intents/{id} metadata": "object or nothing",
    "/v1/payment_intents/{id} customer": "text",
    "/v1/setup_intents/{id} metadata": "object or nothing",
    "/v1/setup_intents/{id} customer": "text",
    "monthly_anchor": "number",
    **dict.fromkeys(("count", "probability", "seed", "seconds", "expires_in", "settlement_days"), "number"),
    **dict.fromkeys(("fee_plan", "fee_plan.fixed", "dispute_fees"), "object"),
    **dict.fromkeys(("fee_plan.basis_points", "fee_plan.fixed.EUR", "dispute_fees.EUR"), "number"),
    "minimum_amounts": "object",
    "minimum_amounts.usd": "number",
    "destinations": "object",
}


FIELDS = [(operation, field) for operation in POSTS for field in fields(BODIES[operation.path])]
each_field = pytest.mark.parametrize(("operation", "field"), FIELDS, ids=[f"{o.path} {f}" for o, f in FIELDS])


def test_the_bodies_have_every_parameter_that_there_is() -> None:
    for operation in POSTS:
        taken = {field.name for field in structs.fields(operation.takes)} - {"expand"}
        assert set(BODIES[operation.path]) | LEFT_OUT.get(operation.path, set()) == taken
    for operation in GETS:
        taken = {field.name for field in structs.fields(operation.takes)} - {"expand"}
        assert QUERIES.get(operation.path, set()) == taken


@each_field
async def test_a_value_of_another_type_is_refused_by_name(demo: Client, operation: Operation, field: str) -> None:
    kind = KINDS.get(f"{operation.path} {field}") or KINDS.get(field, "text")
    for value in WRONG_TYPES[kind]:
        answer = await post(demo, operation, changed(BODIES[operation.path], field, value))
        code = "amount_invalid" if field == "amount" else "parameter_invalid"
        said = shop.error(answer, 400, "invalid_request_error", code, field)
        assert "takes" in said["message"]
        assert "`" not in said["message"]


SENT = {"shipping.name", "shipping.address"}
REQUIRED: dict[str, set[str]] = {
    "/v1/checkout/sessions": {"line_items"},
    "/v1/payment_links": {
        *("line_items", "after_completion.type", "after_completion.redirect", "after_completion.redirect.url"),
        *("restrictions.completed_sessions", "restrictions.completed_sessions.limit"),
    },
    "/v1/payment_links/{id}": {"after_completion.type"},
    "/v1/escrow_orders": {
        *("price", "currency", "product", "product.id", "product.name", "delivery", "delivery.promised_by"),
        *("buyer", "buyer.email"),
    },
    "/v1/payments": {
        *("amount", "currency", "payment_method", "card.number", "card.exp_month", "card.exp_year", "customer.email")
    },
    "/v1/payment_intents": {
        *("amount", "currency", "payment_method_data.type", "payment_method_data.card"),
        "automatic_payment_methods.enabled",
        *(f"payment_method_data.card.{field}" for field in ("number", "exp_month", "exp_year")),
        *SENT,
    },
    **dict.fromkeys(("/v1/payment_intents/{id}", "/v1/payment_intents/{id}/confirm"), SENT),
    **dict.fromkeys(("/v1/customers", "/v1/customers/{id}"), SENT),
    "/v1/setup_intents": {
        *("automatic_payment_methods.enabled", "payment_method_data.type", "payment_method_data.card"),
        *(f"payment_method_data.card.{field}" for field in ("number", "exp_month", "exp_year")),
    },
    "/v1/refunds": {"payment"},
    "/sandbox/disputes": {"payment"},
    "/v1/escrow_orders/{id}/award": {"amount"},
    "/sandbox/escrow_orders/{id}/award": {"amount"},
    "/sandbox/clock": {"advance_by"},
    "/v1/tokens": {"card", "card.number", "card.exp_month", "card.exp_year"},
    "/v1/payment_methods": {"type", "card", "card.number", "card.exp_month", "card.exp_year"},
    "/v1/payment_methods/{id}/attach": {"customer"},
    "/v1/webhook_endpoints": {"url"},
    "/v1/wallet_keys": {
        *("type", "google_pay", "google_pay.merchant_id", "google_pay.private_key", "google_pay.root_keys")
    },
    "/sandbox/bank/transfers": {"amount", "currency"},
    "/sandbox/wallets/apple_pay": {"card", "card.number", "card.exp_month", "card.exp_year"},
    "/sandbox/wallets/google_pay": {"card", "card.number", "card.exp_month", "card.exp_year"},
    "/v1/payouts": {"currency"},
    "/sandbox/faults": {"kind"},
    "/v1/bank_accounts": {"account_holder_name", "account_number", "routing_number"},
}

# May be left out, and not be null.
NEVER_NULL = {
    *("metadata", "capture_method", "reason", "url", "enabled_events", "ordering", "status"),
    *("protocol_version", "auth_method", "confirm", "off_session", "payment_method_types", "usage"),
    "error_on_requires_action",
    *("count", "probability", "seed", "/sandbox/faults expires_in", "/sandbox/merchants name", "settlement_days"),
    *("fee_plan", "fee_plan.basis_points", "fee_plan.fixed", "fee_plan.fixed.EUR", "dispute_fees", "dispute_fees.EUR"),
    *("automatic_payment_methods.allow_redirects", "method"),
    *("remittance_information", "debtor_name", "exchange_rates.USDNGN"),
    *("mode", "ui_mode", "payment_intent_data.metadata", "payment_intent_data.capture_method"),
    *(f"/v1/payment_links/{{id}} {field}" for field in ("active", "after_completion")),
}


@each_field
async def test_what_is_required_must_be_there_and_not_null(demo: Client, operation: Operation, field: str) -> None:
    body = BODIES[operation.path]
    absent = await post(demo, operation, without(body, field))
    null = await post(demo, operation, changed(body, field, None))
    if field in REQUIRED.get(operation.path, ()):
        shop.error(absent, 400, "invalid_request_error", "parameter_missing", field)
        assert (null.status_code, shop.any_error(null)["param"]) == (400, field)
    else:
        assert "parameter_missing" not in absent.text
        assert {field, f"{operation.path} {field}"} & NEVER_NULL or null.status_code == absent.status_code


@each_field
async def test_no_value_is_repeated_that_could_be_a_card_number(demo: Client, operation: Operation, field: str) -> None:
    for value in (MISTYPED, "4242424242424242", "4242 4242 4242 4241", "4242.4242.4242.4242", f"pay_{MISTYPED}"):
        answer = await post(demo, operation, changed(BODIES[operation.path], field, value))
        assert answer.status_code < 500
        if answer.status_code >= 400:
            said = shop.any_error(answer)
            digits = "".join(filter(str.isdigit, said["message"] + said.get("param", "")))
            assert value not in answer.text
            assert digits not in ("4242424242424241", "4242424242424242")


STRANGE = [
    *("", " ", "\x01", "é", "💳" * 50, "x" * 1_000, "x" * 100_000),
    *("'; drop table payments; --", "<script>", "{field}", "{0}", "%s", "..", "null"),
]


SHARES = at_size(3, 1)
"""Every day each field is given a share of them, another than the field before it; together they get all."""

TURNS = {f"{operation.path} {field}": turn for turn, (operation, field) in enumerate(FIELDS)}
BESIDE = ("id", "payment", "card", "url", "destination", "amount")


@each_field
async def test_no_text_is_too_strange_to_be_answered(demo: Client, operation: Operation, field: str) -> None:
    for value in STRANGE[TURNS[f"{operation.path} {field}"] % SHARES :: SHARES]:
        answer = await post(demo, operation, changed(BODIES[operation.path], field, value))
        assert answer.status_code in (200, 400, 402, 404)
        if answer.status_code != 200:
            # What is named beside it does not exist, or does not go with it.
            assert shop.any_error(answer)["param"].startswith((field, *BESIDE))


@pytest.mark.parametrize("amount", [0, -1, -(2**63), 1 - 2**63, 1, 49])
async def test_an_amount_below_the_least_is_too_small(demo: Client, amount: int) -> None:
    answer = await demo.post("/payments", {**PAYMENT, "amount": amount})
    code = "amount_invalid" if amount == -(2**63) else "amount_too_small"
    shop.error(answer, 400, "invalid_request_error", code, "amount")


@pytest.mark.parametrize("amount", [100_000_000, 2**53, 2**63 - 1])
async def test_an_amount_above_the_most_is_too_large(demo: Client, amount: int) -> None:
    answer = await demo.post("/payments", {**PAYMENT, "amount": amount})
    said = shop.error(answer, 400, "invalid_request_error", "amount_too_large", "amount")
    assert said["message"] == "Amount must be at most $999,999.99 USD"


@pytest.mark.parametrize(
    ("currency", "amount", "message"),
    [
        ("usd", 49, "Amount must be at least $0.50 USD"),
        ("EUR", 49, "Amount must be at least €0.50 EUR"),
        ("jpy", 49, "Amount must be at least ¥50 JPY"),
        ("GBP", 29, "Amount must be at least £0.30 GBP"),
    ],
)
async def test_the_least_amount_is_written_for_the_currency(
    demo: Client, currency: str, amount: int, message: str
) -> None:
    answer = await demo.post("/payments", {"amount": amount, "currency": currency, "payment_method": "card"})
    assert shop.error(answer, 400, "invalid_request_error", "amount_too_small", "amount")["message"] == message


@pytest.mark.parametrize("currency", ["", "us", "usdx", "xxx", "xau", "U$D", "ＵＳＤ", "uſd", "x" * 10_000, "\n"])
async def test_what_is_no_currency_is_refused(demo: Client, currency: str) -> None:
    answer = await demo.post("/payments", {**PAYMENT, "currency": currency})
    said = shop.error(answer, 400, "invalid_request_error", "currency_invalid", "currency")
    assert "ISO 4217" in said["message"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("customer.email", "nobody"),
        ("customer.email", "a@b\r\nBcc: everybody@example.com"),
        ("customer.email", "a b@example.com"),
        ("return_url", "shop.example/paid"),
        ("return_url", "/paid"),
        ("return_url", "javascript:alert(1)"),
        ("return_url", "javascript://%0aalert(1)"),
        ("return_url", "data://text/html,x"),
        ("return_url", "https://shop.example/\r\nset-cookie:x"),
        ("return_url", "https:// shop.example"),
        ("return_url", "http://shop.example/paid"),
        ("return_url", "http://localhost.shop.example/paid"),
        ("return_url", "bookshop-app://paid/7"),
        ("return_url", "https://shop.example@elsewhere.example/paid"),
        ("return_url", "https://shop.example\\@elsewhere.example"),
        ("return_url", "https://"),
        ("return_url", "//shop.example"),
        ("metadata", {"": "x"}),
        ("metadata", {"x" * 41: "x"}),
        ("metadata", {str(n): "x" for n in range(51)}),
        ("metadata.order", {"order": 7}),
        ("metadata.order", {"order": None}),
        ("metadata.order", {"fine": "x", "order": "x" * 501}),
        ("metadata.…", {MISTYPED: 7}),
        ("capture_method", "later"),
        ("description", "x" * 1_001),
        ("customer.name", "x" * 256),
    ],
)
async def test_a_value_that_cannot_be_is_refused_by_name(demo: Client, field: str, value: Any) -> None:
    body = BODIES["/v1/payments"]
    answer = await demo.post("/payments", changed(body, "metadata" if "metadata" in field else field, value))
    shop.error(answer, 400, "invalid_request_error", "parameter_invalid", field)


@pytest.mark.parametrize(
    "address",
    [
        "https://shop.example",
        "https://shop.example:8443/paid?order=7#top",
        "https://192.0.2.1/paid",
        "https://[2001:db8::1]/paid",
        "http://localhost:3000/paid",
        "http://shop.localhost/paid",
        "http://127.0.0.1:3000/paid",
        "http://[::1]:3000",
    ],
)
async def test_a_payer_may_be_sent_back_to_https_and_to_this_machine(demo: Client, address: str) -> None:
    assert (await demo.pay(return_url=address))["status"] == "succeeded"


@each_post
async def test_an_unknown_parameter_is_named(demo: Client, operation: Operation) -> None:
    answer = await post(demo, operation, {**BODIES[operation.path], "gratuity": 5})
    said = shop.error(answer, 400, "invalid_request_error", "parameter_unknown", "gratuity")
    assert said["message"] == "Unknown parameter: gratuity."


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/payments", {"amout": 5}, "Unknown parameter: amout. Did you mean amount?"),
        ("/payments", {"paymentMethod": "card"}, "Unknown parameter: paymentMethod. Did you mean payment_method?"),
        (
            "/payments",
            {**PAYMENT, "card": {"expMonth": 12}},
            "Unknown parameter: card.expMonth. Did you mean card.exp_month?",
        ),
        ("/tokens", {"card": {"cvv": "1"}}, "Unknown parameter: card.cvv. Did you mean card.cvc?"),
        (
            "/payments",
            {**PAYMENT, "customer": {"e-mail": "x"}},
            "Unknown parameter: customer.e-mail. Did you mean customer.email?",
        ),
        ("/payments", {"zzzzz": 1}, "Unknown parameter: zzzzz."),
        ("/payments", {MISTYPED: 1}, "Unknown parameter: …."),
        ("/payments", {"a` - at `$.card": 1}, "Unknown parameter: …."),
        ("/payments", {"x" * 100_000: 1}, "Unknown parameter: …."),
        ("/payments", {"": 1}, "Unknown parameter: …."),
        ("/payments/pay_x/cancel", {"reason": "x"}, "Unknown parameter: reason."),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else "",
)
async def test_an_unknown_parameter_comes_with_the_nearest_known_one(
    demo: Client, path: str, body: dict[str, Any], message: str
) -> None:
    answer = await demo.post(path, body)
    assert answer.status_code == 400
    said = shop.any_error(answer)
    assert (said["code"], said["message"]) == ("parameter_unknown", message)


@each_post
async def test_parameters_of_a_post_do_not_go_unheard_in_the_query(demo: Client, operation: Operation) -> None:
    paid = await demo.pay()
    path = operation.path.replace("{id}", paid["id"]).removeprefix("/v1")
    asker = await shop.acting(demo, operation)
    answer = await asker.post(f"{path}?amount=100", BODIES[operation.path])
    said = shop.error(answer, 400, "invalid_request_error", "parameter_unknown", "amount")
    assert "body" in said["message"]
    assert (await demo.get(f"/payments/{paid['id']}")).json() == paid
