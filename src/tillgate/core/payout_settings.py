"""Payout settings: how often a merchant is paid out without asking."""

import calendar
import enum
from datetime import UTC, date, datetime, timedelta

import msgspec

from tillgate.core.decisions import Decision
from tillgate.core.instants import DAY, SECOND, Instant
from tillgate.core.occasions import Occasion
from tillgate.core.records import Record, evolve
from tillgate.core.timers import Timer, TimerKind

ID = "payout_settings"


class Interval(enum.StrEnum):
    """How often."""

    MANUAL = "manual"
    """Only when asked."""
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class Weekday(enum.StrEnum):
    """A day of the week."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class PayoutSettings(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A schedule: on `weekly_anchor`, or on the day `monthly_anchor` of the month, or its last if that is earlier.

    By currency, `minimums` (minor units) is what there has to be for the schedule to pay it out, and `destinations` the
    bank account of whatever names none.
    """

    SHAPE = 2

    interval: Interval = Interval.MANUAL
    weekly_anchor: Weekday = Weekday.MONDAY
    monthly_anchor: int = 1
    minimums: dict[str, int] = {}
    destinations: dict[str, str] = {}


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be different. Of minimums and destinations, each currency that is named; nothing takes it off."""

    interval: Interval | None = None
    weekly_anchor: Weekday | None = None
    monthly_anchor: int | None = None
    minimums: dict[str, int | None] = {}
    destinations: dict[str, str | None] = {}


def of(tenant: str) -> PayoutSettings:
    """Those of a merchant who has set nothing."""
    return PayoutSettings(tenant=tenant, id=ID)


def changed(settings: PayoutSettings, change: Change) -> PayoutSettings:
    """The settings with what is to be different."""
    minimums = {**settings.minimums, **change.minimums}
    destinations = {**settings.destinations, **change.destinations}
    return evolve(
        settings,
        interval=change.interval or settings.interval,
        weekly_anchor=change.weekly_anchor or settings.weekly_anchor,
        monthly_anchor=change.monthly_anchor or settings.monthly_anchor,
        minimums={currency: least for currency, least in minimums.items() if least},
        destinations={currency: id for currency, id in destinations.items() if id},
    )


def without(settings: PayoutSettings, account: str) -> PayoutSettings:
    """The settings once an account is gone."""
    left = {currency: id for currency, id in settings.destinations.items() if id != account}
    return evolve(settings, destinations=left)


def keep(settings: PayoutSettings, occasion: Occasion) -> Decision:
    """Go by these from now on."""
    return Decision(save=(settings,), schedule=(timer(settings, occasion),))


def timer(settings: PayoutSettings, occasion: Occasion) -> Timer:
    """What pays out next, or takes that off."""
    return Timer(settings.tenant, TimerKind.PAY_OUT, ID, next_at(settings, occasion.now))


def next_at(settings: PayoutSettings, now: Instant) -> Instant | None:
    """The next midnight (UTC) at which the schedule has something paid out; None where it never does."""
    today = datetime.fromtimestamp(now // SECOND, UTC).date()
    match settings.interval:
        case Interval.MANUAL:
            return None
        case Interval.DAILY:
            return _midnight(today + timedelta(days=1))
        case Interval.WEEKLY:
            ahead = (list(Weekday).index(settings.weekly_anchor) - today.weekday() - 1) % 7 + 1
            return _midnight(today + timedelta(days=ahead))
        case Interval.MONTHLY:
            day = _in_month(today, settings.monthly_anchor)
            following = today.replace(day=1) + timedelta(days=31)
            return _midnight(day if day > today else _in_month(following, settings.monthly_anchor))


def _in_month(day: date, anchor: int) -> date:
    return day.replace(day=min(anchor, calendar.monthrange(day.year, day.month)[1]))


def _midnight(day: date) -> Instant:
    return (day.toordinal() - date(1970, 1, 1).toordinal()) * DAY
