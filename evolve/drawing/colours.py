"""What colours say. Those of kinds are of Okabe and Ito (2008, "Color Universal Design"), told apart by the colour
blind, each as a strip beside a light ground on which black text is read; what they say stands in words, too."""

from __future__ import annotations

from evolve.drawing.changes import Mark

INK, FAINT, PAPER = "#1a1a1a", "#4d4d4d", "#ffffff"
LINES = "#6b6b6b"
# Kind of layer -> colour of the strip, of the ground.
KINDS = {
    "image": ("#1a1a1a", "#f2f2f2"),
    "features": ("#0072b2", "#e1effa"),
    "pooling": ("#e69f00", "#fdf0d5"),
    "normalisation": ("#999999", "#f2f2f2"),
    "activation": ("#c8b400", "#fdfbd8"),
    "regularisation": ("#cc79a7", "#f9e8f1"),
    "scaling": ("#999999", "#f2f2f2"),
    "flattening": ("#56b4e9", "#e4f4fd"),
    "dense": ("#009e73", "#ddf3eb"),
    "merge": ("#d55e00", "#fce6da"),
    "own": ("#4d4d4d", "#ececec"),
    "output": ("#1a1a1a", "#f2f2f2"),
}
# Mark -> sign, colour, dashes of the border.
MARKS = {
    Mark.ADDED: ("+", "#005a40", ""),
    Mark.REMOVED: ("\N{MINUS SIGN}", "#9a2f00", "6 3"),
    Mark.CHANGED: ("~", "#003f7f", "2 2"),
}
