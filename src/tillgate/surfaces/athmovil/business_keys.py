"""The tokens that the API's document prints: Demo Shop's, and good on the machine itself only."""

from typing import Final

from tillgate.core import credentials
from tillgate.core.credentials import Credential, CredentialKind
from tillgate.core.merchants import DEMO_SHOP

PUBLIC_TOKENS: Final = (
    "a66ce73d04f2087615f6320b724defc5b4eedc55",
    "hdb932832klnasKJGDW90291",
    "3adc528b182e50b41acff658136bd974c89604c3",
    "YOUR_PUBLIC_TOKEN",
)
PRIVATE_TOKEN: Final = "JHEFEWP2048FNDFLKJWB2"  # noqa: S105 — printed in the document


def _credential(secret: str, kind: CredentialKind) -> Credential:
    return Credential(
        digest=credentials.digest(secret),
        id=f"key_sandbox_{kind.value}",
        tenant=DEMO_SHOP.id,
        kind=kind,
        mode=DEMO_SHOP.mode,
        scopes=frozenset(),
        created=0,
    )


BUSINESS_KEYS: Final = {
    **{token: _credential(token, CredentialKind.PUBLIC_TOKEN) for token in PUBLIC_TOKENS},
    PRIVATE_TOKEN: _credential(PRIVATE_TOKEN, CredentialKind.PRIVATE_TOKEN),
}
