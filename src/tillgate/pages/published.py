"""The list of scripts, published: for whoever asks which ones run on payment pages, and why (PCI DSS 4, 6.4.3)."""

from typing import Any, Final

import msgspec

from tillgate import __version__
from tillgate.core import languages
from tillgate.http import caching
from tillgate.http.exchange import JSON, Reply, Request
from tillgate.http.origins import Origins
from tillgate.http.routing import Route
from tillgate.pages import rendering, scripts, site, texts
from tillgate.pages.scripts import Script

PAGE: Final = "/scripts"
FOR_PROGRAMS: Final = "/scripts.json"


class Listed(msgspec.Struct, frozen=True, omit_defaults=True):
    """A script: the address of this version, its hash, its purpose, and which pages here run it.

    Merchants' pages load it from one of `also_at`, where it is always the newest, or by `tag`, which holds it to this
    version.
    """

    name: str
    url: str
    integrity: str
    purpose: str
    pages: tuple[str, ...]
    also_at: tuple[str, ...] = ()
    tag: str = ""


class Listing(msgspec.Struct, frozen=True):
    """What `/scripts.json` says."""

    release: str
    scripts: tuple[Listed, ...]


class Published(site.Pages):
    """`GET /scripts`, for people, and `/scripts.json`, for programs."""

    name = "published scripts"

    def __init__(self, origins: Origins) -> None:
        self._origins = origins
        self.routes = (Route("GET", PAGE, self._show), Route("GET", FOR_PROGRAMS, self._list, cross_origin=True))

    async def _show(self, request: Request) -> Reply:
        language = languages.best(request.header("accept-language"))
        said: dict[str, Any] = {"listing": listing(self._origins.of(request), language), "for_programs": FOR_PROGRAMS}
        return rendering.page(request, "scripts.html", sheet="scripts.css", **said)

    async def _list(self, request: Request) -> Reply:
        return caching.reply(request, msgspec.json.encode(listing(self._origins.of(request))), JSON)


def listing(origin: str, language: str = "en") -> Listing:
    """The list, as a server that is reached at an origin has it."""
    return Listing(__version__, tuple(_listed(script, origin, language) for script in scripts.ALL))


def _listed(script: Script, origin: str, language: str) -> Listed:
    url, paths = origin + script.path, script.paths if script.for_merchants else ()
    tag = f'<script src="{url}" integrity="{script.integrity}" crossorigin="anonymous"></script>'
    return Listed(
        name=script.name,
        url=url,
        integrity=script.integrity,
        purpose=texts.spoken(language)[f"script_{script.name}"],
        pages=script.pages,
        also_at=tuple(origin + path for path in paths),
        tag=tag if script.for_merchants else "",
    )
