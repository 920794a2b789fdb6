"""The sandbox's devices on the wire: they give a test merchant's page what Apple's and Google's scripts give it."""

import enum
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from tillgate.core.cards import Wallet
from tillgate.core.credentials import Scope
from tillgate.flows import wallets
from tillgate.flows.gateway import Answer
from tillgate.http.exchange import Reply
from tillgate.surfaces.v1.forms import CardGiven, application_data
from tillgate.surfaces.v1.operations import Call, answer, answered, assert_test_mode, operation


class ProtocolVersion(enum.StrEnum):
    """The form of a Google Pay token."""

    ECV2 = "ECv2"
    ECV1 = "ECv1"


class AuthMethod(enum.StrEnum):
    """How a Google Pay card is authenticated: by a cryptogram of the device, or not at all."""

    CRYPTOGRAM_3DS = "CRYPTOGRAM_3DS"
    PAN_ONLY = "PAN_ONLY"


class ApplePayDeviceGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The card in the device; `application_data` (base64) is what a payment request has."""

    card: CardGiven
    application_data: Annotated[str, Meta(max_length=8 * 1024)] | None = None


class GooglePayDeviceGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The card in the wallet."""

    card: CardGiven
    protocol_version: ProtocolVersion = ProtocolVersion.ECV2
    auth_method: AuthMethod = AuthMethod.CRYPTOGRAM_3DS


class WalletTokenShown(msgspec.Struct, frozen=True, kw_only=True):
    """What a device gives a page for a payment: `token`, to be sent on unchanged."""

    object: str = "wallet_token"
    type: Wallet
    token: dict[str, Any]
    livemode: bool = False


@operation(
    "POST",
    "/sandbox/wallets/apple_pay",
    Scope.TOKENS_WRITE,
    ApplePayDeviceGiven,
    WalletTokenShown,
    cross_origin=True,
)
async def apple_pay(call: Call) -> Reply:
    """What a device with this card gives for an Apple Pay payment, another one each time. Test mode only."""
    given: ApplePayDeviceGiven = call.given
    assert_test_mode(call)
    data = None if given.application_data is None else application_data(given.application_data, "application_data")
    devices, card, wall = call.gateway.devices, given.card.parse(), call.gateway.clock.wall()
    mint = partial(devices.apple_pay, call.tenant.id, card, wall, data)
    return await _given(call, Wallet.APPLE_PAY, mint)


@operation(
    "POST",
    "/sandbox/wallets/google_pay",
    Scope.TOKENS_WRITE,
    GooglePayDeviceGiven,
    WalletTokenShown,
    cross_origin=True,
)
async def google_pay(call: Call) -> Reply:
    """What a wallet with this card gives for a Google Pay payment, another one each time. Test mode only."""
    given: GooglePayDeviceGiven = call.given
    assert_test_mode(call)
    devices, card, wall = call.gateway.devices, given.card.parse(), call.gateway.clock.wall()
    version, is_tokenized = given.protocol_version.value, given.auth_method is AuthMethod.CRYPTOGRAM_3DS
    mint = partial(devices.google_pay, call.tenant.id, card, wall, version, is_tokenized=is_tokenized)
    return await _given(call, Wallet.GOOGLE_PAY, mint)


async def _given(call: Call, wallet: Wallet, mint: Callable[[], dict[str, Any]]) -> Reply:
    async def render(token: dict[str, Any]) -> Answer:
        return await answer(call, WalletTokenShown(type=wallet, token=token))

    return answered(await wallets.of_device(call.gateway, call.caller, call.key, mint, render))


OPERATIONS = (apple_pay, google_pay)
