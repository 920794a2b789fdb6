"""QR codes as pictures, for every page and program that shows one."""

import segno


def svg(text: str, *, is_sized: bool = True) -> str:
    """A QR code of a text as SVG, at error correction level M (EPC069-12), dark on a light ground with a margin.

    One that is not sized takes the size that its place has.
    """
    made = segno.make_qr(text, error="m", encoding="utf-8", eci=False)
    return str(made.svg_inline(light="#fff", border=4, omitsize=not is_sized))
