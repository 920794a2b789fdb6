"""Processes: what a server and its children use of processor and memory."""

import contextlib
import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def children(process: int) -> list[int]:
    """The living children of a process."""
    return [int(child) for child in _read(process, f"task/{process}/children").split()]


def cpu_seconds(process: int) -> float:
    """The processor time that a process and its children have used, those that are gone included."""
    while True:
        living = children(process)
        # A child that ends meanwhile would be counted twice, or not at all.
        with contextlib.suppress(FileNotFoundError):
            ticks = sum(_times(process)) + sum(sum(_times(child)[:2]) for child in living)
            if children(process) == living:
                return ticks / _TICKS


def peak_megabytes(process: int) -> float:
    """The most memory that a process, or one of its children, ever held resident."""
    return max(_peak_kilobytes(each) for each in (process, *children(process))) / 1024


def _times(process: int) -> list[int]:
    """User and system time of a process, then of the children that it has waited for, in ticks."""
    return [int(word) for word in _read(process, "stat").rpartition(")")[2].split()[11:15]]


def _peak_kilobytes(process: int) -> int:
    peaks = (line for line in _read(process, "status").splitlines() if line.startswith("VmHWM:"))
    return int(next(peaks, "VmHWM: 0").split()[1])


def _read(process: int, name: str) -> str:
    return Path(f"/proc/{process}/{name}").read_text()
