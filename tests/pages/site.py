"""Every page of the server: the routes that there are, and what a page of it must be like."""

import base64
import hashlib
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any, Final

import httpx2

from tillgate.assembly import Assembly
from tillgate.http.routing import Route
from tillgate.http.surface import Open
from tillgate.pages import scripts

_LOADING: Final = {("script", "src"), ("img", "src"), ("iframe", "src"), ("link", "href"), ("source", "src")}
_LOADING_TAGS: Final = {tag for tag, _ in _LOADING} | {"object", "embed", "base", "audio", "video", "frame", "applet"}
_CODE: Final = re.compile(r"\s*(?:javascript|vbscript|data):", re.IGNORECASE)

LISTED: Final = {path: script for script in scripts.ALL for path in (script.path, *script.paths)}

Attributes = dict[str, str]


class Read(HTMLParser):
    """A page as a browser reads it: its tags, and what stands in its scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, Attributes]] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": []}
        self._within = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self._within = tag
        if tag in self.inside:
            self.inside[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within in self.inside:
            self.inside[self._within][-1] += data

    def of(self, *names: str) -> list[Attributes]:
        """The attributes of tags by their names."""
        return [attributes for tag, attributes in self.tags if tag in names]


def open_routes(parts: Assembly) -> list[Route]:
    """All routes of surfaces that ask nobody for a key, pages among them."""

    def below(node: Any) -> Iterator[Route]:
        yield from (route for owner, route, _ in node.matches.values() if isinstance(owner, Open))
        for child in (*node.children.values(), node.parameter):
            if child is not None:
                yield from below(child)

    return list(dict.fromkeys(below(parts.application._table._root)))


def address(path: str) -> str:
    """A path that a route's is of, with something in the place of parameters."""
    return re.sub(r"\{\w+\}", "x", path)


def policy(page: httpx2.Response) -> dict[str, list[str]]:
    """A page's policy by directive."""
    (whole,) = page.headers.get_list("content-security-policy")
    parts = [part.split() for part in whole.split(";")]
    assert len({part[0] for part in parts}) == len(parts), "a second directive of one name is ignored"
    return {part[0]: part[1:] for part in parts}


def assert_secure(page: httpx2.Response) -> Read:
    """Listed scripts alone run on a page, it loads nothing of others', and it says so to the browser."""
    assert page.headers["content-type"] == "text/html; charset=utf-8", page.text[:200]
    allowed, read = policy(page), Read(page.text)
    for directive in ("default-src", "object-src", "base-uri"):
        assert allowed[directive] == ["'none'"]
    assert {"frame-ancestors", "form-action", "style-src"} <= allowed.keys()
    assert not [
        one for values in allowed.values() for one in values if "unsafe" in one or one in ("*", "http:", "https:")
    ]
    for header, value in (
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
    ):
        assert page.headers[header] == value
    assert "camera=()" in page.headers["permissions-policy"]
    is_framed = allowed["frame-ancestors"] != ["'none'"]
    assert page.headers["cross-origin-resource-policy"] == ("cross-origin" if is_framed else "same-origin")
    assert page.headers.get("x-frame-options") == (None if is_framed else "DENY")
    _assert_scripts(read, allowed)
    for content in read.inside["style"]:
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in allowed["style-src"]
    for tag, attributes in read.tags:
        assert not [name for name in attributes if name.startswith("on") or name in ("style", "srcdoc", "formaction")]
        assert not [
            value for name, value in attributes.items() if name in ("href", "action") and _CODE.match(value)
        ] or (tag == "link" and attributes["href"] == "data:,")
        if tag in _LOADING_TAGS:
            assert tag in {known for known, _ in _LOADING}, tag
            address = next((attributes[name] for of, name in _LOADING if of == tag and name in attributes), "")
            assert re.match(r"/(?!/)|data:image/|data:,$|$", address), address
    return read


def _assert_scripts(read: Read, allowed: dict[str, list[str]]) -> None:
    tags = read.of("script")
    assert read.inside["script"] == [""] * len(tags), "nothing is written into a page to be run"
    assert ("script-src" in allowed) == bool(tags)
    if not tags:
        return
    assert allowed["require-trusted-types-for"] == ["'script'"]
    assert allowed["connect-src"] == ["'self'"]
    makers = {script.maker for tag in tags if (script := LISTED[tag["src"]]).maker} or {"'none'"}
    assert set(allowed["trusted-types"]) == makers
    for tag in tags:
        assert tag["integrity"] == LISTED[tag["src"]].integrity
        assert allowed["script-src"] == ([f"'nonce-{tag['nonce']}'"] if "nonce" in tag else ["'self'"])
