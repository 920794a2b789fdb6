"""Reports and numbers over the days of Puerto Rico."""

from typing import Any

import pytest

from tests.surfaces.athmovil import business
from tests.surfaces.athmovil.business import REPORT, Business, code
from tests.surfaces.athmovil.test_search import found
from tillgate.clock import ManualClock
from tillgate.core.instants import DAY, HOUR, MINUTE, SECOND
from tillgate.flows import ticket_reports

pytestmark = pytest.mark.anyio


async def reported(seller: Business, first: str, last: str) -> list[dict[str, Any]]:
    """The lines of a report."""
    answer = await seller.ask(REPORT, {**seller.both, "fromDate": first, "toDate": last})
    assert answer.status_code == 200, answer.text
    return list(answer.json())


async def test_a_number_of_the_day_is_found_however_much_was_paid_since(
    punctual: tuple[Business, ManualClock], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticket_reports, "MOST_FOUND", 2)
    seller, clock = punctual
    paid = [await seller.pay() for _ in range(4)]
    assert await found(seller, dailyTransactionID="0001") == [paid[0]["referenceNumber"]]
    clock.advance(DAY)
    await seller.refund(paid[0]["referenceNumber"], "1.00")
    next_day = await seller.pay()
    # The first number of the second day is a refund's.
    assert next_day["dailyTransactionId"] == "0002"
    assert await found(seller, dailyTransactionID=1) == [paid[0]["referenceNumber"]]
    assert await found(seller, dailyTransactionID=2) == [next_day["referenceNumber"], paid[1]["referenceNumber"]]
    assert await found(await business.opened(seller.parts), dailyTransactionID=2) == []


async def test_a_report_is_of_moments_both_included(punctual: tuple[Business, ManualClock]) -> None:
    seller, clock = punctual
    # To one in the morning in Puerto Rico, so that the days of both kinds differ.
    clock.advance(-(clock.wall() - 5 * HOUR) % DAY)
    paid = []
    for _ in range(3):
        paid.append(await seller.pay())
        clock.advance(30 * MINUTE)
    await seller.refund(paid[1]["referenceNumber"], "1.00")
    at = [one["transactionDate"] for one in paid]
    assert [line["referenceNumber"] for line in await reported(seller, at[0], at[1])] == [
        one["referenceNumber"] for one in paid[:2]
    ]
    (line,) = await reported(seller, at[1], at[1])
    assert (line["transactionType"], line["totalRefundAmount"], line["dailyTransactionID"]) == ("ECOMMERCE", 1, "0002")
    assert line["date"] == at[1] + ".0"
    clock.advance(90 * DAY)
    lasts = {**seller.both, "fromDate": at[0], "toDate": at[0][:11] + "00:00:00"}
    assert code(await seller.ask(REPORT, lasts)) == "BTRA_0025"


@pytest.mark.parametrize(("seconds", "expected"), [(0, 200), (1, "BTRA_0026")])
async def test_ninety_days_are_reported_and_no_second_more(
    punctual: tuple[Business, ManualClock], seconds: int, expected: int | str
) -> None:
    seller, clock = punctual
    first = (await seller.pay())["transactionDate"]
    clock.advance(90 * DAY + seconds * SECOND)
    last = (await seller.pay())["transactionDate"]
    answer = await seller.ask(REPORT, {**seller.both, "fromDate": first, "toDate": last})
    assert (answer.status_code if expected == 200 else code(answer)) == expected
