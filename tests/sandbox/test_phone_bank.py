"""The bank of phone wallets: what its customers can do, what it lets happen, and that its processes share its books."""

from pathlib import Path

import msgspec
import pytest

from tests.connectors.questions import NOON, attempt, question
from tillgate.connectors.phone import NOTICE_KEY, PhoneConnector
from tillgate.core.attempts import Attempt, Kind
from tillgate.core.instants import DAY
from tillgate.core.records import evolve
from tillgate.sandbox import phone_bank, phone_books
from tillgate.sandbox.phone_bank import Choice, Heard, PhoneBank, WalletFull
from tillgate.sandbox.phone_books import OPENING_BALANCE

pytestmark = pytest.mark.anyio

CUSTOMER = "7871234567"
CONNECTOR = PhoneConnector({NOTICE_KEY: ""})


class Wall:
    """A clock that stands still until it is moved."""

    at = NOON


def bank(path: Path | None = None, wall: type[Wall] = Wall) -> PhoneBank:
    return PhoneBank(path, clock=lambda: wall.at, notice_key="")


async def ask(at: PhoneBank, about: Attempt, phone: str = CUSTOMER) -> dict[str, object]:
    answer = await at.answer(CONNECTOR.write(question(about, phone=phone)))
    said: dict[str, object] = msgspec.json.decode(answer.body)
    return said


async def test_what_is_confirmed_is_held_and_what_is_given_back_is_there_again() -> None:
    at, about = bank(), attempt(Kind.AUTHORIZE, 10_00)
    assert (await ask(at, about))["result"] == "challenge"
    assert [waiting.reference for waiting in at.pending(CUSTOMER)] == [about.id]
    assert await at.choose(CUSTOMER, Choice.CONFIRM) is Heard.DONE
    assert at.wallet(CUSTOMER).balance == OPENING_BALANCE - 10_00
    await ask(at, attempt(Kind.CAPTURE, 4_00, target=about.id))
    await ask(at, attempt(Kind.VOID, 6_00, target=about.id))
    await ask(at, attempt(Kind.REFUND, 1_00, target=about.id))
    assert at.wallet(CUSTOMER).balance == OPENING_BALANCE - 3_00
    assert [(line.kind, line.amount) for line in at.history(CUSTOMER)] == [
        *(("refunded", 1_00), ("released", 6_00), ("held", -10_00)),
    ]
    at.close()


async def test_what_its_customer_confirmed_meanwhile_is_not_canceled_but_released() -> None:
    at, about = bank(), attempt(Kind.AUTHORIZE, 10_00)
    await ask(at, about)
    await at.choose(CUSTOMER, Choice.CONFIRM)
    late = CONNECTOR.write(question(attempt(Kind.VOID, 10_00, target=about.id), challenged=True))
    assert CONNECTOR.read(attempt(Kind.VOID, 10_00, target=about.id), await at.answer(late)).verdict != "approved"
    assert at.wallet(CUSTOMER).balance == OPENING_BALANCE - 10_00
    assert (await ask(at, evolve(attempt(Kind.VOID, 10_00, target=about.id), id="att_again")))["result"] == "approved"
    assert at.wallet(CUSTOMER).balance == OPENING_BALANCE
    at.close()


async def test_a_question_that_comes_twice_is_decided_once_and_another_under_its_name_is_refused() -> None:
    at, about = bank(), attempt(Kind.AUTHORIZE, 10_00)
    first = await ask(at, about)
    await at.choose(CUSTOMER, Choice.CONFIRM)
    capture = attempt(Kind.CAPTURE, 10_00, target=about.id)
    assert await ask(at, capture) == await ask(at, capture)
    assert first["reference"] == about.id
    other = attempt(Kind.AUTHORIZE, 11_00, reference=about.id)
    assert (await at.answer(CONNECTOR.write(question(other)))).status == 409
    at.close()


async def test_a_short_balance_confirms_nothing_and_what_rang_too_long_neither() -> None:
    class Later(Wall):
        at = NOON

    at = bank(wall=Later)
    await ask(at, attempt(Kind.AUTHORIZE, OPENING_BALANCE + 1))
    assert await at.choose(CUSTOMER, Choice.CONFIRM) is Heard.BALANCE_SHORT
    at.top_up(CUSTOMER, 1)
    Later.at = NOON + DAY
    assert await at.choose(CUSTOMER, Choice.CONFIRM) is Heard.NOTHING_PENDING
    assert at.wallet(CUSTOMER).balance == OPENING_BALANCE + 1
    at.close()


def test_a_wallet_takes_no_more_than_its_limits() -> None:
    at = bank()
    with pytest.raises(WalletFull):
        at.top_up(CUSTOMER, phone_bank.MOST_AT_ONCE + 1)
    while at.wallet(CUSTOMER).balance + phone_bank.MOST_AT_ONCE <= phone_bank.MOST_IN_ALL:
        at.top_up(CUSTOMER, phone_bank.MOST_AT_ONCE)
    with pytest.raises(WalletFull):
        at.top_up(CUSTOMER, phone_bank.MOST_AT_ONCE)
    with pytest.raises(ValueError, match="nothing"):
        at.top_up(CUSTOMER, 0)
    at.close()


async def test_processes_share_the_books(tmp_path: Path) -> None:
    one, other = bank(tmp_path / "books"), bank(tmp_path / "books")
    await ask(one, attempt(Kind.AUTHORIZE, 10_00))
    assert await other.choose(CUSTOMER, Choice.CONFIRM) is Heard.DONE
    assert one.wallet(CUSTOMER).balance == OPENING_BALANCE - 10_00
    one.close()
    other.close()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"amount":"x"}', b"[" * 100_000])
async def test_what_cannot_be_read_is_refused_and_changes_nothing(body: bytes) -> None:
    at = bank()
    asked = CONNECTOR.write(question(attempt(Kind.AUTHORIZE)))
    assert (await at.answer(msgspec.structs.replace(asked, body=body))).status == 400
    assert at.pending(CUSTOMER) == []
    at.close()


async def test_a_merchant_is_forgotten_as_if_it_had_never_been(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone_books, "_FORGOTTEN_AT_ONCE", 1)
    at, about, other = bank(), attempt(Kind.AUTHORIZE, 10_00), attempt(Kind.AUTHORIZE, 5_00)
    waiting = attempt(Kind.AUTHORIZE, 7_00)
    neighbor = evolve(attempt(Kind.AUTHORIZE, 3_00), tenant="ten_2")
    for asked in (about, other, neighbor):
        await ask(at, asked)
        await at.choose(CUSTOMER, Choice.CONFIRM)
    await ask(at, waiting)
    await ask(at, attempt(Kind.CAPTURE, 10_00, target=about.id))
    await ask(at, attempt(Kind.REFUND, 1_00, target=about.id))
    await ask(at, attempt(Kind.VOID, 5_00, target=other.id))
    await ask(at, attempt(Kind.REFUND, 1_00, target="att_nothing"))
    portions = 1
    while not CONNECTOR.has_forgotten(await at.answer(CONNECTOR.forget(about.tenant))):
        portions += 1
    assert portions == 4
    assert [one.reference for one in at.statement()] == [neighbor.id]
    assert [(line.kind, line.amount) for line in at.history(CUSTOMER)] == [("held", -3_00)]
    assert at.wallet(CUSTOMER).balance == OPENING_BALANCE - 3_00
    assert (await at.answer(CONNECTOR.inquire(about))).status == 404
    at.close()


async def test_the_books_have_another_version_once_any_process_has_written_and_only_then(tmp_path: Path) -> None:
    class Later(Wall):
        at = NOON

    one, other = bank(tmp_path / "books", Later), bank(tmp_path / "books", Later)

    async def versions() -> tuple[object, object]:
        return await one.version(), await other.version()

    async def told(since: tuple[object, object]) -> tuple[object, object]:
        now = await versions()
        assert now[0] != since[0]
        assert now[1] != since[1]
        # Looking is no change.
        for at in (one, other):
            at.look(CUSTOMER)
        assert await versions() == now
        return now

    one.wallet(CUSTOMER)
    known = await versions()
    assert await versions() == known
    await ask(one, attempt(Kind.AUTHORIZE, 10_00))
    known = await told(known)
    await other.choose(CUSTOMER, Choice.CONFIRM)
    known = await told(known)
    await ask(one, attempt(Kind.AUTHORIZE, 5_00, reference="att_2"))
    known = await told(known)
    # That something rings no more is a change too, of which nobody else would tell.
    Later.at = NOON + DAY
    assert await one.version() != known[0]
    assert await other.version() != known[1]
    assert one.look(CUSTOMER).pending == other.look(CUSTOMER).pending == []
    one.close()
    other.close()


@pytest.mark.parametrize("kind", [Kind.VOID, Kind.WITHDRAW])
async def test_what_a_customer_confirmed_before_it_was_given_up_stands(kind: Kind) -> None:
    at, about = bank(), attempt(Kind.AUTHORIZE, 10_00)
    await ask(at, about)
    await at.choose(CUSTOMER, Choice.CONFIRM)
    asked = question(attempt(kind, 10_00, target=about.id), phone=CUSTOMER)
    answer = await at.answer(CONNECTOR.write(msgspec.structs.replace(asked, challenged=kind is Kind.VOID)))
    assert msgspec.json.decode(answer.body)["code"] == "nothing_held"
    assert at.wallet(CUSTOMER).balance == OPENING_BALANCE - 10_00
    at.close()
