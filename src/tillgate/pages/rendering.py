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
    headers: Headers = (),
    *,
    form_action: str = "",
    **said: Any,
) -> Reply:
    """A page made of a template, which is given what is said, and the texts of the reader's language.

    Where its forms lead by a redirect to another origin, that is `form_action`.
    """
    language = texts.language(request.header("accept-language"))
    style, policy = _style()
    made = _environment().get_template(template)
    rendered = made.render(language=language, texts=texts.spoken(language), style=style, **said)
    allowed = policy.format(form_action=f"'self' {form_action}".strip())
    secured = ((b"content-security-policy", allowed.encode()), *_SECURED, *headers)
    return Reply(status, rendered.encode(), secured, content_type=_HTML)


def problem(request: Request, status: int, name: str | None = None) -> Reply:
    """A page that says why there is nothing else to see, by name, or by what its status means."""
    said = name or _PROBLEMS.get(status, "broken" if status >= 500 else "nothing")
    return page(request, "outcome.html", status, outcome=said, sign="failed", merchant="", goes_to=None, is_over=False)


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
def _style() -> tuple[str, str]:
    """The one style sheet, and the policy that allows it alone: no script, no picture, no frame around."""
    style = (HERE / "static" / "pages.css").read_text()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; form-action {{form_action}}; base-uri 'none'"
    return style, f"{policy}; frame-ancestors 'none'"


_SECURED: Final[Headers] = (
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-robots-tag", b"noindex"),
    (b"vary", b"accept-language"),
)
