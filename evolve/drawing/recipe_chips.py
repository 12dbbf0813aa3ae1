"""The recipe below a network: a chip for each gene that is not as usual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evolve.drawing.box_text import Span
from evolve.drawing.changes import Mark
from evolve.drawing.colours import INK, LINES, MARKS, PAPER
from evolve.drawing.geometry import Rectangle
from evolve.drawing.svg_elements import element, rectangle, written
from genomes.genes import genes_of
from genomes.recipe import Recipe, difference

HEIGHT, LINE_HEIGHT, PADDING, BETWEEN, HEADING = 19.0, 23.0, 6.0, 5.0, 18.0


@dataclass(frozen=True)
class Gene:
    """A gene in words, and how it differs from the other recipe."""

    text: str
    mark: Mark | None = None


def genes(recipe: Recipe, other: Recipe | None = None, alone: Mark = Mark.ADDED) -> list[Gene]:
    """The genes of a recipe that are not as usual. other: the recipe that it is compared with. alone: the mark of
    those that are usual there."""
    words, theirs = _words(recipe), _words(other) if other else {}
    apart = difference(recipe, other) if other else {}
    marks = {name: Mark.CHANGED if name in theirs else alone for name in apart}
    return [Gene(text, marks.get(name)) for name, text in words.items()]


def _words(recipe: Recipe) -> dict[str, str]:
    told = recipe.words([f.name for f in genes_of(Recipe)])
    named = {"pixels": "pixels ", "schedule": ""}
    return {name: f"{named.get(name, '')}{text}".replace("_", " ") for name, text in told.items()}


@dataclass(frozen=True)
class Chips:
    """Chips in rows below a heading. height: of all."""

    drawn: Sequence[str]
    height: float


def chips(found: Sequence[Gene], left: float, top: float, width: float) -> Chips:
    """The chips of genes within a width."""
    drawn = [written(Span("Recipe", 12.0, bold=True), left, top + 11)]
    x, y = left, top + HEADING
    for gene in found:
        span = Span(_signed(gene), bold=gene.mark is not None)
        wide = span.width + 2 * PADDING
        if x > left and x + wide > left + width:
            x, y = left, y + LINE_HEIGHT
        drawn.append(_chip(gene, span, Rectangle(x, y, wide, HEIGHT)))
        x += wide + BETWEEN
    return Chips(drawn, y + HEIGHT - top)


def _signed(gene: Gene) -> str:
    return f"{MARKS[gene.mark][0]} {gene.text}" if gene.mark else gene.text


def _chip(gene: Gene, span: Span, place: Rectangle) -> str:
    colour, dashes = MARKS[gene.mark][1:] if gene.mark else (LINES, "")
    border = {"stroke": colour, "stroke_width": 2 if gene.mark else 0.75, "stroke_dasharray": dashes}
    box = rectangle(place, rx=9.5, fill=PAPER, **border)
    text = written(
        span, place.x + place.width / 2, place.y + 13.5, text_anchor="middle", fill=colour if gene.mark else INK
    )
    return element("g", box + text)
