"""The benchmarks: `make bench`, or `make bench ARGS="--quick"`; sections by name (`ARGS="payments starts"`)."""

import argparse
import sys
import tempfile
from pathlib import Path

from bench import cluster, deliveries, intents, machine, pages, payments, report, sizes, starts, stories

SECTIONS = ("payments", "intents", "pages", "deliveries", "sizes", "starts")
QUICK = ("payments", "starts")
ENGINES = ("PostgreSQL", "SQLite")


def main() -> int:
    """Run what was asked for, print the report and save it; 1 where anything was wrong that is not about speed."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="section", help=f"of {', '.join(SECTIONS)}; all of them without")
    parser.add_argument("--quick", action="store_true", help="under two minutes: PostgreSQL with one process only")
    parser.add_argument("--rounds", type=int, help="measurements of each contender, of which the median counts")
    parser.add_argument("--seconds", type=float, help="how long one measurement lasts")
    parser.add_argument("--payments", type=int, default=1_000_000, help="how many are many (sizes)")
    parser.add_argument("--engine", action="append", choices=ENGINES, help="of which database (sizes); both without")
    given = parser.parse_args()
    if unknown := set(given.sections) - set(SECTIONS):
        parser.error(f"there is no section {', '.join(sorted(unknown))}")
    sections = given.sections or (QUICK if given.quick else SECTIONS)
    rounds = given.rounds or (2 if given.quick else 5)
    with tempfile.TemporaryDirectory(prefix="tillgate-bench-") as name, cluster.running() as running:
        folder = Path(name)
        found = report.Report(
            taken_at=report.now(),
            machine=machine.described(),
            postgresql={"version": cluster.version(running), **cluster.durability(running), **cluster.SETTINGS},
        )
        if "starts" in sections:
            _announce("Starts")
            found.of_starts = starts.measure(running, folder, times=rounds)
        if "payments" in sections:
            _announce("Payments")
            contenders = (payments.ONE,) if given.quick else (payments.ONE, payments.TWO, payments.SQLITE)
            seconds = given.seconds or (6 if given.quick else 10)
            found.of_payments = payments.measure(running, folder, contenders, rounds=rounds, seconds=seconds)
        if "intents" in sections:
            _announce("Intents")
            found.of_intents = intents.measure(running, folder, rounds=rounds, seconds=given.seconds or 10)
        if "pages" in sections:
            _announce("Pages")
            found.of_pages = pages.measure(running, folder, rounds=rounds, seconds=given.seconds or 10)
        if "deliveries" in sections:
            _announce("Deliveries")
            found.of_deliveries = deliveries.measure(running, folder, rounds=rounds, seconds=given.seconds or 10)
        if "sizes" in sections:
            told = stories.lived(folder / "stories")
            for engine in given.engine or ENGINES:
                _announce(f"Sizes, {engine}")
                found.of_sizes[engine] = sizes.measure(
                    running if engine == "PostgreSQL" else None,
                    *(told, folder / engine, 10_000, given.payments),
                    rounds=rounds,
                    seconds=given.seconds or 3,
                )
    print(f"\n{found.text()}\n\n{found.save()}")
    return 1 if found.wrong() else 0


def _announce(section: str) -> None:
    print(section, flush=True)


if __name__ == "__main__":
    sys.exit(main())
