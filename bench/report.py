"""The report: a table of figures and ratios, what was aimed at, and all of it as JSON."""

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from bench import check, deliveries, intents, pages, payments, runs, sizes
from bench.runs import Run

RESULTS = Path(__file__).with_name("results")


class Aim(msgspec.Struct, frozen=True):
    """Something aimed at, what was measured, and whether that is enough."""

    what: str
    measured: str
    met: bool


class Report(msgspec.Struct, kw_only=True):
    """Everything that was measured, and on what."""

    taken_at: str
    machine: dict[str, Any]
    postgresql: dict[str, str]
    of_payments: payments.Result | None = None
    of_intents: payments.Result | None = None
    of_pages: pages.Result | None = None
    of_deliveries: deliveries.Result | None = None
    of_sizes: dict[str, sizes.Result] = {}
    of_starts: dict[str, list[float]] = {}

    def aims(self) -> list[Aim]:
        """What the project promises of its speed, beside what was measured here."""
        return [
            *_aims_of_payments(self.of_payments),
            *_aims_of_intents(self.of_intents),
            *_aims_of_pages(self.of_pages),
            *_aims_of_deliveries(self.of_deliveries),
            *_aims_of_sizes(self.of_sizes),
            *_aims_of_starts(self.of_starts),
        ]

    def wrong(self) -> list[str]:
        """Everything that must never be: unanswered requests, books that do not agree, lists without an index."""
        return [
            *_wrong_of_payments(self.of_payments),
            *_wrong_of_payments(self.of_intents),
            *_wrong_of_pages(self.of_pages),
            *_wrong_of_deliveries(self.of_deliveries),
            *_wrong_of_sizes(self.of_sizes),
        ]

    def text(self) -> str:
        """The report for people."""
        machine = self.machine
        durable = ", ".join(f"{name} {value}" for name, value in self.postgresql.items())
        lines = [
            f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gigabytes']} GB,"
            f" Linux {machine['kernel']}, Python {machine['python']}, fsync {machine['fsync_microseconds']} µs",
            f"PostgreSQL {durable}",
        ]
        if self.of_payments:
            lines += ["", *_payments(self.of_payments)]
        if self.of_intents:
            lines += ["", *_intents(self.of_intents)]
        if self.of_pages:
            lines += ["", *_pages(self.of_pages)]
        if self.of_deliveries:
            lines += ["", *_deliveries(self.of_deliveries)]
        for engine, result in self.of_sizes.items():
            lines += ["", *_sizes(engine, result)]
        if self.of_starts:
            lines += ["", "Seconds to ready on a migrated database (median, slowest)"]
            lines += [f"  {name:<36} {median(took):>6.2f} {max(took):>6.2f}" for name, took in self.of_starts.items()]
        lines += ["", "Aims"]
        lines += [f"  {'met   ' if aim.met else 'MISSED'} {aim.what:<62} {aim.measured}" for aim in self.aims()]
        lines += ["", *(f"WRONG  {wrong}" for wrong in self.wrong())] if self.wrong() else []
        return "\n".join(lines)

    def save(self) -> Path:
        """Write it as JSON, under the time at which it was taken."""
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{self.taken_at.replace(':', '')}.json"
        plain = {**msgspec.to_builtins(self), "aims": msgspec.to_builtins(self.aims()), "wrong": self.wrong()}
        path.write_bytes(msgspec.json.format(msgspec.json.encode(plain)))
        return path


def now() -> str:
    """The time, as reports are named by it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _payments(result: payments.Result) -> Iterator[str]:
    yield (
        f"{'New payments, medians':<36} {'a second':>9} {'p50 ms':>8} {'p99 ms':>8} {'× pgbench':>10} {'× bare':>7}"
        f" {'server µs':>10} {'database µs':>12} {'MB':>5} {'others %':>9}"
    )
    for name, taken in result.runs.items():
        megabytes = result.megabytes.get(name)
        yield (
            f"  {name:<34} {runs.median(taken, 'per_second'):>9,.0f} {runs.median(taken, 'p50'):>8.1f}"
            f" {runs.median(taken, 'p99'):>8.1f} {runs.ratio(taken, result.runs[payments.PGBENCH]):>10.2f}"
            f" {runs.ratio(taken, result.runs[payments.BARE]):>7.3f} {runs.median(taken, 'cpu'):>10.0f}"
            f" {runs.median(taken, 'database_cpu'):>12.0f} {f'{megabytes:.0f}' if megabytes else '':>5}"
            f" {runs.median(taken, 'others_percent'):>9.0f}"
        )
    for name, found in result.checked.items():
        yield f"  {name}: " + (", ".join(f"{count:,} {what}" for what, count in found.counts.items()))


def _intents(result: payments.Result) -> Iterator[str]:
    yield f"{'Succeeded on PostgreSQL, medians':<40} {'a second':>9} {'× payments':>11} {'server µs':>10}"
    for name, taken in result.runs.items():
        yield (
            f"  {name:<38} {runs.median(taken, 'per_second'):>9,.0f}"
            f" {runs.ratio(taken, result.runs[intents.PAYMENTS]):>11.2f} {runs.median(taken, 'cpu'):>10.0f}"
        )


def _pages(result: pages.Result) -> Iterator[str]:
    yield f"{'Pages answered, medians':<40} {'a second':>9} {'p50 ms':>8} {'p99 ms':>8} {'× bare':>7} {'server µs':>10}"
    for name, taken in result.runs.items():
        yield (
            f"  {name:<38} {runs.median(taken, 'per_second'):>9,.0f} {runs.median(taken, 'p50'):>8.1f}"
            f" {runs.median(taken, 'p99'):>8.1f} {runs.ratio(taken, result.runs[pages.BARE]):>7.3f}"
            f" {runs.median(taken, 'cpu'):>10.0f}"
        )
    yield (
        f"  first paint {median(result.paints):.0f} ms after the answer, {max(result.paints):.0f} at the slowest;"
        f" of the bare server's {median(result.bare_paints):.0f}"
    )
    yield f"  {median(result.bytes):,.0f} bytes transferred"


def _deliveries(result: deliveries.Result) -> Iterator[str]:
    yield "Deliveries a second, one worker process, to a receiver on this machine"
    for engine, alone in result.alone.items():
        yield f"  {engine:<34} {alone.per_second:>9,.0f}   {alone.cpu} µs of its CPU each"
    for name, taken in result.runs.items():
        yield f"  {name:<34} {runs.median(taken, 'per_second'):>9,.0f} payments a second"
    yield (
        f"  after a burst of {result.events:,} events {result.behind:,} were not delivered yet;"
        f" all were {result.caught_up_seconds:.1f} s later"
    )


def _sizes(engine: str, result: sizes.Result) -> Iterator[str]:
    yield (
        f"{f'{engine}, answers a second, medians':<36} {f'{result.few:,}':>10} {f'{result.many:,}':>10} {'ratio':>7}"
        f" {'p99 ms':>8} {'p99 ms':>8} {'others %':>9}"
    )
    for asked, (few, many) in result.runs.items():
        yield (
            f"  {asked:<34} {runs.median(few, 'per_second'):>10,.0f} {runs.median(many, 'per_second'):>10,.0f}"
            f" {runs.ratio(many, few):>7.2f} {runs.median(few, 'p99'):>8.1f} {runs.median(many, 'p99'):>8.1f}"
            f" {runs.median([*few, *many], 'others_percent'):>9.0f}"
        )
    for found in sorted(result.plans.ranges):
        yield f"  index range: {found}"


def _aims_of_payments(result: payments.Result | None) -> Iterator[Aim]:
    if result is None:
        return
    on_postgres = [name for name in (payments.ONE, payments.TWO) if name in result.runs]
    best = max(on_postgres, key=lambda name: runs.median(result.runs[name], "per_second"))
    rate = runs.median(result.runs[best], "per_second")
    ratio = runs.ratio(result.runs[best], result.runs[payments.PGBENCH])
    slowest = runs.median(result.runs[best], "p99")
    which = best.rpartition(", ")[2]
    yield Aim("PostgreSQL: at least 1,500 payments a second", f"{rate:,.0f} ({which})", rate >= 1_500)
    yield Aim("PostgreSQL: 2,300 payments a second", f"{rate:,.0f} ({which})", rate >= 2_300)
    yield Aim("PostgreSQL: p99 at most 100 ms", f"{slowest:.0f} ms ({which})", slowest <= 100)
    yield Aim("PostgreSQL: at least as fast as pgbench", f"{ratio:.2f} × ({which})", ratio >= 1)
    if payments.SQLITE in result.runs:
        rate = runs.median(result.runs[payments.SQLITE], "per_second")
        yield Aim("SQLite: at least 1,000 payments a second", f"{rate:,.0f}", rate >= 1_000)
    peak = max(result.megabytes.values())
    yield Aim("under 150 MB a process", f"{peak:.0f} MB", peak < 150)


def _aims_of_intents(result: payments.Result | None) -> Iterator[Aim]:
    if result is not None:
        for name in (intents.INTENTS, intents.AT_ONCE):
            ratio = runs.ratio(result.runs[name], result.runs[intents.PAYMENTS])
            yield Aim(f"{name}: 0.6 × as many as payments", f"{ratio:.2f} ×", ratio >= 0.6)


def _aims_of_pages(result: pages.Result | None) -> Iterator[Aim]:
    if result is not None:
        for name in (pages.PAGE, pages.SQLITE):
            rate = runs.median(result.runs[name], "per_second")
            yield Aim(f"{name}: at least 300 a second", f"{rate:,.0f}", rate >= 300)
        weight, paint = median(result.bytes), median(result.paints)
        yield Aim("the page: under 60 kB transferred", f"{weight / 1_000:.1f} kB", weight < 60_000)
        yield Aim("the page: first paint within 100 ms of the answer", f"{paint:.0f} ms", paint <= 100)


def _aims_of_deliveries(result: deliveries.Result | None) -> Iterator[Aim]:
    if result is not None:
        for engine, alone in result.alone.items():
            rate = alone.per_second
            yield Aim(f"{engine}: at least 1,000 deliveries a second by one worker", f"{rate:,.0f}", rate >= 1_000)


def _aims_of_sizes(results: dict[str, sizes.Result]) -> Iterator[Aim]:
    for engine, result in results.items():
        for asked, ratio in result.ratios().items():
            yield Aim(f"{engine}: {asked}, 0.9 × as fast when full", f"{ratio:.2f} ×", ratio >= 0.9)


def _aims_of_starts(starts: dict[str, list[float]]) -> Iterator[Aim]:
    for name, took in starts.items():
        yield Aim(f"{name}: ready in under 2 s", f"{median(took):.2f} s", median(took) < 2)


def _wrong_of_payments(result: payments.Result | None) -> Iterator[str]:
    if result is not None:
        for name, taken in result.runs.items():
            yield from _failed(name, taken)
        yield from _wrong(result.checked)


def _wrong_of_pages(result: pages.Result | None) -> Iterator[str]:
    if result is not None:
        for name, taken in result.runs.items():
            yield from _failed(name, taken)


def _wrong_of_deliveries(result: deliveries.Result | None) -> Iterator[str]:
    if result is not None:
        for name, taken in result.runs.items():
            yield from _failed(name, taken)


def _wrong_of_sizes(results: dict[str, sizes.Result]) -> Iterator[str]:
    for engine, result in results.items():
        for asked, pair in result.runs.items():
            for taken in pair:
                yield from _failed(f"{engine}: {asked}", taken)
        yield from _wrong(result.checked)
        yield from (f"{engine}: not an index range: {plan}" for plan in sorted(result.plans.wrong))


def _failed(name: str, taken: list[Run]) -> Iterator[str]:
    if failed := sum(run.failed for run in taken):
        yield f"{name}: {failed} requests were not answered with 200"


def _wrong(checked: dict[str, check.Found]) -> Iterator[str]:
    for name, found in checked.items():
        for what, (count, example) in found.wrong.items():
            yield f"{name}: {what}: {count:,}, as {example}"
