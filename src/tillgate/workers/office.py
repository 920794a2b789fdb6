"""The office: what an operator's commands work with, and how they say that something cannot be done."""

import msgspec

from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Gateway
from tillgate.vault.data_keys import DataKeys
from tillgate.vault.envelope import Envelope


class Office(msgspec.Struct, frozen=True):
    """What commands work with."""

    gateway: Gateway
    directory: Directory
    data_keys: DataKeys
    envelope: Envelope


class Impossible(Exception):
    """What was asked cannot be done; the text says why, and what to do."""
