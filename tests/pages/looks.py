"""How a page looks: whether it can be read, pressed and held in one hand."""

from pathlib import Path
from typing import Final

from playwright.async_api import Frame, Page

_AXE: Final = Path(__file__).parents[1] / "node" / "node_modules" / "axe-core" / "axe.min.js"
_VIOLATIONS: Final = "(await axe.run()).violations.map(({id, nodes}) => [id, ...nodes.map((node) => node.html)])"

CONTRASTS = """() => {
  const channels = (text) => text.match(/[0-9.]+/g).map(Number)
  const light = (text) => {
    const [r, g, b] = channels(text).map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const ground = (element) => {
    const [r, g, b, a] = channels(getComputedStyle(element).backgroundColor)
    return a === 0 ? ground(element.parentElement) : `rgb(${r}, ${g}, ${b})`
  }
  const says = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())
  return [...document.querySelectorAll("main *")].filter(says).map((element) => {
    const [a, b] = [light(getComputedStyle(element).color), light(ground(element))].sort((x, y) => y - x)
    return [element.textContent.trim(), (a + 0.05) / (b + 0.05)]
  })
}"""
"""How well each text can be told from what is behind it (WCAG 2.2, 1.4.3)."""

HEIGHTS = """() => [...document.querySelectorAll("button, input:not([type=hidden], [type=radio]), .button, .pick")]
  .filter((element) => element.checkVisibility()).map((element) => element.getBoundingClientRect().height)"""

_STILL: Final = """() => Promise.allSettled(
  document.getAnimations().filter((one) => one.effect.getComputedTiming().iterations < 9).map((one) => one.finished)
)"""
"""What moves in has arrived: half-way its colors are others."""

OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


async def assert_readable(page: Page) -> None:
    """Every text stands out, every button is as large as a finger, and nothing has to be scrolled sideways."""
    await page.evaluate(_STILL)
    for text, contrast in await page.evaluate(CONTRASTS):
        assert contrast >= 4.5, text
    assert all(height >= 44 for height in await page.evaluate(HEIGHTS))
    assert await page.evaluate(OVERFLOW) <= 0


async def assert_accessible(page: Page | Frame) -> None:
    """axe-core finds nothing that would keep somebody out, in shadow trees neither."""
    await page.evaluate(_STILL)
    found = await page.evaluate(f"{_AXE.read_text()};(async () => {_VIOLATIONS})()")
    assert found == [], found
