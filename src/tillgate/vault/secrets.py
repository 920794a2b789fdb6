"""Secrets other than cards, by named purpose: replies, what signs webhooks, bank accounts, digests of repeats."""

from tillgate.vault.data_keys import DigestKey, Purpose
from tillgate.vault.envelope import Envelope

_STATUS_BYTES = 2


class Secrets:
    """Seals replies, which may show what is shown only once; digests with `idempotency`, a permanent key."""

    def __init__(self, envelope: Envelope, idempotency: DigestKey) -> None:
        self._envelope = envelope
        self._idempotency = idempotency

    def key_digest(self, *scope_and_key: str) -> str:
        """64 hex digits that stand for a client's idempotency key, given after what it is unique in."""
        return self._idempotency.digest("key", *scope_and_key).hex()

    def request_fingerprint(self, method: str, path: str, principal: str, body: bytes) -> str:
        """64 hex digits that only the same request has; `body` is its canonical form without the CVC."""
        return self._idempotency.digest("request", method, path, principal, body).hex()

    def client_secret(self, tenant: str, payment: str) -> str:
        """32 hex digits with which a payer's browser proves that it was given a payment; always the same."""
        return self._idempotency.digest("client_secret", tenant, payment).hex()[:32]

    def return_proof(self, tenant: str, attempt: str) -> str:
        """32 hex digits that only the link holds by which a payer comes back from a bank; always the same."""
        return self._idempotency.digest("return", tenant, attempt).hex()[:32]

    def private_key(self, tenant: str, public: str) -> str:
        """48 hex digits that are the private half of a pair; always the same."""
        return self._idempotency.digest("private_key", tenant, public).hex()[:48]

    def purchase_digest(self, tenant: str, said: bytes, after: str = "") -> str:
        """64 hex digits that stand for all that a buyer's form says, `after` an order that it had opened before."""
        return self._idempotency.digest("purchase", tenant, said, after).hex()

    def grant_proof(self, grant: str, turn: int) -> str:
        """64 hex digits that only the code (turn 0) or the refresh token of this turn of a grant holds."""
        return self._idempotency.digest("grant", grant, str(turn)).hex()

    def email_digest(self, email: str) -> str:
        """64 hex digits that stand for an e-mail address."""
        return self._idempotency.digest("email", email).hex()

    def form_proof(self, session: str) -> str:
        """64 hex digits by which a form shows that a page of ours made it, for whoever has this session."""
        return self._idempotency.digest("form", session).hex()

    def browser_proof(self, email: str, name: str) -> str:
        """64 hex digits that a browser has, by this name, in which somebody with this address has signed in before."""
        return self._idempotency.digest("browser", email, name).hex()

    def seal_reply(self, tenant: str, key_digest: str, status: int, body: bytes) -> bytes:
        """A reply as the idempotency key with this digest keeps it."""
        return self._envelope.seal(
            status.to_bytes(_STATUS_BYTES, "big") + body, purpose=Purpose.REPLY, bound_to=(tenant, key_digest)
        )

    async def open_reply(self, tenant: str, key_digest: str, sealed: bytes) -> tuple[int, bytes]:
        """Status and body. Raises Unsealable."""
        opened = await self._envelope.open_loading(sealed, purpose=Purpose.REPLY, bound_to=(tenant, key_digest))
        return int.from_bytes(opened[:_STATUS_BYTES], "big"), opened[_STATUS_BYTES:]

    def seal_webhook_secret(self, tenant: str, endpoint: str, secret: str) -> bytes:
        """What an endpoint's deliveries are signed with, as the endpoint keeps it."""
        return self._envelope.seal(secret.encode(), purpose=Purpose.WEBHOOK, bound_to=(tenant, endpoint))

    async def open_webhook_secret(self, tenant: str, endpoint: str, sealed: bytes) -> str:
        """The secret in the open, to sign with. Raises Unsealable."""
        opened = await self._envelope.open_loading(sealed, purpose=Purpose.WEBHOOK, bound_to=(tenant, endpoint))
        return opened.decode()

    def seal_bank_account(self, tenant: str, account: str, number: str) -> bytes:
        """The number of a bank account, as its record keeps it."""
        return self._envelope.seal(number.encode(), purpose=Purpose.BANK_ACCOUNT, bound_to=(tenant, account))

    async def open_bank_account(self, tenant: str, account: str, sealed: bytes) -> str:
        """The number in the open, for the bank. Raises Unsealable."""
        opened = await self._envelope.open_loading(sealed, purpose=Purpose.BANK_ACCOUNT, bound_to=(tenant, account))
        return opened.decode()

    def seal_mail(self, tenant: str, mail: str, content: bytes) -> bytes:
        """What a mail says and to whom, as its record keeps it."""
        return self._envelope.seal(content, purpose=Purpose.MAIL, bound_to=(tenant, mail))

    async def open_mail(self, tenant: str, mail: str, sealed: bytes) -> bytes:
        """The content in the open, to be sent or shown. Raises Unsealable."""
        return await self._envelope.open_loading(sealed, purpose=Purpose.MAIL, bound_to=(tenant, mail))

    def seal_evidence(self, tenant: str, evidence: str, picture: bytes) -> bytes:
        """A photograph, as its record keeps it."""
        return self._envelope.seal(picture, purpose=Purpose.EVIDENCE, bound_to=(tenant, evidence))

    async def open_evidence(self, tenant: str, evidence: str, sealed: bytes) -> bytes:
        """The photograph in the open, for who may see it. Raises Unsealable."""
        return await self._envelope.open_loading(sealed, purpose=Purpose.EVIDENCE, bound_to=(tenant, evidence))

    def seal_signing_key(self, tenant: str, id: str, private: bytes) -> bytes:
        """The private half of a signing key, as its record keeps it."""
        return self._envelope.seal(private, purpose=Purpose.SIGNING, bound_to=(tenant, id))

    async def open_signing_key(self, tenant: str, id: str, sealed: bytes) -> bytes:
        """The private half in the open, to sign with. Raises Unsealable."""
        return await self._envelope.open_loading(sealed, purpose=Purpose.SIGNING, bound_to=(tenant, id))
