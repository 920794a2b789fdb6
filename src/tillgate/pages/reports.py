"""What browsers report: that something on a page of ours was kept from running (PCI DSS 4, 11.6.1).

Anybody may send such a report. So it is small, counted by words of ours alone, and logged without what it quotes: of
the page its kind, for the rest of its address may be a proof, and of what was refused the origin.
"""

import re
from typing import Final
from urllib.parse import urlsplit

import msgspec

from tillgate import metrics
from tillgate.http import limits, policy
from tillgate.http.exchange import Reply, Request
from tillgate.http.limits import Limits
from tillgate.http.problems import BodyTooLarge, Malformed
from tillgate.http.routing import Route
from tillgate.logs import log
from tillgate.pages import site

A_MINUTE: Final = 20
"""How many requests are taken from one network."""
A_MINUTE_IN_ALL: Final = 300

_LARGEST: Final = 16 * 1024
_TYPE: Final = "application/csp-report"

_DIRECTIVES: Final = frozenset(
    [
        "default-src",
        "script-src",
        "script-src-elem",
        "script-src-attr",
        "style-src",
        "style-src-elem",
        "style-src-attr",
        "img-src",
        "connect-src",
        "frame-src",
        "font-src",
        "media-src",
        "manifest-src",
        "object-src",
        "worker-src",
        "base-uri",
        "form-action",
        "frame-ancestors",
        "require-trusted-types-for",
        "trusted-types",
    ]
)
_OTHER: Final = "other"
_WORDS: Final = re.compile(r"(?:/[a-z][a-z-]{0,19})+(?=/|$)")
_KEYWORD: Final = re.compile(r"[a-z-]{1,30}")
_ORIGIN: Final = re.compile(r"[a-z][a-z0-9+-]{0,19}://[a-z0-9.:\[\]-]{1,260}")

Text = str | None


class _Report(msgspec.Struct, rename="kebab"):
    document_uri: Text = None
    effective_directive: Text = None
    violated_directive: Text = None
    blocked_uri: Text = None


class _Body(msgspec.Struct):
    """What `report-uri` brings (CSP 3, 5.3)."""

    report: _Report = msgspec.field(name="csp-report")


class Reports(site.Pages):
    """`POST /browser-reports`."""

    name = "reports"

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.routes = (Route("POST", policy.REPORTS, self._take),)

    async def admit(self, request: Request, route: Route | None) -> Reply | None:
        """See http.surface.Surface. Raises Forbidden, BodyTooLarge, TooManyRequests."""
        if int(request.header("content-length") or 0) > _LARGEST:
            raise BodyTooLarge(_LARGEST)
        self._limits.count(request, f"browser reports {limits.network(request.client)}", A_MINUTE)
        self._limits.count(request, "browser reports", A_MINUTE_IN_ALL)
        return await super().admit(request, route)

    async def _take(self, request: Request) -> Reply:
        if len(request.body) > _LARGEST:
            raise BodyTooLarge(_LARGEST)
        if request.media_type != _TYPE:
            raise Malformed("This address takes reports of browsers.")
        try:
            said = msgspec.json.decode(request.body, type=_Body).report
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise Malformed("This address takes reports of browsers.") from None
        directive = said.effective_directive or (said.violated_directive or "").partition(" ")[0]
        directive = directive if directive in _DIRECTIVES else _OTHER
        metrics.browser_reported(directive)
        page, blocked = _kind(said.document_uri or ""), _origin(said.blocked_uri or "")
        log.warning("browser_report", page=page, directive=directive, blocked=blocked)
        return Reply(204)


def _kind(page: str) -> str:
    """`/sandbox/challenges` of `https://pay.example.com/sandbox/challenges/att_1/proof?x`."""
    found = _WORDS.match(_split(page)[1])
    return found[0] if found else ""


def _origin(blocked: str) -> str:
    """`https://evil.example`, or a word such as `inline` or `eval`."""
    if _KEYWORD.fullmatch(blocked):
        return blocked
    origin = _split(blocked)[0]
    return origin if _ORIGIN.fullmatch(origin) else ""


def _split(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower(), parts.path
