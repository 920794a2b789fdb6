"""What is to be erased is found, longest over first, and what nobody needs any more goes in small portions."""

import pytest

from tests.store import samples
from tests.store.places import rows
from tests.store.samples import CARD, TENANT
from tillgate.core.decisions import Decision
from tillgate.core.payment_methods import PaymentMethod, Token, destroyed, emptied
from tillgate.store import retention
from tillgate.store.database import Store

pytestmark = pytest.mark.anyio


def method(id: str, destroy_at: int | None) -> PaymentMethod:
    return PaymentMethod(tenant=TENANT, id=id, created=1, card=CARD, sealed=b"sealed", destroy_at=destroy_at)


def token(id: str, expires_at: int, sealed_cvc: bytes | None = b"sealed") -> Token:
    return Token(
        tenant=TENANT,
        id=id,
        created=1,
        payment_method="pm_one",
        card=CARD,
        expires_at=expires_at,
        sealed_cvc=sealed_cvc,
    )


async def test_cards_whose_time_is_over_are_found_until_they_are_destroyed(store: Store) -> None:
    await store.commit(Decision(save=(method("c", 30), method("a", 10), method("b", 20), method("kept", None))))
    assert await retention.to_erase(store, PaymentMethod, 9, 10) == []
    over = await retention.to_erase(store, PaymentMethod, 20, 10)
    assert [found.id for found in over] == ["a", "b"]
    assert [found.id for found in await retention.to_erase(store, PaymentMethod, 99, 1)] == ["a"]
    await store.commit(Decision(save=tuple(destroyed(found) for found in over)))
    assert [found.id for found in await retention.to_erase(store, PaymentMethod, 99, 10)] == ["c"]


async def test_tokens_whose_time_is_over_are_found_while_a_cvc_waits_in_them(store: Store) -> None:
    await store.commit(Decision(save=(token("a", 10), token("b", 20), token("spent", 5, None))))
    over = await retention.to_erase(store, Token, 10, 10)
    assert [found.id for found in over] == ["a"]
    await store.commit(Decision(save=tuple(emptied(found) for found in over)))
    assert [found.id for found in await retention.to_erase(store, Token, 99, 10)] == ["b"]


async def test_keys_are_forgotten_in_portions_the_oldest_first(store: Store) -> None:
    ages = [5, 1, 4, 2, 3]
    await store.commit(Decision(save=tuple(samples.key(f"key_{age}", created=age) for age in ages)))
    assert await retention.forget_keys(store, 5, 3) == 3
    assert await rows(store, "select id from idempotency_keys order by id") == [("key_4",), ("key_5",)]
    assert await retention.forget_keys(store, 5, 3) == 1
    assert await retention.forget_keys(store, 5, 3) == 0
    assert await rows(store, "select id from idempotency_keys") == [("key_5",)]


async def test_a_key_that_was_forgotten_can_be_claimed_anew(store: Store) -> None:
    await store.commit(Decision(save=(samples.key("key_one"),)))
    assert await retention.forget_keys(store, 5, 10) == 1
    await store.commit(Decision(save=(samples.key("key_one"),)))


async def test_batches_are_forgotten_in_portions(store: Store) -> None:
    for n in range(5):
        await store.commit(samples.everything(str(n)))
    [(newest,)] = await rows(store, "select max(committed_at) from batches")
    assert await retention.forget_batches(store, newest, 3) == 3
    assert await retention.forget_batches(store, newest, 3) == 1
    assert await rows(store, "select committed_at from batches") == [(newest,)]
