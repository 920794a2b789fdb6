"""The challenge page: the payer confirms or does not, and the payment follows."""

import html
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.pages import payer
from tests.pages.payer import APPROVE, CHALLENGED, press, refresh, sent_away, status
from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import Client

pytestmark = pytest.mark.anyio

SHOP = "https://shop.example/back?order=1"


@pytest.fixture(scope="module")
async def merchant(tmp_path_factory: pytest.TempPathFactory, anyio_backend: object) -> AsyncIterator[Client]:
    """One merchant for the tests of the file."""
    async with payer.bookshop(tmp_path_factory.mktemp("home")) as client:
        yield client


async def test_the_page_says_who_asks_for_how_much_by_which_card_and_that_it_is_a_sandbox(merchant: Client) -> None:
    _, path = await sent_away(merchant)
    page = await merchant.ask("GET", path)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for expected in ("Bookshop", "$50.00 USD", "Visa •••• 3155", "123456", "sandbox", 'lang="en"'):
        assert expected in page.text
    for choice in ("approve", "fail", "cancel"):
        assert f'value="{choice}"' in page.text
    assert CHALLENGED["number"] not in page.text + path
    assert CHALLENGED["number"][:6] not in page.text + path


async def test_the_page_loads_nothing_runs_nothing_and_is_framed_by_nobody(merchant: Client) -> None:
    _, path = await sent_away(merchant)
    page = await merchant.ask("GET", path)
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    for part in ("form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert part in policy
    assert "unsafe" not in policy
    assert page.headers["referrer-policy"] == "same-origin"
    assert page.headers["cache-control"] == "no-store"
    for loading in ("<script", "http://", "https://", "url(", "style=", "@import", " on"):
        assert loading not in page.text.replace("position", "")[page.text.index("<style>") :] or loading == " on"


async def test_who_confirms_is_sent_back_and_the_payment_succeeds(merchant: Client) -> None:
    payment, path = await sent_away(merchant, return_url=SHOP)
    answer = await press(merchant, path, APPROVE)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{path}?over")
    assert await status(merchant, payment) == "succeeded"
    page = await payer.go_on(merchant, answer)
    back = refresh(page)
    assert back is not None
    assert payer.link(page) == back
    assert "Confirmed" in page.text
    left = await merchant.ask("GET", back)
    assert (left.status_code, left.headers["location"]) == (
        303,
        f"{SHOP}&payment={payment}&redirect_status=succeeded",
    )
    assert left.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(("choice", "said"), [("fail", "Not confirmed"), ("cancel", "Canceled")])
async def test_a_payment_that_was_not_confirmed_fails_with_its_reason(merchant: Client, choice: str, said: str) -> None:
    payment, path = await sent_away(merchant)
    page = await payer.go_on(merchant, await press(merchant, path, f"outcome={choice}&code="))
    assert (page.status_code, said in page.text) == (200, True)
    shown = (await merchant.get(f"/payments/{payment}")).json()
    assert (shown["status"], shown["failure_code"]) == ("failed", "authentication_failed")
    assert shown["next_action"] is None


async def test_a_manual_payment_is_authorized_by_its_challenge(merchant: Client) -> None:
    payment, path = await sent_away(merchant, capture_method="manual")
    await press(merchant, path, APPROVE)
    assert await status(merchant, payment) == "authorized"
    assert (await merchant.post(f"/payments/{payment}/capture")).json()["status"] == "succeeded"


async def test_what_was_chosen_once_stays_however_often_the_page_is_opened_or_sent(merchant: Client) -> None:
    payment, path = await sent_away(merchant)
    first = await press(merchant, path, APPROVE)
    for form in (APPROVE, "outcome=fail", "outcome=cancel"):
        again = await press(merchant, path, form)
        assert (again.status_code, again.headers["location"]) == (303, path)
    for seen in (first.headers["location"], path, path):
        assert "Confirmed" in (await merchant.ask("GET", seen)).text
    # Who comes back later, by Back or by a bookmark, is not sent away again.
    later = await merchant.ask("GET", path)
    assert refresh(later) is None
    assert payer.link(later) is not None
    assert await status(merchant, payment) == "succeeded"


async def test_a_canceled_payment_asks_for_nothing_any_more(merchant: Client) -> None:
    payment, path = await sent_away(merchant)
    assert (await merchant.post(f"/payments/{payment}/cancel")).json()["status"] == "canceled"
    page = await payer.go_on(merchant, await press(merchant, path, APPROVE))
    assert "Canceled" in page.text
    assert await status(merchant, payment) == "canceled"


async def test_a_wrong_code_may_be_corrected_twice(merchant: Client) -> None:
    payment, path = await sent_away(merchant)
    wrong = "outcome=approve&code=000000"
    for left in (2, 1):
        page = await payer.go_on(merchant, await press(merchant, path, wrong))
        assert f"Tries left: {left}" in page.text
        assert 'aria-invalid="true"' in page.text.replace("aria-invalid=true", 'aria-invalid="true"')
        assert page.text.index("<title>Error: ")
    assert "Not confirmed" in (await payer.go_on(merchant, await press(merchant, path, wrong))).text
    assert await status(merchant, payment) == "failed"


@pytest.mark.parametrize("code", ["", "12345", "1234567", "12345a", "１２３４５６", "0" * 10_000])
async def test_what_is_no_code_is_asked_for_again_and_does_not_count(merchant: Client, code: str) -> None:
    payment, path = await sent_away(merchant)
    for _ in range(4):
        page = await press(merchant, path, f"outcome=approve&code={code}")
        assert (page.status_code, "Enter the six digits" in page.text) == (400, True)
    assert (await press(merchant, path, APPROVE)).status_code == 303
    assert await status(merchant, payment) == "succeeded"


@pytest.mark.parametrize(
    "form", ["outcome=maybe", "", "outcome", "%", "outcome=%ff", "&" * 1_001, '{"outcome":"approve"}']
)
async def test_a_form_that_is_none_changes_nothing(merchant: Client, form: str) -> None:
    payment, path = await sent_away(merchant)
    page = await press(merchant, path, form)
    assert (page.status_code, page.headers["content-type"]) == (400, "text/html; charset=utf-8")
    assert await status(merchant, payment) == "requires_action"


async def test_a_link_that_was_guessed_or_mixed_up_opens_nothing(merchant: Client) -> None:
    payment, path = await sent_away(merchant)
    _, other = await sent_away(merchant)
    proof, theirs = path.rpartition("/")[2], other.rpartition("/")[2]
    for wrong in (path.replace(proof, theirs), path[:-1], path.replace(proof, ""), path.rpartition("/")[0], path + "0"):
        for answer in (await merchant.ask("GET", wrong), await press(merchant, wrong, APPROVE)):
            assert answer.status_code == 404
            assert answer.headers["content-type"] == "text/html; charset=utf-8" or wrong.count("/") != path.count("/")
    assert await status(merchant, payment) == "requires_action"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_a_page_of_somebody_elses_does_not_choose(merchant: Client, site: str) -> None:
    payment, path = await sent_away(merchant)
    answer = await press(merchant, path, APPROVE, **{"sec-fetch-site": site})
    assert (answer.status_code, "elsewhere" in answer.text) == (403, True)
    assert await status(merchant, payment) == "requires_action"
    assert (await press(merchant, path, APPROVE, **{"sec-fetch-site": "same-origin"})).status_code == 303


@pytest.mark.parametrize(
    ("accepted", "language", "heading"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de", "Zahlung bestätigen"),
        ("es", "es", "Confirma tu pago"),
        ("fr,es;q=0.3,de;q=0.7", "de", "Zahlung bestätigen"),
        ("fr-FR", "en", "Confirm your payment"),
        ("de;q=0", "en", "Confirm your payment"),
        ("de;q=x, *;;=,,", "en", "Confirm your payment"),
        ("", "en", "Confirm your payment"),
    ],
)
async def test_the_page_speaks_the_payers_language(
    merchant: Client, accepted: str, language: str, heading: str
) -> None:
    _, path = await sent_away(merchant)
    page = await merchant.ask("GET", path, headers={"accept-language": accepted})
    assert f'<html lang="{language}">' in page.text
    assert f"<h1>{heading}</h1>" in page.text
    assert page.headers["vary"] == "accept-language"


async def test_a_name_is_shown_as_it_is_and_never_becomes_part_of_the_page(merchant: Client) -> None:
    name = '<script>alert(1)</script>{texts}{{7*7}}"&'
    client = await shop.merchant(merchant.parts, name)
    _, path = await sent_away(client)
    for page in (await client.ask("GET", path), await payer.go_on(client, await press(client, path, APPROVE))):
        assert "<script" not in page.text
        assert html.escape(name).replace("&quot;", "&#34;") in page.text.replace("&quot;", "&#34;")


async def test_without_an_address_a_last_page_says_what_happened(merchant: Client) -> None:
    told: dict[str, Any] = {}
    for form in (APPROVE, "outcome=fail"):
        _, path = await sent_away(merchant)
        over = await payer.go_on(merchant, await press(merchant, path, form))
        told[form] = await merchant.ask("GET", refresh(over) or "")
        assert told[form].status_code == 200
        assert "You can close this page" in told[form].text
        assert "$50.00 USD" in told[form].text
    assert "Thank you" in told[APPROVE].text
    assert "Not paid" in told["outcome=fail"].text


async def test_who_comes_back_without_having_chosen_is_told_so(merchant: Client) -> None:
    payment, path = await sent_away(merchant, return_url=SHOP)
    over = await payer.go_on(merchant, await press(merchant, (await sent_away(merchant))[1], APPROVE))
    attempt = path.split("/")[3]
    tenant = (refresh(over) or "").split("/")[2]
    proof = merchant.parts.gateway.secrets.return_proof(tenant, attempt)
    early = await merchant.ask("GET", f"/returns/{tenant}/{attempt}/{proof}")
    assert early.headers["location"].endswith(f"payment={payment}&redirect_status=pending")
    assert await status(merchant, payment) == "requires_action"
