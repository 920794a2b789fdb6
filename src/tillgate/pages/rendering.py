"""Pages for people: one look, in their language, that loads nothing of anybody else's and lets nothing in."""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tillgate.http import caching
from tillgate.http.exchange import Headers, Reply, Request
from tillgate.pages import texts

if TYPE_CHECKING:
    from jinja2 import Environment

HERE: Final = Path(__file__).parent

_HTML: Final = b"text/html; charset=utf-8"
SCRIPT: Final = b"text/javascript; charset=utf-8"

_PROBLEMS: Final = {
    400: "unreadable",
    403: "elsewhere",
    404: "nothing",
    405: "nothing",
    413: "unreadable",
    429: "too_often",
}


def page(
    request: Request,
    template: str,
    status: int = 200,
    *,
    headers: Headers = (),
    form_action: str = "",
    language: str = "",
    sheet: str = "",
    scripts: tuple[str, ...] = (),
    **said: Any,
) -> Reply:
    """A page made of a template, which is given what is said, and the texts of the reader's language.

    Where its forms lead by a redirect to another origin, that is `form_action`. `language` is one that the reader has
    chosen. `sheet` is a file of static/ that adds to the common style, `scripts` are paths of ours, run in their order
    once the page is read; a page that has any may ask this server, and nobody else, for more.
    """
    language = language or texts.language(request.header("accept-language"))
    style, policy = _style(sheet, bool(scripts))
    rendered = part(template, language, style=style, scripts=scripts, **said)
    allowed = policy.format(form_action=f"'self' {form_action}".strip())
    secured = ((b"content-security-policy", allowed.encode()), *_SECURED, *headers)
    return Reply(status, rendered.encode(), secured, content_type=_HTML)


def part(template: str, language: str, **said: Any) -> str:
    """A part of a page, made of a template of its own."""
    return _environment().get_template(template).render(language=language, texts=texts.spoken(language), **said)


def static(
    request: Request,
    name: str,
    content_type: bytes = SCRIPT,
    headers: Headers = (),
    cache_control: bytes = caching.ASKED_ABOUT,
) -> Reply:
    """A file of static/, which a browser keeps."""
    return caching.reply(request, _file(name), content_type, headers, cache_control)


def problem(request: Request, status: int, name: str = "") -> Reply:
    """A page that says why there is nothing else to see; `name` is that of a text, if not the one that is usual."""
    name = name or _PROBLEMS.get(status, "broken" if status >= 500 else "nothing")
    return page(request, "outcome.html", status, outcome=name, sign="failed", merchant="", goes_to=None, is_over=False)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # a server that shows no page does without

    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _file(name: str) -> bytes:
    return (HERE / "static" / name).read_bytes()


@cache
def _style(sheet: str, has_scripts: bool) -> tuple[str, str]:
    """The style, and the policy that allows it alone: no picture, no frame around, and no script that is not ours."""
    style = (_file("pages.css") + (_file(sheet) if sheet else b"")).decode()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    ours = " script-src 'self'; connect-src 'self';" if has_scripts else ""
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}';{ours}"
        " form-action {form_action}; base-uri 'none'; frame-ancestors 'none'"
    )
    return style, policy


_SECURED: Final[Headers] = (
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-robots-tag", b"noindex"),
    (b"vary", b"accept-language"),
)
