"""What is chosen for a search on few images: candidates are trained in full, over folds of all images but those of the
test part, and the same again on other folds, as one division of few images into folds is luck, too."""

from __future__ import annotations

import math

from evolve.config import RunConfig
from evolve.planning.chosen import (
    FEWEST_NEWCOMERS,
    FEWEST_STARTS,
    MOST_AGAIN,
    MOST_STARTS,
    Chosen,
    leaders,
    newcomers_wanted,
)
from evolve.planning.plan import Machine, Stages, rounded
from evolve.problems.images import FINAL_EPOCHS, FOLDS
from evolve.search.newcomers import TRAINED_LONGER
from evolve.search.twins import SHORTER
from evolve.values import Budget

SEEN = 20_000  # images x epochs of a training, at least
MORE_EPOCHS = (3, 2, 1)  # times as many epochs of each training, if there is time for a whole search with them
SPARE = 1.2  # times what the last training takes, that of all images with as many epochs, so that it has as many
LARGEST = 4.0  # times the work of usual networks, that the largest may have


def has_few(config: RunConfig, images: int) -> bool:
    """Whether a data set has few images, and the user has not said how long candidates are trained. images: all but
    those of the test part."""
    return images < config.few_images and not (config.budgets or config.images or config.epochs)


def chosen_over_folds(
    config: RunConfig, seconds: float, machine: Machine, images: int, begin: int | None
) -> Chosen | None:
    """What a plan for that time consists of; None if it is too short. Arguments as of `make_plan`."""
    last_epochs = config.final_epochs if "final_epochs" in config.model_fields_set else None
    least = max(FINAL_EPOCHS, math.ceil(SEEN / images))
    for epochs in [last_epochs] if last_epochs else [times * least for times in MORE_EPOCHS]:
        chosen = _with_epochs(config, seconds, machine, images, begin, epochs)
        if chosen and chosen.rescorings == MOST_AGAIN:
            break
    return chosen


def _with_epochs(
    config: RunConfig, seconds: float, machine: Machine, images: int, begin: int | None, epochs: int
) -> Chosen | None:
    """The same with so many epochs of all trainings, the last one among them, so that what is trained last is what was
    compared."""
    given, largest = config.model_fields_set, config.max_work or rounded(LARGEST * machine.usual)
    speed = machine.rate / 3 / min(largest, machine.usual)  # images a second of one worker
    brief = Budget(images - math.ceil(images / FOLDS), epochs, FOLDS)
    each = brief.size / speed + machine.start  # what is compiled for the first fold serves all
    last = images * epochs / speed / (machine.workers * machine.together) + machine.start
    final = SPARE * last * (config.ensemble or 1)
    room = (seconds - final) * machine.workers / each  # trainings over folds, in all
    least = leaders(config) + 2 * (1 + 1 / SHORTER)  # those of leaders and of twins
    most = MOST_STARTS if config.max_founders is None else config.max_founders
    starts = max(begin or 0, min(most, int((room - least) / 2)))
    left = room - least - 2 * starts
    if starts < min(FEWEST_STARTS, most) or left < 0:
        return None
    newcomers = int(left / 2 - TRAINED_LONGER)
    newcomers = newcomers if newcomers >= FEWEST_NEWCOMERS else 0
    wanted = newcomers_wanted(config)
    newcomers = newcomers if wanted is None else wanted
    left -= newcomers + (TRAINED_LONGER if newcomers else 0)
    rescorings = max(1, min(MOST_AGAIN, 1 + int(left / leaders(config))))
    again = leaders(config) * rescorings * each / machine.workers
    return Chosen(
        stages=Stages(seconds - final - again, again, final, "final_epochs" not in given, stretches=False),
        starts=starts,
        newcomers=newcomers,
        rungs=(brief,),
        twins=(),
        largest=largest,
        fill=config.fill,
        rescorings=rescorings,
        rescoring_images=None,
        rescoring_epochs=None,
        final_epochs=epochs,
    )
