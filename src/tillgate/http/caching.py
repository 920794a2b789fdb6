"""Replies that a client may keep, and ask about by their tag (RFC 9110, 8.8.3 and 13.1.2)."""

import hashlib
from typing import Final

from tillgate.http.exchange import Headers, Reply, Request

ASKED_ABOUT: Final = b"public, no-cache"
"""May be kept, and is asked about each time: a newer release is seen at once."""


def reply(
    request: Request, body: bytes, content_type: bytes, headers: Headers = (), cache_control: bytes = ASKED_ABOUT
) -> Reply:
    """The body with its tag, or 304 for who has it already."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    tagged = ((b"etag", tag.encode()), *headers)
    asked = {one.strip().removeprefix("W/") for one in (request.header("if-none-match") or "").split(",")}
    if tag in asked or "*" in asked:
        return Reply(304, headers=tagged, cache_control=cache_control)
    return Reply(200, body, tagged, content_type, cache_control)
