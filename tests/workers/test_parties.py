"""Sellers and operators by command: who they are, whose marketplace they sell in, and what is wrong in a sentence."""

import pytest

from tests.workers.command_line import asked, done
from tillgate.assembly import Opened

pytestmark = pytest.mark.anyio

NAMED = {"first_name": "Bisi", "last_name": "Ade", "phone": "08030000011"}
ACCOUNT = {"bank_code": "058", "number": "0123456789", "holder": "Bisi Ade"}


async def test_a_seller_sells_in_the_marketplace_that_they_are_associated_to(opened: Opened) -> None:
    seller = await done(opened, "parties add", kind="seller", named=NAMED, destination=ACCOUNT)
    assert (seller["name"], seller["bank"], seller["last4"]) == ("Bisi Ade", "Guaranty Trust Bank", "6789")
    assert (seller["operator"], seller["is_associated"]) == (None, False)
    named = {**NAMED, "phone": "08030000012"}
    operator = await done(opened, "parties add", kind="operator", named=named, destination=ACCOUNT)
    assert (await done(opened, "parties associate", id=seller["id"]))["is_associated"]
    theirs = await done(opened, "parties associate", id=seller["id"], operator=operator["id"])
    assert theirs["operator"] == operator["id"]
    assert await done(opened, "parties list") == [theirs]
    assert [one["number"] for one in await done(opened, "parties list", kind="operator")] == [operator["number"]]
    assert operator["number"] == seller["number"] + 1


async def test_a_party_to_whom_nothing_is_owed_is_erased_by_command(opened: Opened) -> None:
    seller = await done(opened, "parties add", kind="seller", named=NAMED, destination=ACCOUNT)
    erased = await done(opened, "parties erase", id=seller["id"])
    assert (erased["number"], erased["name"], erased["phone"], erased["last4"]) == (seller["number"], "", "", "")
    assert await done(opened, "parties list") == []
    assert await done(opened, "parties erase", id=seller["id"]) == erased
    await done(opened, "parties add", kind="seller", named=NAMED, destination=ACCOUNT)
    assert (await asked(opened, "parties erase", id="pty_x")).refused.startswith("There is no party pty_x")


async def test_what_cannot_be_is_said_in_a_sentence(opened: Opened) -> None:
    for changes, said in (
        ({"number": "123"}, "--bank-account-number cannot be used: it takes 10 digits."),
        ({"bank_code": "999"}, "--bank-code cannot be used: there is no bank with this code."),
    ):
        answer = await asked(opened, "parties add", kind="seller", named=NAMED, destination={**ACCOUNT, **changes})
        assert answer.refused == said
    for given in ({"id": "pty_x"}, {"id": "pty_x", "operator": "pty_y"}):
        assert (await asked(opened, "parties associate", **given)).refused.startswith("There is no ")
    await done(opened, "parties add", kind="seller", named={**NAMED, "phone": "1"}, destination=ACCOUNT)
    again = await asked(opened, "parties add", kind="seller", named={**NAMED, "phone": "1"}, destination=ACCOUNT)
    assert again.refused == "--phone cannot be used: a seller is known by this number already."
    assert (await asked(opened, "parties add", kind="provider", named=NAMED, destination=ACCOUNT)).refused
