"""Authorization requests: what a client asks of a person, and whether the answer may go to where it wants it."""

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from tillgate.core import oauth
from tillgate.core.oauth import Client, Code, GrantType, OAuthScope, Rejected

LONGEST_STATE: Final = 2_000

_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)
_STATE: Final = re.compile(r"[ -~]*", re.ASCII)

NAMES: Final = (
    *("response_type", "client_id", "redirect_uri", "scope", "state"),
    *("code_challenge", "code_challenge_method", "response_mode"),
)
"""What a request may say; everything else is ignored (RFC 6749, 3.1)."""


class Request(msgspec.Struct, frozen=True):
    """What a client asks for: which scopes, with which PKCE challenge, and where the answer goes.

    `redirect_uri` is where that is; `asked_uri` is what the request said of it.
    """

    client: Client
    redirect_uri: str
    asked_uri: str | None
    state: str | None
    scopes: frozenset[OAuthScope]
    challenge: str


class Nowhere(Exception):
    """Nobody may be sent on: neither the client nor where it wants the answer is known. The text says what is wrong."""


class Returned(Exception):
    """The request is refused, and its client is told at `redirect_uri` (RFC 6749, 4.1.2.1)."""

    def __init__(self, redirect_uri: str, state: str | None, wrong: Rejected) -> None:
        super().__init__(wrong.detail)
        self.redirect_uri = redirect_uri
        self.state = state
        self.wrong = wrong


def named_once(pairs: Iterable[tuple[str, str]]) -> tuple[dict[str, str], frozenset[str]]:
    """What is said, and which names were said more than once. What is empty is not said (RFC 6749, 3.1)."""
    said: dict[str, str] = {}
    twice: set[str] = set()
    for name, value in pairs:
        if name in said:
            twice.add(name)
        said.setdefault(name, value)
    return {name: value for name, value in said.items() if value}, frozenset(twice)


def understood(client: Client | None, said: dict[str, str], twice: frozenset[str]) -> Request:
    """The request of a client. Raises Nowhere, and Returned for what the client is to hear of."""
    if client is None or "client_id" in twice:
        raise Nowhere("client")
    asked_uri = said.get("redirect_uri")
    redirect_uri = None if "redirect_uri" in twice else client.redirect_uri(asked_uri)
    if redirect_uri is None:
        raise Nowhere("redirect_uri")
    state = said.get("state") if "state" not in twice else None
    state = state if state is None or _is_state(state) else None
    try:
        _check(client, said, twice)
        scopes = oauth.scopes(said.get("scope"), client.scopes)
    except Rejected as wrong:
        raise Returned(redirect_uri, state, wrong) from None
    return Request(client, redirect_uri, asked_uri, state, scopes, said["code_challenge"])


def _check(client: Client, said: dict[str, str], twice: frozenset[str]) -> None:
    if repeated := sorted(twice & set(NAMES)):
        raise Rejected(Code.INVALID_REQUEST, f"The request says {repeated[0]} twice.")
    if not _is_state(said.get("state", "")):
        raise Rejected(Code.INVALID_REQUEST, f"A state is printable ASCII, {LONGEST_STATE} characters at most.")
    if "response_type" not in said:
        raise Rejected(Code.INVALID_REQUEST, "The request says no response_type.")
    if said["response_type"] != "code":
        raise Rejected(Code.UNSUPPORTED_RESPONSE_TYPE, "The response_type is code.")
    client.require(GrantType.AUTHORIZATION_CODE)
    if said.get("response_mode", "query") != "query":
        raise Rejected(Code.INVALID_REQUEST, "The response_mode is query.")
    if "code_challenge" not in said:
        raise Rejected(Code.INVALID_REQUEST, "The request says no code_challenge: PKCE is needed (RFC 7636).")
    if said.get("code_challenge_method") != "S256":
        raise Rejected(Code.INVALID_REQUEST, "The code_challenge_method is S256.")
    if not _CHALLENGE.fullmatch(said["code_challenge"]):
        raise Rejected(Code.INVALID_REQUEST, "A code_challenge is the base64url of a SHA-256, 43 characters.")


def _is_state(text: str) -> bool:
    return len(text) <= LONGEST_STATE and _STATE.fullmatch(text) is not None


def is_verifier(text: str) -> bool:
    """Whether a text has the form of a code verifier (RFC 7636, 4.1)."""
    return _VERIFIER.fullmatch(text) is not None
