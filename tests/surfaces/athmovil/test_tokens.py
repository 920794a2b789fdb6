"""auth_token: what it says, what it is good for, and how its keys follow each other."""

import base64
from typing import Any

import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tests.surfaces.athmovil.business import BASE, Business, code, done
from tillgate.clock import ManualClock
from tillgate.core.instants import DAY, HOUR, MINUTE, SECOND
from tillgate.core.signing_keys import SigningKey
from tillgate.store import lists

pytestmark = pytest.mark.anyio


async def _keys(seller: Business) -> list[dict[str, str]]:
    """The keys of this API's tokens, of all that are shown."""
    shown = (await seller.ask("/.well-known/jwks.json", method="GET")).json()["keys"]
    ours = {key.id for key in await lists.every(seller.parts.gateway.store, SigningKey) if key.use == "athmovil"}
    return [key for key in shown if key["kid"] in ours]


async def test_a_token_says_what_the_vendors_does(punctual: tuple[Business, ManualClock]) -> None:
    seller, clock = punctual
    ticket = await seller.open()
    known = KeySet.import_key_set({"keys": await _keys(seller)})  # type: ignore[typeddict-item]
    token = jwt.decode(ticket.token, known, algorithms=["RS256"])
    now = clock.wall() // SECOND
    permission = ["customer.business.ecommerce.authorization:write"]
    assert set(token.header) == {"kid", "typ", "alg"}
    assert (token.header["typ"], token.header["alg"]) == ("JWT", "RS256")
    assert token.claims == {
        "sub": ticket.id,
        "fiId": "",
        "nbf": now,
        "azp": [],
        "permissions": permission,
        "iss": "Process Payment",
        "scopes": permission,
        "iat": now,
        "exp": now + 900,
    }


async def test_without_a_token_or_with_a_wrong_one_nothing_is_paid(punctual: tuple[Business, ManualClock]) -> None:
    seller, _ = punctual
    ticket = await seller.open()
    await seller.confirm(ticket)
    head, claims, signature = ticket.token.split(".")
    mine = RSAKey.generate_key(2048)
    kid = jwt.decode(ticket.token, KeySet.import_key_set({"keys": await _keys(seller)})).header["kid"]  # type: ignore[typeddict-item]
    said: dict[str, Any] = msgspec.json.decode(base64.urlsafe_b64decode(claims + "=="))
    forged = jwt.encode({"alg": "RS256", "kid": kid, "typ": "JWT"}, said, mine)
    none = base64.urlsafe_b64encode(msgspec.json.encode({"alg": "none", "kid": kid, "typ": "JWT"})).decode().rstrip("=")
    assert code(await seller.ask(f"{BASE}/authorization", {})) == "token.invalid.header"
    for wrong in (
        "",
        "x",
        "a.b.c",
        f"{head}.{claims}.",
        f"{head}.{claims}.{signature[:-4]}AAAA",
        f"{none}.{claims}.",
        f"{none}.{claims}.{signature}",
        forged,
        jwt.encode({"alg": "RS256", "typ": "JWT"}, said, mine),
        "x" * 10_000,
        seller.private,
    ):
        answer = await seller.ask(f"{BASE}/authorization", {}, wrong or " ")
        assert (answer.status_code, code(answer)) in ((401, "BTRA_0017"), (401, "token.invalid.header")), wrong[:80]
    basic = await seller.http.post(f"{BASE}/authorization", headers={"authorization": f"Basic {ticket.token}"})
    assert code(basic) == "BTRA_0017"
    assert done(await seller.authorize(ticket))["ecommerceStatus"] == "COMPLETED"


async def test_a_token_is_for_its_own_ticket(punctual: tuple[Business, ManualClock]) -> None:
    seller, _ = punctual
    one, other = await seller.open(), await seller.open()
    body = {"ecommerceId": other.id, "phoneNumber": "7875550000"}
    answer = await seller.ask(f"{BASE}/business/updatePhoneNumber", body, one.token, "PUT")
    assert (answer.status_code, code(answer)) == (401, "BTRA_0403")
    for wrong, expected in (({"phoneNumber": None}, "BTRA_0019"), ({"phoneNumber": "7"}, "BTRA_0006")):
        asked = {"ecommerceId": one.id, "phoneNumber": "7875550000", **wrong}
        assert code(await seller.ask(f"{BASE}/business/updatePhoneNumber", asked, one.token)) == expected


async def test_a_token_ends_and_says_when(punctual: tuple[Business, ManualClock]) -> None:
    seller, clock = punctual
    ticket = await seller.open()
    await seller.confirm(ticket)
    assert done(await seller.authorize(ticket))
    clock.advance(15 * MINUTE - SECOND)
    assert done(await seller.authorize(ticket))
    clock.advance(SECOND)
    answer = await seller.authorize(ticket)
    assert (answer.status_code, code(answer)) == (401, "token.expired")
    assert answer.json()["message"].startswith("The Token has expired on ")
    assert " AST 20" in answer.json()["message"]


async def test_keys_follow_each_other_and_no_token_breaks(punctual: tuple[Business, ManualClock]) -> None:
    seller, clock = punctual
    await seller.open()
    (first,) = await _keys(seller)
    # The next key is shown before it signs.
    clock.advance(30 * DAY - HOUR)
    await seller.open()
    both = await _keys(seller)
    assert len(both) == 2
    clock.advance(HOUR - SECOND)
    before = await seller.open()
    clock.advance(SECOND)
    after = await seller.open()
    signed_with = [_kid(before.token), _kid(after.token)]
    assert signed_with == [first["kid"], next(key["kid"] for key in both if key != first)]
    for ticket in (before, after):
        await seller.confirm(ticket)
        assert done(await seller.authorize(ticket))["ecommerceStatus"] == "COMPLETED"
    # And the old one goes once nothing that it signed is good any more.
    clock.advance(29 * DAY + 23 * HOUR)
    await seller.open()
    assert first not in await _keys(seller)


def _kid(token: str) -> str:
    head = token.partition(".")[0]
    kid: str = msgspec.json.decode(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"]
    return kid
