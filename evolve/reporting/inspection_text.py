"""An inspection as text for a terminal: the essential of it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from evolve.display.table import Column, FoldingTable
from evolve.display.text import count, share
from evolve.models.inspection import Inspection, LayerCost, Look
from evolve.models.recognition import ClassFacts, Confused
from evolve.reporting.inspection_words import (
    accuracy_in_words,
    calibration_in_words,
    doubts_in_words,
    learned_in_words,
    source_in_words,
    title,
    weakest,
)

FEW = 5
DOUBTFUL = "check the label"


def inspection(found: Inspection) -> RenderableType:
    """What is recognised and what is not, the mistakes by name, whether it knows how sure it can be, and what it
    costs."""
    seen = found.seen
    lines = [f"it recognises {accuracy_in_words(seen.accuracy)}", f"looked at: {source_in_words(found.source)}"]
    lines += [*found.source.remarks, *([found.source.unnamed] if found.source.unnamed else [])]
    parts: list[RenderableType] = [Text(title(found), style="bold"), *map(Text, lines)]
    if seen.confused:
        parts += [Text(), confused(seen.confused[:FEW])]
    parts += [Text(), _classes(weakest(seen.classes, FEW))]
    if seen.mistakes:
        parts += [Text(), _mistakes(seen.mistakes[:FEW])]
    said = [
        doubts_in_words(seen),
        calibration_in_words(seen.calibration, seen.accuracy),
        *map(learned_in_words, found.learned),
        _costs(found.costs),
    ]
    return Group(*parts, Text(), *(Text(line) for line in said if line))


def confused(pairs: Sequence[Confused]) -> RenderableType:
    """The pairs of classes that are confused most."""
    table = FoldingTable(
        (Column("most confused", folds=True), Column("taken for", folds=True), Column("images"), Column("of the class"))
    )
    for pair in pairs:
        table.add_row(pair.truth, pair.said, f"{pair.images:,}", f"{pair.share:.1%}")
    return table


def _classes(classes: Sequence[ClassFacts]) -> RenderableType:
    table = FoldingTable(
        (Column("weakest classes", folds=True), Column("recognised"), Column("precision"), Column("images"))
    )
    for one in classes:
        table.add_row(one.name, _known(one.recall), _known(one.precision), f"{one.images:,}")
    return table


def _known(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _mistakes(looks: Sequence[Look]) -> RenderableType:
    heads = (
        Column("most certain mistakes", folds=True, least=16),
        Column("is", folds=True),
        Column("taken for", folds=True),
    )
    table = FoldingTable((*heads, Column("probability"), Column("", folds=True, spare=1)))
    for look in looks:
        table.add_row(look.name, look.truth, look.said, f"{look.probability:.1%}", DOUBTFUL if look.doubtful else "")
    return table


def _costs(costs: Sequence[LayerCost]) -> str:
    """Where most of the work of a network is done, and most of its weights lie."""
    work, weights = sum(one.multiply_adds for one in costs), sum(one.parameters for one in costs)
    most = max(costs, key=lambda one: one.multiply_adds)
    largest = max(costs, key=lambda one: one.parameters)
    return (
        f"{count(work)} multiply-adds per image, {share(most.multiply_adds / max(1, work))} of them in {most.layer}; "
        f"{count(weights)} weights, {share(largest.parameters / max(1, weights))} of them in {largest.layer}"
    )
