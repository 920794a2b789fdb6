"""What a page says from outside, compared with what this release would have said (PCI DSS 4, 11.6.1).

Whoever changes a page on its way, or on the server, adds a script, changes one, or weakens a header: each is a
difference. What may differ from page to page is named in a page's own words, and held to what any may say.
"""

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Final

from tillgate.http import policy
from tillgate.pages import rendering, scripts

_LISTED: Final = {path: script for script in scripts.ALL for path in (script.path, *script.paths)}
_LOADING: Final = frozenset({"img", "iframe", "frame", "embed", "object", "link", "base", "video", "audio", "source"})
_ADDRESSES: Final = ("src", "srcset", "href", "data")
_OURS: Final = re.compile(r"/(?!/)|data:image/|data:,|$")
_LOADED_BY_STYLES: Final = re.compile(r"url\(|@import|image-set\(|\\", re.IGNORECASE)
_CODE: Final = re.compile(r"\s*(?:javascript|vbscript|data):", re.IGNORECASE)
_FRAMER: Final = re.compile(r"'self'|https?://[a-z0-9.-]+(?::(?:[0-9]+|\*))?")
_IMAGES: Final = frozenset({"'none'", "'self'", "'self' data:", "data:"})
_EMBEDS: Final = frozenset({"'none'", "'self'"})

Attributes = dict[str, str]


class _Read(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, Attributes]] = []
        self.style = ""
        self.inline = ""
        self._within = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self._within = tag

    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within == "style":
            self.style += data
        elif self._within == "script":
            self.inline += data


def differences(headers: Mapping[str, str], text: str) -> list[str]:
    """What is otherwise than this release ships, in sentences; header names in small letters."""
    read = _Read(text)
    run = [attributes for tag, attributes in read.tags if tag == "script"]
    found = [line for attributes in run for line in _of_script(attributes)]
    if read.inline.strip():
        found.append("a script is written into the page")
    common = rendering.file("pages.css").decode()
    if not read.style.startswith(common) or _LOADED_BY_STYLES.search(read.style.removeprefix(common)):
        found.append("the style is another")
    for tag, attributes in read.tags:
        found += _of_tag(tag, attributes)
    return found + _of_headers(headers, read.style, run)


def _of_script(attributes: Attributes) -> list[str]:
    script = _LISTED.get(attributes.get("src", ""))
    if script is None:
        return [f"a script is not on the list: {attributes.get('src') or 'without an address'}"]
    if attributes.get("integrity") != script.integrity:
        return [f"{script.name}.js has another hash: {attributes.get('integrity') or 'none'}"]
    return []


def _of_tag(tag: str, attributes: Attributes) -> list[str]:
    found = [f"<{tag}> has a handler: {name}" for name in attributes if name.startswith("on")]
    if tag in _LOADING:
        loaded = [attributes[name] for name in _ADDRESSES if name in attributes]
        found += [f"<{tag}> loads from elsewhere: {address}" for address in loaded if not _OURS.match(address)]
    elif _CODE.match(attributes.get("href", "")) or _CODE.match(attributes.get("action", "")):
        found.append(f"<{tag}> leads to code")
    if tag == "form" and not _OURS.match(attributes.get("action", "")):
        found.append(f"<form> is sent elsewhere: {attributes['action']}")
    if "srcdoc" in attributes:
        found.append(f"<{tag}> holds a page of its own")
    return found


def _of_headers(headers: Mapping[str, str], style: str, run: list[Attributes]) -> list[str]:
    allowed = dict(part.strip().partition(" ")[::2] for part in headers.get("content-security-policy", "").split(";"))
    nonces = {attributes.get("nonce", "") for attributes in run}
    said = {name: allowed.get(name, "") for name in ("img-src", "frame-src", "frame-ancestors")}
    expected = policy.headers(
        styles=f"'{policy.digest(style.encode(), 'sha256')}'",
        scripts=" ".join(f"'nonce-{nonce}'" for nonce in sorted(nonces)),
        makers=[script.maker for one in run if (script := _LISTED.get(one.get("src", ""))) and script.maker],
        images=said["img-src"] if said["img-src"] in _IMAGES else policy.NOBODY,
        embeds=said["frame-src"] if said["frame-src"] in _EMBEDS else policy.NOBODY,
        frames=[one for one in said["frame-ancestors"].split() if _FRAMER.fullmatch(one)],
    )
    always = (*expected, (b"x-content-type-options", b"nosniff"))
    return [
        f"{name.decode()} is otherwise: {headers.get(name.decode(), 'not said')}"
        for name, value in always
        if headers.get(name.decode()) != value.decode()
    ]
