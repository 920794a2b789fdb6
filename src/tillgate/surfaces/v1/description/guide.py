"""The guide: what the reference says before its operations, and examples of requests for a shell."""

import json
from typing import Any, Final

import msgspec

from tillgate.core.events import EventType
from tillgate.core.reasons import Reason
from tillgate.surfaces.v1 import errors, wordings
from tillgate.surfaces.v1.description import faults, webhooks

Described = dict[str, Any]


class SandboxCard(msgspec.Struct, frozen=True):
    """A card that the sandbox's issuer knows, and the code that a payment with it fails with, if it does."""

    number: str
    result: str
    code: str = ""


SANDBOX_CARDS: Final = (
    SandboxCard("4242424242424242", "Succeeds (Visa)"),
    SandboxCard("5555555555554444", "Succeeds (Mastercard)"),
    SandboxCard("378282246310005", "Succeeds (American Express)"),
    SandboxCard("6011111111111117", "Succeeds (Discover)"),
    SandboxCard("3056930009020004", "Succeeds (Diners Club)"),
    SandboxCard("3566002020360505", "Succeeds (JCB)"),
    SandboxCard("6200000000000005", "Succeeds (UnionPay)"),
    SandboxCard("4000002500003155", "3-D Secure: asks the customer to confirm, then succeeds (Visa)"),
    SandboxCard("5200002500003150", "3-D Secure: asks the customer to confirm, then succeeds (Mastercard)"),
    SandboxCard("4000008260003178", "3-D Secure: asks the customer to confirm, then declines", "insufficient_funds"),
    SandboxCard("4000003000000014", "3-D Secure: recognizes the customer without asking (Visa)"),
    SandboxCard("5200003000000019", "3-D Secure: recognizes the customer without asking (Mastercard)"),
    SandboxCard("4000003000000022", "3-D Secure: takes no part, its network stands in for it"),
    SandboxCard("4000003000000030", "3-D Secure: rejects the customer without asking", "authentication_failed"),
    SandboxCard("4000003000000048", "3-D Secure: cannot be reached, the payment goes on without"),
    SandboxCard("4000003000000055", "3-D Secure: not enrolled, the payment goes on without"),
    SandboxCard("4000000000000002", "Declined", "card_declined"),
    SandboxCard("4000000000009995", "Insufficient funds", "insufficient_funds"),
    SandboxCard("4000000000000069", "Expired", "expired_card"),
    SandboxCard("4000000000000127", "Wrong security code", "incorrect_cvc"),
    SandboxCard("4000000000000119", "Processing error", "processing_error"),
    SandboxCard("4000000000000341", "Becomes a token, is declined when charged", "card_declined"),
)

VERIFY_PYTHON: Final = """import hashlib, hmac

def is_ours(body: bytes, signature: str, secret: str) -> bool:
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(signature, expected)

# is_ours(request.body, request.headers["X-Signature"], "whsec_…")
"""

VERIFY_JAVASCRIPT: Final = """const crypto = require("crypto");

function isOurs(body, signature, secret) {
  const expected = crypto.createHmac("sha256", secret).update(body).digest("hex");
  return signature.length === expected.length
    && crypto.timingSafeEqual(Buffer.from(signature), Buffer.from(expected));
}

// isOurs(rawBody, headers["x-signature"], "whsec_…"): the body as it came, before JSON.parse
"""

_GUIDES: Final = (
    ("start", "Start"),
    ("authentication", "Authentication"),
    ("requests", "Requests and answers"),
    ("error", "Errors"),
    ("idempotency", "Idempotency"),
    ("pagination", "Pagination"),
    ("rate-limits", "Rate limits"),
    ("webhooks", "Webhooks"),
    ("sandbox", "Sandbox cards"),
)


def context(document: Described, operations: dict[str, Described], origin: str, key: str) -> Described:
    """What the guide's template fills in."""
    limited = any(wording.status == 429 for wording in errors.every())
    has_webhooks = "createWebhookEndpoint" in operations
    left_out = {name for name, there in (("rate-limits", limited), ("webhooks", has_webhooks)) if not there}
    create = document["paths"]["/v1/payments"]["post"]
    statuses = sorted({wording.status for wording in errors.every()} - {405})
    return {
        "info": document["info"]["description"],
        "guides": [guide for guide in _GUIDES if guide[0] not in left_out],
        "key": key,
        "start": curl(origin, key, "POST", create, "Idempotency-Key: order-12345"),
        "pagination": f"curl '{origin}/v1/payments?limit=100&starting_after=LAST_ID' \\\n"
        f"  -H 'Authorization: Bearer {key}'",
        "basic": "basic" in document["components"]["securitySchemes"],
        "forms": any(
            "application/x-www-form-urlencoded" in method.get("requestBody", {}).get("content", {})
            for path in document["paths"].values()
            for method in path.values()
        ),
        "expands": any(
            parameter.get("name") == "expand[]"
            for path in document["paths"].values()
            for method in path.values()
            for parameter in method.get("parameters", ())
        ),
        "limited": limited,
        "webhooks": has_webhooks,
        "publishable": [one for one in operations.values() if one["publishable"]],
        "access_tokens": operations.get("createAuthToken"),
        "statuses": [(status, faults.title(status)) for status in statuses],
        "error_example": json.dumps(_declined(origin), indent=2),
        "event_example": json.dumps(_event(create["responses"]["200"]["content"]["application/json"]), indent=2),
        "events": [(type.value, webhooks.told(type)) for type in EventType],
        "verify_python": VERIFY_PYTHON,
        "verify_javascript": VERIFY_JAVASCRIPT,
        "cards": SANDBOX_CARDS,
    }


def curl(origin: str, key: str, method: str, described: Described, *headers: str) -> str:
    """An operation's example as a command for a shell."""
    address = origin + described["x-example"]
    address = f"'{address}'" if set("?&[]") & set(described["x-example"]) else address
    request = f"curl -X {method} {address}" if method == "DELETE" else f"curl {address}"
    lines = [request]
    if described["security"]:
        lines.append(f"-H 'Authorization: Bearer {key}'")
    lines += [f"-H '{header}'" for header in headers]
    body = described.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
    if body is not None:
        text = json.dumps(body, indent=2, ensure_ascii=False).replace("'", "'\\''")
        lines += ["-H 'Content-Type: application/json'", f"-d '{text}'"]
    elif method == "POST":
        lines[0] = f"curl -X POST {address}"
    return " \\\n  ".join(lines)


def _declined(origin: str) -> Described:
    wording = wordings.WORDINGS[Reason.INSUFFICIENT_FUNDS]
    return {
        "error": {
            "type": wording.type.value,
            "code": wording.code,
            "message": wording.sentence,
            "decline_code": wording.decline_code,
            "payment": {"id": "pay_01m7zat6k9fyjtqxrt7pv10dm2", "status": "failed"},
            "doc_url": f"{origin}/docs/errors#{wording.code}",
            "request_id": "req_01m7zat6jjedcaqxrt70hbn10v",
        }
    }


def _event(paid: Described) -> Described:
    payment = paid.get("example", {})
    return {
        "id": "evt_01m7zat6k9fyjtqxrt7mn2y253",
        "object": "event",
        "type": "payment.succeeded",
        "created": payment.get("created"),
        "livemode": False,
        "sequence": 2,
        "data": {"object": {name: payment.get(name) for name in ("id", "object", "amount", "currency", "status")}},
    }
