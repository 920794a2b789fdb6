import base64
import pickle

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vault import vaults
from tests.vault.vaults import WALL
from tillgate.core import payment_methods
from tillgate.core.cards import Brand, Card, CardNumber, Funding, luhn
from tillgate.core.instants import DAY, MINUTE
from tillgate.core.payment_methods import PaymentMethod, Token
from tillgate.core.reasons import Reason, Refused
from tillgate.vault.cards import Cards
from tillgate.vault.data_keys import DataKeys, Purpose
from tillgate.vault.envelope import Envelope, Unsealable

pytestmark = pytest.mark.anyio

NUMBER = "378282246310005"
CVC = "7391"
CARD = Card(number=CardNumber(NUMBER), exp_month=12, exp_year=2034, cvc=CVC, name="Grace Hopper")


def over(keys: DataKeys) -> Cards:
    return Cards(Envelope(keys), keys.for_digests(Purpose.FINGERPRINT))


async def cards(seed: int = 0) -> Cards:
    return over(await vaults.opened(seed=seed))


def kept(vault: Cards, card: Card = CARD, tenant: str = "ten_1", id: str = "pm_1") -> PaymentMethod:
    return vault.keep(card, tenant=tenant, id=id, now=5, wall=WALL)


def token(vault: Cards) -> Token:
    return Token(
        tenant="ten_1",
        id="tok_1",
        created=5,
        payment_method="pm_1",
        card=kept(vault).card,
        expires_at=WALL + 15 * MINUTE,
        sealed_cvc=vault.seal_cvc("ten_1", "tok_1", CVC),
    )


numbers = (
    st.text("0123456789", min_size=11, max_size=18)
    .flatmap(lambda body: st.sampled_from([body + digit for digit in "0123456789" if luhn(body + digit)]))
    .map(CardNumber)
)
any_card = st.builds(
    Card,
    number=numbers,
    exp_month=st.integers(1, 12),
    exp_year=st.integers(2000, 2099),
    cvc=st.none() | st.just("123"),
    name=st.none() | st.text(st.characters(exclude_categories=["Cs"])),
)


@given(any_card)
async def test_a_card_that_is_kept_is_revealed_as_it_was(card: Card) -> None:
    vault = await cards()
    assert await vault.reveal(kept(vault, card), card.cvc) == card


async def test_a_card_is_kept_for_a_day_with_what_may_be_shown_of_it() -> None:
    vault = await cards()
    method = vault.keep(CARD, tenant="ten_1", id="pm_1", now=5, wall=WALL, funding=Funding.CREDIT, country="US")
    assert (method.created, method.destroy_at, method.customer) == (5, WALL + DAY, None)
    assert (method.card.brand, method.card.last4) == (Brand.AMEX, "0005")
    assert (method.card.exp_month, method.card.exp_year) == (12, 2034)
    assert (method.card.funding, method.card.country) == (Funding.CREDIT, "US")


async def test_a_card_does_not_open_in_the_row_of_another() -> None:
    vault = await cards()
    method = kept(vault)
    for moved in (
        msgspec.structs.replace(method, id="pm_2"),
        msgspec.structs.replace(method, tenant="ten_2"),
        msgspec.structs.replace(method, sealed=vault.seal_cvc("ten_1", "pm_1", CVC)),
    ):
        with pytest.raises(Unsealable):
            await vault.reveal(moved, None)


async def test_a_destroyed_card_is_gone() -> None:
    vault = await cards()
    with pytest.raises(Refused) as caught:
        await vault.reveal(payment_methods.destroyed(kept(vault)), CVC)
    assert caught.value.reason is Reason.CARD_GONE


async def test_a_cvc_waits_in_its_token_until_it_is_used() -> None:
    vault = await cards()
    waiting = token(vault)
    assert await vault.reveal_cvc(waiting) == CVC
    assert await vault.reveal_cvc(payment_methods.spend(waiting, "pay_1", WALL)) is None
    with pytest.raises(Unsealable):
        await vault.reveal_cvc(msgspec.structs.replace(waiting, id="tok_2"))


async def test_a_number_is_known_again_by_one_tenant_whatever_else_changes() -> None:
    keys = await vaults.opened()
    vault = over(keys)
    fingerprint = kept(vault).card.fingerprint
    renewed = Card(number=CARD.number, exp_month=1, exp_year=2040, name="G. Hopper")
    assert kept(vault, renewed, id="pm_2").card.fingerprint == fingerprint
    await keys.turn_over(WALL + 3650 * DAY)
    assert kept(over(keys)).card.fingerprint == fingerprint

    assert kept(vault, tenant="ten_2").card.fingerprint != fingerprint
    assert kept(await cards(seed=1)).card.fingerprint != fingerprint
    other = msgspec.structs.replace(CARD, number=CardNumber("4242424242424242"))
    assert kept(vault, other).card.fingerprint != fingerprint


async def test_cards_survive_the_turnover_of_their_key() -> None:
    keys = await vaults.opened()
    vault = over(keys)
    before = kept(vault)
    await keys.turn_over(WALL + 30 * DAY)
    after = kept(vault)
    assert before.sealed is not None
    assert after.sealed is not None
    assert before.sealed[1:5] != after.sealed[1:5]
    assert await vault.reveal(before, CVC) == await vault.reveal(after, CVC) == CARD


async def test_neither_number_nor_name_nor_cvc_is_in_what_is_stored_or_printed() -> None:
    vault = await cards()
    method, waiting = kept(vault), token(vault)
    assert method.sealed is not None
    assert waiting.sealed_cvc is not None
    images = [method.sealed, waiting.sealed_cvc, base64.b64encode(method.sealed)]
    for record in (method, waiting, vault):
        images += [repr(record).encode(), str(record).encode()]
    for record in (method, waiting):
        images += [msgspec.json.encode(record), msgspec.msgpack.encode(record), pickle.dumps(record)]
    for secret in (NUMBER, NUMBER[:-4], CVC, "Hopper"):
        for encoded in (
            secret.encode(),
            base64.b64encode(secret.encode())[:-2],
            secret.encode().hex().encode(),
        ):
            assert not any(encoded in image for image in images), secret
    assert any(b"0005" in image for image in images)


async def test_a_cryptogram_waits_sealed_in_its_method_for_as_long_as_a_cvc_may() -> None:
    vault = await cards()
    sent = msgspec.structs.replace(CARD, cvc=None, cryptogram="AgAAAAAABk4DWZ4C28yUQAAAAAA=", eci="05")
    method = kept(vault, sent)
    assert method.sealed_cryptogram is not None
    assert b"AgAAAAAABk4" not in method.sealed_cryptogram
    assert method.cryptogram_until == method.erase_at == WALL + 15 * MINUTE
    assert await vault.reveal_cryptogram(method, await vault.reveal(method, None)) == sent
    without = payment_methods.without_cryptogram(method)
    assert await vault.reveal_cryptogram(without, await vault.reveal(without, None)) == await vault.reveal(method, None)
    assert "AgAAAAAABk4" not in f"{sent!r} {sent}"


async def test_a_cryptogram_opens_in_its_own_method_alone() -> None:
    vault = await cards()
    sent = msgspec.structs.replace(CARD, cryptogram="AAAA")
    one, other = kept(vault, sent), kept(vault, sent, id="pm_2")
    moved = msgspec.structs.replace(one, sealed_cryptogram=other.sealed_cryptogram)
    with pytest.raises(Unsealable):
        await vault.reveal_cryptogram(moved, sent)


async def test_a_card_without_a_cryptogram_has_nothing_to_erase_early() -> None:
    method = kept(await cards())
    assert (method.sealed_cryptogram, method.cryptogram_until, method.erase_at) == (None, None, method.destroy_at)
