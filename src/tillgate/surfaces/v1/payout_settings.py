"""Payout settings on the wire: how often payouts are made without being asked for."""

from typing import Annotated

import msgspec
from msgspec import Meta

from tillgate.core.credentials import Scope
from tillgate.core.payout_settings import Interval, PayoutSettings, Weekday
from tillgate.flows import payout_settings
from tillgate.flows.gateway import Answer
from tillgate.http.exchange import Reply
from tillgate.surfaces.v1.operations import Call, Nothing, answer, answered, operation, shown

_PATH = "/v1/payout_settings"


class PayoutSettingsGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to be different."""

    interval: Interval | None = None
    weekly_anchor: Weekday | None = None
    monthly_anchor: Annotated[int, Meta(ge=1, le=31)] | None = None


class PayoutSettingsShown(msgspec.Struct, frozen=True, kw_only=True):
    """How often payouts are made, each from midnight (UTC) on, and after how many days money is available."""

    object: str = "payout_settings"
    interval: Interval
    weekly_anchor: Weekday
    monthly_anchor: int
    settlement_days: int
    livemode: bool


def _show(call: Call, settings: PayoutSettings) -> PayoutSettingsShown:
    return PayoutSettingsShown(
        interval=settings.interval,
        weekly_anchor=settings.weekly_anchor,
        monthly_anchor=settings.monthly_anchor,
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

    async def rendered(settings: PayoutSettings) -> Answer:
        return await answer(call, _show(call, settings))

    answer_given = await payout_settings.update(
        call.gateway, call.caller, call.key, given.interval, given.weekly_anchor, given.monthly_anchor, rendered
    )
    return answered(answer_given)


OPERATIONS = (fetch, update)
