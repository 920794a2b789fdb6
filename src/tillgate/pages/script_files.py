"""The scripts, served: each at the path of its version, and those of merchants' pages where they look for it."""

from functools import partial
from typing import Final

from tillgate.http import caching
from tillgate.http.exchange import Headers, Reply, Request
from tillgate.http.routing import Route
from tillgate.pages import rendering, scripts, site

KEPT: Final = rendering.HERE / "kept"
"""What merchants' pages loaded by its version from earlier releases, under that path's name (tools/keep_scripts)."""

_SCRIPT: Final = b"text/javascript; charset=utf-8"
_FOR_ANYBODY: Final[Headers] = ((b"cross-origin-resource-policy", b"cross-origin"),)
_FOR_US: Final[Headers] = ((b"cross-origin-resource-policy", b"same-origin"),)
_FOR_GOOD: Final = b"public, max-age=31536000, immutable"
_FOR_A_WHILE: Final = b"public, max-age=300"


class ScriptFiles(site.Pages):
    """`GET /js/{name}-{version}.js`, and the paths of pages/scripts.py that merchants' pages load from.

    Raises ValueError where a script that was kept is another by now.
    """

    name = "scripts"

    def __init__(self) -> None:
        routes = []
        here = {script.path for script in scripts.ALL}
        for file in sorted(KEPT.glob("*.js")):
            content = file.read_bytes()
            if not file.stem.endswith(f"-{scripts.version(content)}"):
                raise ValueError(f"{file} is not what its name says")
            if (path := f"/js/{file.name}") not in here:
                routes.append(self._route(path, content))
        for script in scripts.ALL:
            routes.append(self._route(script.path, script.content, for_merchants=script.for_merchants))
            if script.for_merchants:
                routes += [self._route(path, script.content, cache=_FOR_A_WHILE) for path in script.paths]
        self.routes = tuple(routes)

    def _route(self, path: str, content: bytes, cache: bytes = _FOR_GOOD, *, for_merchants: bool = True) -> Route:
        headers = _FOR_ANYBODY if for_merchants else _FOR_US
        return Route("GET", path, partial(_served, content, headers, cache), cross_origin=for_merchants)


async def _served(content: bytes, headers: Headers, cache: bytes, request: Request) -> Reply:
    return caching.reply(request, content, _SCRIPT, headers, cache)
