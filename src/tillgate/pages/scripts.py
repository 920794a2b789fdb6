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


class Script:
    """A script: a short name, its `path` on this server, its file in the package, and the paths of pages that run it.

    Merchants' pages load those of which `merchants` says so, by `others` too. `maker` is the Trusted Types policy by
    which it makes HTML of what this server says, if it does.
    """

    def __init__(
        self,
        name: str,
        path: str,
        file: str,
        pages: tuple[str, ...] = (),
        *,
        merchants: bool = False,
        others: tuple[str, ...] = (),
        maker: str = "",
    ) -> None:
        self.name = name
        self.path = path
        self.file = file
        self.pages = pages
        self.merchants = merchants
        self.others = others
        self.maker = maker

    @cached_property
    def content(self) -> bytes:
        """The script itself."""
        return (_PACKAGE / self.file).read_bytes()

    @cached_property
    def integrity(self) -> str:
        """What a browser compares it with (Subresource Integrity)."""
        return policy.digest(self.content)


ALL: Final = (
    Script(
        "athmovil",
        "/api/modal/js/athmovil_base.js",
        "pages/static/athmovil_base.js",
        ("/sandbox/shop",),
        merchants=True,
        # Where its first documents have it.
        others=("/api/js/athmovil_base.js",),
    ),
    Script("shop", "/sandbox/shop.js", "pages/static/shop.js", ("/sandbox/shop",)),
    Script("phone", "/phone/phone.js", "pages/static/phone.js", ("/phone",), maker="tillgate"),
    Script("docs", "/docs/docs.js", "surfaces/v1/description/static/docs.js", ("/docs", "/docs/errors")),
)

BY_PATH: Final = {script.path: script for script in ALL}
