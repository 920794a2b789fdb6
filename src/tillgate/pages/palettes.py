"""Palettes: a merchant's color, made into colors in which everything can be read, by day and by night (WCAG 2.2)."""

from functools import lru_cache
from typing import Final

RGB = tuple[int, int, int]

LEAST_CONTRAST: Final = 4.5
"""Of text and what is behind it (WCAG 2.2, 1.4.3)."""

WHITE: Final[RGB] = (255, 255, 255)
NIGHT: Final[RGB] = (21, 28, 42)
"""What pages are written on by night; by day it is white."""

_BLACK: Final[RGB] = (0, 0, 0)
_STEPS: Final = 50
_LEAST_SEEN: Final = 1.3
"""Of a button and what is behind it; what it says is read by itself."""
_BRIGHTEST: Final = 0.08
"""How light a ground may be by night, of 1."""

_SHADES: Final = {WHITE: "rgb(0 0 0/.28)", _BLACK: "rgb(255 255 255/.3)"}
"""What a ground may fade into, by what is written on it: no text is harder to read for it."""


@lru_cache(maxsize=256)
def style(color: str | None) -> str:
    """The style that has a page wear a color (`#rrggbb`); without one it stays as it is."""
    if color is None:
        return ""
    worn = _rgb(color)
    by_day, by_night = _named(worn, worn, WHITE, _BLACK), _named(worn, _dimmed(worn), NIGHT, WHITE)
    return f":root{{{by_day}}}@media (prefers-color-scheme:dark){{:root{{{by_night}}}}}"


def _named(worn: RGB, ground: RGB, paper: RGB, away: RGB) -> str:
    """A color on a paper: as the `brand`'s own ground, to `fill` a button, and as an `accent` that is read on it."""
    accent = _readable(worn, paper, away)
    fill = worn if contrast(worn, paper) >= _LEAST_SEEN else accent
    return (
        f"--brand:{_hex(ground)};--on-brand:{_hex(ink(ground))};--shade:{_SHADES[ink(ground)]};"
        f"--fill:{_hex(fill)};--fill-over:{_hex(_over(fill))};--on-fill:{_hex(ink(fill))};"
        f"--accent:{_hex(accent)};--accent-over:{_hex(_over(accent))};--on-accent:{_hex(ink(accent))};"
        f"--soft:{_hex(_mixed(accent, paper, 0.9))}"
    )


def _dimmed(color: RGB) -> RGB:
    """What does not blind by night."""
    steps = (_mixed(color, NIGHT, part / _STEPS) for part in range(_STEPS))
    return next((one for one in steps if _luminance(one) <= _BRIGHTEST), NIGHT)


def _over(ground: RGB) -> RGB:
    """A ground that is pointed at: further from what is written on it."""
    return _mixed(ground, _BLACK if ink(ground) == WHITE else WHITE, 0.14)


def ink(ground: RGB) -> RGB:
    """White or black, whatever is easier to read on a ground: one of them always is."""
    return max((WHITE, _BLACK), key=lambda one: contrast(one, ground))


def contrast(one: RGB, other: RGB) -> float:
    """How well one color can be told from another, 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _readable(color: RGB, ground: RGB, towards: RGB) -> RGB:
    """The color that is nearest to one and can be read on a ground."""
    for step in range(_STEPS):
        mixed = _mixed(color, towards, step / _STEPS)
        if contrast(mixed, ground) >= LEAST_CONTRAST + 0.1:
            return mixed
    return towards


def _luminance(color: RGB) -> float:
    red, green, blue = (_linear(channel / 255) for channel in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return float(channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4)


def _mixed(one: RGB, other: RGB, part: float) -> RGB:
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _rgb(color: str) -> RGB:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _hex(color: RGB) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)
