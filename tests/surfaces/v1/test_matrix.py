"""Who may do what to whose: operation × credential × owner × mode, generated from the description of the API."""

import base64
import itertools
import re
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import msgspec
import pytest

from tests.sizes import at_size
from tests.surfaces.v1 import conformance, shop, story
from tests.surfaces.v1.shop import Client
from tillgate.assembly import Assembly
from tillgate.core import credentials
from tillgate.core.credentials import (
    ALL_SCOPES,
    MANAGERS_SCOPES,
    PREFIXES,
    PUBLISHABLE_SCOPES,
    Credential,
    CredentialKind,
    Scope,
)
from tillgate.core.merchants import Mode, Tenant
from tillgate.flows import credentials as flows
from tillgate.store import credentials as kept
from tillgate.surfaces.v1.description import names
from tillgate.surfaces.v1.description.examples import Example
from tillgate.surfaces.v1.operations import Operation

pytestmark = pytest.mark.anyio

NOBODYS = "0" * 9 + "1" + "e" + "0" * 2 + "8" + "0" * 12
ID = re.compile(r"\b([a-z]+)_[0-7][0-9a-z]{9}[ef][0-9a-z]{2}[89abrstv][0-9a-z]{12}\b")

DESCRIBED: dict[str, dict[str, Any]] = {
    operation["operationId"]: operation
    for methods in conformance.described()["paths"].values()
    for operation in methods.values()
}
GUARDED = {id: operation for id, operation in DESCRIBED.items() if operation["security"]}

each_operation = pytest.mark.parametrize("id", GUARDED)


class Cast(msgspec.Struct):
    """Those who take part: an owner who has lived through the story, and strangers."""

    tenant: Tenant
    owner: Client
    told: dict[str, Example]
    stranger: Client
    live: Client


@pytest.fixture(scope="module")
async def cast(app: Assembly) -> Cast:
    tenant = await shop.new_tenant(app)
    owner = Client(app, await shop.issue(app, tenant, CredentialKind.SECRET_KEY, ALL_SCOPES))
    told = await story.tell(owner, destroying=False)
    live = await shop.merchant(app, mode=Mode.LIVE)
    return Cast(tenant, owner, told, await shop.merchant(app), live)


async def ask(client: Client, id: str, example: Example) -> httpx2.Response:
    return await story.request(client, story.BY_ID[id], example.path, example.body)


def nobodys(example: Example) -> Example:
    """The same request about what does not exist."""
    text = ID.sub(rf"\1_{NOBODYS}", msgspec.json.encode([example.path, example.body]).decode())
    path, body = msgspec.json.decode(text)
    return Example(path, body)


# Which credential may do what.


def allowed(id: str, kind: CredentialKind) -> bool:
    return kind.value in DESCRIBED[id]["x-credentials"]


def scopes_of(id: str) -> frozenset[Scope]:
    return frozenset(map(Scope, DESCRIBED[id]["x-scopes"]))


def merchants(scopes: frozenset[Scope]) -> list[Scope]:
    """Those of scopes that a merchant's credentials can have."""
    return sorted(scopes - MANAGERS_SCOPES)


@each_operation
@pytest.mark.parametrize("kind", [CredentialKind.SECRET_KEY, CredentialKind.PUBLISHABLE_KEY])
async def test_a_key_may_do_what_is_described(cast: Cast, id: str, kind: CredentialKind) -> None:
    scopes = PUBLISHABLE_SCOPES if kind is CredentialKind.PUBLISHABLE_KEY else ALL_SCOPES
    key = await shop.issue(cast.owner.parts, cast.tenant, kind, scopes)
    answer = await ask(Client(cast.owner.parts, key), id, nobodys(cast.told[id]))
    if allowed(id, kind):
        assert answer.status_code not in (401, 403), answer.text
    else:
        shop.error(answer, 403, "permission_error", "permission_missing")


async def test_a_managers_key_is_good_for_disputed_orders_and_nothing_else(cast: Cast) -> None:
    manager, may = await shop.manager(cast.owner), set()
    for id in GUARDED:
        answer = await ask(manager, id, nobodys(cast.told[id]))
        if answer.status_code not in (401, 403):
            may.add(id)
        assert (id in may) is allowed(id, CredentialKind.MANAGER_KEY), id
    reads = {"listEscrowOrders", "getEscrowOrder", "listEscrowOrderCalendar", "listEscrowOrderEvidence"}
    assert {"awardEscrowOrder", "resumeEscrowOrder", *reads} <= may
    assert not any("EscrowOrder" not in id for id in may)


@each_operation
async def test_a_key_as_the_user_of_http_basic_is_the_same_key(cast: Cast, id: str) -> None:
    example, client = nobodys(cast.told[id]), await shop.acting(cast.owner, story.BY_ID[id])
    proof = base64.b64encode(f"{client.key}:".encode()).decode()
    content = b"" if example.body is None else msgspec.json.encode(example.body)
    headers = {"authorization": f"Basic {proof}", "content-type": "application/json"}
    basic = await Client(cast.owner.parts, None).ask(story.BY_ID[id].method, example.path, content, headers)
    assert comparable(basic)[0] == (await ask(client, id, example)).status_code
    assert {"basic": DESCRIBED[id]["x-scopes"][:1]} in DESCRIBED[id]["security"]


@each_operation
async def test_an_access_token_may_do_what_its_scopes_say_and_nothing_else(cast: Cast, id: str) -> None:
    parts, example = cast.owner.parts, nobodys(cast.told[id])
    assert allowed(id, CredentialKind.ACCESS_TOKEN) is not story.BY_ID[id].is_managers
    secret = await shop.issue(parts, cast.tenant, CredentialKind.OAUTH_CLIENT, ALL_SCOPES)
    client = {"client_id": (await flows.of_secret(parts.gateway, secret)).id, "client_secret": secret}

    async def answer(scope: str) -> httpx2.Response:
        token = (await Client(parts, None).post("/auth/token", {**client, "scope": scope})).json()["access_token"]
        return await ask(Client(parts, token), id, example)

    if not story.BY_ID[id].is_managers:
        for enough in ("v1", *(scope.value for scope in merchants(scopes_of(id) - ALL_SCOPES))):
            assert (await answer(enough)).status_code not in (401, 403)
    others = " ".join(scope.value for scope in merchants(frozenset(Scope) - scopes_of(id) - ALL_SCOPES))
    shop.error(await answer(others), 403, "permission_error", "permission_missing")
    # The client's own secret is good for tokens alone.
    shop.error(await ask(Client(parts, secret), id, example), 401, "authentication_error", "api_key_invalid")


@each_operation
async def test_a_restricted_key_may_do_what_its_scopes_say_and_nothing_else(cast: Cast, id: str) -> None:
    parts, example = cast.owner.parts, nobodys(cast.told[id])
    for scope in merchants(scopes_of(id)):
        enough = await shop.issue(parts, cast.tenant, CredentialKind.RESTRICTED_KEY, frozenset({scope}))
        assert (await ask(Client(parts, enough), id, example)).status_code not in (401, 403)
    others = frozenset(Scope) - frozenset(merchants(scopes_of(id))) - ALL_SCOPES
    lacking = await shop.issue(parts, cast.tenant, CredentialKind.RESTRICTED_KEY, others)
    said = shop.error(await ask(Client(parts, lacking), id, example), 403, "permission_error", "permission_missing")
    assert any(scope.value in said["message"] for scope in scopes_of(id))


async def invalid_keys(cast: Cast) -> Iterator[str]:
    """Keys that were good, or never were."""
    wall = cast.owner.parts.gateway.clock.wall()
    made = []
    for what in ("expired", "revoked"):
        secret = f"{PREFIXES[(CredentialKind.SECRET_KEY, Mode.TEST)]}{what}_{wall}"
        credential = Credential(
            digest=credentials.digest(secret),
            id=cast.owner.parts.gateway.ids.new("key", wall),
            tenant=cast.tenant.id,
            kind=CredentialKind.SECRET_KEY,
            mode=Mode.TEST,
            scopes=ALL_SCOPES,
            created=wall,
            expires_at=wall if what == "expired" else None,
            revoked_at=wall if what == "revoked" else None,
        )
        await kept.add(cast.owner.parts.gateway.store, credential)
        made.append(secret)
    good = cast.owner.key or ""
    return iter([*made, "sk_test_0123456789", "garbage", "0" * 500, f"{good}x", good[:-1]])


@each_operation
async def test_an_invalid_key_is_told_nothing_not_even_why(cast: Cast, id: str) -> None:
    answers = set()
    for key in await invalid_keys(cast):
        answer = await ask(Client(cast.owner.parts, key), id, cast.told[id])
        shop.error(answer, 401, "authentication_error", "api_key_invalid")
        answers.add(comparable(answer))
    assert len(answers) == 1
    answer = await ask(Client(cast.owner.parts, None), id, cast.told[id])
    shop.error(answer, 401, "authentication_error", "api_key_missing")
    assert answer.headers["www-authenticate"]


@each_operation
async def test_a_live_key_is_refused_before_anything_is_looked_at(cast: Cast, id: str) -> None:
    theirs = await ask(cast.live, id, cast.told[id])
    shop.error(theirs, 403, "permission_error", "live_mode_unavailable")
    assert comparable(theirs) == comparable(await ask(cast.live, id, nobodys(cast.told[id])))


# Whose it is.


class Probe(msgspec.Struct, frozen=True):
    """A request that names something of the owner's, by a parameter."""

    id: str
    parameter: str
    example: Example


def probes(told: dict[str, Example]) -> Iterator[Probe]:
    """Every operation with every parameter by which it can be pointed at something."""
    for id, example in told.items():
        operation = story.BY_ID[id]
        if "{" in operation.path or ID.search(str(example.body or "")):
            yield Probe(id, "id", example)
        for parameter, value in named(id, operation, told):
            if operation.method != "POST":
                mark = "&" if "?" in example.path else "?"
                yield Probe(id, parameter, Example(f"{example.path}{mark}{parameter}={value}"))
            else:
                yield Probe(id, parameter, Example(example.path, pointed(example.body or {}, parameter, value)))


def named(id: str, operation: Operation, told: dict[str, Example]) -> Iterator[tuple[str, str]]:
    """The parameters of an operation that take ids, each with an id of the owner's."""
    owned = {found[1]: found[0] for example in told.values() for found in ID.finditer(str(example.answer))}
    for field in operation.takes.__struct_fields__:
        listed = operation.path.rpartition("/")[2]
        plural = listed if field in ("starting_after", "ending_before") else f"{field}s"
        plural = plural.removeprefix("default_")
        if prefix := names.PREFIXES.get(plural):
            yield field, owned[prefix]


def pointed(body: dict[str, Any], parameter: str, value: str) -> dict[str, Any]:
    """A body in which a parameter is an id; an inline card would contradict it."""
    without = {
        "payment_method": {"card", "payment_method_data"},
        "payment": {"payment_intent", "charge"},
        "payment_intent": {"payment", "charge"},
        "charge": {"payment", "payment_intent"},
        "customer": {"customer_email"},
    }.get(parameter, set())
    return {**{name: given for name, given in body.items() if name not in without}, parameter: value}


def comparable(answer: httpx2.Response) -> tuple[int, str, str]:
    """All that could tell one answer from another, but for the ids in it."""
    return answer.status_code, ID.sub(r"\1_…", answer.text), str(sorted(answer.headers))


def is_missing(answer: httpx2.Response) -> bool:
    return answer.status_code == 404


@pytest.mark.parametrize("who", ["a stranger", "a live merchant"])
async def test_what_is_anothers_is_like_what_does_not_exist(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    monkeypatch.setattr(cast.owner.parts.gateway, "require_live", lambda bank: None)
    stranger = cast.live if who == "a live merchant" else cast.stranger
    before = await possessions(cast)
    asked = [probe for probe in probes(cast.told) if probe.id in GUARDED]
    assert {probe.id for probe in asked} >= {id for id in GUARDED if "{id}" in story.BY_ID[id].path}
    for probe in asked:
        asker = await shop.acting(stranger, story.BY_ID[probe.id])
        theirs = await ask(asker, probe.id, probe.example)
        nowhere = await ask(asker, probe.id, nobodys(probe.example))
        assert comparable(theirs) == comparable(nowhere), (probe.id, probe.parameter)
        if story.BY_ID[probe.id].method == "GET" and "{id}" not in story.BY_ID[probe.id].path:
            assert theirs.status_code in (200, 404)
        else:
            assert is_missing(theirs), (probe.id, probe.parameter, theirs.text)
    assert await possessions(cast) == before


async def test_the_owner_finds_what_others_do_not(app: Assembly) -> None:
    """The probes point at what exists, or nothing would be shown by them."""
    owner = await shop.merchant(app)
    for probe in probes(await story.tell(owner, destroying=False)):
        if probe.id in GUARDED and story.BY_ID[probe.id].method == "GET":
            assert not is_missing(await ask(owner, probe.id, probe.example)), (probe.id, probe.parameter)


async def possessions(cast: Cast) -> dict[str, str]:
    """Everything that the owner can list."""
    return {
        id: (await ask(cast.owner, id, Example(cast.told[id].path.partition("?")[0]))).text
        for id in cast.told
        if id.startswith("list") and "{id}" not in story.BY_ID[id].path
    }


async def test_lists_show_a_stranger_nothing(cast: Cast) -> None:
    stranger = await shop.merchant(cast.owner.parts)
    for id, example in cast.told.items():
        if id.startswith("list") and "{" not in story.BY_ID[id].path:
            assert (await ask(stranger, id, example)).json()["data"] == [], id


async def test_an_idempotency_key_is_its_merchants_own(cast: Cast) -> None:
    mine = await cast.owner.post("/payments", shop.PAYMENT, key="once")
    theirs = await cast.stranger.post("/payments", {**shop.PAYMENT, "amount": 700}, key="once")
    assert (mine.status_code, theirs.status_code) == (200, 200)
    assert "idempotent-replayed" not in theirs.headers
    assert mine.json()["id"] != theirs.json()["id"]


async def test_the_time_that_an_answer_takes_does_not_tell(cast: Cast) -> None:
    example = cast.told["getPayment"]
    took: dict[str, list[float]] = {"theirs": [], "nobodys": []}
    both = [("theirs", example), ("nobodys", nobodys(example))]
    ratio = 0.0
    # The shortest times are those that nothing else on the machine had a part in: more of them tell more.
    for turn in itertools.count(1):
        for which, asked in both:
            began = time.perf_counter()
            await ask(cast.stranger, "getPayment", asked)
            took[which].append(time.perf_counter() - began)
        both.reverse()
        ratio = min(took["theirs"]) / min(took["nobodys"])
        if turn >= at_size(60, 2_000) and (0.6 < ratio < 1.7 or turn >= 4_000):
            break
    assert 0.6 < ratio < 1.7, ratio
