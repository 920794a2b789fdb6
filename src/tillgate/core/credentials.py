"""Credentials: what proves who asks, and what it allows."""

import enum
import hashlib
import hmac

import msgspec

from tillgate.core.instants import HOUR, MINUTE, Duration, Instant
from tillgate.core.merchants import Mode
from tillgate.core.reasons import Reason, Refused


class CredentialKind(enum.StrEnum):
    """What sort of secret a credential is."""

    SECRET_KEY = "secret_key"  # noqa: S105
    PUBLISHABLE_KEY = "publishable_key"
    RESTRICTED_KEY = "restricted_key"
    OAUTH_CLIENT = "oauth_client"
    """A client's secret; the credential's id is the client's. It is good for access tokens only."""
    ACCESS_TOKEN = "access_token"  # noqa: S105
    PUBLIC_TOKEN = "public_token"  # noqa: S105
    """Names a business in the phone wallet's API; whoever sees its button sees it."""
    PRIVATE_TOKEN = "private_token"  # noqa: S105
    """Proves to be that business, beside its public token."""
    CLIENT_TOKEN = "client_token"  # noqa: S105
    """What an application's server asks with."""
    ESCROW_KEYS = "escrow_keys"
    """A pair of the escrow API's: its public half names a merchant, and is found; both prove to be that merchant."""
    MANAGER_KEY = "manager_key"
    """Whoever decides disputes about a merchant's escrow orders, who is not that merchant."""


class Scope(enum.StrEnum):
    """What a credential may be used for. ALL covers every other but MANAGERS_SCOPES."""

    ALL = "*"
    PAYMENTS_READ = "payments.read"
    PAYMENTS_WRITE = "payments.write"
    REFUNDS_READ = "refunds.read"
    REFUNDS_WRITE = "refunds.write"
    DISPUTES_READ = "disputes.read"
    DISPUTES_WRITE = "disputes.write"
    CUSTOMERS_READ = "customers.read"
    CUSTOMERS_WRITE = "customers.write"
    PAYMENT_METHODS_READ = "payment_methods.read"
    PAYMENT_METHODS_WRITE = "payment_methods.write"
    SETUP_INTENTS_READ = "setup_intents.read"
    SETUP_INTENTS_WRITE = "setup_intents.write"
    TOKENS_WRITE = "tokens.write"
    BALANCE_READ = "balance.read"
    PAYOUTS_READ = "payouts.read"
    PAYOUTS_WRITE = "payouts.write"
    TRANSACTIONS_READ = "transactions.read"
    EVENTS_READ = "events.read"
    EVENTS_WRITE = "events.write"
    WEBHOOK_ENDPOINTS_READ = "webhook_endpoints.read"
    WEBHOOK_ENDPOINTS_WRITE = "webhook_endpoints.write"
    PAYMENTS_CREATE = "payments.create"
    PAYMENTS_GET = "payments.get"
    USER_INSTRUCTIONS_GET = "payments.user-instructions.get"
    APPLICATIONS = "applications"
    PAYMENTS = "payments"
    ACCOUNT = "account"
    ESCROW_DECIDE = "escrow.decide"


MANAGERS_SCOPES = frozenset({Scope.ESCROW_DECIDE})
"""What a manager's key allows, and no other: a merchant may do everything, and not be its own judge."""

PUBLISHABLE_SCOPES = frozenset({Scope.TOKENS_WRITE})
"""What may be done from a payer's browser."""

ALL_SCOPES = frozenset({Scope.ALL})

CLIENT_SCOPES = frozenset({Scope.PAYMENTS_CREATE, Scope.PAYMENTS_GET, Scope.USER_INSTRUCTIONS_GET})
"""What an application's client token may be allowed (client_tokens.txt, Token Scopes)."""

PERSONS_SCOPES = frozenset({Scope.APPLICATIONS, Scope.PAYMENTS, Scope.ACCOUNT})
"""What a person may allow a program to do in their place (checkout.md, OAuth 2)."""

PREFIXES = {
    (CredentialKind.SECRET_KEY, Mode.TEST): "sk_test_",
    (CredentialKind.SECRET_KEY, Mode.LIVE): "sk_live_",
    (CredentialKind.PUBLISHABLE_KEY, Mode.TEST): "pk_test_",
    (CredentialKind.PUBLISHABLE_KEY, Mode.LIVE): "pk_live_",
    (CredentialKind.RESTRICTED_KEY, Mode.TEST): "rk_test_",
    (CredentialKind.RESTRICTED_KEY, Mode.LIVE): "rk_live_",
    (CredentialKind.MANAGER_KEY, Mode.TEST): "mk_test_",
    (CredentialKind.MANAGER_KEY, Mode.LIVE): "mk_live_",
    (CredentialKind.OAUTH_CLIENT, Mode.TEST): "ocs_test_",
    (CredentialKind.OAUTH_CLIENT, Mode.LIVE): "ocs_live_",
    (CredentialKind.ACCESS_TOKEN, Mode.TEST): "at_test_",
    (CredentialKind.ACCESS_TOKEN, Mode.LIVE): "at_live_",
    (CredentialKind.CLIENT_TOKEN, Mode.TEST): "ct_test_",
    (CredentialKind.CLIENT_TOKEN, Mode.LIVE): "ct_live_",
}
"""How secrets begin, by kind and mode; those of the phone wallet's API and of the escrow API are bare."""

NOT_BY_HEADER = frozenset(
    {
        CredentialKind.OAUTH_CLIENT,
        CredentialKind.PUBLIC_TOKEN,
        CredentialKind.PRIVATE_TOKEN,
        CredentialKind.CLIENT_TOKEN,
        CredentialKind.ESCROW_KEYS,
    }
)
"""Kinds that are of no use as the key of a request of the first API."""

BEARERS = frozenset({CredentialKind.CLIENT_TOKEN, CredentialKind.ACCESS_TOKEN})
"""Kinds with which the API of checkouts is asked; an access token without a client is a person's."""


ACCESS_TOKEN_LASTS: Duration = HOUR


class Credential(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One way to prove to be a merchant. The secret itself is never kept: `digest` finds it.

    An access token is `client`'s, by the digest of that one's secret, and good for as long as that is. One that
    `is_fleeting` is looked up whenever it is shown: it may end from one moment to the next, and everywhere at once.
    A client token is an `application`'s, has a `label`, and remembers about when it was `last_used_at`.
    Of a pair, `public` is the half that is no secret and that `digest` finds, `proof` the digest of the other.
    """

    digest: str
    id: str
    tenant: str
    kind: CredentialKind
    mode: Mode
    scopes: frozenset[Scope]
    created: Instant
    expires_at: Instant | None = None
    revoked_at: Instant | None = None
    client: str | None = None
    is_fleeting: bool = False
    application: str | None = None
    label: str = ""
    last_used_at: Instant | None = None
    public: str | None = None
    proof: str | None = None

    @property
    def erase_at(self) -> Instant | None:
        """When it may be forgotten: an access token once it is over, others never."""
        return self.expires_at if self.kind is CredentialKind.ACCESS_TOKEN else None

    def is_valid_at(self, wall: Instant) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or wall < self.expires_at)


class Principal(msgspec.Struct, frozen=True):
    """Who asks: a credential that proved valid, and what it allows; of an `application` alone, where it says so."""

    credential: str
    tenant: str
    kind: CredentialKind
    mode: Mode
    scopes: frozenset[Scope]
    application: str | None = None

    def require(self, *scopes: Scope) -> None:
        """Raises Refused(SCOPE_MISSING) where the credential allows none of these."""
        enough = MANAGERS_SCOPES if self.kind is CredentialKind.MANAGER_KEY else self.scopes - MANAGERS_SCOPES
        is_all = Scope.ALL in enough and not MANAGERS_SCOPES.issuperset(scopes)
        if not is_all and enough.isdisjoint(scopes):
            raise Refused(Reason.SCOPE_MISSING, None, scope="' or '".join(scopes))


def revoked(credential: Credential, wall: Instant) -> Credential:
    """The credential as it is once taken back. The first time counts."""
    if credential.revoked_at is not None:
        return credential
    return msgspec.structs.replace(credential, revoked_at=wall)


def rolled(credential: Credential, wall: Instant, overlap: Duration) -> Credential:
    """The credential in whose place another came: good until the overlap ends, or it expires by itself before.

    Raises Refused(CREDENTIAL_INVALID) where it is good no more.
    """
    if not credential.is_valid_at(wall):
        raise Refused(Reason.CREDENTIAL_INVALID, "id")
    ends = wall + overlap
    return msgspec.structs.replace(credential, expires_at=min(ends, credential.expires_at or ends))


def digest(secret: str) -> str:
    """What a secret is found by: secrets are long and random, so that a plain SHA-256 tells nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()


PAIRED = ":"
"""Between the halves of a pair, the public one first."""


def halves(pair: str) -> tuple[str, str]:
    """The public and the private half of a pair."""
    public, _, private = pair.partition(PAIRED)
    return public, private


def known_by(kind: CredentialKind, secret: str) -> tuple[str, str | None, str | None]:
    """What is kept of a secret: `digest`, and of a pair `public` and `proof`."""
    if kind is not CredentialKind.ESCROW_KEYS:
        return digest(secret), None, None
    public, private = halves(secret)
    return digest(public), public, digest(private)


def proves(credential: Credential, private: str) -> bool:
    """Whether this is the private half of a pair; it takes the same time wherever they differ."""
    return credential.proof is not None and hmac.compare_digest(credential.proof, digest(private))


def principal(credential: Credential, client: Credential | None = None) -> Principal:
    """The one who asks with this credential: the client itself, whichever access token it has at the moment."""
    return Principal(
        (client or credential).id,
        credential.tenant,
        credential.kind,
        credential.mode,
        credential.scopes,
        credential.application,
    )


USE_NOTED_EVERY: Duration = MINUTE
"""How exactly a client token's last use is known."""


def used(credential: Credential, wall: Instant) -> Credential | None:
    """The credential with its last use, where that is worth writing down."""
    last = credential.last_used_at
    if credential.kind is not CredentialKind.CLIENT_TOKEN or (last is not None and wall < last + USE_NOTED_EVERY):
        return None
    return msgspec.structs.replace(credential, last_used_at=wall)
