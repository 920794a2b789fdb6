from tests.core.happenings import Charge
from tests.core.world import World, happen, occasion, opened
from tillgate.core import ledger
from tillgate.core.decisions import Alias, Decision, Numbering
from tillgate.core.events import EventType, event
from tillgate.core.ledger import Posting
from tillgate.core.money import Money
from tillgate.core.timers import Timer, TimerKind


def whole(name: str) -> Decision:
    """A decision with something of everything in it."""
    payment = happen(World(opened(100)), Charge()).payment
    return Decision(
        save=(payment,),
        post=(ledger.entry("ten_1", name, "pay_1", (Posting("a", "b", Money(1, "USD")),), occasion()),),
        announce=(event(EventType.PAYMENT_CREATED, payment, "pay_1", 1, occasion()),),
        schedule=(Timer("ten_1", TimerKind.INQUIRE, name, 7),),
        name=(Alias("ten_1", "customer_email", name, "cus_1"),),
        number=(Numbering("ten_1", "invoices", name),),
    )


def test_a_decision_by_default_decides_nothing() -> None:
    assert Decision() == Decision((), (), (), (), (), ())


def test_decisions_are_merged_in_every_part_in_order() -> None:
    one, other = whole("one"), whole("other")
    merged = one.merged(other)
    for part in Decision.__struct_fields__:
        assert getattr(merged, part) == (*getattr(one, part), *getattr(other, part))
    assert len(merged.save) == 2


def test_merging_with_nothing_changes_nothing() -> None:
    decision = whole("one")
    assert decision.merged(Decision()) == Decision().merged(decision) == decision


def test_a_decision_may_save_more_and_is_else_the_same() -> None:
    decision, further = whole("one"), opened(200)
    more = decision.also(further)
    assert more.save == (*decision.save, further)
    assert more.merged(Decision()) == decision.merged(Decision(save=(further,)))
    assert decision.also() is decision
