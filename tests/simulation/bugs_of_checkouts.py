"""Bugs to plant in checkouts and in what becomes of money that arrives by itself, for tests.simulation.checkouts."""

from typing import Any

import msgspec
import pytest

from tests.simulation.bugs import Bug, bug
from tillgate.core import checkout_payments
from tillgate.core import transfers as core
from tillgate.core.attempts import Outcome, Verdict
from tillgate.core.checkouts import REFERENCE
from tillgate.core.decisions import Alias
from tillgate.core.events import EventType
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason
from tillgate.flows import checkouts, deliveries, transfers
from tillgate.flows.gateway import system

BUGS: dict[str, Bug] = {}
"""Every bug of checkouts, by its name."""


@bug(among=BUGS)
def arrival_counted_twice(patch: pytest.MonkeyPatch) -> None:
    """A line of a statement that is told again is taken for another one."""

    async def known(*given: Any) -> None:
        return None

    def known_as(arrival: Any) -> Alias:
        return Alias(arrival.tenant, core.KNOWN, f"{arrival.account} {arrival.reference} {arrival.id}", arrival.id)

    patch.setattr(transfers, "_known", known)
    patch.setattr(core, "known_as", known_as)


@bug(among=BUGS)
def surplus_kept(patch: pytest.MonkeyPatch) -> None:
    """What is over goes to the merchant, whatever their application says."""
    whole = core.begin

    def begin(*given: Any, **terms: Any) -> Any:
        return whole(*given, **{**terms, "allow_overpay": True})

    patch.setattr(core, "begin", begin)


@bug(among=BUGS)
def late_arrival_settled(patch: pytest.MonkeyPatch) -> None:
    """What comes after a checkout was given up, or its time was over, is kept all the same."""

    def is_over(payment: Payment, now: int) -> bool:
        return bool(payment.authorized) and payment.captured >= payment.amount.amount

    patch.setattr(core, "is_over", is_over)


@bug({"answer lost on the way": 0.3, "crash at any time": 0.2}, BUGS)
def silence_about_a_return_taken_for_a_no(patch: pytest.MonkeyPatch) -> None:
    """The silence of the bank that is asked to send money back is taken for a no."""
    whole = transfers._put

    async def put(*given: Any) -> Outcome:
        outcome = await whole(*given)
        no = Outcome(verdict=Verdict.DECLINED, reason=Reason.PAYOUT_DECLINED)
        return no if outcome.verdict is Verdict.UNKNOWN else outcome

    patch.setattr(transfers, "_put", put)


@bug({"bank: duplicate": 0.7, "notice late": 0.9, "notice lost": 0.0, "crash at any time": 0.2}, BUGS)
def earlier_return_taken_for_the_newest(patch: pytest.MonkeyPatch) -> None:
    """What a bank says of one try to send money back passes for its answer to the next."""
    whole = transfers.learn

    async def learn(gateway: Any, tenant: Any, attempt_id: str, outcome: Outcome) -> None:
        caller = system(tenant, "transfers")
        arrival = await transfers.fetch(gateway, caller, attempt_id.removeprefix("att_").rpartition("_")[0])
        assert arrival.attempt is not None
        await whole(gateway, tenant, arrival.attempt.id, outcome)

    patch.setattr(transfers, "learn", learn)


@bug(among=BUGS)
def charged_twice_by_pressing_twice(patch: pytest.MonkeyPatch) -> None:
    """Whoever presses twice tries twice, whether a bank is at it or not."""
    whole = checkouts._payable

    async def payable(gateway: Any, caller: Any, payment_id: str, tried: int, *given: Any) -> Payment:
        payment = await checkouts.fetch(gateway, caller, payment_id)
        return await whole(gateway, caller, payment_id, checkout_payments.of(payment).tries, *given)

    patch.setattr(checkouts, "_payable", payable)
    patch.setattr(checkout_payments, "is_asking", lambda payment: False)


@bug({"webhook lost on the way": 0.9, "crash at any time": 0.2}, BUGS)
def confirmed_unheard(patch: pytest.MonkeyPatch) -> None:
    """That a checkout was paid passes for known once somebody was to be told, whether they took it or not."""
    whole = deliveries.conclude

    async def conclude(gateway: Any, results: Any) -> None:
        for each in results:
            if each.before.type == EventType.CHECKOUT_COMPLETED:
                await checkouts.confirm(gateway, each.before.tenant, each.before.stream)
        await whole(gateway, results)

    patch.setattr(deliveries, "conclude", conclude)


@bug(among=BUGS)
def reference_not_held(patch: pytest.MonkeyPatch) -> None:
    """A second checkout is opened under a reference while one is open."""
    whole = checkout_payments.opened

    def opened(payment: Payment) -> Any:
        decision = whole(payment)
        kept = tuple(name for name in decision.name if name.kind != REFERENCE)
        return msgspec.structs.replace(decision, name=kept)

    patch.setattr(checkout_payments, "opened", opened)
