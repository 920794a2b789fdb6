"""The dialect of the bank of phone wallets: what the sandbox's own answers."""

import asyncio
import hmac
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from tests.connectors.questions import NOON, attempt, question
from tillgate.connectors.contract import BankAnswer, BankNotice, BankRequest, Question
from tillgate.connectors.phone import NAME, NOTICE_KEY, SIGNATURE, PhoneConnector
from tillgate.core.attempts import Attempt, Kind
from tillgate.core.disputes import Dispute, Statement
from tillgate.core.instants import DAY
from tillgate.core.reasons import Reason
from tillgate.core.records import evolve
from tillgate.core.three_d_secure import Authentication
from tillgate.sandbox.phone_bank import BLOCKED, OVER_LIMIT, Choice, PhoneBank

_CUSTOMER = "7871234567"


class Dialect:
    bank = NAME
    secrets: Mapping[str, str] = {NOTICE_KEY: "a key that nobody else has"}
    kinds: Sequence[Kind] = (
        *(Kind.AUTHORIZE, Kind.CAPTURE, Kind.VOID, Kind.REFUND, Kind.RETURN, Kind.RELEASE, Kind.WITHDRAW),
    )
    takes_cards = False

    def yes(self, about: Attempt) -> BankAnswer:
        if about.kind is Kind.AUTHORIZE:
            return self._answered([self._write(question(about)), Choice.CONFIRM, self._connector().inquire(about)])
        return self._answered([*_before(self, about), self._write(question(about))])

    def noes(self, about: Attempt) -> Iterator[tuple[BankAnswer, Reason]]:
        if about.kind is Kind.AUTHORIZE:
            yield self._answered([self._write(question(about, phone=BLOCKED))]), Reason.WALLET_BLOCKED
            asked, inquiry = self._write(question(about)), self._connector().inquire(about)
            yield self._failed([asked, Choice.DECLINE, inquiry]), Reason.WALLET_DECLINED
            yield self._failed([asked, DAY, inquiry]), Reason.TICKET_EXPIRED
            void = self._write(question(attempt(Kind.VOID, about.amount.amount, target=about.id), challenged=True))
            yield self._failed([asked, void, inquiry]), Reason.TICKET_WITHDRAWN
            return
        yield self._answered([self._write(question(about))]), Reason.PROCESSING_ERROR
        spent = self._write(question(evolve(about, id="att_spent")))
        twice = self._answered([*_before(self, about), spent, self._write(question(about))])
        match about.kind:
            case Kind.CAPTURE:
                yield twice, Reason.NOTHING_TO_CANCEL
                over = self._answered([*_before(self, about, OVER_LIMIT), self._write(question(about))])
                yield over, Reason.WALLET_LIMIT_EXCEEDED
                less = evolve(about, amount=msgspec.structs.replace(about.amount, amount=about.amount.amount - 1))
                yield (
                    self._answered([*_before(self, less), self._write(question(about))]),
                    (Reason.CAPTURE_EXCEEDS_AUTHORIZED),
                )
            case Kind.REFUND | Kind.RETURN:
                yield twice, Reason.NOT_REFUNDABLE
            case _:
                yield twice, Reason.NOTHING_TO_CANCEL

    def pending(self, about: Attempt) -> BankAnswer:
        said = msgspec.json.decode(self.yes(about).body)
        return BankAnswer(200, msgspec.json.encode({**said, "result": "pending"}))

    def challenge(self, about: Attempt) -> BankAnswer:
        return self._answered([self._write(question(about))])

    def authentications(self, about: Attempt) -> Iterator[tuple[BankAnswer, Authentication]]:
        yield from ()

    def never_seen(self, about: Attempt) -> BankAnswer:
        return self._answered([self._connector().inquire(about)])

    def inquired(self, answer: BankAnswer) -> BankAnswer:
        return BankAnswer(200, answer.body)

    def statements(self, dispute: Dispute) -> Iterator[tuple[BankAnswer, Statement]]:
        yield from ()

    def notice(self, answer: BankAnswer) -> BankNotice:
        return _signed(self.secrets[NOTICE_KEY], answer.body)

    def forgeries(self, answer: BankAnswer) -> Iterator[BankNotice]:
        yield BankNotice({}, answer.body)
        yield BankNotice({SIGNATURE: ""}, answer.body)
        yield BankNotice({SIGNATURE: "é"}, answer.body)
        yield _signed("another key", answer.body)
        yield BankNotice(self.notice(answer).headers, answer.body + b" ")

    def _failed(self, steps: Sequence[BankRequest | Choice | int]) -> BankAnswer:
        """What an inquiry finds, as the question itself would have been answered."""
        return BankAnswer(402, self._answered(steps).body)

    def _answered(self, steps: Sequence[BankRequest | Choice | int]) -> BankAnswer:
        """The answer of a new bank to the last of some steps: requests, what its customers do, and time that passes."""
        return asyncio.run(_walked(steps))

    def _write(self, asked: Question) -> BankRequest:
        return self._connector().write(asked)

    def _connector(self) -> PhoneConnector:
        return PhoneConnector(self.secrets)


DIALECT = Dialect()


async def _walked(steps: Sequence[BankRequest | Choice | int]) -> BankAnswer:
    wall, answer, phone = NOON, BankAnswer(0, b""), _CUSTOMER
    bank = PhoneBank(None, clock=lambda: wall, notice_key="")
    for step in steps:
        if isinstance(step, BankRequest):
            answer = await bank.answer(step)
            phone = OVER_LIMIT if OVER_LIMIT.encode() in step.body else phone
        elif isinstance(step, Choice):
            await bank.choose(phone, step)
        else:
            wall += step
    bank.close()
    return answer


def _before(dialect: Dialect, about: Attempt, phone: str = _CUSTOMER) -> list[BankRequest | Choice | int]:
    """What has to have happened before, for the answer to be a yes."""
    amount, currency = about.amount.amount, about.amount.currency
    asked = attempt(Kind.AUTHORIZE, amount, currency, reference=about.target)
    opened = dialect._write(question(evolve(asked, tenant=about.tenant), phone=phone))
    if about.kind is Kind.WITHDRAW:
        return [opened]
    captured = evolve(attempt(Kind.CAPTURE, amount, currency, target=about.target), tenant=about.tenant)
    taken = [dialect._write(question(captured))] if about.kind in (Kind.REFUND, Kind.RETURN) else []
    return [opened, Choice.CONFIRM, *taken]


def _signed(key: str, body: bytes) -> BankNotice:
    return BankNotice({SIGNATURE: hmac.digest(key.encode(), body, "sha256").hex()}, body)
