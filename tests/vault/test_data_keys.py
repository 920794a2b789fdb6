import pickle

import anyio
import msgspec
import pytest

from tests.vault import vaults
from tests.vault.vaults import KEK, SEALING, WALL, KeysInMemory
from tillgate.core.instants import DAY
from tillgate.vault import data_keys
from tillgate.vault.data_keys import PERMANENT, DataKey, DataKeys, Purpose
from tillgate.vault.envelope import Envelope
from tillgate.vault.key_encryption import KeyEncryptionKey, KeyUnusable

pytestmark = pytest.mark.anyio

ROW = ("ten_1", "pm_1")
OTHER_KEK = KeyEncryptionKey(bytes(32), comes_from_outside=True)


def key_in_use(keys: DataKeys, purpose: Purpose) -> int:
    return keys.for_sealing(purpose).id


async def test_every_purpose_has_a_key_of_its_own() -> None:
    store = KeysInMemory()
    keys = await vaults.opened(store)
    assert sorted(key.purpose for key in store.keys.values()) == sorted(Purpose)
    assert len({key_in_use(keys, purpose) for purpose in SEALING}) == len(SEALING)
    assert len({keys.for_digests(purpose).digest("x") for purpose in PERMANENT}) == len(PERMANENT)


async def test_a_later_start_finds_the_keys_as_they_were() -> None:
    store = KeysInMemory()
    before, after = await vaults.opened(store, seed=1), await vaults.opened(store, seed=2)
    assert len(store.keys) == len(Purpose)
    sealed = Envelope(before).seal(b"x", purpose=Purpose.CARD, bound_to=ROW)
    assert Envelope(after).open(sealed, purpose=Purpose.CARD, bound_to=ROW) == b"x"


@pytest.mark.parametrize("wall", [WALL, WALL + 30 * DAY], ids=["at the first start", "at a turnover"])
async def test_processes_that_need_a_key_at_once_agree_on_one(wall: int) -> None:
    store = KeysInMemory()
    if wall > WALL:
        await vaults.opened(store)
    made_before = len(store.keys)
    processes = [DataKeys(store, KEK, vaults.seeded(seed)) for seed in range(1, 6)]
    async with anyio.create_task_group() as group:
        for keys in processes:
            group.start_soon(keys.turn_over, wall)
    made = list(store.keys.values())[made_before:]
    assert sorted(key.purpose for key in made) == sorted(SEALING if made_before else Purpose)
    for purpose in SEALING:
        assert len({key_in_use(keys, purpose) for keys in processes}) == 1
        sealed = Envelope(processes[0]).seal(b"x", purpose=purpose, bound_to=ROW)
        assert Envelope(processes[4]).open(sealed, purpose=purpose, bound_to=ROW) == b"x"
    for purpose in PERMANENT:
        assert len({keys.for_digests(purpose).digest("x") for keys in processes}) == 1


async def test_a_key_seals_for_thirty_days_and_opens_for_ever() -> None:
    store = KeysInMemory()
    keys = await vaults.opened(store)
    first = key_in_use(keys, Purpose.CARD)
    sealed = Envelope(keys).seal(b"x", purpose=Purpose.CARD, bound_to=ROW)

    await keys.turn_over(WALL + 30 * DAY - 1)
    assert key_in_use(keys, Purpose.CARD) == first
    await keys.turn_over(WALL + 30 * DAY)
    assert key_in_use(keys, Purpose.CARD) != first

    later = await vaults.opened(store, seed=1, wall=WALL + 30 * DAY)
    assert key_in_use(later, Purpose.CARD) == key_in_use(keys, Purpose.CARD)
    await later.turn_over(WALL + 3650 * DAY)
    assert Envelope(later).open(sealed, purpose=Purpose.CARD, bound_to=ROW) == b"x"


async def test_a_key_that_sealed_often_enough_is_turned_over_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_keys, "SEALINGS_PER_KEY", 3)
    store = KeysInMemory()
    keys = await vaults.opened(store)
    envelope = Envelope(keys)
    sealed = [envelope.seal(b"x", purpose=Purpose.CARD, bound_to=ROW) for _ in range(2)]
    await keys.turn_over(WALL)
    assert len(store.keys) == len(Purpose)

    sealed += [envelope.seal(b"x", purpose=Purpose.CARD, bound_to=ROW) for _ in range(2)]
    await keys.turn_over(WALL)
    sealed.append(envelope.seal(b"x", purpose=Purpose.CARD, bound_to=ROW))
    assert [key.purpose for key in store.keys.values()].count(Purpose.CARD) == 2
    assert len(store.keys) == len(Purpose) + 1
    assert len({each[1:5] for each in sealed}) == 2
    assert len({each[1:5] for each in sealed[:4]}) == 1
    assert {envelope.open(each, purpose=Purpose.CARD, bound_to=ROW) for each in sealed} == {b"x"}


async def test_a_key_that_nobody_turns_over_stops_sealing_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert data_keys.MOST_SEALINGS == 2**32
    monkeypatch.setattr(data_keys, "MOST_SEALINGS", 2)
    keys = await vaults.opened()
    key_in_use(keys, Purpose.CARD)
    key_in_use(keys, Purpose.CARD)
    with pytest.raises(KeyUnusable, match="no fresh one"):
        key_in_use(keys, Purpose.CARD)


async def test_permanent_keys_are_never_turned_over() -> None:
    keys = await vaults.opened()
    before = [keys.for_digests(purpose).digest("x") for purpose in PERMANENT]
    await keys.turn_over(WALL + 3650 * DAY)
    assert [keys.for_digests(purpose).digest("x") for purpose in PERMANENT] == before


async def test_of_two_permanent_keys_the_first_one_counts() -> None:
    store = KeysInMemory()
    keys = await vaults.opened(store)
    second = keys._wrapped(len(store.keys) + 1, Purpose.FINGERPRINT, bytes(32), WALL)
    store.keys[second.id] = second
    again = await vaults.opened(store)
    before, after = keys.for_digests(Purpose.FINGERPRINT), again.for_digests(Purpose.FINGERPRINT)
    assert after.digest("x") == before.digest("x")


async def test_the_keys_of_a_newer_version_do_no_harm() -> None:
    store = KeysInMemory()
    keys = await vaults.opened(store)
    newer = keys._wrapped(len(store.keys) + 1, "purpose of tomorrow", bytes(32), WALL)
    store.keys[newer.id] = newer
    await keys.turn_over(WALL + 30 * DAY)
    assert key_in_use(keys, Purpose.CARD) > newer.id


async def test_a_wrong_key_encryption_key_is_named() -> None:
    store = KeysInMemory()
    await vaults.opened(store)
    with pytest.raises(KeyUnusable) as caught:
        await vaults.opened(store, OTHER_KEK)
    assert KEK.id in str(caught.value)
    assert OTHER_KEK.id in str(caught.value)
    assert len(store.keys) == len(Purpose)


@pytest.mark.parametrize(
    "change",
    [{"wrapped": b""}, {"wrapped": bytes(60)}, {"purpose": "cvc"}, {"created": WALL + 1}, {"id": 99}],
)
async def test_an_altered_data_key_is_refused(change: dict[str, object]) -> None:
    store = KeysInMemory()
    await vaults.opened(store)
    store.keys[1] = msgspec.structs.replace(store.keys[1], **change)
    with pytest.raises(KeyUnusable, match="altered"):
        await vaults.opened(store)


async def test_key_encryption_keys_take_turns() -> None:
    store = KeysInMemory()
    before = await vaults.opened(store)
    sealed = Envelope(before).seal(b"x", purpose=Purpose.CARD, bound_to=ROW)
    digests = [before.for_digests(purpose).digest("x") for purpose in PERMANENT]

    turned = KeyEncryptionKey(bytes(32), comes_from_outside=True, old=[vaults.SECRET])
    keys = await vaults.opened(store, turned)
    assert Envelope(keys).open(sealed, purpose=Purpose.CARD, bound_to=ROW) == b"x"
    await keys.turn_over(WALL + 30 * DAY)
    assert {key.kek_id for key in store.keys.values()} == {KEK.id, turned.id}

    rewrapped = keys.rewrapped()
    assert {key.id for key in rewrapped} == {key.id for key in store.keys.values() if key.kek_id == KEK.id}
    store.keys.update({key.id: key for key in rewrapped})
    keys = await vaults.opened(store, OTHER_KEK, wall=WALL + 30 * DAY)
    assert Envelope(keys).open(sealed, purpose=Purpose.CARD, bound_to=ROW) == b"x"
    assert [keys.for_digests(purpose).digest("x") for purpose in PERMANENT] == digests
    assert not keys.rewrapped()


async def test_a_rotation_puts_a_fresh_key_in_every_place_and_all_processes_seal_with_it_at_their_next_load() -> None:
    store = KeysInMemory()
    here, there = await vaults.opened(store, seed=1), await vaults.opened(store, seed=2)
    sealed = Envelope(there).seal(b"x", purpose=Purpose.CARD, bound_to=ROW)
    digests = [here.for_digests(purpose).digest("x") for purpose in PERMANENT]
    former = {purpose: here.in_use(purpose) for purpose in SEALING}

    async with anyio.create_task_group() as group:
        group.start_soon(here.renew, WALL + 1)
        group.start_soon(there.renew, WALL + 1)
    fresh = {purpose: here.in_use(purpose) for purpose in SEALING}
    assert all(fresh[purpose] > former[purpose] for purpose in SEALING)
    assert {purpose: there.in_use(purpose) for purpose in SEALING} == fresh
    assert Envelope(here).open(sealed, purpose=Purpose.CARD, bound_to=ROW) == b"x"
    assert [here.for_digests(purpose).digest("x") for purpose in PERMANENT] == digests

    await here.renew(WALL + 2)
    assert there.in_use(Purpose.CARD) != here.in_use(Purpose.CARD)
    await there.load()
    assert there.in_use(Purpose.CARD) == here.in_use(Purpose.CARD)


async def test_keys_are_wrapped_anew_where_they_are_stored_and_a_repeat_finds_nothing_to_do() -> None:
    store = KeysInMemory()
    before = await vaults.opened(store)
    sealed = Envelope(before).seal(b"x", purpose=Purpose.CARD, bound_to=ROW)
    turned = KeyEncryptionKey(bytes(32), comes_from_outside=True, old=[vaults.SECRET])
    keys, others = await vaults.opened(store, turned), await vaults.opened(store, turned, seed=3)
    async with anyio.create_task_group() as group:
        group.start_soon(keys.rewrap)
        group.start_soon(others.rewrap)
    assert {key.kek_id for key in store.keys.values()} == {turned.id} == {key.kek_id for key in keys.stored}
    assert await keys.rewrap() == await others.rewrap() == 0
    await before.load()
    assert Envelope(before).open(sealed, purpose=Purpose.CARD, bound_to=ROW) == b"x"
    assert Envelope(await vaults.opened(store, OTHER_KEK)).open(sealed, purpose=Purpose.CARD, bound_to=ROW) == b"x"


async def test_a_key_that_is_in_use_is_never_removed() -> None:
    store = KeysInMemory()
    keys = await vaults.opened(store)
    for key in keys.stored:
        with pytest.raises(ValueError, match="in use"):
            await keys.remove(key)
    former = keys.stored[keys.in_use(Purpose.CARD) - 1]
    await keys.renew(WALL + 1)
    await keys.remove(former)
    assert former.id not in store.keys
    assert former not in keys.stored


async def test_a_data_key_is_stored_as_json() -> None:
    store = KeysInMemory()
    await vaults.opened(store)
    for key in store.keys.values():
        assert msgspec.json.decode(msgspec.json.encode(key), type=DataKey) == key


async def test_keys_in_memory_neither_show_themselves_nor_leave() -> None:
    drawn: list[bytes] = []
    random = vaults.seeded(0)

    def watched(size: int) -> bytes:
        drawn.append(random(size))
        return drawn[-1]

    store = KeysInMemory()
    keys = DataKeys(store, KEK, watched)
    await keys.turn_over(WALL)
    secrets = [vaults.SECRET, *(bytes_ for bytes_ in drawn if len(bytes_) == 32)]
    assert len(secrets) == 1 + len(Purpose)
    for holder in (KEK, keys, keys.for_sealing(Purpose.CARD), keys.for_digests(Purpose.FINGERPRINT)):
        for secret in secrets:
            assert repr(secret)[2:-1] not in repr(holder)
            assert secret.hex() not in repr(holder)
        with pytest.raises((TypeError, AttributeError)):
            pickle.dumps(holder)
    for secret in secrets:
        assert secret not in pickle.dumps(store.keys)
