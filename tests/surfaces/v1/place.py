"""A place of business: a merchant whose time is the test's, and what is on record of its payments."""

import msgspec

from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import Client
from tillgate.assembly import Assembly
from tillgate.clock import ManualClock
from tillgate.core.attempts import Attempt
from tillgate.core.payments import Payment
from tillgate.store import find


class Place(msgspec.Struct):
    """A merchant, and the clock."""

    parts: Assembly
    client: Client
    clock: ManualClock

    async def pass_time(self, by: int) -> None:
        """Let time pass, with everything that falls due meanwhile."""
        self.clock.advance(by)
        await shop.catch_up(self.parts)

    async def tenant(self) -> str:
        """The merchant's id."""
        return (await self.parts.directory.identify(self.client.key or "", on_this_machine=False))[1].id

    async def payment(self, intent: str) -> Payment:
        found = await find.record(self.parts.gateway.store, Payment, await self.tenant(), intent.replace("pi_", "pay_"))
        assert found is not None
        return found

    async def attempt(self, intent: str, number: int) -> Attempt:
        payment = await self.payment(intent)
        id = f"att_{payment.id.removeprefix('pay_')}_{number}"
        found = await find.record(self.parts.gateway.store, Attempt, payment.tenant, id)
        assert found is not None
        return found
