"""Authorization codes and refresh tokens: each is good once, for its own client, and reuse takes everything back."""

import asyncio
from typing import Any

import pytest

from tests.surfaces.oauth import person
from tests.surfaces.oauth.person import CALLBACK, Person, back, fields, wrong
from tillgate.assembly import Assembly
from tillgate.clock import ManualClock
from tillgate.core.instants import DAY, HOUR, SECOND
from tillgate.core.people import Role
from tillgate.flows import directory, retention

pytestmark = pytest.mark.anyio


async def test_a_person_agrees_and_the_client_gets_tokens(anyone: Person) -> None:
    client = await anyone.client()
    returned = await anyone.agree(client)
    assert returned.keys() == {"code", "state", "iss"}
    assert returned["state"] == "xyz"
    answer = await client.exchange(returned["code"])
    tokens = answer.json()
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    assert {**tokens, "access_token": "", "refresh_token": ""} == {
        "access_token": "",
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "payments offline_access",
        "refresh_token": "",
    }
    said = await client.look_at(tokens["access_token"])
    assert (said["active"], said["sub"], said["client_id"]) == (True, anyone.id, client.id)
    assert said["scope"] == "payments offline_access"


async def test_a_refresh_token_is_good_once_and_leads_to_the_next(anyone: Person) -> None:
    client = await anyone.client()
    first = (await client.exchange((await anyone.agree(client))["code"])).json()
    second = (await client.refresh(first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    third = (await client.refresh(second["refresh_token"], scope="payments")).json()
    assert third["scope"] == "payments"
    assert (await client.look_at(third["refresh_token"]))["scope"] == "payments offline_access"
    for token in (first, second, third):
        assert (await client.look_at(token["access_token"]))["active"]
    wrong(await client.refresh(third["refresh_token"], scope="payments account"), 400, "invalid_scope")
    assert (await client.refresh(third["refresh_token"])).status_code == 200


async def test_a_code_that_is_used_again_takes_everything_back(punctual: tuple[Person, ManualClock]) -> None:
    ann, clock = punctual
    client = await ann.client()
    code = (await ann.agree(client))["code"]
    tokens = (await client.exchange(code)).json()
    tokens = (await client.refresh(tokens["refresh_token"])).json()
    wrong(await client.exchange(code), 400, "invalid_grant")
    clock.advance(directory.KNOWN_FOR)
    assert await client.look_at(tokens["access_token"]) == {"active": False}
    wrong(await client.refresh(tokens["refresh_token"]), 400, "invalid_grant")


async def test_a_refresh_token_that_is_used_again_takes_everything_back(punctual: tuple[Person, ManualClock]) -> None:
    ann, clock = punctual
    client = await ann.client()
    first = (await client.exchange((await ann.agree(client))["code"])).json()
    second = (await client.refresh(first["refresh_token"])).json()
    assert (await client.look_at(second["access_token"]))["active"]
    wrong(await client.refresh(first["refresh_token"]), 400, "invalid_grant")
    clock.advance(directory.KNOWN_FOR)
    for token in (second["access_token"], second["refresh_token"], first["access_token"]):
        assert await client.look_at(token) == {"active": False}
    wrong(await client.refresh(second["refresh_token"]), 400, "invalid_grant")


@pytest.mark.parametrize("what", ["code", "refresh token"])
async def test_of_many_at_once_one_gets_tokens_and_nobody_keeps_them(
    punctual: tuple[Person, ManualClock], what: str
) -> None:
    ann, clock = punctual
    client = await ann.client()
    code = (await ann.agree(client))["code"]
    if what == "code":
        answers = await asyncio.gather(*[client.exchange(code) for _ in range(6)])
    else:
        token = (await client.exchange(code)).json()["refresh_token"]
        answers = await asyncio.gather(*[client.refresh(token) for _ in range(6)])
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 5
    won = next(answer for answer in answers if answer.status_code == 200).json()
    clock.advance(directory.KNOWN_FOR)
    assert await client.look_at(won["access_token"]) == {"active": False}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"code_verifier": "x" * 43}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_request"),
        ({"code": "nonsense"}, "invalid_grant"),
        ({"code": "ac_01.é"}, "invalid_grant"),
        ({"code": "x" * 100_000}, "invalid_grant"),
        ({"code": ""}, "invalid_request"),
        ({"redirect_uri": CALLBACK + "/"}, "invalid_grant"),
        ({"redirect_uri": ""}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_secret": ""}, "invalid_client"),
        ({"client_id": "wrong"}, "invalid_client"),
        ({"client_id": ""}, "invalid_client"),
    ],
)
async def test_what_does_not_belong_together_gets_nothing_and_spends_nothing(
    ann: Person, change: dict[str, str], code: str
) -> None:
    client = await ann.client()
    returned = (await ann.agree(client))["code"]
    wrong(await client.exchange(returned, **change), 401 if code == "invalid_client" else 400, code)
    assert (await client.exchange(returned)).status_code == 200


async def test_a_code_and_a_refresh_token_are_one_clients(ann: Person) -> None:
    client, other = await ann.client(), await ann.client(name="Other")
    other.verifier = client.verifier
    code = (await ann.agree(client))["code"]
    wrong(await other.exchange(code), 400, "invalid_grant")
    tokens = (await client.exchange(code)).json()
    wrong(await other.refresh(tokens["refresh_token"]), 400, "invalid_grant")
    assert await other.look_at(tokens["access_token"]) == {"active": False}
    assert await other.look_at(tokens["refresh_token"]) == {"active": False}
    for token in (tokens["access_token"], tokens["refresh_token"]):
        wrong(await other.give_back(token), 400, "invalid_grant")
    assert (await client.refresh(tokens["refresh_token"])).status_code == 200


async def test_what_was_changed_by_one_character_is_none_of_ours(ann: Person) -> None:
    client = await ann.client()
    code = (await ann.agree(client))["code"]
    changed = code[:-1] + ("0" if code[-1] != "0" else "1")
    wrong(await client.exchange(changed), 400, "invalid_grant")
    tokens = (await client.exchange(code)).json()
    token = tokens["refresh_token"]
    id, turn, proof = token.split(".")
    for other in (f"{id}.2.{proof}", f"{id}.0.{proof}", f"{id}.01.{proof}", f"{id}.{turn}.", code, token + "0"):
        wrong(await client.refresh(other), 400, "invalid_grant")
        assert await client.look_at(other) == {"active": False}
    assert (await client.refresh(token)).status_code == 200


async def test_a_code_is_good_for_a_minute_and_a_refresh_token_for_a_month(
    punctual: tuple[Person, ManualClock],
) -> None:
    ann, clock = punctual
    client = await ann.client()
    late, good = (await ann.agree(client))["code"], None
    clock.advance(60 * SECOND)
    wrong(await client.exchange(late), 400, "invalid_grant")
    good = (await ann.agree(client))["code"]
    clock.advance(60 * SECOND - 1)
    tokens = (await client.exchange(good)).json()
    clock.advance(HOUR)
    assert await client.look_at(tokens["access_token"]) == {"active": False}
    clock.advance(29 * DAY)
    tokens = (await client.refresh(tokens["refresh_token"])).json()
    clock.advance(30 * DAY)
    wrong(await client.refresh(tokens["refresh_token"]), 400, "invalid_grant")
    clock.advance(2 * DAY)
    while await retention.prune(ann.parts.gateway):
        continue
    wrong(await client.refresh(tokens["refresh_token"]), 400, "invalid_grant")


async def test_without_offline_access_there_is_no_refresh_token(ann: Person) -> None:
    client = await ann.client()
    tokens = (await client.exchange((await ann.agree(client, scope="account"))["code"])).json()
    assert (tokens["scope"], "refresh_token" in tokens) == ("account", False)


async def test_a_public_client_needs_no_secret_and_shows_none(ann: Person) -> None:
    client = await ann.client(is_public=True, redirect_uris=("com.example.app:/callback",))
    page = await ann.get(client.address())
    answer = await ann.send(client.address(), {**fields(page), "decision": "allow"})
    tokens = (await client.exchange(back(answer, "com.example.app:/callback")["code"])).json()
    assert (await client.refresh(tokens["refresh_token"])).status_code == 200
    wrong(await client.own(), 400, "unauthorized_client")
    wrong(await client.ask("/oauth/introspect", {"token": "x", **client.proof}), 401, "invalid_client")
    wrong(await client.refresh("rt_x.1.x", client_secret="guessed"), 401, "invalid_client")


async def test_a_token_does_no_more_than_its_person_may_by_now(punctual: tuple[Person, ManualClock]) -> None:
    from tillgate.flows import people

    ann, clock = punctual
    client = await ann.client()
    tokens = (await client.exchange((await ann.agree(client, scope=""))["code"])).json()
    assert tokens["scope"] == "applications payments account offline_access"
    await people.add(ann.parts.gateway, ann.tenant, ann.email, Role.SUPPORT, "")
    clock.advance(directory.KNOWN_FOR)
    assert (await client.look_at(tokens["access_token"]))["scope"] == "payments offline_access"
    found = await people.by_email(ann.parts.gateway, ann.email)
    assert found
    await people.leave(ann.parts.gateway, found, ann.tenant)
    clock.advance(directory.KNOWN_FOR)
    assert await client.look_at(tokens["access_token"]) == {"active": False}
    wrong(await client.refresh(tokens["refresh_token"]), 400, "invalid_grant")


async def test_neither_codes_nor_tokens_are_kept(ann: Person, data: Any) -> None:
    client = await ann.client()
    code = (await ann.agree(client))["code"]
    tokens = (await client.exchange(code)).json()
    session = ann.http.cookies["tillgate-session"]
    contents = [path.read_bytes() for path in data.rglob("*") if path.is_file()]
    for secret in (code, tokens["access_token"], tokens["refresh_token"], session, client.secret, person.PASSWORD):
        assert secret
        parts = (secret, secret.rpartition(".")[2])
        assert not [content for content in contents for part in parts if part.encode() in content]


async def test_a_client_takes_back_one_token_or_all(punctual: tuple[Person, ManualClock]) -> None:
    ann, clock = punctual
    client = await ann.client()
    first = (await client.exchange((await ann.agree(client))["code"])).json()
    second = (await client.refresh(first["refresh_token"])).json()
    for _ in range(2):
        assert (await client.give_back(second["access_token"])).status_code == 200
        clock.advance(directory.KNOWN_FOR)
    assert await client.look_at(second["access_token"]) == {"active": False}
    assert (await client.look_at(first["access_token"]))["active"]
    assert (await client.look_at(second["refresh_token"]))["active"]
    hint = {"token_type_hint": "access_token"}
    assert (await client.give_back(second["refresh_token"], **hint)).status_code == 200
    clock.advance(directory.KNOWN_FOR)
    for token in (first["access_token"], second["refresh_token"]):
        assert await client.look_at(token) == {"active": False}
    for nothing in ("x", "a.b.c", "rt_0.1.x", "é", "x" * 50_000):
        assert (await client.give_back(nothing)).status_code == 200
    wrong(await client.ask("/oauth/revoke", client.proof), 400, "invalid_request")


async def test_who_comes_back_after_a_death_between_code_and_tokens_starts_anew(
    app: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens are made before the code is spent: what fails until then can be done again."""
    ann = await person.signed_in(app)
    client = await ann.client()
    code = (await ann.agree(client))["code"]
    committer = app.gateway.store

    async def dies(decision: object) -> None:
        raise ConnectionError("pulled the plug")

    with monkeypatch.context() as dying:
        dying.setattr(committer, "commit", dies)
        assert (await client.exchange(code)).status_code == 500
    assert (await client.exchange(code)).status_code == 200
