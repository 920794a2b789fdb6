"""Payout settings on the wire: how often payouts are made without being asked for."""

from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from tillgate.core import currencies
from tillgate.core.credentials import Scope
from tillgate.core.payout_settings import Change, Interval, PayoutSettings, Weekday
from tillgate.flows import payout_settings
from tillgate.flows.gateway import Answer
from tillgate.http.exchange import Reply
from tillgate.surfaces.v1.forms import ShortText
from tillgate.surfaces.v1.operations import Call, Nothing, answer, answered, operation, shown

T = TypeVar("T")

_PATH = "/v1/payout_settings"


_Code = Annotated[str, Meta(min_length=3, max_length=3)]
_Minimums = Annotated[dict[_Code, Annotated[int, Meta(ge=0)] | None], Meta(max_length=50)]
_Destinations = Annotated[dict[_Code, ShortText | None], Meta(max_length=50)]


class PayoutSettingsGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to be different."""

    interval: Interval | None = None
    weekly_anchor: Weekday | None = None
    monthly_anchor: Annotated[int, Meta(ge=1, le=31)] | None = None
    minimum_amounts: _Minimums | None = None
    destinations: _Destinations | None = None


class PayoutSettingsShown(msgspec.Struct, frozen=True, kw_only=True):
    """How often payouts are made, each from midnight (UTC) on, and after how many days money is available."""

    object: str = "payout_settings"
    interval: Interval
    weekly_anchor: Weekday
    monthly_anchor: int
    minimum_amounts: dict[str, int]
    destinations: dict[str, str]
    settlement_days: int
    livemode: bool


def _show(call: Call, settings: PayoutSettings) -> PayoutSettingsShown:
    return PayoutSettingsShown(
        interval=settings.interval,
        weekly_anchor=settings.weekly_anchor,
        monthly_anchor=settings.monthly_anchor,
        minimum_amounts={currency.lower(): least for currency, least in settings.minimums.items()},
        destinations={currency.lower(): id for currency, id in settings.destinations.items()},
        settlement_days=call.tenant.settlement_days,
        livemode=call.tenant.is_live,
    )


@operation("GET", _PATH, Scope.PAYOUTS_READ, Nothing, PayoutSettingsShown)
async def fetch(call: Call) -> Reply:
    """When payouts are made."""
    return await shown(call, _show(call, await payout_settings.fetch(call.gateway, call.caller)))


@operation("POST", _PATH, Scope.PAYOUTS_WRITE, PayoutSettingsGiven, PayoutSettingsShown)
async def update(call: Call) -> Reply:
    """Have payouts made by themselves, or only when they are asked for."""
    given: PayoutSettingsGiven = call.given
    change = Change(
        interval=given.interval,
        weekly_anchor=given.weekly_anchor,
        monthly_anchor=given.monthly_anchor,
        minimums=_by_currency(given.minimum_amounts or {}, "minimum_amounts"),
        destinations=_by_currency(given.destinations or {}, "destinations"),
    )

    async def rendered(settings: PayoutSettings) -> Answer:
        return await answer(call, _show(call, settings))

    return answered(await payout_settings.update(call.gateway, call.caller, call.key, change, rendered))


def _by_currency(given: dict[str, T], field: str) -> dict[str, T]:
    return {currencies.parse(currency, field): value for currency, value in given.items()}


OPERATIONS = (fetch, update)
