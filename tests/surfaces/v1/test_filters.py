"""Every list takes filters: by status, amount, currency, whose it is, time and metadata, on both databases."""

from typing import Any

import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import CARD, Client
from tillgate.assembly import Assembly

pytestmark = pytest.mark.anyio

SETUP = {"confirm": True, "payment_method_data": {"type": "card", "card": CARD}, "metadata": {"order": "8"}}
DECLINED = {**CARD, "number": "4000000000000002"}


@pytest.fixture(scope="module")
async def stocked(either: Assembly) -> tuple[Client, dict[str, str]]:
    """A merchant with something of everything, by names of the test's own."""
    client = await shop.merchant(either)
    ann = (await client.post("/customers", {"email": "ann@example.com", "metadata": {"tier": "gold"}})).json()["id"]
    made: dict[str, str] = {"ann": ann}

    async def pay(name: str, **given: Any) -> None:
        answer = (await client.post("/payments", {**shop.PAYMENT, **given})).json()
        made[name] = (answer["error"]["payment"] if "error" in answer else answer)["id"]

    for name, given in {
        "small": {"amount": 1_000, "metadata": {"order": "1", "shop": "north"}},
        "held": {"amount": 2_000, "capture_method": "manual", "metadata": {"shop": "north"}},
        "declined": {"amount": 3_000, "card": DECLINED, "metadata": {"order": "1"}},
        "euros": {"amount": 2_000, "currency": "eur", "customer": ann},
        "canceled": {"amount": 4_000, "capture_method": "manual"},
    }.items():
        await pay(name, **given)
    assert (await client.post(f"/payments/{made['canceled']}/cancel")).status_code == 200
    intent = {"amount": 5_000, "currency": "usd", "metadata": {"order": "2"}}
    made["draft"] = "pay_" + (await client.post("/payment_intents", intent)).json()["id"].removeprefix("pi_")
    for name, of, amount in (("dollars_back", "small", 300), ("euros_back", "euros", 500)):
        notes = {"why": "broken"} if of == "small" else {}
        answer = await client.post("/refunds", {"payment": made[of], "amount": amount, "metadata": notes})
        made[name] = answer.json()["id"]
    for name, more in {"wished": {"metadata": {"order": "9"}}, "set_up": {"customer": ann, **SETUP}}.items():
        answer = await client.post("/setup_intents", more)
        assert answer.status_code == 200, answer.text
        made[name] = answer.json()["id"]
    return client, made


PAYMENTS = {
    "": "draft canceled euros declined held small",
    "status=succeeded": "euros small",
    "status=authorized": "held",
    "status=failed": "declined",
    "status=canceled": "canceled",
    "status=pending": "draft",
    "status=requires_action": "",
    "amount=2000": "euros held",
    "amount[gte]=2000&amount[lt]=4000": "euros declined held",
    "amount[gt]=2000&amount[lte]=4000": "canceled declined",
    "amount[gt]=4000&amount[lt]=4000": "",
    "currency=EUR": "euros",
    "currency=usd&amount=2000": "held",
    "metadata[order]=1": "declined small",
    "metadata[order]=1&metadata[shop]=north": "small",
    "metadata[shop]=north&status=authorized": "held",
    "metadata[shop]=nowhere": "",
    "metadata[shop]=": "",
    "customer={ann}": "euros",
    "customer={ann}&status=failed": "",
    "created[gte]=1": "draft canceled euros declined held small",
    "status=succeeded&created[lt]=1": "",
}


@pytest.mark.parametrize("query", PAYMENTS)
async def test_payments_that_fit_are_listed_and_no_others(stocked: tuple[Client, dict[str, str]], query: str) -> None:
    client, made = stocked
    wanted = [made[name] for name in PAYMENTS[query].split()]
    asked = query.format(**made)
    answer = await client.get(f"/payments?{asked}")
    assert answer.status_code == 200, answer.text
    assert [each["id"] for each in answer.json()["data"]] == wanted
    # Page by page it is the same, in both directions.
    found: list[str] = []
    while True:
        after = f"&starting_after={found[-1]}" if found else ""
        page = (await client.get(f"/payments?limit=1&{asked}{after}")).json()
        found += [each["id"] for each in page["data"]]
        if not page["has_more"]:
            break
    assert found == wanted
    if wanted:
        back = (await client.get(f"/payments?{asked}&ending_before={wanted[-1]}")).json()
        assert [each["id"] for each in back["data"]] == wanted[:-1]


OTHERS = {
    "/payment_intents?status=requires_payment_method": "draft declined",
    "/payment_intents?status=requires_capture": "held",
    "/payment_intents?status=canceled": "canceled",
    "/payment_intents?metadata[order]=2": "draft",
    "/charges?amount[gte]=3000": "canceled declined",
    "/charges?metadata[order]=1": "declined small",
    "/charges?status=succeeded": "canceled euros held small",
    "/charges?status=failed": "declined",
    "/charges?status=pending": "",
    "/charges?status=succeeded&metadata[shop]=north": "held small",
    "/charges?status=failed&metadata[shop]=north": "",
    "/setup_intents": "set_up wished",
    "/setup_intents?status=succeeded": "set_up",
    "/setup_intents?status=requires_payment_method": "wished",
    "/setup_intents?status=canceled": "",
    "/setup_intents?metadata[order]=9": "wished",
    "/setup_intents?metadata[order]=9&status=succeeded": "",
    "/setup_intents?metadata[order]=8&status=succeeded&customer={ann}": "set_up",
    "/setup_intents?customer={ann}": "set_up",
    "/setup_intents?created[lt]=1": "",
    "/refunds?status=succeeded": "euros_back dollars_back",
    "/refunds?status=failed": "",
    "/refunds?currency=eur": "euros_back",
    "/refunds?amount[lt]=500": "dollars_back",
    "/refunds?customer={ann}": "euros_back",
    "/refunds?customer={ann}&payment={small}": "",
    "/refunds?metadata[why]=broken": "dollars_back",
    "/refunds?payment={small}&amount=300": "dollars_back",
    "/customers?metadata[tier]=gold": "ann",
    "/customers?metadata[tier]=gold&email=ann@example.com": "ann",
    "/customers?metadata[tier]=silver": "",
    "/disputes?amount[gte]=1&currency=usd": "",
    "/payouts?status=paid&amount=1": "",
    "/payment_methods?metadata[a]=b&customer={ann}": "",
}


@pytest.mark.parametrize("asked", OTHERS)
async def test_other_lists_take_filters_too(stocked: tuple[Client, dict[str, str]], asked: str) -> None:
    client, made = stocked
    answer = await client.get(asked.format(**made))
    assert answer.status_code == 200, answer.text
    ids = [each["id"].partition("_")[2] for each in answer.json()["data"]]
    assert ids == [made[name].partition("_")[2] for name in OTHERS[asked].split()]


TRANSACTIONS = {
    "amount[gte]=2000": "canceled euros declined held",
    "amount=300": "dollars_back",
    "amount[lte]=500&type=refund": "euros_back dollars_back",
    "status=pending": "held",
    "metadata[order]=1": "declined small",
    "metadata[shop]=north&metadata[order]=1": "small",
    "metadata[shop]=north&status=pending": "held",
    "metadata[why]=broken": "dollars_back",
    "metadata[why]=broken&type=payment": "",
    "metadata[order]=2": "",
    "metadata[order]=1&created[lt]=1": "",
    "metadata[order]=1&amount[gt]=1000": "declined",
    "created[lt]=1": "",
}


@pytest.mark.parametrize("query", TRANSACTIONS)
async def test_transactions_are_told_apart_by_amount_and_time(
    stocked: tuple[Client, dict[str, str]], query: str
) -> None:
    client, made = stocked
    body = (await client.get(f"/transactions?{query}")).json()
    wanted = [made[name] for name in TRANSACTIONS[query].split()]
    assert [line["source"] for line in body["data"]] == wanted
    assert body["total"] == len(wanted)


async def test_transactions_with_a_note_come_page_by_page(stocked: tuple[Client, dict[str, str]]) -> None:
    client, made = stocked
    for offset, name in enumerate(("declined", "small")):
        body = (await client.get(f"/transactions?metadata[order]=1&limit=1&offset={offset}")).json()
        assert [line["source"] for line in body["data"]] == [made[name]]
        assert (body["total"], body["has_more"]) == (2, offset == 0)


MOVED = {
    "amount=2000": "euros",
    "amount=-300": "dollars_back",
    "amount[lt]=0": "euros_back dollars_back",
    "amount[gte]=-300&amount[lte]=1000": "dollars_back small",
    "amount[gt]=2000": "",
    "amount[gt]=-500&amount[lt]=0&type=refund": "dollars_back",
    "amount=2000&currency=usd": "",
}


@pytest.mark.parametrize("query", MOVED)
async def test_balance_transactions_are_told_apart_by_what_they_moved(
    stocked: tuple[Client, dict[str, str]], query: str
) -> None:
    client, made = stocked
    wanted = [made[name] for name in MOVED[query].split()]
    body = (await client.get(f"/balance_transactions?{query}")).json()
    assert [line["source"] for line in body["data"]] == wanted


async def test_another_merchants_are_not_found(either: Assembly, stocked: tuple[Client, dict[str, str]]) -> None:
    stranger, (_, made) = await shop.merchant(either), stocked
    for query in ("metadata[order]=1", f"customer={made['ann']}", "status=succeeded", "amount=2000"):
        assert (await stranger.get(f"/payments?{query}")).json()["data"] == [], query


async def test_what_is_written_down_anew_is_found_anew(stocked: tuple[Client, dict[str, str]]) -> None:
    client, made = stocked
    for metadata, old, new in (({"shop": "south"}, 0, 1), ({"shop": "north"}, 1, 0)):
        assert (await client.post(f"/payments/{made['held']}", {"metadata": metadata})).status_code == 200
        for shop_name, count in (("north", 1 + old), ("south", new)):
            assert len((await client.get(f"/payments?metadata[shop]={shop_name}")).json()["data"]) == count


WRONG = {
    "/payments?status=nice": "status",
    "/payments?amount=-1": "amount",
    "/payments?amount=many": "amount",
    "/payments?amount[gte]=1.5": "amount.gte",
    "/payments?amount[about]=1": "amount.about",
    "/payments?currency=dollars": "currency",
    "/payments?metadata=1": "metadata",
    "/payments?metadata[a][b]=1": "metadata.a",
    f"/payments?metadata[a]={'x' * 501}": "metadata.a",
    "/payments?" + "&".join(f"metadata[a{n}]=1" for n in range(11)): "metadata",
    "/payments?created[gte]=then": "created.gte",
    "/refunds?status=authorized": "status",
    "/refunds?payment=pay_x&payment_intent=pi_x": "payment_intent",
    "/customers?amount=1": "amount",
    "/setup_intents?status=nice": "status",
    "/setup_intents?amount=1": "amount",
    "/charges?status=canceled": "status",
    "/transactions?metadata=1": "metadata",
    "/balance_transactions?amount=1.5": "amount",
    "/balance_transactions?amount[gt]=-": "amount.gt",
    "/transactions?amount[gt]=x": "amount.gt",
}


@pytest.mark.parametrize("asked", WRONG)
async def test_filters_that_make_no_sense_are_refused_by_name(demo: Client, asked: str) -> None:
    answer = await demo.get(asked)
    assert answer.status_code == 400, answer.text
    assert shop.any_error(answer)["param"] == WRONG[asked]
