"""Mails are handed to a relay over TLS, once if it says so, and say what they are whatever somebody else wrote."""

import email
import ssl
from email import policy

import pytest

from tests import ports
from tests.transport import certificates
from tests.transport.relays import Relay, relaying
from tillgate.core.instants import SECOND
from tillgate.core.mails import Content, Delivered, Letter
from tillgate.transport import mail
from tillgate.transport.mail import Mailer, Result

pytestmark = pytest.mark.anyio

ELSEWHERE = "127.0.0.2"
"""On this machine too, but to a mailer not this very one."""

SENDER = "receipts@shop.example"
LETTER = Letter("Ihr Beleg über 5,00 €", "Grüße\n.\n.. Ende\n", "<p>Grüße</p>")
WRITTEN_AT = 1_767_225_600 * SECOND


def content(to: str = "ann@example.com", sender: str = "Ann's Books") -> Content:
    return Content(to=to, sender=sender, language="de", letter=LETTER)


async def sent(
    relay: Relay, host: str = "127.0.0.1", trust: ssl.SSLContext | None = None, scheme: str = "smtp", user: str = ""
) -> Result:
    url = f"{scheme}://{user}{host}:{relay.port}"
    return await Mailer(mail.relay(url), SENDER, trust=trust).send("mail_1", WRITTEN_AT, content())


async def test_a_mail_arrives_as_it_was_written() -> None:
    async with relaying() as relay:
        assert await sent(relay) == Result(Delivered.TAKEN)
    (taken,) = relay.taken
    assert (taken.sender, taken.to) == (SENDER, "ann@example.com")
    said = email.message_from_bytes(taken.message, policy=policy.default)
    assert said["From"] == "Ann's Books <receipts@shop.example>"
    assert (said["Subject"], said["To"]) == (LETTER.subject, "ann@example.com")
    assert said["Message-ID"] == "<mail_1@shop.example>"
    assert (said["Date"], said["Auto-Submitted"]) == ("Thu, 01 Jan 2026 00:00:00 +0000", "auto-generated")
    text, html = said.iter_parts()
    assert text.get_content().replace("\r\n", "\n").replace("\n..", "\n.") in (LETTER.text, "Grüße\n.\n. Ende\n")
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert html.get_content().strip() == LETTER.html


async def test_every_try_sends_the_same_bytes() -> None:
    """So that a mailbox that has it already drops what comes again."""
    async with relaying() as relay:
        relay.forgets_to_answer = True
        assert (await sent(relay)).delivered is Delivered.NOT_NOW
        relay.forgets_to_answer = False
        assert (await sent(relay)).delivered is Delivered.TAKEN
    first, second = relay.taken
    assert first.message == second.message


async def test_a_relay_is_spoken_to_by_tls() -> None:
    certificate = certificates.issued_for(ELSEWHERE)
    for scheme, at_once in (("smtp", False), ("smtps", True)):
        async with relaying(host=ELSEWHERE, tls=certificate.server, at_once=at_once, offers=("AUTH PLAIN",)) as relay:
            result = await sent(relay, ELSEWHERE, certificate.client, scheme, "us:p%40ss@")
            assert result == Result(Delivered.TAKEN)
            (taken,) = relay.taken
            assert (taken.is_encrypted, taken.login) == (True, "us p@ss")


async def test_a_relay_elsewhere_without_tls_gets_nothing() -> None:
    async with relaying(host=ELSEWHERE, offers=("AUTH PLAIN",)) as relay:
        result = await sent(relay, ELSEWHERE, user="us:secret@")
        assert result.delivered is Delivered.NOT_NOW
        assert relay.taken == []


async def test_a_relay_with_another_names_certificate_gets_nothing() -> None:
    certificate = certificates.issued_for("relay.example")
    for trust in (certificate.client, None):
        async with relaying(host=ELSEWHERE, tls=certificate.server) as relay:
            assert (await sent(relay, ELSEWHERE, trust)).delivered is Delivered.NOT_NOW
            assert relay.taken == []


@pytest.mark.parametrize(
    ("says", "delivered", "error"),
    [
        ({"RCPT": "550 5.1.1 no such user"}, Delivered.REFUSED, "550 5.1.1 no such user"),
        ({"RCPT": "451 4.7.1 greylisted"}, Delivered.NOT_NOW, "451 4.7.1 greylisted"),
        ({"MESSAGE": "554 5.7.1 spam"}, Delivered.REFUSED, "554 5.7.1 spam"),
        ({"MESSAGE": "452 4.2.2 full"}, Delivered.NOT_NOW, "452 4.2.2 full"),
        ({"MAIL": "550 5.7.1 not yours"}, Delivered.NOT_NOW, "SMTPSenderRefused"),
        ({"CONNECT": "554 go away"}, Delivered.NOT_NOW, "SMTPConnectResponseError"),
        ({"CONNECT": None}, Delivered.NOT_NOW, None),
        ({"EHLO": None}, Delivered.NOT_NOW, None),
        ({"DATA": None}, Delivered.NOT_NOW, None),
        ({"MESSAGE": None}, Delivered.NOT_NOW, None),
    ],
)
async def test_what_a_relay_says_is_for_good_or_not(
    says: dict[str, str | None], delivered: Delivered, error: str | None
) -> None:
    async with relaying() as relay:
        relay.says = says
        result = await sent(relay)
    assert result.delivered is delivered
    assert error is None or result.error == error
    assert relay.taken == []


async def test_nobody_there_is_no_answer() -> None:
    mailer = Mailer(mail.relay(f"smtp://127.0.0.1:{ports.free()}"), SENDER)
    assert (await mailer.send("mail_1", WRITTEN_AT, content())).delivered is Delivered.NOT_NOW


@pytest.mark.parametrize(
    "sneaky", ["Shop\r\nBcc: eve@example.com", "Shop\nX: y", "a\x00b", "\u2028Bcc: e@x.de", '"<x@y>']
)
async def test_what_somebody_calls_themselves_makes_no_header(sneaky: str) -> None:
    letter = Letter(f"Receipt {sneaky}", "Text", "<p>Text</p>")
    said = Content(to="ann@example.com", sender=sneaky, language="en", letter=letter)
    parsed = email.message_from_bytes(mail.message("mail_1", WRITTEN_AT, said, SENDER), policy=policy.default)
    assert parsed["From"].addresses[0].addr_spec == SENDER
    assert len(parsed["To"].addresses) == len(parsed["From"].addresses) == 1
    assert set(parsed.keys()) == {
        *("From", "To", "Subject", "Date", "Message-ID", "Content-Language", "Auto-Submitted"),
        *("MIME-Version", "Content-Type"),
    }


@pytest.mark.parametrize(
    "to",
    [
        *("a@b.de\r\nBcc: eve@example.com", "a@b.de, eve@example.com", "a@b.de>", "<a@b.de", "ann", "", "a b@c.de"),
        *("a@b@c.de", "jörg@example.com", '"a"@b.de', "a@b.de;c@d.de", "a\x00@b.de"),
    ],
)
async def test_an_address_is_one_mailbox_or_nothing_is_sent(to: str) -> None:
    async with relaying() as relay:
        mailer = Mailer(mail.relay(f"smtp://127.0.0.1:{relay.port}"), SENDER)
        assert (await mailer.send("mail_1", WRITTEN_AT, content(to))).delivered is Delivered.REFUSED
        assert relay.connections == 0


async def test_a_domain_is_written_as_names_are_looked_up() -> None:
    async with relaying() as relay:
        mailer = Mailer(mail.relay(f"smtp://127.0.0.1:{relay.port}"), SENDER)
        assert (await mailer.send("mail_1", WRITTEN_AT, content("ann@bücher.example"))).delivered is Delivered.TAKEN
    assert relay.taken[0].to == "ann@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "url",
    ["", "http://relay", "smtp://", "smtps://user@relay", "smtp://relay:port", "smtp://relay/x", "smtp://r?tls=no"],
)
def test_a_relay_is_named_by_its_address_or_not_at_all(url: str) -> None:
    with pytest.raises(ValueError, match=r"it takes|[Pp]ort") as refused:
        mail.relay(url)
    assert "user@relay" not in str(refused.value)


def test_a_relays_password_is_not_shown() -> None:
    relay = mail.relay("smtps://us:s3cret@relay.example")
    assert (relay.port, relay.is_tls, relay.password) == (465, True, "s3cret")
    assert "s3cret" not in repr(relay)
    assert mail.relay("smtp://relay.example").port == 587
