"""The card element as it is served: to whom, in whose frames, in which languages, and with which types."""

import asyncio
import gzip
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import msgspec
import pytest

from tests.pages import payer
from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import Client
from tillgate.core import languages
from tillgate.core.credentials import ALL_SCOPES, PUBLISHABLE_SCOPES, CredentialKind
from tillgate.core.merchants import Mode, Tenant
from tillgate.core.sandbox_cards import named
from tillgate.flows import profiles
from tillgate.flows.directory import Directory
from tillgate.pages import elements, rendering, scripts, texts
from tillgate.surfaces.v1.sandbox_keys import PUBLISHABLE_KEY, SECRET_KEY

pytestmark = pytest.mark.anyio

NODE: Final = Path(__file__).parents[1] / "node"
TYPES: Final = rendering.HERE / "static" / "ateni.d.ts"
LOCALHOST: Final = "frame-ancestors http://localhost:* http://127.0.0.1:*"


@pytest.fixture(scope="module")
async def merchant(tmp_path_factory: pytest.TempPathFactory, anyio_backend: object) -> AsyncIterator[Client]:
    """Somebody on this machine."""
    async with payer.bookshop(tmp_path_factory.mktemp("home")) as client:
        yield client


def directive(policy: str, name: str) -> str:
    """What a page's policy says of something."""
    return next(part.strip() for part in policy.split(";") if part.strip().startswith(f"{name} "))


async def test_pages_of_this_machine_may_frame_the_fields_while_a_merchant_tests(merchant: Client) -> None:
    page = await merchant.ask("GET", f"{elements.PATH}?key={PUBLISHABLE_KEY}")
    policy = page.headers["content-security-policy"]
    assert directive(policy, "frame-ancestors") == LOCALHOST
    assert "x-frame-options" not in page.headers
    assert directive(policy, "default-src") == "default-src 'none'"
    assert re.fullmatch(r"script-src 'nonce-[\w-]{22}'", directive(policy, "script-src"))
    assert directive(policy, "connect-src").startswith("connect-src 'self'")
    assert "trusted-types 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["cache-control"] == "no-store"
    named = [scripts.NAMED[name].path for name in ("card_fields.js", "ateni.js", "test_cards.js", "element.js")]
    assert [tag["src"] for tag in payer.scripts(page)] == named
    assert all(tag["integrity"] for tag in payer.scripts(page))


async def test_only_the_origins_that_a_merchant_registered_may_frame_the_fields(merchant: Client) -> None:
    parts = merchant.parts
    tenant = await shop.new_tenant(parts, "Listed")
    key = await shop.issue(parts, tenant, CredentialKind.PUBLISHABLE_KEY, PUBLISHABLE_SCOPES)
    await profiles.register(parts.gateway, tenant, lambda _: ("https://shop.example",))
    page = await merchant.ask("GET", f"{elements.PATH}?key={key}")
    policy = page.headers["content-security-policy"]
    assert directive(policy, "frame-ancestors") == "frame-ancestors https://shop.example"


@pytest.mark.parametrize("key", ["", "pk_test_unknown", "pk_live_unknown", "x" * 2_000, "a&key=b", "%F0%9F%92%B3"])
async def test_a_key_that_nobody_has_opens_nothing_and_may_be_framed_by_nobody(merchant: Client, key: str) -> None:
    page = await merchant.ask("GET", f"{elements.PATH}?key={key}")
    assert page.status_code == 403
    assert directive(page.headers["content-security-policy"], "frame-ancestors") == "frame-ancestors 'none'"
    assert "<form" not in page.text


async def test_a_key_that_is_not_for_pages_opens_nothing_and_its_owner_is_told_to_roll_it(merchant: Client) -> None:
    for key in (SECRET_KEY, merchant.key):
        page = await merchant.ask("GET", f"{elements.PATH}?key={key}")
        assert (page.status_code, "roll it" in page.text) == (403, True)
        assert str(key) not in page.text


async def test_nothing_in_the_fields_of_live_payments_could_fill_them_in(
    merchant: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    identify = Directory.identify

    async def live(self: Directory, secret: str, *, on_this_machine: bool) -> tuple[object, Tenant]:
        principal, tenant = await identify(self, secret, on_this_machine=on_this_machine)
        return principal, msgspec.structs.replace(tenant, mode=Mode.LIVE)

    monkeypatch.setattr(Directory, "identify", live)
    page = await merchant.ask("GET", f"{elements.PATH}?key={PUBLISHABLE_KEY}")
    assert page.status_code == 200
    assert "test_cards" not in page.text
    assert [tag["src"] for tag in payer.scripts(page)][-1] == scripts.NAMED["element.js"].path
    # Nobody's pages may frame it until an origin is registered.
    assert directive(page.headers["content-security-policy"], "frame-ancestors") == "frame-ancestors 'none'"


@pytest.mark.parametrize(
    ("asked", "accepted", "label"),
    [
        ("", "en", "Card number"),
        ("", "es-PR, en", "Número de tarjeta"),
        ("&locale=de", "en", "Kartennummer"),
        ("&locale=fr", "es", "Número de tarjeta"),
        ("&locale=<script>", "en", "Card number"),
    ],
)
async def test_the_fields_speak_the_language_that_is_asked_for(
    merchant: Client, asked: str, accepted: str, label: str
) -> None:
    path = f"{elements.PATH}?key={PUBLISHABLE_KEY}{asked}"
    page = await merchant.ask("GET", path, headers={"accept-language": accepted})
    assert f">{label}</label>" in page.text
    assert "<script>" not in page.text


def test_every_error_of_the_fields_has_words() -> None:
    codes = set(
        re.findall(r'"((?:invalid|incomplete|expired)_[a-z_]+)"', scripts.NAMED["card_fields.js"].content.decode())
    )
    assert codes | {"incomplete_postal_code", "incomplete_cvc_amex"} == set(elements.ERRORS)
    for language in languages.LANGUAGES:
        assert all(texts.spoken(language)[name] for name in elements.ERRORS.values())


def test_the_library_is_small_and_loads_nothing_of_anybody_elses() -> None:
    library = scripts.NAMED["ateni.js"].content
    assert len(gzip.compress(library)) < 15_000
    for forbidden in (
        "innerHTML",
        "cssText",
        "http://",
        "https://",
        "import(",
        "importScripts",
        "document.cookie",
        "Storage",
    ):
        assert forbidden not in library.decode()
    frame = [scripts.NAMED[name].content for name in ("card_fields.js", "element.js", "test_cards.js")]
    assert sum(len(gzip.compress(one)) for one in frame) < 10_000


def test_cards_for_tests_are_the_sandboxs() -> None:
    source = scripts.NAMED["test_cards.js"].content.decode()
    numbers = dict(re.findall(r'^ {4}(\w+): "([0-9]+)"', source, re.MULTILINE))
    known = {
        "visa": "pm_card_visa",
        "amex": "pm_card_amex",
        "declined": "pm_card_chargeDeclined",
        "insufficient_funds": "pm_card_chargeDeclinedInsufficientFunds",
        "expired_card": "pm_card_chargeDeclinedExpiredCard",
        "incorrect_cvc": "pm_card_chargeDeclinedIncorrectCvc",
        "processing_error": "pm_card_chargeDeclinedProcessingError",
        "three_d_secure": "pm_card_authenticationRequired",
        "disputed": "pm_card_createDispute",
    }
    for name, method in known.items():
        card = named(method)
        assert card is not None
        assert numbers[name] == card.number.digits
    told = re.search(r"type TestCard =(.*?)\n\n", TYPES.read_text(), re.DOTALL)
    assert told is not None
    brands = re.search(r"type Brand = (.*)", TYPES.read_text())
    assert brands is not None
    typed = {*re.findall(r'"(\w+)"', told[1]), *re.findall(r'"(\w+)"', brands[1])} - {"unknown"}
    assert typed == set(numbers)


async def test_the_types_are_served_and_fit_what_a_page_does(merchant: Client) -> None:
    served = await merchant.ask("GET", elements.TYPES)
    assert served.content == TYPES.read_bytes()
    assert served.headers["access-control-allow-origin"] == "*"
    compiler = NODE / "node_modules" / "typescript" / "bin" / "tsc"
    asked: list[str | Path] = [
        "node",
        compiler,
        "--noEmit",
        "--strict",
        "--skipDefaultLibCheck",
        "--lib",
        "es2022,dom",
        TYPES,
        NODE / "ateni.types.ts",
        # In one go: most of the time goes into starting.
        rendering.HERE / "static" / "trustpay.d.ts",
        NODE / "trustpay.types.ts",
    ]
    checked = await asyncio.create_subprocess_exec(*asked, stdout=subprocess.PIPE)
    said, _ = await checked.communicate()
    assert (checked.returncode, said) == (0, b"")


async def test_the_banks_page_may_be_in_a_window_over_a_merchants_page_only_where_it_is_opened_so(
    merchant: Client,
) -> None:
    _, path = await payer.sent_away(merchant, return_url="https://shop.example/paid")
    for framed, allowed in (("", "frame-ancestors 'none'"), ("?framed", LOCALHOST)):
        page = await merchant.ask("GET", path + framed)
        assert directive(page.headers["content-security-policy"], "frame-ancestors") == allowed
        assert [tag["src"] for tag in payer.scripts(page)] == ([scripts.NAMED["challenge.js"].path] if framed else [])
    wrong = await payer.press(merchant, path + "?framed", "outcome=approve&code=")
    assert directive(wrong.headers["content-security-policy"], "frame-ancestors") == LOCALHOST
    chosen = await payer.press(merchant, path + "?framed", payer.APPROVE)
    assert chosen.headers["location"] == f"{path}?framed&over"
    over = await payer.go_on(merchant, chosen)
    # Whoever opened the window closes it; it leads nowhere.
    assert payer.refresh(over) is None
    assert directive(over.headers["content-security-policy"], "frame-ancestors") == LOCALHOST
    assert payer.refresh(await merchant.ask("GET", path + "?over")) is not None


async def test_a_merchants_registered_origins_are_those_of_its_banks_pages_too(merchant: Client) -> None:
    parts = merchant.parts
    tenant = await shop.new_tenant(parts, "Listed too")
    await profiles.register(parts.gateway, tenant, lambda _: ("https://shop.example",))
    client = Client(parts, await shop.issue(parts, tenant, CredentialKind.SECRET_KEY, ALL_SCOPES))
    _, path = await payer.sent_away(client)
    page = await client.ask("GET", path + "?framed")
    policy = page.headers["content-security-policy"]
    assert directive(policy, "frame-ancestors") == "frame-ancestors https://shop.example"


@pytest.mark.parametrize(
    "asked", [("/payment_intents", {"amount": 2000, "currency": "usd"}), ("/setup_intents", {})], ids=lambda one: one[0]
)
async def test_who_left_the_banks_window_has_given_it_up_and_nobody_else_can(
    merchant: Client, asked: tuple[str, dict[str, object]]
) -> None:
    parts = merchant.parts
    tenant = await shop.new_tenant(parts, "Left")
    client = Client(parts, await shop.issue(parts, tenant, CredentialKind.SECRET_KEY, ALL_SCOPES))
    key = await shop.issue(parts, tenant, CredentialKind.PUBLISHABLE_KEY, PUBLISHABLE_SCOPES)
    paying = {"payment_method_data": {"type": "card", "card": payer.CHALLENGED}, "confirm": True}
    path, form = asked
    intent = (await client.post(path, {**form, **paying})).json()
    secret, bearer = intent["client_secret"], {"authorization": f"Bearer {key}"}

    async def left(form: str, headers: dict[str, str]) -> int:
        answer = await payer.press(Client(parts, None), elements.LEAVE, form, **headers)
        return answer.status_code

    whole = f"client_secret={secret}"
    refused = [
        (whole, {}),
        (whole, {"authorization": f"Bearer {PUBLISHABLE_KEY}"}),
        (whole[:-1], bearer),
        ("", bearer),
        ("client_secret=pi_1_secret_1", bearer),
        ("client_secret=seti_1_secret_1", bearer),
        (whole, {"authorization": "Bearer x"}),
    ]
    assert [await left(*one) for one in refused] == [403] * len(refused)
    assert (await client.get(f"{path}/{intent['id']}")).json()["status"] == "requires_action"
    # As often as one likes.
    assert [await left(whole, bearer) for _ in range(2)] == [200, 200]
    after = (await client.get(f"{path}/{intent['id']}")).json()
    assert (after["status"], after["next_action"]) == ("requires_confirmation", None)
    # The same card may be tried once more.
    again = await client.post(f"{path}/{intent['id']}/confirm", {})
    assert again.json()["status"] == "requires_action"
