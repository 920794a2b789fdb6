"""Pages for people: one look, in their language, that loads nothing of anybody else's and lets nothing in."""

import secrets
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tillgate.core import languages
from tillgate.http import policy
from tillgate.http.exchange import Headers, Reply, Request
from tillgate.pages import scripts as listed
from tillgate.pages import texts

if TYPE_CHECKING:
    from jinja2 import Environment

HERE: Final = Path(__file__).parent

_HTML: Final = b"text/html; charset=utf-8"

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
    sheet: str | tuple[str, ...] = (),
    tint: str = "",
    scripts: tuple[str, ...] = (),
    images: bool = False,
    embeds: str = policy.NOBODY,
    frames: Sequence[str] = (),
    **said: Any,
) -> Reply:
    """A page made of a template, which is given what is said, and the texts of the reader's language.

    Where its forms lead by a redirect to another origin, that is `form_action`. `language` is one that the reader has
    chosen. `sheet` is a file of static/ that adds to the common style, or several, `tint` is more of that; `scripts`
    are files of pages/scripts.py, run in their order once the page is read, by a nonce that no other answer has. With
    `images` it may show pictures of this server's, and that it holds as data URLs. For `embeds` and `frames` see
    http.policy.
    """
    language = language or languages.best(request.header("accept-language"))
    style, digest = _style((sheet,) if isinstance(sheet, str) else sheet, tint)
    nonce = secrets.token_urlsafe(16)
    run = [listed.NAMED[name] for name in scripts]
    rendered = part(template, language, style=style, scripts=run, nonce=nonce, **said)
    secured = policy.headers(
        styles=f"'{digest}'",
        scripts=f"'nonce-{nonce}'" if run else "",
        makers=[script.maker for script in run if script.maker],
        images=f"{policy.OURSELVES} data:" if images else policy.NOBODY,
        embeds=embeds,
        form_action=f"{policy.OURSELVES} {form_action}".strip(),
        frames=frames,
    )
    return Reply(status, rendered.encode(), (*secured, *_ALWAYS, *headers), content_type=_HTML)


def part(template: str, language: str, **said: Any) -> str:
    """A part of a page, made of a template of its own."""
    return _environment().get_template(template).render(language=language, texts=texts.spoken(language), **said)


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
        auto_reload=False,
    )


@cache
def file(name: str) -> bytes:
    """What a file of static/ holds."""
    return (HERE / "static" / name).read_bytes()


@lru_cache(maxsize=1_024)
def _style(sheets: tuple[str, ...], tint: str) -> tuple[str, str]:
    """The style, and the digest by which a policy allows it alone."""
    style = b"".join(map(file, ("pages.css", *sheets))).decode() + tint
    return style, policy.digest(style.encode(), "sha256")


_ALWAYS: Final[Headers] = ((b"x-robots-tag", b"noindex"), (b"vary", b"accept-language"))
