"""The sandbox bank as a party: it takes its time, misbehaves where it is told to, and speaks up by itself."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Iterator
from typing import Final, TypeAlias

import msgspec

from tillgate.connectors.contract import BankAnswer, BankNotice, BankRequest
from tillgate.core.faults import Drawn, FaultKind
from tillgate.core.instants import SECOND, Instant
from tillgate.core.three_d_secure import Flow
from tillgate.logs import log
from tillgate.sandbox import chargebacks, issuer, planted
from tillgate.sandbox.chargebacks import Chargeback
from tillgate.sandbox.faults import Fault, Faults
from tillgate.sandbox.operations import Choice, Operation, Result
from tillgate.sandbox.register import Register
from tillgate.sandbox.teller import Teller

SIGNATURE: Final = "bank-signature"
"""The header of a notice that holds the hex HMAC-SHA256 of its body."""

CLOCKS: Final = "/clocks/"
"""Below which it is said what time it is to a test merchant."""

_clock = msgspec.json.Decoder(chargebacks.Clock).decode

_BAD_REQUEST: Final = BankAnswer(400, b'{"error":"bad_request"}')

_SILENT: Final = BankAnswer(504, b"")
"""In the place of an answer, where nobody is kept waiting for none."""

Listener: TypeAlias = Callable[[BankNotice], Awaitable[object]]
"""Who is told what the bank has to say unasked. What it raises is logged; inquiries tell the same."""


class Bank:
    """A bank with a register of its own or shared.

    `clock` tells wall time. Notices are signed with `notice_key` and go to `on_notification`, which may be set later;
    those of disputes to `on_dispute`, where that is given, until it raises nothing. `origin` is where customers find
    its pages, for a bank that is a server of its own.
    """

    def __init__(
        self,
        register: Register,
        *,
        clock: Callable[[], Instant],
        notice_key: str,
        faults: Faults | None = None,
        on_notification: Listener | None = None,
        on_dispute: Listener | None = None,
        origin: str = "",
    ) -> None:
        self.faults = faults or Faults()
        self.on_notification = on_notification
        self._on_dispute = on_dispute
        self._register = register
        self._notice_key = notice_key.encode()
        self._teller = Teller(
            register, clock, origin, self._notice_key, lambda: round(self.faults.dispute_seconds() * SECOND)
        )
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._telling: set[asyncio.Task[None]] = set()

    async def answer(self, request: BankRequest) -> BankAnswer:
        """The answer to a request, or, by a fault, none for as long as the caller waits."""
        if (drawn := planted.read(request)) is not None:
            return await self._go_wrong(request, drawn)
        if request.url.partition(":")[2].startswith(CLOCKS):
            return await self._set_clock(request)
        if request.method == "DELETE":
            # What is cleared away is nobody's to test with.
            return self._teller.hear(request)
        return await self._answer(request, self.faults.draw(), self.faults)

    async def _answer(self, request: BankRequest, fault: Fault | None, source: Faults) -> BankAnswer:
        wait_seconds = source.slow_seconds() if fault is Fault.SLOW else source.latency_seconds()
        if not wait_seconds:
            return await self._mishear(request, fault, source) if fault else self._hear(request)
        # Half on the way here, half on the way back: who gives up may do so before or after it was heard.
        await asyncio.sleep(wait_seconds / 2)
        answer = await self._mishear(request, fault, source) if fault else self._hear(request)
        await asyncio.sleep(wait_seconds / 2)
        return answer

    async def _go_wrong(self, request: BankRequest, drawn: Drawn) -> BankAnswer:
        """The answer to a request that a test merchant has go wrong."""
        if drawn.kind is FaultKind.UNKNOWN:
            if request.method == "POST":
                self._hear(request)
            return _SILENT
        if (refusal := planted.DECLINES.get(drawn.kind)) is not None:
            return self._teller.refuse(request, refusal)
        try:
            async with asyncio.timeout(planted.silence_seconds(drawn)):
                return await self._answer(request, planted.ALIKE.get(drawn.kind), planted.source(drawn))
        except TimeoutError:
            return _SILENT

    async def resolve_challenge(self, reference: str, choice: Choice, code: str = issuer.CODE) -> bool:
        """The customer met a challenge or gave it up: True once that is told, False where it is open still, or none."""
        operation = self._teller.conclude(reference, choice, code)
        if operation is None or operation.result is Result.CHALLENGE:
            return False
        await self._tell(operation)
        return True

    async def settle(self, reference: str) -> bool:
        """What is pending is known now, and a payout that comes back has: True once that is told, False for neither."""
        operation = self._teller.settle(reference)
        if operation is None:
            return False
        await self._tell(operation)
        return True

    def challenge(self, reference: str) -> Operation | None:
        """What waits for the customer under a reference, for the page that asks them, or None."""
        operation = self._teller.find(reference)
        return operation if operation and operation.result is Result.CHALLENGE else None

    def linked(self, reference: str, proof: str) -> Operation | None:
        """What a link to a challenge's page is about, open or not; None where the bank gave no such link."""
        if not hmac.compare_digest(self._teller.proof(reference).encode(), proof.encode()):
            return None
        operation = self._teller.find(reference)
        return operation if operation and operation.flow is Flow.CHALLENGE else None

    def statement(self) -> Iterator[Operation]:
        """Everything that the bank did or refused, each operation once, as it stands."""
        return self._register.everything()

    def disputes(self) -> list[Chargeback]:
        """Every objection of a cardholder's, as it stands."""
        return self._register.docket.everything()

    async def look_after_disputes(self) -> int:
        """Let happen what is due, and tell merchants until they confirm it; how many were told.

        All of it is on disk, so that any process goes on with it after another died.
        """
        told = self._teller.desk.advance()
        for chargeback in told:
            if await self._tell_of(chargeback):
                with self._register:
                    self._teller.desk.confirmed(chargeback)
        return len(told)

    async def _set_clock(self, request: BankRequest) -> BankAnswer:
        """Know what time it is to a test merchant, and let happen, and tell, what is due by that."""
        merchant_id = request.url.rpartition("/")[2]
        try:
            clock = _clock(request.body)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return _BAD_REQUEST
        desk = self._teller.desk
        for chargeback in desk.advance_for(merchant_id, clock.ahead, clock.stands_at):
            if await self._tell_of(chargeback):
                with self._register:
                    desk.confirmed(chargeback)
        return BankAnswer(200, msgspec.json.encode({"next_at": desk.next_of(merchant_id)}))

    def stop(self) -> None:
        """Tell nobody anything any more. The register knows all of it; whoever opened it closes it."""
        for timer in self._timers.values():
            timer.cancel()
        for task in self._telling:
            task.cancel()

    async def _mishear(self, request: BankRequest, fault: Fault, source: Faults) -> BankAnswer:
        match fault:
            case Fault.TIMEOUT_BEFORE:
                return await _silence()
            case Fault.TIMEOUT_AFTER:
                self._hear(request)
                return await _silence()
            case Fault.LATE:
                self._later(source.late_seconds(), request.reference, self._hear, request)
                return await _silence()
            case Fault.SLOW:
                return self._hear(request)
            case Fault.DUPLICATE:
                self._hear(request)
                self._tell_soon(self._teller.find(request.reference))
                return self._hear(request)
            case Fault.GARBAGE:
                return source.garble(self._hear(request))
            case Fault.PENDING:
                return self._hear_pending(request, source)

    def _hear(self, request: BankRequest) -> BankAnswer:
        """The teller's answer; of a payout that comes back the merchant is told when it does."""
        answer = self._teller.hear(request)
        if request.url.endswith("/payouts"):
            self._look_for_return(request.reference)
        return answer

    def _look_for_return(self, reference: str) -> None:
        paid = self._teller.find(reference)
        if paid is not None and paid.result is Result.RETURNED:
            self._tell_soon(paid)
        elif paid is not None and paid.result is Result.APPROVED and paid.due_at is not None:
            self._later(self.faults.dispute_seconds(), reference, self._settle_soon, reference)

    def _hear_pending(self, request: BankRequest, source: Faults) -> BankAnswer:
        """Unlike a challenge, which waits for the customer, what is pending is settled by itself."""
        seconds = source.pending_seconds()
        answer = self._teller.hear(request, round(seconds * SECOND))
        self._later(seconds, request.reference, self._settle_soon, request.reference)
        return answer

    def _settle_soon(self, reference: str) -> None:
        self._tell_soon(self._teller.settle(reference))

    def _later(self, seconds: float, reference: str, do: Callable[..., object], *arguments: object) -> None:
        def act() -> None:
            del self._timers[reference]
            do(*arguments)

        if reference not in self._timers:
            self._timers[reference] = asyncio.get_running_loop().call_later(seconds, act)

    def _tell_soon(self, operation: Operation | None) -> None:
        if operation is not None:
            task = asyncio.get_running_loop().create_task(self._tell(operation))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def _tell(self, operation: Operation) -> None:
        if self.on_notification is None:
            return
        try:
            await self.on_notification(self._signed(self._teller.statement(operation)))
        except Exception:
            log.exception("bank_notice_not_taken", reference=operation.reference)

    async def _tell_of(self, chargeback: Chargeback) -> bool:
        """Whether the merchant has taken note: unlike an operation, nobody asks for a dispute that is not known."""
        listener = self._on_dispute or self.on_notification
        if listener is None:
            return False
        try:
            await listener(self._signed(chargebacks.statement(chargeback)))
        except Exception as error:
            log.warning("bank_notice_not_taken", reference=chargeback.reference, error=type(error).__name__)
            return False
        return True

    def _signed(self, body: bytes) -> BankNotice:
        return BankNotice({SIGNATURE: hmac.digest(self._notice_key, body, "sha256").hex()}, body)


async def _silence() -> BankAnswer:
    """Never ends by itself; the caller's deadline ends it."""
    answer: asyncio.Future[BankAnswer] = asyncio.get_running_loop().create_future()
    return await answer
