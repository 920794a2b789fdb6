"""The tokens that the API's document prints: Demo Shop's, and good on the machine itself only."""

from typing import Final

from tillgate.core import credentials
from tillgate.core.applications import DEMO_APPLICATION
from tillgate.core.credentials import ALL_SCOPES, PERSONS_SCOPES, Credential, CredentialKind, Scope
from tillgate.core.merchants import DEMO_SHOP

CLIENT_IDS: Final = frozenset({DEMO_APPLICATION.client_id, "your_client_id", "your_32_char_client_id"})
"""By which names Demo Shop's application goes there."""

CLIENT_TOKENS: Final = ("YOUR_CLIENT_TOKEN", "your_client_token")
ACCESS_TOKENS: Final = ("YOUR_OAUTH_ACCESS_TOKEN", "YOUR_OAUTH_TOKEN", "YOUR_TOKEN")


def _credential(secret: str, kind: CredentialKind, scopes: frozenset[Scope], application: str | None) -> Credential:
    return Credential(
        digest=credentials.digest(secret),
        id=f"key_sandbox_{kind.value}",
        tenant=DEMO_SHOP.id,
        kind=kind,
        mode=DEMO_SHOP.mode,
        scopes=scopes,
        created=0,
        application=application,
    )


SANDBOX_TOKENS: Final = {
    **{
        token: _credential(token, CredentialKind.CLIENT_TOKEN, ALL_SCOPES, DEMO_APPLICATION.id)
        for token in CLIENT_TOKENS
    },
    **{token: _credential(token, CredentialKind.ACCESS_TOKEN, PERSONS_SCOPES, None) for token in ACCESS_TOKENS},
}
