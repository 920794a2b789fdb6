import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vault import vaults
from tests.vault.vaults import KEK, WALL, KeysInMemory
from tillgate.core.instants import DAY
from tillgate.vault.data_keys import DataKeys, Purpose
from tillgate.vault.envelope import Envelope, Unsealable
from tillgate.vault.secrets import Secrets

pytestmark = pytest.mark.anyio

REQUEST = ("POST", "/v1/payments", "cred_1", b'{"amount":1000}')


def over(keys: DataKeys) -> Secrets:
    return Secrets(Envelope(keys), keys.for_digests(Purpose.IDEMPOTENCY))


@given(status=st.integers(100, 599), body=st.binary())
async def test_a_reply_is_repeated_as_it_was(status: int, body: bytes) -> None:
    secrets = over(await vaults.opened())
    sealed = secrets.seal_reply("ten_1", "digest", status, body)
    assert await secrets.open_reply("ten_1", "digest", sealed) == (status, body)


async def test_a_reply_is_not_given_for_another_key_or_tenant() -> None:
    secrets = over(await vaults.opened())
    sealed = secrets.seal_reply("ten_1", "digest", 200, b"sk_live_shown_once")
    assert b"sk_live" not in sealed
    for tenant, digest in (("ten_2", "digest"), ("ten_1", "other")):
        with pytest.raises(Unsealable) as caught:
            await secrets.open_reply(tenant, digest, sealed)
        assert "sk_live" not in str(caught.value)


async def test_a_request_is_told_from_every_other() -> None:
    secrets = over(await vaults.opened())
    method, path, principal, body = REQUEST
    different = [
        REQUEST,
        ("PUT", path, principal, body),
        (method, path + "/", principal, body),
        (method + path[:3], path[3:], principal, body),
        (method, path + "c", principal[1:], body),
        (method, path, "cred_2", body),
        (method, path, principal, b'{"amount":1001}'),
        (method, path, principal + "{", body[1:]),
    ]
    assert len({secrets.request_fingerprint(*request) for request in different}) == len(different)
    assert secrets.request_fingerprint(*REQUEST) == secrets.request_fingerprint(*REQUEST)


async def test_keys_are_digested_with_what_they_are_unique_in() -> None:
    secrets = over(await vaults.opened())
    different = [
        ("ten_1", "key"),
        ("ten_2", "key"),
        ("ten_1k", "ey"),
        ("ten_1", "v1", "key"),
        ("ten_1", "key2"),
    ]
    assert len({secrets.key_digest(*parts) for parts in different}) == len(different)
    as_request = secrets.request_fingerprint("a", "b", "c", b"d")
    assert secrets.key_digest("a", "b", "c", "d") != as_request


async def test_a_repeat_is_recognized_by_other_processes_and_after_years() -> None:
    store = KeysInMemory()
    first = over(await vaults.opened(store, seed=1))
    later = over(await vaults.opened(store, seed=2, wall=WALL + 3650 * DAY))
    assert later.request_fingerprint(*REQUEST) == first.request_fingerprint(*REQUEST)
    assert later.key_digest("ten_1", "key") == first.key_digest("ten_1", "key")
    stranger = over(await vaults.opened(seed=3))
    assert stranger.request_fingerprint(*REQUEST) != first.request_fingerprint(*REQUEST)


async def test_a_fingerprint_is_hmac_sha256_under_the_idempotency_key() -> None:
    store = KeysInMemory()
    secrets = over(await vaults.opened(store))
    stored = next(key for key in store.keys.values() if key.purpose == "idempotency")
    about = b"".join(
        len(part).to_bytes(4, "big") + part
        for part in (b"data key", str(stored.id).encode(), b"idempotency", str(WALL).encode())
    )
    key = KEK.unwrap(stored.wrapped, about, KEK.id)
    message = b"\0\0\0\3key\0\0\0\5ten_1\0\0\0\1k"
    assert secrets.key_digest("ten_1", "k") == hmac.digest(key, message, "sha256").hex()
