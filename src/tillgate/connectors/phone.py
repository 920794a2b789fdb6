"""The connector of the sandbox's bank of phone wallets: a customer concludes its authorizations by confirming."""

import hmac
from collections.abc import Mapping
from typing import Final

import msgspec

from tillgate.connectors import sandbox
from tillgate.connectors.contract import BankAnswer, BankNotice, BankRequest, Notification, Question
from tillgate.core import attempts, currencies
from tillgate.core.attempts import Action, Attempt, Kind, Outcome, Verdict
from tillgate.core.cards import Card
from tillgate.core.disputes import Dispute, Statement
from tillgate.core.instructions import Field, How, Instructions, Offer, Owed
from tillgate.core.money import Money
from tillgate.core.phone_wallets import LEAST, MOST, Item, Payer
from tillgate.core.reasons import Reason, Refused

NAME: Final = "phone"

NOTICE_KEY: Final = "notice_key"
"""The name of the secret with which the bank signs its notices."""

URL: Final = "url"
"""The name of the setting that says where the bank is, for one that is reached over HTTP."""

COUNTER: Final = "/wallets"
"""Below which path it is asked there."""

SIGNATURE: Final = "bank-signature"
"""The header of a notice that holds the hex HMAC-SHA256 of its body."""

PAGE: Final = "/phone"
"""Where a customer confirms, on this server."""

REASONS: Final[Mapping[str, Reason]] = {
    "customer_blocked": Reason.WALLET_BLOCKED,
    "customer_declined": Reason.WALLET_DECLINED,
    "over_limit": Reason.WALLET_LIMIT_EXCEEDED,
    "expired": Reason.TICKET_EXPIRED,
    "withdrawn": Reason.TICKET_WITHDRAWN,
    "nothing_held": Reason.NOTHING_TO_CANCEL,
    "exceeds_held": Reason.CAPTURE_EXCEEDS_AUTHORIZED,
    "exceeds_captured": Reason.NOT_REFUNDABLE,
    "no_such_operation": Reason.PROCESSING_ERROR,
    **{
        code: sandbox.REASONS[code]
        for code in ("do_not_honor", "insufficient_funds", "expired_card", "security_code_mismatch")
    },
}
"""The bank's words for a no. One that is not among them is a no all the same."""

_PATHS: Final[Mapping[Kind, str]] = {
    Kind.AUTHORIZE: "/requests",
    Kind.CAPTURE: "/captures",
    Kind.VOID: "/voids",
    Kind.RELEASE: "/voids",
    Kind.WITHDRAW: "/cancellations",
    Kind.REFUND: "/refunds",
    Kind.RETURN: "/refunds",
}
"""Where each kind of attempt is posted; a void that gives up what waits for its customer goes to `/cancellations`."""

_KNOWN_AS: Final[Mapping[Kind, Kind]] = {
    Kind.RETURN: Kind.REFUND,
    Kind.RELEASE: Kind.VOID,
    Kind.WITHDRAW: Kind.VOID,
}
"""What the bank takes some kinds of attempts for."""


class _Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    merchant_id: str
    reference: str
    amount: int
    currency: str
    target: str | None = None
    merchant_name: str = ""
    phone: str = ""
    rings_until: int = 0
    items: tuple[Item, ...] = ()


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    reference: str
    result: str
    merchant_id: str | None = None
    kind: Kind | None = None
    amount: int | None = None
    currency: str | None = None
    code: str | None = None
    payer_name: str | None = None
    payer_email: str | None = None
    page: str | None = None


_OFFER: Final = Offer(
    provider="ath", method="phone", title="ATH Móvil", how=How.PHONE, currency="USD", least=LEAST, most=MOST
)

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Said).decode


class PhoneConnector:
    """Speaks JSON to the bank of phone wallets. `secrets` holds NOTICE_KEY, and URL for a bank of its own process."""

    name = NAME
    is_live = False

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._notice_key = secrets[NOTICE_KEY].encode()
        url = secrets.get(URL)
        self._place = f"{url}{COUNTER}" if url else f"{NAME}:"

    @property
    def offers(self) -> tuple[Offer, ...]:
        """As in the contract."""
        return (_OFFER,)

    def instructions(self, offer: Offer, owed: Owed) -> Instructions:
        """As in the contract: somebody's phone rings, or it is known where to say which."""
        phone = (Field("Phone number", f"({owed.phone[:3]}) {owed.phone[3:6]}-{owed.phone[6:]}"),) if owed.phone else ()
        first = "Open the request that we sent to your phone." if phone else "Say which phone we may ask."
        return Instructions(
            title="Confirm on your phone",
            steps=(
                first,
                f"Check that it says {owed.merchant} and {owed.amount.formatted(code=False)}.",
                "Confirm. This page goes on by itself.",
            ),
            fields=(*phone, Field("Pay to", owed.merchant), Field("For", owed.label)),
        )

    def settles_at_once(self, card: Card) -> bool:
        """As in the contract: there are no cards here."""
        return False

    def write(self, question: Question) -> BankRequest:
        """As in the contract. Raises ValueError for what is not asked by phone."""
        attempt, ticket = question.attempt, question.ticket
        if attempt.kind not in _PATHS or (attempt.kind is Kind.AUTHORIZE and ticket is None):
            raise ValueError(f"{attempt.id} is not asked by phone")
        asks = ticket if attempt.kind is Kind.AUTHORIZE else None
        order = _Order(
            merchant_id=attempt.tenant,
            reference=attempt.id,
            amount=attempt.amount.amount,
            currency=attempt.amount.currency,
            target=attempt.target,
            merchant_name=question.merchant,
            phone=asks.phone if asks else "",
            rings_until=asks.rings_until if asks else 0,
            items=asks.items if asks else (),
        )
        path = "/cancellations" if question.challenged else _PATHS[attempt.kind]
        return self._request("POST", path, attempt.id, _encode(order), sandbox.fault(attempt))

    def readdress(self, attempt: Attempt, phone: str) -> BankRequest:
        """The request that moves what waits for a customer to another phone. It moves no money."""
        body = _encode({"merchant_id": attempt.tenant, "phone": phone})
        return self._request("PUT", f"/requests/{attempt.id}/phone", attempt.id, body)

    def read_readdressed(self, attempt: Attempt, answer: BankAnswer) -> Outcome:
        """How what was moved stands. Raises Refused(WALLET_BLOCKED) for a customer who may not pay."""
        if answer.status == 402 and answer.body == b'{"code":"customer_blocked"}':
            raise Refused(Reason.WALLET_BLOCKED, "phone")
        return self.read(attempt, answer)

    def inquire(self, attempt: Attempt) -> BankRequest:
        """As in the contract."""
        return self._request("GET", f"/operations/{attempt.id}", attempt.id, headers=sandbox.fault_of_inquiry(attempt))

    def read(self, attempt: Attempt, answer: BankAnswer) -> Outcome:
        """As in the contract: a no comes with status 402, everything else with 200."""
        said = _read(answer.body)
        if said is None or answer.status != (402 if said.result == "declined" else 200):
            return attempts.UNKNOWN
        return _outcome(said) if _is_about(attempt, said) else attempts.UNKNOWN

    def read_inquiry(self, attempt: Attempt, answer: BankAnswer) -> Outcome:
        """As in the contract: what the bank knows comes with status 200, what it does not with 404."""
        said = _read(answer.body)
        if said is None or said.reference != attempt.id:
            return attempts.UNKNOWN
        if answer.status == 404 and said.result == "not_found":
            return Outcome(verdict=Verdict.NEVER_SEEN)
        return _outcome(said) if answer.status == 200 and _is_about(attempt, said) else attempts.UNKNOWN

    def respond(self, dispute: Dispute) -> BankRequest:
        """As in the contract: nobody disputes here what they confirmed themselves."""
        raise ValueError(f"{dispute.id} is not about a payment by phone")

    def inquire_dispute(self, dispute: Dispute) -> BankRequest:
        """As `respond`."""
        raise ValueError(f"{dispute.id} is not about a payment by phone")

    def read_dispute(self, dispute: Dispute, answer: BankAnswer) -> Statement | None:
        """As in the contract: this bank says nothing of disputes."""
        return None

    def forget(self, tenant: str) -> BankRequest:
        """As in the contract."""
        return self._request("DELETE", f"/merchants/{tenant}", tenant)

    def has_forgotten(self, answer: BankAnswer) -> bool:
        """As in the contract."""
        return answer.status == 200 and answer.body == b'{"all":true}'

    def notification(self, notice: BankNotice) -> Notification | None:
        """As in the contract. The amount is in the outcome, for the attempt to be compared with."""
        signature = hmac.digest(self._notice_key, notice.body, "sha256").hex()
        if not hmac.compare_digest(signature.encode(), notice.headers.get(SIGNATURE, "").encode()):
            return None
        said = _read(notice.body)
        if said is None or said.merchant_id is None or said.amount is None:
            return None
        return Notification(said.merchant_id, said.reference, _outcome(said))

    def _request(
        self, method: str, path: str, reference: str, body: bytes = b"", headers: tuple[tuple[str, str], ...] = ()
    ) -> BankRequest:
        return BankRequest(method=method, url=f"{self._place}{path}", reference=reference, headers=headers, body=body)


def _read(body: bytes) -> _Said | None:
    try:
        return _decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _is_about(attempt: Attempt, said: _Said) -> bool:
    return (
        said.reference == attempt.id
        and said.merchant_id == attempt.tenant
        and said.kind is _KNOWN_AS.get(attempt.kind, attempt.kind)
        and said.amount == attempt.amount.amount
        and said.currency == attempt.amount.currency
    )


def _outcome(said: _Said) -> Outcome:
    match said.result:
        case "approved" if said.amount is not None and currencies.recorded(said.currency or ""):
            payer = None if said.payer_name is None else Payer(said.payer_name, said.payer_email or "")
            done = Money(said.amount, said.currency or "")
            return Outcome(verdict=Verdict.APPROVED, done=done, payer=payer)
        case "declined" if said.code is not None:
            reason = REASONS.get(said.code, Reason.PROCESSING_ERROR)
            return Outcome(verdict=Verdict.DECLINED, reason=reason, bank_code=said.code)
        case "pending":
            return Outcome(verdict=Verdict.PENDING)
        case "challenge":
            return Outcome(verdict=Verdict.CHALLENGE, action=Action(said.page or PAGE))
        case _:
            return attempts.UNKNOWN
