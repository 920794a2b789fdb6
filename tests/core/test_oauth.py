"""OAuth in the core: addresses to be sent back to, requests of people, and the turns of a grant."""

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillgate.core import authorization_requests, oauth, redirects
from tillgate.core.authorization_requests import Nowhere, Returned
from tillgate.core.instants import DAY, HOUR, SECOND
from tillgate.core.oauth import ALL_GRANT_TYPES, DEMO_CLIENT, Client, Code, GrantType, OAuthScope, Rejected
from tillgate.core.records import evolve
from tillgate.core.redirects import Unfit

NOON = 1_767_268_800_000_000
ALL = frozenset(OAuthScope)
WEB = Client(
    tenant="ten_one",
    id="client_one",
    created=NOON,
    name="App",
    scopes=ALL,
    grant_types=ALL_GRANT_TYPES,
    redirect_uris=("https://app.example/callback", "http://127.0.0.1/native"),
)
REQUEST = {
    "response_type": "code",
    "client_id": WEB.id,
    "redirect_uri": WEB.redirect_uris[0],
    "state": "xyz",
    "code_challenge": "x" * 43,
    "code_challenge_method": "S256",
}

FIT = [
    "https://app.example/callback",
    "https://app.example",
    "https://app.example:8443/a/b?c=d",
    "http://127.0.0.1/callback",
    "http://127.0.0.1:8080/callback",
    "http://[::1]/callback",
    "http://localhost:3000/callback",
    "com.example.app:/callback",
    "com.example.app://callback",
]
UNFIT = [
    *("", "callback", "/callback", "//app.example/callback", "https://", "https:///callback", "http://app.example/x"),
    *("https://app.example/#fragment", "https://user@app.example/", "https://app.example@evil.example/"),
    *(
        "javascript:alert(1)",
        "data:text/html,x",
        "myapp:/callback",
        "https://app.example/a b",
        "https://app.example/\\x",
    ),
    *(
        "https://app.example/\r\nset-cookie:x",
        "https://äpp.example/",
        "http://127.0.0.1.evil.example/",
        "https:app.example",
    ),
    *(
        "https://app.example/" + "x" * 1_000,
        "HTTP://evil.example/",
        "http://127.0.0.1@evil.example/",
        "com.example.app:",
    ),
]


@pytest.mark.parametrize("uri", FIT)
def test_an_address_to_be_sent_back_to_is_taken(uri: str) -> None:
    assert redirects.check(uri) == uri
    assert redirects.same(uri, uri)


@pytest.mark.parametrize(
    ("uri", "source"),
    [
        ("https://app.example:8443/a;b?c=d", "https://app.example:8443"),
        ("http://127.0.0.1:8080/callback", "http://127.0.0.1:8080"),
        ("com.example.app:/callback", "com.example.app:"),
        # A browser ignores addresses in brackets there (CSP 3, 2.3.1), and people would not get back.
        ("http://[::1]:8080/callback", "http:"),
    ],
)
def test_where_people_are_sent_back_to_is_said_in_words_of_policies(uri: str, source: str) -> None:
    assert redirects.source(redirects.check(uri)) == source


@pytest.mark.parametrize("uri", UNFIT)
def test_an_address_that_is_not_safe_to_be_sent_back_to_is_not(uri: str) -> None:
    with pytest.raises(Unfit):
        redirects.check(uri)


@pytest.mark.parametrize(
    "asked",
    [
        *("https://app.example/callback/", "https://app.example/callback?x", "https://app.example/callbac"),
        *("https://app.example:443/callback", "https://APP.example/callback", "http://app.example/callback"),
        *(
            "https://app.example/callback#x",
            "https://app.example.evil.example/callback",
            "https://evil.example/callback",
        ),
        *("http://127.0.0.1:0/native", "http://127.0.0.1:65536/native", "http://127.0.0.1:80x/native"),
        *("http://127.0.0.1:80/other", "http://localhost/native", "http://127.0.0.1:80@evil.example/native"),
        *("http://127.0.0.1:80/native?x", "https://127.0.0.1:80/native", "http://127.0.0.2:80/native", ""),
    ],
)
def test_what_is_not_registered_to_the_letter_is_another_address(asked: str) -> None:
    assert WEB.redirect_uri(asked) is None


def test_on_a_loopback_address_any_port_will_do() -> None:
    for port in ("", ":1", ":8080", ":65535"):
        assert WEB.redirect_uri(f"http://127.0.0.1{port}/native") is not None


def test_without_one_in_the_request_the_only_one_is_meant() -> None:
    assert WEB.redirect_uri(None) is None
    assert evolve(WEB, redirect_uris=WEB.redirect_uris[:1]).redirect_uri(None) == WEB.redirect_uris[0]


@pytest.mark.parametrize(
    "uri", ["http://127.0.0.1:4711/any", "http://localhost/x?y=z", "http://[::1]:1", "http://LOCALHOST/"]
)
def test_the_sandboxs_client_may_be_anywhere_on_the_machine(uri: str) -> None:
    assert DEMO_CLIENT.redirect_uri(uri) == uri


@pytest.mark.parametrize(
    "uri", [*UNFIT, "https://localhost/x", "http://localhost.evil.example/", "http://127.0.0.1:0/"]
)
def test_the_sandboxs_client_is_nowhere_else(uri: str) -> None:
    assert DEMO_CLIENT.redirect_uri(uri) is None


@given(st.text(max_size=60))
@hypothesis.example("http://127.0.0.1:80\\@evil.example/")
@hypothesis.example("http://127.0.0.1\t.evil.example/")
def test_whatever_passes_for_loopback_has_a_loopback_host(text: str) -> None:
    from urllib.parse import urlsplit

    for uri in (text, f"http://{text}", f"http://127.0.0.1{text}", f"http://127.0.0.1:80{text}"):
        if redirects.is_loopback(uri):
            assert urlsplit(uri).hostname in ("127.0.0.1", "::1", "localhost")


def returned(said: dict[str, str], twice: frozenset[str] = frozenset()) -> tuple[str, str | None, Code]:
    with pytest.raises(Returned) as told:
        authorization_requests.understood(WEB, said, twice)
    assert told.value.wrong.detail.isascii()
    return told.value.redirect_uri, told.value.state, told.value.wrong.code


def test_a_request_in_order_is_understood() -> None:
    request = authorization_requests.understood(WEB, {**REQUEST, "scope": "payments", "nonsense": "x"}, frozenset())
    assert (request.scopes, request.state) == (frozenset({OAuthScope.PAYMENTS}), "xyz")
    assert authorization_requests.understood(WEB, REQUEST, frozenset()).scopes == ALL


@pytest.mark.parametrize("client", [None, WEB])
@pytest.mark.parametrize("uri", [None, "https://evil.example/callback"])
def test_nobody_is_sent_where_nobody_knows(client: Client | None, uri: str | None) -> None:
    said = {name: value for name, value in {**REQUEST, "redirect_uri": uri}.items() if value is not None}
    with pytest.raises(Nowhere):
        authorization_requests.understood(client, said, frozenset())


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_nobody_is_sent_anywhere_by_a_request_of_two_minds(name: str) -> None:
    with pytest.raises(Nowhere):
        authorization_requests.understood(WEB, REQUEST, frozenset({name}))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"response_type": None}, Code.INVALID_REQUEST),
        ({"response_type": "token"}, Code.UNSUPPORTED_RESPONSE_TYPE),
        ({"response_type": "code id_token"}, Code.UNSUPPORTED_RESPONSE_TYPE),
        ({"response_mode": "fragment"}, Code.INVALID_REQUEST),
        ({"code_challenge": None}, Code.INVALID_REQUEST),
        ({"code_challenge": "x" * 42}, Code.INVALID_REQUEST),
        ({"code_challenge": "x" * 42 + "="}, Code.INVALID_REQUEST),
        ({"code_challenge": "x" * 42 + "\n"}, Code.INVALID_REQUEST),
        ({"code_challenge_method": None}, Code.INVALID_REQUEST),
        ({"code_challenge_method": "plain"}, Code.INVALID_REQUEST),
        ({"scope": "payments  account"}, Code.INVALID_SCOPE),
        ({"scope": "payments,account"}, Code.INVALID_SCOPE),
        ({"scope": "openid"}, Code.INVALID_SCOPE),
        ({"scope": " "}, Code.INVALID_SCOPE),
    ],
)
def test_the_client_is_told_what_was_wrong_with_its_request(change: dict[str, str | None], code: Code) -> None:
    said = {name: value for name, value in {**REQUEST, **change}.items() if value is not None}
    assert returned(said) == (REQUEST["redirect_uri"], "xyz", code)


@pytest.mark.parametrize("name", ["scope", "state", "response_type", "code_challenge", "code_challenge_method"])
def test_what_is_said_twice_is_refused(name: str) -> None:
    assert returned({**REQUEST, "scope": "payments"}, frozenset({name}))[2] is Code.INVALID_REQUEST


@pytest.mark.parametrize("state", ["x" * 2_001, "a\r\nb", "ä"])
def test_a_state_that_cannot_be_given_back_is_refused_and_not_given_back(state: str) -> None:
    assert returned({**REQUEST, "state": state}) == (REQUEST["redirect_uri"], None, Code.INVALID_REQUEST)


def test_a_client_that_asks_nobody_is_not_answered_with_a_code() -> None:
    machine = evolve(WEB, grant_types=frozenset({GrantType.CLIENT_CREDENTIALS}))
    with pytest.raises(Returned) as told:
        authorization_requests.understood(machine, REQUEST, frozenset())
    assert told.value.wrong.code is Code.UNAUTHORIZED_CLIENT


def agreed(scopes: frozenset[OAuthScope] = ALL) -> oauth.Grant:
    return oauth.agreed("gra_one", "ten_one", WEB, "usr_one", scopes, None, "x" * 43, NOON)


def test_a_grant_turns_once_at_a_time() -> None:
    grant = agreed()
    for turn in range(4):
        grant = oauth.turned(grant, turn, NOON + turn * DAY)
        assert oauth.is_used_again(grant, turn)
        for other in (turn, turn - 1, turn + 2):
            with pytest.raises(Rejected) as wrong:
                oauth.turned(grant, other, NOON + turn * DAY)
            assert wrong.value.code is Code.INVALID_GRANT


def test_a_grant_ends_a_year_after_it_was_given_however_often_it_is_used() -> None:
    grant, wall = oauth.turned(agreed(), 0, NOON), NOON
    while wall < NOON + 365 * DAY:
        grant = oauth.turned(grant, grant.turn, wall)
        wall += 20 * DAY
    with pytest.raises(Rejected):
        oauth.turned(grant, grant.turn, wall)


def test_a_grant_is_kept_for_a_day_after_the_last_that_came_of_it_is_over() -> None:
    assert agreed().erase_at == NOON + HOUR + DAY
    used = oauth.turned(agreed(frozenset({OAuthScope.PAYMENTS})), 0, NOON + 59 * SECOND)
    assert used.erase_at == NOON + 59 * SECOND + HOUR + DAY
    assert oauth.turned(agreed(), 0, NOON).erase_at == NOON + 31 * DAY
    assert oauth.revoked(oauth.turned(agreed(), 0, NOON), NOON + HOUR).erase_at == NOON + HOUR + DAY


def test_one_access_token_is_taken_back_and_the_others_are_good() -> None:
    grant = oauth.without(oauth.turned(agreed(), 0, NOON), 1, NOON)
    assert (grant.is_good(1), grant.is_good(2)) == (False, True)
    later = oauth.without(grant, 2, NOON + HOUR)
    assert [spent.turn for spent in later.spent] == [2]
    revoked = oauth.revoked(later, NOON + HOUR)
    assert not revoked.is_good(3)
    assert oauth.revoked(revoked, NOON + DAY) is revoked
