"""Granted twice: a bank that comes back late with a yes, after another card has paid, gives the money back."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.place import Place
from tests.surfaces.v1.shop import CARD
from tillgate.clock import ManualClock
from tillgate.connectors.contract import BankAnswer, BankRequest
from tillgate.core.attempts import Kind, State
from tillgate.core.instants import HOUR, MINUTE, SECOND
from tillgate.flows import attempts
from tillgate.store import audit
from tillgate.transport.banks import Loss, Lost, Transport

pytestmark = pytest.mark.anyio

BODY = {"payment_method_data": {"type": "card", "card": CARD}}
AUTHENTICATED = {"payment_method_data": {"type": "card", "card": {**CARD, "number": "4000003000000014"}}}


class Forgetful:
    """A bank that does what it is asked, does not answer, and denies for a while ever to have been asked."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.denies = True

    async def send(self, request: BankRequest) -> BankAnswer | Lost:
        answer = await self._inner.send(request)
        if not self.denies:
            return answer
        if request.method == "POST":
            return Lost(Loss.BROKEN)
        return BankAnswer(404, msgspec.json.encode({"reference": request.reference, "result": "not_found"}))


class Forgotten(Place):
    """A merchant with a bank that forgets."""

    bank: Forgetful

    async def hear_late(self, intent: str) -> None:
        """The bank says what became of the first question after all."""
        first = await self.attempt(intent, 1)
        tenant = await self.parts.directory.tenant(first.tenant)
        await attempts.learn(self.parts.gateway, tenant, first.id, await attempts.inquire(self.parts.gateway, first))


@pytest.fixture
async def place(
    database: str | None, home: Path, anyio_backend: object, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Forgotten]:
    clock = ManualClock(1_767_225_600 * SECOND)
    async with shop.open_shop(home, database, clock) as parts:
        bank = Forgetful(parts.gateway.transport)
        monkeypatch.setattr(parts.gateway, "transport", bank)
        yield Forgotten(parts, await shop.merchant(parts), clock, bank)


async def confirmed_unheard(place: Forgotten, capture_method: str) -> str:
    """An intent whose first charge the bank took and denied, so that it failed."""
    body = {"amount": 2000, "currency": "usd", "capture_method": capture_method}
    intent = (await place.client.post("/payment_intents", body)).json()["id"]
    asked = (await place.client.post(f"/payment_intents/{intent}/confirm", AUTHENTICATED)).json()
    assert asked["status"] == "processing"
    await place.pass_time(2 * MINUTE)
    failed = (await place.client.get(f"/payment_intents/{intent}")).json()
    assert (failed["status"], failed["last_payment_error"]["code"]) == ("requires_payment_method", "processing_error")
    place.bank.denies = False
    return str(intent)


@pytest.mark.parametrize("capture_method", ["automatic", "manual"])
async def test_what_a_bank_grants_after_another_yes_goes_back(
    place: Forgotten, database: str | None, home: Path, capture_method: str
) -> None:
    intent = await confirmed_unheard(place, capture_method)
    paid = (await place.client.post(f"/payment_intents/{intent}/confirm", BODY)).json()
    balance = (await place.client.get("/balance")).json()
    await place.hear_late(intent)
    assert [one.attempt for one in (await place.payment(intent)).surplus] == [(await place.attempt(intent, 1)).id]
    await place.pass_time(SECOND)
    payment = await place.payment(intent)
    assert payment.surplus == ()
    first, reversal = await place.attempt(intent, 1), await place.attempt(intent, payment.attempts_made)
    kind = Kind.RETURN if capture_method == "automatic" else Kind.RELEASE
    assert (reversal.kind, reversal.state, reversal.target) == (kind, State.APPROVED, first.id)
    assert (await place.client.get(f"/payment_intents/{intent}")).json() == paid
    assert (await place.client.get("/balance")).json() == balance
    # A payer who comes back from the one is told what became of that.
    for number, heading in ((1, "Not paid"), (2, "Thank you")):
        back = place.parts.gateway.return_address(await place.attempt(intent, number))
        assert heading in (await place.client.ask("GET", back)).text
    assert (await audit.audit(database, home)).differences == []


@pytest.mark.parametrize("capture_method", ["automatic", "manual"])
async def test_a_canceled_intent_stays_canceled_and_a_late_yes_goes_back(
    place: Forgotten, database: str | None, home: Path, capture_method: str
) -> None:
    intent = await confirmed_unheard(place, capture_method)
    gone = (await place.client.post(f"/payment_intents/{intent}/cancel")).json()
    assert gone["status"] == "canceled"
    await place.hear_late(intent)
    await place.pass_time(SECOND)
    assert (await place.payment(intent)).surplus == ()
    assert (await place.client.get(f"/payment_intents/{intent}")).json() == gone
    assert (await audit.audit(database, home)).differences == []


async def test_what_goes_back_is_asked_until_the_bank_has_done_it_and_once(
    place: Forgotten, database: str | None, home: Path
) -> None:
    intent = await confirmed_unheard(place, "automatic")
    await place.client.post(f"/payment_intents/{intent}/confirm", BODY)
    await place.hear_late(intent)
    place.bank.denies = True
    await place.pass_time(SECOND)
    await place.pass_time(3 * MINUTE)
    payment = await place.payment(intent)
    reversal = await place.attempt(intent, payment.attempts_made)
    assert reversal.state is State.NEVER_SEEN
    assert len(payment.surplus) == 1
    place.bank.denies = False
    await place.pass_time(2 * HOUR)
    payment = await place.payment(intent)
    again = await place.attempt(intent, payment.attempts_made)
    assert (again.id, again.state, again.asked, payment.surplus) == (reversal.id, State.APPROVED, 2, ())
    assert (await audit.audit(database, home)).differences == []
