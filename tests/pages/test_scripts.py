"""The list of scripts: each is there, is what it says, and is the only kind that a page runs."""

import base64
import hashlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.http.asking import ask
from tests.pages import payer
from tests.surfaces.v1.shop import Client
from tillgate.core import languages
from tillgate.http.application import Application
from tillgate.pages import rendering, script_files, scripts, texts

PHONE = scripts.NAMED["phone.js"]

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def merchant(tmp_path_factory: pytest.TempPathFactory, anyio_backend: object) -> AsyncIterator[Client]:
    async with payer.bookshop(tmp_path_factory.mktemp("home")) as client:
        yield client


@pytest.mark.parametrize("script", scripts.ALL, ids=lambda one: one.name)
async def test_every_script_is_served_as_the_list_has_it(merchant: Client, script: scripts.Script) -> None:
    for path in (script.path, *script.paths):
        served = await merchant.ask("GET", path)
        assert ("immutable" in served.headers["cache-control"]) == (path == script.path)
        shares = {True: ("cross-origin", "*"), False: ("same-origin", None)}[script.for_merchants]
        found = served.headers["cross-origin-resource-policy"], served.headers.get("access-control-allow-origin")
        assert found == shares
        assert served.headers["content-type"] == "text/javascript; charset=utf-8"
        made = base64.b64encode(hashlib.sha384(served.content).digest()).decode()
        assert script.integrity == f"sha384-{made}"
    for language in languages.LANGUAGES:
        assert texts.spoken(language)[f"script_{script.name}"].endswith(".")


def test_every_script_of_the_package_is_on_the_list() -> None:
    package = rendering.HERE.parent
    there = {str(path.relative_to(package)) for path in package.rglob("*.js") if path.parent != script_files.KEPT}
    assert there == {script.file for script in scripts.ALL}
    assert len({script.name for script in scripts.ALL}) == len(scripts.NAMED) == len(there)


async def test_a_script_runs_by_its_hash_and_by_a_nonce_that_no_other_answer_has(merchant: Client) -> None:
    nonces = set()
    for _ in range(2):
        page = await merchant.ask("GET", "/phone")
        _, tag = payer.scripts(page)
        assert tag["integrity"] == PHONE.integrity
        assert tag["src"] == PHONE.path
        policy = page.headers["content-security-policy"]
        assert f"script-src 'nonce-{tag['nonce']}';" in policy
        assert re.fullmatch(r"[\w-]{22}", tag["nonce"])
        assert "unsafe" not in policy
        nonces.add(tag["nonce"])
    assert len(nonces) == 2


@pytest.mark.parametrize("script", scripts.ALL, ids=lambda one: one.name)
def test_no_script_makes_code_of_text(script: scripts.Script) -> None:
    source = script.content.decode()
    for forbidden in ("eval(", "new Function", "document.write", "insertAdjacentHTML", "outerHTML =", "javascript:"):
        assert forbidden not in source
    assert bool(script.maker) == ("createPolicy(" in source)
    assert source.count("innerHTML = ") == source.count("innerHTML = trusted.createHTML(")


async def test_what_merchants_hold_their_pages_to_is_served_by_later_releases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For good, and as it was; also where the newest is kept already."""
    monkeypatch.setattr(script_files, "KEPT", tmp_path)
    earlier = b"of an earlier release"
    path = f"/js/ateni-{scripts.version(earlier)}.js"
    newest = scripts.NAMED["ateni.js"]
    for kept, content in ((path, earlier), (newest.path, newest.content)):
        (tmp_path / kept.removeprefix("/js/")).write_bytes(content)
    served = Application((script_files.ScriptFiles(),), lambda: "req_1")
    for kept, content in ((path, earlier), (newest.path, newest.content)):
        answer = await ask(served, "GET", kept)
        assert (answer.status, answer.body) == (200, content)
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["access-control-allow-origin"] == "*"
    (tmp_path / path.removeprefix("/js/")).write_bytes(b"changed since")
    with pytest.raises(ValueError, match="not what its name says"):
        script_files.ScriptFiles()
