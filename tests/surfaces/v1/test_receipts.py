"""A receipt goes to whoever asked for one: shown in the sandbox, sent where money is real, once and in order."""

import asyncio
import email
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import policy
from typing import Any

import msgspec
import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.books import Books
from tests.surfaces.v1.shop import CARD, Client
from tests.transport.relays import Relay, relaying
from tillgate.core import mails as core
from tillgate.core.instants import DAY, HOUR, MINUTE
from tillgate.core.mails import Mail, MailState
from tillgate.core.merchants import Mode, Tenant
from tillgate.flows import mails, merchants, retention
from tillgate.flows.mails import Post, Shown
from tillgate.store import find
from tillgate.store import mails as kept
from tillgate.transport import mail
from tillgate.transport.mail import Mailer

pytestmark = pytest.mark.anyio

ANN = "ann@example.com"
SENDER = "receipts@shop.example"
INTENT: dict[str, Any] = {
    "amount": 2000,
    "currency": "eur",
    "confirm": True,
    "description": "Tea\r\nBcc: eve@example.com",
    "payment_method_data": {"type": "card", "card": CARD},
}


async def pays(client: Client, to: str = ANN, **changes: Any) -> str:
    """A payment whose payer wants a receipt, by the id of its payment."""
    answer = await client.post("/payment_intents", {**INTENT, "receipt_email": to, **changes})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"]).replace("pi_", "pay_")


async def posted(books: Books, mailer: Mailer | None = None) -> int:
    """Have every mail written and sent that is due."""
    post, count = Post(books.parts.post.write, mailer), 0
    while found := await mails.send_due(books.parts.gateway, books.parts.directory, post):
        count += found
    return count


async def inbox(books: Books) -> list[Shown]:
    return await mails.inbox(books.parts.gateway, (await books.tenant()).id)


async def kept_about(books: Books, tenant: str, *payments: str) -> list[Mail]:
    return await kept.about(books.parts.gateway.store, tenant, payments)


@pytest.fixture
async def live(books: Books, monkeypatch: pytest.MonkeyPatch) -> tuple[Client, Tenant]:
    """A merchant whose money is real, as far as we know."""
    monkeypatch.setattr(books.parts.gateway, "require_live", lambda bank: None)
    client = await shop.merchant(books.parts, mode=Mode.LIVE)
    return client, (await books.parts.directory.identify(client.key or "", on_this_machine=True))[1]


@asynccontextmanager
async def relay() -> AsyncIterator[tuple[Relay, Mailer]]:
    async with relaying() as there:
        yield there, Mailer(mail.relay(f"smtp://127.0.0.1:{there.port}"), SENDER)


def subjects(there: Relay) -> list[str]:
    return [str(email.message_from_bytes(one.message, policy=policy.default)["Subject"]) for one in there.taken]


async def test_who_paid_gets_what_they_asked_for_once(books: Books) -> None:
    payment = await pays(books.client)
    await books.client.pay()
    assert await posted(books) == 1
    (found,) = await inbox(books)
    said = found.content
    assert (found.mail.about, said.to, said.sender, said.language) == (payment, ANN, "Bookshop", "en")
    assert said.letter.subject == "Your receipt from Bookshop: €20.00"
    for text in ("€20.00", "Tea Bcc: eve@example.com", "Visa ending in 4242", payment):
        assert text in said.letter.text
        assert text in said.letter.html
    assert CARD["number"] not in said.letter.text + said.letter.html
    assert await posted(books) == 0


async def test_what_is_not_paid_has_no_receipt_until_it_is(books: Books) -> None:
    declined = {"payment_method_data": {"type": "card", "card": {**CARD, "number": "4000000000000002"}}}
    await books.client.post("/payment_intents", {**INTENT, "receipt_email": ANN, **declined})
    held = await pays(books.client, capture_method="manual")
    assert await posted(books) == 0
    intent = held.replace("pay_", "pi_")
    assert (
        await books.client.post(f"/payment_intents/{intent}/capture", {"amount_to_capture": 1500})
    ).status_code == 200
    assert await posted(books) == 1
    assert (await inbox(books))[0].content.letter.subject == "Your receipt from Bookshop: €15.00"


async def test_what_others_wrote_is_no_markup(books: Books) -> None:
    await pays(books.client, description="<script>alert(1)</script> & <b>")
    await posted(books)
    letter = (await inbox(books))[0].content.letter
    assert "&lt;script&gt;" in letter.html
    assert "<script" not in letter.html
    assert "<script>alert(1)</script> & <b>" in letter.text


async def test_a_merchant_may_leave_receipts_to_itself(books: Books) -> None:
    tenant = await books.tenant()
    await merchants.update(books.parts.gateway, tenant.id, sends_receipts=False)
    books.parts.directory._tenants.clear()
    payment = await pays(books.client)
    await posted(books)
    assert await inbox(books) == []
    assert await kept_about(books, tenant.id, payment) == []


async def test_a_receipt_leaves_where_money_is_real(books: Books, live: tuple[Client, Tenant]) -> None:
    client, tenant = live
    payment = await pays(client)
    async with relay() as (there, mailer):
        assert await posted(books, mailer) == 2, "it is written, then sent"
        assert await posted(books, mailer) == 0
    (taken,) = there.taken
    assert (taken.sender, taken.to, subjects(there)) == (SENDER, ANN, ["Your receipt from Bookshop: €20.00"])
    (sent,) = await kept_about(books, tenant.id, payment)
    assert f"<{sent.id}@shop.example>".encode() in taken.message
    assert (sent.state, sent.sealed, sent.recipient, sent.due_at) == (MailState.SENT, None, None, None)


async def test_nothing_of_a_test_merchant_leaves(books: Books) -> None:
    await pays(books.client)
    async with relay() as (there, mailer):
        await posted(books, mailer)
        assert there.connections == 0
    assert len(await inbox(books)) == 1


async def test_without_a_relay_nothing_is_kept_for_later(books: Books, live: tuple[Client, Tenant]) -> None:
    client, tenant = live
    payment = await pays(client)
    assert await posted(books) == 1
    assert await kept_about(books, tenant.id, payment) == []
    assert await mails.inbox(books.parts.gateway, tenant.id) == []


async def test_what_is_not_taken_comes_again_later_and_is_given_up_after_days(
    books: Books, live: tuple[Client, Tenant]
) -> None:
    client, tenant = live
    payment = await pays(client)
    async with relay() as (there, mailer):
        there.says = {"RCPT": "451 4.7.1 greylisted"}
        await posted(books, mailer)
        (waiting,) = await kept_about(books, tenant.id, payment)
        assert (waiting.state, waiting.tries, waiting.error) == (MailState.DUE, 1, "451 4.7.1 greylisted")
        assert await posted(books, mailer) == 0, "not yet"
        books.clock.advance(2 * MINUTE)
        there.says = {}
        assert await posted(books, mailer) == 1
        assert len(there.taken) == 1
        another = await pays(client, "bob@example.com")
        there.says = {"RCPT": "451 4.7.1 greylisted"}
        for _ in range(40):
            await posted(books, mailer)
            books.clock.advance(5 * HOUR)
        (given_up,) = await kept_about(books, tenant.id, another)
    assert (given_up.state, given_up.sealed) == (MailState.FAILED, None)
    assert 20 < given_up.tries < 30


async def test_what_is_refused_for_good_is_not_tried_again(books: Books, live: tuple[Client, Tenant]) -> None:
    client, tenant = live
    payment = await pays(client)
    async with relay() as (there, mailer):
        there.says = {"RCPT": "550 5.1.1 no such user"}
        await posted(books, mailer)
        (refused,) = await kept_about(books, tenant.id, payment)
        assert (refused.state, refused.error, refused.due_at) == (MailState.FAILED, "550 5.1.1 no such user", None)


async def test_mails_to_one_come_in_order_and_hold_up_nobody_else(books: Books, live: tuple[Client, Tenant]) -> None:
    client, _ = live
    await pays(client, amount=1000)
    async with relay() as (there, mailer):
        there.says = {"RCPT": "451 later"}
        await posted(books, mailer)
        there.says = {}
        await pays(client, ANN.upper(), amount=2000)
        await pays(client, "bob@example.com", amount=3000)
        await posted(books, mailer)
        assert [one.to for one in there.taken] == ["bob@example.com"], "the other to Ann waits for the first"
        books.clock.advance(2 * MINUTE)
        await posted(books, mailer)
    assert [one.rpartition(" ")[2] for one in subjects(there)] == ["€30.00", "€10.00", "€20.00"]


async def test_a_mail_may_come_twice_and_is_never_lost(
    books: Books, live: tuple[Client, Tenant], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies after the relay took it, and before that is written down."""
    client, tenant = live
    payment = await pays(client)
    async with relay() as (there, mailer):
        with monkeypatch.context() as dying:
            dying.setattr(core, "after", _dies)
            with pytest.raises(Killed):
                await posted(books, mailer)
        await posted(books, mailer)
        assert len(there.taken) == 1, "somebody may be at it"
        books.clock.advance(core.LEASE)
        await posted(books, mailer)
        await posted(books, mailer)
    first, second = there.taken
    assert first.message == second.message
    assert [one.state for one in await kept_about(books, tenant.id, payment)] == [MailState.SENT]


class Killed(BaseException):
    """The process is no more."""


def _dies(*_: object) -> Mail:
    raise Killed


async def test_several_workers_send_each_mail_once(books: Books, live: tuple[Client, Tenant]) -> None:
    client, _ = live
    for number in range(6):
        await pays(client, f"p{number}@example.com")
    async with relay() as (there, mailer):
        await asyncio.gather(*[posted(books, mailer) for _ in range(4)])
    assert sorted(one.to for one in there.taken) == [f"p{number}@example.com" for number in range(6)]


async def test_erasing_a_customer_erases_their_mails(books: Books, live: tuple[Client, Tenant]) -> None:
    for client, tenant in ((books.client, await books.tenant()), live):
        customer = (await client.post("/customers", {"email": ANN})).json()["id"]
        payment = await pays(client, customer=customer)
        async with relay() as (there, mailer):
            there.says = {"RCPT": "451 later"}
            await posted(books, mailer)
            assert [one.sealed is not None for one in await kept_about(books, tenant.id, payment)] == [True]
            late = await pays(client, customer=customer)
            assert (await client.delete(f"/customers/{customer}")).status_code == 200
            assert await kept_about(books, tenant.id, payment, late) == []
            there.says = {}
            books.clock.advance(HOUR)
            await posted(books, mailer)
            assert there.taken == []


async def test_what_is_over_is_forgotten_after_a_month(books: Books) -> None:
    payment, tenant = await pays(books.client), await books.tenant()
    await posted(books)
    (shown,) = await kept_about(books, tenant.id, payment)
    books.clock.advance(31 * DAY)
    while await retention.prune(books.parts.gateway):
        pass
    assert await find.record(books.parts.gateway.store, Mail, tenant.id, shown.id) is None


async def test_what_a_mail_says_is_under_seal(books: Books) -> None:
    payment, tenant = await pays(books.client, "somebody.very.special@example.com"), await books.tenant()
    await posted(books)
    (shown,) = await kept_about(books, tenant.id, payment)
    assert b"special" not in msgspec.json.encode(shown)
