"""How many networks a race has, how long each is trained, and what is tried beside: what its time has room for."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from evolve.config import RunConfig
from evolve.planning.chosen import FEWEST_NEWCOMERS, FEWEST_STARTS, MOST_STARTS
from evolve.planning.plan import rounded
from evolve.search.newcomers import TRAINED_LONGER
from evolve.search.strategy import strategy_class
from evolve.search.twins import SHORTER
from evolve.values import LONGER, Budget

USUAL_STARTS = 4  # of a race
SEEN = 4000  # images seen in a brief training, from which on more starts are worth more than more images
ENOUGH = 5000  # images seen in one that tells networks apart, together with what `LONGER` says; more go to newcomers
FEWEST_IMAGES = 200
FAR = 20  # times the images of a training of a leader, that the last one sees at most, if there is time for it
MANY_MORE = 1.5  # times the images of longer trainings, from which on scoring leaders again tells more than those did
MANY_NEWCOMERS = 24  # of which some are trained on as soon as they are known to be good
TWINS_SHARE = 0.1  # of all that is trained, that a pair of twins may have where nothing else is planned
TWIN_SEEN = 15_000  # images that each training of twins sees at least
MOST_EPOCHS = 999_999  # of a brief training, however much there is of time or work


@dataclass(frozen=True)
class TrainingTimes:
    """What trainings of usual networks take on one worker. start: seconds before the first step. speed: images a
    second. images: how many there are to train on."""

    start: float
    speed: float
    images: int

    def of(self, budget: Budget) -> float:
        """Seconds of one training."""
        return budget.size / self.speed + self.start


@dataclass(frozen=True)
class RaceSize:
    """starts: networks that it begins with. newcomers: births after it. rungs: budgets; the first one is that of brief
    trainings. twins: budgets of these, if there is time for them."""

    starts: int
    newcomers: int
    rungs: tuple[Budget, ...]
    twins: tuple[Budget, ...] = ()

    def seconds(self, takes: TrainingTimes) -> float:
        """How long all of it takes one worker."""
        brief, longer = takes.of(self.rungs[0]), takes.of(self.rungs[0].longer)
        twins = 2 * sum(takes.of(one) for one in self.twins)
        bred = self.newcomers * brief + (TRAINED_LONGER * longer if self.newcomers else 0.0)
        return self.starts * (brief + longer) + bred + twins


def race_size(
    config: RunConfig, seconds: float, takes: TrainingTimes, begin: int | None, most: int, wanted: int | None = None
) -> RaceSize:
    """As many starts as there is time for, all of which are trained longer, too; then newcomers, if there is time for
    several.

    seconds: of all workers together. begin: founders that are all tried. most: images that a brief training sees, if
    there are newcomers. wanted: how many newcomers there are in any case; None for as many as there is time for.
    """

    def each(starts: int) -> float:
        """Images of a brief training."""
        return (seconds / starts - 2 * takes.start) * takes.speed / (1 + LONGER)

    chosen = _chosen_rungs(config, takes.images)
    enough = chosen[0].size if chosen else min(SEEN, 10 * takes.images)
    counts = range(MOST_STARTS if config.max_founders is None else config.max_founders, FEWEST_STARTS, -1)
    fits = (count for count in counts if each(count) >= (enough if chosen or count > USUAL_STARTS else enough / 2))
    starts = max(begin or 0, next(fits, FEWEST_STARTS))
    rungs = chosen or (_brief(min(each(starts), most), takes.images),)
    brief, longer = takes.of(rungs[0]), takes.of(rungs[0].longer)
    left = seconds - starts * (brief + longer) - TRAINED_LONGER * longer
    twins, paired = _twins(rungs[0], takes)
    twins, left = (twins, left - paired) if paired <= 0.5 * left else ((), left)
    newcomers = max(0, int(left / brief))
    if wanted is None and newcomers < FEWEST_NEWCOMERS and not chosen:
        newcomers = 0
    if not (newcomers if wanted is None else wanted) and not chosen:
        return RaceSize(starts, 0, (_brief(min(each(starts), 2 * ENOUGH), takes.images),))
    if newcomers >= 2 * MANY_NEWCOMERS and strategy_class(config.strategy).takes_updates and not chosen:
        newcomers = int(left / (brief + longer / config.promote_one_in))
        rungs = (*rungs, rungs[0].longer)
    return RaceSize(starts, newcomers if wanted is None else wanted, rungs, twins)


def _chosen_rungs(config: RunConfig, train: int) -> tuple[Budget, ...]:
    """The budgets that the user has set, if any."""
    if config.budgets or not (config.images or config.epochs):
        return config.budgets
    images = min(train, config.images or ENOUGH)
    return (Budget(images, config.epochs or max(1, round(ENOUGH / images))),)


def budget_again(longer: Budget, seconds: float, takes: TrainingTimes, config: RunConfig, last: float) -> Budget | None:
    """The trainings in which leaders are scored again: on up to three times the images of the longer ones before, as
    more images show differences that few do not. Before a last training that sees a great many images they see a
    twentieth of these, with more epochs of all images at the end, as what starts fast is not what ends well. None where
    there is no time for many more, or not so many.

    seconds: that each leader has. last: images x epochs of the last training.
    """
    if config.rescoring_images is not None or config.rescoring_epochs is not None:
        given = longer.with_more(min(takes.images, config.rescoring_images or 0), config.rescoring_epochs)
        return given if given != longer else None
    times = config.rescorings if "rescorings" in config.model_fields_set else 1
    room = max(1.0, (seconds / times - takes.start) * takes.speed)
    wanted = max(LONGER * longer.images, rounded(last / FAR / longer.epochs))
    images = min(takes.images, wanted, rounded(room / longer.epochs))
    epochs = int(min(room, last / FAR) / images) if images == takes.images else 0
    more = replace(longer, images=images, epochs=max(longer.epochs, epochs))
    return more if more.size >= MANY_MORE * longer.size else None


def _brief(seen: float, train: int) -> Budget:
    """The budget of a brief training that sees about so many images, repeats counted."""
    images = max(FEWEST_IMAGES, rounded(seen))
    return Budget(min(train, images), max(1, min(MOST_EPOCHS, round(images / train))))


def rescoring_of_counts(config: RunConfig, longest: Budget, train: int) -> dict[str, int | None]:
    """How leaders of a run that has counts instead of a time are scored again, if the user has not said it: fewer times
    on more images. longest: the budget of the longer trainings before. train: images that there are."""
    more = min(train, config.rescoring_images or LONGER * longest.images)
    if longest.folds > 1 or more <= longest.images:
        return {"rescoring_images": None}
    if config.rescoring_images is not None:
        return {"rescoring_images": more}
    if "rescorings" in config.model_fields_set or more < MANY_MORE * longest.images:
        return {}
    return {"rescorings": max(1, config.rescorings // LONGER), "rescoring_images": more}


def twins_of_counts(births: int, brief: Budget, last: Budget) -> tuple[Budget, ...]:
    """Budgets of twins of a run that has counts instead of a time, if a pair of them takes no more than its share of
    all the training there is. last: the budget of the last training."""
    if brief.folds > 1:
        return ()
    twins, seen = _twins(brief, TrainingTimes(start=0.0, speed=1.0, images=brief.images))
    return twins if seen <= TWINS_SHARE * (births * brief.size + last.size) else ()


def _twins(brief: Budget, takes: TrainingTimes) -> tuple[tuple[Budget, ...], float]:
    """Two budgets of a network and its twin, each of which sees `TWIN_SEEN` images at least; the seconds that all four
    trainings take. Over folds they are not planned, but take their time."""
    if brief.folds > 1:  # the search has some of its own
        return (), 2 * (1 + 1 / SHORTER) * takes.of(brief)
    first = Budget(brief.images, max(1, math.ceil(TWIN_SEEN / brief.images)))
    return (first, first.longer), 2 * (takes.of(first) + takes.of(first.longer))
