"""Runs: contenders measured in turns, so that whatever else the machine does falls on all of them alike."""

import os
import statistics
from collections.abc import Callable, Mapping

import msgspec

from bench import load, machine, processes
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


def of_server(server: Server, ask: Callable[[str, float], load.Report], database: int | None = None) -> Measure:
    """Measures `ask(address, seconds)` against a server, whose database is the process `database`."""

    def measure(seconds: float) -> Run:
        others = machine.busy_percent()
        load_average = os.getloadavg()[0]
        used, used_by_database = processes.cpu_seconds(server.process), _cpu(database)
        report = ask(server.address, seconds)
        return Run(
            per_second=report.per_second,
            p50=report.p50 / 1e3,
            p99=report.p99 / 1e3,
            cpu=round((processes.cpu_seconds(server.process) - used) / report.requests * 1e6),
            database_cpu=round((_cpu(database) - used_by_database) / report.requests * 1e6),
            failed=len(report.refused) + report.failed,
            others_percent=others,
            load_average=load_average,
        )

    return measure


def median(runs: list[Run], field: str) -> float:
    """The median of a field over runs."""
    values: list[float] = [getattr(run, field) for run in runs]
    return statistics.median(values)


def ratio(runs: list[Run], reference: list[Run]) -> float:
    """How much faster `runs` are than `reference`: the median over rounds, whose runs stood side by side."""
    return statistics.median(one.per_second / other.per_second for one, other in zip(runs, reference, strict=True))


def _cpu(process: int | None) -> float:
    return 0.0 if process is None else processes.cpu_seconds(process)
