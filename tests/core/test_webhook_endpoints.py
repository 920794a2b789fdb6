"""An endpoint wants what it named, forgets a failure once it answers, and is switched off when it is of no use."""

import pytest

from tillgate.core import webhook_endpoints
from tillgate.core.events import EventType
from tillgate.core.ids import Ids
from tillgate.core.instants import DAY, HOUR
from tillgate.core.metadata import Notes
from tillgate.core.occasions import Occasion
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve
from tillgate.core.webhook_endpoints import DisabledReason, EndpointStatus, WebhookEndpoint, Wishes

NOW = 1_700_000_000_000_000
ENDPOINT = WebhookEndpoint(
    tenant="ten_1", id="we_1", created=NOW, url="https://shop.example", enabled_events=("*",), secret=b"new"
)


def occasion(at: int = NOW) -> Occasion:
    ids = Ids.seeded(1)
    return Occasion(at, at, "key_1", "v1", "req_1", lambda prefix: ids.new(prefix, at))


@pytest.mark.parametrize(
    ("enabled", "type", "wanted"),
    [
        (("*",), EventType.PAYMENT_CREATED, True),
        (("payment.created",), EventType.PAYMENT_CREATED, True),
        (("payment.created",), EventType.PAYMENT_FAILED, False),
        (("payment.failed", "*"), EventType.REFUND_CREATED, True),
    ],
)
def test_an_endpoint_wants_what_it_named(enabled: tuple[str, ...], type: EventType, wanted: bool) -> None:
    endpoint = evolve(ENDPOINT, enabled_events=enabled)
    assert endpoint.wants(type, "pay_1") is wanted
    assert not evolve(endpoint, status=EndpointStatus.DISABLED).wants(type, "pay_1")


def test_a_test_is_for_the_endpoint_that_is_tested_alone() -> None:
    narrow = evolve(ENDPOINT, enabled_events=("payment.created",))
    decision = webhook_endpoints.test(narrow, occasion())
    (announced,) = decision.announce
    assert narrow.wants(announced.type, announced.stream)
    assert not evolve(ENDPOINT, id="we_2").wants(announced.type, announced.stream)
    assert "webhook_endpoint.test" not in webhook_endpoints.SUBSCRIBABLE


def test_a_disabled_endpoint_cannot_be_tested() -> None:
    with pytest.raises(Refused) as refused:
        webhook_endpoints.test(evolve(ENDPOINT, status=EndpointStatus.DISABLED), occasion())
    assert refused.value.reason is Reason.ENDPOINT_DISABLED


def test_a_rotated_secret_signs_beside_the_new_one_for_a_day() -> None:
    rotated = webhook_endpoints.rotate(ENDPOINT, b"newer", NOW)
    assert rotated.sealed_secrets(NOW) == rotated.sealed_secrets(NOW + DAY - 1) == (b"newer", b"new")
    assert rotated.sealed_secrets(NOW + DAY) == (b"newer",)


def test_events_that_there_are_not_are_refused_and_none_is_named_twice() -> None:
    assert webhook_endpoints.check_events(["payment.failed", "*", "payment.failed"]) == ("payment.failed", "*")
    for unknown in ("payment.sucseeded", "", "webhook_endpoint.test", "payment.*"):
        with pytest.raises(Refused) as refused:
            webhook_endpoints.check_events(["*", unknown])
        assert (refused.value.reason, refused.value.detail["name"]) == (Reason.EVENT_UNKNOWN, unknown)


def test_a_change_leaves_the_rest_as_it_is() -> None:
    noted = evolve(ENDPOINT, description="Books", metadata={"a": "1"})
    assert webhook_endpoints.change(noted, Wishes()) == noted
    assert webhook_endpoints.change(noted, Wishes(description="")).description is None
    changed = webhook_endpoints.change(noted, Wishes(url="https://other.example", notes=Notes({"b": "2"})))
    assert (changed.url, changed.metadata, changed.description) == (
        "https://other.example",
        {"a": "1", "b": "2"},
        "Books",
    )


def test_failures_count_from_the_first_one_until_one_is_answered_well() -> None:
    first = webhook_endpoints.heard(ENDPOINT, well=False, gone=False, occasion=occasion())
    assert first is not None
    (failing,) = first.save
    assert isinstance(failing, WebhookEndpoint)
    assert failing.failing_since == NOW
    assert webhook_endpoints.heard(failing, well=False, gone=False, occasion=occasion(NOW + HOUR)) is None
    cleared = webhook_endpoints.heard(failing, well=True, gone=False, occasion=occasion(NOW + HOUR))
    assert cleared is not None
    assert cleared.save == (ENDPOINT,)
    assert webhook_endpoints.heard(ENDPOINT, well=True, gone=False, occasion=occasion()) is None


@pytest.mark.parametrize(
    ("gone", "after", "why"), [(True, 0, DisabledReason.GONE), (False, 5 * DAY, DisabledReason.FAILING)]
)
def test_what_is_gone_or_failed_for_five_days_is_switched_off_and_announced(
    gone: bool, after: int, why: DisabledReason
) -> None:
    failing = evolve(ENDPOINT, failing_since=NOW)
    early = webhook_endpoints.heard(failing, well=False, gone=False, occasion=occasion(NOW + 5 * DAY - 1))
    assert early is None
    decision = webhook_endpoints.heard(failing, well=False, gone=gone, occasion=occasion(NOW + after))
    assert decision is not None
    (off,), (announced,) = decision.save, decision.announce
    assert isinstance(off, WebhookEndpoint)
    assert (off.status, off.disabled_reason) == (EndpointStatus.DISABLED, why)
    assert announced.type is EventType.WEBHOOK_ENDPOINT_DISABLED
    assert isinstance(announced.view, WebhookEndpoint)
    assert announced.view.secret == b""
    assert webhook_endpoints.heard(off, well=False, gone=True, occasion=occasion()) is None
    on = webhook_endpoints.change(off, Wishes(status=EndpointStatus.ENABLED))
    assert (on.is_enabled, on.disabled_reason, on.failing_since) == (True, None, None)
