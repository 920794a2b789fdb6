"""Pictures that buyers take."""

import io
from typing import Any

from PIL import Image


def photograph(form: str = "JPEG", size: tuple[int, int] = (64, 48), **said: Any) -> bytes:
    """A picture, red on the left; `said` is what else is to be in its file."""
    picture, out = Image.new("RGB", size, (20, 120, 60)), io.BytesIO()
    picture.paste((200, 30, 30), (0, 0, size[0] // 2, size[1]))
    picture.save(out, form, **said)
    return out.getvalue()
