"""Runs: contenders measured in turns, so that whatever else the machine does falls on all of them alike."""

import os
import statistics
from collections.abc import Callable, Mapping

import msgspec

from bench import machine, processes
from bench.load import Load
from bench.server import Server


class Run(msgspec.Struct, frozen=True):
    """One measurement. Times are milliseconds; CPU is microseconds of the server's processes for one answer.

    `failed` counts answers other than 200 and connections that broke; `others_percent` is how busy the machine was with
    other work right before, `load_average` that of the last minute.
    """

    per_second: float
    p50: float
    p99: float
    cpu: int
    database_cpu: int
    failed: int
    others_percent: int
    load_average: float


Measure = Callable[[float], Run]
"""Measures for so many seconds."""


def interleaved(
    contenders: Mapping[str, Measure], rounds: int, seconds: float, warm_up_seconds: float
) -> dict[str, list[Run]]:
    """Each contender's runs, one in every round, in the same order; a first run of each is thrown away."""
    for measure in contenders.values():
        measure(warm_up_seconds)
    runs: dict[str, list[Run]] = {name: [] for name in contenders}
    for number in range(1, rounds + 1):
        for name, measure in contenders.items():
            run = measure(seconds)
            runs[name].append(run)
            print(
                f"  {number}/{rounds}  {name:<40} {run.per_second:>8,.0f}/s   p99 {run.p99:>7.1f} ms"
                f"   {f'FAILED {run.failed}' if run.failed else ''}",
                flush=True,
            )
    return runs


def of_server(server: Server, ask: Load, database: int | None = None, *, paid: bool = False) -> Measure:
    """Measures `ask(address, seconds)` against a server, whose database is the process `database`.

    What counts is answers, or payments that succeeded where they are what is `paid`; so does the processor's time.
    """

    def measure(seconds: float) -> Run:
        watch = Watch(server.process, database)
        report = ask(server.address, seconds)
        failed = len(report.refused) + report.failed
        if paid:
            return watch.run(report.paid_per_second, report.p50, report.p99, len(report.acknowledged), failed)
        return watch.run(report.per_second, report.p50, report.p99, report.requests, failed)

    return measure


class Watch:
    """Looks at the machine right before a run, and at what the run used of it: give it the processes that work."""

    def __init__(self, server: int | None, database: int | None) -> None:
        self._others = machine.busy_percent()
        self._load_average = os.getloadavg()[0]
        self._processes = (server, database)
        self._used = self._cpu_seconds()

    def run(self, per_second: float, p50: int, p99: int, answers: int, failed: int = 0) -> Run:
        """The run, now that it is over; the two times are microseconds."""
        cpu, database_cpu = (
            round((now - then) / max(1, answers) * 1e6)
            for now, then in zip(self._cpu_seconds(), self._used, strict=True)
        )
        return Run(
            per_second=per_second,
            p50=p50 / 1e3,
            p99=p99 / 1e3,
            cpu=cpu,
            database_cpu=database_cpu,
            failed=failed,
            others_percent=self._others,
            load_average=self._load_average,
        )

    def _cpu_seconds(self) -> list[float]:
        return [processes.cpu_seconds(process) if process else 0.0 for process in self._processes]


def median(runs: list[Run], field: str) -> float:
    """The median of a field over runs."""
    values: list[float] = [getattr(run, field) for run in runs]
    return statistics.median(values)


def ratio(runs: list[Run], reference: list[Run]) -> float:
    """How much faster `runs` are than `reference`: the median over rounds, whose runs stood side by side."""
    return statistics.median(one.per_second / other.per_second for one, other in zip(runs, reference, strict=True))
