"""QR codes as pictures, for every page and program that shows one."""

import segno


def svg(text: str) -> str:
    """A QR code of a text as SVG, at error correction level M (EPC069-12), dark on a light ground with a margin."""
    return str(segno.make_qr(text, error="m", encoding="utf-8", eci=False).svg_inline(light="#fff", border=4))
