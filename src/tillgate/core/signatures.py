"""Signatures: what proves to a merchant's endpoint that a delivery is ours, in the three ways that are in use."""

import base64
import hmac
from collections.abc import Mapping, Sequence

from tillgate.core.webhook_endpoints import SECRET_PREFIX


def headers(secrets: Sequence[str], event: str, timestamp: int, body: bytes) -> Mapping[str, str]:
    """The headers that sign a body by an endpoint's secrets, the newest first; `timestamp` in unix seconds.

    `X-Signature` is what both documents verify: bare hex by the whole secret, the newest one's. Standard Webhooks
    (`webhook-…`) signs by the bytes of which the secret is the base64, `Stripe-Signature` by the whole secret again;
    both carry one signature by each secret.
    """
    stamped = f"{timestamp}.".encode() + body
    named = f"{event}.".encode() + stamped
    signed = {
        "X-Signature": _hex(secrets[0], body),
        "webhook-id": event,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{_standard(secret, named)}" for secret in secrets),
        "Stripe-Signature": ",".join([f"t={timestamp}", *(f"v1={_hex(secret, stamped)}" for secret in secrets)]),
    }
    if len(secrets) > 1:
        signed["X-Signature-Previous"] = _hex(secrets[1], body)
    return signed


def _hex(secret: str, message: bytes) -> str:
    return hmac.digest(secret.encode(), message, "sha256").hex()


def _standard(secret: str, message: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    return base64.b64encode(hmac.digest(key, message, "sha256")).decode()
