import base64
import struct

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from tests.vault import vaults
from tests.vault.vaults import SEALING, WALL, KeysInMemory
from tillgate.core.instants import DAY
from tillgate.vault import envelope
from tillgate.vault.data_keys import DataKey, Purpose, UnknownDataKey
from tillgate.vault.envelope import Envelope, Unsealable

pytestmark = pytest.mark.anyio

ROW = ("ten_1", "pm_1")

SEALED_LONG_AGO = bytes.fromhex("0100000007dcdddedfe0e1e2e3e4e5e6e7943aa5989e8b8ce3dd52b76b5403e6215e472895")
ITS_KEY = DataKey(
    id=7,
    purpose="card",
    wrapped=bytes.fromhex(
        "c8c9cacbcccdcecfd0d1d2d3751d07bceea5914b185171d16e77996794f29adf"
        "7c12d25f91d4459e5a10296aa6390644ecb33cd7ca09ed44342411b2"
    ),
    kek_id="e883cc46567f6b67",
    created=1_728_000_000_000_000,
)
"""Both made with nothing but AES-GCM from its parts."""


def decrypted(key: bytes, nonce: bytes, ciphertext: bytes, about: bytes) -> bytes:
    """AES-GCM from its parts, without the class that the vault uses."""
    context = Cipher(algorithms.AES256(key), modes.GCM(nonce, ciphertext[-16:])).decryptor()
    context.authenticate_additional_data(about)
    return context.update(ciphertext[:-16]) + context.finalize()


def lengths_first(*parts: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


@given(plaintext=st.binary(max_size=1000), purpose=st.sampled_from(SEALING), row=st.tuples(st.text(), st.text()))
async def test_what_was_sealed_opens(plaintext: bytes, purpose: Purpose, row: tuple[str, str]) -> None:
    envelope = await vaults.envelope()
    sealed = envelope.seal(plaintext, purpose=purpose, bound_to=row)
    assert envelope.open(sealed, purpose=purpose, bound_to=row) == plaintext
    assert len(sealed) == 1 + 4 + 12 + len(plaintext) + 16


async def test_the_same_is_never_sealed_alike() -> None:
    envelope = await vaults.envelope()
    sealed = [envelope.seal(b"same", purpose=Purpose.CARD, bound_to=ROW) for _ in range(1000)]
    assert len({each[5:17] for each in sealed}) == 1000


async def test_every_bit_counts() -> None:
    envelope = await vaults.envelope()
    sealed = envelope.seal(b"4242424242424242", purpose=Purpose.CARD, bound_to=ROW)
    for bit in range(8 * len(sealed)):
        flipped = bytearray(sealed)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Unsealable) as caught:
            await envelope.open_loading(bytes(flipped), purpose=Purpose.CARD, bound_to=ROW)
        assert "4242" not in str(caught.value)


async def test_every_byte_counts() -> None:
    envelope = await vaults.envelope()
    sealed = envelope.seal(b"x", purpose=Purpose.CARD, bound_to=ROW)
    for length in range(len(sealed)):
        with pytest.raises(Unsealable):
            envelope.open(sealed[:length], purpose=Purpose.CARD, bound_to=ROW)
    with pytest.raises(Unsealable):
        envelope.open(sealed + b"\0", purpose=Purpose.CARD, bound_to=ROW)


@pytest.mark.parametrize(
    ("purpose", "row"),
    [
        (Purpose.CARD, ("ten_2", "pm_1")),
        (Purpose.CARD, ("ten_1", "pm_2")),
        (Purpose.CARD, ("ten_1p", "m_1")),
        (Purpose.CARD, ("ten_1", "pm_1", "")),
        (Purpose.CARD, ("ten_1",)),
        (Purpose.CVC, ROW),
    ],
)
async def test_what_was_sealed_opens_nowhere_else(purpose: Purpose, row: tuple[str, ...]) -> None:
    envelope = await vaults.envelope()
    sealed = envelope.seal(b"x", purpose=Purpose.CARD, bound_to=ROW)
    with pytest.raises(Unsealable):
        envelope.open(sealed, purpose=purpose, bound_to=row)


async def test_other_keys_do_not_open_it() -> None:
    sealed = (await vaults.envelope(seed=1)).seal(b"x", purpose=Purpose.CARD, bound_to=ROW)
    with pytest.raises(Unsealable):
        (await vaults.envelope(seed=2)).open(sealed, purpose=Purpose.CARD, bound_to=ROW)


async def test_what_was_sealed_long_ago_opens() -> None:
    store = KeysInMemory()
    store.keys[ITS_KEY.id] = ITS_KEY
    keys = await vaults.opened(store)
    assert Envelope(keys).open(SEALED_LONG_AGO, purpose=Purpose.CARD, bound_to=ROW) == b"4242"


async def test_the_format_is_as_documented() -> None:
    """Opens by hand: the data key with the key-encryption key, then the envelope with the data key."""
    store = KeysInMemory()
    sealed = Envelope(await vaults.opened(store)).seal(b"4242", purpose=Purpose.CARD, bound_to=ROW)
    version, key_id, nonce, ciphertext = *struct.unpack(">BI", sealed[:5]), sealed[5:17], sealed[17:]
    assert (version, key_id) == (1, 1)
    stored = store.keys[1]
    about = lengths_first(b"data key", b"1", b"card", str(WALL).encode())
    data_key = decrypted(vaults.SECRET, stored.wrapped[:12], stored.wrapped[12:], about)
    about = sealed[:5] + lengths_first(b"card", b"ten_1", b"pm_1")
    assert decrypted(data_key, nonce, ciphertext, about) == b"4242"


async def test_a_key_that_another_process_made_is_loaded_when_it_is_needed() -> None:
    store = KeysInMemory()
    here, there = await vaults.opened(store, seed=1), await vaults.opened(store, seed=2)
    await there.turn_over(WALL + 30 * DAY)
    sealed = Envelope(there).seal(b"x", purpose=Purpose.CARD, bound_to=ROW)

    envelope = Envelope(here)
    with pytest.raises(UnknownDataKey):
        envelope.open(sealed, purpose=Purpose.CARD, bound_to=ROW)
    loads = store.loads
    for _ in range(2):
        assert await envelope.open_loading(sealed, purpose=Purpose.CARD, bound_to=ROW) == b"x"
    assert store.loads == loads + 1


@given(st.integers(1, 2**32 - 1), st.integers(1, 2**32 - 1), st.binary(min_size=12, max_size=40))
def test_the_base64_of_an_envelope_tells_its_data_key(key_id: int, other: int, rest: bytes) -> None:
    written = base64.b64encode(struct.pack(">BI", 1, key_id) + rest).decode()
    assert written.startswith(envelope.beginnings(key_id))
    assert other == key_id or not written.startswith(envelope.beginnings(other))


async def test_what_is_sealed_again_is_the_same_under_the_key_in_use() -> None:
    keys = await vaults.opened()
    sealing = Envelope(keys)
    sealed = sealing.seal(b"x", purpose=Purpose.CARD, bound_to=ROW)
    await keys.renew(WALL + 1)
    again = await sealing.reseal(sealed, purpose=Purpose.CARD, bound_to=ROW)
    assert struct.unpack_from(">I", again, 1) == (keys.in_use(Purpose.CARD),) != struct.unpack_from(">I", sealed, 1)
    assert sealing.open(again, purpose=Purpose.CARD, bound_to=ROW) == b"x"
    with pytest.raises(Unsealable):
        await sealing.reseal(sealed, purpose=Purpose.CARD, bound_to=("ten_1", "pm_2"))
