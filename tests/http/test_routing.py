"""Every path leads to one route, or to the surface that has to say that there is none."""

import hypothesis
import pytest
from hypothesis import strategies as st

from tillgate.http.routing import Match, Miss, Route, RouteTable


async def handler() -> None: ...


def table(*surfaces: list[str]) -> RouteTable[str]:
    """A table of surfaces `a`, `b`, …, each with routes such as `GET /v1/payments`."""
    return RouteTable(
        [
            (name, [Route(line.split(" ")[0], line.split(" ")[1], handler) for line in lines])
            for name, lines in zip("abcdef", surfaces, strict=False)
        ]
    )


SURFACES = table(
    [
        "POST /v1/payments",
        "GET /v1/payments",
        "GET /v1/payments/{id}",
        "POST /v1/payments/{id}/capture",
        "GET /v1/payments/search",
        "POST /v1/{kind}/{id}/cancel",
        "GET /.well-known/jwks.json",
    ],
    ["POST /api/business/payment", "POST /api/business/refund", "GET /phone/"],
    ["POST /api/payment", "GET /api/payment/{id}", "POST /api/callback/order"],
)


@pytest.mark.parametrize(
    ("method", "path", "template", "parameters"),
    [
        ("POST", "/v1/payments", "/v1/payments", {}),
        ("HEAD", "/v1/payments", "/v1/payments", {}),
        ("GET", "/v1/payments/pay_1", "/v1/payments/{id}", {"id": "pay_1"}),
        ("POST", "/v1/payments/pay_1/capture", "/v1/payments/{id}/capture", {"id": "pay_1"}),
        ("POST", "/v1/refunds/re_1/cancel", "/v1/{kind}/{id}/cancel", {"kind": "refunds", "id": "re_1"}),
        ("POST", "/v1/payments/p/cancel", "/v1/{kind}/{id}/cancel", {"kind": "payments", "id": "p"}),
        ("GET", "/v1/payments/caf%C3%A9", "/v1/payments/{id}", {"id": "café"}),
        ("GET", "/v1/p%61yments/a%20b", "/v1/payments/{id}", {"id": "a b"}),
        ("GET", "/.well-known/jwks.json", "/.well-known/jwks.json", {}),
        ("GET", "/phone/", "/phone/", {}),
    ],
)
def test_a_path_leads_to_its_route(method: str, path: str, template: str, parameters: dict[str, str]) -> None:
    found = SURFACES.match(method, path)
    assert isinstance(found, Match)
    assert found.route.path == template
    assert found.parameters == parameters


def test_a_fixed_segment_wins_over_a_parameter() -> None:
    found = SURFACES.match("GET", "/v1/payments/search")
    assert isinstance(found, Match)
    assert found.route.path == "/v1/payments/search"


def test_a_dead_end_of_fixed_segments_is_left_again() -> None:
    found = SURFACES.match("POST", "/v1/payments/search/capture")
    assert isinstance(found, Match)
    assert found.parameters == {"id": "search"}


@pytest.mark.parametrize(
    "path",
    [
        "",
        "*",
        "v1/payments",
        "x/v1/payments",
        "//v1/payments",
        "/v1//payments",
        "/v1/payments/",
        "/v1/payments//capture",
        "/v1/payments/./capture",
        "/v1/payments/../payments",
        "/v1/payments/..",
        "/v1/payments/%2E%2e",
        "/v1/payments/a%2Fcapture",
        "/v1/payments/a%2fb",
        "/v1/payments/a%5Cb",
        "/v1/payments/a%00",
        "/v1/payments/a%0a",
        "/v1/payments/%",
        "/v1/payments/%zz",
        "/v1/payments/%25",
        "/v1/payments/%ff",
        "/v1/payments/%e2%80%ae",
        "/v1/payments/a/b/c/d",
        "/v1/payments/" + "a" * 3_000,
        "/v1/" + "a/" * 1_000,
        "/V1/payments",
        "/phone",
    ],
)
def test_a_strange_path_leads_nowhere(path: str) -> None:
    found = SURFACES.match("GET", path)
    assert isinstance(found, Miss)
    assert not found.routes


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("/", "a"),
        ("/nothing", "a"),
        ("/v1/nothing", "a"),
        ("/api", "b"),
        ("/api/nothing", "b"),
        ("/api/business/nothing", "b"),
        ("/api/payment/1/2", "c"),
        ("/api/callback/nothing/more", "c"),
        ("/api/payment/%00", "c"),
    ],
)
def test_an_unknown_path_belongs_to_the_surface_with_the_longest_prefix(path: str, owner: str) -> None:
    found = SURFACES.match("POST", path)
    assert isinstance(found, Miss)
    assert found.owner == owner
    assert not found.routes


def test_an_unknown_method_is_told_the_known_ones() -> None:
    found = SURFACES.match("DELETE", "/v1/payments")
    assert isinstance(found, Miss)
    assert found.owner == "a"
    assert set(found.routes) == {"GET", "POST"}


def test_a_head_of_its_own_wins_over_gets() -> None:
    for lines in (["GET /a", "HEAD /a"], ["HEAD /a", "GET /a"]):
        found = table(lines).match("HEAD", "/a")
        assert isinstance(found, Match)
        assert found.route.method == "HEAD"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("GET /a", "GET /a"),
        ("GET /a/{id}", "GET /a/{name}"),
        ("POST /a/{id}/b/{n}", "POST /a/{x}/b/{y}"),
        ("GET /a/", "GET /a/"),
    ],
)
def test_two_routes_for_one_question_collide(one: str, other: str) -> None:
    with pytest.raises(ValueError, match="collides"):
        table([one], [other])
    with pytest.raises(ValueError, match="collides"):
        table([one, other])


def test_routes_that_differ_do_not_collide() -> None:
    table(["GET /a", "POST /a", "GET /a/", "GET /{x}"], ["PUT /a", "GET /a/{x}", "GET /a/b"])


@pytest.mark.parametrize(
    "path",
    ["", "a", "//", "/a//b", "/a/./b", "/a/..", "/a/{id", "/a/id}", "/a/{}", "/a/{a b}", "/a/x{id}", "/a%20"],
)
def test_a_route_that_nothing_could_reach_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="not a path"):
        RouteTable([("a", [Route("GET", path, handler)])])


def test_a_parameter_named_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        table(["GET /a/{id}/b/{id}"])


def test_a_table_needs_a_surface() -> None:
    with pytest.raises(ValueError, match="surface"):
        RouteTable[str]([])


segments = st.sampled_from(["a", "b", "c", "{x}"])
paths = st.lists(segments, min_size=1, max_size=4)


@hypothesis.given(st.lists(paths, min_size=1, max_size=12), st.lists(st.sampled_from("abcd"), max_size=5))
def test_the_tree_finds_what_trying_every_route_finds(routes: list[list[str]], asked: list[str]) -> None:
    named = {
        "/" + "/".join(f"{{p{place}}}" if segment == "{x}" else segment for place, segment in enumerate(route))
        for route in routes
    }
    tree = RouteTable([("a", [Route("GET", path, handler) for path in named])])
    fitting = [
        route
        for route in routes
        if len(route) == len(asked)
        and all(given in ("{x}", segment) for given, segment in zip(route, asked, strict=True))
    ]
    found = tree.match("GET", "/" + "/".join(asked))
    if not fitting:
        assert isinstance(found, Miss)
    else:
        # Fixed before parameter, the leftmost segment first: "{" sorts after every letter.
        best = min(fitting)
        assert isinstance(found, Match)
        assert [s if s[0] != "{" else "{x}" for s in found.route.path[1:].split("/")] == best
        assert list(found.parameters.values()) == [
            segment for given, segment in zip(best, asked, strict=True) if given == "{x}"
        ]
