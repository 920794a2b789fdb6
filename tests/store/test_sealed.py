"""What is sealed is found by its data key, to the letter, and whoever looks goes on where it stopped."""

import pytest

from tests.store.samples import CARD, TENANT
from tillgate.core.decisions import Decision
from tillgate.core.payment_methods import PaymentMethod
from tillgate.store import sealed
from tillgate.store.database import Store
from tillgate.vault.envelope import beginnings

pytestmark = pytest.mark.anyio

START = ("", "")


def method(id: str, key: int | None, *, tenant: str = TENANT) -> PaymentMethod:
    content = None if key is None else b"\x01" + key.to_bytes(4, "big") + bytes([key * 37 % 256]) * 30
    return PaymentMethod(tenant=tenant, id=id, created=1, card=CARD, sealed=content, destroy_at=None)


async def test_what_another_key_sealed_is_found_in_order_and_in_portions(store: Store) -> None:
    methods = [method(f"pm_{number}", number % 3 or None) for number in range(9)]
    await store.commit(Decision(save=(*methods, method("pm_0", 1, tenant="ten_0"), method("pm_9", 1, tenant="ten_z"))))

    async def found(after: tuple[str, str], most: int) -> list[tuple[str, str]]:
        records = await sealed.under_others(store, PaymentMethod, "sealed", beginnings(2), after, most)
        return [(record.tenant, record.id) for record in records]

    everything = await found(START, 99)
    assert everything == [("ten_0", "pm_0"), *[(TENANT, f"pm_{number}") for number in (1, 4, 7)], ("ten_z", "pm_9")]
    assert await found(START, 2) == everything[:2]
    assert await found(everything[1], 99) == everything[2:]
    assert await found(everything[-1], 99) == []


async def test_keys_whose_ids_look_alike_are_told_apart(store: Store) -> None:
    keys = [1, 16, 17, 26, 65, 97, 2**28 + 1, 2**32 - 1]
    await store.commit(Decision(save=tuple(method(f"pm_{key}", key) for key in keys)))
    for key in keys:
        assert await sealed.any_under(store, PaymentMethod, "sealed", beginnings(key))
        others = await sealed.under_others(store, PaymentMethod, "sealed", beginnings(key), START, 99)
        assert {record.id for record in others} == {f"pm_{other}" for other in keys} - {f"pm_{key}"}
    for key in (2, 18, 27, 98, 2**28):
        assert not await sealed.any_under(store, PaymentMethod, "sealed", beginnings(key))
