"""The account page: sessions and clients are somebody's own to end, and a password to change."""

from collections.abc import AsyncIterator

import pytest

from tests.surfaces.oauth import person
from tests.surfaces.oauth.person import PASSWORD, Browser, Person, fields
from tests.surfaces.v1 import shop
from tillgate.assembly import Assembly
from tillgate.clock import ManualClock
from tillgate.core.decisions import Decision
from tillgate.core.instants import SECOND
from tillgate.core.people import EVERYBODYS
from tillgate.core.people import Person as Record
from tillgate.core.records import evolve
from tillgate.flows import sessions
from tillgate.pages import browsers
from tillgate.store import find, migrate

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    return ManualClock(1_767_225_600 * SECOND)


@pytest.fixture(scope="module")
async def parts(
    tmp_path_factory: pytest.TempPathFactory, clock: ManualClock, anyio_backend: object
) -> AsyncIterator[Assembly]:
    """Everything, with a clock that stands still until it is moved."""
    home = tmp_path_factory.mktemp("home")
    migrate.migrate(None, home)
    async with shop.open_shop(home, clock=clock, keeps_time=False) as made:
        yield made


async def press(ann: Person, path: str, **said: str) -> int:
    token = fields(await ann.get("/account"))["token"]
    return (await ann.send(path, {"token": token, **said})).status_code


async def another_session(ann: Person) -> Browser:
    """The same person in another browser."""
    other = await person.signed_in(ann.parts)
    found = (await sessions.of(ann.parts.gateway, other.id))[0]
    await ann.parts.gateway.store.commit(Decision(save=(evolve(found, person=ann.id),)))
    return other


async def test_sessions_are_listed_and_ended_one_by_one_or_all_others(parts: Assembly) -> None:
    ann = await person.signed_in(parts)
    one, other = await another_session(ann), await another_session(ann)
    page = await ann.get("/account")
    assert page.text.count("Firefox, Linux</strong>") == 3
    assert page.text.count("this one") == 1
    assert await press(ann, "/account/sessions", session="nonsense") == 303
    assert len(await sessions.of(parts.gateway, ann.id)) == 3
    assert await press(ann, "/account/sessions", session="others") == 303
    for ended in (one, other):
        assert (await ended.get("/account")).status_code == 303
    assert (await ann.get("/account")).status_code == 200
    last = (await sessions.of(parts.gateway, ann.id))[0].id
    assert await press(ann, "/account/sessions", session=last) == 303
    assert (await ann.get("/account")).status_code == 303


async def test_nobody_ends_what_is_somebody_elses(parts: Assembly) -> None:
    ann, eve = await person.signed_in(parts), await person.signed_in(parts)
    client = await ann.client()
    tokens = (await client.exchange((await ann.agree(client))["code"])).json()
    theirs = (await sessions.of(parts.gateway, ann.id))[0].id
    assert await press(eve, "/account/sessions", session=theirs) == 303
    assert await press(eve, "/account/clients", client=client.id, merchant=ann.tenant.id) == 303
    assert (await ann.get("/account")).status_code == 200
    assert (await client.refresh(tokens["refresh_token"])).status_code == 200


async def test_a_client_is_taken_back_with_all_that_it_has(parts: Assembly, clock: ManualClock) -> None:
    ann = await person.signed_in(parts)
    client, other = await ann.client(name="<b>Ledger</b>"), await ann.client(name="Other")
    held = [(await client.exchange((await ann.agree(client))["code"])).json() for _ in range(2)]
    kept = (await other.exchange((await ann.agree(other))["code"])).json()
    page = await ann.get("/account")
    assert page.text.count("&lt;b&gt;Ledger&lt;/b&gt;</strong>") == 1
    assert await press(ann, "/account/clients", client=client.id, merchant=ann.tenant.id) == 303
    clock.advance(SECOND)
    for tokens in held:
        assert await client.look_at(tokens["access_token"]) == {"active": False}
        assert (await client.refresh(tokens["refresh_token"])).status_code == 400
    assert (await other.refresh(kept["refresh_token"])).status_code == 200


@pytest.mark.parametrize("path", ["/account/sessions", "/account/clients", "/account/password", "/sign-out"])
async def test_what_no_page_of_ours_sent_changes_nothing(parts: Assembly, path: str) -> None:
    ann, eve = await person.signed_in(parts), await person.signed_in(parts)
    token, hers = [fields(await one.get("/account"))["token"] for one in (ann, eve)]
    for said, headers in (
        ({"token": token}, {"sec-fetch-site": "cross-site"}),
        ({"token": hers}, {}),
        ({"token": "é"}, {}),
        ({}, {}),
    ):
        answer = await ann.send(path, {"session": "others", **said}, **headers)
        assert (answer.status_code, answer.headers["content-type"]) == (403, "text/html; charset=utf-8")
    assert (await ann.get("/account")).status_code == 200


async def test_a_new_password_ends_all_other_sessions(parts: Assembly) -> None:
    ann = await person.somebody(parts)
    assert (await ann.sign_in(ann.email, PASSWORD)).status_code == 303
    other = await another_session(ann)
    assert await press(ann, "/account/password", present="wrong", new="a good long password") == 403
    assert await press(ann, "/account/password", present=PASSWORD, new="short") == 400
    assert (await other.get("/account")).status_code == 200
    assert await press(ann, "/account/password", present=PASSWORD, new="a good long password") == 303
    assert (await other.get("/account")).status_code == 303
    assert (await ann.get("/account")).status_code == 200
    found = await find.record(parts.gateway.store, Record, EVERYBODYS, ann.id)
    assert found
    assert await parts.gateway.passwords.matches(found.password, "a good long password")


def test_browsers_are_named_as_people_know_them() -> None:
    chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/1 Safari/537.36"
    assert browsers.named(chrome) == "Chrome, Windows"
    assert browsers.named(chrome + " Edg/1") == "Edge, Windows"
    assert browsers.named("Mozilla/5.0 (iPhone; like Mac OS X) AppleWebKit Version/1 Safari/1") == "Safari, iPhone"
    assert browsers.named("x" * 200) == "x" * 40
    assert browsers.named("") == ""
