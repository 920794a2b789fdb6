"""What the tests of every surface have beside them."""

from collections.abc import AsyncIterator

import pytest

from tests import receivers
from tests.receivers import Receiver


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """What takes the merchant's webhooks."""
    async with receivers.receiving() as listening:
        yield listening
