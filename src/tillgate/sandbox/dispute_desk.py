"""The dispute desk of the sandbox bank: it opens disputes, takes evidence, and decides when the time has come."""

from collections.abc import Callable
from typing import Final

import msgspec

from tillgate.connectors.contract import BankAnswer
from tillgate.core.instants import DAY, SECOND, Duration, Instant
from tillgate.sandbox import chargebacks, rules
from tillgate.sandbox.chargebacks import TAKEN, Answer, Chargeback, Opening, Stage
from tillgate.sandbox.operations import Operation
from tillgate.sandbox.register import Register

EVIDENCE_WITHIN: Final[Duration] = 7 * DAY
"""How long a merchant may take to send evidence, where the one who objects does not say otherwise."""

WINNING: Final = "winning_evidence"
"""The text that convinces the bank wherever it stands in the evidence. Nothing else does."""

TELL_AGAIN: Final[Duration] = 5 * SECOND
"""How long after telling a merchant something who does not confirm it is told again."""

_NOT_FOUND: Final = BankAnswer(404, b'{"error":"no_such_dispute"}')
_BAD_REQUEST: Final = BankAnswer(400, b'{"error":"bad_request"}')
_NOTHING_LEFT: Final = BankAnswer(409, b'{"error":"exceeds_captured"}')
_REFERENCE_TAKEN: Final = BankAnswer(409, b'{"error":"reference_taken"}')

_opening = msgspec.json.Decoder(Opening).decode
_answer = msgspec.json.Decoder(Answer).decode


class DisputeDesk:
    """Works on the docket of a register. `clock` tells wall time, `delay` how long things take here.

    What time it is to a merchant, the docket knows.

    All but `hear` and `advance` is to be called within `with register:`.
    """

    def __init__(self, register: Register, clock: Callable[[], Instant], delay: Callable[[], Duration]) -> None:
        self._register = register
        self._docket = register.docket
        self._clock = clock
        self._delay = delay

    def hear(self, method: str, path: str, body: bytes) -> BankAnswer:
        """The answer to a request under `/disputes`."""
        _, _, reference, *what = f"{path}//".split("/")
        try:
            with self._register:
                match method, reference, what[0]:
                    case "POST", "", _:
                        return self._open(_opening(body))
                    case "POST", _, "evidence" | "acceptance":
                        return self._take(reference, what[0], _answer(body))
                    case "GET", _, "":
                        return _said(self._current(self._docket.find(reference)))
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return _BAD_REQUEST
        return _BAD_REQUEST

    def plan(self, operation: Operation) -> None:
        """The holder of this card will object to what is taken by an operation."""
        self._docket.put(
            Chargeback(
                reference=f"cb_{operation.reference}",
                merchant_id=operation.merchant_id,
                target=operation.reference,
                amount=0,
                currency=operation.currency,
                reason="fraudulent",
                stage=Stage.PLANNED,
            )
        )

    def captured(self, target: str) -> None:
        """Something was taken: who plans to object to it does so soon."""
        for chargeback in self._docket.about(target):
            if chargeback.stage is Stage.PLANNED and chargeback.next_at is None:
                next_at = self._now(chargeback) + self._delay()
                self._docket.put(msgspec.structs.replace(chargeback, next_at=next_at))

    def taken(self, target: str) -> int:
        """What the bank has taken back of an operation over disputes, in minor units."""
        return sum(chargeback.amount for chargeback in self._docket.about(target) if chargeback.stage in TAKEN)

    def advance(self) -> list[Chargeback]:
        """Let happen what is due, and say what merchants are to be told now; who is not to be told again says so."""
        wall = self._clock()
        if not (self._docket.due(wall) or self._docket.untold(wall)):
            return []
        with self._register:
            for chargeback in self._docket.due(wall):
                self._current(chargeback)
            wall = self._clock()
            untold = self._docket.untold(wall)
            for chargeback in untold:
                self._docket.put(msgspec.structs.replace(chargeback, tell_at=wall + TELL_AGAIN))
        return untold

    def advance_for(self, merchant_id: str, ahead: Duration, stands_at: Instant | None) -> list[Chargeback]:
        """Set a merchant's clock, let happen what is due by it, and say what the merchant is to be told."""
        with self._register:
            self._docket.set_clock(merchant_id, ahead, stands_at)
            for chargeback in self._docket.of(merchant_id):
                self._current(chargeback)
            return [chargeback for chargeback in self._docket.of(merchant_id) if chargeback.tell_at is not None]

    def next_of(self, merchant_id: str) -> Instant | None:
        """When something moves by itself next that concerns a merchant."""
        waiting = [chargeback.next_at for chargeback in self._docket.of(merchant_id)]
        return min((at for at in waiting if at is not None), default=None)

    def confirmed(self, told: Chargeback) -> None:
        """The merchant knows."""
        now = self._docket.find(told.reference)
        if now is not None and now.version == told.version:
            self._docket.put(msgspec.structs.replace(now, told=now.version, tell_at=None))

    def _open(self, opening: Opening) -> BankAnswer:
        known = self._docket.find(opening.reference)
        if known is not None:
            asked = (opening.merchant_id, opening.target, opening.currency, opening.reason)
            same = asked == (known.merchant_id, known.target, known.currency, known.reason)
            same = same and opening.amount in (None, known.amount)
            return _said(self._current(known)) if same else _REFERENCE_TAKEN
        target = self._register.find(opening.target)
        if target is None or (target.merchant_id, target.currency) != (opening.merchant_id, opening.currency):
            return _NOT_FOUND
        left = self._left(target)
        amount = left if opening.amount is None else opening.amount
        if not 0 < amount <= left:
            return _NOTHING_LEFT
        planned = Chargeback(
            reference=opening.reference,
            merchant_id=opening.merchant_id,
            target=opening.target,
            amount=amount,
            currency=opening.currency,
            reason=opening.reason,
            stage=Stage.PLANNED,
        )
        return _said(self._put(planned, Stage.NEEDS_RESPONSE, opening.evidence_due_by or self._due_by(planned)))

    def _take(self, reference: str, what: str, answer: Answer) -> BankAnswer:
        found = self._current(self._docket.find(reference))
        if found is None or found.merchant_id != answer.merchant_id or found.stage is Stage.PLANNED:
            return _NOT_FOUND
        if found.stage is not Stage.NEEDS_RESPONSE:
            return _said(found)
        taken = msgspec.structs.replace(found, response=answer.reference)
        if what == "acceptance":
            return _said(self._put(taken, Stage.LOST))
        wins = any(WINNING in text for text in answer.evidence.values())
        reviewed_at = self._now(found) + self._delay()
        return _said(self._put(msgspec.structs.replace(taken, wins=wins), Stage.UNDER_REVIEW, reviewed_at))

    def _current(self, chargeback: Chargeback | None) -> Chargeback | None:
        """The chargeback after what is due of it."""
        if chargeback is None or chargeback.next_at is None or chargeback.next_at > self._now(chargeback):
            return chargeback
        match chargeback.stage:
            case Stage.PLANNED:
                return self._objected(chargeback)
            case Stage.UNDER_REVIEW:
                return self._put(chargeback, Stage.WON if chargeback.wins else Stage.LOST)
            case _:
                return self._put(chargeback, Stage.LOST)

    def _objected(self, chargeback: Chargeback) -> Chargeback:
        target = self._register.find(chargeback.target)
        about = [target, *self._register.about(chargeback.target)]
        if any(operation is not None and operation.is_open for operation in about):
            # What is pending may turn out to have taken something.
            return self._docket.put(msgspec.structs.replace(chargeback, next_at=self._now(chargeback) + SECOND))
        left = self._left(target) if target else 0
        if not left:
            dropped = msgspec.structs.replace(chargeback, stage=Stage.DROPPED, next_at=None)
            return self._docket.put(dropped)
        return self._put(
            msgspec.structs.replace(chargeback, amount=left), Stage.NEEDS_RESPONSE, self._due_by(chargeback)
        )

    def _left(self, target: Operation) -> int:
        since = self._register.about(target.reference)
        return rules.refundable(target, since) - self.taken(target.reference)

    def _due_by(self, chargeback: Chargeback) -> Instant:
        return self._now(chargeback) + EVIDENCE_WITHIN

    def _now(self, chargeback: Chargeback) -> Instant:
        return self._docket.now(chargeback.merchant_id, self._clock())

    def _put(self, chargeback: Chargeback, stage: Stage, next_at: Instant | None = None) -> Chargeback:
        """Move a chargeback, of which the merchant is to be told."""
        return self._docket.put(
            msgspec.structs.replace(
                chargeback,
                stage=stage,
                due_by=next_at if stage is Stage.NEEDS_RESPONSE else chargeback.due_by,
                next_at=next_at,
                version=chargeback.version + 1,
                tell_at=self._clock(),
            )
        )


def _said(chargeback: Chargeback | None) -> BankAnswer:
    if chargeback is None or chargeback.stage in (Stage.PLANNED, Stage.DROPPED):
        return _NOT_FOUND
    return BankAnswer(200, chargebacks.statement(chargeback))
