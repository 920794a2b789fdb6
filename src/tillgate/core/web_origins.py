"""Web origins: whose pages may hold a frame of ours, as merchants register them (RFC 6454)."""

import re
from typing import Final

MOST: Final = 20
"""How many one merchant has."""

LOOPBACK: Final = ("http://localhost:*", "http://127.0.0.1:*")
"""Pages on the reader's own machine, whatever their port, by https too (CSP 3, 6.7.2.8)."""

_ORIGIN: Final = re.compile(r"(https?)://([a-z0-9.-]{1,253})(?::([1-9][0-9]{0,4}))?", re.ASCII)
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_USUAL: Final = {"http": "80", "https": "443"}
_LAST_PORT: Final = 65_535


class Unfit(Exception):
    """An origin that cannot be registered; the text says why."""


def check(text: str) -> str:
    """An origin as browsers write it: small letters, without the port that is usual.

    A policy has no words for hosts in brackets (CSP 3, 2.3.1), so there is none. Raises Unfit.
    """
    found = _ORIGIN.fullmatch(text.lower())
    if found is None or not all(map(_LABEL.fullmatch, found[2].split("."))) or int(found[3] or 1) > _LAST_PORT:
        raise Unfit("An origin is a scheme, a host and perhaps a port, such as https://shop.example: no path, no *.")
    scheme, host, port = found[1], found[2], found[3]
    if scheme == "http" and not (host in ("localhost", "127.0.0.1") or host.endswith(".localhost")):
        raise Unfit("An origin is https, or http on the machine itself (localhost, 127.0.0.1).")
    return f"{scheme}://{host}" + ("" if port in (None, _USUAL[scheme]) else f":{port}")


def check_all(texts: list[str]) -> tuple[str, ...]:
    """Each once, in their order. Raises Unfit."""
    asked = dict.fromkeys(texts)
    if len(asked) > MOST:
        raise Unfit(f"A merchant has {MOST} origins at most.")
    return tuple(dict.fromkeys(map(check, asked)))
