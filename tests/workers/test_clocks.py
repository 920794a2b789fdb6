"""An operator's commands about clocks."""

import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tillgate import assembly
from tillgate.clock import ManualClock
from tillgate.core.decisions import Decision
from tillgate.core.instants import DAY, HOUR, SECOND
from tillgate.core.merchants import DEMO_SHOP, Mode
from tillgate.core.records import evolve
from tillgate.settings import Settings
from tillgate.workers import commands
from tillgate.workers.commands import Answered

pytestmark = pytest.mark.anyio

NOW = 1_767_225_600 * SECOND


async def test_a_clock_is_shown_and_goes_forward_only(tmp_path: Path, migrated: Path) -> None:
    shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
    async with assembly.opened(Settings(data=tmp_path), clock=ManualClock(NOW)) as opened:

        async def asked(command: str, **given: object) -> Any:
            request = msgspec.json.encode({"command": command, "given": given})
            answered = msgspec.json.decode(await commands.answer(opened.office, None, request), type=Answered)
            return answered.refused or msgspec.json.decode(answered.done)

        nothing: dict[str, Any] = {"until": None, "happened": [], "has_more": False}
        assert await asked("clock show") == {"now": NOW, **nothing}
        assert await asked("clock advance", by=7 * DAY) == {"now": NOW + 7 * DAY, **nothing}
        assert await asked("clock advance", to=NOW + 8 * DAY) == {"now": NOW + 8 * DAY, **nothing}
        assert "forward only" in await asked("clock advance", to=NOW + 8 * DAY - HOUR)
        assert "--by or --to" in await asked("clock advance")
        assert "ten years" in await asked("clock advance", by=4000 * DAY)
        live = evolve(DEMO_SHOP, tenant="ten_live", id="ten_live", mode=Mode.LIVE, version=0)
        await opened.gateway.store.commit(Decision(save=(live,)))
        assert "no clock of its own" in await asked("clock show", merchant=live.id)
        assert await asked("clock show") == {"now": NOW + 8 * DAY, **nothing}
