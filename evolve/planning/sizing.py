"""How long the stages of a run are, and how many candidates of what size, trained on what, they have room for."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from evolve.config import RunConfig
from evolve.planning.plan import Machine, Plan, Stages, rounded
from evolve.search.strategy import strategy_class
from evolve.values import Budget

SEARCH_SHARE = 0.1  # of the time of a run of an hour or more
RESCORING_SHARE = 0.05
HOUR = 3600.0
LESS = 1 / 6  # power of the time, by which both are less in shorter runs: a few more epochs are worth most there
FINAL_EPOCHS = 20  # of the largest network in the last training, where that training has time for
FINAL_WORK = 2_000_000_000  # units of work for each image, in all epochs together
PLENTY = 60  # epochs of the last training that are enough: time for more, up to half of it, goes to the search
TYPICAL_SHARE = 0.6  # work of a usual candidate, as a share of the most that is allowed
FILLED = 0.85  # the same where networks are made as wide as is allowed
GROWTH = (2.5, 5.0)  # times the work of small networks that large ones may have: at least, for it to pay; at most
SMALL_SHARE = 0.7  # of the time of the search, for the small networks of its beginning
AGAIN = 2  # trainings with the largest budget of the search that there is time for when leaders are scored again; so
# many leaders are scored so often at the least, as without repeats nobody knows what a lead is worth
BIRTHS = 1.2  # times the root of the seconds that all workers together have for the search
FEWEST = 8  # births of a search, if there is time for that
FEW = 4  # births of the shortest search; with less time than that one network is trained
OVER_STARTS = 1.5  # times the seconds that these take to start: a search has at least so much
FEWEST_FOUNDERS = 4  # of the usual ones, however few births there is time for; else a third of the births at most
FEWEST_IMAGES = 200
MOST_RUNGS = 3
MOST_EPOCHS = 999_999  # of a rung, however much there is of time or work
ENOUGH = 15_000  # images seen in a training that tells networks apart
MANY = 16  # small births, for which it pays to have small and large ones
FEW_LARGE = 2  # births that there must be time for then
LOOK_AHEAD = 2  # times the workers: enough to keep them busy, and as much as possible is known at each birth
LEAST_FINAL = 5.0  # seconds of the training of a network where there is no time for a search
LEAST_SHARE = 0.25  # of all of the time, likewise
SMALLEST = 200_000  # units of work for an image that are always allowed


def times(seconds: float) -> Stages:
    """The stages of a run that has so many seconds."""
    share = min(1.0, seconds / HOUR) ** LESS
    search, rescoring = seconds * share * SEARCH_SHARE, seconds * share * RESCORING_SHARE
    return Stages(search, rescoring, seconds - search - rescoring)


def shortest(machine: Machine, births: int = FEW) -> float:
    """Seconds that a search of so few births needs at the very least, with all that follows it: half of them go to
    starting brief trainings, those in which leaders are scored again among them."""
    return 2 * (births + AGAIN**2) * machine.start / machine.workers


def fewest(machine: Machine, seconds: float) -> int:
    """Births that so many seconds have room for at least, `FEW` to `FEWEST`."""
    return max(FEW, min(FEWEST, math.floor(seconds * machine.workers / (2 * machine.start) + 1e-6) - AGAIN**2))


def least_search(machine: Machine, births: int) -> float:
    """Seconds of a search that has time for so few births, and for nearly no images."""
    return OVER_STARTS * births * machine.start / machine.workers


def plan_for(config: RunConfig, seconds: float, machine: Machine, train: int, images: int) -> Plan:
    """A plan for what is left of the time, however little that is; see `make_plan`."""
    short = seconds < shortest(machine)
    return (plan_of_one if short else make_plan)(config, seconds, machine, train, images)


def plan_of_one(config: RunConfig, seconds: float, machine: Machine, train: int, images: int) -> Plan:
    """One network that is scored and then trained for all that is left: for where there is no time for a search. It is
    so small that it sees the images often. It takes longer than `seconds` where else nothing would be learned, unless
    these stand for units of work: of those no more is spent than the user gave."""
    epochs = config.final_epochs if "final_epochs" in config.model_fields_set else None
    least = 0.0 if config.work else max(LEAST_FINAL, LEAST_SHARE * (config.duration or 0.0))
    final = max(seconds - machine.start, machine.start + least)
    last = (final - machine.start) * machine.rate / 3 / images  # work for each image, in all epochs together
    largest = config.max_work or rounded(max(SMALLEST, last / (epochs or FINAL_EPOCHS)))
    settings: dict[str, Any] = {
        "population": config.population,
        "max_founders": 1,
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
        "final_epochs": epochs or max(1, min(FINAL_EPOCHS, round(last / largest))),
        "evaluations": 1,
    }
    t = Stages(machine.start, 0.0, final, by_clock=epochs is None)
    return Plan(settings, t, machine, left=seconds, search=shortest(machine))


def make_plan(config: RunConfig, seconds: float, machine: Machine, train: int, images: int) -> Plan:
    """A plan for what is left of the time.

    seconds: of all that is still to be done. train: images that brief trainings may use. images: those of the last
    training. What the user has set stays as it is, but for small births where there is no time for larger ones.
    """
    given, one_in, few = config.model_fields_set, config.promote_one_in, fewest(machine, seconds)
    t, sizes, final_epochs = _stages(config, seconds, machine, train, images)
    small, typical = sizes.small, sizes.typical
    search = t.search * machine.workers  # seconds of all of them
    first = search * (SMALL_SHARE if small else 1)

    def speed(work: float) -> float:
        """Images a second."""
        return float(machine.rate / 3 / work)

    least = _many(machine) if small else few
    wanted = max(least, round(BIRTHS * math.sqrt(first)))
    again = t.rescoring * machine.workers
    most = min((again / AGAIN - machine.start) * speed(typical), final_epochs * images)  # so that there is time again
    rungs = config.budgets or _rungs(
        config, _Births(wanted, least, first / wanted), machine.start, speed(sizes.first), most, train
    )

    def birth(work: float) -> float:
        """Seconds, with its share of promotions."""
        trainings = (rung.size / speed(work) + machine.start for rung in rungs)
        return sum(training / float(one_in) ** place for place, training in enumerate(trainings))

    births = max(few, round(first / birth(sizes.first)))
    growing: dict[str, Any] = dict.fromkeys({"small_births", "small_work"} & given)
    if small:
        births = min(births, 2 * config.evaluations // 3) if config.evaluations else births
        births = config.small_births or births
        growing = {"small_births": births, "small_work": small}
        first = births * birth(sizes.first) if config.small_births else first
        births += max(1, round((search - first) / birth(typical)))
    trainings = max(AGAIN**2, int(again / (rungs[-1].size / speed(typical) + machine.start)))
    leaders, rescorings = _again(config, trainings)
    settings: dict[str, Any] = {
        "population": max(8, min(32, births // 2)),  # founders are not to die before they could breed
        "max_founders": max(FEWEST_FOUNDERS, births // 3),
        "look_ahead": LOOK_AHEAD * machine.workers,
        "rungs": [str(one) for one in rungs],
        "promote_one_in": one_in,
        **growing,
        "max_work": sizes.largest,
        "fill": sizes.fill,
        "max_multiply_adds": sizes.largest,  # `max_work` is the limit, not what is usual for multiply-adds
        "leaders": leaders,
        "rescorings": rescorings,
        "final_epochs": final_epochs,
        "evaluations": births,
    }
    stays = (settings.keys() & given) - {"rungs", "small_births", "small_work"}
    settings |= {name: getattr(config, name) for name in stays}
    return Plan(settings, t, machine)


def _stages(config: RunConfig, seconds: float, machine: Machine, train: int, images: int) -> tuple[Stages, _Sizes, int]:
    """How long the stages are, how large networks, and how many epochs the last training has. See `make_plan`."""
    epochs = config.final_epochs if "final_epochs" in config.model_fields_set else None
    t = times(seconds)
    t = t.with_rescoring(max(t.rescoring, AGAIN**2 * machine.start / machine.workers))
    t = t.with_final(t.final - max(0.0, least_search(machine, fewest(machine, seconds)) - t.search))
    # Work for each image that there is time for in the last training, in all epochs together.
    last = t.final * machine.rate * machine.workers * machine.together / 3 / images
    longest = last / max(_epochs(last), epochs or 0)

    def sizes() -> _Sizes:
        return _sizes(config, longest, machine, train, t.search * machine.workers)

    needed = (epochs or PLENTY) * sizes().typical / last
    needed = min(1.0, needed if epochs else max(0.5, needed))
    t = replace(t.with_final(needed * t.final), by_clock=epochs is None)
    found = sizes()  # again, as a longer search may have room for small networks
    return t, found, epochs or max(1, round(needed * last / found.typical))


def _epochs(last: float) -> float:
    """Epochs that the largest network can have in the last training. Too few cost accuracy, and so do networks that are
    too narrow for the sake of more; so of eight times as much time epochs get twice as much, and size four times.

    last: units of work for each image that the last training has time for, in all epochs together.
    """
    return min(FILLED * PLENTY, FINAL_EPOCHS * math.cbrt(last / FINAL_WORK))


def _again(config: RunConfig, trainings: int) -> tuple[int, int]:
    """Leaders, and how often each is scored again, if there is time for so many trainings in all."""
    given = config.model_fields_set
    rescorings = config.rescorings if "rescorings" in given else max(AGAIN, math.isqrt(trainings))
    leaders = config.leaders if "leaders" in given else max(1, min(4, trainings // rescorings))
    return leaders, config.rescorings if "rescorings" in given else max(1, min(4, trainings // leaders))


@dataclass(frozen=True)
class _Sizes:
    """Work that networks may have, see `RunConfig`, and what births have: the first ones and in the end."""

    small: int | None
    largest: int
    fill: bool
    first: float
    typical: float


def _sizes(config: RunConfig, longest: float, machine: Machine, train: int, search: float) -> _Sizes:
    """longest: work that there is time for in the last training. search: seconds of all workers together."""
    largest = config.max_work or rounded(max(SMALLEST, longest))
    if small := config.small_work or _small(config, largest, machine, train, search):
        largest = config.max_work or min(largest, round(GROWTH[1] * small))
    if small and small >= largest:  # no time for any that are larger
        small = None
    # Where usual networks would take much of the time, all are as large as it allows; else they are of any size.
    fill = bool(small) or largest < GROWTH[1] * machine.usual
    fill = config.fill if "fill" in config.model_fields_set else fill and config.heeds("fill")
    typical = FILLED * largest if fill else min(machine.usual, TYPICAL_SHARE * largest)
    return _Sizes(small, largest, fill, FILLED * small if small else typical, typical)


def _small(config: RunConfig, largest: int, machine: Machine, train: int, search: float) -> int | None:
    """Work that networks may have at the beginning, if the search is to begin with small ones: where the time of a
    brief training goes to training, and not to making it ready, and there is room for many of them, of which the best
    are known in time, and then for some large ones."""
    given = config.model_fields_set
    if not config.heeds("small_births") or not strategy_class(config.strategy).takes_updates:
        return None
    if "fill" in given and not config.fill:
        return None
    most = config.evaluations or math.inf
    many = _many(machine)
    if "generations" in given or most < 1.5 * many:
        return None
    small = rounded(min(largest / GROWTH[0], machine.usual))
    seconds, large_seconds = (
        3 * FILLED * work * _enough(train) / machine.rate + machine.start
        for work in (small, min(largest, GROWTH[1] * small))
    )
    fits = many * seconds < SMALL_SHARE * search and FEW_LARGE * large_seconds < (1 - SMALL_SHARE) * search
    return small if fits and seconds > 2 * machine.start else None


def _many(machine: Machine) -> int:
    """Small births that pay, and of which half are told when the last one is asked for."""
    return max(MANY, 2 * LOOK_AHEAD * machine.workers)


@dataclass(frozen=True)
class _Births:
    """wanted: as many as there should be. fewest: as many as several rungs must leave time for, and as there are if
    time is too short for enough images. each: seconds that one may take, with its share of promotions."""

    wanted: int
    fewest: int
    each: float


def _rungs(
    config: RunConfig, births: _Births, start: float, speed: float, most: float, train: int
) -> tuple[Budget, ...]:
    """Up to three budgets with the same images and ever more epochs, so that what pays only when images are seen often,
    such as augmentation, pays on the highest rung, too. The lowest is long enough to tell networks apart, if that can
    be had at all: rather fewer births than such a budget that ranks them by chance.

    speed: images a second. most: images x epochs of the highest rung.
    """
    each, one_in, enough = births.each, config.promote_one_in, _enough(train)
    if config.images or config.epochs:
        epochs = config.epochs or 1
        return (Budget(min(train, config.images or _images((each - start) * speed / epochs)), epochs),)
    seen, steps = (births.wanted * each / births.fewest - start) * speed, [1]
    for count in range(MOST_RUNGS if strategy_class(config.strategy).takes_updates else 1, 0, -1):
        growing = [one_in**place for place in range(count)]
        starts = sum(start / step for step in growing)
        fits = count == 1 or growing[-1] * enough <= most
        if fits and births.wanted * each >= births.fewest * (count * enough / speed + starts):
            seen, steps = max(enough, min((each - starts) * speed / count, most / growing[-1])), growing
            break
    images = _images(seen)
    repeats = max(1, min(MOST_EPOCHS // steps[-1], round(images / train)))
    return tuple(Budget(min(train, images), step * repeats) for step in steps)


def _enough(train: int) -> int:
    """Images that a training must see to tell networks apart."""
    return min(ENOUGH, 10 * train)


def _images(wanted: float) -> int:
    return max(FEWEST_IMAGES, rounded(wanted))
