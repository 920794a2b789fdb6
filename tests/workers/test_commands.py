import base64
import shutil
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from tests.vault import merchants as wallet_merchants
from tests.workers.command_line import asked, done
from tillgate import assembly
from tillgate.assembly import Opened
from tillgate.core import bank_accounts as bank_accounts_core
from tillgate.core.bank_accounts import BankAccount
from tillgate.core.credentials import ALL_SCOPES, Scope
from tillgate.core.decisions import Decision
from tillgate.core.evidence import Evidence
from tillgate.core.instants import SECOND
from tillgate.core.mails import Mail, MailKind
from tillgate.core.merchants import DEMO_SHOP, Tenant
from tillgate.core.payment_methods import PaymentMethod, Token
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve
from tillgate.core.webhook_endpoints import WebhookEndpoint, Wishes
from tillgate.flows import bank_accounts, sealing, tokens, webhook_endpoints
from tillgate.flows.gateway import Answer, Caller
from tillgate.flows.idempotency import Key
from tillgate.flows.signing_keys import Signer
from tillgate.flows.sources import TEST_CARD
from tillgate.settings import Settings
from tillgate.store import find, lists
from tillgate.vault import key_encryption
from tillgate.vault.data_keys import SEALING, Purpose
from tillgate.workers import commands
from tillgate.workers.commands import Answered

pytestmark = pytest.mark.anyio


async def test_a_key_is_good_for_what_it_was_made_for_and_for_its_merchant(opened: Opened) -> None:
    bookshop = await done(opened, "merchants create", name=" Bookshop ", settlement_days=7)
    assert (await opened.directory.tenant(bookshop["id"])).settlement_days == 7
    assert [one["name"] for one in await done(opened, "merchants list")] == ["Demo Shop", "Bookshop"]
    new = await done(opened, "keys create", kind="restricted_key", scopes=["refunds.write"], merchant=bookshop["id"])
    principal, tenant = await opened.directory.identify(new["secret"], on_this_machine=False)
    assert (tenant.id, tenant.name, principal.scopes) == (bookshop["id"], "Bookshop", frozenset({Scope.REFUNDS_WRITE}))
    assert new["credential"] in await done(opened, "keys list", merchant=bookshop["id"])
    assert await done(opened, "keys list") == []


async def test_a_merchants_rate_limit_is_felt_within_a_second(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    bookshop = await done(opened, "merchants create", name="Bookshop", rate_limit="premium")
    key = await done(opened, "keys create", kind="secret_key", merchant=bookshop["id"])

    async def a_minute() -> int | None:
        return (await opened.directory.identify(key["secret"], on_this_machine=False))[1].rate_limit.a_minute

    assert await a_minute() == 500
    changed = await done(opened, "merchants update", id=bookshop["id"], rate_limit="unlimited")
    assert changed == {**bookshop, "rate_limit": "unlimited"} == (await done(opened, "merchants list"))[1]
    wall = opened.gateway.clock.wall
    monkeypatch.setattr(opened.gateway.clock, "wall", lambda: wall() + SECOND)
    assert await a_minute() is None


async def test_a_merchants_settlement_delay_is_changed_and_the_rest_stays(opened: Opened) -> None:
    bookshop = await done(opened, "merchants create", name="Bookshop", rate_limit="premium", settlement_days=0)
    assert bookshop["settlement_days"] == 0
    await done(opened, "merchants update", id=bookshop["id"], sends_receipts=False)
    stored = await find.record(opened.gateway.store, Tenant, bookshop["id"], bookshop["id"])
    assert stored is not None
    assert not stored.sends_receipts
    changed = await done(opened, "merchants update", id=bookshop["id"], settlement_days=7)
    assert changed == {**bookshop, "settlement_days": 7}
    changed = await done(opened, "merchants update", id=bookshop["id"], rate_limit="standard")
    assert changed == {**bookshop, "settlement_days": 7, "rate_limit": "standard"}


def stored(data: Path) -> bytes:
    """All that the database holds, and what it has not checkpointed yet."""
    return b"".join((data / f"tillgate.sqlite3{suffix}").read_bytes() for suffix in ("", "-wal"))


@pytest.mark.parametrize(("given", "may"), [([], ALL_SCOPES), (["payments.read"], {Scope.PAYMENTS_READ})])
async def test_a_client_may_do_everything_or_what_its_scopes_say(
    opened: Opened, given: list[str], may: frozenset[Scope]
) -> None:
    new = await done(opened, "keys create", kind="oauth_client", scopes=given)
    client, _ = await opened.directory.client(new["credential"]["id"], new["secret"], on_this_machine=False)
    assert client.scopes == may


async def test_a_managers_key_decides_and_no_other_key_is_made_to(opened: Opened) -> None:
    new = await done(opened, "keys create", kind="manager_key")
    assert new["credential"]["scopes"] == ["escrow.decide"]
    assert new["secret"].startswith("mk_test_")
    principal, _ = await opened.directory.identify(new["secret"], on_this_machine=False)
    principal.require(Scope.ESCROW_DECIDE)
    for kind in ("restricted_key", "oauth_client", "secret_key", "manager_key"):
        refused = await asked(opened, "keys create", kind=kind, scopes=["escrow.decide"])
        assert "--kind manager" in refused.refused


@pytest.mark.parametrize("kind", ["secret_key", "publishable_key", "manager_key"])
async def test_a_secret_is_shown_once_and_stored_nowhere(opened: Opened, tmp_path: Path, kind: str) -> None:
    new = await done(opened, "keys create", kind=kind)
    assert new["secret"] not in str(await done(opened, "keys list"))
    kept = stored(tmp_path)
    assert new["credential"]["id"].encode() in kept
    assert new["secret"].encode() not in kept


async def test_a_rolled_key_and_its_successor_are_both_good_until_the_overlap_ends(opened: Opened) -> None:
    wall = opened.gateway.clock.wall()
    old = await done(opened, "keys create", kind="restricted_key", scopes=["payments.read", "balance.read"])
    new = await done(opened, "keys roll", id=old["credential"]["id"], overlap=3_600_000_000)
    for secret in (old["secret"], new["secret"]):
        principal, _ = await opened.directory.identify(secret, on_this_machine=False)
        assert principal.scopes == {"payments.read", "balance.read"}
    first, second = await done(opened, "keys list")
    assert wall + 3_600_000_000 <= first["expires_at"] < wall + 3_700_000_000
    assert second["expires_at"] is None

    without = await done(opened, "keys create", kind="secret_key")
    await done(opened, "keys roll", id=without["credential"]["id"], overlap=0)
    with pytest.raises(Refused) as refused:
        await opened.directory.identify(without["secret"], on_this_machine=False)
    assert refused.value.reason is Reason.CREDENTIAL_INVALID


async def test_a_key_that_ends_is_never_rolled_beyond_its_end(opened: Opened) -> None:
    ends = opened.gateway.clock.wall() + 60_000_000
    old = await done(opened, "keys create", kind="secret_key", expires_at=ends)
    new = await done(opened, "keys roll", id=old["credential"]["id"])
    assert [key["expires_at"] for key in await done(opened, "keys list")] == [ends, ends]
    assert new["credential"]["expires_at"] == ends


async def test_a_revoked_key_stays_revoked_since_the_first_time(opened: Opened) -> None:
    key = await done(opened, "keys create", kind="secret_key")
    first = await done(opened, "keys revoke", id=key["credential"]["id"])
    assert first == await done(opened, "keys revoke", id=key["credential"]["id"])
    with pytest.raises(Refused):
        await opened.directory.identify(key["secret"], on_this_machine=False)
    assert "revoked or expired" in (await asked(opened, "keys roll", id=key["credential"]["id"])).refused


@pytest.mark.parametrize(
    ("command", "given", "said"),
    [
        ("keys create", {"kind": "restricted_key"}, "needs at least one --scope"),
        (
            "keys create",
            {"kind": "secret_key", "scopes": ["payments.read"]},
            "Only restricted keys and clients take --scope",
        ),
        ("keys create", {"kind": "restricted_key", "scopes": ["payments.eat"]}, "payments.eat"),
        ("keys create", {"kind": "secret_key", "merchant": "ten_none"}, "There is no merchant ten_none"),
        ("keys create", {"kind": "secret_key", "expires_at": 1}, "before it is made"),
        ("keys list", {"merchant": "ten_none"}, "There is no merchant ten_none"),
        ("keys roll", {"id": "key_none"}, "There is no key key_none"),
        ("keys revoke", {"id": "key_none"}, "There is no key key_none"),
        ("keys revoke", {}, "required field `id`"),
        ("merchants create", {"name": " "}, "1 to 100 printable characters"),
        ("merchants create", {"name": "x", "mode": "live"}, "Live merchants need"),
        ("merchants create", {"name": "x", "colour": "red"}, "colour"),
        ("merchants update", {"id": "ten_none", "rate_limit": "premium"}, "There is no merchant ten_none"),
        ("merchants update", {"id": "ten_demoshop", "rate_limit": "premium"}, "TILLGATE_RATE_LIMIT"),
        ("merchants update", {"id": "ten_demoshop", "rate_limit": "endless"}, "endless"),
        ("merchants update", {"id": "ten_none"}, "--settlement-days"),
        ("merchants update", {"id": "ten_none", "settlement_days": -1}, "settlement_days"),
        ("merchants create", {"name": "x", "settlement_days": 31}, "settlement_days"),
        ("keys eat", {}, "no command 'keys eat'"),
    ],
)
async def test_what_cannot_be_done_is_refused_in_a_sentence(
    opened: Opened, command: str, given: dict[str, object], said: str
) -> None:
    assert said in (await asked(opened, command, **given)).refused


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b'{"command":1}', b"\xff", b'{"command":"keys list","x":1}'])
async def test_what_is_no_request_is_refused_too(opened: Opened, line: bytes) -> None:
    assert msgspec.json.decode(await commands.answer(opened.office, None, line), type=Answered).refused


async def test_a_command_for_another_database_is_left_to_who_has_that(opened: Opened) -> None:
    line = b'{"command":"keys list","database":"postgresql://elsewhere/x"}'
    assert msgspec.json.decode(await commands.answer(opened.office, None, line)) == {"elsewhere": True}


async def test_real_money_needs_a_bank_that_moves_it_and_a_key_that_lies_elsewhere(opened: Opened) -> None:
    class RealBank:
        is_live = True

    gateway: Any = opened.gateway
    gateway.banks["real"] = RealBank()
    assert "TILLGATE_KEY_ENCRYPTION_KEY" in (await asked(opened, "merchants create", name="x", mode="live")).refused
    gateway.key_is_kept_apart = True
    live = await done(opened, "merchants create", name="x", mode="live")
    assert (live["mode"], live["bank"]) == ("live", "real")
    key = await done(opened, "keys create", kind="secret_key", merchant=live["id"])
    assert key["secret"].startswith("sk_live_")
    assert (await opened.directory.identify(key["secret"], on_this_machine=False))[1].is_live

    gateway.key_is_kept_apart = False
    with pytest.raises(Refused) as refused:
        await opened.directory.identify(key["secret"], on_this_machine=False)
    assert refused.value.reason is Reason.LIVE_MODE_UNAVAILABLE
    assert DEMO_SHOP.id in str(await done(opened, "merchants list"))


async def payments_with_tokens(opened: Opened, count: int) -> list[str]:
    """Cards and CVCs under seal; the ids of the tokens that they wait in."""

    async def plainly(token: Token) -> Answer:
        return Answer(200, token.id.encode())

    caller = Caller(DEMO_SHOP, "key_1", "v1", "req_1")
    key = [Key(f"key_{number}", "f") for number in range(count)]
    answers = [await tokens.create(opened.gateway, caller, each, TEST_CARD, plainly) for each in key]
    return [answer.body.decode() for answer in answers]


async def endpoint_with_two_secrets(opened: Opened) -> None:
    """What signs webhooks under seal, and what signed them before."""

    async def plainly(endpoint: WebhookEndpoint, secret: str) -> Answer:
        return Answer(200, endpoint.id.encode())

    caller = Caller(DEMO_SHOP, "key_1", "v1", "req_1")
    wishes = Wishes(url="https://shop.example", enabled_events=("*",))
    made = await webhook_endpoints.create(opened.gateway, caller, None, wishes, plainly)
    await webhook_endpoints.rotate(opened.gateway, caller, None, made.body.decode(), plainly)


async def bank_account(opened: Opened) -> None:
    """An account whose number is under seal."""

    async def plainly(account: BankAccount) -> Answer:
        return Answer(200, b"")

    caller = Caller(DEMO_SHOP, "key_1", "v1", "req_1")
    coordinates = bank_accounts_core.parse_us("000123456789", "110000000")
    await bank_accounts.create(opened.gateway, caller, None, coordinates, "Ann", "USD", {}, plainly)


async def in_the_open(opened: Opened) -> list[tuple[str, ...]]:
    """Every card, every CVC, every account and every secret, opened."""
    found: list[tuple[str, ...]] = [
        await webhook_endpoints.secrets(opened.gateway, endpoint, opened.gateway.clock.wall())
        for endpoint in await lists.every(opened.gateway.store, WebhookEndpoint)
    ]
    for account in await lists.every(opened.gateway.store, BankAccount):
        number = await opened.gateway.secrets.open_bank_account(account.tenant, account.id, account.sealed)
        found.append((account.id, number))
    for token in await lists.every(opened.gateway.store, Token):
        method = await find.record(opened.gateway.store, PaymentMethod, DEMO_SHOP.id, token.payment_method)
        assert method is not None
        cvc = await opened.gateway.cards.reveal_cvc(token)
        found.append(((await opened.gateway.cards.reveal(method, cvc)).number.digits, cvc or ""))
    return found


async def resealed(opened: Opened) -> int:
    """Everything sealed again, portion by portion; how many there were."""
    count, at = 0, cast(Any, [0, "", ""])
    while at is not None:
        portion = await done(opened, "vault reseal", at=at)
        assert portion["unreadable"] == 0
        count, at = count + portion["resealed"], portion["then"]
    return count


def test_everything_that_is_sealed_can_be_sealed_again() -> None:
    assert {where.purpose for where in sealing.SEALED} == set(SEALING) - {Purpose.LINK}, (
        "links are signed, and nothing is sealed"
    )


async def a_mail_and_a_photograph(opened: Opened) -> None:
    sealed = opened.gateway.secrets.seal_mail(DEMO_SHOP.id, "mail_1", b"content")
    mail = Mail(tenant=DEMO_SHOP.id, id="mail_1", created=0, kind=MailKind.RECEIPT, about="pay_1", sealed=sealed)
    picture = opened.gateway.secrets.seal_evidence(DEMO_SHOP.id, "ev_1", b"content")
    evidence = Evidence(tenant=DEMO_SHOP.id, id="ev_1", created=0, payment="pay_1", sealed=picture)
    await opened.gateway.store.commit(Decision(save=(mail, evidence)))


async def test_what_old_data_keys_sealed_goes_under_new_ones_and_the_old_ones_go(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "AT_ONCE", 7)
    await payments_with_tokens(opened, 20)
    await endpoint_with_two_secrets(opened)
    await done(opened, "wallets add", key=GOOGLE)
    await bank_account(opened)
    await Signer(opened.gateway, "test").sign({})
    await a_mail_and_a_photograph(opened)
    before = await in_the_open(opened)
    first = await done(opened, "vault status")
    assert {key["purpose"] for key in first["keys"]} == set(Purpose)
    rotated = await done(opened, "vault rotate")
    old = {key["id"] for key in rotated["keys"] if not key["in_use"]}
    assert old == {key["id"] for key in first["keys"] if key["purpose"] in SEALING}
    assert await in_the_open(opened) == before
    assert await done(opened, "vault prune") == []

    monkeypatch.setattr(sealing, "KEPT_FOR", 0)
    assert await done(opened, "vault prune") == [], "something is still sealed under each of them"
    assert await resealed(opened) == 3 * 20 + 7
    assert await resealed(opened) == 0
    links = {key["id"] for key in first["keys"] if key["purpose"] == Purpose.LINK}
    assert {key["id"] for key in await done(opened, "vault prune")} == old - links
    assert await in_the_open(opened) == before
    left = {key["id"] for key in (await done(opened, "vault status"))["keys"] if not key["in_use"]}
    assert left == links, "what one signed is good for years"


async def test_a_data_key_is_kept_for_a_day_after_another_took_its_place(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    await done(opened, "vault rotate")
    assert await done(opened, "vault prune") == []
    at = opened.gateway.clock.wall()
    monkeypatch.setattr(opened.gateway.clock, "wall", lambda: at + sealing.KEPT_FOR + SECOND)
    assert len(await done(opened, "vault prune")) == len(set(SEALING) - {Purpose.LINK})


async def test_what_does_not_open_is_counted_and_the_rest_is_sealed_again(
    opened: Opened, capsys: pytest.CaptureFixture[str]
) -> None:
    await payments_with_tokens(opened, 3)
    spoiled, *_ = await lists.every(opened.gateway.store, PaymentMethod)
    assert spoiled.sealed is not None
    changed = spoiled.sealed[:-1] + bytes([spoiled.sealed[-1] ^ 1])
    await opened.gateway.store.commit(Decision(save=(evolve(spoiled, sealed=changed),)))
    await done(opened, "vault rotate")
    assert await done(opened, "vault reseal") == {"resealed": 2, "unreadable": 1, "then": [1, "", ""]}
    assert spoiled.id in capsys.readouterr().err


async def test_another_key_encryption_key_than_the_servers_is_not_mistaken_for_it(opened: Opened) -> None:
    assert "Start the server with the new key" in (await asked(opened, "vault rotate", kek_id="0123")).refused
    assert len((await done(opened, "vault status"))["keys"]) == len(Purpose)


async def test_data_keys_are_wrapped_by_the_key_that_is_set_now(tmp_path: Path, migrated: Path) -> None:
    shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
    async with assembly.opened(Settings(data=tmp_path)) as parts:
        await payments_with_tokens(parts, 2)
        before = await in_the_open(parts)
    new = base64.b64encode(bytes(32)).decode()
    old = (tmp_path / key_encryption.FILE_NAME).read_text()
    both = {key_encryption.VARIABLE: new, key_encryption.OLD_VARIABLE: old}
    async with assembly.opened(Settings(data=tmp_path, key_encryption=both)) as parts:
        assert (await done(parts, "vault rotate"))["rewrapped"] == len(Purpose)
    async with assembly.opened(Settings(data=tmp_path, key_encryption={key_encryption.VARIABLE: new})) as parts:
        assert await in_the_open(parts) == before
        assert (await done(parts, "vault rotate"))["rewrapped"] == 0


GOOGLE = {
    "type": "google",
    "merchant_id": "merchant:sandbox",
    "private_key": wallet_merchants.pem(wallet_merchants.GOOGLE),
    "root_keys": msgspec.json.encode(wallet_merchants.GOOGLE.roots).decode(),
}


async def test_a_merchants_wallet_keys_are_added_listed_and_removed(opened: Opened) -> None:
    added = await done(opened, "wallets add", key=GOOGLE)
    assert (added["wallet"], added["merchant_id"]) == ("google_pay", "merchant:sandbox")
    assert await done(opened, "wallets list") == [added]
    bookshop = await done(opened, "merchants create", name="Bookshop")
    assert await done(opened, "wallets list", merchant=bookshop["id"]) == []
    assert added["id"] in (await asked(opened, "wallets remove", id=added["id"], merchant=bookshop["id"])).refused
    assert await done(opened, "wallets remove", id=added["id"]) == added
    assert await done(opened, "wallets list") == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"private_key": "x"}, "--key cannot be used: it takes a P-256 key"),
        ({"root_keys": "{}"}, "--root-keys cannot be used: it takes Google's root signing keys"),
        ({"merchant_id": "gateway:tillgate"}, "--gateway-merchant-id cannot be used: a gateway's id needs it"),
    ],
)
async def test_a_wallet_key_that_cannot_be_used_is_refused_by_option(
    opened: Opened, changes: dict[str, str], said: str
) -> None:
    assert (await asked(opened, "wallets add", key={**GOOGLE, **changes})).refused.startswith(said)
