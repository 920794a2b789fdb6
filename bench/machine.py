"""The machine on which figures were taken, and what else it was busy with."""

import os
import platform
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

_BLOCK = b"\0" * 8192
_WRITES = 200


def described() -> dict[str, Any]:
    """Processor, cores, memory, kernel, and how long this disk takes to make a write durable."""
    return {
        "processor": _field("/proc/cpuinfo", "model name") or platform.processor(),
        "cores": os.cpu_count(),
        "memory_gigabytes": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "fsync_microseconds": fsync_microseconds(),
        "load_average": os.getloadavg()[0],
    }


def fsync_microseconds() -> int:
    """The median time to write 8 kB and fdatasync it, as a database's log does."""
    took: list[float] = []
    with tempfile.TemporaryFile() as file:
        for _ in range(_WRITES):
            began = time.perf_counter()
            os.pwrite(file.fileno(), _BLOCK, 0)
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - began)
    return round(statistics.median(took) * 1e6)


def busy_percent(seconds: float = 0.3) -> int:
    """How busy the processors are right now: before a run starts, with others' work."""
    idle, total = _jiffies()
    time.sleep(seconds)
    idle_then, total_then = _jiffies()
    return round(100 * (1 - (idle_then - idle) / max(1, total_then - total)))


def _jiffies() -> tuple[int, int]:
    numbers = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    return numbers[3] + numbers[4], sum(numbers[:8])


def _field(path: str, name: str) -> str:
    for line in Path(path).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""
