"""Letters: what mails say, as text and as HTML, in the languages that pages speak."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from tillgate.core import languages
from tillgate.core.cards import Brand
from tillgate.core.mails import Letter, MailKind, plain
from tillgate.core.money import Money
from tillgate.pages import amounts, order_texts, rendering, texts

if TYPE_CHECKING:
    from jinja2 import Environment

_FOLDER: Final = rendering.HERE / "templates" / "letters"


def write(kind: MailKind, language: str | None, told: Mapping[str, Any]) -> tuple[str, Letter]:
    """The language that a letter of a kind is written in, one of those there are, and the letter."""
    language = languages.best(language)
    spoken = texts.spoken(language)
    told = {**told, **order_texts.letter(kind, told["order"], told["merchant"], language)} if "order" in told else told
    said = {name: _said(value, language) for name, value in told.items()}
    if "paid_at" in told:
        said["paid_at"] = amounts.moment(told["paid_at"], language)
    subject = plain(spoken[f"mail_{kind.value}_subject"].format_map(said))
    known = {**said, "texts": spoken, "language": language, "subject": subject}
    template = kind.value.partition("_")[0]
    text = _environment(is_html=False).get_template(f"{template}.txt").render(known)
    html = _environment(is_html=True).get_template(f"{template}.html").render(known)
    return language, Letter(subject, text, html)


def _said(value: Any, language: str) -> Any:
    """A value as a letter says it: what somebody else wrote stays in its line."""
    if isinstance(value, Money):
        return f"{amounts.written(value, language)} {amounts.code(value)}".strip()
    if isinstance(value, Brand):
        return value.value
    return plain(value) if isinstance(value, str) else value


@cache
def _environment(*, is_html: bool) -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=is_html,  # noqa: S701 — what is a text is no HTML
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
