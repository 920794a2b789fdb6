"""The registry of connectors: every bank there is a connector for, by name."""

from collections.abc import Callable, Mapping
from typing import Final

from tillgate.connectors import phone, sandbox, transfer
from tillgate.connectors.contract import Connector

CONNECTORS: Final[Mapping[str, Callable[[Mapping[str, str]], Connector]]] = {
    sandbox.NAME: sandbox.SandboxConnector,
    phone.NAME: phone.PhoneConnector,
    transfer.NAME: transfer.TransferConnector,
}
"""Name → what makes the connector out of its secrets, which it names itself."""


def connect(name: str, secrets: Mapping[str, str]) -> Connector:
    """The connector of a bank. Raises ValueError for a bank without one, and for a secret that is missing."""
    if name not in CONNECTORS:
        raise ValueError(f"there is no connector for {name!r}; there is one for {', '.join(CONNECTORS)}")
    try:
        return CONNECTORS[name](secrets)
    except KeyError as missing:
        raise ValueError(f"the connector for {name} needs the secret {missing}") from None
