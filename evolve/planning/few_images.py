"""The plan of a search on few images: candidates are trained in full, over folds of all images but those of the test
part, and the same again on other folds, as one division of few images into folds is luck, too."""

from __future__ import annotations

import math
from typing import Any

from evolve.config import RunConfig
from evolve.planning.plan import (
    FEWEST_NEWCOMERS,
    FEWEST_STARTS,
    LOOK_AHEAD,
    MOST_AGAIN,
    MOST_STARTS,
    Machine,
    Plan,
    Stages,
    rounded,
)
from evolve.problems.images import FINAL_EPOCHS, FOLDS
from evolve.search.racing import NEWCOMERS, REBORN
from evolve.search.twins import SHORTER
from evolve.values import Budget

SEEN = 20_000  # images x epochs of a training, at least
LAST_SHARE = 0.25  # of the time, for the last training, that of all images
LARGEST = 4.0  # times the work of usual networks, that the largest may have


def has_few(config: RunConfig, images: int) -> bool:
    """Whether a data set has few images, and the user has not said how long candidates are trained. images: all but
    those of the test part."""
    return images < config.few_images and not (config.budgets or config.images or config.epochs)


def plan_over_folds(config: RunConfig, seconds: float, machine: Machine, images: int, begin: int | None) -> Plan | None:
    """A plan for what is left of the time; None if that is too short. Arguments as of `make_plan`."""
    given = config.model_fields_set
    last_epochs = config.final_epochs if "final_epochs" in given else None
    epochs = last_epochs or max(FINAL_EPOCHS, math.ceil(SEEN / images))
    largest = config.max_work or rounded(LARGEST * machine.usual)
    speed = machine.rate / 3 / min(largest, machine.usual)  # images a second of one worker
    brief = Budget(images - math.ceil(images / FOLDS), epochs, FOLDS)
    each = brief.size / speed + machine.start  # what is compiled for the first fold serves all
    last = images * epochs / speed / (machine.workers * machine.together) + machine.start
    final = max(LAST_SHARE * seconds, last)
    room = (seconds - final) * machine.workers / each  # trainings over folds, in all
    leaders = config.leaders if "leaders" in given else max(2, config.ensemble or 0)
    twins = 2 * (1 + 1 / SHORTER)
    most = MOST_STARTS if config.max_founders is None else config.max_founders
    starts = max(begin or 0, min(most, int((room - twins - leaders) / 2)))
    if starts < min(FEWEST_STARTS, most) or room < 2 * starts + twins + leaders:
        return None
    left = room - 2 * starts - twins - leaders
    newcomers = max(0, int(left / 2 - NEWCOMERS))
    newcomers = newcomers if newcomers >= FEWEST_NEWCOMERS else 0
    left -= newcomers + (NEWCOMERS if newcomers else 0)
    rescorings = max(1, min(MOST_AGAIN, 1 + int(left / leaders)))
    settings: dict[str, Any] = {
        "population": max(8, min(32, starts + newcomers // 2)),
        "max_founders": starts,
        "challengers": starts,
        "newcomers": newcomers,
        "twins": [],
        "look_ahead": LOOK_AHEAD * machine.workers,
        "rungs": [str(brief)],
        "promote_one_in": config.promote_one_in,
        "max_work": largest,
        "fill": config.fill,
        "max_multiply_adds": config.max_multiply_adds or largest,
        "leaders": leaders,
        "rescorings": rescorings,
        "final_epochs": epochs,
        "evaluations": starts + REBORN + newcomers,
    }
    settings |= {name: getattr(config, name) for name in (settings.keys() & given) - {"rungs"}}
    settings |= {name: getattr(config, name) for name in {"small_births", "small_work"} & given}
    again = leaders * rescorings * each / machine.workers
    stages = Stages(seconds - final - again, again, final, by_clock=last_epochs is None)
    return Plan(settings, stages, machine)
