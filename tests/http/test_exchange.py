"""What a surface can learn of a request, and what every reply says."""

from typing import Any

import pytest

from tests.http.asking import scope
from tillgate.http.addresses import Proxies
from tillgate.http.exchange import Reply, Request
from tillgate.http.problems import Malformed


def request(path: str = "/", headers: dict[str, str] | None = None, **more: Any) -> Request:
    return Request(scope("POST", path, headers, **more), "req_1", Proxies(["10.0.0.0/8", "::1"]))


def test_a_header_is_read_by_its_name() -> None:
    asked = request(headers={"authorization": "Bearer x", "content-type": "Application/JSON; charset=utf-8"})
    assert asked.header("authorization") == "Bearer x"
    assert asked.header("accept") is None
    assert asked.media_type == "application/json"
    assert request().media_type == ""


def test_headers_of_one_name_are_joined() -> None:
    asked = request()
    asked._scope["headers"] = [(b"a", b"1"), (b"cookie", b"x=1"), (b"a", b"2"), (b"cookie", b"y=2; x=3")]
    assert asked.header("a") == "1, 2"
    assert asked.cookies == {"x": "1", "y": "2"}


def test_a_query_keeps_its_order_and_its_doubles() -> None:
    assert request("/?b=1&a=%C3%A9&b=2").query == (("b", "1"), ("a", "é"), ("b", "2"))
    with pytest.raises(Malformed):
        _ = request("/?a=%zz").query


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.1", None, "192.0.2.1"),
        ("192.0.2.1", "203.0.113.9", "192.0.2.1"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.9, 10.2.3.4", "203.0.113.9"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9, nonsense", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.2", "10.0.0.2"),
        ("::ffff:10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("::1", "203.0.113.9", "203.0.113.9"),
    ],
)
def test_only_trusted_proxies_say_who_the_client_is(peer: str, forwarded: str | None, client: str) -> None:
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    assert request(headers=headers, client=(peer, 1)).client == client


def test_without_proxies_the_peer_is_the_client() -> None:
    asked = Request(scope(headers={"x-forwarded-for": "203.0.113.9"}), "req_1")
    assert asked.client == asked.peer == "127.0.0.1"
    assert Request(scope(client=None), "req_1").client == ""


def test_only_trusted_proxies_say_what_the_origin_is() -> None:
    headers = {"host": "pay.example.com", "x-forwarded-proto": "https"}
    assert request(headers=headers, client=("10.0.0.1", 1)).origin == "https://pay.example.com"
    assert request(headers=headers).origin == "http://pay.example.com"
    odd = {"host": "pay.example.com", "x-forwarded-proto": "javascript"}
    assert request(headers=odd, client=("10.0.0.1", 1)).origin == "http://pay.example.com"


def test_a_proxy_that_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match="example"):
        Proxies(["example.com"])


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8000", "localhost:8000", "LOCALHOST", "[::1]:80", "::1"])
def test_a_request_that_never_left_the_machine_is_local(host: str) -> None:
    assert request(headers={"host": host}).is_local


@pytest.mark.parametrize(
    ("headers", "more"),
    [
        ({}, {}),
        ({"host": "example.com"}, {}),
        ({"host": "localhost.example.com"}, {}),
        ({"host": "127.0.0.1.example.com"}, {}),
        ({"host": "192.0.2.1"}, {}),
        ({"host": "localhost", "x-forwarded-for": "127.0.0.1"}, {}),
        ({"host": "localhost", "x-forwarded-anything": ""}, {}),
        ({"host": "localhost", "forwarded": "for=127.0.0.1"}, {}),
        ({"host": "localhost"}, {"client": ("192.0.2.1", 1)}),
        ({"host": "localhost"}, {"server": ("192.0.2.1", 80)}),
        ({"host": "localhost"}, {"client": None}),
        ({"host": "localhost"}, {"server": None}),
    ],
)
def test_whatever_may_have_come_from_elsewhere_is_not_local(headers: dict[str, str], more: dict[str, Any]) -> None:
    assert not request(headers=headers, **more).is_local


def test_every_reply_is_private_typed_and_numbered() -> None:
    start = Reply(200, b"{}", ((b"retry-after", b"1"),)).start("req_1")
    assert start["status"] == 200
    assert dict(start["headers"]) == {
        b"content-type": b"application/json",
        b"content-length": b"2",
        b"cache-control": b"no-store",
        b"x-content-type-options": b"nosniff",
        b"x-request-id": b"req_1",
        b"request-id": b"req_1",
        b"retry-after": b"1",
    }


def test_a_reply_without_content_announces_none() -> None:
    assert not {b"content-type", b"content-length"} & set(dict(Reply(204).start("req_1")["headers"]))
