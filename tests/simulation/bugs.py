"""Bugs to plant: each is a mistake that somebody might make in the program, and that the simulation has to find."""

import asyncio
import functools
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from tillgate.core import accounts, attempts, conclusions, disputes, ledger, payment_methods, payments
from tillgate.core.attempts import Attempt, Kind, Outcome, State, Verdict
from tillgate.core.cards import Card
from tillgate.core.decisions import Decision
from tillgate.core.idempotency import IdempotencyKey
from tillgate.core.merchants import DEMO_SHOP, Tenant
from tillgate.core.money import Money
from tillgate.core.occasions import Occasion
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.core.refunds import Refund
from tillgate.flows import attempts as flow
from tillgate.flows import disputes as dispute_flow
from tillgate.flows import idempotency as keys
from tillgate.flows import standings, timers
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.flows.idempotency import Key
from tillgate.store import batches, find, schema
from tillgate.store import timers as kept_timers
from tillgate.store.batches import Conflict, Taken
from tillgate.store.commit import Committer
from tillgate.store.sqlite import Sqlite

Plant = Callable[[pytest.MonkeyPatch], None]


class Bug(msgspec.Struct, frozen=True):
    """A mistake, and the mishaps (by their rates) that bring it to light sooner than it would come by itself.

    It is looked for in the worlds from the seed `first` on: what few merchants come to do, most worlds do not show.
    """

    plant: Plant
    storm: dict[str, float]
    first: int = 1


BUGS: dict[str, Bug] = {}
"""Every bug, by its name."""


def bug(
    storm: dict[str, float] | None = None, among: dict[str, Bug] = BUGS, *, first: int = 1
) -> Callable[[Plant], Plant]:
    """Put a bug on the list."""

    def listed(plant: Plant) -> Plant:
        among[plant.__name__.replace("_", " ")] = Bug(plant, storm or {}, first)
        return plant

    return listed


@bug()
def unknown_taken_for_no(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no answer can be read, the payment fails, though the money may have been taken."""
    for state in (State.SENDING, State.UNKNOWN):
        monkeypatch.setitem(attempts.MOVES, (state, Verdict.UNKNOWN), State.DECLINED)


@bug()
def intent_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bank is asked first, and what was asked is written down together with the answer."""

    async def ask(
        gateway: Gateway,
        caller: Caller,
        key: Key | None,
        decide: flow.Decide[Any],
        render: flow.Render[Any],
        card: Card | None,
    ) -> Answer:
        while True:
            asked = await decide(gateway.occasion(caller))
            outcome = await flow.put(gateway, caller.tenant, asked.standing, asked.card)
            claimed = keys.claim(gateway, caller, key, asked.standing.attempt.id)
            try:
                await gateway.store.commit(asked.decision.also(*claimed))
            except Conflict:
                continue
            except Taken:
                if key and (kept := await keys.claimed_before(gateway, caller, key)):
                    return await flow._repeat(gateway, caller, kept, render, card)
                continue
            return await flow.conclude(gateway, caller, asked.standing, outcome, claimed, render)

    monkeypatch.setattr(flow, "_ask", ask)


@bug({"crash after commit": 0.05})
def announced_outside_the_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events are written after what they tell of is durable, in a commit of their own."""
    whole = Committer.commit

    async def commit(self: Committer, decision: Decision) -> None:
        await whole(self, msgspec.structs.replace(decision, announce=()))
        if decision.announce:
            await whole(self, Decision(announce=decision.announce))

    monkeypatch.setattr(Committer, "commit", commit)


@bug()
def balance_of_one_side_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes out of an account is taken off its balance, what goes into another is not always added."""
    whole = ledger.movements

    def movements(entries: Any) -> Any:
        gains = whole(entries)
        if len(gains) > 2:
            gains.pop(max(gains))
        return gains

    monkeypatch.setattr(ledger, "movements", movements)


@bug()
def posting_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A capture does not give back what was held for it."""
    whole = conclusions._captured

    def captured(payment: Payment, attempt: Attempt, occasion: Occasion) -> Any:
        changed, told, (_, *postings) = whole(payment, attempt, occasion)
        return changed, told, tuple(postings)

    monkeypatch.setitem(conclusions._APPROVED, Kind.CAPTURE, captured)


@bug({"bank: late": 0.2})
def never_seen_before_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bank that does not know a question yet is taken at its word, while the question is on its way."""
    whole = attempts.move

    def move(attempt: Attempt, outcome: Outcome, occasion: Occasion) -> Attempt | None:
        return whole(attempt, msgspec.structs.replace(outcome, as_of=attempt.answer_due_at), occasion)

    monkeypatch.setattr(attempts, "move", move)


# Processes that die at every turn would have nobody answered within the time that a request may take.
@bug({"bank: late": 0.5, "answer slow on the way": 0.9, "notice lost": 1.0, "crash at any time": 0.25})
def never_seen_by_an_old_inquiry(monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts when the bank's answer to an inquiry is read, not when the bank was asked."""
    whole = attempts.move

    def move(attempt: Attempt, outcome: Outcome, occasion: Occasion) -> Attempt | None:
        return whole(attempt, msgspec.structs.replace(outcome, as_of=None), occasion)

    monkeypatch.setattr(attempts, "move", move)


@bug({"bank: late": 0.3, "commit confirmed late": 0.3})
def question_sent_however_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question goes out although it was held up, maybe after it was found to be never seen."""
    monkeypatch.setattr(attempts, "may_leave", lambda attempt, wall: True)


@bug()
def resent_by_the_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the bank has not seen is put to it again, without anybody having asked."""
    whole = flow.inquire

    async def inquire(gateway: Gateway, attempt: Attempt) -> Outcome:
        outcome = await whole(gateway, attempt)
        if outcome.verdict is Verdict.NEVER_SEEN and attempt.kind not in (Kind.CHARGE, Kind.AUTHORIZE):
            standing = await standings.current(gateway, attempt.tenant, attempt.id)
            return await flow.put(gateway, DEMO_SHOP, standing, None)
        return outcome

    monkeypatch.setattr(attempts, "may_leave", lambda attempt, wall: True)
    monkeypatch.setattr(flow, "inquire", inquire)


@bug()
def reservation_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is on its way is not set aside, so that it can be asked for twice."""
    monkeypatch.setattr(payments, "set_aside", lambda payment, attempt: payment.in_flight)


@bug()
def reservation_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was set aside stays so after the bank said no."""
    whole = conclusions._still_in_flight

    def still_in_flight(payment: Payment, attempt: Attempt) -> Any:
        return payment.in_flight if attempt.state is State.NEVER_SEEN else whole(payment, attempt)

    monkeypatch.setattr(conclusions, "_still_in_flight", still_in_flight)


@bug()
def acknowledged_before_the_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client has its answer while it is still being written down."""
    whole = flow.conclude

    async def conclude(
        gateway: Gateway, caller: Caller, standing: Any, outcome: Outcome, claimed: Any, render: flow.Render[Any]
    ) -> Answer:
        concluded = conclusions.conclude(standing, outcome, gateway.occasion(caller))
        if concluded is None:
            return await whole(gateway, caller, standing, outcome, claimed, render)
        asyncio.create_task(whole(gateway, caller, standing, outcome, claimed, render))  # noqa: RUF006 — the bug
        return await render(concluded[0])

    monkeypatch.setattr(flow, "conclude", conclude)


@bug()
def key_released_on_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key whose request has no answer yet is given back, and the repeat starts anew."""

    async def repeat(gateway: Gateway, kept: IdempotencyKey, finish: keys.Finish) -> Answer:
        if answer := await keys.kept_answer(gateway, kept):
            return answer
        await gateway.store.engine.change(_RELEASE, {"tenant_": kept.tenant, "id_": kept.id})
        raise Refused(Reason.IDEMPOTENCY_KEY_IN_USE)

    monkeypatch.setattr(keys, "repeat", repeat)


_RELEASE = sa.delete(schema.idempotency_keys).where(
    schema.idempotency_keys.c.tenant == sa.bindparam("tenant_"), schema.idempotency_keys.c.id == sa.bindparam("id_")
)


@bug()
def late_answer_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the bank says to nobody in particular is not written down."""

    async def learn(gateway: Gateway, tenant: Tenant, attempt_id: str, outcome: Outcome) -> bool:
        return True

    monkeypatch.setattr(flow, "learn", learn)


@bug({"notice twice": 1.0, "notice lost": 0.0, "bank: duplicate": 0.3})
def standing_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """An attempt and its payment are read one after the other, whatever is written between."""

    async def standing(gateway: Gateway, tenant: str, attempt_id: str) -> conclusions.Standing:
        attempt = await find.record(gateway.store, Attempt, tenant, attempt_id)
        assert attempt is not None
        payment = await find.record(gateway.store, Payment, tenant, attempt.payment)
        refund = await find.record(gateway.store, Refund, tenant, attempt.refund) if attempt.refund else None
        assert payment is not None
        return conclusions.Standing(payment, attempt, refund)

    monkeypatch.setattr(standings, "current", standing)


@bug({"crash after the bank": 0.15})
def challenge_kept_from_a_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever repeats a request is not told what the customer has to do, until it is too late to do it."""
    monkeypatch.setattr(flow, "_HEARD", frozenset({State.APPROVED, State.DECLINED}))


@bug()
def lost_updates(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record is overwritten whether or not it has moved on since it was read."""

    def check_versions(works: Any) -> Any:
        yield from ()

    monkeypatch.setattr(batches, "_check_versions", check_versions)


@bug({"commit unknown, committed": 0.1})
def unknown_commit_taken_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction whose commit is in doubt is run again without a look whether it happened."""

    async def settle(self: Sqlite, lane: int, batch_id: str) -> bool:
        return False

    monkeypatch.setattr(Sqlite, "settle", settle)


@bug({"commit unknown, rolled back": 0.05})
def unknown_commit_taken_for_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction whose commit is in doubt passes for durable."""

    async def settle(self: Sqlite, lane: int, batch_id: str) -> bool:
        return True

    monkeypatch.setattr(Sqlite, "settle", settle)


@bug()
def timer_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question goes out without anybody being told to look after it."""
    whole = payments.reserve

    @functools.wraps(whole)
    def reserve(*args: Any, **terms: Any) -> payments.Asking:
        asking = whole(*args, **terms)
        return msgspec.structs.replace(asking, decision=msgspec.structs.replace(asking.decision, schedule=()))

    monkeypatch.setattr(payments, "reserve", reserve)


@bug()
def timer_taken_off_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """A timer is gone once it was acted upon, whether that was the end of it or not."""
    whole = timers.carry_out

    async def carry_out(*args: Any) -> bool:
        await whole(*args)
        return True

    monkeypatch.setattr(timers, "carry_out", carry_out)
    monkeypatch.setattr(kept_timers, "take_off", _take_off_whatever)


async def _take_off_whatever(store: Any, timer: Any) -> None:
    await store.engine.change(
        sa.delete(schema.timers).where(schema.timers.c.subject == sa.bindparam("subject_")), {"subject_": timer.subject}
    )


@bug()
def token_not_spent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token still stands for its card after it has paid."""
    monkeypatch.setattr(payment_methods, "spend", lambda token, payment, wall: token)


@bug()
def reply_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer under a key is made anew for each repeat."""

    def answered(gateway: Gateway, claimed: tuple[IdempotencyKey, ...], answer: Answer) -> tuple[IdempotencyKey, ...]:
        return ()

    monkeypatch.setattr(keys, "answered", answered)


@bug({"transaction waits for others": 0.3, "notice lost": 0.0})
def dispute_forgotten_in_what_is_refundable(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a bank has taken back is given back once more, if the bank lets it."""

    def refundable(payment: Payment) -> Money:
        left = payment.captured - payment.refunded - payment.reserved(Kind.REFUND)
        return Money(max(left, 0), payment.amount.currency)

    monkeypatch.setattr(Payment, "refundable", property(refundable))


@bug()
def dispute_fee_posted_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dispute costs its fee when it is opened, and once more when it is decided."""
    whole = disputes._entries

    def entries(before: Any, after: Any, occasion: Occasion) -> Any:
        booked = whole(before, after, occasion)
        if not after.is_closed or before is None or not after.fee:
            return booked
        fee = ledger.Posting(accounts.PAYABLE, accounts.DISPUTE_FEES, Money(after.fee, after.amount.currency))
        return (*booked, ledger.entry(after.tenant, f"{after.id}:closed", after.id, (fee,), occasion))

    monkeypatch.setattr(disputes, "_entries", entries)


@bug({"notice twice": 0.5})
def dispute_notice_applied_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a bank says of a dispute the second time opens another one."""
    whole, opened = disputes.learn, set()

    def learn(payment: Any, dispute: Any, said: Any, fee: int, occasion: Occasion) -> Any:
        if dispute is None or dispute.id in opened:
            return whole(payment, dispute, said, fee, occasion)
        opened.add(dispute.id)
        learned = whole(payment, None, said, fee, occasion)
        assert learned is not None
        opened.add(learned[0].dispute.id)
        return learned[0], msgspec.structs.replace(learned[1], name=())

    monkeypatch.setattr(disputes, "learn", learn)


@bug({"question lost on the way": 0.3})
def response_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the bank did not confirm that it has heard of a dispute is not said again."""

    async def follow(gateway: Gateway, tenant: Tenant, dispute_id: str) -> bool:
        return True

    monkeypatch.setattr(dispute_flow, "follow", follow)
