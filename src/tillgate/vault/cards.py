"""Cards under seal: number and name for as long as the card is kept, the CVC until its first use."""

import msgspec

from tillgate.core import cards
from tillgate.core.cards import Card, CardNumber, Funding, WalletSummary
from tillgate.core.instants import Instant
from tillgate.core.payment_methods import TOKEN_LASTS, UNATTACHED_CARD_LASTS, PaymentMethod, Token
from tillgate.core.reasons import Reason, Refused
from tillgate.vault.data_keys import DigestKey, Purpose
from tillgate.vault.envelope import Envelope

_decoder = msgspec.json.Decoder(tuple[str, str | None])


class Cards:
    """Keeps cards, and reveals them to the flows that ask banks (tests/vault names them: nobody else may).

    `fingerprints` is the permanent key by which the same number is known again.
    """

    def __init__(self, envelope: Envelope, fingerprints: DigestKey) -> None:
        self._envelope = envelope
        self._fingerprints = fingerprints

    def keep(
        self,
        card: Card,
        *,
        tenant: str,
        id: str,
        now: Instant,
        wall: Instant,
        funding: Funding = Funding.UNKNOWN,
        country: str | None = None,
        wallet: WalletSummary | None = None,
    ) -> PaymentMethod:
        """The card as a record, which lasts a day unless a customer keeps it. The CVC is not in it.

        A cryptogram, which only a device's card has, waits in it for as long as a CVC may in a token. Tenants have
        fingerprints of their own: two merchants cannot find out that they share a customer.
        """
        key = self._fingerprints.digest(tenant)
        return PaymentMethod(
            tenant=tenant,
            id=id,
            created=now,
            card=cards.summarize(card, key, funding, country, wallet),
            sealed=self._envelope.seal(
                msgspec.json.encode((card.number.digits, card.name)),
                purpose=Purpose.CARD,
                bound_to=(tenant, id),
            ),
            destroy_at=wall + UNATTACHED_CARD_LASTS,
            sealed_cryptogram=self._seal_cryptogram(tenant, id, card),
            cryptogram_until=None if card.cryptogram is None else wall + TOKEN_LASTS,
        )

    async def reveal(self, method: PaymentMethod, cvc: str | None) -> Card:
        """The card in the open, with the CVC that came along.

        Raises Refused(CARD_GONE) where the number was destroyed, Unsealable where it was tampered with.
        """
        if method.sealed is None:
            raise Refused(Reason.CARD_GONE, "payment_method")
        opened = await self._envelope.open_loading(
            method.sealed, purpose=Purpose.CARD, bound_to=(method.tenant, method.id)
        )
        digits, name = _decoder.decode(opened)
        return Card(
            number=CardNumber(digits),
            exp_month=method.card.exp_month,
            exp_year=method.card.exp_year,
            cvc=cvc,
            name=name,
            agreement=method.agreement,
        )

    async def reveal_cryptogram(self, method: PaymentMethod, card: Card) -> Card:
        """A revealed card with the cryptogram and the ECI that wait in its method. Raises Unsealable like `reveal`."""
        if method.sealed_cryptogram is None:
            return card
        opened = await self._envelope.open_loading(
            method.sealed_cryptogram, purpose=Purpose.CVC, bound_to=(method.tenant, method.id)
        )
        cryptogram, eci = _decoder.decode(opened)
        return msgspec.structs.replace(card, cryptogram=cryptogram, eci=eci)

    def _seal_cryptogram(self, tenant: str, method_id: str, card: Card) -> bytes | None:
        if card.cryptogram is None:
            return None
        plaintext = msgspec.json.encode((card.cryptogram, card.eci))
        return self._envelope.seal(plaintext, purpose=Purpose.CVC, bound_to=(tenant, method_id))

    def seal_cvc(self, tenant: str, token_id: str, cvc: str) -> bytes:
        """A CVC as the token with this id keeps it."""
        return self._envelope.seal(cvc.encode(), purpose=Purpose.CVC, bound_to=(tenant, token_id))

    async def reveal_cvc(self, token: Token) -> str | None:
        """The CVC in a token; None where there is none, or none any more. Raises Unsealable like `reveal`."""
        if token.sealed_cvc is None:
            return None
        opened = await self._envelope.open_loading(
            token.sealed_cvc, purpose=Purpose.CVC, bound_to=(token.tenant, token.id)
        )
        return opened.decode()
