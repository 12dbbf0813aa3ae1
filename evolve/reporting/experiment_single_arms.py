"""What the page of an experiment says of arms by themselves: what a network alone comes to, and who may be guessing."""

from __future__ import annotations

from evolve.display.text import plural
from evolve.reporting.experiment_headline import Claim, failures_of
from evolve.reporting.experiment_scores import scores_of
from evolve.research.analysis import Analysis, Arm
from genomes.stack.founders import FOUNDERS


def guesses(analysis: Analysis) -> list[Claim]:
    """Which arms may only be guessing, and on which data."""
    found = [_guesses(analysis, arm, dataset) for arm in analysis.arms for dataset in analysis.datasets]
    return [claim for claim in found if claim is not None]


def _guesses(analysis: Analysis, arm: Arm, dataset: str) -> Claim | None:
    trials = [trial for trial in arm.trials if trial.dataset == dataset]
    bounds = [trial.guessing for trial in trials if trial.guesses]
    if not bounds:
        return None
    often = "" if len(bounds) == len(trials) else f" in {len(bounds)} of {plural(len(trials), 'trial')}"
    highest = scores_of(analysis).score(max(filter(None, bounds)))
    return Claim(
        f"On {dataset} {arm.name} is not clearly better than guessing{often}.",
        f"Guessing hardly ever comes to more than {highest}. More images, epochs or time for each training may help.",
    )


def alone(analysis: Analysis) -> list[Claim]:
    """What a network comes to that is trained for the whole budget, without a search."""
    return [_alone(analysis, arm) for arm in analysis.arms if arm.alone is not None]


def _alone(analysis: Analysis, arm: Arm) -> Claim:
    usual = next(iter(FOUNDERS))
    network = f"default network alone ({usual})" if arm.alone == usual else f"network {arm.alone} alone"
    same = "same time" if analysis.unit == "seconds" else "same work"
    same = "looked up in the table" if analysis.tables else same
    failures = failures_of([analysis.by_name[name] for name in dict.fromkeys((arm.name, analysis.default))])
    own, beside = _means(analysis, arm), _means(analysis, analysis.arms[0])
    the = f"Without trials that failed ({failures}): the" if failures else "The"
    return Claim(f"{the} {network}, {same}: {own}.", f"{analysis.default} beside it: {beside}.")


def _means(analysis: Analysis, arm: Arm) -> str:
    """The mean of an arm on each data set."""
    scores, several = scores_of(analysis), len(analysis.datasets) > 1
    means = {name: scores.score(mean.mean, mean.interval) for name, mean in arm.scores.items()}
    return ", ".join(f"{mean} on {name}" if several else mean for name, mean in means.items()) or "no score"
