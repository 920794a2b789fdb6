"""Parties' bank accounts are checked by the list of banks and by their check digits."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.world import occasion
from tillgate.core import bank_accounts, nigerian_banks, nuban, parties
from tillgate.core.nigerian_banks import BANKS
from tillgate.core.parties import Destination, Named, PartyKind
from tillgate.core.reasons import Reason, Refused
from tillgate.sandbox import receiving_banks

serials = st.from_regex(re.compile(r"[0-9]{9}", re.ASCII), fullmatch=True)
banks = st.sampled_from(BANKS)


def test_the_check_digit_is_the_central_banks() -> None:
    """The example of the standard: First Bank, 000001457."""
    assert nuban.check_digit("011", "000001457") == 9


@given(bank=banks, serial=serials, place=st.integers(0, 9), other=st.integers(1, 9))
def test_one_wrong_digit_is_noticed(bank: nigerian_banks.Bank, serial: str, place: int, other: int) -> None:
    number = f"{serial}{nuban.check_digit(bank.code, serial)}"
    nuban.check(number, bank.code, "bank_account_number")
    wrong = number[:place] + str((int(number[place]) + other) % 10) + number[place + 1 :]
    with pytest.raises(Refused) as refused:
        nuban.check(wrong, bank.code, "bank_account_number")
    assert refused.value.field == "bank_account_number"


@pytest.mark.parametrize(
    "number", ["", "123456789", "12345678901", "12345 6789", "１２３４５６７８９０", "0123456785\n"]
)
def test_an_account_has_ten_digits(number: str) -> None:
    with pytest.raises(Refused):
        nuban.check(number, "058", "bank_account_number")


def test_every_bank_has_codes_of_its_own() -> None:
    assert len({bank.code for bank in BANKS}) == len({bank.nip_code for bank in BANKS}) == len(BANKS) > 25
    assert all(re.fullmatch("[0-9]{3}", bank.code) and re.fullmatch("[0-9]{6}", bank.nip_code) for bank in BANKS)
    assert [bank.name for bank in BANKS] == sorted([bank.name for bank in BANKS], key=str.casefold)
    assert all(bank.name == bank.name.strip() and not re.search("[0-9]", bank.name) for bank in BANKS)


@pytest.mark.parametrize(
    ("code", "nip_code", "field"),
    [("999", None, "bank_code"), ("", None, "bank_code"), ("058", "000014", "nip_bank_code")],
)
def test_a_bank_is_one_that_there_is(code: str, nip_code: str | None, field: str) -> None:
    with pytest.raises(Refused) as refused:
        nigerian_banks.known(code, nip_code)
    assert (refused.value.reason, refused.value.field) == (Reason.PARAMETER_INVALID, field)
    assert nigerian_banks.known("058", "000013").name == "Guaranty Trust Bank"


def test_an_account_shows_nothing_of_itself_and_is_kept_under_seal() -> None:
    account = Destination(bank_code="058", number="0123456785", holder="Ada Obi", nip_code="000013")
    assert "0123456785" not in repr(account)
    party, _ = parties.create("ten_1", "pty_1", PartyKind.PROVIDER, Named(first_name="Ada"), occasion())
    party = parties.with_account(party, account, b"sealed", occasion())
    assert (party.bank_name, party.nip_code, party.last4) == ("Guaranty Trust Bank", "000013", "6785")
    assert "0123456785" not in repr(party)


@pytest.mark.parametrize(
    ("changes", "field"), [({"currency": "EUR"}, "currency"), ({"holder": "  "}, "bank_account_name")]
)
def test_an_account_is_somebodys_in_a_currency_of_the_country(changes: dict[str, Any], field: str) -> None:
    plain: dict[str, Any] = {"bank_code": "058", "number": "0123456785", "holder": "Ada Obi"}
    with pytest.raises(Refused) as refused:
        parties.check(Destination(**{**plain, **changes}))
    assert refused.value.field == field


def test_the_sandbox_has_accounts_at_which_things_go_wrong() -> None:
    wrong = [one for one in (*receiving_banks.REFUSALS, *receiving_banks.RETURNS) if len(one) == 10]
    assert len(wrong) == 4
    for number in wrong:
        nuban.check(number, "058", "bank_account_number")


def test_a_party_that_is_deleted_gives_its_phone_away() -> None:
    party, created = parties.create("ten_1", "pty_1", PartyKind.SELLER, Named(phone="+234 (80) 1"), occasion())
    assert [alias.value for alias in created.name] == ["234801"]
    gone = parties.deleted(party, occasion())
    assert [(alias.value, alias.id) for alias in gone.name] == [("234801", None)]
    assert [getattr(record, "kept_as", "") for record in gone.save] == [parties.GONE]


def test_a_merchant_may_have_an_account_there_too() -> None:
    account = bank_accounts.parse_ng("0123456785", "058")
    assert (account.country, account.routing, account.bank_name) == ("NG", "000013", "Guaranty Trust Bank")
    assert bank_accounts.default_currency("NG") == "NGN"


@pytest.mark.parametrize(
    ("number", "bank", "field"),
    [
        ("0123456785", None, "routing_number"),
        ("0123456785", "999", "routing_number"),
        ("0123456784", "058", "account_number"),
    ],
)
def test_what_is_wrong_with_a_merchants_account_is_named(number: str, bank: str | None, field: str) -> None:
    with pytest.raises(Refused) as refused:
        bank_accounts.parse_ng(number, bank)
    assert refused.value.field == field
