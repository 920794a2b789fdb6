"""The sandbox bank's dialect: what its own teller answers."""

import hmac
import uuid
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from tests.connectors.questions import NOON, attempt, question
from tests.core.world import opened
from tillgate.connectors.contract import BankAnswer, BankNotice, BankRequest, Question
from tillgate.connectors.sandbox import NAME, NOTICE_KEY, SIGNATURE, SandboxConnector
from tillgate.core.attempts import Attempt, Kind
from tillgate.core.disputes import Dispute, DisputeStatus, Response, ResponseKind, Statement
from tillgate.core.instants import DAY, HOUR, SECOND, Instant
from tillgate.core.reasons import Reason
from tillgate.core.records import evolve
from tillgate.core.three_d_secure import Authentication, Flow, Result, ResultReason
from tillgate.sandbox import issuer
from tillgate.sandbox.operations import Choice
from tillgate.sandbox.register import Register
from tillgate.sandbox.teller import Teller

_DECLINED_CARDS = {
    "4000000000000002": Reason.CARD_DECLINED,
    "4000000000000341": Reason.CARD_DECLINED,
    "4000000000009995": Reason.INSUFFICIENT_FUNDS,
    "4000000000000069": Reason.CARD_EXPIRED,
    "4000000000000127": Reason.CVC_INCORRECT,
    "4000000000000119": Reason.PROCESSING_ERROR,
    "4000003000000030": Reason.AUTHENTICATION_FAILED,
}
_REFUSING_ACCOUNTS = {
    "000111111116": Reason.ACCOUNT_UNKNOWN,
    "000111111113": Reason.ACCOUNT_CLOSED,
    "000111111119": Reason.PAYOUT_DECLINED,
    "DE62370400440532013001": Reason.ACCOUNT_UNKNOWN,
    "DE35370400440532013002": Reason.ACCOUNT_CLOSED,
    "DE08370400440532013003": Reason.PAYOUT_DECLINED,
}
CHALLENGED_CARD = "4000002500003155"


def _failed(why: ResultReason) -> Authentication:
    return Authentication(result=Result.FAILED, flow=Flow.CHALLENGE, reason=why, eci="07", version="2.2.0")


def _unasked(result: Result, eci: str, why: ResultReason | None = None) -> Authentication:
    version = None if why is ResultReason.CARD_NOT_ENROLLED else "2.2.0"
    return Authentication(result=result, flow=Flow.FRICTIONLESS, reason=why, eci=eci, version=version)


_AUTHENTICATED_CARDS = {
    "4000003000000014": _unasked(Result.AUTHENTICATED, "05"),
    "5200003000000019": _unasked(Result.AUTHENTICATED, "02"),
    "4000003000000022": _unasked(Result.ATTEMPT_ACKNOWLEDGED, "06"),
    "4000003000000030": _unasked(Result.FAILED, "07", ResultReason.REJECTED),
    "4000003000000048": _unasked(Result.PROCESSING_ERROR, "07", ResultReason.PROTOCOL_ERROR),
    "4000003000000055": _unasked(Result.NOT_SUPPORTED, "07", ResultReason.CARD_NOT_ENROLLED),
}
_CHOSEN = {
    Choice.APPROVE: Authentication(result=Result.AUTHENTICATED, flow=Flow.CHALLENGE, eci="05", version="2.2.0"),
    Choice.FAIL: _failed(ResultReason.REJECTED),
    Choice.CANCEL: _failed(ResultReason.CANCELED),
}


def _with_proof(answer: BankAnswer, told: Authentication) -> Authentication:
    """With the directory server's id, which the bank makes up."""
    transaction: str = msgspec.json.decode(answer.body)["authentication"]["transaction"]
    assert uuid.UUID(transaction).version == 4
    return msgspec.structs.replace(told, transaction=transaction)


class Dialect:
    bank = NAME
    secrets: Mapping[str, str] = {NOTICE_KEY: "a key that nobody else has"}
    kinds: Sequence[Kind] = tuple(Kind)
    takes_cards = True

    def yes(self, attempt: Attempt) -> BankAnswer:
        return self._asked(*_before(attempt), question(attempt))

    def noes(self, about: Attempt) -> Iterator[tuple[BankAnswer, Reason]]:
        if about.target is None:
            by_number = _REFUSING_ACCOUNTS if about.kind is Kind.PAYOUT else _DECLINED_CARDS
            for number, reason in by_number.items():
                if about.kind is Kind.VERIFY and number in issuer.KEPT:
                    continue
                yield self._asked(question(about, number)), reason
            if about.kind is Kind.PAYOUT:
                return
            unasked = question(about, CHALLENGED_CARD, off_session=True)
            yield self._asked(unasked), Reason.AUTHENTICATION_REQUIRED
            return
        *_, before = _before(about)
        spent = question(evolve(about, id="att_spent"))
        yield self._asked(question(about)), Reason.PROCESSING_ERROR
        if about.kind is Kind.CAPTURE:
            less = attempt(Kind.AUTHORIZE, about.amount.amount - 1, about.amount.currency, reference=about.target)
            yield self._asked(question(less), question(about)), Reason.CAPTURE_EXCEEDS_AUTHORIZED
            yield self._asked(before, spent, question(about)), Reason.AUTHORIZATION_EXPIRED
        if about.kind in (Kind.VOID, Kind.WITHDRAW):
            yield self._asked(before, spent, question(about)), Reason.NOTHING_TO_CANCEL
        if about.kind is Kind.REFUND:
            yield self._asked(before, spent, question(about)), Reason.NOT_REFUNDABLE

    def pending(self, attempt: Attempt) -> BankAnswer:
        return self._asked(*_before(attempt), question(attempt), pending=10 * SECOND)

    def challenge(self, attempt: Attempt) -> BankAnswer:
        return self._asked(question(attempt, CHALLENGED_CARD))

    def authentications(self, about: Attempt) -> Iterator[tuple[BankAnswer, Authentication]]:
        for number, told in _AUTHENTICATED_CARDS.items():
            answer = self._asked(question(about, number))
            yield BankAnswer(200, answer.body), _with_proof(answer, told)
        charged = question(about, CHALLENGED_CARD)
        for choice, told in _CHOSEN.items():
            answer = self.chosen(charged, choice)
            yield answer, _with_proof(answer, told)
        inquiry = self._connector().inquire(about)
        late = self.answered([self._connector().write(charged), inquiry], last_at=NOON + HOUR)
        yield late, _with_proof(late, _failed(ResultReason.ABANDONED))
        if about.kind is Kind.VERIFY:
            return
        canceled = question(attempt(Kind.VOID, target=about.id), challenged=True)
        given_up = self.answered([*map(self._connector().write, (charged, canceled)), inquiry])
        yield given_up, _with_proof(given_up, _failed(ResultReason.CANCELED))

    def never_seen(self, attempt: Attempt) -> BankAnswer:
        return self.answered([self._connector().inquire(attempt)])

    def inquired(self, answer: BankAnswer) -> BankAnswer:
        return BankAnswer(200, answer.body)

    def statements(self, dispute: Dispute) -> Iterator[tuple[BankAnswer, Statement]]:
        connector = self._connector()
        before = [
            connector.write(question(attempt(amount=dispute.amount.amount, reference=dispute.target))),
            connector.complain(
                opened(dispute.amount.amount),
                dispute.target,
                dispute.bank_reference,
                dispute.amount.amount,
                dispute.reason,
                dispute.evidence_due_by,
            ),
        ]
        response = dispute.response
        assert response is not None
        accepted = evolve(dispute, response=Response(response.id, ResponseKind.ACCEPTANCE))
        submitted = evolve(dispute, response=Response(response.id, ResponseKind.EVIDENCE))
        winning = evolve(submitted, evidence={"uncategorized_text": "This is winning_evidence."})
        inquiry = connector.inquire_dispute(dispute)
        for asked, status, later in (
            ([inquiry], DisputeStatus.NEEDS_RESPONSE, False),
            ([inquiry], DisputeStatus.LOST, True),
            ([connector.respond(submitted)], DisputeStatus.UNDER_REVIEW, False),
            ([connector.respond(submitted)] * 2, DisputeStatus.UNDER_REVIEW, False),
            ([connector.respond(submitted), inquiry], DisputeStatus.LOST, True),
            ([connector.respond(winning), inquiry], DisputeStatus.WON, True),
            ([connector.respond(accepted)], DisputeStatus.LOST, False),
        ):
            taken = response.id if asked != [inquiry] else None
            said = Statement(
                reference=dispute.bank_reference,
                target=dispute.target,
                amount=dispute.amount,
                reason=dispute.reason,
                status=status,
                evidence_due_by=dispute.evidence_due_by,
                response=taken,
            )
            yield self.answered([*before, *asked], last_at=NOON + (2 * DAY if later else 0)), said

    def notice(self, answer: BankAnswer) -> BankNotice:
        return _signed(self.secrets[NOTICE_KEY], answer.body)

    def forgeries(self, answer: BankAnswer) -> Iterator[BankNotice]:
        yield BankNotice({}, answer.body)
        yield BankNotice({SIGNATURE: ""}, answer.body)
        yield BankNotice({SIGNATURE: "é"}, answer.body)
        yield _signed("another key", answer.body)
        yield BankNotice(self.notice(answer).headers, answer.body + b" ")

    def answered(
        self, requests: Sequence[BankRequest], pending: int | None = None, last_at: Instant = NOON
    ) -> BankAnswer:
        """The answer of a new bank to the last of some requests, which it knows only later if `pending` says so."""
        register = Register.in_memory()
        wall = NOON
        teller = Teller(register, lambda: wall)
        *before, last = requests
        for request in before:
            teller.hear(request)
        wall = last_at
        answer = teller.hear(last, pending)
        register.close()
        return answer

    def chosen(self, asked: Question, choice: Choice) -> BankAnswer:
        """What an inquiry is answered after the cardholder chose."""
        register = Register.in_memory()
        teller = Teller(register, lambda: NOON)
        connector = SandboxConnector({NOTICE_KEY: ""})
        teller.hear(connector.write(asked))
        teller.conclude(asked.attempt.id, choice, issuer.CODE)
        answer = teller.hear(connector.inquire(asked.attempt))
        register.close()
        return answer

    def _asked(self, *questions: Question, pending: int | None = None) -> BankAnswer:
        return self.answered([self._connector().write(each) for each in questions], pending)

    def _connector(self) -> SandboxConnector:
        return SandboxConnector(self.secrets)


DIALECT = Dialect()


def _before(about: Attempt) -> list[Question]:
    """What has to have been asked before, for the answer to be a yes."""
    if about.target is None:
        return []
    if about.kind is Kind.WITHDRAW:
        charge = attempt(Kind.CHARGE, about.amount.amount, about.amount.currency, reference=about.target)
        return [question(charge, CHALLENGED_CARD)]
    kind = Kind.CHARGE if about.kind in (Kind.REFUND, Kind.RETURN) else Kind.AUTHORIZE
    return [question(attempt(kind, about.amount.amount, about.amount.currency, reference=about.target))]


def _signed(key: str, body: bytes) -> BankNotice:
    return BankNotice({SIGNATURE: hmac.digest(key.encode(), body, "sha256").hex()}, body)
