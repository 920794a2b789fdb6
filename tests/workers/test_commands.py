import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tillgate import assembly
from tillgate.assembly import Opened
from tillgate.core.credentials import Scope
from tillgate.core.merchants import DEMO_SHOP
from tillgate.core.reasons import Reason, Refused
from tillgate.settings import Settings
from tillgate.store import migrate
from tillgate.workers import commands
from tillgate.workers.commands import Answered

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("migrated")
    migrate.migrate(None, directory)
    return directory


@pytest.fixture
async def opened(tmp_path: Path, migrated: Path) -> AsyncIterator[Opened]:
    """What commands work with, on a database of the test's own."""
    shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
    async with assembly.opened(Settings(data=tmp_path)) as parts:
        yield parts


async def asked(opened: Opened, command: str, **given: object) -> Answered:
    request = msgspec.json.encode({"command": command, "given": given})
    return msgspec.json.decode(await commands.answer(opened.office, None, request), type=Answered)


async def done(opened: Opened, command: str, **given: object) -> Any:
    answer = await asked(opened, command, **given)
    assert not answer.refused, answer.refused
    return msgspec.json.decode(answer.done)


async def test_a_key_is_good_for_what_it_was_made_for_and_for_its_merchant(opened: Opened) -> None:
    bookshop = await done(opened, "merchants create", name=" Bookshop ")
    assert [one["name"] for one in await done(opened, "merchants list")] == ["Demo Shop", "Bookshop"]
    new = await done(opened, "keys create", kind="restricted_key", scopes=["refunds.write"], merchant=bookshop["id"])
    principal, tenant = await opened.directory.identify(new["secret"], on_this_machine=False)
    assert (tenant.id, tenant.name, principal.scopes) == (bookshop["id"], "Bookshop", frozenset({Scope.REFUNDS_WRITE}))
    assert new["credential"] in await done(opened, "keys list", merchant=bookshop["id"])
    assert await done(opened, "keys list") == []


def stored(data: Path) -> bytes:
    """All that the database holds, and what it has not checkpointed yet."""
    return b"".join((data / f"tillgate.sqlite3{suffix}").read_bytes() for suffix in ("", "-wal"))


@pytest.mark.parametrize("kind", ["secret_key", "publishable_key"])
async def test_a_secret_is_shown_once_and_stored_nowhere(opened: Opened, tmp_path: Path, kind: str) -> None:
    new = await done(opened, "keys create", kind=kind)
    assert new["secret"] not in str(await done(opened, "keys list"))
    kept = stored(tmp_path)
    assert new["credential"]["id"].encode() in kept
    assert new["secret"].encode() not in kept


async def test_a_rolled_key_and_its_successor_are_both_good_until_the_overlap_ends(opened: Opened) -> None:
    wall = opened.gateway.clock.wall()
    old = await done(opened, "keys create", kind="restricted_key", scopes=["payments.read", "balance.read"])
    new = await done(opened, "keys roll", id=old["credential"]["id"], overlap=3_600_000_000)
    for secret in (old["secret"], new["secret"]):
        principal, _ = await opened.directory.identify(secret, on_this_machine=False)
        assert principal.scopes == {"payments.read", "balance.read"}
    first, second = await done(opened, "keys list")
    assert wall + 3_600_000_000 <= first["expires_at"] < wall + 3_700_000_000
    assert second["expires_at"] is None

    without = await done(opened, "keys create", kind="secret_key")
    await done(opened, "keys roll", id=without["credential"]["id"], overlap=0)
    with pytest.raises(Refused) as refused:
        await opened.directory.identify(without["secret"], on_this_machine=False)
    assert refused.value.reason is Reason.CREDENTIAL_INVALID


async def test_a_key_that_ends_is_never_rolled_beyond_its_end(opened: Opened) -> None:
    ends = opened.gateway.clock.wall() + 60_000_000
    old = await done(opened, "keys create", kind="secret_key", expires_at=ends)
    new = await done(opened, "keys roll", id=old["credential"]["id"])
    assert [key["expires_at"] for key in await done(opened, "keys list")] == [ends, ends]
    assert new["credential"]["expires_at"] == ends


async def test_a_revoked_key_stays_revoked_since_the_first_time(opened: Opened) -> None:
    key = await done(opened, "keys create", kind="secret_key")
    first = await done(opened, "keys revoke", id=key["credential"]["id"])
    assert first == await done(opened, "keys revoke", id=key["credential"]["id"])
    with pytest.raises(Refused):
        await opened.directory.identify(key["secret"], on_this_machine=False)
    assert "revoked or expired" in (await asked(opened, "keys roll", id=key["credential"]["id"])).refused


@pytest.mark.parametrize(
    ("command", "given", "said"),
    [
        ("keys create", {"kind": "restricted_key"}, "needs at least one --scope"),
        ("keys create", {"kind": "secret_key", "scopes": ["payments.read"]}, "Only restricted keys take --scope"),
        ("keys create", {"kind": "restricted_key", "scopes": ["payments.eat"]}, "payments.eat"),
        ("keys create", {"kind": "secret_key", "merchant": "ten_none"}, "There is no merchant ten_none"),
        ("keys create", {"kind": "secret_key", "expires_at": 1}, "before it is made"),
        ("keys list", {"merchant": "ten_none"}, "There is no merchant ten_none"),
        ("keys roll", {"id": "key_none"}, "There is no key key_none"),
        ("keys revoke", {"id": "key_none"}, "There is no key key_none"),
        ("keys revoke", {}, "required field `id`"),
        ("merchants create", {"name": " "}, "1 to 100 printable characters"),
        ("merchants create", {"name": "x", "mode": "live"}, "Live merchants need"),
        ("merchants create", {"name": "x", "colour": "red"}, "colour"),
        ("keys eat", {}, "no command 'keys eat'"),
    ],
)
async def test_what_cannot_be_done_is_refused_in_a_sentence(
    opened: Opened, command: str, given: dict[str, object], said: str
) -> None:
    assert said in (await asked(opened, command, **given)).refused


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b'{"command":1}', b"\xff", b'{"command":"keys list","x":1}'])
async def test_what_is_no_request_is_refused_too(opened: Opened, line: bytes) -> None:
    assert msgspec.json.decode(await commands.answer(opened.office, None, line), type=Answered).refused


async def test_a_command_for_another_database_is_left_to_who_has_that(opened: Opened) -> None:
    line = b'{"command":"keys list","database":"postgresql://elsewhere/x"}'
    assert msgspec.json.decode(await commands.answer(opened.office, None, line)) == {"elsewhere": True}


async def test_real_money_needs_a_bank_that_moves_it_and_a_key_that_lies_elsewhere(opened: Opened) -> None:
    class RealBank:
        is_live = True

    gateway: Any = opened.gateway
    gateway.banks["real"] = RealBank()
    assert "TILLGATE_KEY_ENCRYPTION_KEY" in (await asked(opened, "merchants create", name="x", mode="live")).refused
    gateway.key_is_kept_apart = True
    live = await done(opened, "merchants create", name="x", mode="live")
    assert (live["mode"], live["bank"]) == ("live", "real")
    key = await done(opened, "keys create", kind="secret_key", merchant=live["id"])
    assert key["secret"].startswith("sk_live_")
    assert (await opened.directory.identify(key["secret"], on_this_machine=False))[1].is_live

    gateway.key_is_kept_apart = False
    with pytest.raises(Refused) as refused:
        await opened.directory.identify(key["secret"], on_this_machine=False)
    assert refused.value.reason is Reason.LIVE_MODE_UNAVAILABLE
    assert DEMO_SHOP.id in str(await done(opened, "merchants list"))
