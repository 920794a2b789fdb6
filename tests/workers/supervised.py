"""Processes under supervision, as a program: words say what they do, one for each start, the last for all others.

`steady` works until it is told to stop, `fails` ends before it works, `brief` works for a moment.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tillgate import supervision

_, directory, count, *ways = sys.argv


def run(slot: int, ready: Callable[[], None]) -> None:
    """One start, noted as a file."""
    starts = Path(directory, str(slot))
    starts.mkdir(exist_ok=True)
    number = len(list(starts.iterdir()))
    Path(starts, str(number)).write_text(f"{os.getpid()} {time.monotonic()}")
    way = ways[min(number, len(ways) - 1)]
    if way == "fails":
        raise ValueError("cannot start")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    ready()
    stop.wait(0.05 if way == "brief" else None)


supervision._FIRST_PAUSE_SECONDS = 0.02  # type: ignore[misc]
supervision._LONGEST_PAUSE_SECONDS = 0.1  # type: ignore[misc]
try:
    supervision.keep(int(count), run, ready=lambda: print("ready", flush=True))
except supervision.GaveUp as failed:
    print(failed)
    sys.exit(1)
