"""The metrics: what happens in this process, counted for Prometheus; the processes of one server count as one.

Labels are few, and none is an id, a name that a client chose, or about a person.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import msgspec

from tillgate import __version__

# The library decides while it is imported, by the environment, whether values are shared among processes.
if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
    from prometheus_client.metrics import MetricWrapperBase

    M = TypeVar("M", bound=MetricWrapperBase)
else:
    M = TypeVar("M")

CONTENT_TYPE: Final = b"text/plain; version=0.0.4; charset=utf-8"

_SHARED: Final = "PROMETHEUS_MULTIPROC_DIR"
_PREFIX: Final = "metrics-"
_FAST: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SLOW: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 45)
_SIZES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Level(msgspec.Struct, frozen=True):
    """How high something stands just now: the name and the meaning of a gauge, and its value."""

    name: str
    meaning: str
    value: float


def request(operation: str, status: int, seconds: float) -> None:
    """A request was answered. `operation` is the method and the route's template."""
    _all().requests.of(operation, str(status)).observe(seconds)


def bank_answered(bank: str, kind: str, outcome: str, seconds: float) -> None:
    """A bank was asked (a kind of attempt, or `inquire`), and said so, or how its answer was lost."""
    _all().banks.of(bank, kind, outcome).observe(seconds)


def attempt_moved(bank: str, kind: str, state: str, reason: str) -> None:
    """An attempt came to a state, for a reason where there is one."""
    _all().attempts.of(bank, kind, state, reason).inc()


def batch(size: int, seconds: float) -> None:
    """So many decisions were committed together, and took so long, waits for a database that was away included."""
    metrics = _all()
    metrics.batch_sizes.of().observe(size)
    metrics.batch_seconds.of().observe(seconds)


def batch_failed(how: str) -> None:
    """A transaction did nothing and is run again (`again`), may have been committed (`unknown`), or was given up."""
    _all().batch_failures.of(how).inc()


def delivery(result: str, seconds: float) -> None:
    """A webhook was sent, and taken, refused, or not answered after so long."""
    _all().deliveries.of(result).observe(seconds)


def delivery_lag(seconds: float) -> None:
    """A webhook was first sent so long after its event."""
    _all().delivery_lags.of().observe(seconds)


def browser_reported(directive: str) -> None:
    """A browser reports that it refused something on a page, by the directive of the policy that forbade it."""
    _all().browser_reports.of(directive).inc()


def loop_lag(seconds: float) -> None:
    """Something that was due in the event loop came so late."""
    _all().loop_lags.of().observe(seconds)


def worker_serves() -> None:
    """This process takes requests."""
    _all().workers.of().set(1)


def exposition(levels: Iterable[Level]) -> bytes:
    """All of it in Prometheus's text format, with the levels of this moment."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.core import GaugeMetricFamily
    from prometheus_client.multiprocess import MultiProcessCollector

    class Levels:
        def collect(self) -> Iterator[GaugeMetricFamily]:
            built = GaugeMetricFamily("tillgate_build_info", "The release that answers.", labels=["version"])
            built.add_metric([__version__], 1)
            yield built
            for level in levels:
                yield GaugeMetricFamily(level.name, level.meaning, value=level.value)

    counted = _all().registry
    if directory := os.environ.get(_SHARED):
        counted = CollectorRegistry()
        MultiProcessCollector(counted, directory)  # type: ignore[no-untyped-call]
    now = CollectorRegistry()
    now.register(Levels())
    return generate_latest(counted) + generate_latest(now)


@contextmanager
def shared(data: Path) -> Iterator[None]:
    """Have the processes that are forked while this is entered count as one; to be entered before anything counts.

    Values lie in a directory of their own, which ends with the server; what a killed one left is taken away here.
    """
    for left in data.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError), _held(left):
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=data, ignore_cleanup_errors=True) as made, _held(Path(made)):
        os.environ[_SHARED] = made
        try:
            yield
        finally:
            del os.environ[_SHARED]


def worker_gone(pid: int) -> None:
    """A process of this server has ended: what it counted stays, what it was does not."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(pid)  # type: ignore[no-untyped-call]


@contextmanager
def _held(directory: Path) -> Iterator[None]:
    """A lock on a directory, which ends with its process. Raises BlockingIOError where somebody else has it."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


class _Series(Generic[M]):
    """A metric with its series at hand by their labels: to have them looked up costs more than to count."""

    def __init__(self, metric: M, *, labeled: bool = True) -> None:
        self._metric = metric
        self._series: dict[tuple[str, ...], M] = {} if labeled else {(): metric}

    def of(self, *labels: str) -> M:
        series = self._series.get(labels)
        if series is None:
            series = self._series[labels] = self._metric.labels(*labels)
        return series


class _Metrics(msgspec.Struct, frozen=True):
    registry: "CollectorRegistry"
    requests: "_Series[Histogram]"
    banks: "_Series[Histogram]"
    attempts: "_Series[Counter]"
    batch_sizes: "_Series[Histogram]"
    batch_seconds: "_Series[Histogram]"
    batch_failures: "_Series[Counter]"
    deliveries: "_Series[Histogram]"
    delivery_lags: "_Series[Histogram]"
    browser_reports: "_Series[Counter]"
    loop_lags: "_Series[Histogram]"
    workers: "_Series[Gauge]"


@cache
def _all() -> _Metrics:
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()

    def histogram(name: str, meaning: str, labels: tuple[str, ...], buckets: tuple[float, ...]) -> _Series[Histogram]:
        made = Histogram(f"tillgate_{name}", meaning, labels, buckets=buckets, registry=registry)
        return _Series(made, labeled=bool(labels))

    def counter(name: str, meaning: str, labels: tuple[str, ...]) -> _Series[Counter]:
        return _Series(Counter(f"tillgate_{name}", meaning, labels, registry=registry))

    workers = Gauge("tillgate_workers", "Processes that take requests.", registry=registry, multiprocess_mode="livesum")
    return _Metrics(
        registry=registry,
        requests=histogram(
            "http_request_seconds", "Requests, by operation and status.", ("operation", "status"), _FAST
        ),
        banks=histogram(
            "bank_seconds", "Questions to banks, by what came of them.", ("bank", "kind", "outcome"), _SLOW
        ),
        attempts=counter("attempts", "Attempts that came to a state.", ("bank", "kind", "state", "reason")),
        batch_sizes=histogram("commit_batch_decisions", "Decisions committed together.", (), _SIZES),
        batch_seconds=histogram("commit_batch_seconds", "How long a batch took to be durable.", (), _FAST),
        batch_failures=counter("commit_failures", "Batches that were not committed at once.", ("how",)),
        deliveries=histogram("delivery_seconds", "Webhooks sent, by result.", ("result",), _SLOW),
        delivery_lags=histogram(
            "delivery_lag_seconds", "From an event to its first delivery.", (), (*_SLOW, 300, 3600)
        ),
        browser_reports=counter("browser_reports", "What browsers refused on pages of ours.", ("directive",)),
        loop_lags=histogram("event_loop_lag_seconds", "How late the event loop was.", (), _FAST),
        workers=_Series(workers, labeled=False),
    )
