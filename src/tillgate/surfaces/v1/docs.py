"""The description of the API, served: `/v1/openapi.json` for programs, `/docs` for people."""

import asyncio
from typing import Final

import msgspec

from tillgate.http import caching, policy, surface
from tillgate.http.exchange import JSON, Reply, Request
from tillgate.http.problems import Problem
from tillgate.http.routing import Route
from tillgate.surfaces.v1 import errors
from tillgate.surfaces.v1.description import document
from tillgate.surfaces.v1.sandbox_keys import SECRET_KEY
from tillgate.surfaces.v1.surface import OPERATIONS

_HTML: Final = b"text/html; charset=utf-8"
# The page is the same for everybody, and kept: a nonce would be kept with it. What runs is held by its integrity.
_POLICY: Final = policy.headers(
    styles=policy.OURSELVES, scripts=policy.OURSELVES, images="data:", form_action=policy.NOBODY
)


class Docs(surface.Open):
    """Everything is made when it is first asked for: a server that nobody reads about starts without it."""

    name = "docs"

    def __init__(self) -> None:
        self._making: asyncio.Future[_Made] | None = None
        self.routes = (
            Route("GET", "/v1/openapi.json", self._openapi, cross_origin=True),
            Route("GET", "/docs", self._reference),
            Route("GET", "/docs/errors", self._errors),
            Route("GET", "/docs/docs.css", self._style),
            Route("GET", "/docs/docs.js", self._script),
        )

    def problem(self, request: Request, problem: Problem) -> Reply:
        """See http.surface.Surface."""
        return errors.problem(request, problem)

    async def _openapi(self, request: Request) -> Reply:
        return _kept(request, (await self._made()).openapi, JSON)

    async def _reference(self, request: Request) -> Reply:
        made = await self._made()
        return _kept(request, made.for_reader(made.reference, request), _HTML)

    async def _errors(self, request: Request) -> Reply:
        return _kept(request, (await self._made()).errors, _HTML)

    async def _style(self, request: Request) -> Reply:
        return _kept(request, (await self._made()).style, b"text/css; charset=utf-8")

    async def _script(self, request: Request) -> Reply:
        return _kept(request, (await self._made()).script, b"text/javascript; charset=utf-8")

    async def _made(self) -> "_Made":
        """What is served, made in a thread of its own: payments do not wait for it."""
        if self._making is None:
            self._making = asyncio.ensure_future(asyncio.to_thread(_Made))
        return await asyncio.shield(self._making)


class _Made:
    """What is served, made once."""

    def __init__(self) -> None:
        from tillgate.surfaces.v1.description import pages  # a server that nobody reads about does without templates

        described = document.build(OPERATIONS)
        made = pages.Pages(described)
        self.openapi = msgspec.json.encode(described)
        self.reference = made.reference()
        self.errors = made.errors().encode()
        self.style = (pages.HERE / "static" / "docs.css").read_bytes()
        self.script = (pages.HERE / "static" / "docs.js").read_bytes()
        self._origin = pages.ORIGIN
        self._key = pages.KEY

    def for_reader(self, page: str, request: Request) -> bytes:
        """A page with the address under which it is read, and a key that works there if there is one."""
        key = SECRET_KEY if request.is_local else "YOUR_SECRET_KEY"
        return page.replace(self._origin, request.origin).replace(self._key, key).encode()


def _kept(request: Request, body: bytes, content_type: bytes) -> Reply:
    return caching.reply(request, body, content_type, _POLICY)
