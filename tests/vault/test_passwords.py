"""Passwords: kept as argon2id has them, a few at a time, and nobody's takes as long as somebody's."""

import asyncio
import threading

import pytest
from argon2 import PasswordHasher

from tillgate.vault import passwords
from tillgate.vault.passwords import AT_ONCE, MOST_WAITING, Busy, Passwords

pytestmark = pytest.mark.anyio


def made() -> Passwords:
    return Passwords(lambda size: b"\x07" * size)


async def test_a_password_is_kept_as_argon2id_has_it_and_found_again() -> None:
    kept = await made().hash("correct horse")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert "correct" not in kept
    assert await made().matches(kept, "correct horse")
    for wrong in ("correct hors", "Correct horse", "", "correct horse\0"):
        assert not await made().matches(kept, wrong)


async def test_nobody_has_the_password_of_nobody() -> None:
    for kept in ("", "nonsense", "$argon2id$v=19$m=19456,t=2,p=1$AAAA$AAAA"):
        assert not await made().matches(kept, "")
    assert not made().is_dated(passwords._NOBODYS)


async def test_one_of_other_parameters_is_good_and_dated() -> None:
    kept = PasswordHasher(1, 8, 1).hash("correct horse")
    assert await made().matches(kept, "correct horse")
    assert made().is_dated(kept)


async def test_few_are_looked_at_at_once_and_only_so_many_wait() -> None:
    hashing = made()
    let_go, most, now = threading.Event(), 0, 0
    counting = threading.Lock()

    def slow(kept: str, password: str) -> bool:
        nonlocal most, now
        with counting:
            now += 1
            most = max(most, now)
        let_go.wait(60)
        with counting:
            now -= 1
        return True

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(hashing, "_verified", slow)
        waiting = [asyncio.create_task(hashing.matches("kept", "x")) for _ in range(MOST_WAITING)]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await hashing.matches("kept", "x")
        let_go.set()
        assert await asyncio.gather(*waiting) == [True] * MOST_WAITING
    assert most <= AT_ONCE
    assert not await hashing.matches("", "x")
