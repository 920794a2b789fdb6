"""Where a request comes from: the peer's address, or the client's behind proxies that are trusted."""

import functools
import ipaddress
from collections.abc import Iterable
from typing import Final

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Networks:
    """Addresses and networks, as they are written in settings. Raises ValueError for what is neither."""

    def __init__(self, written: Iterable[str] = ()) -> None:
        self._networks: tuple[_Network, ...] = tuple(map(ipaddress.ip_network, written))

    def hold(self, address: str) -> bool:
        """Whether an address is one of them."""
        if not self._networks:
            return False
        parsed = _parsed(address)
        return parsed is not None and any(parsed in network for network in self._networks)


class Proxies:
    """The proxies before us, whose X-Forwarded-For and -Proto are believed."""

    def __init__(self, trusted: Iterable[str] = ()) -> None:
        self.trust = Networks(trusted).hold

    def client(self, peer: str, forwarded_for: str | None) -> str:
        """The nearest address that is not a trusted proxy's; what stands further away is hearsay."""
        nearest = peer
        hops = forwarded_for.split(",") if forwarded_for else []
        while hops and self.trust(nearest) and _parsed(hop := hops.pop().strip()) is not None:
            nearest = hop
        return nearest


NO_PROXIES: Final = Proxies()


@functools.lru_cache(maxsize=1024)
def is_loopback(host: str) -> bool:
    """Whether an address, or what a Host header says, is this machine's own."""
    name = host[1:].partition("]")[0] if host.startswith("[") else host
    if name.count(":") == 1:
        name = name.partition(":")[0]
    if name.lower() == "localhost":
        return True
    address = _parsed(name)
    return address is not None and address.is_loopback


@functools.lru_cache(maxsize=1024)
def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed
