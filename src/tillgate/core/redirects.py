"""Redirect URIs: which ones can be registered, and which one is meant (RFC 6749, 3.1.2; RFC 8252; RFC 9700, 4.1)."""

import re
from typing import Final

LONGEST: Final = 1_000

_CHARACTERS: Final = re.compile(r"[!$&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~%]+", re.ASCII)
_WEB: Final = re.compile(r"(https?)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(:[0-9]{1,5})?((?:[/?]|\Z).*)", re.ASCII)
_PRIVATE_USE: Final = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:/{0,2}[^/].*", re.ASCII)
_LOOPBACK: Final = ("127.0.0.1", "[::1]")


class Unfit(Exception):
    """A redirect URI that cannot be registered; the text says why."""


def check(uri: str) -> str:
    """A URI to be registered: https, http on the person's own machine, or a scheme of an application's own.

    Raises Unfit.
    """
    if not 1 <= len(uri) <= LONGEST or not _CHARACTERS.fullmatch(uri):
        raise Unfit(f"A redirect URI is a URI without a fragment, of {LONGEST} characters at most.")
    if uri.lower().startswith(("http:", "https:")):
        web = _WEB.fullmatch(uri)
        if web is None or not web[2].strip(".-"):
            raise Unfit("A redirect URI names a host, and nobody before it.")
        if web[1] == "http" and web[2].lower() not in (*_LOOPBACK, "localhost"):
            raise Unfit("A redirect URI is https, or http on the person's own machine (127.0.0.1, [::1], localhost).")
        return uri
    if not _PRIVATE_USE.fullmatch(uri):
        raise Unfit("A redirect URI is https, or has a scheme with a dot in it, such as com.example.app:/callback.")
    return uri


def same(registered: str, asked: str) -> bool:
    """Whether what is asked for is what was registered, to the letter; on a loopback address the port may differ."""
    if registered == asked:
        return True
    one, other = _WEB.fullmatch(registered), _WEB.fullmatch(asked)
    if one is None or other is None or one[1] != "http" or one[2] not in _LOOPBACK or not _is_port(other[3]):
        return False
    return (one[1], one[2], one[4]) == (other[1], other[2], other[4]) and _CHARACTERS.fullmatch(asked) is not None


def is_loopback(uri: str) -> bool:
    """Whether a URI is one of the person's own machine."""
    web = _WEB.fullmatch(uri) if len(uri) <= LONGEST and _CHARACTERS.fullmatch(uri) else None
    return web is not None and web[1] == "http" and web[2].lower() in (*_LOOPBACK, "localhost") and _is_port(web[3])


def origin(uri: str) -> str:
    """Of a URI that can be registered: where it leads, `https://a.example`, or an application's own scheme."""
    web = _WEB.fullmatch(uri)
    return f"{web[1]}://{web[2]}{web[3] or ''}" if web else uri.partition(":")[0] + ":"


def source(uri: str) -> str:
    """The same as a content security policy names it: for a host in brackets it has no words, but for its scheme."""
    found = origin(uri)
    return found.partition("//")[0] if "[" in found else found


def with_parameters(uri: str, written: str) -> str:
    """The URI with parameters, which are encoded already; a query that it has stays (RFC 6749, 3.1.2)."""
    if "?" not in uri:
        return f"{uri}?{written}"
    return f"{uri}{'' if uri.endswith(('?', '&')) else '&'}{written}"


def _is_port(written: str | None) -> bool:
    return written is None or 0 < int(written[1:]) <= 65_535
