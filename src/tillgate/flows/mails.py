"""Mails: each is written when it is sent first, sealed as it is, and sent until a relay takes it, or given up.

Those of test merchants go nowhere: they are written, and shown in the sandbox's inbox.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

import msgspec

from tillgate.core import escrow_mails, mails
from tillgate.core.decisions import Decision
from tillgate.core.mails import Content, Letter, Mail, MailKind
from tillgate.core.merchants import Tenant
from tillgate.core.payments import Payment
from tillgate.core.reasons import Refused
from tillgate.flows import order_links, profiles
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Gateway
from tillgate.logs import log
from tillgate.store import find
from tillgate.store import mails as kept
from tillgate.store.batches import Conflict
from tillgate.transport.mail import Mailer
from tillgate.vault.envelope import Unsealable

AT_ONCE: Final = 8
"""How many connections a relay is asked for at once."""

MOST_SHOWN: Final = 100

_decode = msgspec.json.Decoder(Content).decode


class Said(msgspec.Struct, frozen=True):
    """What a mail is to say: to whom, in which language, and what its template is told."""

    to: str
    language: str | None
    told: Mapping[str, object]


Write = Callable[[MailKind, str | None, Mapping[str, object]], tuple[str, Letter]]
"""Writes a letter of a kind in a language, or in the one that there is for it; which that is, and the letter."""


class Post(msgspec.Struct, frozen=True):
    """What mails are made and sent with; without a `mailer` none leaves. `origin` is where their links lead."""

    write: Write
    mailer: Mailer | None = None
    origin: str = ""


class Shown(msgspec.Struct, frozen=True):
    """A mail of a test merchant, opened."""

    mail: Mail
    content: Content


async def send_due(gateway: Gateway, directory: Directory, post: Post) -> int:
    """Write and send what is due, a few beside each other; how many there were."""
    due = await kept.due(gateway.store, gateway.clock.wall(), AT_ONCE)
    await asyncio.gather(*[_send(gateway, directory, post, mail) for mail in due])
    return len(due)


async def _send(gateway: Gateway, directory: Directory, post: Post, mail: Mail) -> None:
    try:
        await _carry(gateway, await directory.tenant(mail.tenant), post, mail)
    except Conflict:
        # Somebody else has it, or it was erased.
        return
    except (Refused, Unsealable) as gone:
        log.warning("a mail has nothing to say", mail=mail.id, why=str(gone))
        await _drop(gateway, mail)


async def _carry(gateway: Gateway, tenant: Tenant, post: Post, mail: Mail) -> None:
    """Write a mail, or send one that is written. Raises Conflict where somebody else has it."""
    if tenant.is_live and post.mailer is None:
        await _drop(gateway, mail)
    elif mail.sealed is None or post.mailer is None:
        await _write(gateway, tenant, post, mail)
    else:
        content, mail = await _opened(gateway, mail), mails.taken(mail, gateway.clock.wall())
        await gateway.store.commit(Decision(save=(mail,)))
        result = await post.mailer.send(mail.id, mail.written_at or 0, content)
        wall, jitter = gateway.clock.wall(), int.from_bytes(gateway.random(2))
        await gateway.store.commit(Decision(save=(mails.after(mail, result.delivered, result.error, wall, jitter),)))


async def _write(gateway: Gateway, tenant: Tenant, post: Post, mail: Mail) -> None:
    """Write a mail as of now, so that its turn is known; one of a test merchant gets no farther."""
    content = await _written(gateway, tenant, post, mail)
    if content is None:
        await _drop(gateway, mail)
        return
    wall, sealed = gateway.clock.wall(), gateway.secrets.seal_mail(mail.tenant, mail.id, msgspec.json.encode(content))
    recipient = gateway.secrets.email_digest(content.to.lower())
    written = mails.written(mail, sealed, recipient, wall) if tenant.is_live else mails.shown(mail, sealed, wall)
    await gateway.store.commit(Decision(save=(written,)))


async def _drop(gateway: Gateway, mail: Mail) -> None:
    try:
        await gateway.store.commit(Decision(remove=(mail,)))
    except Conflict:
        return


async def _written(gateway: Gateway, tenant: Tenant, post: Post, mail: Mail) -> Content | None:
    """What a mail says as of now; None where there is nobody to say it to."""
    said = await _SAYING[mail.kind](gateway, tenant, mail)
    if said is None:
        return None
    name = await profiles.name(gateway, tenant)
    told = {"merchant": name, "live": tenant.is_live, "origin": post.origin, **said.told}
    language, letter = post.write(mail.kind, said.language, told)
    return Content(to=said.to, sender=name, language=language, letter=letter)


async def _receipt(gateway: Gateway, tenant: Tenant, mail: Mail) -> Said | None:
    payment = await find.record(gateway.store, Payment, tenant.id, mail.about)
    to = payment.intent.receipt_email if payment and payment.intent else None
    if payment is None or not to or not tenant.sends_receipts:
        return None
    told = {
        "amount": msgspec.structs.replace(payment.amount, amount=payment.captured),
        "paid_at": mail.created,
        "number": payment.id,
        "description": payment.description or "",
        "card": payment.card,
    }
    return Said(to, mail.language, told)


async def _order(gateway: Gateway, tenant: Tenant, mail: Mail) -> Said | None:
    """What its buyer is told of an order as it stands by now; nothing where that is told by another mail."""
    payment = await find.record(gateway.store, Payment, tenant.id, mail.about)
    if payment is None or payment.escrow is None:
        return None
    escrow, summary = payment.escrow, payment.customer
    to = escrow.buyer.email or (summary and summary.email)
    if not to or not escrow_mails.is_true(mail.kind, escrow):
        return None
    return Said(to, mail.language, {"order": payment, "path": order_links.path(gateway, payment)})


_SAYING: Final[Mapping[MailKind, Callable[[Gateway, Tenant, Mail], Awaitable[Said | None]]]] = {
    MailKind.RECEIPT: _receipt,
    **dict.fromkeys(escrow_mails.KINDS.values(), _order),
}
"""What each kind of mail says."""


async def _opened(gateway: Gateway, mail: Mail) -> Content:
    return _decode(await gateway.secrets.open_mail(mail.tenant, mail.id, mail.sealed or b""))


async def inbox(gateway: Gateway, tenant: str | None = None) -> list[Shown]:
    """The newest mails of all test merchants, or of one, newest first."""
    found = await kept.inbox(gateway.store, MOST_SHOWN, tenant)
    return [Shown(mail, await _opened(gateway, mail)) for mail in found]


async def read(gateway: Gateway, tenant: str, id: str) -> Shown | None:
    """One of the inbox."""
    mail = await find.record(gateway.store, Mail, tenant, id)
    if mail is None or mail.state is not mails.MailState.SHOWN:
        return None
    return Shown(mail, await _opened(gateway, mail))


async def about(gateway: Gateway, tenant: str, subjects: Sequence[str]) -> tuple[Mail, ...]:
    """The mails about these, for who erases them."""
    return tuple(await kept.about(gateway.store, tenant, subjects))
