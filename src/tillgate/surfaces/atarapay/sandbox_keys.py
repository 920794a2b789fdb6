"""The keys that the API's document prints: Demo Shop's, and good on the machine itself only."""

from typing import Final

from tillgate.core import credentials
from tillgate.core.credentials import Credential, CredentialKind
from tillgate.core.merchants import DEMO_SHOP
from tillgate.flows.key_pairs import DEMO_KEYS

PUBLIC_KEY, PRIVATE_KEY = credentials.halves(DEMO_KEYS)

PLACEHOLDER: Final = "__Auth_token_calculated__"
"""What the document's programs send in the place of the token of these keys."""

_KIND: Final = CredentialKind.ESCROW_KEYS
_DIGEST, _PUBLIC, _PROOF = credentials.known_by(_KIND, DEMO_KEYS)

ESCROW_KEYS: Final = {
    PUBLIC_KEY: Credential(
        digest=_DIGEST,
        id=f"key_sandbox_{_KIND.value}",
        tenant=DEMO_SHOP.id,
        kind=_KIND,
        mode=DEMO_SHOP.mode,
        scopes=frozenset(),
        created=0,
        public=_PUBLIC,
        proof=_PROOF,
    )
}
