"""A merchant's books: earning, being paid out, and the time that passes meanwhile."""

from collections import Counter
from pathlib import Path
from typing import Any

from tests.surfaces.v1.shop import CARD, Client
from tillgate.assembly import Assembly
from tillgate.clock import ManualClock
from tillgate.core.instants import HOUR
from tillgate.core.merchants import Tenant
from tillgate.store import audit
from tillgate.workers import timers

AT_ONCE = {**CARD, "number": "4000000000000077"}
US: dict[str, Any] = {
    "account_holder_name": "Ann's Books",
    "country": "US",
    "routing_number": "110000000",
    "account_number": "000123456789",
}
IBAN: dict[str, Any] = {"account_holder_name": "Ann's Books", "iban": "DE89370400440532013000"}

WEDNESDAY = 1_700_006_400_000_000 + 9 * HOUR
"""2023-11-15, 09:00 UTC."""


class Books:
    """A merchant, and the time that passes for it."""

    def __init__(self, client: Client, parts: Assembly, clock: ManualClock, place: tuple[str | None, Path]) -> None:
        self.client = client
        self.place = place
        self.parts = parts
        self.clock = clock

    async def earns(self, amount: int, **changes: Any) -> dict[str, Any]:
        """A payment that is available at once."""
        return await self.client.pay(amount=amount, card=AT_ONCE, **changes)

    async def account(self, **changes: Any) -> dict[str, Any]:
        answer = await self.client.post("/bank_accounts", {**US, **changes})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def pays_out(self, **changes: Any) -> dict[str, Any]:
        answer = await self.client.post("/payouts", {"currency": "usd", **changes})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def balance(self) -> dict[str, tuple[int, int]]:
        """Available and pending, by currency."""
        shown = (await self.client.get("/balance")).json()
        pending = {one["currency"]: one["amount"] for one in shown["pending"]}
        return {one["currency"]: (one["amount"], pending[one["currency"]]) for one in shown["available"]}

    async def payout(self, id: str) -> dict[str, Any]:
        return dict((await self.client.get(f"/payouts/{id}")).json())

    async def lines(self, id: str, limit: int = 3) -> list[dict[str, Any]]:
        """Every line of a payout, page by page."""
        found: list[dict[str, Any]] = []
        while True:
            after = f"&starting_after={found[-1]['id']}" if found else ""
            page = (await self.client.get(f"/payouts/{id}/lines?limit={limit}{after}")).json()
            found += page["data"]
            if not page["has_more"]:
                return found

    async def passes(self, duration: int) -> None:
        """Time, and what happens by itself in it."""
        self.clock.advance(duration)
        for _ in range(3):
            await timers.run_due(self.parts.gateway, self.parts.directory)

    async def tenant(self) -> Tenant:
        """The merchant."""
        _, found = await self.parts.directory.identify(self.client.key or "", on_this_machine=True)
        return found

    async def told(self) -> list[str]:
        events = await self.client.listed("/events?limit=100")
        return [event["type"] for event in reversed(events) if event["type"].startswith("payout.")]


async def assert_explained(books: Books) -> None:
    """That every payout is the sum of its lines, none of which is in two, and that the audit agrees."""
    seen: Counter[str] = Counter()
    page, shown = "/payouts?limit=100", []
    while listed := await books.client.listed(page):
        shown += listed
        page = f"/payouts?limit=100&starting_after={listed[-1]['id']}"
    for payout in shown:
        lines = await books.lines(payout["id"], limit=100)
        assert sum(line["net"] for line in lines) == payout["amount"] > 0
        assert len(lines) == payout["lines"]
        assert {line["currency"] for line in lines} == {payout["currency"]}
        seen.update(line["id"] for line in lines)
    assert set(seen.values()) <= {1}
    found = await audit.audit(*books.place)
    assert found.differences == []
    assert found.counts["payouts"] >= len(shown)
