"""Size: whether lists, look-ups and payments are as quick among a million payments as among ten thousand."""

import json
import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec

from bench import check, cluster, fill, load, runs, server, stories
from bench.runs import Run
from bench.server import Server
from tests.postgres import Cluster

SAMPLE = 500
"""How many payments or customers the paths of one kind of request go round."""


class Result(msgspec.Struct, frozen=True):
    """Runs by what was asked, first those of the few payments, then those of the many; and what was wrong with plans."""

    few: int
    many: int
    runs: dict[str, tuple[list[Run], list[Run]]]
    plans: dict[str, str]
    checked: dict[str, check.Found]


def measure(
    running: Cluster, folder: Path, *, few: int, many: int, rounds: int, seconds: float, on_sqlite: bool = False
) -> Result:
    """Fill two databases, and ask both the same in turns."""
    ...
