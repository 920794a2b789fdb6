"""Mail: the way out to people's mailboxes, by the operator's own relay, over TLS."""

import re
import ssl
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final
from urllib.parse import unquote, urlsplit

import aiosmtplib
import msgspec

from tillgate.core.instants import SECOND, Instant
from tillgate.core.mails import Content, Delivered, plain
from tillgate.logs import log

DEADLINE_SECONDS: Final = 60.0
"""For each thing that a relay is told."""

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_POLICY: Final = SMTP.clone(cte_type="7bit")
_ADDRESS: Final = re.compile(r"[^\s@<>()\[\],;:\\\"]+@[^\s@<>()\[\],;:\\\"]+")


class Relay(msgspec.Struct, frozen=True, kw_only=True):
    """Where mails are handed over: by TLS from the first byte (`is_tls`), or by STARTTLS before anything is said.

    A relay on this very machine goes without.
    """

    host: str
    port: int
    is_tls: bool
    username: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        return f"Relay({self.host}:{self.port})"

    @property
    def is_here(self) -> bool:
        """Whether nobody is between it and us."""
        return self.host in _LOOPBACK


class Result(msgspec.Struct, frozen=True):
    """What became of a try, and what the relay said, where that is no yes."""

    delivered: Delivered
    error: str | None = None


def relay(url: str) -> Relay:
    """The relay of `smtps://user:password@host:465`, or `smtp://…:587`. Raises ValueError, which repeats nothing."""
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path not in ("", "/") or parts.query:
        raise ValueError("it takes smtps://user:password@host:port, or smtp:// for STARTTLS")
    is_tls = parts.scheme == "smtps"
    username = unquote(parts.username) if parts.username else None
    password = unquote(parts.password) if parts.password else None
    if (username is None) != (password is None):
        raise ValueError("it takes a user and a password, or neither")
    port = parts.port or (465 if is_tls else 587)
    return Relay(host=parts.hostname, port=port, is_tls=is_tls, username=username, password=password)


def is_address(text: str) -> bool:
    """Whether a text can stand for a mailbox in a header, and for nothing else."""
    return text.isprintable() and _ADDRESS.fullmatch(text) is not None


class Mailer:
    """Hands mails to a relay, as from `sender`. `trust` says which certificates are good: the system's unless given."""

    def __init__(self, relay: Relay, sender: str, *, trust: ssl.SSLContext | None = None) -> None:
        self._relay = relay
        self._sender = sender
        self._trust = trust
        self._domain = sender.rpartition("@")[2]

    async def send(self, id: str, written_at: Instant, content: Content) -> Result:
        """Hand over a mail, the same bytes each time. It raises nothing, but is canceled with its caller.

        What is refused for good is the recipient or the message; what is amiss with the relay, or with our own name
        and password, may be set right in time.
        """
        try:
            written, to = message(id, written_at, content, self._sender), _by_ascii(content.to)
        except (ValueError, HeaderParseError, UnicodeError):
            return Result(Delivered.REFUSED, "the address cannot be written to")
        relay = self._relay
        smtp = aiosmtplib.SMTP(
            hostname=relay.host,
            port=relay.port,
            use_tls=relay.is_tls,
            start_tls=not (relay.is_tls or relay.is_here),
            username=relay.username,
            password=relay.password,
            local_hostname=self._domain,
            timeout=DEADLINE_SECONDS,
            tls_context=self._trust,
        )
        try:
            async with smtp:
                await smtp.sendmail(self._sender, [to], written)
        except aiosmtplib.SMTPRecipientsRefused as refused:
            return _refused(refused.recipients[0])
        except aiosmtplib.SMTPDataError as refused:
            return _refused(refused)
        except (aiosmtplib.SMTPException, OSError) as failed:
            log.warning("a mail was not taken", mail=id, error=type(failed).__name__)
            return Result(Delivered.NOT_NOW, type(failed).__name__)
        return Result(Delivered.TAKEN)


def message(id: str, written_at: Instant, content: Content, sender: str) -> bytes:
    """A mail as it goes over the wire, the same each time. Raises ValueError for an address that is none."""
    if not is_address(content.to):
        raise ValueError("no address")
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = Address(display_name=plain(content.sender), addr_spec=sender)
    mail["To"] = Address(addr_spec=_by_ascii(content.to))
    mail["Subject"] = plain(content.letter.subject)
    mail["Date"] = format_datetime(datetime.fromtimestamp(written_at // SECOND, UTC))
    mail["Message-ID"] = f"<{id}@{sender.rpartition('@')[2]}>"
    # Nobody's absence is to be told to us (RFC 3834).
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(content.letter.text, cte="quoted-printable")
    mail.add_alternative(content.letter.html, subtype="html", cte="quoted-printable")
    mail.set_boundary(f"=_{id}")
    mail["Content-Language"] = content.language
    return mail.as_bytes()


def _by_ascii(address: str) -> str:
    """An address whose domain is written as names are looked up. Raises UnicodeError for a mailbox that cannot be."""
    mailbox, _, domain = address.rpartition("@")
    mailbox.encode("ascii")
    return f"{mailbox}@{domain if domain.isascii() else domain.encode('idna').decode()}"


def _refused(refused: aiosmtplib.SMTPResponseException) -> Result:
    """A no; for good where its code says so (RFC 5321, 4.2.1)."""
    delivered = Delivered.REFUSED if 500 <= refused.code < 600 else Delivered.NOT_NOW
    return Result(delivered, f"{refused.code} {refused.message}")
