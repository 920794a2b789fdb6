"""The sandbox's bank of phone wallets: money that its customers hand out by confirming on a phone."""

import asyncio
import enum
import hmac
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec

from tillgate.connectors.contract import BankAnswer, BankNotice, BankRequest
from tillgate.core.faults import Drawn, FaultKind
from tillgate.core.instants import Instant
from tillgate.core.phone_wallets import Item
from tillgate.logs import log
from tillgate.sandbox import planted
from tillgate.sandbox.phone_books import Movement, Operation, PhoneBooks, Wallet

SIGNATURE: Final = "bank-signature"
"""The header of a notice that holds the hex HMAC-SHA256 of its body."""

MOST_AT_ONCE: Final = 1_500_00
"""The most that is put into a wallet at once."""

MOST_IN_ALL: Final = 10_000_00
"""The most that a wallet holds."""

APPROVES: Final = "7870000001"
OVER_LIMIT: Final = "7870000002"
BLOCKED: Final = "7870000003"
DECLINES: Final = "7870000004"
BY_THEMSELVES: Final = frozenset({APPROVES, OVER_LIMIT, DECLINES})
"""Numbers that decide by themselves once somebody has asked how it stands (ath_movil.md, The phone)."""

Listener: TypeAlias = Callable[[BankNotice], Awaitable[object]]


class Choice(enum.StrEnum):
    """What a customer does on the phone."""

    CONFIRM = "confirm"
    DECLINE = "decline"


class Heard(enum.StrEnum):
    """What came of it."""

    DONE = "done"
    NOTHING_PENDING = "nothing_pending"
    BALANCE_SHORT = "balance_short"


class WalletFull(Exception):
    """More than may be put in at once, or than a wallet holds."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The body of every POST."""

    merchant_id: str
    reference: str
    amount: int
    currency: str
    target: str | None = None
    merchant_name: str = ""
    phone: str = ""
    rings_until: Instant = 0
    items: tuple[Item, ...] = ()


class Moved(msgspec.Struct, frozen=True):
    """The body of `PUT /requests/{reference}/phone`."""

    merchant_id: str
    phone: str


class Seen(msgspec.Struct, frozen=True):
    """What a phone shows: its wallet, what waits for its customer, oldest first, and what moved, newest first."""

    wallet: Wallet
    pending: list[Operation]
    history: list[Movement]


_CANCELLATIONS: Final = "/cancellations"
"""Where what nobody has confirmed yet is ended. What was confirmed meanwhile is not: that is released by a void."""

KINDS: Final = {
    "/requests": "authorize",
    "/captures": "capture",
    "/voids": "void",
    _CANCELLATIONS: "void",
    "/refunds": "refund",
}
"""What is asked where."""

_encode = msgspec.json.Encoder().encode
_BAD_REQUEST: Final = BankAnswer(400, b'{"error":"bad_request"}')
_SILENT: Final = BankAnswer(504, b"")
"""In the place of an answer."""

_REFERENCE_TAKEN: Final = BankAnswer(409, b'{"error":"reference_taken"}')


class PhoneBank:
    """A bank whose customers confirm on a page of ours. Its books are one file that processes share.

    `clock` tells wall time. Notices are signed with `notice_key` and go to `on_notification`, which may be set later.
    `page` is the address of the page, for a bank that is a server of its own.
    """

    def __init__(
        self, path: Path | None, *, clock: Callable[[], Instant], notice_key: str, page: str | None = None
    ) -> None:
        self.on_notification: Listener | None = None
        self.now = clock
        self._page = page
        self._notice_key = notice_key.encode()
        self._books = PhoneBooks(path, clock)
        self._telling: set[asyncio.Task[None]] = set()

    def close(self) -> None:
        """Tell nobody anything any more, and let go of the books."""
        for task in self._telling:
            task.cancel()
        self._books.close()

    async def answer(self, request: BankRequest) -> BankAnswer:
        """The answer to a request, or, by a fault that a test merchant planted, none that helps."""
        drawn = planted.read(request)
        return self._heard(request) if drawn is None else await self._go_wrong(request, drawn)

    def _heard(self, request: BankRequest, refusal: str | None = None) -> BankAnswer:
        path = request.url.partition(":")[2]
        try:
            with self._books.turn():
                return self._hear(request.method, path, request.body, refusal)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return _BAD_REQUEST

    async def _go_wrong(self, request: BankRequest, drawn: Drawn) -> BankAnswer:
        kind, source = drawn.kind, planted.source(drawn)
        if kind in planted.DECLINES:
            return self._heard(request, planted.DECLINES[kind].value)
        if kind is FaultKind.SLOW:
            await asyncio.sleep(source.slow_seconds())
        answer = _SILENT
        if kind is not FaultKind.TIMEOUT_BEFORE and request.method != "GET":
            answer = self._heard(request)
        if kind in (FaultKind.TIMEOUT_BEFORE, FaultKind.TIMEOUT_AFTER):
            await _silence(planted.silence_seconds(drawn))
            return _SILENT
        match kind:
            case FaultKind.GARBAGE:
                return source.garble(answer)
            case FaultKind.DUPLICATE:
                self._tell_later(request.reference, 0.0)
                return self._heard(request)
            case FaultKind.PENDING:
                self._tell_later(request.reference, source.pending_seconds())
                said = {**msgspec.json.decode(answer.body), "result": "pending", "code": None}
                return BankAnswer(200, _encode(said))
            case FaultKind.UNKNOWN:
                return _SILENT
        return answer

    async def choose(self, phone: str, choice: Choice, reference: str | None = None) -> Heard:
        """The customer confirms or declines what is pending: what has a reference, or what waits longest."""
        with self._books.turn():
            waiting = [one for one in self._books.pending(phone) if reference in (None, one.reference)]
            if not waiting:
                return Heard.NOTHING_PENDING
            decided = self._choose(waiting[0], choice)
        if decided is None:
            return Heard.BALANCE_SHORT
        await self._tell(decided)
        return Heard.DONE

    def pending(self, phone: str) -> list[Operation]:
        """What waits for a customer, the oldest first."""
        with self._books.turn():
            return self._books.pending(phone)

    def wallet(self, phone: str) -> Wallet:
        """The wallet of a number: everybody has one."""
        with self._books.turn():
            return self._books.wallet(phone)

    def history(self, phone: str, most: int = 50) -> list[Movement]:
        """What moved a wallet's balance, newest first."""
        with self._books.turn():
            return self._books.history(phone, most)

    def statement(self) -> list[Operation]:
        """Everything that the bank was asked, each operation once, as it stands."""
        with self._books.turn():
            return self._books.everything()

    def look(self, phone: str, most: int = 20) -> Seen:
        """All that a phone shows, at one moment."""
        with self._books.turn():
            return Seen(self._books.wallet(phone), self._books.pending(phone), self._books.history(phone, most))

    def request(self, phone: str, reference: str) -> Operation | None:
        """What a customer was asked, and what became of it; None where it was not they who were asked last."""
        with self._books.turn():
            found = self._books.find(reference)
        return found if found is not None and (found.kind, found.phone) == ("authorize", phone) else None

    async def version(self) -> tuple[int, int]:
        """Another than before once anything may have changed in any process; cheap."""
        return self._books.version()

    def top_up(self, phone: str, amount: int) -> Wallet:
        """Put cents into a wallet. Raises WalletFull, and ValueError for nothing."""
        if amount <= 0:
            raise ValueError("a top-up is more than nothing")
        with self._books.turn():
            if amount > MOST_AT_ONCE or self._books.wallet(phone).balance + amount > MOST_IN_ALL:
                raise WalletFull
            self._books.move(phone, "top_up", amount, "", "")
            return self._books.wallet(phone)

    def _hear(self, method: str, path: str, body: bytes, refusal: str | None) -> BankAnswer:
        if method == "GET" and path.startswith("/operations/"):
            return self._look_up(path.removeprefix("/operations/"))
        if method == "PUT" and path.startswith("/requests/") and path.endswith("/phone"):
            moved = msgspec.json.decode(body, type=Moved)
            return self._readdress(path.split("/")[2], moved)
        if method == "DELETE" and path.startswith("/merchants/"):
            return BankAnswer(200, _encode({"all": self._books.forget(path.removeprefix("/merchants/"))}))
        if method == "POST" and path in KINDS:
            return self._do(path, msgspec.json.decode(body, type=Asked), refusal)
        return _BAD_REQUEST

    def _do(self, path: str, asked: Asked, refusal: str | None) -> BankAnswer:
        kind = KINDS[path]
        known = self._books.find(asked.reference)
        if known is None and refusal is not None:
            known = self._books.put(_operation(kind, asked, "declined", refusal, asked.phone))
        elif known is None:
            known = self._books.put(self._decided(path, kind, asked))
        told = (asked.merchant_id, kind, asked.amount, asked.currency, asked.target)
        if told != (known.merchant_id, known.kind, known.amount, known.currency, known.target):
            return _REFERENCE_TAKEN
        return self._answer(known)

    def _decided(self, path: str, kind: str, asked: Asked) -> Operation:
        if kind == "authorize":
            code = "customer_blocked" if asked.phone == BLOCKED else None
            result = "declined" if code else "challenge"
            return _operation(kind, asked, result, code, asked.phone)
        target = self._books.find(asked.target or "")
        mine = target is not None and (target.merchant_id, target.currency) == (asked.merchant_id, asked.currency)
        if target is None or not mine:
            return _operation(kind, asked, "declined", "no_such_operation", "")
        if path == _CANCELLATIONS:
            code = None if target.result == "challenge" else "nothing_held"
        else:
            code = self._refusal(kind, asked, target)
        if code is None:
            self._carry_out(kind, asked, target)
        return _operation(kind, asked, "declined" if code else "approved", code, target.phone)

    def _refusal(self, kind: str, asked: Asked, target: Operation) -> str | None:
        done = self._books.done(target.reference)
        held = target.amount - done["capture"] - done["void"] if target.result == "approved" else 0
        if kind == "void":
            return None if held and asked.amount == held else "nothing_held"
        if kind == "capture":
            if not held:
                return "nothing_held"
            return "over_limit" if target.phone == OVER_LIMIT else None if asked.amount <= held else "exceeds_held"
        return None if asked.amount <= done["capture"] - done["refund"] else "exceeds_captured"

    def _carry_out(self, kind: str, asked: Asked, target: Operation) -> None:
        if kind == "void" and target.result == "challenge":
            self._books.put(msgspec.structs.replace(target, result="declined", code="withdrawn"))
        elif kind == "void":
            self._books.move(target.phone, "released", asked.amount, target.merchant_name, asked.reference)
        elif kind == "refund":
            self._books.move(target.phone, "refunded", asked.amount, target.merchant_name, asked.reference)

    def _readdress(self, reference: str, moved: Moved) -> BankAnswer:
        found = self._books.find(reference)
        if found is None or found.merchant_id != moved.merchant_id:
            return BankAnswer(404, _encode({"reference": reference, "result": "not_found"}))
        if found.result == "challenge" and moved.phone == BLOCKED:
            return BankAnswer(402, b'{"code":"customer_blocked"}')
        if found.result == "challenge":
            found = self._books.put(msgspec.structs.replace(found, phone=moved.phone, looked_at=0))
        return self._answer(found)

    def _look_up(self, reference: str) -> BankAnswer:
        found = self._books.find(reference)
        if found is None:
            return BankAnswer(404, _encode({"reference": reference, "result": "not_found"}))
        if found.result == "challenge" and found.phone in BY_THEMSELVES:
            if not found.looked_at:
                self._books.put(msgspec.structs.replace(found, looked_at=1))
            else:
                choice = Choice.DECLINE if found.phone == DECLINES else Choice.CONFIRM
                found = self._choose(found, choice) or found
        return BankAnswer(200, self._statement(found))

    def _choose(self, waiting: Operation, choice: Choice) -> Operation | None:
        """The operation as it is then; None where there is not enough in the wallet."""
        if choice is Choice.DECLINE:
            return self._books.put(msgspec.structs.replace(waiting, result="declined", code="customer_declined"))
        if waiting.phone in BY_THEMSELVES and self._books.wallet(waiting.phone).balance < waiting.amount:
            # Nobody is there to top it up.
            self._books.move(waiting.phone, "top_up", waiting.amount, "", "")
        if self._books.wallet(waiting.phone).balance < waiting.amount:
            return None
        self._books.move(waiting.phone, "held", -waiting.amount, waiting.merchant_name, waiting.reference)
        return self._books.put(msgspec.structs.replace(waiting, result="approved"))

    def _answer(self, operation: Operation) -> BankAnswer:
        return BankAnswer(402 if operation.result == "declined" else 200, self._statement(operation))

    def _statement(self, operation: Operation) -> bytes:
        said: dict[str, Any] = {
            name: getattr(operation, name)
            for name in ("reference", "merchant_id", "kind", "amount", "currency", "result", "code")
        }
        if operation.result == "challenge" and self._page:
            said["page"] = self._page
        if operation.kind == "authorize" and operation.result == "approved":
            wallet = self._books.wallet(operation.phone)
            said |= {"payer_name": wallet.name, "payer_email": wallet.email}
        return _encode(said)

    def _tell_later(self, reference: str, seconds: float) -> None:
        """Say what became of a question without being asked; whoever inquires before that is told the same."""

        async def tell() -> None:
            await asyncio.sleep(seconds)
            with self._books.turn():
                operation = self._books.find(reference)
            if operation is not None:
                await self._tell(operation)

        task = asyncio.get_running_loop().create_task(tell())
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _tell(self, operation: Operation) -> None:
        if self.on_notification is None:
            return
        with self._books.turn():
            body = self._statement(operation)
        notice = BankNotice({SIGNATURE: hmac.digest(self._notice_key, body, "sha256").hex()}, body)
        try:
            await self.on_notification(notice)
        except Exception:
            log.exception("bank_notice_not_taken", reference=operation.reference)


async def _silence(seconds: float | None) -> None:
    """Nothing for so long; without end, which the caller's patience has, where nobody says how long."""
    if seconds is None:
        await asyncio.get_running_loop().create_future()
    else:
        await asyncio.sleep(seconds)


def _operation(kind: str, asked: Asked, result: str, code: str | None, phone: str) -> Operation:
    return Operation(
        reference=asked.reference,
        merchant_id=asked.merchant_id,
        kind=kind,
        amount=asked.amount,
        currency=asked.currency,
        result=result,
        code=code,
        target=asked.target,
        phone=phone,
        merchant_name=asked.merchant_name,
        rings_until=asked.rings_until,
        items=_encode(asked.items).decode(),
    )
