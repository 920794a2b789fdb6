"""Sandboxes on the wire: test merchants with credentials and data of their own, made and removed. Test mode only."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tillgate.core import credentials, currencies
from tillgate.core.credentials import Scope
from tillgate.core.fees import FeePlan
from tillgate.core.instants import SECOND, unix_seconds
from tillgate.core.merchants import DEMO_SHOP, SANDBOX_DISPUTE_FEES, SANDBOX_FEES
from tillgate.core.reasons import Reason, Refused
from tillgate.core.sandboxes import LONGEST, Terms
from tillgate.flows import sandboxes
from tillgate.flows.gateway import Answer
from tillgate.flows.sandboxes import Made, Shown
from tillgate.http.exchange import Reply
from tillgate.surfaces.v1.forms import ListGiven, ListShown
from tillgate.surfaces.v1.operations import Call, Nothing, answer, answered, assert_test_mode, operation, shown

_PATH = "/sandbox/merchants"

_Code = Annotated[str, Meta(min_length=3, max_length=3)]
_Fees = Annotated[dict[_Code, Annotated[int, Meta(ge=0, le=10**9)]], Meta(max_length=50)]


class FeePlanGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What processing costs: a part of what is captured, and once per payment an amount by currency."""

    basis_points: Annotated[int, Meta(ge=0, le=10_000)] = SANDBOX_FEES.basis_points
    fixed: _Fees = msgspec.field(default_factory=lambda: dict(SANDBOX_FEES.fixed))


class MerchantGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the merchant is to be like. Without more it is as any other in the sandbox, and stays."""

    name: Annotated[str, Meta(min_length=1, max_length=100)] = "Sandbox"
    fee_plan: FeePlanGiven = msgspec.field(default_factory=FeePlanGiven)
    dispute_fees: _Fees = msgspec.field(default_factory=lambda: dict(SANDBOX_DISPUTE_FEES))
    settlement_days: Annotated[int, Meta(ge=0, le=30)] = DEMO_SHOP.settlement_days
    expires_in: Annotated[int, Meta(ge=1, le=LONGEST // SECOND)] | None = None

    def parse(self) -> Terms:
        """The terms. Raises Refused(PARAMETER_INVALID) for a name with nothing in it, CURRENCY_UNKNOWN."""
        name = self.name.strip()
        if not name or not name.isprintable():
            raise Refused(Reason.PARAMETER_INVALID, "name", problem="it takes 1 to 100 printable characters")
        return Terms(
            name=name,
            fee_plan=FeePlan(self.fee_plan.basis_points, _by_currency(self.fee_plan.fixed, "fee_plan.fixed")),
            dispute_fees=_by_currency(self.dispute_fees, "dispute_fees"),
            settlement_days=self.settlement_days,
            lasts=None if self.expires_in is None else self.expires_in * SECOND,
        )


def _by_currency(fees: dict[str, int], field: str) -> dict[str, int]:
    return {currencies.parse(code, field): amount for code, amount in fees.items()}


class FeePlanShown(msgspec.Struct, frozen=True, kw_only=True):
    """What processing costs."""

    basis_points: int
    fixed: dict[str, int]


class MerchantShown(msgspec.Struct, frozen=True, kw_only=True):
    """A test merchant that you made. Its keys are shown when it is made, and never again."""

    id: str
    object: str = "merchant"
    name: str
    fee_plan: FeePlanShown
    dispute_fees: dict[str, int]
    settlement_days: int
    secret_key: str | UnsetType = UNSET
    publishable_key: str | UnsetType = UNSET
    public_token: str | UnsetType = UNSET
    private_token: str | UnsetType = UNSET
    escrow_public_key: str | UnsetType = UNSET
    escrow_private_key: str | UnsetType = UNSET
    expires_at: int | None
    created: int
    livemode: bool = False

    def __repr__(self) -> str:
        return f"MerchantShown({self.id})"


class MerchantDeletedShown(msgspec.Struct, frozen=True, kw_only=True):
    """A test merchant that is no more."""

    id: str
    object: str = "merchant"
    deleted: bool = True


def show(one: Shown, keys: Made | None = None) -> MerchantShown:
    """A sandbox in this API's form, with its keys where they are given."""
    sandbox, tenant = one.sandbox, one.tenant
    escrow_public, escrow_private = credentials.halves(keys.escrow_keys) if keys else (UNSET, UNSET)
    return MerchantShown(
        id=tenant.id,
        name=tenant.name,
        fee_plan=FeePlanShown(basis_points=tenant.fee_plan.basis_points, fixed=tenant.fee_plan.fixed),
        dispute_fees=tenant.dispute_fees,
        settlement_days=tenant.settlement_days,
        secret_key=keys.secret_key if keys else UNSET,
        publishable_key=keys.publishable_key if keys else UNSET,
        public_token=keys.public_token if keys else UNSET,
        private_token=keys.private_token if keys else UNSET,
        escrow_public_key=escrow_public,
        escrow_private_key=escrow_private,
        expires_at=None if sandbox.expires_at is None else unix_seconds(sandbox.expires_at),
        created=unix_seconds(sandbox.created),
    )


@operation("POST", _PATH, Scope.ALL, MerchantGiven, MerchantShown)
async def create(call: Call) -> Reply:
    """Make a test merchant, alone with its data, with keys of its own that are shown this once. Test mode only."""
    assert_test_mode(call)

    async def render(made: Made) -> Answer:
        return await answer(call, show(Shown(made.sandbox, made.tenant), made))

    return answered(await sandboxes.make(call.gateway, call.caller, call.key, call.given.parse(), render))


@operation("GET", _PATH, Scope.ALL, ListGiven, ListShown[MerchantShown])
async def page(call: Call) -> Reply:
    """The test merchants that you made and that are still there, newest first. Test mode only."""
    found = await sandboxes.page(call.gateway, call.caller, call.given.cursor("ten"))
    data = [show(one) for one in found.sandboxes]
    return await shown(call, ListShown(url=_PATH, has_more=found.has_more, data=data))


@operation("GET", _PATH + "/{id}", Scope.ALL, Nothing, MerchantShown)
async def fetch(call: Call) -> Reply:
    """A test merchant that you made, without its keys. Test mode only."""
    return await shown(call, show(await sandboxes.fetch(call.gateway, call.caller, call.id)))


@operation("DELETE", _PATH + "/{id}", Scope.ALL, Nothing, MerchantDeletedShown)
async def delete(call: Call) -> Reply:
    """Remove a test merchant that you made: its keys are refused at once, and all of its data goes. Test mode only."""
    await sandboxes.remove(call.gateway, call.caller, call.id)
    return await shown(call, MerchantDeletedShown(id=call.id))


OPERATIONS = (create, page, fetch, delete)
