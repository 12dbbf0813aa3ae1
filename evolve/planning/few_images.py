"""What is chosen for a search on few images: candidates are trained in full, over folds of all images but those of the
test part, and the same again on other folds, as one division of few images into folds is luck, too."""

from __future__ import annotations

import math

from evolve.config import RunConfig
from evolve.planning.chosen import FEWEST_NEWCOMERS, FEWEST_STARTS, MOST_AGAIN, MOST_STARTS, Chosen, leaders
from evolve.planning.plan import Machine, Stages, rounded
from evolve.problems.images import FINAL_EPOCHS, FOLDS
from evolve.search.racing import NEWCOMERS
from evolve.search.twins import SHORTER
from evolve.values import Budget

SEEN = 20_000  # images x epochs of a training, at least
LAST_SHARE = 0.25  # of the time, for the last training, that of all images
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
    epochs = last_epochs or max(FINAL_EPOCHS, math.ceil(SEEN / images))
    largest = config.max_work or rounded(LARGEST * machine.usual)
    speed = machine.rate / 3 / min(largest, machine.usual)  # images a second of one worker
    brief = Budget(images - math.ceil(images / FOLDS), epochs, FOLDS)
    each = brief.size / speed + machine.start  # what is compiled for the first fold serves all
    last = images * epochs / speed / (machine.workers * machine.together) + machine.start
    final = max(LAST_SHARE * seconds, last)
    room = (seconds - final) * machine.workers / each  # trainings over folds, in all
    least = leaders(config) + 2 * (1 + 1 / SHORTER)  # those of leaders and of twins
    most = MOST_STARTS if config.max_founders is None else config.max_founders
    starts = max(begin or 0, min(most, int((room - least) / 2)))
    left = room - least - 2 * starts
    if starts < min(FEWEST_STARTS, most) or left < 0:
        return None
    newcomers = int(left / 2 - NEWCOMERS)
    newcomers = newcomers if newcomers >= FEWEST_NEWCOMERS else 0
    left -= newcomers + (NEWCOMERS if newcomers else 0)
    rescorings = min(MOST_AGAIN, 1 + int(left / leaders(config)))
    again = leaders(config) * rescorings * each / machine.workers
    return Chosen(
        stages=Stages(seconds - final - again, again, final, by_clock=last_epochs is None),
        starts=starts,
        newcomers=newcomers,
        rungs=(brief,),
        twins=(),
        largest=largest,
        fill=config.fill,
        rescorings=rescorings,
        final_epochs=epochs,
    )
