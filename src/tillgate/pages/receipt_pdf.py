"""Receipts as PDF (ISO 32000): one sheet or several of A4; the same receipt is the same bytes."""

import io
import logging
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from tillgate.core.instants import SECOND
from tillgate.pages import palettes
from tillgate.pages.receipt_texts import Item, Written

if TYPE_CHECKING:
    from fpdf import FPDF

_FONT: Final = "Open Sans"
_FILES: Final = {"": "OpenSans-Regular.ttf", "B": "OpenSans-Bold.ttf"}

_MARGIN: Final = 20.0
_WIDE: Final = 170.0
_LEFT: Final = 60.0
_LINE: Final = 6.2

_INK: Final = (20, 27, 43)
_QUIET: Final = (82, 96, 122)
_RULE: Final = (216, 222, 234)
_BRAND: Final = (29, 79, 216)

_LARGEST_PICTURE: Final = 4_000_000
"""How many pixels a logo may have to be drawn: few bytes can stand for very many of them."""

_FORMATS: Final = ("PNG", "JPEG", "WEBP")
"""What profiles take, so that no bytes are given to a reader of anything else."""

_LOGO: Final = 16.0
_LOGO_PIXELS: Final = 384


def drawn(receipt: Written, color: str | None, logo: bytes | None) -> bytes:
    """The receipt as a PDF. It takes some hundredths of a second: not for the event loop."""
    from fpdf import FPDF  # a server that draws no receipt does without

    pdf = FPDF(format="A4")
    _describe(pdf, receipt)
    for style, file in _FILES.items():
        pdf.add_font(_FONT, style, _font(file))
    pdf.set_margins(_MARGIN, _MARGIN)
    pdf.set_auto_page_break(auto=True, margin=_MARGIN)
    pdf.add_page()
    _letterhead(pdf, receipt, color, logo)
    for label, value in receipt.facts:
        _pair(pdf, label, value)
    pdf.ln(6)
    _items(pdf, receipt)
    _sums(pdf, receipt)
    _foot(pdf, receipt)
    return bytes(pdf.output())


def _describe(pdf: "FPDF", receipt: Written) -> None:
    pdf.set_lang(receipt.language)
    pdf.set_title(f"{receipt.title} {receipt.number}")
    pdf.set_author(receipt.merchant)
    pdf.set_creator("Tillgate")
    pdf.set_creation_date(datetime.fromtimestamp(receipt.at // SECOND, UTC))
    pdf.set_display_mode("fullwidth")


def _letterhead(pdf: "FPDF", receipt: Written, color: str | None, logo: bytes | None) -> None:
    pdf.set_fill_color(*(_rgb(color) if color else _BRAND))
    pdf.rect(0, 0, pdf.w, 5, style="F")
    pdf.set_y(_MARGIN)
    if picture := _picture(logo):
        pdf.image(picture, x=_MARGIN, y=_MARGIN - 2, h=_LOGO, keep_aspect_ratio=True, w=_LOGO)
        pdf.set_x(_MARGIN + _LOGO + 5)
    _say(pdf, receipt.merchant, 15, bold=True, height=12)
    pdf.ln(6)
    _say(pdf, receipt.heading, 10, quiet=True)
    _say(pdf, receipt.amount, 26, bold=True, height=13)
    if receipt.is_test:
        _say(pdf, receipt.labels["test"], 10, quiet=True)
    pdf.ln(5)


def _say(
    pdf: "FPDF", text: str, size: float, *, bold: bool = False, quiet: bool = False, height: float = _LINE
) -> None:
    _wear(pdf, size, bold=bold, quiet=quiet)
    pdf.multi_cell(0, height, text, align="L", new_x="LMARGIN", new_y="NEXT")


def _wear(pdf: "FPDF", size: float, *, bold: bool = False, quiet: bool = False) -> None:
    pdf.set_font(_FONT, "B" if bold else "", size)
    pdf.set_text_color(*(_QUIET if quiet else _INK))


def _pair(pdf: "FPDF", label: str, value: str) -> None:
    _wear(pdf, 10, quiet=True)
    pdf.cell(_LEFT, _LINE, label)
    _wear(pdf, 10)
    pdf.multi_cell(_WIDE - _LEFT, _LINE, value, align="L", new_x="LMARGIN", new_y="NEXT")


def _items(pdf: "FPDF", receipt: Written) -> None:
    _row(pdf, receipt.labels["item"], receipt.labels["quantity"], receipt.labels["cost"], quiet=True)
    for item in receipt.items:
        _rule(pdf)
        _item(pdf, item)
    _rule(pdf)


def _item(pdf: "FPDF", item: Item) -> None:
    _row(pdf, item.name, item.quantity, item.cost)
    if item.description:
        _wear(pdf, 9, quiet=True)
        pdf.multi_cell(_WIDE - _LEFT, 5, item.description, align="L", new_x="LMARGIN", new_y="NEXT")


def _row(pdf: "FPDF", name: str, quantity: str, cost: str, *, quiet: bool = False) -> None:
    _wear(pdf, 10, quiet=quiet)
    top, page = pdf.get_y(), pdf.page
    pdf.multi_cell(_WIDE - _LEFT, _LINE, name, align="L", new_x="RIGHT", new_y="NEXT")
    below, page_below = pdf.get_y(), pdf.page
    if page_below != page:
        top = below - _LINE
    pdf.set_xy(_MARGIN + _WIDE - _LEFT, top)
    pdf.cell(20, _LINE, quantity, align="R")
    pdf.cell(_LEFT - 20, _LINE, cost, align="R")
    pdf.set_xy(_MARGIN, below)


def _sums(pdf: "FPDF", receipt: Written) -> None:
    for place, (label, value) in enumerate(receipt.sums, 1):
        is_last = place == len(receipt.sums)
        _wear(pdf, 12 if is_last else 10, bold=is_last)
        pdf.cell(_WIDE - _LEFT, _LINE + 1, label)
        pdf.cell(_LEFT, _LINE + 1, value, align="R", new_x="LMARGIN", new_y="NEXT")


def _rule(pdf: "FPDF") -> None:
    pdf.set_draw_color(*_RULE)
    pdf.set_line_width(0.2)
    pdf.line(_MARGIN, pdf.get_y() + 1, _MARGIN + _WIDE, pdf.get_y() + 1)
    pdf.ln(2)


def _foot(pdf: "FPDF", receipt: Written) -> None:
    pdf.ln(8)
    for label, value in receipt.contacts:
        _pair(pdf, label, value)
    pdf.ln(2)
    _say(pdf, receipt.labels["no_invoice"], 9, quiet=True, height=5)


def _picture(logo: bytes | None) -> Any:
    """A logo as it is drawn, unless it is none, or would take a lot of memory."""
    from PIL import Image, UnidentifiedImageError

    if logo is None:
        return None
    try:
        picture = Image.open(io.BytesIO(logo), formats=_FORMATS)
        if picture.width * picture.height > _LARGEST_PICTURE:
            return None
        shown = picture.convert("RGBA")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError):
        return None
    shown.thumbnail((_LOGO_PIXELS, _LOGO_PIXELS))
    return shown


def _rgb(color: str) -> palettes.RGB:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


@cache
def _font(file: str) -> str:
    # A letter that the font lacks is drawn as a box, and need not be logged for each receipt.
    logging.getLogger("fpdf").setLevel(logging.ERROR)
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    return str(resources.files("ttf_opensans").joinpath("ttf", file))
