"""The payment button's script and the sample shop, as they are served."""

import gzip
from collections.abc import AsyncIterator

import pytest

from tests.pages import payer
from tests.surfaces.v1.shop import Client
from tillgate.pages import scripts, shop

BUTTON = scripts.NAMED["athmovil_base.js"]

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def merchant(tmp_path_factory: pytest.TempPathFactory, anyio_backend: object) -> AsyncIterator[Client]:
    """Somebody on this machine."""
    async with payer.bookshop(tmp_path_factory.mktemp("home")) as client:
        yield client


@pytest.mark.parametrize("path", BUTTON.paths)
async def test_any_page_may_load_the_button_check_it_and_keep_it(merchant: Client, path: str) -> None:
    script = await merchant.ask("GET", path, headers={"origin": "https://shop.example"})
    assert script.status_code == 200
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert script.headers["access-control-allow-origin"] == "*"
    assert script.headers["cross-origin-resource-policy"] == "cross-origin"
    assert script.headers["cache-control"] == "public, max-age=300"
    again = await merchant.ask("GET", path, headers={"if-none-match": script.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", script.headers["etag"])
    changed = await merchant.ask("GET", path, headers={"if-none-match": '"of yesterday"'})
    assert (changed.status_code, changed.content) == (200, script.content)


async def test_the_button_is_small_and_does_nothing_that_a_strict_page_forbids(merchant: Client) -> None:
    script = await merchant.ask("GET", BUTTON.paths[0])
    assert len(gzip.compress(script.content)) < 10_000
    for forbidden in ("eval(", "Function(", "innerHTML", "cssText", ".style", "http://", "https://", "import(", "url("):
        assert forbidden not in script.text


async def test_the_shop_runs_its_own_scripts_and_asks_its_own_server(merchant: Client) -> None:
    page = await merchant.ask("GET", shop.PATH)
    assert [one["src"] for one in payer.scripts(page)] == [BUTTON.path, scripts.NAMED["shop.js"].path]


@pytest.mark.parametrize(
    ("accepted", "heading", "lang"),
    [("en", "Ices of the island", "en"), ("es-PR", "Helados de la isla", "es"), ("de", "Eis von der Insel", "en")],
)
async def test_the_shop_speaks_its_customers_language(merchant: Client, accepted: str, heading: str, lang: str) -> None:
    page = await merchant.ask("GET", shop.PATH, headers={"accept-language": accepted})
    assert f"<h1>{heading}</h1>" in page.text
    assert f'data-lang="{lang}"' in page.text


async def test_the_documents_token_is_this_machines_alone(merchant: Client) -> None:
    here = await merchant.ask("GET", shop.PATH)
    assert 'data-token="a66ce73d04f2087615f6320b724defc5b4eedc55"' in here.text
    elsewhere = Client(merchant.parts, None, "http://shop.example", peer="203.0.113.7")
    asked = await elsewhere.ask("GET", shop.PATH)
    assert (asked.status_code, "a66ce73d" in asked.text, "<script" in asked.text) == (200, False, False)
    assert 'name="publicToken"' in asked.text
    told = await elsewhere.ask("GET", f"{shop.PATH}?publicToken=%22%3E%3Cscript%3E7")
    assert 'data-token="&#34;&gt;&lt;script&gt;7"' in told.text
