"""The page that every error's `doc_url` leads to, made from the table of errors itself."""

import html
import re

from tillgate.http.exchange import Reply, Request
from tillgate.http.problems import Problem
from tillgate.http.routing import Route
from tillgate.surfaces.v1 import errors
from tillgate.surfaces.v1.errors import Wording

_DETAIL = re.compile(r"\{(\w+)\}")

_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Errors · Tillgate</title>
<style>
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a2433}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.5rem .75rem;border-bottom:1px solid #d8dee8}
code{font-size:.9em}tr:target{background:#fff6d6}
@media(prefers-color-scheme:dark){body{background:#10151d;color:#dfe6f0}td,th{border-color:#2b3544}tr:target{background:#3a3413}}
</style></head><body><h1>Errors</h1>
<p>Every error has a type, a code and a sentence. The code never changes its meaning.</p>
<table><thead><tr><th>Code</th><th>Status</th><th>Type</th><th>What it says</th></tr></thead><tbody>
"""

_FOOT = "</tbody></table></body></html>\n"


class Docs:
    """`GET /docs/errors`."""

    name = "docs"

    def __init__(self) -> None:
        self.routes = (Route("GET", "/docs/errors", self._errors),)
        self._page = _page()

    async def handle(self, request: Request, route: Route) -> Reply:
        """See http.surface.Surface."""
        reply: Reply = await route.handler()
        return reply

    def problem(self, request: Request, problem: Problem) -> Reply:
        """See http.surface.Surface."""
        return errors.problem(request, problem)

    async def _errors(self) -> Reply:
        return Reply(200, self._page, content_type=b"text/html; charset=utf-8")


def _page() -> bytes:
    rows: dict[str, list[Wording]] = {}
    for wording in errors.every():
        rows.setdefault(wording.code, []).append(wording)
    return (_HEAD + "".join(_row(code, rows[code]) for code in sorted(rows)) + _FOOT).encode()


def _row(code: str, wordings: list[Wording]) -> str:
    statuses = ", ".join(sorted({str(wording.status) for wording in wordings}))
    type = wordings[0].type.value
    sentences = "<br>".join(dict.fromkeys(_sentence(wording.sentence) for wording in wordings))
    return f'<tr id="{code}"><td><code>{code}</code></td><td>{statuses}</td><td>{type}</td><td>{sentences}</td></tr>\n'


def _sentence(sentence: str) -> str:
    return _DETAIL.sub(r"<var>\1</var>", html.escape(sentence))
