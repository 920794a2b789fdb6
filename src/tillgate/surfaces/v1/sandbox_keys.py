"""The keys that the API's documents print: Demo Shop's, and good on the machine itself only."""

from tillgate.core import credentials
from tillgate.core.credentials import ALL_SCOPES, PUBLISHABLE_SCOPES, Credential, CredentialKind, Scope
from tillgate.core.merchants import DEMO_SHOP

SECRET_KEY = "sk_test_1234567890abcdef"  # noqa: S105 — printed in the documents
PUBLISHABLE_KEY = "pk_test_1234567890abcdef"
BEARER_TOKEN = "YOUR_API_KEY"  # noqa: S105
CLIENT_ID = "your_client_id"
CLIENT_SECRET = "your_client_secret"  # noqa: S105


def _credential(secret: str, kind: CredentialKind, scopes: frozenset[Scope], id: str = "") -> Credential:
    return Credential(
        digest=credentials.digest(secret),
        id=id or f"key_sandbox_{kind.value}",
        tenant=DEMO_SHOP.id,
        kind=kind,
        mode=DEMO_SHOP.mode,
        scopes=scopes,
        created=0,
    )


SANDBOX_KEYS = {
    SECRET_KEY: _credential(SECRET_KEY, CredentialKind.SECRET_KEY, ALL_SCOPES),
    BEARER_TOKEN: _credential(BEARER_TOKEN, CredentialKind.SECRET_KEY, ALL_SCOPES),
    PUBLISHABLE_KEY: _credential(PUBLISHABLE_KEY, CredentialKind.PUBLISHABLE_KEY, PUBLISHABLE_SCOPES),
    CLIENT_SECRET: _credential(CLIENT_SECRET, CredentialKind.OAUTH_CLIENT, ALL_SCOPES, CLIENT_ID),
}
