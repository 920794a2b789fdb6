"""What holds for every page of the server, whoever made it, whoever looks, and whatever others wrote into it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.pages import guest, site
from tests.surfaces.checkout import store as stores
from tests.surfaces.checkout.store import Store
from tests.surfaces.oauth import person
from tests.surfaces.oauth.person import FORM, Browser, Person
from tests.surfaces.v1 import shop
from tillgate.assembly import Assembly
from tillgate.core.credentials import PUBLISHABLE_SCOPES, CredentialKind
from tillgate.core.instants import SECOND
from tillgate.flows import order_links
from tillgate.pages import scripts
from tillgate.store import migrate

pytestmark = pytest.mark.anyio

FAR = "https://pay.example.com"


@pytest.fixture(scope="module")
async def parts(tmp_path_factory: pytest.TempPathFactory, anyio_backend: object) -> AsyncIterator[Assembly]:
    home: Path = tmp_path_factory.mktemp("home")
    migrate.migrate(None, home)
    async with shop.open_shop(home, keeps_time=False) as made:
        yield made


@pytest.fixture(scope="module")
async def ann(parts: Assembly) -> Person:
    """Somebody who is signed in."""
    return await person.signed_in(parts)


def browsers(parts: Assembly, ann: Person) -> list[Browser]:
    """Somebody on this machine, somebody far away, somebody who is signed in."""
    return [Browser(parts), Browser(parts, peer="198.51.100.1", base_url=FAR), ann]


@pytest.fixture(scope="module")
async def places(parts: Assembly, ann: Person) -> dict[str, str]:
    """Addresses, by their routes, at which there is something to see."""
    store = await stores.opened(parts)
    checkout = (await guest.opened(store)).path
    key = await shop.issue(parts, store.tenant, CredentialKind.PUBLISHABLE_KEY, PUBLISHABLE_SCOPES)
    client = await ann.client()
    found = {
        "/checkout/{id}": checkout,
        "/elements/card": f"/elements/card?key={key}",
        "/oauth/authorize": client.address(),
        "/orders/{id}": await order(store),
        "/pay/{id}": await payment_link(store),
        "/sandbox/challenges/{reference}/{proof}": await challenge(store),
    }
    routes = {route.path for route in site.open_routes(parts)}
    assert found.keys() <= routes
    for place in found.values():
        assert (await ann.get(place)).status_code == 200, place
    return {**{one: site.address(one) for one in routes}, **found}


async def payment_link(store: Store) -> str:
    """One whose payer says how much."""
    price = {"currency": "usd", "custom_unit_amount": {"enabled": True}, "product_data": {"name": "Gift"}}
    answer = await store.v1.post("/payment_links", {"line_items": [{"price_data": price, "quantity": 1}]})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["url"]).removeprefix(shop.LOCAL)


async def order(store: Store) -> str:
    """An escrow order that nobody has paid yet."""
    order = {
        "price": 1_000_00,
        "currency": "ngn",
        "product": {"id": "7", "name": "Lamp"},
        "delivery": {"promised_by": store.parts.gateway.clock.wall() // SECOND + 86_400},
        "buyer": {"email": "ada@example.com"},
    }
    answer = await store.v1.post("/escrow_orders", order)
    assert answer.status_code == 200, answer.text
    payment = await store.record(answer.json()["payment"])
    return order_links.path(store.parts.gateway, payment)


async def challenge(store: Store) -> str:
    """As it is in a frame, where it runs a script."""
    payment = await store.v1.pay(card={**shop.CARD, "number": stores.CHALLENGED})
    url: str = payment["next_action"]["redirect_to_url"]["url"]
    return f"{url.removeprefix(shop.LOCAL)}?framed"


async def test_every_address_that_gives_a_page_gives_one_that_is_secure(
    parts: Assembly, ann: Person, places: dict[str, str]
) -> None:
    """Whether there is something to see at it or not; and the list says of every script on which pages it is."""
    found: dict[str, set[str]] = {}
    for browser in browsers(parts, ann):
        for route, place in places.items():
            if route in found and route.startswith("/docs"):
                continue  # It is long, and the same for everybody.
            for address in {place, site.address(route)}:
                page = await browser.get(address)
                if page.headers.get("content-type", "").startswith("text/html"):
                    tags = site.assert_secure(page).of("script")
                    found.setdefault(route, set()).update(site.LISTED[tag["src"]].name for tag in tags)
    assert {"/sign-in", "/account", "/phone", "/sandbox/shop", "/docs", "/docs/errors", "/scripts"} <= found.keys()
    for script in scripts.ALL:
        assert {path for path, names in found.items() if script.name in names} == set(script.pages), script.name


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": shop.LOCAL},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": shop.LOCAL + "0"},
    ],
    ids=lambda headers: " ".join(headers.values()),
)
async def test_nothing_is_changed_that_a_page_of_another_site_had_sent(
    parts: Assembly, ann: Person, headers: dict[str, str]
) -> None:
    changing = [route for route in site.open_routes(parts) if route.method != "GET"]
    assert {"/sign-in", "/sign-out", "/account/password", "/phone/answer"} <= {route.path for route in changing}
    for route in changing:
        for browser in (Browser(parts), ann):
            said = {"content-type": FORM, **headers}
            answer = await browser.http.request(route.method, site.address(route.path), content=b"", headers=said)
            assert answer.status_code == 403, route.path
            assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("headers", [{}, {"sec-fetch-site": "same-origin"}, {"origin": shop.LOCAL}])
async def test_what_our_own_pages_send_is_looked_at(parts: Assembly, headers: dict[str, str]) -> None:
    for path in ("/phone/login", "/sandbox/challenges/x/y"):
        answer = await Browser(parts).send(path, {"number": "7879990001"}, **headers)
        assert answer.status_code in (303, 404)


async def test_cookies_are_for_this_host_alone_by_https_and_no_scripts(parts: Assembly) -> None:
    """The phone's, the language's and those of signing in; by plain names on this machine, where https is none."""
    for origin, prefix in ((FAR, "__Host-tillgate-"), (shop.LOCAL, "tillgate-")):
        browser = Browser(parts, base_url=origin)
        signed_in = await browser.sign_in((await person.somebody(parts)).email, person.PASSWORD)
        answers = [await browser.get("/sign-in"), signed_in]
        if origin == shop.LOCAL:
            answers += [await browser.send("/phone/login", {"number": "7879990001"})]
            answers += [await browser.get("/phone?language=de")]
        cookies = [cookie for answer in answers for cookie in answer.headers.get_list("set-cookie")]
        assert len(cookies) >= 3
        for cookie in cookies:
            assert cookie.startswith(prefix)
            assert ("; Secure" in cookie) == (origin == FAR)
            assert "; Path=/; " in cookie
            assert "; HttpOnly; SameSite=" in cookie
            assert "domain" not in cookie.lower()
