"""Photographs as people send them, drawn anew: the picture stays, and whatever else was in the file is gone.

A file may be a picture and a page at once, and tell where it was taken, and by whom. So its pixels alone are kept.
"""

import asyncio
import hashlib
import io
from typing import Final

import msgspec

from tillgate.core.evidence import LARGEST_BYTES
from tillgate.core.reasons import Reason, Refused

MEDIA_TYPE: Final = "image/jpeg"
"""What every photograph is kept as."""

ACCEPTED: Final = ("image/jpeg", "image/png", "image/webp")

MOST_PIXELS: Final = 50_000_000
"""How large one may be drawn: what is small as a file can be vast as a picture."""

_KEPT_PIXELS: Final = 1_600
_QUALITY: Final = 82
_WHITE: Final = (255, 255, 255)


class Picture(msgspec.Struct, frozen=True):
    """A photograph as it is kept; `width` and `height` in pixels."""

    media_type: str
    content: bytes
    width: int
    height: int

    @property
    def sha256(self) -> str:
        """In hex."""
        return hashlib.sha256(self.content).hexdigest()


async def drawn(content: bytes) -> Picture:
    """A photograph drawn anew, upright, its longer side 1,600 pixels at most. It may take 200 MB while it is drawn.

    Raises Refused(PARAMETER_INVALID) for over 5 MiB, what is no JPEG, PNG or WebP by its first bytes, over 50
    megapixels, and what cannot be drawn.
    """
    form = _form(content)
    if len(content) > LARGEST_BYTES:
        raise _refused("it is larger than 5 MB")
    if form is None:
        raise _refused("it is no JPEG, PNG or WebP")
    return await asyncio.to_thread(_drawn, content, form)


def _form(content: bytes) -> str | None:
    """What a file begins as."""
    if content.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    return "WEBP" if content.startswith(b"RIFF") and content[8:12] == b"WEBP" else None


def _drawn(content: bytes, form: str) -> Picture:
    from PIL import Image, ImageOps

    try:
        opened = Image.open(io.BytesIO(content), formats=[form])
        if opened.width * opened.height > MOST_PIXELS:
            raise _refused("it has more than 50 megapixels")
        # A JPEG is read at the size that is needed.
        opened.draft("RGB", (_KEPT_PIXELS, _KEPT_PIXELS))
        opened.thumbnail((_KEPT_PIXELS, _KEPT_PIXELS))
        upright = ImageOps.exif_transpose(opened).convert("RGBA")
    except Refused:
        raise
    except Exception:
        # Whatever a decoder stumbles over: these are bytes of a stranger's.
        raise _refused("it is broken") from None
    # On a sheet of its own, to which nothing sticks that the file said.
    sheet = Image.new("RGB", upright.size, _WHITE)
    sheet.paste(upright, mask=upright)
    out = io.BytesIO()
    sheet.save(out, "JPEG", quality=_QUALITY)
    return Picture(MEDIA_TYPE, out.getvalue(), sheet.width, sheet.height)


def _refused(problem: str) -> Refused:
    return Refused(Reason.PARAMETER_INVALID, "photographs", problem=problem)
