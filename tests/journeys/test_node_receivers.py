"""Receivers written in Node verify what is delivered by the libraries that they have, and refuse everything else."""

import asyncio
import json
import subprocess
from pathlib import Path

import msgspec
import pytest

from tests import receivers, servers
from tests.journeys.merchant import CARD_PAYMENT, Merchant
from tests.receivers import Got
from tests.waiting import LONG_SECONDS

VERIFY = Path(__file__).parents[1] / "node" / "verify.js"
TOLERANCE_SECONDS = 300
"""How old a delivery may be for either library."""

ACCEPTED = ("payment.succeeded", "payment.succeeded")
TOO_OLD = ("WebhookVerificationError: Message timestamp too old", "StripeSignatureVerificationError: Timestamp outside")
UNSIGNED = (
    "WebhookVerificationError: No matching signature found",
    "StripeSignatureVerificationError: No signatures found matching the expected signature",
)


class Rotation(msgspec.Struct, frozen=True):
    """What was delivered before an endpoint's secret was rotated and right after, and both secrets."""

    before: Got
    overlap: Got
    old: str
    new: str


@pytest.fixture(scope="module")
def rotation(tmp_path_factory: pytest.TempPathFactory) -> Rotation:
    """Real deliveries by a real server."""
    with servers.serving(tmp_path_factory.mktemp("node") / "data") as server:
        return asyncio.run(rotated(Merchant(server.url)))


async def rotated(merchant: Merchant) -> Rotation:
    payment = {**CARD_PAYMENT, "description": "Zoë’s order, 16 €"}
    async with receivers.receiving() as receiver:
        wanted = {"url": receiver.url, "enabled_events": ["payment.succeeded"]}
        made = (await merchant.ask("POST", "/v1/webhook_endpoints", wanted)).told
        await merchant.ask("POST", "/v1/payments", payment)
        await receiver.until(lambda: len(receiver.got) == 1)
        changed = (await merchant.ask("POST", f"/v1/webhook_endpoints/{made['id']}/rotate_secret", {})).told
        await merchant.ask("POST", "/v1/payments", payment)
        await receiver.until(lambda: len(receiver.got) == 2)
    merchant.hang_up()
    before, overlap = receiver.got
    return Rotation(before, overlap, old=made["secret"], new=changed["secret"])


def verdict(got: Got, secret: str, *, body: str | None = None, seconds_later: int = 0) -> tuple[str, str]:
    """What the libraries of Standard Webhooks and of Stripe say of a delivery."""
    case = {
        "headers": got.headers,
        "body": got.body.decode() if body is None else body,
        "secret": secret,
        "seconds_later": seconds_later,
    }
    ran = subprocess.run(
        ["node", VERIFY], input=json.dumps(case), check=False, capture_output=True, text=True, timeout=LONG_SECONDS
    )
    assert ran.returncode == 0, f"{ran.stderr}\nmake test installs what is missing"
    standard, stripe = json.loads(ran.stdout)
    return standard, stripe


def assert_refused(said: tuple[str, str], why: tuple[str, str]) -> None:
    """Both libraries refuse, and for that reason."""
    assert all(each.startswith(reason) for each, reason in zip(said, why, strict=True)), said


def test_what_is_delivered_is_accepted(rotation: Rotation) -> None:
    assert verdict(rotation.before, rotation.old) == ACCEPTED


def test_an_altered_body_is_refused(rotation: Rotation) -> None:
    altered = rotation.before.body.decode().replace("1600", "1601")
    assert altered != rotation.before.body.decode()
    assert_refused(verdict(rotation.before, rotation.old, body=altered), UNSIGNED)


def test_what_comes_again_later_is_refused_and_so_is_a_time_written_anew(rotation: Rotation) -> None:
    got, late = rotation.before, 2 * TOLERANCE_SECONDS
    assert verdict(got, rotation.old, seconds_later=TOLERANCE_SECONDS // 2) == ACCEPTED
    assert_refused(verdict(got, rotation.old, seconds_later=late), TOO_OLD)
    stamp = got.headers["webhook-timestamp"]
    anew = {name: value.replace(stamp, str(int(stamp) + late)) for name, value in got.headers.items()}
    assert_refused(verdict(Got(got.path, anew, got.body), rotation.old, seconds_later=late), UNSIGNED)


def test_another_secret_is_refused(rotation: Rotation) -> None:
    assert_refused(verdict(rotation.before, rotation.new), UNSIGNED)


@pytest.mark.parametrize("secret", ["old", "new"])
def test_both_secrets_are_good_while_a_rotation_overlaps(rotation: Rotation, secret: str) -> None:
    assert verdict(rotation.overlap, getattr(rotation, secret)) == ACCEPTED
