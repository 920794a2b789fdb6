"""What commands share: the options that say where the data lies, and plain sentences for what goes wrong."""

import contextlib
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from tillgate import settings
from tillgate.clock import SystemClock
from tillgate.core.instants import DAY, HOUR, MINUTE, SECOND, Duration, Instant
from tillgate.settings import SettingInvalid, Settings
from tillgate.store.migrate import Unfit, Unreachable
from tillgate.store.sqlite import InUse
from tillgate.supervision import GaveUp
from tillgate.vault.key_encryption import KeyUnusable

F = TypeVar("F", bound=Callable[..., None])

_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_SPAN = re.compile(r"([0-9]{1,5})([smhd])", re.ASCII)


def where(command: F) -> F:
    """The options that say where the data lies."""
    command = click.option("--data", type=click.Path(path_type=Path), help="Data directory (TILLGATE_DATA).")(command)
    return click.option("--database", help="postgresql:// URL (TILLGATE_DATABASE); SQLite without.")(command)


def chosen_settings(**given: object) -> Settings:
    """The settings of the environment and of the options, or the end with a sentence that names the wrong one."""
    try:
        return settings.from_environment(os.environ, **given)
    except SettingInvalid as invalid:
        stop(str(invalid))


@contextlib.contextmanager
def plainly(chosen: Settings) -> Iterator[None]:
    """What can go wrong with what was set is told in a sentence that names the setting."""
    try:
        yield
    except InUse as taken:
        stop(f"{taken} is served by another process. Stop it, or use PostgreSQL for several.")
    except GaveUp as failed:
        stop(str(failed), 1)
    except (Unfit, KeyUnusable, SettingInvalid) as unfit:
        stop(str(unfit))
    except Unreachable as why:
        place = "TILLGATE_DATABASE (--database)" if chosen.database else f"{chosen.data} (TILLGATE_DATA, --data)"
        stop(f"cannot use the database at {place}: {why}")
    except OSError as failure:
        place = failure.filename or f"{chosen.host}:{chosen.port} (TILLGATE_HOST, TILLGATE_PORT)"
        stop(f"cannot serve from {place}: {failure.strerror or failure}")


def stop(message: str, status: int = 2) -> NoReturn:
    """End with a sentence on standard error."""
    click.echo(f"tillgate: {message}", err=True)
    sys.exit(status)


class Span(click.ParamType[Duration]):
    """A length of time: `90s`, `30m`, `24h`, `7d`."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Duration:
        """See click.ParamType."""
        if not isinstance(value, str):
            return int(value)
        found = _SPAN.fullmatch(value.strip())
        if found is None:
            self.fail(f"{value!r} is no length of time such as 90s, 30m, 24h or 7d", param, ctx)
        return int(found[1]) * _UNITS[found[2]]


class Moment(click.ParamType[Instant]):
    """A moment: a length of time from now (`90d`), or a date or time in UTC (`2030-01-31`, `2030-01-31T12:00`)."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Instant:
        """See click.ParamType."""
        if not isinstance(value, str):
            return int(value)
        if _SPAN.fullmatch(value.strip()):
            return SystemClock().wall() + Span().convert(value, param, ctx)
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            self.fail(f"{value!r} is neither a length of time such as 90d nor a date such as 2030-01-31", param, ctx)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()) * SECOND


def shown(instant: Instant | None) -> str:
    """A moment for a person to read, in UTC; a dash for none."""
    return "-" if instant is None else datetime.fromtimestamp(instant // SECOND, UTC).strftime("%Y-%m-%d %H:%M:%S")


def table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Print columns as wide as what is in them."""
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    for row in (heads, *rows):
        click.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
