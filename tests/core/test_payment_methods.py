import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.world import CARD, START
from tillgate.core import payment_methods
from tillgate.core.instants import DAY, MINUTE
from tillgate.core.payment_methods import PaymentMethod, Token
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve

METHOD = PaymentMethod(tenant="ten_1", id="pm_1", created=START, card=CARD, sealed=b"sealed", destroy_at=START + DAY)
KEPT = evolve(METHOD, customer="cus_1", destroy_at=None)
TOKEN = Token(
    tenant="ten_1",
    id="tok_1",
    created=START,
    payment_method="pm_1",
    card=CARD,
    expires_at=START + payment_methods.TOKEN_LASTS,
    sealed_cvc=b"sealed cvc",
)


@given(st.integers(0, DAY - 1))
def test_a_card_that_nobody_keeps_lasts_a_day_from_its_last_attempt(later: int) -> None:
    used = payment_methods.used(METHOD, START + later)
    assert used == evolve(METHOD, destroy_at=START + later + DAY)


def test_a_card_that_a_customer_keeps_lasts() -> None:
    assert payment_methods.used(KEPT, START + 1_000 * DAY) is KEPT


@pytest.mark.parametrize(
    ("method", "wall"),
    [
        (METHOD, START + DAY),
        (METHOD, START + 2 * DAY),
        (payment_methods.destroyed(METHOD), START),
        (payment_methods.destroyed(KEPT), START),
    ],
)
def test_a_card_whose_time_is_over_is_gone(method: PaymentMethod, wall: int) -> None:
    with pytest.raises(Refused) as refused:
        payment_methods.used(method, wall)
    assert (refused.value.reason, refused.value.field) == (Reason.CARD_GONE, "payment_method")


def test_a_destroyed_card_keeps_what_may_be_shown_and_nothing_else() -> None:
    assert payment_methods.destroyed(METHOD) == evolve(METHOD, sealed=None, destroy_at=None)


def test_a_token_is_spent_once_and_its_cvc_is_erased_by_that() -> None:
    spent = payment_methods.spend(TOKEN, "pay_1", START)
    assert spent == evolve(TOKEN, used_by="pay_1", sealed_cvc=None)
    with pytest.raises(Refused) as refused:
        payment_methods.spend(spent, "pay_2", START)
    assert (refused.value.reason, refused.value.field) == (Reason.TOKEN_USED, "payment_method")


@pytest.mark.parametrize("later", [15 * MINUTE, DAY])
def test_a_token_lasts_a_quarter_of_an_hour(later: int) -> None:
    payment_methods.spend(TOKEN, "pay_1", START + 15 * MINUTE - 1)
    with pytest.raises(Refused) as refused:
        payment_methods.spend(TOKEN, "pay_1", START + later)
    assert (refused.value.reason, refused.value.field) == (Reason.TOKEN_EXPIRED, "payment_method")


def test_a_token_that_was_spent_says_so_also_when_its_time_is_over() -> None:
    spent = payment_methods.spend(TOKEN, "pay_1", START)
    with pytest.raises(Refused) as refused:
        payment_methods.spend(spent, "pay_2", START + DAY)
    assert refused.value.reason is Reason.TOKEN_USED


def test_time_erases_the_cvc_of_a_token_that_was_never_spent() -> None:
    assert payment_methods.emptied(TOKEN) == evolve(TOKEN, sealed_cvc=None)


SENT = evolve(METHOD, sealed_cryptogram=b"sealed cryptogram", cryptogram_until=START + 15 * MINUTE)


@pytest.mark.parametrize(("later", "has"), [(0, True), (15 * MINUTE - 1, True), (15 * MINUTE, False), (DAY, False)])
def test_a_cryptogram_is_good_for_fifteen_minutes(later: int, has: bool) -> None:
    assert payment_methods.has_cryptogram(SENT, START + later) is has
    assert not payment_methods.has_cryptogram(METHOD, START + later)


def test_a_cryptogram_goes_with_the_first_attempt_and_the_card_stays() -> None:
    after = payment_methods.without_cryptogram(SENT)
    assert after == METHOD
    assert payment_methods.without_cryptogram(after) is after


def test_what_may_be_kept_no_longer_is_erased_each_at_its_time() -> None:
    assert (SENT.erase_at, METHOD.erase_at) == (START + 15 * MINUTE, START + DAY)
    assert payment_methods.erased(SENT, START + 15 * MINUTE) == METHOD
    assert payment_methods.erased(SENT, START + DAY) == payment_methods.destroyed(METHOD)
    kept = evolve(SENT, customer="cus_1", destroy_at=None)
    assert (kept.erase_at, payment_methods.without_cryptogram(kept).erase_at) == (START + 15 * MINUTE, None)
    assert payment_methods.erased(kept, START + DAY).sealed == b"sealed"
