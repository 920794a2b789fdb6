"""A reference is found however a bank writes it, and a wrong character makes none."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sizes import at_size
from tillgate.core import creditor_references


@given(st.integers(0, 10**14), st.text(max_size=8), st.text(max_size=8), st.integers(1, 6))
@settings(max_examples=at_size(60, 5_000), deadline=None)
def test_a_reference_is_found_however_a_bank_writes_it(number: int, before: str, after: str, every: int) -> None:
    reference = creditor_references.make(number)
    broken = " \n".join(reference.lower()[at : at + every] for at in range(0, 16, every))
    assert reference in creditor_references.found(f"{before} {broken} {after}")
    assert creditor_references.found(creditor_references.shown(reference)) == (reference,)


def test_one_wrong_character_is_no_reference() -> None:
    reference = creditor_references.make(539_007_547_034)
    assert reference == "RF18539007547034"
    for at in range(2, 16):
        for digit in "0123456789":
            wrong = reference[:at] + digit + reference[at + 1 :]
            assert creditor_references.found(wrong) == ((wrong,) if wrong == reference else ())
