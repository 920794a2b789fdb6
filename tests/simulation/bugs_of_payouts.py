"""Bugs to plant in payouts and intents, beside those of tests.simulation.bugs."""

from typing import Any

import msgspec
import pytest

from tests.simulation.bugs import bug
from tillgate.core import conclusions, payment_intents, payments, payouts, setup_intents
from tillgate.core.attempts import Kind
from tillgate.core.decisions import Decision
from tillgate.core.occasions import Occasion
from tillgate.core.payments import Payment
from tillgate.core.payouts import Settlement
from tillgate.core.reasons import Reason
from tillgate.core.records import evolve
from tillgate.flows import payouts as payout_flow
from tillgate.store.commit import Committer


def _with_settlement(decision: Decision, **changes: Any) -> Decision:
    save = (evolve(record, **changes) if isinstance(record, Settlement) else record for record in decision.save)
    return msgspec.structs.replace(decision, save=tuple(save))


@bug()
def line_in_two_payouts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A payout leaves the statement open that it paid out."""
    whole = payouts.create

    def create(settlement: Settlement, *given: Any) -> Any:
        payout, decision = whole(settlement, *given)
        return payout, _with_settlement(decision, statement=settlement.statement)

    monkeypatch.setattr(payouts, "create", create)


@bug({"crash at any time": 0.0, "database outage": 0.0, "pause": 0.0, "client hangs up": 0.0}, first=31)
def rest_of_a_payout_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a payout leaves is not carried to the next."""
    whole = payouts.create

    def create(settlement: Settlement, *given: Any) -> Any:
        payout, decision = whole(settlement, *given)
        return payout, _with_settlement(decision, carried=0, carried_from=None)

    monkeypatch.setattr(payouts, "create", create)


@bug({"crash after commit": 0.1, "bank: duplicate": 0.4})
def payout_booked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a bank paid out is posted first and written down after that; whoever comes later posts it again."""
    whole = Committer.commit
    posted: set[str] = set()

    async def commit(self: Committer, decision: Decision) -> None:
        paid = [entry for entry in decision.post if entry.id.endswith(":paid")]
        if not paid:
            return await whole(self, decision)
        again = tuple(
            msgspec.structs.replace(entry, id=f"{entry.id} again") if entry.id in posted else entry for entry in paid
        )
        posted.update(entry.id for entry in paid)
        await whole(self, Decision(post=again))
        return await whole(self, msgspec.structs.replace(decision, post=()))

    monkeypatch.setattr(Committer, "commit", commit)


@bug({"question lost on the way": 0.3})
def payout_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A payout of which the bank has not seen anything is sent once more by itself."""
    whole = payout_flow._put

    async def put(*given: Any) -> Any:
        await whole(*given)
        return await whole(*given)

    monkeypatch.setattr(payout_flow, "_put", put)


@bug()
def return_of_a_payout_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was paid out once stays paid, whatever has come back."""
    whole = payouts.conclude

    def conclude(payout: Any, outcome: Any, occasion: Any) -> Any:
        return whole(payout, msgspec.structs.replace(outcome, returned=None), occasion)

    monkeypatch.setattr(payouts, "conclude", conclude)


@bug()
def intent_confirmed_twice_charged_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """An intent that is being charged may be confirmed once more, and what is granted twice is kept."""

    def assert_changeable(payment: Payment, why: Reason) -> None:
        return None

    def charge(payment: Payment, occasion: Occasion) -> payments.Asking:
        return payments.reserve(payment, Kind.CHARGE, payment.amount, occasion)

    monkeypatch.setattr(payment_intents, "assert_changeable", assert_changeable)
    monkeypatch.setattr(payments, "charge", charge)
    monkeypatch.setattr(conclusions, "_is_surplus", lambda payment, attempt: False)


@bug()
def verified_card_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A setup intent succeeds, and its customer does not have the card."""
    monkeypatch.setattr(setup_intents, "_kept", lambda standing, occasion: Decision())


@bug()
def verification_given_up_and_still_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a bank says of a card that was given up for another, or with all of it, still counts."""
    whole = setup_intents.conclude

    def conclude(standing: setup_intents.Standing, outcome: Any, occasion: Occasion) -> Any:
        setup = evolve(standing.setup_intent, attempt=standing.attempt.id)
        return whole(msgspec.structs.replace(standing, setup_intent=setup), outcome, occasion)

    monkeypatch.setattr(setup_intents, "conclude", conclude)
