"""The list of every script that a page of this server runs, or that merchants' pages load from it (PCI DSS 4, 6.4.3).

A page has no other: `rendering.page` looks up here what it is to run. What each is for stands among the texts, under
`script_` and its name, in every language.
"""

from functools import cached_property
from pathlib import Path
from typing import Final

import tillgate
from tillgate.http import policy

_PACKAGE: Final = Path(tillgate.__file__).parent
_DIGITS: Final = 20
"""How much of a script's digest is in its path: none has another's, be it made for that."""


class Script:
    """A script: its file in the package, and the paths of the pages that run it.

    Where `for_merchants`, their pages load it by `paths`, which stay what they are in every release. `maker` is the
    Trusted Types policy by which it makes HTML of what this server says, if it does.
    """

    def __init__(
        self,
        file: str,
        pages: tuple[str, ...] = (),
        *,
        paths: tuple[str, ...] = (),
        for_merchants: bool = False,
        maker: str = "",
    ) -> None:
        self.file = file
        self.name = file.rpartition("/")[2].removesuffix(".js")
        self.pages = pages
        self.paths = paths
        self.for_merchants = for_merchants
        self.maker = maker

    @cached_property
    def content(self) -> bytes:
        """The script itself."""
        return (_PACKAGE / self.file).read_bytes()

    @cached_property
    def integrity(self) -> str:
        """What a browser compares it with (Subresource Integrity)."""
        return policy.digest(self.content)

    @cached_property
    def path(self) -> str:
        """Where this version of it is, and never another: `/js/phone-5d41402abc4b2a76b971.js`."""
        return f"/js/{self.name}-{version(self.content)}.js"


def version(content: bytes) -> str:
    """What a script's path says of which one it is."""
    return policy.hexadecimal(content)[:_DIGITS]


ALL: Final = (
    Script(
        "pages/static/athmovil_base.js",
        ("/sandbox/shop",),
        # The second is where its first documents have it.
        paths=("/api/modal/js/athmovil_base.js", "/api/js/athmovil_base.js"),
        for_merchants=True,
    ),
    Script(
        "pages/static/ateni.js", ("/elements/card", "/sandbox/quick-start"), paths=("/js/ateni.js",), for_merchants=True
    ),
    Script(
        "pages/static/trustpay.js",
        ("/sandbox/escrow-shop",),
        # Where its first pages load it, in test mode and in live mode; which of them it is, the key says.
        paths=("/assets/trustpay.inline.min.js", "/assets/test/trustpay.inline.min.js"),
        for_merchants=True,
    ),
    Script("pages/static/escrow_shop.js", ("/sandbox/escrow-shop",)),
    Script("pages/static/card_fields.js", ("/checkout/{id}", "/elements/card")),
    Script("pages/static/challenge.js", ("/sandbox/challenges/{reference}/{proof}",)),
    Script("pages/static/checkout.js", ("/checkout/{id}",), maker="tillgate"),
    Script("pages/static/live.js", ("/checkout/{id}", "/orders/{id}", "/phone")),
    Script("pages/static/order.js", ("/orders/{id}",), maker="tillgate"),
    Script("pages/static/quick_start.js", ("/sandbox/quick-start",)),
    Script("pages/static/element.js", ("/elements/card",)),
    # Not in live mode.
    Script("pages/static/test_cards.js", ("/elements/card",)),
    Script("pages/static/shop.js", ("/sandbox/shop",)),
    Script("pages/static/phone.js", ("/phone",), maker="tillgate"),
    # This page is kept by browsers, whole, and has its script beside it.
    Script("surfaces/v1/description/static/docs.js", ("/docs", "/docs/errors"), paths=("/docs/docs.js",)),
)

NAMED: Final = {f"{script.name}.js": script for script in ALL}
"""By the names of their files."""
