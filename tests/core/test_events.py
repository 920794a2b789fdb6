from tests.core.world import occasion, opened
from tillgate.core.events import EventType, event


def test_an_event_bears_its_view_its_place_and_who_asked() -> None:
    payment, now = opened(100), occasion(now=7)
    told = event(EventType.PAYMENT_CREATED, payment, "pay_1", 3, now)
    assert (told.tenant, told.type, told.stream, told.sequence) == ("ten_1", "payment.created", "pay_1", 3)
    assert told.view is payment
    assert told.created == 7
    assert (told.actor, told.surface, told.request_id) == (now.actor, now.surface, now.request_id)


def test_no_two_events_have_one_id() -> None:
    one, other = (event(EventType.PAYMENT_CREATED, opened(100), "pay_1", 1, occasion()) for _ in range(2))
    assert one.id.startswith("evt_")
    assert one.id != other.id


def test_every_type_names_its_subject_and_what_befell_it() -> None:
    subjects = {type.partition(".")[0] for type in EventType}
    assert subjects == {
        *("payment", "payment_intent", "payment_method", "setup_intent", "checkout", "escrow_order"),
        *("refund", "dispute", "payout", "customer", "webhook_endpoint"),
    }
    assert all(type.partition(".")[2] for type in EventType)
