"""Bank accounts: what is one, and what is said of a number that is none."""

import pytest

from tillgate.core import bank_accounts
from tillgate.core.reasons import Refused


@pytest.mark.parametrize(
    ("text", "country", "bic", "last4"),
    [
        ("DE89 3704 0044 0532 0130 00", "DE", "COBADEFFXXX", "3000"),
        ("de89370400440532013000", "DE", "COBADEFFXXX", "3000"),
        ("GB33BUKB20201555555555", "GB", "BUKBGB22", "5555"),
        ("NO9386011117947", "NO", "DABANO22", "7947"),
    ],
)
def test_an_iban_names_an_account(text: str, country: str, bic: str, last4: str) -> None:
    found = bank_accounts.parse_iban(text, None, "iban")
    assert (found.country, found.number[-4:]) == (country, last4)
    assert found.bic == bic


@pytest.mark.parametrize(
    ("text", "bic", "field", "problem"),
    [
        ("DE89370400440532013001", None, "iban", "check digits"),
        ("DE8937040044053201300", None, "iban", "too long or too short"),
        ("XX89370400440532013000", None, "iban", "country"),
        ("", None, "iban", ""),
        ("DE89370400440532013000", "NONSENSE!", "bic", ""),
        ("DE89370400440532013000", "BNPAFRPPXXX", "bic", "another country"),
        ("\u0661" * 22, None, "iban", ""),
    ],
)
def test_what_is_no_iban_is_refused_without_being_quoted(text: str, bic: str | None, field: str, problem: str) -> None:
    with pytest.raises(Refused) as refused:
        bank_accounts.parse_iban(text, bic, "iban")
    assert refused.value.field == field
    said = str(refused.value.detail["problem"])
    assert problem in said
    assert not text or text not in said


@pytest.mark.parametrize("routing", ["110000000", "021000021", "122105155"])
def test_a_routing_number_is_checked_by_its_weights(routing: str) -> None:
    assert bank_accounts.parse_us("000123456789", routing).routing == routing


@pytest.mark.parametrize(
    ("number", "routing", "field"),
    [
        ("000123456789", "110000001", "routing_number"),
        ("000123456789", "000000000", "routing_number"),
        ("000123456789", "11000000", "routing_number"),
        ("000123456789", "\u0661" * 9, "routing_number"),
        ("000123456789", None, "routing_number"),
        ("123", "110000000", "account_number"),
        ("12345678x", "110000000", "account_number"),
    ],
)
def test_what_is_no_account_in_the_united_states_is_refused(number: str, routing: str | None, field: str) -> None:
    with pytest.raises(Refused) as refused:
        bank_accounts.parse_us(number, routing)
    assert refused.value.field == field


def test_a_number_is_not_shown_by_accident() -> None:
    assert "0532013000" not in repr(bank_accounts.parse_iban("DE89370400440532013000", None, "iban"))
