import pytest

from tillgate.core.money import Money
from tillgate.core.reasons import Reason, Refused


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_is_stored_by_its_name(reason: Reason) -> None:
    assert reason.value == reason.name.lower()


def test_a_refusal_carries_its_reason_the_input_at_fault_and_what_a_sentence_needs() -> None:
    refused = Refused(Reason.AMOUNT_TOO_SMALL, "amount", least=Money(50, "USD"))
    assert (refused.reason, refused.field, refused.detail) == (
        Reason.AMOUNT_TOO_SMALL,
        "amount",
        {"least": Money(50, "USD")},
    )


def test_a_refusal_is_written_with_its_reason_and_field_alone() -> None:
    assert str(Refused(Reason.NOT_FOUND, "customer", id="a name of somebody")) == "not_found: customer"
    assert str(Refused(Reason.IDEMPOTENCY_KEY_IN_USE)) == "idempotency_key_in_use"
    assert "somebody" not in repr(Refused(Reason.NOT_FOUND, "customer", id="a name of somebody"))
