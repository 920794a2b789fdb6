"""An operator's commands about people and clients, and the first login of all."""

import pytest

from tests.workers.command_line import asked, done
from tillgate.assembly import Opened
from tillgate.core.merchants import DEMO_SHOP
from tillgate.flows import people as flows
from tillgate.flows import sessions
from tillgate.flows.sessions import Asked
from tillgate.workers import people

pytestmark = pytest.mark.anyio

ANN = "ann@example.com"
PASSWORD = "correct horse battery"
ELSEWHERE = Asked("192.0.2.1", "", on_this_machine=False)


async def enters(opened: Opened, password: str, email: str = ANN) -> bool:
    entered = await sessions.sign_in(opened.gateway, opened.directory, email, password, ELSEWHERE)
    return entered is not None


async def test_somebody_is_added_with_a_password_that_is_made_up_or_given(opened: Opened) -> None:
    ann = await done(opened, "people add", email=f" {ANN} ", role="owner")
    assert (ann["email"], len(ann["password"])) == (ANN, 16)
    assert ann["memberships"] == [{"merchant": DEMO_SHOP.id, "role": "owner"}]
    assert await enters(opened, ann["password"])
    bob = await done(opened, "people add", email="bob@example.com", role="analyst", password=PASSWORD)
    assert bob["password"] is None
    assert await enters(opened, PASSWORD, "BOB@example.com")
    assert [one["email"] for one in await done(opened, "people list")] == [ANN, "bob@example.com"]
    assert {one["password"] for one in await done(opened, "people list")} == {None}


async def test_who_is_there_already_gets_another_role_or_another_merchant_and_keeps_the_password(
    opened: Opened,
) -> None:
    await done(opened, "people add", email=ANN, role="owner", password=PASSWORD)
    shop = (await done(opened, "merchants create", name="Bookshop"))["id"]
    more = await done(opened, "people add", email=ANN.upper(), role="support", merchant=shop)
    less = await done(opened, "people add", email=ANN, role="analyst")
    assert (more["password"], less["password"], more["id"]) == (None, None, less["id"])
    assert {one["merchant"]: one["role"] for one in less["memberships"]} == {DEMO_SHOP.id: "analyst", shop: "support"}
    assert await enters(opened, PASSWORD)
    again = await asked(opened, "people add", email=ANN, role="owner", password="another password")
    assert "They have a password already" in again.refused
    left = await done(opened, "people remove", email=ANN, merchant=shop)
    assert len(left["memberships"]) == 2
    assert [len(one["memberships"]) for one in await done(opened, "people list")] == [1]
    assert "is nothing to Bookshop" in (await asked(opened, "people remove", email=ANN, merchant=shop)).refused


async def test_another_password_ends_the_sessions(opened: Opened) -> None:
    ann = await done(opened, "people add", email=ANN, role="owner", password=PASSWORD)
    assert await enters(opened, PASSWORD)
    assert len(await sessions.of(opened.gateway, ann["id"])) == 1
    new = (await done(opened, "people password", email=ANN))["password"]
    assert await sessions.of(opened.gateway, ann["id"]) == []
    assert (await enters(opened, PASSWORD), await enters(opened, new)) == (False, True)


async def test_who_is_removed_is_nobody_and_may_be_added_again(opened: Opened) -> None:
    ann = await done(opened, "people add", email=ANN, role="owner", password=PASSWORD)
    assert await enters(opened, PASSWORD)
    await done(opened, "people remove", email=ANN)
    assert not await enters(opened, PASSWORD)
    assert await done(opened, "people list") == []
    assert (await done(opened, "people add", email=ANN, role="owner"))["id"] != ann["id"]


@pytest.mark.parametrize(
    ("command", "given", "said"),
    [
        ("people add", {"email": "ann", "role": "owner"}, "That is no e-mail address."),
        ("people add", {"email": ANN, "role": "king"}, "Invalid enum value"),
        ("people add", {"email": ANN, "role": "owner", "merchant": "ten_x"}, "There is no merchant ten_x"),
        ("people add", {"email": ANN, "role": "owner", "password": "short"}, "10 to 200 characters"),
        ("people add", {"email": ANN, "role": "owner", "password": ""}, "10 to 200 characters"),
        ("people password", {"email": ANN}, "There is nobody with the address"),
        ("people remove", {"email": ANN}, "There is nobody with the address"),
        ("clients add", {"name": "App"}, "Say where people are sent back to"),
        ("clients add", {"name": " ", "is_machine": True}, "A name has 1 to 60 characters"),
        ("clients add", {"name": "App", "redirect_uris": ["http://app.example/"]}, "A redirect URI is https"),
        ("clients add", {"name": "App", "is_machine": True, "is_public": True}, "leave out --public or --machine"),
        ("clients remove", {"id": "client_x"}, "There is no client client_x"),
    ],
)
async def test_what_cannot_be_done_is_refused_in_a_sentence(
    opened: Opened, command: str, given: dict[str, object], said: str
) -> None:
    assert said in (await asked(opened, command, **given)).refused


async def test_clients_are_registered_listed_and_removed(opened: Opened) -> None:
    web = await done(opened, "clients add", name="Web", redirect_uris=["https://app.example/cb"], scopes=["payments"])
    app = await done(opened, "clients add", name="App", redirect_uris=["com.example.app:/cb"], is_public=True)
    machine = await done(opened, "clients add", name="Cron", is_machine=True)
    assert (web["secret"][:9], app["secret"], machine["secret"][:9]) == ("ocs_test_", None, "ocs_test_")
    assert (web["scopes"], web["grant_types"]) == (["payments"], ["authorization_code", "refresh_token"])
    assert (machine["scopes"], machine["grant_types"]) == (
        ["applications", "payments", "account"],
        ["client_credentials"],
    )
    assert [one["name"] for one in await done(opened, "clients list")] == ["Cron", "App", "Web"]
    assert {one["secret"] for one in await done(opened, "clients list")} == {None}
    await done(opened, "clients remove", id=web["id"])
    assert [one["name"] for one in await done(opened, "clients list")] == ["Cron", "App"]
    assert "There is no client" in (await asked(opened, "clients remove", id=web["id"])).refused
    revoked = {one["id"]: one["revoked_at"] is not None for one in await done(opened, "keys list")}
    assert revoked == {web["id"]: True, machine["id"]: False}


async def test_the_first_login_is_made_once_and_where_nobody_is(opened: Opened) -> None:
    password = await people.first_login(opened.office, DEMO_SHOP, "demo@example.com")
    assert password
    assert await people.first_login(opened.office, DEMO_SHOP, "demo@example.com") is None
    assert await enters(opened, password, "demo@example.com")
    (owner,) = await flows.every(opened.gateway)
    assert [one.role.value for one in owner.memberships] == ["owner"]
