"""The consent page: what it says, for whom one may agree, and that nobody is sent where nobody knows."""

import html
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from tests.surfaces.oauth import person
from tests.surfaces.oauth.person import CALLBACK, FORM, Person, back, fields
from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import LOCAL
from tillgate.assembly import Assembly
from tillgate.clock import ManualClock
from tillgate.core.instants import SECOND
from tillgate.core.merchants import Mode
from tillgate.core.people import Role
from tillgate.flows import oauth_grants, people
from tillgate.store import migrate

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def parts(tmp_path_factory: pytest.TempPathFactory, anyio_backend: object) -> AsyncIterator[Assembly]:
    """Everything, with a clock that stands still."""
    home = tmp_path_factory.mktemp("home")
    migrate.migrate(None, home)
    async with shop.open_shop(home, clock=ManualClock(1_767_225_600 * SECOND), keeps_time=False) as made:
        yield made


@pytest.fixture
async def ann(parts: Assembly) -> Person:
    """An owner of a merchant of her own, signed in."""
    return await person.signed_in(parts)


def is_page(answer: httpx2.Response, status: int, said: str) -> bool:
    is_html = answer.headers["content-type"] == "text/html; charset=utf-8"
    return answer.status_code == status and is_html and said in answer.text and "location" not in answer.headers


async def test_the_page_says_who_asks_for_what_and_where_one_goes_on(ann: Person) -> None:
    name = '<script>alert(1)</script>{texts}"&'
    client = await ann.client(name=name, redirect_uris=("https://app.example:8443/callback?tenant=7",))
    page = await ann.get(client.address(scope=""))
    assert page.status_code == 200
    assert "<script" not in page.text
    assert html.escape(name).replace("&quot;", "&#34;") in page.text
    for said in ("app.example:8443", "Bookshop", ann.email, "manage payment applications", "while you are away"):
        assert said in page.text
    policy = page.headers["content-security-policy"]
    assert "form-action 'self' https://app.example:8443;" in policy
    for part in ("default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert part in policy
    assert page.headers["referrer-policy"] == "same-origin"
    assert page.headers["cache-control"] == "no-store"
    answer = await ann.send(client.address(), {**fields(page), "decision": "allow"})
    assert answer.headers["location"].startswith("https://app.example:8443/callback?tenant=7&code=ac_")


async def test_who_is_not_signed_in_is_led_to_that_and_back(parts: Assembly, ann: Person) -> None:
    client = await ann.client()
    stranger = person.Browser(parts)
    answer = await stranger.get(client.address(state="a b/ü"[:4]))
    assert answer.status_code == 303
    where = urlsplit(answer.headers["location"])
    assert where.path == "/sign-in"
    goes_on = parse_qs(where.query)["next"][0]
    assert (await ann.get(goes_on)).status_code == 200
    assert fields(await stranger.get(answer.headers["location"]))["next"] == goes_on
    answer = await stranger.send(client.address(), {"decision": "allow", "merchant": ann.tenant.id, "token": "x"})
    assert answer.headers["location"].startswith("/sign-in?next=")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"client_id": "client_nobodys"}, "This application is unknown"),
        ({"client_id": ""}, "This application is unknown"),
        ({"redirect_uri": "https://evil.example/callback"}, "leads nowhere safe"),
        ({"redirect_uri": CALLBACK + "/.."}, "leads nowhere safe"),
        ({"redirect_uri": "javascript:alert(1)"}, "leads nowhere safe"),
        ({"redirect_uri": "x" * 1_500}, "leads nowhere safe"),
    ],
)
async def test_nobody_is_sent_where_nobody_knows(ann: Person, change: dict[str, str], said: str) -> None:
    client = await ann.client()
    assert is_page(await ann.get(client.address(**change)), 400, said)
    assert is_page(await ann.get(client.address(**change, response_type="token", scope="nonsense")), 400, said)
    assert is_page(await ann.send(client.address(**change), {"decision": "allow"}), 400, said)


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
async def test_nobody_is_sent_anywhere_by_a_request_of_two_minds(ann: Person, name: str) -> None:
    client = await ann.client()
    address = f"{client.address()}&{urlencode({name: client.request[name]})}"
    assert is_page(await ann.get(address), 400, "Nothing was allowed.")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": ""}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"scope": "openid"}, "invalid_scope"),
        ({"scope": "offline_access"}, "invalid_scope"),
        ({"response_mode": "form_post"}, "invalid_request"),
    ],
)
async def test_the_client_hears_what_was_wrong_with_its_request(ann: Person, change: dict[str, str], code: str) -> None:
    client = await ann.client()
    said = back(await ann.get(client.address(**change)))
    assert (said["error"], said["state"], said["iss"]) == (code, "xyz", LOCAL)
    assert said.keys() == {"error", "error_description", "state", "iss"}


async def test_a_state_comes_back_to_the_letter(ann: Person) -> None:
    client = await ann.client()
    state = "".join(map(chr, range(32, 127))) + "%41"
    assert (await ann.agree(client, state=state))["state"] == state
    assert "state" not in await ann.agree(client, state="")
    assert "state" not in back(await ann.get(client.address(state="x" * 2_001)))
    for broken in ("%", "%ff", "%00"):
        answer = await ann.get(f"{client.address(state='')}&state={broken}")
        assert is_page(answer, 400, "could not be read")


async def test_who_does_not_agree_gives_nothing(ann: Person) -> None:
    client = await ann.client()
    page = await ann.get(client.address())
    said = back(await ann.send(client.address(), {**fields(page), "decision": "deny"}))
    assert (said["error"], said["state"]) == ("access_denied", "xyz")
    for decision in ("", "maybe", "ALLOW"):
        answer = await ann.send(client.address(), {**fields(page), "decision": decision})
        assert is_page(answer, 400, "Allow Ledger App?")
    other = {**fields(page), "decision": "allow", "merchant": (await shop.new_tenant(ann.parts)).id}
    assert is_page(await ann.send(client.address(), other), 400, "Allow Ledger App?")
    assert await oauth_grants.of_person(ann.parts.gateway, ann.id) == []


async def test_a_form_of_somebody_elses_allows_nothing(ann: Person) -> None:
    client, eve = await ann.client(), await person.signed_in(ann.parts)
    mine, hers = [fields(await one.get(client.address())) for one in (ann, eve)]
    for said in ({**mine, "token": hers["token"]}, {**mine, "token": ""}):
        answer = await ann.send(client.address(), {**said, "decision": "allow"})
        assert is_page(answer, 403, "not sent by you")
    for content in (b"%", b"a=%ff", b"&" * 1_001):
        answer = await ann.http.post(client.address(), content=content, headers={"content-type": FORM})
        assert is_page(answer, 400, "could not be read")
    assert is_page(await ann.http.post(client.address(), json={}), 400, "could not be read")


async def test_one_agrees_for_a_merchant_that_one_chooses_as_far_as_ones_role_goes(ann: Person) -> None:
    client = await ann.client()
    roles = {
        role: await shop.new_tenant(ann.parts, f"{role.value} of")
        for role in (Role.DEVELOPER, Role.SUPPORT, Role.ANALYST)
    }
    for role, tenant in roles.items():
        await people.add(ann.parts.gateway, tenant, ann.email, role, "")
    live = await shop.new_tenant(ann.parts, "Live shop", mode=Mode.LIVE)
    await people.add(ann.parts.gateway, live, ann.email, Role.OWNER, "")
    page = await ann.get(client.address(scope="applications account offline_access"))
    assert page.text.count('type="radio"') == 2
    for name, is_there in (("developer of", True), ("support of", False), ("analyst of", False), ("Live shop", False)):
        assert (name in page.text) == is_there
    chosen = {**fields(page), "merchant": roles[Role.DEVELOPER].id, "decision": "allow"}
    answer = await ann.send(client.address(scope="applications account offline_access"), chosen)
    tokens = (await client.exchange(back(answer)["code"])).json()
    assert tokens["scope"] == "applications offline_access"
    for refused in (roles[Role.SUPPORT], roles[Role.ANALYST], live):
        answer = await ann.send(client.address(scope="account"), {**chosen, "merchant": refused.id})
        assert answer.status_code == 400


async def test_who_may_allow_nothing_is_told_so_and_can_only_go_back(parts: Assembly) -> None:
    bob = await person.signed_in(parts, Role.ANALYST)
    client = await bob.client()
    page = await bob.get(client.address())
    assert "With your role you cannot allow" in page.text
    assert 'value="allow"' not in page.text
    answer = await bob.send(client.address(), {**fields(page), "decision": "allow", "merchant": bob.tenant.id})
    assert answer.status_code == 400
    said = back(await bob.send(client.address(), {**fields(page), "decision": "deny"}))
    assert said["error"] == "access_denied"


async def test_who_says_that_it_is_not_them_signs_in_as_somebody_else_for_the_same_request(ann: Person) -> None:
    client = await ann.client()
    page = await ann.get(client.address())
    answer = await ann.send("/sign-out", fields(page))
    goes_on = parse_qs(urlsplit(answer.headers["location"]).query)["next"][0]
    assert goes_on.startswith("/oauth/authorize?")
    assert (await ann.get(goes_on)).headers["location"].startswith("/sign-in?next=")


@pytest.mark.parametrize(("language", "said"), [("de", "Erlauben<"), ("es", "Permitir<"), ("fr", "Allow<")])
async def test_the_pages_speak_the_readers_language(ann: Person, language: str, said: str) -> None:
    client = await ann.client()
    page = await ann.get(client.address(), **{"accept-language": language})
    assert said in page.text
    assert page.headers["vary"] == "accept-language"
