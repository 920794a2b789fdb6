"""Setup intents: cards verified and kept, by the merchant and by the customer's browser."""

import asyncio
from collections import Counter
from typing import Any

import httpx2
import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import CARD, Client
from tests.surfaces.v1.test_payment_intents import CHALLENGED, DECLINED, browser, told, with_card
from tillgate.sandbox.operations import Choice

pytestmark = pytest.mark.anyio

AT_ONCE = 8
OVER = (400, "invalid_request_error", "setup_intent_unexpected_state", "setup_intent")


async def customer(client: Client) -> str:
    return str((await client.post("/customers", {"email": "ann@example.com"})).json()["id"])


async def opened(client: Client, **given: Any) -> dict[str, Any]:
    answer = await client.post("/setup_intents", given)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def confirmed(client: Client, setup: dict[str, Any], **given: Any) -> httpx2.Response:
    return await client.post(f"/setup_intents/{setup['id']}/confirm", given or with_card())


async def read(client: Client, setup: dict[str, Any]) -> dict[str, Any]:
    return dict((await client.get(f"/setup_intents/{setup['id']}")).json())


async def decided(client: Client, setup: dict[str, Any], approve: bool = True) -> None:
    """The customer goes to where the setup intent sends them, and decides."""
    bank = client.parts.bank
    assert bank is not None
    reference = setup["next_action"]["redirect_to_url"]["url"].split("/")[-2]
    assert await bank.resolve_challenge(reference, Choice.APPROVE if approve else Choice.FAIL)


async def test_a_card_is_verified_by_the_browser_and_kept_for_the_customer(anyones: Client) -> None:
    owner = await customer(anyones)
    setup = await opened(anyones, customer=owner, metadata={"plan": "box"})
    assert (setup["object"], setup["status"], setup["usage"]) == (
        "setup_intent",
        "requires_payment_method",
        "off_session",
    )
    assert setup["client_secret"].startswith(f"{setup['id']}_secret_")
    body = with_card(client_secret=setup["client_secret"])
    seen = (await confirmed(await browser(anyones), setup, **body)).json()
    assert (seen["status"], seen["customer"], seen["metadata"]) == ("succeeded", None, {})
    made = await read(anyones, setup)
    (kept,) = await anyones.listed(f"/customers/{owner}/payment_methods")
    assert (made["status"], made["payment_method"], made["metadata"]) == ("succeeded", kept["id"], {"plan": "box"})
    assert await told(anyones, setup) == ["setup_intent.created", "setup_intent.succeeded"]
    assert (await anyones.get("/balance_transactions")).json()["data"] == []
    assert (await anyones.get("/payments")).json()["data"] == []


async def test_what_is_created_confirmed_is_verified_at_once(anyones: Client) -> None:
    owner = await customer(anyones)
    made = await opened(anyones, customer=owner, confirm=True, **with_card())
    assert (made["status"], made["last_setup_error"]) == ("succeeded", None)
    expanded = await anyones.get(f"/setup_intents/{made['id']}?expand[]=customer&expand[]=payment_method")
    assert expanded.json()["payment_method"]["customer"] == owner == expanded.json()["customer"]["id"]


async def test_a_kept_card_and_a_token_can_be_set_up(anyones: Client) -> None:
    method = (await anyones.post("/payment_methods", {"type": "card", "card": CARD})).json()["id"]
    setup = await opened(anyones, payment_method=method)
    assert (setup["status"], setup["payment_method"]) == ("requires_confirmation", method)
    made = await anyones.post(f"/setup_intents/{setup['id']}/confirm")
    assert (made.json()["status"], made.json()["payment_method"]) == ("succeeded", method)
    token = (await anyones.post("/tokens", {"card": CARD})).json()["id"]
    assert (await opened(anyones, payment_method=token, confirm=True))["status"] == "succeeded"
    again = await anyones.post("/setup_intents", {"payment_method": token, "confirm": True})
    shop.error(again, 400, "invalid_request_error", "token_already_used", "payment_method")


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("4000000000000002", "card_declined"),
        ("4000000000009995", "insufficient_funds"),
        ("4000000000000069", "expired_card"),
        ("4000000000000127", "incorrect_cvc"),
        ("4000000000000119", "processing_error"),
    ],
)
async def test_a_declined_card_is_not_kept_and_another_may_come(anyones: Client, number: str, code: str) -> None:
    owner = await customer(anyones)
    setup = await opened(anyones, customer=owner)
    said = shop.error(await confirmed(anyones, setup, **with_card({**CARD, "number": number})), 402, "card_error", code)
    about = said["setup_intent"]
    assert (about["id"], about["status"], about["payment_method"]) == (setup["id"], "requires_payment_method", None)
    assert about["last_setup_error"]["code"] == code
    assert about["last_setup_error"]["payment_method"].startswith("pm_")
    assert await anyones.listed(f"/customers/{owner}/payment_methods") == []
    missing = await anyones.post(f"/setup_intents/{setup['id']}/confirm")
    shop.error(missing, 400, "invalid_request_error", "parameter_missing", "payment_method")
    assert (await confirmed(anyones, setup)).json()["status"] == "succeeded"
    assert await told(anyones, setup) == [
        *("setup_intent.created", "setup_intent.setup_failed", "setup_intent.succeeded")
    ]


async def test_a_card_that_declines_only_charges_is_kept_and_a_disputing_one_has_nothing_to_dispute(
    anyones: Client,
) -> None:
    for number in ("4000000000000341", "4000000000000259"):
        made = await opened(anyones, confirm=True, **with_card({**CARD, "number": number}))
        assert made["status"] == "succeeded"
    assert await anyones.listed("/disputes") == []


@pytest.mark.parametrize("approve", [True, False])
async def test_a_challenge_is_met_or_failed(anyones: Client, approve: bool) -> None:
    owner = await customer(anyones)
    body = with_card(CHALLENGED, customer=owner, confirm=True, return_url="https://shop.example/kept")
    setup = await opened(anyones, **body)
    assert (setup["status"], setup["return_url"]) == ("requires_action", "https://shop.example/kept")
    assert setup["next_action"]["redirect_to_url"]["return_url"] == "https://shop.example/kept"
    shop.error(await anyones.post(f"/setup_intents/{setup['id']}/confirm"), *OVER)
    await decided(anyones, setup, approve)
    made = await read(anyones, setup)
    assert made["status"] == ("succeeded" if approve else "requires_payment_method")
    assert made["next_action"] is None
    assert len(await anyones.listed(f"/customers/{owner}/payment_methods")) == approve
    assert (await told(anyones, setup))[1:] == [
        "setup_intent.requires_action",
        "setup_intent.succeeded" if approve else "setup_intent.setup_failed",
    ]


async def test_while_the_customer_has_to_act_another_card_may_come(anyones: Client) -> None:
    owner = await customer(anyones)
    asked = (await confirmed(anyones, await opened(anyones, customer=owner), **with_card(CHALLENGED))).json()
    made = (await confirmed(anyones, asked)).json()
    assert made["status"] == "succeeded"
    # The challenge that was given up is met after all: nothing follows.
    await decided(anyones, asked)
    assert await read(anyones, asked) == made
    (kept,) = await anyones.listed(f"/customers/{owner}/payment_methods")
    assert kept["id"] == made["payment_method"]


async def test_a_card_may_be_changed_until_it_is_verified_and_the_description_for_ever(anyones: Client) -> None:
    setup = await opened(anyones, **with_card(DECLINED))
    path, owner = f"/setup_intents/{setup['id']}", await customer(anyones)
    method = (await anyones.post("/payment_methods", {"type": "card", "card": CARD})).json()["id"]
    changed = (await anyones.post(path, {"payment_method": method, "customer": owner, "metadata": {"a": "b"}})).json()
    assert (changed["payment_method"], changed["customer"], changed["metadata"]) == (method, owner, {"a": "b"})
    assert (await anyones.post(f"{path}/confirm")).json()["status"] == "succeeded"
    shop.error(await anyones.post(path, {"payment_method": method}), *OVER)
    shop.error(await anyones.post(path, {"customer": await customer(anyones)}), *OVER)
    described = (await anyones.post(path, {"description": "Box", "metadata": {"a": ""}})).json()
    assert (described["description"], described["metadata"], described["status"]) == ("Box", {}, "succeeded")


async def test_a_setup_intent_is_given_up(anyones: Client) -> None:
    for setup in (await opened(anyones), await opened(anyones, confirm=True, **with_card(CHALLENGED))):
        path = f"/setup_intents/{setup['id']}/cancel"
        gone = (await anyones.post(path, {"cancellation_reason": "duplicate"}, key=setup["id"])).json()
        assert (gone["status"], gone["cancellation_reason"]) == ("canceled", "duplicate")
        assert gone["canceled_at"] is not None
        again = await anyones.post(path, {"cancellation_reason": "duplicate"}, key=setup["id"])
        assert (again.json(), again.headers["idempotent-replayed"]) == (gone, "true")
        shop.error(await confirmed(anyones, setup), *OVER)
        shop.error(await anyones.post(path), *OVER)
        assert (await told(anyones, setup))[-1] == "setup_intent.canceled"
        if setup["next_action"]:
            await decided(anyones, setup)
            assert await read(anyones, setup) == gone


async def test_a_browser_needs_the_client_secret_of_this_one(anyones: Client) -> None:
    setup, other = await opened(anyones), await opened(anyones)
    page, path = await browser(anyones), f"/setup_intents/{setup['id']}"
    for wrong in (other["client_secret"], setup["client_secret"][:-1], ""):
        for answer in (
            await page.get(str(httpx2.URL(path, params={"client_secret": wrong}))),
            await page.post(f"{path}/confirm", with_card(client_secret=wrong)),
        ):
            shop.error(answer, 400, "invalid_request_error", "client_secret_invalid", "client_secret")
    shop.error(await page.get(path), 400, "invalid_request_error", "parameter_missing", "client_secret")
    for answer in (await page.post(path, {}), await page.post(f"{path}/cancel"), await page.get("/setup_intents")):
        shop.error(answer, 403, "permission_error", "permission_missing")
    events = await anyones.get(f"/events?object={setup['id']}")
    assert setup["client_secret"].partition("_secret_")[2] not in events.text


async def test_a_browser_does_not_set_up_the_card_of_somebody_whose_id_it_knows(anyones: Client) -> None:
    owner = await customer(anyones)
    kept = await opened(anyones, customer=owner, confirm=True, **with_card())
    page = await browser(anyones)
    for mine, status in ((None, 400), (owner, 200)):
        setup = await opened(anyones, **({"customer": mine} if mine else {}))
        body = {"client_secret": setup["client_secret"], "payment_method": kept["payment_method"]}
        assert (await confirmed(page, setup, **body)).status_code == status
    another = {"customer": await customer(anyones), "payment_method": kept["payment_method"]}
    shop.error(
        await anyones.post("/setup_intents", another),
        *(400, "invalid_request_error", "payment_method_customer_mismatch", "payment_method"),
    )


async def test_a_customer_who_is_gone_when_the_bank_says_yes_keeps_no_card(anyones: Client) -> None:
    owner = await customer(anyones)
    setup = await opened(anyones, customer=owner, confirm=True, **with_card(CHALLENGED))
    await anyones.delete(f"/customers/{owner}")
    await decided(anyones, setup)
    made = await read(anyones, setup)
    assert (made["status"], made["last_setup_error"]["code"]) == ("requires_payment_method", "payment_method_unusable")


async def test_setup_intents_are_listed_page_by_page_each_merchants_own(merchant: Client) -> None:
    owner = await customer(merchant)
    ids = [(await opened(merchant, customer=owner))["id"] for _ in range(3)]
    await opened(merchant)
    first = (await merchant.get(f"/setup_intents?limit=2&customer={owner}")).json()
    assert ([one["id"] for one in first["data"]], first["has_more"]) == (ids[:0:-1], True)
    rest = await merchant.listed(f"/setup_intents?customer={owner}&starting_after={ids[1]}")
    assert [one["id"] for one in rest] == ids[:1]
    other = await shop.merchant(merchant.parts)
    assert await other.listed("/setup_intents") == []
    for id in (ids[0], "seti_x", "pi_x"):
        shop.error(await other.get(f"/setup_intents/{id}"), 404, "invalid_request_error", "resource_missing", "id")


async def test_a_repeat_of_a_confirmation_is_answered_as_the_first_time(anyones: Client) -> None:
    for card, status in ((CARD, 200), (DECLINED, 402), (CHALLENGED, 200)):
        setup = await opened(anyones)
        path, key = f"/setup_intents/{setup['id']}/confirm", f"confirm {setup['id']}"
        first = await anyones.post(path, with_card(card), key=key)
        again = await anyones.post(path, with_card(card), key=key)
        assert (first.status_code, again.status_code, again.content) == (status, status, first.content)


async def test_of_confirmations_at_once_one_is_asked_of_the_bank(anyones: Client) -> None:
    owner = await customer(anyones)
    setup = await opened(anyones, customer=owner)
    answers = await asyncio.gather(*[confirmed(anyones, setup) for _ in range(AT_ONCE)])
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses[200] == 1
    assert set(statuses) <= {200, 400, 409}
    assert len(await anyones.listed(f"/customers/{owner}/payment_methods")) == 1
    assert (await told(anyones, setup)).count("setup_intent.succeeded") == 1


async def test_of_a_confirmation_and_a_cancellation_one_wins(anyones: Client) -> None:
    setup = await opened(anyones, **with_card())
    verbs = ["confirm", "cancel"] * (AT_ONCE // 2)
    answers = await asyncio.gather(*[anyones.post(f"/setup_intents/{setup['id']}/{verb}") for verb in verbs])
    assert Counter(answer.status_code for answer in answers)[200] == 1
    assert (await read(anyones, setup))["status"] in ("succeeded", "canceled")
