"""How wide text is, and where it is broken. The fonts of a reader are not known: it is measured in a wide one."""

from __future__ import annotations

from collections.abc import Iterable

# Width in thousandths of the size -> characters, of DejaVu Sans, which is wider than most fonts of readers.
_REGULAR = {
    275: "'", 278: "ijl", 295: "IJ", 318: " ,.", 337: "/:;\\|", 352: "f", 361: "-", 390: "()[]", 392: "t", 401: "!",
    411: "r", 460: '"', 500: "*_`", 525: "sz", 531: "?", 550: "c", 557: "L", 579: "Fk", 592: "vxy", 615: "PTYoae",
    636: "EhnuSbdgpq$0123456789{}", 656: "K", 686: "AVXZB", 698: "RC", 732: "U", 752: "NH", 775: "DG", 787: "&OQ",
    838: "w#+<=>^~\N{MINUS SIGN}", 863: "M", 950: "%", 974: "m", 989: "W", 1000: "@",
}  # fmt: skip
_BOLD = {
    306: "'", 348: "ijl ", 372: "/\\|IJ", 400: ",.:;", 435: "-f", 457: "!()[]", 478: "t", 500: "r_`", 523: '"*',
    582: "?z", 595: "cs", 645: "Lx", 665: "vyk", 687: "aeTEFo", 716: "$0123456789hnu{}bdgpq", 734: "SYZPC",
    775: "BRXAVK", 837: "UGDHN#+<=>^~\N{MINUS SIGN}", 872: "OQ&", 924: "w", 1002: "M@%", 1042: "m", 1103: "W",
}  # fmt: skip
_UNKNOWN = 1100
_WIDTHS = [{sign: width for width, signs in table.items() for sign in signs} for table in (_REGULAR, _BOLD)]


def text_width(text: str, size: float, bold: bool = False) -> float:
    """At least how wide a line is, in the units of its size."""
    widths = _WIDTHS[bold]
    return sum(widths.get(sign, _UNKNOWN) for sign in text) * size / 1000


def broken(text: str, width: float, size: float, bold: bool = False) -> list[str]:
    """Lines that are no wider, broken at spaces, and within words that are wider by themselves."""
    lines: list[str] = []
    for word in _pieces(text.split(), width, size, bold):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size, bold) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _pieces(words: Iterable[str], width: float, size: float, bold: bool) -> Iterable[str]:
    for word in words:
        piece = ""
        for sign in word:
            if piece and text_width(piece + sign, size, bold) > width:
                yield piece
                piece = ""
            piece += sign
        yield piece
