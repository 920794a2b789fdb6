import msgspec
import pytest

from tillgate import metrics
from tillgate.core.deliveries import Delivery, Try
from tillgate.core.instants import SECOND
from tillgate.flows import deliveries

FIRST = Delivery(
    tenant="ten_1",
    endpoint="we_1",
    event="evt_1",
    type="customer.created",
    form="v1:1",
    stream="cus_1",
    sequence=1,
    strict=False,
    created=10 * SECOND,
    due_at=None,
)


def told(series: str) -> float:
    lines = metrics.exposition(()).decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(series))


@pytest.mark.parametrize(
    ("status", "result"), [(200, "taken"), (204, "taken"), (302, "refused"), (410, "refused"), (None, "no answer")]
)
def test_a_delivery_is_counted_by_its_result_and_the_first_by_its_lag(status: int | None, result: str) -> None:
    counted = f'tillgate_delivery_seconds_count{{result="{result}"}}'
    lag, lags = "tillgate_delivery_lag_seconds_sum", "tillgate_delivery_lag_seconds_count"
    before = [told(series) for series in (counted, lag, lags)]
    made = Try(at=13 * SECOND, took_milliseconds=500, status=status)
    for delivery in (FIRST, msgspec.structs.replace(FIRST, tries=1)):
        deliveries._count(delivery, made, SECOND // 2)
    assert [told(series) for series in (counted, lag, lags)] == [before[0] + 2, before[1] + 3, before[2] + 1]
