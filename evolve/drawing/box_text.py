"""The lines that stand in a box, and how high it has to be for them."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

from evolve.display.text import plural
from evolve.drawing.blocks import Block
from evolve.drawing.lettering import broken, text_width
from genomes.primitives import Shape

TITLE, TEXT = 12.0, 11.0  # sizes of letters
LINE = 15.0  # from one line to the next
LEFT, RIGHT, ABOVE, BELOW, APART = (
    14.0,
    8.0,
    4.0,
    5.0,
    10.0,
)  # space around the lines, and between two beside each other
MARKED_LEFT = 24.0  # where a sign stands beside them
NEVER = frozenset[str]()


@dataclass(frozen=True)
class Span:
    """Text of one size and weight."""

    text: str
    size: float = TEXT
    bold: bool = False
    faint: bool = False

    @property
    def width(self) -> float:
        """At least how wide it is."""
        return text_width(self.text, self.size, self.bold)


@dataclass(frozen=True)
class Line:
    """Spans from the left, and one that ends at the right."""

    left: tuple[Span, ...] = ()
    right: Span | None = None

    @property
    def width(self) -> float:
        """At least how wide it is, without space around it."""
        both = APART if self.left and self.right else 0.0
        return sum(span.width for span in self.left) + both + (self.right.width if self.right else 0.0)


@dataclass(frozen=True)
class Lines:
    """The lines of a box, with as much space at the left as they need."""

    lines: tuple[Line, ...]
    indent: float

    @property
    def height(self) -> float:
        """Of the box."""
        return ABOVE + LINE * len(self.lines) + BELOW


def box_lines(block: Block, width: float, marked: bool = False, different: Container[str] = NEVER) -> Lines:
    """What stands in the box of a block of that width. marked: whether a sign stands at its left. different: details
    that the same block of another network does not have; they are bold."""
    indent = MARKED_LEFT if marked else LEFT
    inner = width - indent - RIGHT
    title = [Line((Span(line, TITLE, bold=True),)) for line in broken(block.words.title, inner, TITLE, bold=True)]
    details = [Span(detail, bold=detail in different) for detail in block.words.details]
    notes = [Span(note, faint=True) for note in block.words.notes]
    left = [*title, *_filled(details, inner), *(line for note in notes for line in _filled([note], inner))]
    facts = [Span(fact, faint=True) for fact in facts_of(block)]
    beside = _beside(left, facts)
    fits = all(line.width <= inner for line in beside)
    return Lines(tuple(beside if fits else [*left, *_filled(facts, inner)]), indent)


def facts_of(block: Block) -> list[str]:
    """Shape and weights of a block in words: what it does not say of itself."""
    shown = not block.words.thin and block.words.kind not in ("dense", "output")
    facts = [shape_words(block)] if shown else []
    of_all = " in all" if block.times > 1 else ""
    return facts + ([f"{plural(block.weights, 'weight')}{of_all}"] if block.weights else [])


def shape_words(block: Block) -> str:
    """The shape of what a block puts out, from the first to the last of those that it stands for."""
    last = _shape(block.shape)
    return last if block.from_shape in (None, block.shape) else f"{_shape(block.from_shape or ())} to {last}"


def _shape(shape: Shape) -> str:
    return plural(shape[0], "value") if len(shape) == 1 else "x".join(map(str, shape))


def _beside(left: Sequence[Line], facts: Sequence[Span]) -> list[Line]:
    """Facts at the right end of the lines, and below them where there are more."""
    lines = [*left, *[Line()] * (len(facts) - len(left))]
    return [Line(line.left, facts[at] if at < len(facts) else None) for at, line in enumerate(lines)]


def _filled(spans: Sequence[Span], width: float) -> list[Line]:
    """Spans one behind the other, with commas, in as few lines as they fit in."""
    lines: list[Line] = []
    for at, span in enumerate(spans):
        text = span.text if at == len(spans) - 1 else f"{span.text},"
        for piece in broken(text, width, span.size, span.bold):
            space = " " if lines and lines[-1].left else ""
            longer = Line((*(lines[-1].left if lines else ()), _like(span, space + piece)))
            if lines and longer.width <= width:
                lines[-1] = longer
            else:
                lines.append(Line((_like(span, piece),)))
    return lines


def _like(span: Span, text: str) -> Span:
    return Span(text, span.size, span.bold, span.faint)
