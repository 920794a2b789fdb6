"""The connector of the sandbox bank, in which no real money moves."""

import hmac
from collections.abc import Mapping
from typing import Final

import msgspec

from tillgate.connectors import card_instructions
from tillgate.connectors import sandbox_forms as forms
from tillgate.connectors.contract import (
    BankAnswer,
    BankNotice,
    BankRequest,
    DisputeNotification,
    Notification,
    Question,
)
from tillgate.core import attempts, currencies
from tillgate.core.attempts import Action, Attempt, Kind, Outcome, Verdict
from tillgate.core.cards import Card
from tillgate.core.disputes import Dispute, DisputeReason, ResponseKind, Statement
from tillgate.core.faults import FaultKind
from tillgate.core.instants import Duration, Instant
from tillgate.core.instructions import Instructions, Offer, Owed
from tillgate.core.money import Money
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.core.three_d_secure import Authentication

NAME: Final = "sandbox"

NOTICE_KEY: Final = "notice_key"
"""The name of the secret with which the bank signs its notices."""

URL: Final = "url"
"""The name of the setting that says where the bank is, for one that is reached over HTTP."""

SIGNATURE: Final = "bank-signature"
"""The header of a notice that holds the hex HMAC-SHA256 of its body."""

FAULT: Final = "sandbox-fault"
"""The header of a request that a test merchant has go wrong: how, as JSON."""

REASONS: Final[Mapping[str, Reason]] = {
    "do_not_honor": Reason.CARD_DECLINED,
    "insufficient_funds": Reason.INSUFFICIENT_FUNDS,
    "expired_card": Reason.CARD_EXPIRED,
    "security_code_mismatch": Reason.CVC_INCORRECT,
    "system_malfunction": Reason.PROCESSING_ERROR,
    "invalid_number": Reason.CARD_NUMBER_INCORRECT,
    "authentication_failed": Reason.AUTHENTICATION_FAILED,
    "authentication_expired": Reason.AUTHENTICATION_FAILED,
    "authentication_canceled": Reason.AUTHENTICATION_FAILED,
    "authentication_required": Reason.AUTHENTICATION_REQUIRED,
    "authorization_released": Reason.AUTHORIZATION_EXPIRED,
    "exceeds_authorized": Reason.CAPTURE_EXCEEDS_AUTHORIZED,
    "nothing_held": Reason.NOTHING_TO_CANCEL,
    "exceeds_captured": Reason.NOT_REFUNDABLE,
    "no_such_operation": Reason.PROCESSING_ERROR,
    "no_such_account": Reason.ACCOUNT_UNKNOWN,
    "account_closed": Reason.ACCOUNT_CLOSED,
    "transfer_refused": Reason.PAYOUT_DECLINED,
}
"""The bank's words for a no. One that is not among them is a no all the same: the card was declined."""


_PATHS: Final[Mapping[Kind, str]] = {
    Kind.CHARGE: "/charges",
    Kind.AUTHORIZE: "/authorizations",
    Kind.CAPTURE: "/captures",
    Kind.VOID: "/voids",
    Kind.REFUND: "/refunds",
    Kind.RETURN: "/refunds",
    Kind.RELEASE: "/voids",
    Kind.VERIFY: "/verifications",
    Kind.PAYOUT: "/payouts",
    Kind.WITHDRAW: "/cancellations",
}
"""Where each kind of attempt is posted; a void that gives up a challenge goes to `/cancellations`."""

_KNOWN_AS: Final[Mapping[Kind, Kind]] = {
    Kind.RETURN: Kind.REFUND,
    Kind.RELEASE: Kind.VOID,
    Kind.WITHDRAW: Kind.VOID,
}
"""What the bank takes some kinds of attempts for."""

SETTLED_AT_ONCE: Final = "4000000000000077"
"""The sandbox card whose money can be paid out at once."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(forms.Statement).decode
_decode_dispute = msgspec.json.Decoder(forms.Disputed).decode
_decode_clock = msgspec.json.Decoder(forms.ClockSet).decode

_ANSWERED_AT: Final[Mapping[ResponseKind, str]] = {
    ResponseKind.EVIDENCE: "evidence",
    ResponseKind.ACCEPTANCE: "acceptance",
}


class SandboxConnector:
    """Speaks JSON to the sandbox bank. `secrets` holds NOTICE_KEY, and URL for a bank of its own process."""

    name = NAME
    is_live = False

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._notice_key = secrets[NOTICE_KEY].encode()
        self._place = secrets.get(URL) or f"{NAME}:"

    @property
    def offers(self) -> tuple[Offer, ...]:
        """As in the contract."""
        return card_instructions.OFFERS

    def instructions(self, offer: Offer, owed: Owed) -> Instructions:
        """As in the contract."""
        return card_instructions.of(offer, owed)

    def settles_at_once(self, card: Card) -> bool:
        """As in the contract: one test card's money need not be waited for."""
        return card.number.digits == SETTLED_AT_ONCE

    def write_transfer(self, question: Question) -> BankRequest:
        """The request that sends money to an account, for whatever it is: to the bank it is a payout."""
        return self._write(question, Kind.PAYOUT)

    def write(self, question: Question) -> BankRequest:
        """As in the contract."""
        return self._write(question, question.attempt.kind)

    def _write(self, question: Question, kind: Kind) -> BankRequest:
        attempt = question.attempt
        order = forms.Order(
            merchant_id=attempt.tenant,
            reference=attempt.id,
            amount=attempt.amount.amount,
            currency=attempt.amount.currency,
            card=_card(question) if kind in attempts.WITH_CARD else None,
            account=_account(question) if attempt.kind is Kind.PAYOUT or question.account else None,
            target=attempt.target,
            merchant_name=question.merchant,
            return_url=question.return_url,
            three_d_secure=question.three_d_secure,
            off_session=question.off_session,
            may_challenge=question.may_challenge,
            again=attempt.asked > 1,
        )
        path = "/cancellations" if question.challenged else _PATHS[kind]
        url, headers = f"{self._place}{path}", fault(attempt)
        return BankRequest(method="POST", url=url, reference=attempt.id, headers=headers, body=_encode(order))

    def inquire(self, attempt: Attempt) -> BankRequest:
        """As in the contract."""
        url = f"{self._place}/operations/{attempt.id}"
        return BankRequest(method="GET", url=url, reference=attempt.id, headers=fault_of_inquiry(attempt))

    def read(self, attempt: Attempt, answer: BankAnswer) -> Outcome:
        """As in the contract: a no comes with status 402, everything else with 200."""
        said = _read(answer.body)
        if said is None or answer.status != (402 if said.result is forms.Said.DECLINED else 200):
            return attempts.UNKNOWN
        return _outcome(said) if _is_about(attempt, said) else attempts.UNKNOWN

    def read_inquiry(self, attempt: Attempt, answer: BankAnswer) -> Outcome:
        """As in the contract: what the bank knows comes with status 200, what it does not with 404."""
        said = _read(answer.body)
        if said is None or said.reference != attempt.id:
            return attempts.UNKNOWN
        if answer.status == 404 and said.result is forms.Said.NOT_FOUND:
            return Outcome(verdict=Verdict.NEVER_SEEN)
        return _outcome(said) if answer.status == 200 and _is_about(attempt, said) else attempts.UNKNOWN

    def respond(self, dispute: Dispute) -> BankRequest:
        """As in the contract."""
        response = dispute.response
        if response is None:
            raise ValueError(f"{dispute.id} has no response on its way")
        evidence = dispute.evidence if response.kind is ResponseKind.EVIDENCE else {}
        body = _encode(forms.Response(reference=response.id, merchant_id=dispute.tenant, evidence=evidence))
        url = f"{self._place}/disputes/{dispute.bank_reference}/{_ANSWERED_AT[response.kind]}"
        return BankRequest(method="POST", url=url, reference=response.id, body=body)

    def inquire_dispute(self, dispute: Dispute) -> BankRequest:
        """As in the contract."""
        url = f"{self._place}/disputes/{dispute.bank_reference}"
        return BankRequest(method="GET", url=url, reference=dispute.bank_reference)

    def read_dispute(self, dispute: Dispute, answer: BankAnswer) -> Statement | None:
        """As in the contract: every answer about a dispute comes with status 200."""
        said = _read_dispute(answer.body)
        if said is None or answer.status != 200 or said.merchant_id != dispute.tenant:
            return None
        statement = _statement(said)
        known = (dispute.bank_reference, dispute.target, dispute.amount)
        about = statement and (statement.reference, statement.target, statement.amount)
        return statement if about == known else None

    def complain(
        self,
        payment: Payment,
        target: str,
        reference: str,
        amount: int | None,
        reason: DisputeReason,
        evidence_due_by: Instant | None,
    ) -> BankRequest:
        """The request that has the sandbox bank open a dispute under a reference, or once more say how it stands.

        It is of `amount` minor units, or of all that the bank has left of `target`. No other bank does so.
        """
        complaint = forms.Complaint(
            reference=reference,
            merchant_id=payment.tenant,
            target=target,
            amount=amount,
            currency=payment.amount.currency,
            reason=reason,
            evidence_due_by=evidence_due_by,
        )
        return BankRequest(method="POST", url=f"{self._place}/disputes", reference=reference, body=_encode(complaint))

    def read_complaint(self, reference: str, answer: BankAnswer) -> Statement | None:
        """What the answer to `complain` says; None where it says nothing.

        Raises Refused(NOTHING_TO_DISPUTE) where the bank has less than that to take back.
        """
        said = _read_dispute(answer.body)
        if answer.status in (404, 409):
            raise Refused(Reason.NOTHING_TO_DISPUTE, "amount")
        return _statement(said) if said and answer.status == 200 and said.dispute == reference else None

    def set_clock(self, tenant: str, ahead: Duration, stands_at: Instant | None) -> BankRequest:
        """The request that tells the sandbox bank what time it is to a test merchant; no other bank goes by that.

        It is so much ahead of the wall, or stands. The bank does, and tells, what is due by then before it answers.
        """
        body = _encode(forms.Clock(ahead=ahead, stands_at=stands_at))
        return BankRequest(method="POST", url=f"{self._place}/clocks/{tenant}", reference=tenant, body=body)

    def read_clock(self, answer: BankAnswer) -> forms.ClockSet | None:
        """What the answer to it says: when the bank has something to do next. None where it was not understood."""
        try:
            return _decode_clock(answer.body) if answer.status == 200 else None
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None

    def forget(self, tenant: str) -> BankRequest:
        """As in the contract."""
        return BankRequest(method="DELETE", url=f"{self._place}/merchants/{tenant}", reference=tenant)

    def has_forgotten(self, answer: BankAnswer) -> bool:
        """As in the contract."""
        return answer.status == 200 and answer.body == b'{"all":true}'

    def notification(self, notice: BankNotice) -> Notification | DisputeNotification | None:
        """As in the contract. The amount is in the outcome, for the attempt to be compared with."""
        signature = hmac.digest(self._notice_key, notice.body, "sha256").hex()
        if not hmac.compare_digest(signature.encode(), notice.headers.get(SIGNATURE, "").encode()):
            return None
        if disputed := _read_dispute(notice.body):
            statement = _statement(disputed)
            return DisputeNotification(disputed.merchant_id, statement) if statement else None
        said = _read(notice.body)
        if said is None or said.merchant_id is None or said.amount is None:
            return None
        return Notification(said.merchant_id, said.reference, _outcome(said))


def fault(attempt: Attempt) -> tuple[tuple[str, str], ...]:
    """The headers of a question that its test merchant has go wrong."""
    return ((FAULT, _encode(attempt.fault).decode()),) if attempt.fault else ()


def fault_of_inquiry(attempt: Attempt) -> tuple[tuple[str, str], ...]:
    """The headers of an inquiry after such a one: the bank may know of nothing at first."""
    is_told_nothing = attempt.fault and attempt.fault.kind is FaultKind.UNKNOWN and not attempt.inquiries
    return fault(attempt) if is_told_nothing else ()


def _card(question: Question) -> forms.Card:
    card = question.card
    if card is None:
        raise ValueError(f"{question.attempt.id} is asked with a card")
    return forms.Card(
        number=card.number.digits,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
        cvc=card.cvc,
        name=card.name,
        cryptogram=card.cryptogram,
        eci=card.eci,
        agreement=card.agreement,
    )


def _account(question: Question) -> forms.Account:
    account = question.account
    if account is None:
        raise ValueError(f"{question.attempt.id} is asked with an account")
    return forms.Account(account.number, account.country, question.holder, account.routing)


def _read(body: bytes) -> forms.Statement | None:
    try:
        return _decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _read_dispute(body: bytes) -> forms.Disputed | None:
    try:
        return _decode_dispute(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _statement(said: forms.Disputed) -> Statement | None:
    """A reason that is not among ours is a general one."""
    if not currencies.recorded(said.currency):
        return None
    known = said.reason in set(DisputeReason)
    return Statement(
        reference=said.dispute,
        target=said.target,
        amount=Money(said.amount, said.currency),
        reason=DisputeReason(said.reason) if known else DisputeReason.GENERAL,
        status=said.status,
        evidence_due_by=said.evidence_due_by,
        response=said.response,
    )


def _is_about(attempt: Attempt, said: forms.Statement) -> bool:
    return (
        said.reference == attempt.id
        and said.merchant_id == attempt.tenant
        and said.kind is _KNOWN_AS.get(attempt.kind, attempt.kind)
        and said.amount == attempt.amount.amount
        and said.currency == attempt.amount.currency
    )


def _authentication(said: forms.Cardholder | None) -> Authentication | None:
    if said is None:
        return None
    result, reason = forms.MEANING[said.status]
    return Authentication(
        result=result,
        flow=said.flow,
        reason=reason,
        eci=said.eci,
        version=said.version,
        transaction=said.transaction,
    )


def _outcome(said: forms.Statement) -> Outcome:
    authentication = _authentication(said.authentication)
    match said.result:
        case forms.Said.APPROVED if said.amount is not None and currencies.recorded(said.currency or ""):
            return Outcome(
                verdict=Verdict.APPROVED,
                done=Money(said.amount, said.currency or ""),
                authentication=authentication,
                bank_code=said.returned,
                returned=REASONS.get(said.returned, Reason.PAYOUT_DECLINED) if said.returned else None,
            )
        case forms.Said.DECLINED if said.code is not None:
            reason = REASONS.get(said.code, Reason.CARD_DECLINED)
            return Outcome(verdict=Verdict.DECLINED, reason=reason, bank_code=said.code, authentication=authentication)
        case forms.Said.PENDING:
            return Outcome(verdict=Verdict.PENDING)
        case forms.Said.CHALLENGE if said.challenge_url is not None:
            return Outcome(verdict=Verdict.CHALLENGE, action=Action(said.challenge_url))
        case _:
            return attempts.UNKNOWN
