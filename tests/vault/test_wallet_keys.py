"""A merchant's wallet keys: checked when they are handed in, sealed, and good for the tokens that are for them."""

import json
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from tests.vault import merchants, recorded, vaults
from tests.vault.merchants import DEVICES, GOOGLE, TENANT, WALL
from tillgate.core.cards import Wallet
from tillgate.core.instants import DAY, SECOND
from tillgate.core.reasons import Reason, Refused
from tillgate.core.wallets import WalletKey
from tillgate.vault.envelope import Unsealable
from tillgate.vault.wallets import apple
from tillgate.vault.wallets.keys import Wallets

pytestmark = pytest.mark.anyio

RECORDED = recorded.apple_pay()
RECORDED_WALL = RECORDED["wall_seconds"] * SECOND
ROOTS = msgspec.json.encode(GOOGLE.roots).decode()


async def vault(seed: int = 0) -> Wallets:
    return Wallets(await vaults.envelope(seed))


def kept_apple(wallets: Wallets, wall: int = RECORDED_WALL, id: str = "wk_1", **changes: Any) -> WalletKey:
    given = {
        "merchant_id": RECORDED["merchant_id"],
        "certificate": RECORDED["certificate"],
        "private_key": RECORDED["private_key"],
        "root": RECORDED["root"],
        "is_live": False,
    }
    return wallets.keep_apple(tenant=TENANT, id=id, now=5, wall=wall, **{**given, **changes})


def kept_google(wallets: Wallets, id: str = "wk_2", **changes: Any) -> WalletKey:
    given = {
        "merchant_id": "merchant:sandbox",
        "private_key": merchants.pem(GOOGLE),
        "root_keys": ROOTS,
        "gateway_merchant_id": None,
    }
    return wallets.keep_google(tenant=TENANT, id=id, now=5, wall=WALL, **{**given, **changes})


def sandbox_root() -> str:
    return merchants.certificate_pem(DEVICES.apple_key(TENANT).root)


def pem_of(key: Any, password: bytes | None = None) -> str:
    how = BestAvailableEncryption(password) if password else NoEncryption()
    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how).decode())


async def test_a_kept_key_opens_what_is_for_it() -> None:
    wallets = await vault()
    key = kept_apple(wallets)
    opened = await wallets.open(Wallet.APPLE_PAY, RECORDED["token"], [key], RECORDED_WALL)
    assert opened.card.number.digits == RECORDED["opened"]["number"]
    assert key.fingerprint == RECORDED["token"]["header"]["publicKeyHash"]
    assert key.expires_at == RECORDED["expires_seconds"] * SECOND


async def test_a_key_of_googles_opens_what_is_for_it() -> None:
    wallets = await vault()
    key = kept_google(wallets)
    token = DEVICES.google_pay(TENANT, merchants.CARD, WALL)
    assert (await wallets.open(Wallet.GOOGLE_PAY, token, [key], WALL)).card.number == merchants.CARD.number
    assert kept_google(wallets, merchant_id="sandbox").merchant_id == "merchant:sandbox"


async def test_a_kept_key_shows_nothing_of_its_private_part_and_opens_in_its_place_alone() -> None:
    wallets = await vault()
    key = kept_google(wallets)
    assert GOOGLE.private.private_numbers().private_value.to_bytes(32, "big") not in key.sealed
    token = DEVICES.google_pay(TENANT, merchants.CARD, WALL)
    for moved in (
        kept_google(wallets, id="wk_3").sealed,
        kept_google(await vault(seed=1)).sealed,
        key.sealed[:-1] + bytes([key.sealed[-1] ^ 1]),
    ):
        with pytest.raises(Unsealable):
            await wallets.open(Wallet.GOOGLE_PAY, token, [msgspec.structs.replace(key, sealed=moved)], WALL)


@pytest.mark.parametrize("wallet", list(Wallet))
async def test_without_a_key_no_token_is_read(wallet: Wallet) -> None:
    with pytest.raises(Refused) as refused:
        await (await vault()).open(wallet, "{", [], WALL)
    assert refused.value.reason is Reason.WALLET_NOT_CONFIGURED


P384 = pem_of(ec.generate_private_key(ec.SECP384R1()))
RSA = pem_of(rsa.generate_private_key(65_537, 2_048))
OTHER = ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"certificate": ""}, "certificate"),
        ({"certificate": "é"}, "certificate"),
        ({"certificate": RECORDED["private_key"]}, "certificate"),
        ({"certificate": apple.ROOT}, "certificate"),
        ({"certificate": sandbox_root()}, "private_key"),
        ({"private_key": ""}, "private_key"),
        ({"private_key": "é"}, "private_key"),
        ({"private_key": RECORDED["certificate"]}, "private_key"),
        ({"private_key": P384}, "private_key"),
        ({"private_key": RSA}, "private_key"),
        ({"private_key": pem_of(OTHER)}, "private_key"),
        ({"private_key": pem_of(OTHER, b"secret")}, "private_key"),
        ({"merchant_id": "merchant.com.other"}, "merchant_id"),
        ({"merchant_id": ""}, "merchant_id"),
        ({"root": "x"}, "root"),
        ({"root": sandbox_root(), "is_live": True}, "root"),
        ({"wall": RECORDED_WALL + 1_000 * DAY}, "certificate"),
        ({"wall": RECORDED_WALL - 10 * DAY}, "certificate"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_an_apple_key_that_cannot_be_used_is_refused_by_name(changes: dict[str, Any], field: str) -> None:
    wallets = await vault()
    with pytest.raises(Refused) as refused:
        kept_apple(wallets, **changes)
    assert (refused.value.reason, refused.value.field) == (Reason.PARAMETER_INVALID, field)
    assert "PRIVATE" not in str(refused.value.detail)


async def test_a_certificate_that_names_no_merchant_is_refused() -> None:
    root = DEVICES.apple_key(TENANT).root
    key = pem_of(DEVICES._private(TENANT, "apple root"))
    with pytest.raises(Refused) as refused:
        kept_apple(await vault(), WALL, certificate=merchants.certificate_pem(root), private_key=key)
    assert refused.value.field == "certificate"
    assert "payment processing" in str(refused.value.detail["problem"])


async def test_in_test_mode_a_key_may_trust_any_root() -> None:
    key = kept_apple(await vault(), root=sandbox_root(), is_live=False)
    assert x509.load_der_x509_certificate(key.trust).subject == DEVICES.apple_key(TENANT).root.subject


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"merchant_id": ""}, "merchant_id"),
        ({"merchant_id": "merchant:"}, "merchant_id"),
        ({"merchant_id": "shop:7"}, "merchant_id"),
        ({"merchant_id": "gateway:tillgate"}, "gateway_merchant_id"),
        ({"gateway_merchant_id": "bookshop"}, "merchant_id"),
        ({"private_key": "x"}, "private_key"),
        ({"private_key": P384}, "private_key"),
        ({"root_keys": ""}, "root_keys"),
        ({"root_keys": "{}"}, "root_keys"),
        ({"root_keys": '{"keys": []}'}, "root_keys"),
        ({"root_keys": '{"keys": [{"keyValue": "AAAA", "protocolVersion": "ECv2"}]}'}, "root_keys"),
        ({"root_keys": ROOTS.replace('"407', '"x07')}, "root_keys"),
        ({"root_keys": ROOTS.replace("ECv", "ECx")}, "root_keys"),
        ({"root_keys": "[" * 10_000}, "root_keys"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_google_key_that_cannot_be_used_is_refused_by_name(changes: dict[str, Any], field: str) -> None:
    wallets = await vault()
    with pytest.raises(Refused) as refused:
        kept_google(wallets, **changes)
    assert (refused.value.reason, refused.value.field) == (Reason.PARAMETER_INVALID, field)


async def test_root_keys_that_are_all_over_are_refused() -> None:
    over = json.dumps({"keys": [{**json.loads(ROOTS)["keys"][1], "keyExpiration": str(WALL // 1_000)}]})
    with pytest.raises(Refused) as refused:
        kept_google(await vault(), root_keys=over)
    assert "valid now" in str(refused.value.detail["problem"])
