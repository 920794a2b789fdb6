"""Which origins can be registered, and how they are written."""

import pytest

from tillgate.core import web_origins


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("https://shop.example", "https://shop.example"),
        ("HTTPS://Shop.Example:443", "https://shop.example"),
        ("https://shop.example:8443", "https://shop.example:8443"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://shop.localhost", "http://shop.localhost"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
    ],
)
def test_an_origin_is_kept_as_browsers_write_it(said: str, kept: str) -> None:
    assert web_origins.check(said) == kept
    assert web_origins.check(kept) == kept


@pytest.mark.parametrize(
    "said",
    [
        *(
            "",
            "null",
            "*",
            "https:",
            "https://",
            "https://*",
            "https://*.shop.example",
            "shop.example",
            "//shop.example",
        ),
        *("https://shop.example/", "https://shop.example/pay", "https://shop.example?", "https://shop.example#"),
        *("https://ann@shop.example", "https://shop.example:0", "https://shop.example:65536", "https://shop.example:"),
        *("https://shop..example", "https://-shop.example", "https://shop.example.", f"https://{'a' * 64}.example"),
        *("http://shop.example", "http://localhost.evil.example", "ftp://shop.example", "data:text/html,x"),
        *("https://[::1]", "http://[::1]:8000", "https://büch.example", "https://shop.example ", "https://a.example\n"),
        *("https://a.example; script-src *", "https://a.example https://b.example", "https://a.example,b"),
    ],
)
def test_what_is_no_exact_origin_is_refused(said: str) -> None:
    with pytest.raises(web_origins.Unfit):
        web_origins.check(said)


def test_each_is_registered_once_and_not_too_many() -> None:
    assert web_origins.check_all(["https://a.example", "https://A.example"]) == ("https://a.example",)
    many = [f"https://{number}.example" for number in range(web_origins.MOST)]
    assert web_origins.check_all(many) == tuple(many)
    with pytest.raises(web_origins.Unfit):
        web_origins.check_all([*many, "https://a.example"])
