"""The sandbox's devices on the wire: they give a test merchant's page what Apple's and Google's scripts give it."""

import enum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from tillgate.core.cards import Wallet
from tillgate.core.credentials import Scope
from tillgate.http.exchange import Reply
from tillgate.surfaces.v1.forms import CardGiven, application_data
from tillgate.surfaces.v1.operations import Call, assert_test_mode, operation, shown


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
    gateway = call.gateway
    token = gateway.devices.apple_pay(call.tenant.id, given.card.parse(), gateway.clock.wall(), data)
    return await shown(call, WalletTokenShown(type=Wallet.APPLE_PAY, token=token))


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
    gateway = call.gateway
    token = gateway.devices.google_pay(
        call.tenant.id,
        given.card.parse(),
        gateway.clock.wall(),
        given.protocol_version.value,
        is_tokenized=given.auth_method is AuthMethod.CRYPTOGRAM_3DS,
    )
    return await shown(call, WalletTokenShown(type=Wallet.GOOGLE_PAY, token=token))


OPERATIONS = (apple_pay, google_pay)
