"""A network, or a child beside its parent, as one SVG picture."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evolve.display.text import count, plural
from evolve.drawing.blocks import Blocks, blocks_of
from evolve.drawing.box_text import Span
from evolve.drawing.changes import Changes, Mark, Marked, changes
from evolve.drawing.geometry import frames_in_the_way, geometry, levels, whole_extent
from evolve.drawing.lettering import broken
from evolve.drawing.panel_svg import legend, panel_svg, said
from evolve.drawing.panels import Panel, panel
from evolve.drawing.ranks import common_ranks, ranks
from evolve.drawing.recipe_chips import Gene, chips, genes
from evolve.drawing.repeats import Repeat, common_repeats, folded, repeated_there, repeats
from evolve.drawing.svg_elements import picture, written
from genomes.recipe import Recipe
from genomes.spec import ModelSpec

PHONE = 320.0  # the narrowest screen on which it is read as large as it is
MARGIN, BETWEEN = 8.0, 12.0  # at the sides, and between two networks
CAPTION, SPACE, LEGEND = 15.0, 16.0, 24.0  # height of a line above, space above the recipe, height of the legend
Details = Mapping[int, frozenset[str]]


@dataclass(frozen=True)
class Subject:
    """What a picture is of. caption: what it is called. recipe: None where nothing is known of one."""

    caption: str
    spec: ModelSpec
    recipe: Recipe | None


@dataclass(frozen=True)
class Side:
    """One network of a picture. alone: the mark of what only it has."""

    subject: Subject
    panel: Panel
    genes: Sequence[Gene]
    alone: Mark = Mark.ADDED

    @property
    def marks(self) -> set[Mark]:
        """The marks of its blocks and genes."""
        return {*self.panel.marked.blocks.values(), *(gene.mark for gene in self.genes if gene.mark)}


def draw_network(subject: Subject) -> str:
    """The picture of a network from the image at the top to the class probabilities, and its recipe below."""
    side = Side(subject, _once(blocks_of(subject.spec)), genes(subject.recipe) if subject.recipe else [])
    return _drawn([side], f"network of {subject.caption}", _in_words(side))


def draw_beside(parent: Subject, child: Subject) -> str:
    """The pictures of two networks beside each other, rows that are in both at one height. What one of them does not
    have is marked, blocks as well as genes of the recipe."""
    before, after = blocks_of(parent.spec), blocks_of(child.spec)
    found = changes(before, after)
    recipes = _recipes(parent.recipe, child.recipe)
    panels = _both(before, after, found)
    sides = [
        Side(parent, panels[0], recipes[0], Mark.REMOVED),
        Side(child, panels[1], recipes[1], Mark.ADDED),
    ]
    words = ". ".join([_differences(found), *map(_in_words, sides)])
    return _drawn(sides, f"network of {child.caption} beside that of {parent.caption}", words)


def _once(blocks: Blocks) -> Panel:
    """A network by itself, with what is repeated drawn once."""
    found = repeats(blocks)
    while True:
        once = folded(blocks, found)
        rank = ranks(once.blocks)
        made = panel(once.blocks, rank, max(rank) + 1, PHONE - 2 * MARGIN, once.frames)
        if not (wrong := frames_in_the_way(made)):
            return made
        found = [one for at, one in enumerate(found) if at not in wrong]


def _both(before: Blocks, after: Blocks, found: Changes) -> tuple[Panel, Panel]:
    """Two networks, with what is repeated in both drawn once in both."""
    back = {new: old for old, new in found.pairs.items()}
    common = common_repeats(before, after, back, found.after.blocks)
    while True:
        made = _folded_both(before, after, found, back, common)
        if not (wrong := frames_in_the_way(made[0]) | frames_in_the_way(made[1])):
            return made
        common = [one for at, one in enumerate(common) if at not in wrong]


def _folded_both(
    before: Blocks, after: Blocks, found: Changes, back: Mapping[int, int], common: Sequence[Repeat]
) -> tuple[Panel, Panel]:
    there = [one for repeat in common if (one := repeated_there(before, repeat, back))]
    old, new = folded(before, there), folded(after, common)
    pairs = {old.place[at]: new.place[other] for at, other in found.pairs.items() if other in new.place}
    of_old, of_new = common_ranks(old.blocks, new.blocks, pairs)
    rows, room = max(*of_old, *of_new) + 1, (PHONE - 2 * MARGIN - BETWEEN) / 2
    was, now = _details(before, after, found)
    return (
        panel(old.blocks, of_old, rows, room, old.frames, _placed(found.before, old.place), _moved(was, old.place)),
        panel(new.blocks, of_new, rows, room, new.frames, _placed(found.after, new.place), _moved(now, new.place)),
    )


def _placed(marked: Marked, place: Mapping[int, int]) -> Marked:
    """Marks at the places of a folded network, in which nothing that is marked was folded away."""
    edges = frozenset((place[a], place[b]) for a, b in marked.edges if a in place and b in place)
    return Marked({place[at]: mark for at, mark in marked.blocks.items()}, edges)


def _moved(details: Details, place: Mapping[int, int]) -> Details:
    return {place[at]: words for at, words in details.items()}


def _details(before: Blocks, after: Blocks, found: Changes) -> tuple[Details, Details]:
    """Of changed blocks the details that the other network does not have there."""
    was, now = dict[int, frozenset[str]](), dict[int, frozenset[str]]()
    for old, new in found.pairs.items():
        if old in found.before.blocks:
            mine, theirs = frozenset(before[old].words.details), frozenset(after[new].words.details)
            was[old], now[new] = mine - theirs, theirs - mine
    return was, now


def _recipes(before: Recipe | None, after: Recipe | None) -> tuple[list[Gene], list[Gene]]:
    if before is None or after is None:
        return genes(before) if before else [], genes(after) if after else []
    return genes(before, after, Mark.REMOVED), genes(after, before, Mark.ADDED)


def _drawn(sides: Sequence[Side], title: str, description: str) -> str:
    """Sides beside each other: captions, networks, recipes, and what marks say."""
    room = (PHONE - 2 * MARGIN - BETWEEN * (len(sides) - 1)) / len(sides)
    widths = [max(room, _width(side.panel)) for side in sides]
    lefts = [MARGIN + sum(widths[:number]) + BETWEEN * number for number in range(len(sides))]
    heads = [_caption(side.subject, width) for side, width in zip(sides, widths, strict=True)]
    top = MARGIN + CAPTION * max(map(len, heads)) + SPACE / 2
    at, inside, bottom = levels([side.panel for side in sides]), list[str](), top
    for side, left, width, spans in zip(sides, lefts, widths, heads, strict=True):
        inside += [written(span, left, MARGIN + 11 + CAPTION * number) for number, span in enumerate(spans)]
        low, high = whole_extent(side.panel)
        drawn = geometry(side.panel, at, left + (width - high - low) / 2, top)
        inside.append(panel_svg(side.panel, drawn, side.alone))
        bottom = max(bottom, drawn.bottom)
    below = bottom + SPACE
    for side, left, width in zip(sides, lefts, widths, strict=True):
        if side.genes:
            told = chips(side.genes, left, below, width)
            inside, bottom = [*inside, *told.drawn], max(bottom, below + told.height)
    if len(sides) > 1:
        inside += legend(set().union(*(side.marks for side in sides)), MARGIN, bottom + SPACE / 2)
        bottom += LEGEND
    identity = hashlib.sha256("".join([title, description, *inside]).encode(errors="replace")).hexdigest()[:12]
    return picture(lefts[-1] + widths[-1] + MARGIN, bottom + MARGIN, title, description, identity, inside)


def _width(one: Panel) -> float:
    low, high = whole_extent(one)
    return high - low


def _caption(subject: Subject, width: float) -> list[Span]:
    costs = f"{count(subject.spec.parameters)} weights, {count(subject.spec.multiply_adds)} multiply-adds"
    lines = [Span(line, 12.0, bold=True) for line in broken(subject.caption, width, 12.0, bold=True)]
    return [*lines, *(Span(line, faint=True) for line in broken(costs, width, 11.0))]


def _in_words(side: Side) -> str:
    """A network for those who do not see it."""
    told = []
    for number, block in enumerate(side.panel.blocks):
        reads = f" of {' and '.join(str(read + 1) for read in block.reads)}" if len(block.reads) > 1 else ""
        told.append(f"{number + 1} {said(block, side.panel.marked.blocks.get(number))}{reads}")
    recipe = f". Recipe: {', '.join(gene.text for gene in side.genes)}" if side.genes else ""
    return f"{side.subject.caption}, from top to bottom: {'; '.join(told)}{recipe}"


def _differences(found: Changes) -> str:
    marks = [*found.after.blocks.values(), *(mark for mark in found.before.blocks.values() if mark is Mark.REMOVED)]
    told = [f"{plural(marks.count(mark), 'block')} {mark.value}" for mark in Mark if mark in marks]
    return ", ".join(told) or "No block differs"
