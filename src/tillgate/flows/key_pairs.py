"""Pairs of keys: the private half is made from the public one, so that it signs for a merchant and is kept nowhere."""

from typing import Final

from tillgate.core.credentials import PAIRED, CredentialKind
from tillgate.core.merchants import DEMO_SHOP, Tenant
from tillgate.flows.gateway import Gateway
from tillgate.store import credentials as kept

DEMO_KEYS: Final = "b8kP7A1e67s0jc3h98T8pH71dq66J0s3:PKp6z3jTcLeQNc1h3u9e0ffX77NY91adE12"
"""Demo Shop's, printed in the API's document, and good on the machine itself only."""

_PUBLIC_CHARACTERS: Final = 32


def make(gateway: Gateway, tenant_id: str, random_text: str) -> str:
    """A new pair, of a text that nobody guesses."""
    public = random_text[:_PUBLIC_CHARACTERS]
    return public + PAIRED + gateway.secrets.private_key(tenant_id, public)


async def newest(gateway: Gateway, tenant: Tenant) -> str | None:
    """The pair that a merchant was given last and that is still good, to sign for it; None where there is none."""
    wall = gateway.clock.wall()
    pairs = [
        credential
        for credential in await kept.of_tenant(gateway.store, tenant.id)
        if credential.kind is CredentialKind.ESCROW_KEYS and credential.is_valid_at(wall) and credential.public
    ]
    if pairs:
        public = max(pairs, key=lambda credential: (credential.created, credential.id)).public or ""
        return public + PAIRED + gateway.secrets.private_key(tenant.id, public)
    return DEMO_KEYS if tenant.id == DEMO_SHOP.id and gateway.is_on_this_machine else None
