"""How long the stages of a run are, and how many candidates of what size, trained on what, they have room for."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from evolve.config import RunConfig
from evolve.planning.chosen import (
    FEWEST_STARTS,
    MOST_AGAIN,
    Chosen,
    leaders,
    newcomers_wanted,
)
from evolve.planning.few_images import chosen_over_folds, has_few
from evolve.planning.plan import Machine, Plan, Stages, rounded
from evolve.planning.race_sizing import (
    ENOUGH,
    FEWEST_IMAGES,
    SEEN,
    USUAL_STARTS,
    RaceSize,
    TrainingTimes,
    budget_again,
    race_size,
)
from evolve.values import LONGER, Budget

SEARCH_SHARE = 0.1  # of the time of a run of an hour or more
RESCORING_SHARE = 0.05
MOST_SEARCH, MOST_RESCORING = 0.15, 0.1  # of the time of any run that has more than these need
MOST_WISHED = 0.5  # of all of the time, at most, for a search with as many newcomers as the user wants
HOUR = 3600.0
LESS = 1 / 6  # power of the time, by which both are less in shorter runs: a few more epochs are worth most there
EPOCHS_OF_LARGEST = 15  # of the last training, where that has time for
FINAL_WORK = 2_000_000_000  # units of work for each image, in all epochs together
FINAL_SEEN = 125_000  # images x epochs of the last training that come before the size of networks
PLENTY = 60  # epochs of the last training that are enough: some of the time for more goes to the search
LEAST_LAST = 0.85  # of the time for the last training, that it keeps in any case
TYPICAL_SHARE = 0.6  # work of a usual candidate, as a share of the most that is allowed
FILLED = 0.85  # the same where networks are made as wide as is allowed
NATURAL = 6.7  # times the work of usual networks, from which on they are not made wider
OVER_STARTS = 1.5  # times the seconds that these take to start: a search has at least so much
LEAST_FINAL = 5.0  # seconds of the training of a network where there is no time for a search
LEAST_SHARE = 0.25  # of all of the time, likewise
SMALLEST = 200_000  # units of work for an image that are always allowed


def times(seconds: float) -> Stages:
    """The stages of a run that has so many seconds, unless more is needed."""
    share = min(1.0, seconds / HOUR) ** LESS
    search, rescoring = seconds * share * SEARCH_SHARE, seconds * share * RESCORING_SHARE
    return Stages(search, rescoring, seconds - search - rescoring)


def shortest(machine: Machine) -> float:
    """Seconds that the shortest search needs at the very least, with all that follows it: half of them go to starting
    brief trainings. It has three networks, each of which is trained briefly, longer, and again."""
    return 2 * 3 * FEWEST_STARTS * machine.start / machine.workers


def plan_for(
    config: RunConfig, seconds: float, machine: Machine, train: int, images: int, begin: int | None = None
) -> Plan:
    """A plan for what is left of the time, however little that is; see `make_plan`."""
    if seconds < shortest(machine):
        return plan_of_one(config, seconds, machine, train, images)
    return make_plan(config, seconds, machine, train, images, begin)


def plan_of_one(config: RunConfig, seconds: float, machine: Machine, train: int, images: int) -> Plan:
    """One network that is scored and then trained for all that is left: for where there is no time for a search. It is
    so small that it sees the images often. It takes longer than `seconds` where else nothing would be learned, unless
    these stand for units of work: of those no more is spent than the user gave."""
    epochs = config.final_epochs if "final_epochs" in config.model_fields_set else None
    least = 0.0 if config.work else max(LEAST_FINAL, LEAST_SHARE * (config.duration or 0.0))
    final = max(seconds - machine.start, machine.start + least)
    last = (final - machine.start) * machine.rate / 3 / images  # work for each image, in all epochs together
    largest = config.max_work or rounded(max(SMALLEST, last / (epochs or EPOCHS_OF_LARGEST)))
    settings: dict[str, Any] = {
        "population": config.population,
        "max_founders": 1,
        "challengers": config.challengers,
        "newcomers": 0,
        "twins": [],
        "look_ahead": 1,
        "rungs": [str(Budget(min(train, FEWEST_IMAGES), 1))],
        "promote_one_in": config.promote_one_in,
        "small_births": None,
        "small_work": None,
        "max_work": largest,
        "fill": config.fill,
        "max_multiply_adds": config.max_multiply_adds or largest,
        "leaders": config.leaders,
        "rescorings": config.rescorings,
        "rescoring_images": None,
        "rescoring_epochs": None,
        "final_epochs": epochs or max(1, min(EPOCHS_OF_LARGEST, round(last / largest))),
        "evaluations": 1,
    }
    t = Stages(machine.start, 0.0, final, by_clock=epochs is None)
    return Plan(settings, t, machine, left=seconds, search=shortest(machine))


def make_plan(
    config: RunConfig, seconds: float, machine: Machine, train: int, images: int, begin: int | None = None
) -> Plan:
    """A plan for what is left of the time.

    seconds: of all that is still to be done. train: images that brief trainings may use. images: those of the last
    training. begin: founders that the user has named, all of which are tried; None for the usual ones. What the user
    has set stays as it is.
    """
    few = chosen_over_folds(config, seconds, machine, images, begin) if has_few(config, images) else None
    return (few or _chosen(config, seconds, machine, train, images, begin)).plan(config, machine)


def _chosen(config: RunConfig, seconds: float, machine: Machine, train: int, images: int, begin: int | None) -> Chosen:
    """What a plan for that time consists of. See `make_plan`."""
    t, sizes, final_epochs = _stages(config, seconds, machine, train, images)
    takes = TrainingTimes(machine.start, speed=machine.rate / 3 / sizes.typical, images=train)

    def race_of(stages: Stages, config: RunConfig, seen: int, newcomers: int | None = None) -> RaceSize:
        return race_size(config, stages.search * machine.workers, takes, begin, seen, newcomers)

    wanted = newcomers_wanted(config)
    race, most = race_of(t, config, ENOUGH), t.with_search(max(t.search, MOST_SEARCH * t.total))
    of_as_many = config.model_copy(update={"max_founders": race.starts})
    breeding = race_of(most, of_as_many, SEEN)
    if breeding.newcomers and not race.newcomers and t.by_clock and wanted != 0:
        final_epochs = max(1, round(final_epochs * most.final / t.final))
        t, race = most, breeding  # it ends as soon as training on is worth more
    if wanted is not None and wanted != race.newcomers:
        race = race_of(t, of_as_many, SEEN if wanted else ENOUGH, wanted)
        if t.by_clock:
            needed = min(race.seconds(takes) / machine.workers, MOST_WISHED * t.total)
            with_room = t.with_search(max(t.search, needed))
            final_epochs = max(1, round(final_epochs * with_room.final / t.final))
            t = with_room
    longer, each = max(race.rungs[0].longer, race.rungs[-1]), t.rescoring * machine.workers / leaders(config)
    more = budget_again(longer, each, takes, config, final_epochs * images)
    again = takes.of(more or longer)
    return Chosen(
        stages=t,
        starts=race.starts,
        newcomers=race.newcomers,
        rungs=race.rungs,
        twins=race.twins,
        largest=sizes.largest,
        fill=sizes.fill,
        rescorings=max(1, min(MOST_AGAIN, int(each / again))),
        rescoring_images=more.images if more else None,
        rescoring_epochs=more.epochs if more else None,
        final_epochs=final_epochs,
    )


@dataclass(frozen=True)
class _Sizes:
    """Work for an image of the largest network and of a usual one; fill: whether all are made as wide as is allowed."""

    largest: int
    typical: float
    fill: bool


def _stages(config: RunConfig, seconds: float, machine: Machine, train: int, images: int) -> tuple[Stages, _Sizes, int]:
    """How long the stages are, how large networks are, and the epochs of the last training. See `make_plan`."""
    epochs = config.final_epochs if "final_epochs" in config.model_fields_set else None
    t, all_of_it = times(seconds), machine.rate * machine.workers * machine.together / 3 / images
    all_of_it /= config.ensemble or 1  # each of several networks has its share of the last training
    last = t.final * all_of_it  # work for each image that there is time for in the last training, in all epochs
    longest = last / max(_epochs(last, images), epochs or 0)
    largest = config.max_work or rounded(max(SMALLEST, longest))
    # Where usual networks would take much of the time, all are as large as it allows; else they are of any size.
    fill = largest < NATURAL * machine.usual
    fill = config.fill if "fill" in config.model_fields_set else fill and config.heeds("fill")
    typical = FILLED * largest if fill else min(machine.usual, TYPICAL_SHARE * largest)
    if config.fill:  # they were as wide as the limits of the user allow when they were measured
        typical = min(machine.usual, FILLED * largest)
    t = _enough_for_a_race(t, machine, machine.rate / 3 / typical, train)
    last = t.final * all_of_it
    needed = (epochs or plenty(images)) * typical / last
    needed = min(1.0, needed if epochs else max(LEAST_LAST, needed))
    t = replace(t.with_final(needed * t.final), by_clock=epochs is None)
    return t, _Sizes(largest, typical, fill), epochs or max(1, round(needed * last / typical))


def _enough_for_a_race(t: Stages, machine: Machine, speed: float, train: int) -> Stages:
    """Stages with time for a usual race, and for scoring the favourite and a challenger again, if these have a fair
    share of all; for less of it else. speed: images a second of one worker."""
    start, workers = machine.start, machine.workers
    least = OVER_STARTS * 2 * FEWEST_STARTS * start / workers
    race = USUAL_STARTS * ((1 + LONGER) * min(SEEN, 10 * train) / speed + 2 * start) / workers
    search = max(t.search, least, min(race, MOST_SEARCH * t.total))
    brief = min(float(SEEN), max(0.0, (search * workers / USUAL_STARTS - 2 * start) * speed / (1 + LONGER)))
    again = 2 * (LONGER * max(brief, min(LONGER * brief, train)) / speed + start) / workers
    rescoring = max(2 * start / workers, t.rescoring, min(again, MOST_RESCORING * t.total))
    return replace(t, search=search, rescoring=rescoring, final=t.total - search - rescoring)


def plenty(images: int) -> float:
    """Epochs of the last training that are enough: more of them hardly tell."""
    return max(float(PLENTY), 2 * FINAL_SEEN / images)


def _epochs(last: float, images: int) -> float:
    """Epochs that the largest network can have in the last training. Too few cost accuracy, and so do networks that are
    too narrow for the sake of more; so of eight times as much time epochs get twice as much, and size four times. Of
    few images many epochs are needed for enough steps.

    last: units of work for each image that the last training has time for, in all epochs together.
    """
    return min(FILLED * plenty(images), max(FINAL_SEEN / images, EPOCHS_OF_LARGEST * math.cbrt(last / FINAL_WORK)))
