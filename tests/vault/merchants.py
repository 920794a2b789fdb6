"""Merchants whom tests send tokens to: with the sandbox's keys, and with certificates of their own."""

import hashlib
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from tests.vault import vaults
from tillgate.core.cards import Card, Wallet
from tillgate.core.instants import DAY
from tillgate.core.reasons import Reason, Refused
from tillgate.core.wallets import Opened
from tillgate.sandbox.devices import Devices
from tillgate.vault.wallets import apple, google, reading

WALL = 20_500 * DAY
CARD = Card.parse("4242424242424242", 12, 2034, name="Ada Lovelace")
TENANT = "ten_1"

Token = dict[str, Any]


def devices(seed: int = 0) -> Devices:
    """The devices of a vault with a key of its own."""
    return Devices(lambda *parts: hashlib.sha256(repr((seed, parts)).encode()).digest(), vaults.seeded(seed))


DEVICES = devices()
APPLE = DEVICES.apple_key(TENANT)
GOOGLE = DEVICES.google_key(TENANT)


def open_apple(token: object, key: apple.Key = APPLE, wall: int = WALL, data: bytes | None = None) -> Opened:
    """What an Apple Pay token holds for one key."""
    return apple.open(reading.opened(token), (key,), wall, data)


def open_google(token: object, key: google.Key = GOOGLE, wall: int = WALL) -> Opened:
    """What a Google Pay token holds for one key."""
    return google.open(reading.opened(token), (key,), wall)


def reason(wallet: Wallet, token: object, **how: Any) -> Reason | None:
    """Why a token is refused, or None where it opens."""
    try:
        (open_apple if wallet is Wallet.APPLE_PAY else open_google)(token, **how)
    except Refused as refused:
        return refused.reason
    return None


def pem(key: apple.Key | google.Key) -> str:
    """A private key as a file holds it."""
    return key.private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def certificate_pem(certificate: x509.Certificate) -> str:
    """A certificate as a file holds it."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
