"""The sizes of tests: small every day, full when `make prove` asks for proof."""

import os
from typing import TypeVar

T = TypeVar("T")

PROVING = os.environ.get("TILLGATE_PROVE") == "1"


def at_size(everyday: T, full: T) -> T:
    """The size to run at: `everyday` in `make test`, `full` in `make prove`."""
    return full if PROVING else everyday
