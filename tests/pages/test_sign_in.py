"""Signing in: who may, what others learn of who may, how long wrong passwords are waited for, and how sessions end."""

import asyncio
import itertools
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.surfaces.oauth import person
from tests.surfaces.oauth.person import PASSWORD, Browser, Person, fields
from tests.surfaces.v1 import shop
from tillgate.assembly import Assembly
from tillgate.clock import ManualClock
from tillgate.core.instants import HOUR, MINUTE, SECOND
from tillgate.core.oauth import Grant
from tillgate.core.people import Role
from tillgate.core.sessions import Session
from tillgate.flows import people, retention
from tillgate.store import find, lists, migrate

pytestmark = pytest.mark.anyio

_peers = (f"198.51.{high}.{low}" for high, low in itertools.product(range(256), range(1, 255)))
SECURE = "https://pay.example.com"


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    return ManualClock(1_767_225_600 * SECOND)


@pytest.fixture(scope="module")
async def parts(
    tmp_path_factory: pytest.TempPathFactory, clock: ManualClock, anyio_backend: object
) -> AsyncIterator[Assembly]:
    """Everything, with a clock that stands still until it is moved."""
    home: Path = tmp_path_factory.mktemp("home")
    migrate.migrate(None, home)
    async with shop.open_shop(home, clock=clock, keeps_time=False) as made:
        yield made


@pytest.fixture(scope="module")
async def ann(parts: Assembly) -> Person:
    """Somebody with a password."""
    return await person.somebody(parts)


def browser(parts: Assembly, **headers: str) -> Browser:
    """A browser somewhere in the world, by https."""
    return Browser(parts, peer=next(_peers), base_url=SECURE, **headers)


def mistake(answer: httpx2.Response) -> str:
    found = re.search(r'role="alert">([^<]*)<', answer.text)
    assert found, answer.text
    return found[1]


async def test_who_has_the_password_is_signed_in_by_a_cookie_for_this_host_alone(parts: Assembly, ann: Person) -> None:
    there = browser(parts)
    answer = await there.sign_in(f" {ann.email.upper()} ", PASSWORD)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    kept = {cookie.partition("=")[0]: cookie for cookie in answer.headers.get_list("set-cookie")}
    session = kept["__Host-tillgate-session"]
    for part in ("Path=/", "HttpOnly", "SameSite=Lax", "Secure", "Max-Age=43200"):
        assert f"; {part}" in session
    assert "Domain" not in session
    assert "; SameSite=Strict" in kept["__Host-tillgate-browser"]
    page = await there.get("/account")
    assert (page.status_code, ann.email in page.text) == (200, True)
    assert page.headers["cache-control"] == "no-store"


async def test_wrong_passwords_and_unknown_people_are_answered_alike(parts: Assembly, ann: Person) -> None:
    """To the word and to the cookie; and to the work that it takes."""
    said, worked = [], []
    asked: list[str] = []
    looked_at, fetch = parts.gateway.passwords._verified, parts.gateway.store.engine.fetch

    def watched(kept: str, password: str) -> bool:
        worked.append(kept[: kept.index("p=1")])
        return looked_at(kept, password)

    async def counted(query: Any, values: Any) -> Any:
        table = re.search(r"FROM (tries|aliases|people)\b", str(query))
        asked.extend([table[1]] if table else [])
        return await fetch(query, values)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(parts.gateway.passwords, "_verified", watched)
        patched.setattr(parts.gateway.store.engine, "fetch", counted)
        for email in (ann.email, f"x{ann.email}", "demo@example.com", "none", "", "x" * 10_000 + "@example.com"):
            answer = await browser(parts).sign_in(email, "wrong password")
            cookies = sorted(cookie.partition("=")[0] for cookie in answer.headers.get_list("set-cookie"))
            said.append((answer.status_code, mistake(answer), cookies))
    assert said[0] == (403, "E-mail and password do not belong together.", ["__Host-tillgate-form"])
    assert set(map(str, said)) == {str(said[0])}
    assert worked == ["$argon2id$v=19$m=19456,t=2,"] * 6
    assert asked == ["tries", "aliases", "people"] * 6


@pytest.mark.parametrize("exists", [True, False])
async def test_after_five_wrong_passwords_all_wait_and_nobody_learns_whether_anybody_is_there(
    parts: Assembly, clock: ManualClock, exists: bool
) -> None:
    email = (await person.somebody(parts)).email if exists else f"nobody{clock.wall()}@example.com"
    for _ in range(5):
        assert (await browser(parts).sign_in(email, "wrong password")).status_code == 403
    answer = await browser(parts).sign_in(email, PASSWORD)
    assert (answer.status_code, "in 1 min." in mistake(answer)) == (429, True)
    clock.advance(30 * SECOND)
    assert (await browser(parts).sign_in(email, PASSWORD)).status_code == (303 if exists else 403)


async def test_who_tries_passwords_does_not_keep_out_who_signed_in_there_before(
    parts: Assembly, ann: Person, clock: ManualClock
) -> None:
    owns, other = browser(parts), browser(parts)
    assert (await owns.sign_in(ann.email, PASSWORD)).status_code == 303
    owns.http.cookies.delete("__Host-tillgate-session")
    for _ in range(6):
        await browser(parts).sign_in(ann.email, "wrong password")
    assert (await other.sign_in(ann.email, PASSWORD)).status_code == 429
    assert (await owns.sign_in(ann.email, PASSWORD)).status_code == 303
    # What a browser has for one person is good for nobody else, and nobody makes it up.
    mine = owns.http.cookies["__Host-tillgate-browser"]
    for theirs in (mine, mine[:-1] + "x", "x.y", "x", "."):
        stranger = browser(parts)
        stranger.http.cookies.set("__Host-tillgate-browser", theirs)
        expected = 303 if theirs is mine else 429
        assert (await stranger.sign_in(ann.email, PASSWORD)).status_code == expected
    clock.advance(HOUR)
    assert (await other.sign_in(ann.email, PASSWORD)).status_code == 303


async def test_of_many_tries_at_once_none_is_overlooked(parts: Assembly, clock: ManualClock) -> None:
    email = f"many{clock.wall()}@example.com"
    answers = await asyncio.gather(*[browser(parts).sign_in(email, f"wrong {number}") for number in range(12)])
    assert sorted(answer.status_code for answer in answers) == [403] * 5 + [429] * 7


async def test_one_address_tries_so_many_a_minute(parts: Assembly) -> None:
    there = browser(parts)
    page = await there.get("/sign-in")
    form = {**fields(page), "email": "x", "password": "x"}
    with pytest.MonkeyPatch.context() as quick:
        quick.setattr(parts.gateway.passwords, "_verified", lambda kept, password: False)
        statuses = [(await there.send("/sign-in", {**form, "email": f"{n}@x.example"})).status_code for n in range(31)]
    assert statuses == [403] * 30 + [429]


async def test_a_session_ends_after_half_an_hour_alone_and_after_twelve_hours_at_all(
    parts: Assembly, ann: Person, clock: ManualClock
) -> None:
    there = browser(parts)
    await there.sign_in(ann.email, PASSWORD)
    clock.advance(30 * MINUTE - 1)
    assert (await there.get("/account")).status_code == 200
    clock.advance(30 * MINUTE)
    assert (await there.get("/account")).headers["location"] == "/sign-in?next=/account"
    await there.sign_in(ann.email, PASSWORD)
    for _ in range(36):
        clock.advance(20 * MINUTE - 1)
        assert (await there.get("/account")).status_code == 200
    clock.advance(MINUTE)
    assert (await there.get("/account")).status_code == 303
    clock.advance(HOUR)
    while await retention.prune(parts.gateway):
        continue
    assert await lists.every(parts.gateway.store, Session) == []


@pytest.mark.parametrize(
    "asked",
    [
        *("https://evil.example/", "//evil.example/", "/\\evil.example", "/account/../x", "/account?x", "", "/sign-in"),
        *("/oauth/authorize?x\r\nset-cookie: a=b", "/oauth/authorize@evil.example", "javascript:alert(1)"),
        "/oauth/authorize?" + "x" * 9_000,
    ],
)
async def test_sign_in_leads_on_to_pages_of_ours_and_nowhere_else(parts: Assembly, asked: str) -> None:
    there = Browser(parts, peer="127.0.0.1")
    page = await there.get(f"/sign-in?{httpx2.QueryParams({'next': asked})}") if len(asked) < 2_000 else None
    page = page or await there.get("/sign-in")
    assert fields(page)["next"] == "/account"
    answer = await there.send(
        "/sign-in", {**fields(page), "email": "demo@example.com", "password": "demo", "next": asked}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    assert len(answer.headers.get_list("set-cookie")) == 3


async def test_who_was_asked_for_leave_is_asked_once_they_are_signed_in(parts: Assembly) -> None:
    here = Browser(parts)
    answer = await here.sign_in("demo@example.com", "demo", "/oauth/authorize?client_id=x&state=%2F%C3%A9")
    assert answer.headers["location"] == "/oauth/authorize?client_id=x&state=%2F%C3%A9"


async def test_a_form_of_somebody_elses_signs_nobody_in(parts: Assembly, ann: Person) -> None:
    there, other = browser(parts), browser(parts)
    form = {**fields(await there.get("/sign-in")), "email": ann.email, "password": PASSWORD}
    for said in ({**form, "token": ""}, {**form, "token": fields(await other.get("/sign-in"))["token"]}):
        answer = await there.send("/sign-in", said)
        assert (answer.status_code, "Please try again" in mistake(answer)) == (403, True)
        assert "__Host-tillgate-session" not in there.http.cookies
    for content in (b"%", b"email=%ff", b"&" * 1_001, b"a=%00"):
        answer = await there.http.post("/sign-in", content=content, headers={"content-type": person.FORM})
        assert (answer.status_code, answer.headers["content-type"]) == (400, "text/html; charset=utf-8")
    assert (await there.http.post("/sign-in", json=form)).status_code == 400


async def test_who_signs_out_is_signed_out_everywhere_that_cookie_is(parts: Assembly, ann: Person) -> None:
    there = browser(parts)
    await there.sign_in(ann.email, PASSWORD)
    before = there.http.cookies["__Host-tillgate-session"]
    again = browser(parts)
    again.http.cookies.set("__Host-tillgate-session", before)
    assert (await again.get("/sign-in")).headers["location"] == "/account"
    await there.send("/sign-out", {"token": fields(await there.get("/account"))["token"]})
    assert "__Host-tillgate-session" not in there.http.cookies
    assert (await again.get("/account")).status_code == 303


async def test_passwords_are_not_taken_by_http_from_elsewhere(parts: Assembly, ann: Person) -> None:
    there = Browser(parts, peer=next(_peers), base_url="http://pay.example.com")
    page = await there.get("/sign-in")
    assert (page.status_code, "only taken over https" in page.text, "<form" in page.text) == (403, True, False)
    answer = await there.send("/sign-in", {"email": ann.email, "password": PASSWORD})
    assert (answer.status_code, answer.headers.get_list("set-cookie")) == (403, [])


async def test_the_sandboxs_login_is_good_on_this_machine_only(parts: Assembly) -> None:
    here = Browser(parts)
    assert (await here.sign_in("demo@example.com", "demo")).status_code == 303
    assert "Demo Shop" in (await here.get("/account")).text
    assert "demo@example.com" in (await Browser(parts).get("/sign-in")).text
    there = browser(parts)
    assert "demo@example.com" not in (await there.get("/sign-in")).text
    assert (await there.sign_in("demo@example.com", "demo")).status_code == 403
    taken = browser(parts)
    taken.http.cookies.set("__Host-tillgate-session", here.http.cookies["tillgate-session"])
    assert (await taken.get("/account")).status_code == 303


async def test_who_is_removed_is_forgotten(parts: Assembly, clock: ManualClock) -> None:
    bob = await person.signed_in(parts)
    client = await bob.client()
    tokens = (await client.exchange((await bob.agree(client))["code"])).json()
    found = await people.by_email(parts.gateway, bob.email)
    assert found
    await people.remove(parts.gateway, found)
    assert (await bob.get("/account")).status_code == 303
    clock.advance(SECOND)
    assert await client.look_at(tokens["access_token"]) == {"active": False}
    assert await people.by_email(parts.gateway, bob.email) is None
    assert await find.of_person(parts.gateway.store, Session, bob.id) == []
    assert await find.of_person(parts.gateway.store, Grant, bob.id) == []
    assert await people.memberships(parts.gateway, bob.id) == []
    again, is_new = await people.add(parts.gateway, bob.tenant, bob.email, Role.ANALYST, PASSWORD)
    assert is_new
    assert again.person.id != bob.id
