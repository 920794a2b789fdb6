"""Ports for servers that have to be told one: outside of those that the system gives to whoever just connects."""

import itertools
import os
import socket
from typing import Final

HOST: Final = "127.0.0.1"
_FIRST, _COUNT = 10_000, 20_000

_turns = itertools.count(os.getpid() * 41)


def free() -> int:
    """A port on the loopback that nobody listens on, another at each call and in each process."""
    for turn in _turns:
        port = _FIRST + turn % _COUNT
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise AssertionError("a count without an end has ended")
