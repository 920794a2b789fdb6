"""The teller of the sandbox bank reads a request, decides by the books, writes that down and answers."""

import hashlib
import hmac
import uuid
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from tillgate.connectors.contract import BankAnswer, BankRequest
from tillgate.core import cards
from tillgate.core.cards import Brand, CardNumber
from tillgate.core.instants import SECOND, Duration, Instant
from tillgate.core.three_d_secure import CHALLENGE_LASTS, Flow
from tillgate.sandbox import issuer, receiving_banks, rules
from tillgate.sandbox.dispute_desk import DisputeDesk
from tillgate.sandbox.operations import Choice, Code, Kind, Operation, Order, OrderCard, Result, Standing
from tillgate.sandbox.register import Register

_VERSION: Final = "2.2.0"
"""Of EMV 3-D Secure, as this bank's issuer speaks it."""


class _Authentication(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    flow: Flow
    status: Standing
    eci: str | None = None
    version: str | None = None
    transaction: str | None = None


class _Said(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    reference: str
    result: str
    merchant_id: str | None = None
    kind: str | None = None
    amount: int | None = None
    currency: str | None = None
    code: str | None = None
    returned: str | None = None
    challenge_url: str | None = None
    authentication: _Authentication | None = None


class _Forgotten(msgspec.Struct, frozen=True):
    """Whether the books say nothing of a merchant any more."""

    all: bool


class _Error(msgspec.Struct, frozen=True):
    error: str


PATHS: Final[Mapping[str, Kind]] = {
    "/charges": Kind.CHARGE,
    "/authorizations": Kind.AUTHORIZE,
    "/captures": Kind.CAPTURE,
    "/voids": Kind.VOID,
    "/cancellations": Kind.VOID,
    "/refunds": Kind.REFUND,
    "/verifications": Kind.VERIFY,
    "/payouts": Kind.PAYOUT,
}
"""What is posted where; `/cancellations` give up a challenge and nothing else."""

_UNTARGETED: Final = (Kind.CHARGE, Kind.AUTHORIZE, Kind.VERIFY, Kind.PAYOUT)
"""What is not done to an operation before."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Order).decode

_BAD_REQUEST: Final = BankAnswer(400, _encode(_Error("bad_request")))
_REFERENCE_TAKEN: Final = BankAnswer(409, _encode(_Error("reference_taken")))


class Teller:
    """Decides without giving up control, so that requests are heard one after the other.

    Whatever depends on the books of other processes takes its turn with them. `clock` tells wall time, `delay` how long
    cardholders take to object, and the dispute desk to decide. `origin` goes before the path of a challenge's page,
    which nobody guesses who has no `link_key`.
    """

    def __init__(
        self,
        register: Register,
        clock: Callable[[], Instant],
        origin: str = "",
        link_key: bytes = b"",
        delay: Callable[[], Duration] = lambda: SECOND,
    ) -> None:
        self.desk = DisputeDesk(register, clock, delay)
        self._register = register
        self._clock = clock
        self._delay = delay
        self._origin = origin
        self._link_key = link_key

    def hear(self, request: BankRequest, pending: Duration | None = None) -> BankAnswer:
        """The answer; with `pending` what it decides is told only after that time."""
        path = _path(request)
        if path.startswith("/disputes"):
            return self.desk.hear(request.method, path, request.body)
        if request.method == "POST" and path in PATHS:
            return self._do(PATHS[path], request.body, pending, challenged=path == "/cancellations")
        if request.method == "GET" and path.startswith("/operations/"):
            return self._look_up(path.removeprefix("/operations/"))
        if request.method == "DELETE" and path.startswith("/merchants/"):
            return self.forget(path.removeprefix("/merchants/"))
        return _BAD_REQUEST

    def refuse(self, request: BankRequest, code: Code) -> BankAnswer:
        """A no to an order, whatever the card and the books say; what was decided before stands."""
        kind = PATHS.get(_path(request))
        try:
            order = _decode(request.body)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return _BAD_REQUEST
        if kind is None:
            return _BAD_REQUEST
        if kind is Kind.PAYOUT:
            code = Code.TRANSFER_REFUSED
        with self._register:
            known = self._find(order.reference) or self._put(self._decided(kind, order, code, None))
        return self._answer(known) if _is_same(known, kind, order) else _REFERENCE_TAKEN

    def forget(self, merchant_id: str) -> BankAnswer:
        """Clear away some of what the books say of a test merchant, and whether there is more."""
        with self._register:
            return BankAnswer(200, _encode(_Forgotten(self._register.forget(merchant_id))))

    def find(self, reference: str) -> Operation | None:
        """The operation of a reference as it stands now."""
        with self._register:
            return self._find(reference)

    def proof(self, reference: str) -> str:
        """What only the link to a challenge's page holds: 32 hex digits."""
        return hmac.digest(self._link_key, f"challenge {reference}".encode(), "sha256").hex()[:32]

    def conclude(self, reference: str, choice: Choice, code: str) -> Operation | None:
        """The operation after its cardholder chose, who may have entered a wrong code; None where nobody has to."""
        with self._register:
            operation = self._find(reference)
            if operation is None or operation.result is not Result.CHALLENGE:
                return None
            if choice is Choice.CANCEL:
                return self._put(_failed(operation, Code.AUTHENTICATION_CANCELED, Standing.CANCELED))
            if choice is Choice.APPROVE and code == issuer.CODE:
                becomes = operation.becomes or Result.APPROVED
                return self._put(operation.concluded(becomes, operation.code, Standing.AUTHENTICATED))
            operation = msgspec.structs.replace(operation, wrong_codes=operation.wrong_codes + 1)
            if choice is Choice.APPROVE and operation.wrong_codes < issuer.MOST_WRONG_CODES:
                return self._put(operation)
            return self._put(_failed(operation, Code.AUTHENTICATION_FAILED, Standing.REJECTED))

    def settle(self, reference: str) -> Operation | None:
        """The operation that was pending, now known; None where it was known already."""
        with self._register:
            operation = self._register.find(reference)
            if operation is None or operation.result is Result.CHALLENGE or operation.becomes is None:
                return None
            return self._put(operation.concluded(operation.becomes, operation.code))

    def statement(self, operation: Operation) -> bytes:
        """What the bank says of an operation, in an answer or in a notice."""
        challenged, returned = operation.result is Result.CHALLENGE, operation.result is Result.RETURNED
        said = _Said(
            reference=operation.reference,
            result=Result.APPROVED if returned else operation.result,
            merchant_id=operation.merchant_id,
            kind=operation.kind,
            amount=operation.amount,
            currency=operation.currency,
            code=operation.code if operation.result is Result.DECLINED else None,
            returned=operation.code if returned else None,
            challenge_url=self._page(operation.reference) if challenged else None,
            authentication=_authentication(operation),
        )
        return _encode(said)

    def _look_up(self, reference: str) -> BankAnswer:
        operation = self.find(reference)
        if operation is None:
            return BankAnswer(404, _encode(_Said(reference=reference, result="not_found")))
        return BankAnswer(200, self.statement(operation))

    def _find(self, reference: str) -> Operation | None:
        operation = self._register.find(reference)
        if operation is None or operation.due_at is None or operation.due_at > self._clock():
            return operation
        if operation.result is not Result.CHALLENGE and operation.becomes is not None:
            return self._put(operation.concluded(operation.becomes, operation.code))
        return self._put(_failed(operation, Code.AUTHENTICATION_EXPIRED, Standing.TIMED_OUT))

    def _page(self, reference: str) -> str:
        return f"{self._origin}/sandbox/challenges/{reference}/{self.proof(reference)}"

    def _put(self, operation: Operation) -> Operation:
        self._register.put(operation)
        return operation

    def _do(self, kind: Kind, body: bytes, pending: Duration | None, challenged: bool) -> BankAnswer:
        try:
            order = _decode(body)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return _BAD_REQUEST
        of_nothing = kind is Kind.VERIFY or (challenged and order.amount == 0)
        if (order.target is None) != (kind in _UNTARGETED) or (order.amount == 0) != of_nothing:
            return _BAD_REQUEST
        # What is heard for the first time cannot be in another process's book: nobody has to wait for a turn.
        if order.target is None and not order.again and not _is_objecting(kind, order):
            operation = self._untargeted(kind, order, pending)
            if self._register.add(operation):
                return self._answer(operation)
        with self._register:
            known = self._find(order.reference)
            if known is None:
                return self._answer(self._first(kind, order, pending, challenged))
        return self._answer(known) if _is_same(known, kind, order) else _REFERENCE_TAKEN

    def _first(self, kind: Kind, order: Order, pending: Duration | None, challenged: bool) -> Operation:
        if order.target is None and _is_objecting(kind, order):
            return self._put_objected(self._by_card(kind, order, pending))
        if order.target is None:
            return self._put(self._untargeted(kind, order, pending))
        target = self._find(order.target)
        since, disputed = self._register.about(order.target), self.desk.taken(order.target)
        refusal = rules.refusal(order, kind, target, since, challenged, disputed)
        operation = self._decided(kind, order, refusal, pending)
        if target is not None and target.result is Result.CHALLENGE and refusal is None:
            canceled = _failed(target, Code.AUTHENTICATION_CANCELED, Standing.CANCELED)
            self._register.put(operation, canceled)
            return operation
        if kind is Kind.CAPTURE and refusal is None:
            self.desk.captured(order.target)
        return self._put(operation)

    def _answer(self, operation: Operation) -> BankAnswer:
        return BankAnswer(402 if operation.result is Result.DECLINED else 200, self.statement(operation))

    def _put_objected(self, operation: Operation) -> Operation:
        """What is paid by a card whose holder objects to it."""
        self._put(operation)
        self.desk.plan(operation)
        if operation.kind is Kind.CHARGE:
            self.desk.captured(operation.reference)
        return operation

    def _untargeted(self, kind: Kind, order: Order, pending: Duration | None) -> Operation:
        """What is decided by a card, or by the account that money is sent to, and not by what was done before."""
        if kind is Kind.PAYOUT:
            paid = self._decided(kind, order, receiving_banks.refusal(order.account), pending)
            back = receiving_banks.returns(order.account)
            return self._to_come_back(paid, back) if back else paid
        return self._by_card(kind, order, pending)

    def _to_come_back(self, paid: Operation, code: Code) -> Operation:
        """A payout that is paid, or will be, and comes back after that."""
        due_at = (paid.due_at or self._clock()) + self._delay()
        return msgspec.structs.replace(paid, becomes=Result.RETURNED, code=code, due_at=due_at)

    def _by_card(self, kind: Kind, order: Order, pending: Duration | None) -> Operation:
        """What its issuer says to a card: it may want to know first who pays."""
        card = order.card or OrderCard("", 0, 0)
        refusal = issuer.refusal(card.number, kind)
        if card.cryptogram is not None:
            known = {"flow": Flow.DEVICE, "standing": Standing.AUTHENTICATED, "eci": card.eci}
            return msgspec.structs.replace(self._decided(kind, order, refusal, pending), **known)
        if order.off_session and issuer.insists(card.number) and card.agreement is None:
            return self._decided(kind, order, Code.AUTHENTICATION_REQUIRED, pending)
        practice = None if order.off_session else issuer.practice(card.number, order.three_d_secure)
        if practice is None or refusal is Code.INVALID_NUMBER:
            return self._decided(kind, order, refusal, pending)
        brand = cards.brand(CardNumber(card.number))
        if practice.standing is None and not order.may_challenge:
            return self._decided(kind, order, Code.AUTHENTICATION_REQUIRED, pending)
        if practice.standing is None:
            return self._challenge(kind, order, refusal, brand, card.number[-4:])
        refusal = Code.AUTHENTICATION_FAILED if practice.standing is Standing.REJECTED else refusal
        known = {"flow": Flow.FRICTIONLESS, "standing": practice.standing, "brand": brand}
        return msgspec.structs.replace(self._decided(kind, order, refusal, pending), **known)

    def _challenge(self, kind: Kind, order: Order, refusal: Code | None, brand: Brand, last4: str) -> Operation:
        return Operation(
            reference=order.reference,
            merchant_id=order.merchant_id,
            kind=kind,
            amount=order.amount,
            currency=order.currency,
            result=Result.CHALLENGE,
            code=refusal,
            becomes=None if refusal is None else Result.DECLINED,
            due_at=self._clock() + CHALLENGE_LASTS,
            merchant_name=order.merchant_name,
            return_url=order.return_url,
            brand=brand,
            last4=last4,
            flow=Flow.CHALLENGE,
        )

    def _decided(
        self, kind: Kind, order: Order, refusal: Code | None, pending: Duration | None, eci: str | None = None
    ) -> Operation:
        result = Result.APPROVED if refusal is None else Result.DECLINED
        return Operation(
            reference=order.reference,
            merchant_id=order.merchant_id,
            kind=kind,
            amount=order.amount,
            currency=order.currency,
            result=result if pending is None else Result.PENDING,
            code=refusal,
            target=order.target,
            becomes=None if pending is None else result,
            due_at=None if pending is None else self._clock() + pending,
            eci=eci,
        )


def _path(request: BankRequest) -> str:
    return request.url.partition(":")[2]


def _failed(operation: Operation, code: Code, standing: Standing) -> Operation:
    return operation.concluded(Result.DECLINED, code, standing)


def _authentication(operation: Operation) -> _Authentication | None:
    """What the bank says of the cardholder, once that is known."""
    if operation.flow is None or operation.standing is None or operation.is_open:
        return None
    if operation.flow is Flow.DEVICE:
        return _Authentication(flow=operation.flow, status=operation.standing, eci=operation.eci)
    digest = hashlib.sha256(f"directory server {operation.reference}".encode()).digest()
    return _Authentication(
        flow=operation.flow,
        status=operation.standing,
        eci=issuer.indicator(operation.brand or Brand.UNKNOWN, operation.standing),
        version=None if operation.standing is Standing.NOT_ENROLLED else _VERSION,
        transaction=str(uuid.UUID(bytes=digest[:16], version=4)),
    )


def _is_objecting(kind: Kind, order: Order) -> bool:
    return kind is not Kind.VERIFY and order.card is not None and order.card.number in issuer.DISPUTED


def _is_same(known: Operation, kind: Kind, order: Order) -> bool:
    told = (order.merchant_id, kind, order.amount, order.currency, order.target)
    return told == (known.merchant_id, known.kind, known.amount, known.currency, known.target)
