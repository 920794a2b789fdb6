"""Addresses: which of those that merchants give may be connected to, by how they are spelled and where they lead."""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

from yarl import URL

LONGEST: Final = 2_048
"""Characters in an address."""

_FORM: Final = re.compile(
    r"(?P<scheme>https?)://(?:\[(?P<v6>[0-9a-f:.]+)\]|(?P<name>[^\s/?#@:\[\]\\%]+))(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<rest>(?:[/?][!-\"$-\[\]-~\u00a1-\U0010ffff]*)?)",
    re.IGNORECASE,
)
"""Web addresses and nothing else: no user, zone, fragment, backslash, space or control character anywhere."""

_LABEL: Final = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""A last label that system libraries read as part of a number: `127.1`, `0x7f.1`, `2130706433`."""

_INTERNAL: Final = (".localhost", ".local", ".internal", ".home.arpa", ".onion")
"""Ends of names that no public name has; those of clouds' metadata among them."""

_NETWORKS_V4: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "168.63.129.16/32",  # a cloud's own services, though the number is a public one
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)
"""What IANA's registry of special-purpose IPv4 addresses holds."""

_UNICAST_V6: Final = IPv6Network("2000::/3")
"""What IPv6 gives to public hosts. Addresses that carry an IPv4 one are outside of it, or special."""

_SPECIAL_V6: Final = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
"""Of those: Teredo and other protocols, documentation, 6to4."""


class Forbidden(Exception):
    """An address that is not connected to; the message is a sentence for whoever gave it."""


def parse(url: str, *, loopback: bool, plain: bool) -> URL:
    """An address as it is connected to, read once and strictly. Names are not looked up. Raises Forbidden.

    `loopback` allows this machine, `plain` addresses without TLS.
    """
    found = _FORM.fullmatch(url) if len(url) <= LONGEST else None
    if found is None:
        raise Forbidden("It has to be a web address such as https://shop.example/hooks, without user name or fragment.")
    if found["scheme"].lower() == "http" and not plain:
        raise Forbidden("It has to begin with https://.")
    if found["port"] and not _may_be_served(int(found["port"])):
        raise Forbidden("Its port has to be 80, 443, or one from 1024 to 65535.")
    literal = _literal(found)
    if literal is not None:
        host = f"[{literal}]" if literal.version == 6 else str(literal)
        if not may_be_reached(literal, loopback=loopback):
            raise Forbidden(f"{literal} is not an address on the public internet.")
    else:
        host = _name(found["name"], loopback=loopback)
    port = f":{found['port']}" if found["port"] else ""
    return URL(f"{found['scheme'].lower()}://{host}{port}{found['rest']}")


def may_be_reached(address: IPv4Address | IPv6Address, *, loopback: bool) -> bool:
    """Whether an address is a public host's, or this machine's where `loopback` allows that."""
    if address.is_loopback:
        return loopback
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NETWORKS_V4)
    return address in _UNICAST_V6 and not any(address in network for network in _SPECIAL_V6)


def _may_be_served(port: int) -> bool:
    """Whether people let programs of theirs listen there; what is below is mail, shells and the like."""
    return port in (80, 443) or 1024 <= port <= 65_535


def _literal(found: re.Match[str]) -> IPv4Address | IPv6Address | None:
    try:
        if found["v6"]:
            return IPv6Address(found["v6"])
        if _NUMBER.fullmatch(found["name"].lower().rpartition(".")[2]):
            return IPv4Address(found["name"])
    except ValueError:
        raise Forbidden("Its host is no IP address in the usual spelling, and no name.") from None
    return None


def _name(given: str, *, loopback: bool) -> str:
    """A name as DNS has it. Others than Latin letters are encoded first, and only then looked at."""
    try:
        name = given.lower() if given.isascii() else URL.build(scheme="https", host=given).raw_host or ""
    except ValueError:
        name = ""
    if name == "localhost" and loopback:
        return name
    if name == "localhost" or name.endswith(_INTERNAL):
        raise Forbidden(f"{name} is not a name on the public internet.")
    if not _NAME.fullmatch(name) or len(name) > 253 or _NUMBER.fullmatch(name.rpartition(".")[2]):
        raise Forbidden("Its host has to be a full name, such as shop.example, or an IP address.")
    return name
