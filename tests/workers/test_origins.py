"""An operator's command about origins."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tillgate import assembly
from tillgate.assembly import Opened
from tillgate.core.merchants import DEMO_SHOP, Mode
from tillgate.core.records import evolve
from tillgate.flows import merchants, profiles
from tillgate.settings import Settings
from tillgate.workers import origins
from tillgate.workers.office import Impossible
from tillgate.workers.origins import Origins, Shown

pytestmark = pytest.mark.anyio


@pytest.fixture
async def opened(tmp_path: Path, migrated: Path) -> AsyncIterator[Opened]:
    """What commands work with, on a database of the test's own."""
    shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
    async with assembly.opened(Settings(data=tmp_path)) as parts:
        yield parts


async def changed(opened: Opened, merchant: str = DEMO_SHOP.id, **given: Any) -> Shown:
    return await origins.change(opened.office, Origins(merchant, **given))


async def test_origins_are_registered_one_by_one_and_by_several_at_once(opened: Opened) -> None:
    bookshop = (await merchants.create(opened.gateway, "Bookshop", Mode.TEST, DEMO_SHOP.rate_limit)).id
    assert await changed(opened, bookshop) == Shown([], ["http://localhost:*", "http://127.0.0.1:*"])
    numbered = [f"https://{number}.example" for number in range(6)]
    await asyncio.gather(*[changed(opened, bookshop, add=[one]) for one in numbered])
    shown = await changed(opened, bookshop, add=["https://0.example"], remove=numbered[1:5])
    assert set(shown.registered) == {"https://0.example", "https://5.example"}
    assert shown.frames == shown.registered
    many = [f"https://{number}.shop.example" for number in range(20)]
    for wrong in ({"remove": ["https://a.example"]}, {"add": many}, {"add": ["https://a.example/pay"]}):
        with pytest.raises(Impossible):
            await changed(opened, bookshop, **wrong)
    assert await changed(opened, bookshop) == shown


async def test_with_real_money_nobody_frames_whose_origin_is_not_registered(opened: Opened) -> None:
    live = evolve(DEMO_SHOP, id="ten_live", tenant="ten_live", mode=Mode.LIVE)
    assert await profiles.frames(opened.gateway, live) == ()
