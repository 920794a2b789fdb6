"""What a device's wallet gives becomes a card, once; and the keys that open it go in and never come out."""

import asyncio
import base64
import json
from typing import Any

import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.parameters import BODIES
from tests.surfaces.v1.shop import CARD, Client
from tests.vault import merchants, recorded
from tillgate.assembly import Assembly
from tillgate.core.attempts import Attempt
from tillgate.core.credentials import ALL_SCOPES, PUBLISHABLE_SCOPES, CredentialKind, Scope
from tillgate.core.instants import MINUTE
from tillgate.core.merchants import Mode
from tillgate.core.payment_methods import PaymentMethod
from tillgate.flows import retention
from tillgate.sandbox.devices import Devices
from tillgate.store import find, lists
from tillgate.store.lists import Cursor

pytestmark = pytest.mark.anyio

WALLETS = ["apple_pay", "google_pay"]
each_wallet = pytest.mark.parametrize("wallet", WALLETS)
PAY = {"amount": 5000, "currency": "usd"}


@pytest.fixture
async def anyones(either: Assembly) -> Client:
    """A merchant of the test's own, on each database."""
    return await shop.merchant(either)


async def sent(client: Client, wallet: str, **changes: Any) -> dict[str, Any]:
    """What a device of the sandbox gives the merchant's page."""
    answer = await client.post(f"/sandbox/wallets/{wallet}", {"card": CARD, **changes})
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["token"])


def method_of(wallet: str, token: object, **more: Any) -> dict[str, Any]:
    return {"type": wallet, wallet: {"token": token, **more}}


async def made(client: Client, wallet: str, **changes: Any) -> dict[str, Any]:
    answer = await client.post("/payment_methods", method_of(wallet, await sent(client, wallet, **changes)))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def tenant_of(client: Client) -> str:
    identified = await client.parts.directory.identify(client.key or "", on_this_machine=True)
    return identified[1].id


async def kept(client: Client, id: str) -> PaymentMethod:
    found = await find.record(client.parts.gateway.store, PaymentMethod, await tenant_of(client), id)
    assert found is not None
    return found


async def last_attempt(client: Client) -> Attempt:
    found = await lists.page(client.parts.gateway.store, Attempt, await tenant_of(client), Cursor(1))
    return found.records[0]


@each_wallet
async def test_what_a_wallet_gives_becomes_a_card_that_pays(anyones: Client, wallet: str) -> None:
    method = await made(anyones, wallet)
    assert method["type"] == "card"
    assert (method["card"]["brand"], method["card"]["last4"]) == ("visa", "4242")
    assert method["card"]["wallet"] == {"type": wallet, "dynamic_last4": "4242"}
    paid = await anyones.pay(payment_method=method["id"], card=None)
    assert paid["status"] == "succeeded"
    assert paid["card"]["wallet"] == {"type": wallet, "dynamic_last4": "4242"}
    assert (await anyones.get(f"/payments/{paid['id']}")).json()["card"] == paid["card"]


def eci_of(attempt: Attempt) -> str | None:
    """What a bank said of how the cardholder was authenticated."""
    return attempt.authentication.eci if attempt.authentication else None


@each_wallet
async def test_a_payment_takes_what_a_wallet_gives_along(anyones: Client, wallet: str) -> None:
    token = await sent(anyones, wallet)
    answer = await anyones.post("/payments", {**PAY, "payment_method": wallet, wallet: {"token": token}})
    assert answer.status_code == 200, answer.text
    assert answer.json()["card"]["wallet"]["type"] == wallet
    assert (await kept(anyones, answer.json()["payment_method"])).sealed_cryptogram is None
    known = answer.json()["payment_method_details"]["card"]["three_d_secure"]
    assert (known["authentication_flow"], known["electronic_commerce_indicator"]) == ("device", "05")
    assert known["liability_shifted"] is True
    again = await anyones.post("/payments", {**PAY, "payment_method": wallet, wallet: {"token": token}})
    shop.error(again, 400, "invalid_request_error", "wallet_token_replayed", f"{wallet}.token")
    assert len(await anyones.listed("/payments")) == 1


@each_wallet
@pytest.mark.parametrize(
    ("number", "code"), [("4000000000000002", "card_declined"), ("4000000000009995", "insufficient_funds")]
)
async def test_a_card_in_a_wallet_is_declined_as_elsewhere(
    merchant: Client, wallet: str, number: str, code: str
) -> None:
    method = await made(merchant, wallet, card={**CARD, "number": number})
    answer = await merchant.post("/payments", {**PAY, "payment_method": method["id"]})
    shop.error(answer, 402, "card_error", code)


async def test_a_cryptogram_goes_with_the_first_charge_alone(anyones: Client) -> None:
    customer = (await anyones.post("/customers", {"email": "ann@example.com"})).json()
    method = await made(anyones, "apple_pay")
    await anyones.post(f"/payment_methods/{method['id']}/attach", {"customer": customer["id"]})
    assert (await kept(anyones, method["id"])).sealed_cryptogram is not None
    for eci in ("05", None):
        await anyones.pay(payment_method=method["id"], card=None)
        assert eci_of(await last_attempt(anyones)) == eci
        assert (await kept(anyones, method["id"])).sealed_cryptogram is None


async def test_of_charges_at_once_one_has_the_cryptogram(anyones: Client) -> None:
    customer = (await anyones.post("/customers", {"email": "ann@example.com"})).json()
    method = await made(anyones, "google_pay")
    await anyones.post(f"/payment_methods/{method['id']}/attach", {"customer": customer["id"]})
    await asyncio.gather(*[anyones.pay(payment_method=method["id"], card=None) for _ in range(6)])
    found = await lists.page(anyones.parts.gateway.store, Attempt, await tenant_of(anyones), Cursor(20))
    assert sorted(eci_of(attempt) or "" for attempt in found.records) == [""] * 5 + ["05"]


async def test_a_cryptogram_that_nobody_used_is_erased_after_fifteen_minutes(
    merchant: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    method = await made(merchant, "apple_pay")
    gateway = merchant.parts.gateway
    wall = gateway.clock.wall()
    monkeypatch.setattr(gateway.clock, "wall", lambda: wall + 16 * MINUTE)
    await retention.erase_cards(gateway)
    found = await kept(merchant, method["id"])
    assert (found.sealed_cryptogram, found.cryptogram_until) == (None, None)
    assert found.sealed is not None
    await merchant.pay(payment_method=method["id"], card=None)
    assert eci_of(await last_attempt(merchant)) is None


async def test_a_card_number_in_googles_wallet_is_no_devices_own(merchant: Client) -> None:
    method = await made(merchant, "google_pay", auth_method="PAN_ONLY")
    assert method["card"]["wallet"] == {"type": "google_pay", "dynamic_last4": None}
    await merchant.pay(payment_method=method["id"], card=None)
    assert (await last_attempt(merchant)).authentication is None


async def test_the_first_form_of_googles_tokens_is_taken_too(merchant: Client) -> None:
    method = await made(merchant, "google_pay", protocol_version="ECv1")
    assert method["card"]["wallet"]["type"] == "google_pay"


@each_wallet
async def test_of_the_same_token_at_once_one_becomes_a_card(anyones: Client, wallet: str) -> None:
    body = method_of(wallet, await sent(anyones, wallet))
    answers = await asyncio.gather(*[anyones.post("/payment_methods", body) for _ in range(8)])
    assert sorted(answer.status_code for answer in answers) == [200, *[400] * 7]
    for answer in answers:
        if answer.status_code == 400:
            shop.error(answer, 400, "invalid_request_error", "wallet_token_replayed", f"{wallet}.token")


async def test_a_token_is_replayed_in_any_spelling(merchant: Client) -> None:
    token = await sent(merchant, "apple_pay")
    assert (await merchant.post("/payment_methods", method_of("apple_pay", token))).status_code == 200
    inside = token["paymentData"]
    header = {**inside["header"], "transactionId": inside["header"]["transactionId"].upper()}
    for form in (json.dumps(token), inside, {**inside, "header": header}):
        answer = await merchant.post("/payment_methods", method_of("apple_pay", form))
        shop.error(answer, 400, "invalid_request_error", "wallet_token_replayed", "apple_pay.token")


@each_wallet
async def test_a_device_gives_another_token_each_time_but_to_a_repeat(anyones: Client, wallet: str) -> None:
    path, body = f"/sandbox/wallets/{wallet}", {"card": CARD}
    first, again = [await anyones.post(path, body, key=f"device-{wallet}") for _ in range(2)]
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    tokens = [json.dumps((await anyones.post(path, body)).json()["token"]) for _ in range(2)]
    assert len({*tokens, json.dumps(first.json()["token"])}) == 3
    other = await anyones.post(path, {"card": {**CARD, "exp_month": 1}}, key=f"device-{wallet}")
    shop.error(other, 400, "idempotency_error", "idempotency_key_reused")


@each_wallet
async def test_the_same_key_gets_the_same_card(anyones: Client, wallet: str) -> None:
    body = method_of(wallet, await sent(anyones, wallet))
    first = await anyones.post("/payment_methods", body, key="once")
    again = await anyones.post("/payment_methods", body, key="once")
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")


@each_wallet
async def test_another_merchants_token_is_refused(app: Assembly, merchant: Client, wallet: str) -> None:
    others = await sent(await shop.merchant(app), wallet)
    code = {"apple_pay": "wallet_token_not_for_merchant", "google_pay": "wallet_signer_untrusted"}[wallet]
    answer = await merchant.post("/payment_methods", method_of(wallet, others))
    shop.error(answer, 400, "invalid_request_error", code, f"{wallet}.token")


async def test_every_refusal_has_its_own_code(merchant: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    token = (await sent(merchant, "apple_pay", application_data=_base64(b"order 7")))["paymentData"]
    gateway = merchant.parts.gateway

    async def refused(code: str, given: object, **more: Any) -> None:
        answer = await merchant.post("/payment_methods", method_of("apple_pay", given, **more))
        shop.error(answer, 400, "invalid_request_error", code, "apple_pay.token")

    await refused("wallet_token_malformed", {})
    await refused("wallet_token_malformed", "{" * 5_000)
    await refused("wallet_token_malformed", {**token, "signature": ""})
    await refused("wallet_token_unsupported", {**token, "version": "RSA_v1"})
    await refused("wallet_signature_invalid", {**token, "data": _base64(bytes(64))})
    await refused("wallet_signer_untrusted", recorded.apple_pay()["token"] | {"header": token["header"]})
    await refused("wallet_application_data_differs", token, application_data=_base64(b"order 8"))
    wall = gateway.clock.wall()
    with monkeypatch.context() as later:
        later.setattr(gateway.clock, "wall", lambda: wall + 6 * MINUTE)
        await refused("wallet_token_expired", token)
    answer = await merchant.post(
        "/payment_methods", method_of("apple_pay", token, application_data=_base64(b"order 7"))
    )
    assert answer.status_code == 200, answer.text


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


async def test_digits_that_only_look_like_a_card_number_are_none(merchant: Client) -> None:
    token = (await sent(merchant, "apple_pay"))["paymentData"]
    looks = {**token, "header": {**token["header"], "transactionId": "4242424242424242".ljust(64, "a")}}
    answer = await merchant.post("/payment_methods", method_of("apple_pay", looks))
    shop.error(answer, 400, "invalid_request_error", "wallet_signature_invalid", "apple_pay.token")


@each_wallet
async def test_a_token_and_a_cryptogram_are_nowhere_in_answers_and_events(
    merchant: Client, wallet: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Devices, "_cryptogram", lambda self: "U2VjcmV0Q3J5cHRvZ3JhbQ==")
    method = await made(merchant, wallet)
    paid = await merchant.pay(payment_method=method["id"], card=None)
    for text in (json.dumps(method), json.dumps(paid)):
        assert "U2VjcmV0" not in text
    assert "U2VjcmV0" not in repr(await kept(merchant, method["id"]))


async def test_a_devices_card_is_made_in_test_mode_only(app: Assembly) -> None:
    live = await shop.merchant(app, mode=Mode.LIVE)
    for wallet in WALLETS:
        answer = await live.post(f"/sandbox/wallets/{wallet}", {"card": CARD})
        assert answer.status_code == 403


# The keys of merchants.


def apple_key(**changes: Any) -> dict[str, Any]:
    """A key that was handed in by a merchant whose devices are another vault's."""
    found = recorded.apple_pay()
    right = {
        "merchant_id": found["merchant_id"],
        "certificate": found["certificate"],
        "private_key": found["private_key"],
    }
    return {"type": "apple_pay", "apple_pay": {**right, **changes}}


def google_key(**changes: Any) -> dict[str, Any]:
    """The key of a merchant whose devices are those of tests/vault."""
    right = {
        "merchant_id": merchants.GOOGLE.recipient,
        "private_key": merchants.pem(merchants.GOOGLE),
        "root_keys": {
            "keys": [
                {
                    "keyValue": key.key_value,
                    "protocolVersion": key.protocol_version,
                    "keyExpiration": key.key_expiration,
                }
                for key in merchants.GOOGLE.roots.keys
            ]
        },
    }
    return {"type": "google_pay", "google_pay": {**right, **changes}}


async def test_a_key_that_was_added_opens_tokens_until_it_is_removed(anyones: Client) -> None:
    wall = anyones.parts.gateway.clock.wall()

    def token() -> dict[str, Any]:
        return merchants.DEVICES.google_pay(merchants.TENANT, merchants.CARD, wall)

    async def code_of(token: dict[str, Any]) -> str | None:
        answer = await anyones.post("/payment_methods", method_of("google_pay", token))
        return None if answer.status_code == 200 else str(shop.any_error(answer)["code"])

    assert await code_of(token()) == "wallet_signer_untrusted"
    added = (await anyones.post("/wallet_keys", google_key())).json()
    assert (added["object"], added["type"], added["merchant_id"]) == ("wallet_key", "google_pay", "merchant:sandbox")
    assert await code_of(token()) is None
    assert (await anyones.get(f"/wallet_keys/{added['id']}")).json() == added
    assert await anyones.listed("/wallet_keys") == [added]

    gone = await anyones.delete(f"/wallet_keys/{added['id']}")
    assert gone.json() == {"id": added["id"], "object": "wallet_key", "deleted": True}
    assert await anyones.listed("/wallet_keys") == []
    assert (await anyones.get(f"/wallet_keys/{added['id']}")).status_code == 404
    assert await code_of(token()) == "wallet_signer_untrusted"
    # The sandbox's own go on without any.
    await made(anyones, "google_pay")


async def test_a_private_key_never_comes_out(merchant: Client) -> None:
    numbers = merchants.pem(merchants.GOOGLE).splitlines()[1][20:60]
    added = await merchant.post("/wallet_keys", google_key(), key="once")
    again = await merchant.post("/wallet_keys", google_key(), key="once")
    assert again.content == added.content
    wrong = await merchant.post("/wallet_keys", google_key(root_keys="{}"))
    shop.error(wrong, 400, "invalid_request_error", "parameter_invalid", "google_pay.root_keys")
    for answer in (
        added,
        wrong,
        await merchant.get("/wallet_keys"),
        await merchant.get(f"/wallet_keys/{added.json()['id']}"),
    ):
        assert numbers not in answer.text
        assert "PRIVATE" not in answer.text


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"type": "apple_pay"}, "parameter_missing", "apple_pay"),
        ({"type": "google_pay", **{"apple_pay": apple_key()["apple_pay"]}}, "parameter_invalid", "apple_pay"),
        (apple_key(), "parameter_invalid", "apple_pay.certificate"),
        (apple_key(private_key="x"), "parameter_invalid", "apple_pay.private_key"),
        (apple_key(merchant_id="merchant.x"), "parameter_invalid", "apple_pay.merchant_id"),
        (apple_key(key="x"), "parameter_unknown", "apple_pay.key"),
        (google_key(merchant_id="shop:1"), "parameter_invalid", "google_pay.merchant_id"),
        (google_key(private_key=recorded.apple_pay()["certificate"]), "parameter_invalid", "google_pay.private_key"),
        (BODIES["/v1/wallet_keys"] | {"type": "phone"}, "parameter_invalid", "type"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_key_that_cannot_be_used_is_refused_by_name(
    demo: Client, body: dict[str, Any], code: str, param: str
) -> None:
    shop.error(await demo.post("/wallet_keys", body), 400, "invalid_request_error", code, param)


async def test_only_a_secret_key_may_touch_wallet_keys(app: Assembly) -> None:
    tenant = await shop.new_tenant(app)
    every = frozenset(Scope) - {Scope.ALL}
    added = Client(app, await shop.issue(app, tenant, CredentialKind.SECRET_KEY, ALL_SCOPES))
    id = (await added.post("/wallet_keys", google_key())).json()["id"]
    for kind, scopes in ((CredentialKind.PUBLISHABLE_KEY, PUBLISHABLE_SCOPES), (CredentialKind.RESTRICTED_KEY, every)):
        client = Client(app, await shop.issue(app, tenant, kind, scopes))
        for answer in (
            await client.post("/wallet_keys", google_key()),
            await client.get("/wallet_keys"),
            await client.get(f"/wallet_keys/{id}"),
            await client.delete(f"/wallet_keys/{id}"),
        ):
            assert (answer.status_code, shop.any_error(answer)["code"]) == (403, "permission_missing")
    assert [key["id"] for key in await added.listed("/wallet_keys")] == [id]


async def test_another_merchants_key_does_not_exist(app: Assembly, merchant: Client) -> None:
    other = await shop.merchant(app)
    id = (await other.post("/wallet_keys", google_key())).json()["id"]
    for answer in (await merchant.get(f"/wallet_keys/{id}"), await merchant.delete(f"/wallet_keys/{id}")):
        shop.error(answer, 404, "invalid_request_error", "resource_missing", "id")
    token = merchants.DEVICES.google_pay(merchants.TENANT, merchants.CARD, merchant.parts.gateway.clock.wall())
    answer = await merchant.post("/payment_methods", method_of("google_pay", token))
    shop.error(answer, 400, "invalid_request_error", "wallet_signer_untrusted", "google_pay.token")


async def test_a_merchant_has_twenty_keys_of_a_wallet_at_most(merchant: Client) -> None:
    for _ in range(20):
        assert (await merchant.post("/wallet_keys", google_key())).status_code == 200
    answer = await merchant.post("/wallet_keys", google_key())
    shop.error(answer, 400, "invalid_request_error", "parameter_invalid", "type")


@each_wallet
async def test_a_page_may_pay_by_wallet_with_a_publishable_key(app: Assembly, wallet: str) -> None:
    tenant = await shop.new_tenant(app)
    page = Client(app, await shop.issue(app, tenant, CredentialKind.PUBLISHABLE_KEY, PUBLISHABLE_SCOPES))
    assert (await made(page, wallet))["card"]["wallet"]["type"] == wallet
