"""Client tokens: shown once, allowed what they are for, of one application alone, and good nowhere once taken back."""

import itertools
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from tests.surfaces.checkout import store
from tests.surfaces.checkout.store import Store, done, errors, message
from tests.surfaces.v1 import shop
from tillgate.assembly import Assembly
from tillgate.core.credentials import CLIENT_SCOPES, PERSONS_SCOPES, Scope
from tillgate.store import credentials as kept
from tillgate.surfaces.checkout.surface import OPERATIONS

pytestmark = pytest.mark.anyio

GUARDED = [operation for operation in OPERATIONS if operation.scopes]
OF_TOKENS = [Scope.PAYMENTS_CREATE, Scope.PAYMENTS_GET, Scope.USER_INSTRUCTIONS_GET]


@pytest.fixture(scope="module")
async def shared(app: Assembly) -> Store:
    """A merchant that nothing happens to."""
    return await store.opened(app)


@pytest.fixture(scope="module")
async def every_token(shared: Store) -> dict[frozenset[Scope], str]:
    """A token for each set of scopes there is."""
    made = {}
    for count in range(1, len(OF_TOKENS) + 1):
        for chosen in itertools.combinations(OF_TOKENS, count):
            made[frozenset(chosen)] = (await shared.mint(shared.application["id"], list(chosen)))["token"]
    for scope in PERSONS_SCOPES:
        made[frozenset({scope})] = await store.persons_token(shared.parts, shared.tenant, frozenset({scope}))
    return made


def path_of(operation: Any) -> str:
    return str(operation.path).replace("{", "").replace("}", "")


@pytest.mark.parametrize("operation", GUARDED, ids=lambda one: f"{one.method} {one.path}")
async def test_each_operation_takes_the_scopes_that_are_for_it_and_no_other(
    shared: Store, every_token: dict[frozenset[Scope], str], operation: Any
) -> None:
    for scopes, token in every_token.items():
        answer = await shared.ask(operation.method, path_of(operation), b"{", token)
        if scopes & operation.scopes:
            assert answer.status_code in (200, 404, 422), answer.text
        else:
            assert message(answer, 403) == "Insufficient permissions"


def test_a_client_token_with_every_scope_manages_nothing_and_a_persons_payments_are_all() -> None:
    for operation in GUARDED:
        is_dashboards = "applications" in operation.path or operation.path in ("/api/account", "/api/payments")
        assert operation.scopes.isdisjoint(CLIENT_SCOPES) == is_dashboards
        if "/payment/" in operation.path or operation.path == "/api/payments":
            assert Scope.PAYMENTS in operation.scopes


@pytest.mark.parametrize("operation", GUARDED, ids=lambda one: f"{one.method} {one.path}")
async def test_without_a_good_token_nothing_is_told(shared: Store, operation: Any) -> None:
    refused = [
        await shared.ask(operation.method, path_of(operation), b"{", ""),
        await shared.ask(operation.method, path_of(operation), b"{", "ct_test_nobody"),
        await shared.ask(operation.method, path_of(operation), b"{", "x" * 10_000),
        await shared.ask(operation.method, path_of(operation), b"{", shared.v1.key),
        await shared.ask(operation.method, path_of(operation), b"{", "", authorization="Basic eDp5"),
        await shared.ask(operation.method, path_of(operation), b"{", "", authorization="Bearer"),
    ]
    assert {message(answer, 401) for answer in refused} == {"Unauthenticated"}


async def test_a_token_is_shown_once_and_kept_by_its_digest(shared: Store) -> None:
    made = await shared.mint(shared.application["id"], ["payments.get"], label="Till 7")
    secret = made.pop("token")
    assert secret.startswith("ct_test_")
    assert len(secret) >= 48
    listed = done(await shared.manage("GET", f"/api/payment-applications/{shared.application['id']}/tokens"))
    assert made in listed
    assert secret not in str(listed)
    found = await kept.of_tenant(shared.parts.gateway.store, shared.tenant.id)
    assert all(secret not in repr(one) for one in found)


async def test_a_token_that_is_taken_back_is_good_nowhere_at_once(anyones: Store) -> None:
    made = await anyones.mint(anyones.application["id"], ["*"])
    tokens = f"/api/payment-applications/{anyones.application['id']}/tokens"
    assert (await anyones.ask("GET", "/api/payment/pay_x", None, made["token"])).status_code == 404
    (used,) = [one for one in done(await anyones.manage("GET", tokens)) if one["id"] == made["id"]]
    assert used["lastUsedAt"] >= used["createdAt"]
    gone = done(await anyones.manage("DELETE", f"{tokens}/{made['id']}"))
    assert gone["revokedAt"] >= used["lastUsedAt"]
    assert message(await anyones.ask("GET", "/api/payment/pay_x", None, made["token"]), 401) == "Unauthenticated"
    assert message(await anyones.manage("DELETE", f"{tokens}/{made['id']}"), 404) == "Not found"
    assert made["id"] not in {one["id"] for one in done(await anyones.manage("GET", tokens))}


async def test_a_token_that_is_taken_back_is_good_at_no_other_process(
    anyones: Store, database: str | None, home: Path
) -> None:
    made = await anyones.mint(anyones.application["id"], ["*"])
    # SQLite is one process's.
    other = shop.open_shop(home, database) if database else nullcontext(anyones.parts)
    async with other as parts:
        there = Store(parts, anyones.tenant, anyones.dashboard, "")
        assert (await there.ask("GET", "/api/payment/pay_x", None, made["token"])).status_code == 404
        tokens = f"/api/payment-applications/{anyones.application['id']}/tokens"
        await anyones.manage("DELETE", f"{tokens}/{made['id']}")
        assert message(await there.ask("GET", "/api/payment/pay_x", None, made["token"]), 401) == "Unauthenticated"


async def test_a_token_is_of_its_application_and_of_its_merchant(anyones: Store) -> None:
    other = await anyones.create(name="Other shop")
    theirs = await store.opened(anyones.parts)
    payment = await anyones.open()
    strangers = [(await anyones.mint(other["id"], ["*"]))["token"], theirs.token, theirs.dashboard]
    for token in strangers:
        for method, path in (("GET", ""), ("POST", "/cancel"), ("GET", "/provider/card/method/card")):
            answer = await anyones.ask(method, f"/api/payment/{payment['id']}{path}", None, token)
            assert message(answer, 404) == "Not found"
        order = anyones.order()
        assert list(errors(await anyones.ask("POST", "/api/payment/checkout", order, token))) == ["clientId"]
    assert done(await anyones.ask("GET", "/api/payments", None, theirs.dashboard)) == []
    for path in ("", "/tokens"):
        answer = await anyones.ask("GET", f"/api/payment-applications/{other['id']}{path}", None, theirs.dashboard)
        assert message(answer, 404) == "Not found"


async def test_a_token_of_a_person_is_none_of_the_first_api(shared: Store) -> None:
    for token in (shared.dashboard, shared.token):
        answer = await shared.http.get("/v1/payments", headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == 401
