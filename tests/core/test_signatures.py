"""Deliveries are signed so that the tools that receivers have verify them."""

import hashlib
import hmac
import json
import time

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tillgate.core import signatures, webhook_endpoints

OLD, NEW = (webhook_endpoints.secret(bytes(range(n, n + webhook_endpoints.SECRET_BYTES))) for n in (0, 9))
BODY = '{"id":"evt_1","name":"Zoë"}'.encode()


@pytest.fixture
def now() -> int:
    """The time of this very test: what signs is five minutes old before long proofs are over, and verifies no more."""
    return int(time.time())


def test_each_secret_of_a_rotation_verifies_by_standard_webhooks(now: int) -> None:
    headers = dict(signatures.headers((NEW, OLD), "evt_1", now, BODY))
    for secret in (NEW, OLD):
        assert Webhook(secret).verify(BODY, headers) == json.loads(BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD).verify(BODY, dict(signatures.headers((NEW,), "evt_1", now, BODY)))


@pytest.mark.parametrize("forged", ["body", "id", "time"])
def test_what_was_changed_on_the_way_does_not_verify(forged: str, now: int) -> None:
    headers = dict(signatures.headers((NEW,), "evt_1", now, BODY))
    changes = {"id": {"webhook-id": "evt_2"}, "time": {"webhook-timestamp": str(now - 1)}}
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(BODY + b" " if forged == "body" else BODY, {**headers, **changes.get(forged, {})})


def test_the_plain_signature_is_bare_hex_by_the_whole_secret(now: int) -> None:
    headers = signatures.headers((NEW, OLD), "evt_1", now, BODY)
    assert headers["X-Signature"] == hmac.new(NEW.encode(), BODY, hashlib.sha256).hexdigest()
    assert headers["X-Signature-Previous"] == hmac.new(OLD.encode(), BODY, hashlib.sha256).hexdigest()
    assert len(headers["X-Signature"]) == 64
    assert "X-Signature-Previous" not in signatures.headers((NEW,), "evt_1", now, BODY)


def test_the_stamped_signature_lists_the_time_and_one_by_each_secret(now: int) -> None:
    stamped = signatures.headers((NEW, OLD), "evt_1", now, BODY)["Stripe-Signature"].split(",")
    signed = f"{now}.".encode() + BODY
    by = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in (NEW, OLD)]
    assert stamped == [f"t={now}", *(f"v1={each}" for each in by)]
