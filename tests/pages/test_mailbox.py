"""The sandbox's inbox: every mail of test merchants, shown so that nothing in it does anything; and letters."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.pages import site
from tests.surfaces.oauth.person import Browser
from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import CARD, Client
from tillgate.assembly import Assembly
from tillgate.core import ids, languages
from tillgate.core.instants import SECOND
from tillgate.core.mails import MailKind
from tillgate.core.money import Money
from tillgate.flows import mails
from tillgate.pages import letters, texts
from tillgate.store import migrate

pytestmark = pytest.mark.anyio

NASTY = "<img src=x onerror=alert(1)> https://shop.example/o?a=1&b=2."


@pytest.fixture(scope="module")
async def parts(tmp_path_factory: pytest.TempPathFactory, anyio_backend: object) -> AsyncIterator[Assembly]:
    home = tmp_path_factory.mktemp("home")
    migrate.migrate(None, home)
    async with shop.open_shop(home, keeps_time=False) as made:
        yield made


async def receives(parts: Assembly, to: str, description: str = "Tea") -> Client:
    """A merchant whose payer has been sent a receipt."""
    client = await shop.merchant(parts)
    intent = {"amount": 2000, "currency": "eur", "confirm": True, "receipt_email": to, "description": description}
    answer = await client.post("/payment_intents", {**intent, "payment_method_data": {"type": "card", "card": CARD}})
    assert answer.status_code == 200, answer.text
    while await mails.send_due(parts.gateway, parts.directory, parts.post):
        pass
    return client


async def merchant_of(client: Client) -> str:
    return (await client.parts.directory.identify(client.key or "", on_this_machine=True))[1].id


async def test_every_mail_is_listed_read_and_told_to_tests(parts: Assembly) -> None:
    client = await receives(parts, "ann@example.com", NASTY)
    merchant = await merchant_of(client)
    browser = Browser(parts)
    (told,) = (await browser.get(f"/sandbox/mail.json?merchant={merchant}&to=ANN@example.com")).json()["mails"]
    assert (told["merchant"], told["to"], told["kind"], told["language"]) == (
        merchant,
        "ann@example.com",
        "receipt",
        "en",
    )
    assert told["links"] == ["https://shop.example/o?a=1&b=2"]
    assert NASTY in told["text"]
    listed = await browser.get("/sandbox/mail")
    path = f"/sandbox/mail/{merchant}/{told['id']}"
    assert f'href="{path}"' in listed.text
    page = await browser.get(path)
    assert page.status_code == 200
    assert "<img" not in page.text
    site.assert_secure(page)
    assert (await browser.get("/sandbox/mail.json?to=nobody@example.com")).json() == {"mails": []}


async def test_a_mail_as_it_looks_runs_and_loads_nothing(parts: Assembly) -> None:
    client = await receives(parts, "bob@example.com", NASTY)
    merchant = await merchant_of(client)
    browser = Browser(parts)
    (told,) = (await browser.get(f"/sandbox/mail.json?merchant={merchant}")).json()["mails"]
    looks = await browser.get(f"/sandbox/mail/{merchant}/{told['id']}/formatted")
    assert looks.headers["content-security-policy"].startswith("sandbox; default-src 'none'; ")
    assert "<img" not in looks.text
    assert looks.text == told["html"]


async def test_it_is_for_who_is_near_only(parts: Assembly) -> None:
    client = await receives(parts, "cat@example.com")
    merchant = await merchant_of(client)
    near, far = Browser(parts), Browser(parts, peer="198.51.100.1", base_url="https://pay.example.com")
    (told,) = (await near.get(f"/sandbox/mail.json?merchant={merchant}")).json()["mails"]
    for path in ("", ".json", f"/{merchant}/{told['id']}", f"/{merchant}/{told['id']}/formatted"):
        answer: httpx2.Response = await far.get(f"/sandbox/mail{path}")
        assert answer.status_code == 403
        assert told["id"] not in answer.text


async def test_what_is_not_there_is_not_found(parts: Assembly) -> None:
    browser, client = Browser(parts), await receives(parts, "dan@example.com")
    merchant = await merchant_of(client)
    (told,) = (await browser.get(f"/sandbox/mail.json?merchant={merchant}")).json()["mails"]
    for id in (told["id"][:-1] + "0", ids.Ids.seeded(1).new("mail", 0), "x", "pay_1"):
        for end in ("", "/formatted"):
            assert (await browser.get(f"/sandbox/mail/{merchant}/{id}{end}")).status_code == 404
    assert (await browser.get(f"/sandbox/mail/ten_other/{told['id']}")).status_code == 404


@pytest.mark.parametrize("language", [*languages.LANGUAGES, None, "pt-BR", "de-AT"])
def test_a_letter_is_written_in_every_language(language: str | None) -> None:
    told = {
        "merchant": "Ann & Söhne\r\nX: y",
        "live": False,
        "amount": Money(123456, "EUR"),
        "paid_at": 1_767_225_600 * SECOND,
        "number": "pay_1",
        "description": "{texts} {{ 7 * 7 }} <b>",
        "card": None,
    }
    written, letter = letters.write(MailKind.RECEIPT, language, told)
    assert written == {None: "en", "pt-BR": "en", "de-AT": "de"}.get(language, language)
    assert f'<html lang="{written}">' in letter.html
    assert texts.spoken(written)["mail_receipt_title"] in letter.text
    assert "\n" not in letter.subject
    assert "Ann & Söhne X: y" in letter.text
    assert "Ann &amp; Söhne X: y" in letter.html
    assert "{texts} {{ 7 * 7 }} <b>" in letter.text
    assert "{texts} {{ 7 * 7 }} &lt;b&gt;" in letter.html
    assert ("1.234,56" if written in ("de", "es") else "1,234.56") in letter.subject
