"""What is said of a training: what was done, and what its figures mean."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from evolve.display.text import score, share
from evolve.objectives import FITNESS, Objective
from evolve.runs.chance import Chance
from evolve.runs.guessing import Guessing, guessing_on, over_folds
from evolve.runs.ranking import CLEARLY, accuracy
from evolve.runs.trainings import done
from evolve.storage.rows import RequestRow
from evolve.values import Result, Spent

FEW_EPOCHS = 5  # with fewer the accuracy on training images, taken while they are learned, says little
OVERFITS = 0.1  # accuracy on training images above that on others
BY_HEART = 0.9  # accuracy on training images of a network that has learned them


def counted(number: float, noun: str) -> str:
    """'1 epoch', '48.4 epochs', '1,438 images'."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def amount(spent: Spent) -> str:
    """How much was trained: '48.4 epochs of 1,438 images, 1,064 steps of 64'."""
    steps = counted(_number(spent["steps"]), "step") if "steps" in spent else ""
    if "epochs" not in spent:
        return steps or "not known"
    told = f"{counted(_number(spent['epochs']), 'epoch')} of {counted(_number(spent['images']), 'image')}"
    told = f"{told}, {steps} of {spent['batch']}" if steps else told
    return f"{told}, for each of {spent['folds']} folds" if float(spent.get("folds", 1)) > 1 else told


def _number(value: int | float | str) -> float:
    """As it is shown: whole where it is."""
    number = float(value)
    return int(number) if number.is_integer() else number


def manner(spent: Spent) -> str:
    """How it was trained: rate, schedule, augmentation and precision; nothing where that is not recorded."""
    if "learning_rate" not in spent:
        return ""
    schedule, steps = spent["schedule"], float(spent.get("schedule_steps", 0))
    over = "" if schedule == "constant" else f" over {counted(_number(steps), 'step')}"
    changes = spent["augmentation"] or "no augmentation"
    return f"learning rate {spent['learning_rate']:.3g}, {schedule}{over}, {changes}, {spent.get('precision')}"


Training = tuple[RequestRow, Result]


def judged(problem: Mapping[str, Any], searched: Training | None, in_full: Training | None) -> list[str]:
    """What the figures of a candidate mean: those of its full training if it had one, else those of the search. That
    it was no better than guessing in the search is said in any case."""
    lines = []
    if in_full is not None:
        guessing = guessing_on(problem, "validation")
        if searched is not None and guessing is not None and guessing.may_explain(searched[1].measures):
            lines.append("in the search it was no better than guessing, so that score says little")
        lines.append(verdict(in_full, "test", guessing_on(problem, "test")))
    elif searched is not None:
        on = "left-out folds" if over_folds(problem) else "validation"
        lines.append(verdict(searched, on, guessing_on(problem, "validation")))
    return [line for line in lines if line]


def verdict(training: Training, on: str, guessing: Guessing | None) -> str:
    """What the gap between training images and others means, in one sentence; nothing where there is no accuracy.

    on: the part that was scored, in words. guessing: on that part.
    """
    measures, epochs = training[1].measures, float(done(training[0].budget, training[1]).get("epochs", 0))
    if FITNESS in measures or not {"train_accuracy", "accuracy"} <= measures.keys():
        return ""
    train, held = measures["train_accuracy"], measures["accuracy"]
    gap = train - held
    shown = f"train {train:.4f}, {on} {held:.4f}, gap {gap:+.4f}"
    if guesses := no_better_than_guessing(measures, guessing):
        return f"{shown}: it {guesses}"
    if epochs < FEW_EPOCHS:
        return f"{shown}; too few epochs to judge overfitting by"
    noise = CLEARLY * math.sqrt(held * (1 - held) / guessing.images) if guessing is not None else 0.0
    if gap > max(OVERFITS, noise):
        return f"{shown}: it overfits; more augmentation or dropout, fewer weights or epochs may help"
    if gap > max(0.03, noise):
        return f"{shown}: it overfits a little"
    if gap > 0.03:
        return f"{shown}: no clear overfitting: on so few images that may be luck"
    if gap > -0.03:
        return f"{shown}: no overfitting"
    return f"{shown}: no overfitting; dropout and augmentation make its training images the harder ones"


def no_better_than_guessing(measures: Mapping[str, float], guessing: Guessing | None) -> str:
    """That a network is no better than guessing and what to do, in words that follow 'it'; nothing if it is better."""
    if guessing is None or not guessing.may_explain(measures):
        return ""
    by_heart = measures.get("train_accuracy", 0.0) > BY_HEART
    knows = "knows its training images by heart, but on others it " if by_heart else ""
    more = "more images or augmentation" if by_heart else "more images, more epochs or more time"
    return (
        f"{knows}is no better than guessing, which gives {share(guessing.accuracy)}; {more} may help, and if not, look "
        "at the labels, and whether you could tell the classes apart yourself"
    )


def search_at_chance(found: Chance | None, by_work: bool) -> str:
    """That half of a search's candidates or more were no better than guessing, if that is so, and what to do. by_work:
    whether the budget of the search is work."""
    if found is None or not found.scored or 2 * found.better > found.scored:
        return ""
    left = found.scored - found.better
    many = f"{left} of {found.scored}" if found.better else "all" if left > 1 else "its only"
    were = "candidate was" if found.scored == 1 else "candidates were"
    after = "a brief training" if found.scored == 1 else "their brief trainings"
    more = "give each more images or epochs (--images, --epochs), or the run more time (--for)"
    more = "give the run more work (--work)" if by_work else more
    return f"{many} {were} no better than guessing after {after}, so the search had little to choose by; {more}"


def outcome(result: Result, objective: Objective) -> str:
    """What a full training came to on the test part. Only an accuracy is a percentage."""
    value = accuracy(result, objective)
    if FITNESS in result.measures:
        return f"what the fitness function returned on the test part: {score(value)}"
    accurate = result.measures.get("accuracy")
    return f"test score {score(value)}" if accurate is None else f"test accuracy {share(accurate)}"
