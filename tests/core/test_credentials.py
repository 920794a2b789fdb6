import itertools

import msgspec
import pytest

from tests.core.world import START
from tillgate.core import credentials
from tillgate.core.credentials import (
    ALL_SCOPES,
    MANAGERS_SCOPES,
    PREFIXES,
    PUBLISHABLE_SCOPES,
    Credential,
    CredentialKind,
    Scope,
)
from tillgate.core.merchants import Mode
from tillgate.core.reasons import Reason, Refused

CREDENTIAL = Credential(
    digest=credentials.digest("sk_test_1"),
    id="key_1",
    tenant="ten_1",
    kind=CredentialKind.SECRET_KEY,
    mode=Mode.TEST,
    scopes=ALL_SCOPES,
    created=START,
)


def allowing(*scopes: Scope) -> credentials.Principal:
    return credentials.principal(changed(scopes=frozenset(scopes)))


def changed(**changes: object) -> Credential:
    return msgspec.structs.replace(CREDENTIAL, **changes)


def test_a_credential_says_who_asks_and_what_that_allows() -> None:
    principal = credentials.principal(CREDENTIAL)
    assert (principal.credential, principal.tenant, principal.kind) == ("key_1", "ten_1", CredentialKind.SECRET_KEY)
    assert (principal.mode, principal.scopes) == (Mode.TEST, ALL_SCOPES)


@pytest.mark.parametrize(
    ("credential", "valid"),
    [
        (CREDENTIAL, True),
        (changed(expires_at=START + 1), True),
        (changed(expires_at=START), False),
        (changed(expires_at=START - 1), False),
        (changed(revoked_at=START), False),
        (changed(revoked_at=START + 1), False),
        (changed(expires_at=START + 1, revoked_at=START - 1), False),
    ],
)
def test_a_credential_is_valid_until_it_expires_or_is_revoked(credential: Credential, valid: bool) -> None:
    assert credential.is_valid_at(START) is valid


@pytest.mark.parametrize("scope", sorted(frozenset(Scope) - MANAGERS_SCOPES))
def test_who_may_do_everything_may_do_this(scope: Scope) -> None:
    allowing(*ALL_SCOPES).require(scope)


@pytest.mark.parametrize("scope", Scope)
def test_nobody_but_a_manager_does_what_is_a_managers_and_a_manager_nothing_else(scope: Scope) -> None:
    is_managers = scope in MANAGERS_SCOPES
    manager = credentials.principal(changed(kind=CredentialKind.MANAGER_KEY, scopes=frozenset(Scope)))
    for who, may in ((manager, is_managers), (allowing(*Scope), not is_managers)):
        if may:
            who.require(scope)
            continue
        with pytest.raises(Refused):
            who.require(scope)


@pytest.mark.parametrize(
    ("held", "wanted"),
    list(itertools.permutations(sorted(frozenset(Scope) - {Scope.ALL} - MANAGERS_SCOPES), 2)),
)
def test_a_scope_allows_itself_and_no_other(held: Scope, wanted: Scope) -> None:
    allowing(held).require(held)
    with pytest.raises(Refused) as refused:
        allowing(held).require(wanted)
    assert (refused.value.reason, refused.value.detail) == (Reason.SCOPE_MISSING, {"scope": wanted.value})


@pytest.mark.parametrize("scope", [scope for scope in Scope if scope is not Scope.TOKENS_WRITE])
def test_a_payer_s_browser_may_hand_in_a_card_and_nothing_else(scope: Scope) -> None:
    with pytest.raises(Refused):
        allowing(*PUBLISHABLE_SCOPES).require(scope)


def test_every_kind_of_key_of_every_mode_is_told_by_its_beginning() -> None:
    bare = {CredentialKind.PUBLIC_TOKEN, CredentialKind.PRIVATE_TOKEN, CredentialKind.ESCROW_KEYS}
    assert set(PREFIXES) == set(itertools.product(set(CredentialKind) - bare, Mode))
    assert not any(one.startswith(other) for one, other in itertools.permutations(PREFIXES.values(), 2))


def test_a_secret_is_found_by_its_sha_256_and_kept_nowhere() -> None:
    assert credentials.digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert "sk_test_1" not in repr(CREDENTIAL)


def test_a_pair_is_found_by_its_public_half_and_proven_by_the_other() -> None:
    digest, public, proof = credentials.known_by(CredentialKind.ESCROW_KEYS, "public:pri:vate")
    pair = msgspec.structs.replace(CREDENTIAL, digest=digest, public=public, proof=proof)
    assert (digest, public) == (credentials.digest("public"), "public")
    assert credentials.proves(pair, "pri:vate")
    assert not any(credentials.proves(pair, other) for other in ("", "public", "pri", "pri:vate ", proof or ""))
    assert not credentials.proves(CREDENTIAL, "")
    assert credentials.known_by(CredentialKind.SECRET_KEY, "a:b") == (credentials.digest("a:b"), None, None)
