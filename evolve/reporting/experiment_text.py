"""An experiment in a terminal: what it shows, its arms, and where its page is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from evolve.display.table import Column, FoldingTable
from evolve.display.text import plural
from evolve.reporting.experiment_headline import Claim, headline
from evolve.reporting.experiment_scores import count_of, scores_of
from evolve.reporting.experiment_single_arms import alone, guesses
from evolve.research.analysis import Analysis, Arm
from evolve.research.trials import DISTURBED, Trial

FEW = 3  # disturbed trials that are named
SEEN = "seeds were added after this was seen with"


def experiment(analysis: Analysis, page: Path, seen: tuple[int, ...] = ()) -> RenderableType:
    """The short version of the page that was written to that path. seen: as of `About`."""
    said = [*headline(analysis), *alone(analysis), *guesses(analysis)]
    parts: list[RenderableType] = [line for claim in said for line in (_claim(claim), Text())]
    if seen:
        parts = [Text(f"{SEEN} {seen[-1]} seeds, so p values are too small here", style="bold"), Text(), *parts]
    parts += [_arms(analysis), Text()]
    if analysis.failed:
        count = plural(len(analysis.failed), "trial")
        parts.append(Text(f"{count} failed, and will be tried again by another call:"))
        parts += [Text(f"  {trial.folder}: {trial.reason}") for trial in analysis.failed]
    if analysis.disturbed:
        parts.append(Text(_disturbed(analysis.disturbed)))
    return Group(*parts, Text(f"all of it, with intervals and pictures: {page}"))


def _disturbed(trials: Sequence[Trial]) -> str:
    """Which trials others disturbed; of many how many, as the page names them."""
    if len(trials) > FEW:
        most = max(trial.others or 0.0 for trial in trials)
        return f"{len(trials)} trials were disturbed: others took up to {most:.0%} of the cores meanwhile"
    shares = ", ".join(f"{trial.folder} ({trial.others or 0.0:.0%})" for trial in trials)
    return f"others took more than {DISTURBED:.0%} of the cores meanwhile: {shares}"


def _claim(claim: Claim) -> Text:
    return Text.assemble((claim.claim, "bold"), f" {claim.rest}" if claim.rest else "")


def _arms(analysis: Analysis) -> RenderableType:
    several, scores = len(analysis.datasets) > 1, scores_of(analysis)
    columns = [Column("data", folds=True)] if several else []
    columns += [Column("arm", folds=True), Column("trials", spare=1)]
    columns += [Column(f"mean {scores.heading}"), Column("95 % interval", spare=2)]
    rows = FoldingTable(tuple(columns))
    for number, dataset in enumerate(analysis.datasets):
        if number:
            rows.add_line()
        for arm in analysis.arms:
            rows.add_row(*([dataset] if several else []), *_cells(analysis, arm, dataset))
    return rows


def _cells(analysis: Analysis, arm: Arm, dataset: str) -> list[str]:
    name = f"{arm.name} (first)" if arm.name == analysis.default else arm.name
    found, scores = arm.scores.get(dataset), scores_of(analysis)
    if found is None:
        return [name, count_of(arm, dataset), "-", "-"]
    return [name, count_of(arm, dataset), scores.score(found.mean, found.interval), scores.between(found.interval)]
