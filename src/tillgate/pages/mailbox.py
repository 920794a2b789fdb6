"""The sandbox's inbox: every mail of test merchants, for people to read and for tests to look into.

It shows mails as text. As a mailbox would, it shows them in a frame in which nothing runs and nothing is loaded.
"""

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from tillgate.core import ids, languages
from tillgate.core.instants import unix_seconds
from tillgate.flows import mails
from tillgate.flows.gateway import Gateway
from tillgate.flows.mails import Shown
from tillgate.http import policy
from tillgate.http.addresses import Networks
from tillgate.http.exchange import JSON, Reply, Request
from tillgate.http.routing import Route
from tillgate.pages import amounts, rendering, site

PATH: Final = "/sandbox/mail"

_LINK: Final = re.compile(r"https?://[^\s<>\"']+")
_TRAILING: Final = ".,;:!?)"
_BARE: Final = (
    (b"content-security-policy", b"sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-robots-tag", b"noindex"),
    (b"cache-control", b"no-store"),
)


class MailShown(msgspec.Struct, frozen=True, kw_only=True):
    """A mail, for tests: `links` are those in its text, in order."""

    id: str
    merchant: str
    kind: str
    about: str
    sender: str
    to: str
    language: str
    subject: str
    text: str
    html: str
    links: list[str]
    created: int


class Inbox(msgspec.Struct, frozen=True, kw_only=True):
    """The newest mails, newest first."""

    mails: list[MailShown]


class Mailbox(site.Pages):
    """`/sandbox/mail` and below. It serves who is on this machine, and `neighbors`, like the phone."""

    name = "mailbox"

    def __init__(self, gateway: Gateway, neighbors: Iterable[str] = ()) -> None:
        self._gateway = gateway
        self._neighbors = Networks(neighbors)
        self.routes = (
            Route("GET", PATH, self._list),
            Route("GET", f"{PATH}.json", self._json),
            Route("GET", f"{PATH}/{{merchant}}/{{id}}", self._read),
            Route("GET", f"{PATH}/{{merchant}}/{{id}}/formatted", self._formatted),
        )

    async def admit(self, request: Request, route: Route | None) -> Reply | None:
        """See http.surface.Surface."""
        if not request.is_near(self._neighbors):
            return rendering.problem(request, 403, "not_here")
        return await super().admit(request, route)

    async def _list(self, request: Request) -> Reply:
        found = await mails.inbox(self._gateway, dict(request.query).get("merchant"))
        return rendering.page(request, "mailbox.html", sheet="mailbox.css", mails=[_row(request, one) for one in found])

    async def _json(self, request: Request) -> Reply:
        """All, or those of a `merchant`, or `to` an address."""
        query = dict(request.query)
        found = await mails.inbox(self._gateway, query.get("merchant"))
        to = query.get("to", "").strip().lower()
        shown = [_shown(one) for one in found if not to or one.content.to.lower() == to]
        return Reply(200, msgspec.json.encode(Inbox(mails=shown)), content_type=JSON)

    async def _read(self, request: Request) -> Reply:
        found = await self._found(request)
        if found is None:
            return rendering.problem(request, 404)
        shown = _shown(found)
        return rendering.page(
            request,
            "mail.html",
            sheet="mailbox.css",
            embeds=policy.OURSELVES,
            mail=shown,
            sent_at=amounts.moment(found.mail.created, languages.best(request.header("accept-language"))),
            formatted=f"{PATH}/{shown.merchant}/{shown.id}/formatted",
        )

    async def _formatted(self, request: Request) -> Reply:
        """What somebody else may have had a part in: nothing in it runs, loads, or belongs to this origin."""
        found = await self._found(request)
        if found is None:
            return rendering.problem(request, 404)
        html = found.content.letter.html.encode()
        return Reply(200, html, _BARE, content_type=b"text/html; charset=utf-8")

    async def _found(self, request: Request) -> Shown | None:
        merchant, id = request.parameters["merchant"], request.parameters["id"]
        return await mails.read(self._gateway, merchant, id) if ids.is_id("mail", id) else None


def _row(request: Request, one: Shown) -> dict[str, str]:
    mail, content = one.mail, one.content
    return {
        "path": f"{PATH}/{mail.tenant}/{mail.id}",
        "subject": content.letter.subject,
        "sender": content.sender,
        "to": content.to,
        "sent_at": amounts.moment(mail.created, languages.best(request.header("accept-language"))),
    }


def _shown(one: Shown) -> MailShown:
    mail, content = one.mail, one.content
    return MailShown(
        id=mail.id,
        merchant=mail.tenant,
        kind=mail.kind.value,
        about=mail.about,
        sender=content.sender,
        to=content.to,
        language=content.language,
        subject=content.letter.subject,
        text=content.letter.text,
        html=content.letter.html,
        links=[link.rstrip(_TRAILING) for link in _LINK.findall(content.letter.text)],
        created=unix_seconds(mail.created),
    )
