"""What a browser may do with a page of ours: the headers that every page in HTML comes with.

Content Security Policy 3, Trusted Types, Permissions Policy, and the Fetch standard's headers against other origins.
"""

import base64
import hashlib
from collections.abc import Sequence
from typing import Final

from tillgate.http.exchange import Headers

NOBODY: Final = "'none'"
OURSELVES: Final = "'self'"

REPORTS: Final = "/browser-reports"
"""Where browsers tell what they refused."""

_LASTING_SECONDS: Final = 63_072_000

_FEATURES: Final = (
    "camera",
    "display-capture",
    "geolocation",
    "microphone",
    "midi",
    "payment",
    "publickey-credentials-get",
    "serial",
    "usb",
)

_ALWAYS: Final[Headers] = (
    # Our own pages are told where one comes from, so that a form's Origin is its own (Fetch, 3.2); others are not.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", ", ".join(f"{feature}=()" for feature in _FEATURES).encode()),
)
_UNFRAMED: Final[Headers] = ((b"x-frame-options", b"DENY"), (b"cross-origin-resource-policy", b"same-origin"))
_FRAMED: Final[Headers] = ((b"cross-origin-resource-policy", b"cross-origin"),)


def digest(content: bytes, algorithm: str = "sha384") -> str:
    """`sha384-…`, as integrity attributes and policies have it (Subresource Integrity, 3.1)."""
    return f"{algorithm}-{base64.b64encode(hashlib.new(algorithm, content).digest()).decode()}"


def hexadecimal(content: bytes) -> str:
    """The same digest as a name."""
    return hashlib.sha384(content).hexdigest()


def of_transport(public_url: str) -> Headers:
    """What every reply says of how to reach us: by https alone, once that is where we are (RFC 6797)."""
    if not public_url.lower().startswith("https://"):
        return ()
    return ((b"strict-transport-security", f"max-age={_LASTING_SECONDS}".encode()),)


def headers(
    *,
    styles: str,
    scripts: str = "",
    makers: Sequence[str] = (),
    images: str = NOBODY,
    embeds: str = NOBODY,
    form_action: str = OURSELVES,
    frames: Sequence[str] = (),
) -> Headers:
    """The headers of a page; what is not named here is not allowed.

    `styles`, `scripts`, `images` and `embeds` (frames within the page) are source expressions; without `scripts` none
    runs. A page with scripts may ask this server, and nobody else, for more, and nothing becomes HTML or code but by
    the Trusted Types policies that `makers` names. `form_action` is where forms lead, redirects counted. `frames` are
    the origins whose pages may hold this one in a frame; a page that nobody may is not theirs to load either.
    """
    allowed = [
        "default-src 'none'",
        f"style-src {styles}",
        f"img-src {images}",
        f"frame-src {embeds}",
        "object-src 'none'",
        "base-uri 'none'",
        f"form-action {form_action}",
        f"frame-ancestors {' '.join(frames) or NOBODY}",
    ]
    if scripts:
        allowed += [
            f"script-src {scripts}",
            "connect-src 'self'",
            "require-trusted-types-for 'script'",
            f"trusted-types {' '.join(makers) or NOBODY}",
        ]
    # Not report-to: where both are said it alone holds, and it is not sent by http, or within the minute.
    allowed.append(f"report-uri {REPORTS}")
    policy = (b"content-security-policy", "; ".join(allowed).encode())
    return (policy, *_ALWAYS, *(_FRAMED if frames else _UNFRAMED))
