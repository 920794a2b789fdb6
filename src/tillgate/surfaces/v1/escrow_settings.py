"""Escrow settings on the wire: on which terms orders are held, and where the merchant is told of them."""

import enum
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tillgate.core.credentials import Scope
from tillgate.core.escrow_settings import CommissionMeans, EscrowSettings
from tillgate.core.instants import DAY
from tillgate.core.reasons import Refused
from tillgate.flows import escrow_settings
from tillgate.flows.escrow_settings import Set
from tillgate.flows.gateway import Answer
from tillgate.http.exchange import Reply
from tillgate.surfaces.v1.operations import Call, Nothing, answer, answered, operation, shown

_PATH = "/v1/escrow_settings"

_Days = Annotated[int, Meta(ge=1, le=365)]
_Pair = Annotated[str, Meta(min_length=6, max_length=6)]
_Rate = Annotated[str, Meta(min_length=1, max_length=24)]
_Rates = Annotated[dict[_Pair, _Rate], Meta(max_length=50)]
_Address = Annotated[str, Meta(max_length=2_048)]


class NotificationFormat(enum.StrEnum):
    """How notifications are written."""

    MULTIPART = "multipart"
    JSON = "json"


class EscrowDaysGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """After how many days what happens by itself does; what is left out stays as it is."""

    delivery: _Days | None = None
    response: _Days | None = None
    inspection: _Days | None = None
    second_delivery: _Days | None = None
    dispute: _Days | None = None
    decision: _Days | None = None


class EscrowSettingsGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to be different, for orders that are opened from now on."""

    callback_url: _Address | UnsetType | None = UNSET
    notification_format: NotificationFormat | None = None
    commission_means: CommissionMeans | None = None
    exchange_rates: _Rates | None = None
    days: EscrowDaysGiven | None = None


class EscrowDaysShown(msgspec.Struct, frozen=True, kw_only=True):
    """After how many days what happens by itself does."""

    delivery: int
    response: int
    inspection: int
    second_delivery: int
    dispute: int
    decision: int


class EscrowFeeShown(msgspec.Struct, frozen=True, kw_only=True):
    """What holding the money costs: a part of what is the seller's, by currency at least and at most so much."""

    basis_points: int
    minimum_amounts: dict[str, int]
    maximum_amounts: dict[str, int]


class EscrowSettingsShown(msgspec.Struct, frozen=True, kw_only=True):
    """On which terms the money of orders is held, and where you are told of them."""

    object: str = "escrow_settings"
    callback_url: str | None
    notification_format: NotificationFormat
    notification_secret: str | UnsetType = UNSET
    commission_means: CommissionMeans
    exchange_rates: dict[str, str]
    days: EscrowDaysShown
    escrow_fee: EscrowFeeShown
    provider_fees: dict[str, int]
    livemode: bool

    def __repr__(self) -> str:
        return "EscrowSettingsShown(…)"


def _show(call: Call, settings: EscrowSettings, secret: str | None = None) -> EscrowSettingsShown:
    fee = settings.escrow_fee
    days = {name: getattr(settings.patience, name) // DAY for name in EscrowDaysShown.__struct_fields__}
    return EscrowSettingsShown(
        callback_url=settings.callback_url,
        notification_format=NotificationFormat.JSON if settings.is_json else NotificationFormat.MULTIPART,
        notification_secret=UNSET if secret is None else secret,
        commission_means=settings.commission_means,
        exchange_rates=settings.rates,
        days=EscrowDaysShown(**days),
        escrow_fee=EscrowFeeShown(
            basis_points=fee.basis_points, minimum_amounts=_lower(fee.least), maximum_amounts=_lower(fee.most)
        ),
        provider_fees=_lower(settings.provider_fee),
        livemode=call.tenant.is_live,
    )


def _lower(amounts: dict[str, int]) -> dict[str, int]:
    return {currency.lower(): amount for currency, amount in amounts.items()}


@operation("GET", _PATH, Scope.PAYOUTS_READ, Nothing, EscrowSettingsShown)
async def fetch(call: Call) -> Reply:
    """On which terms the money of orders is held."""
    return await shown(call, _show(call, await escrow_settings.fetch(call.gateway, call.tenant.id)))


@operation("POST", _PATH, Scope.PAYOUTS_WRITE, EscrowSettingsGiven, EscrowSettingsShown)
async def update(call: Call) -> Reply:
    """Have orders held on other terms, or be told elsewhere. What signs for a new address is shown this once."""
    given: EscrowSettingsGiven = call.given

    async def rendered(made: Set) -> Answer:
        return await answer(call, _show(call, made.settings, made.secret))

    changes = await _changes(call, given)
    try:
        return answered(await escrow_settings.set(call.gateway, call.caller, call.key, changes, rendered))
    except Refused as refused:
        field = (refused.field or "").replace("url", "callback_url").replace("rates", "exchange_rates")
        raise Refused(refused.reason, field or None, **refused.detail) from None


async def _changes(call: Call, given: EscrowSettingsGiven) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if given.callback_url is not UNSET:
        changes["callback_url"] = given.callback_url or None
    if given.notification_format is not None:
        changes["is_json"] = given.notification_format is NotificationFormat.JSON
    if given.commission_means is not None:
        changes["commission_means"] = given.commission_means
    if given.exchange_rates is not None:
        changes["rates"] = {pair.upper(): rate for pair, rate in given.exchange_rates.items()}
    if given.days is not None:
        patience = (await escrow_settings.fetch(call.gateway, call.tenant.id)).patience
        days = {name: value * DAY for name, value in msgspec.structs.asdict(given.days).items() if value is not None}
        changes["patience"] = msgspec.structs.replace(patience, **days)
    return changes


OPERATIONS = (fetch, update)
