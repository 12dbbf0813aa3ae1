"""From units of work to a plan: that of a nominal machine, so that it is the same on every machine.

Units and images decide all of it, and the founders; no machine is measured, and no clock ends anything.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from evolve.config import RunConfig
from evolve.errors import ConfigError
from evolve.planning.plan import FIXED, Machine, Plan, rounded, units
from evolve.planning.race_sizing import FEWEST_IMAGES
from evolve.planning.sizing import SMALLEST, make_plan, plan_of_one, shortest
from evolve.problems.work import START_COST, training_work
from evolve.values import Budget

RATE = 2e10  # units of work a second of a usual core
# Two of them; a last training that has all cores takes as many units as one that has one.
NOMINAL = Machine(rate=RATE, start=START_COST / RATE, workers=2, usual=0, together=1.0)
LEAST_REST = 0.4  # of all units, at the most for scoring leaders again, and one more training
LEAST_SEARCH = 0.5  # of its share, that the search has if units are needed to score large networks again
BUDGETS = ("rungs", "images", "epochs")  # how long trainings of the search are
LENGTHS = (
    *BUDGETS,
    "leaders",
    "rescorings",
    "rescoring_images",
    "rescoring_epochs",
    "max_work",
)  # what decides how much goes before the last training


def check_work(config: RunConfig) -> None:
    """Raises ConfigError for units of work where nothing could be counted, or something else is to end the run."""
    if config.work is None:
        return
    work = config.spelled("work")
    for name in ("duration", "generations", "evaluations"):
        if getattr(config, name) is not None:
            both = f"{work} and {config.spelled(name)}"
            raise ConfigError(f"{both} do not go together: each says when a run ends; give one of them")
    if config.table is not None:
        raise ConfigError(
            f"{work} means nothing for a table, where nothing is trained; use {config.assigned('evaluations', 200)}"
        )
    if config.fitness is not None:
        raise ConfigError(
            f"{work} does not go with a fitness function: what it trains cannot be foreseen; use "
            f"{config.spelled('evaluations')}, {config.spelled('generations')} or {config.spelled('duration')}"
        )


def with_fixed(config: RunConfig) -> RunConfig:
    """The settings with what would else depend on the machine, where the budget is work."""
    return config.model_copy(update={name: value for name, value in FIXED.items() if getattr(config, name) is None})


def plan_for_work(config: RunConfig, usual: int, train: int, images: int, begin: int | None = None) -> Plan:
    """The plan of a search for `config.work` units; of one network, if they are too few. See `make_plan`.

    usual: median work of the first networks. begin: as for `make_plan`.
    """
    assert config.work is not None
    machine = replace(NOMINAL, usual=usual)
    seconds = config.work / (machine.rate * machine.workers)
    if seconds < shortest(machine):
        return one_for_work(config, train, images, shortest(machine) * machine.rate * machine.workers)
    return _within(config, _of_work(config, make_plan(config, seconds, machine, train, images, begin)))


def one_for_work(config: RunConfig, train: int, images: int, search: float) -> Plan:
    """The plan of one network for `config.work` units, all of them for its training. search: units that one takes."""
    assert config.work is not None
    alone = replace(NOMINAL, workers=1)
    made = plan_of_one(config, config.work / alone.rate, alone, train, images + FEWEST_IMAGES)  # those of its score
    return replace(_of_work(config, made), left=config.work, search=search)


def _of_work(config: RunConfig, made: Plan) -> Plan:
    """A plan in units instead of seconds."""
    assert config.work is not None and made.seconds is not None
    settings = {**made.settings, **{name: getattr(config, name) for name in sorted(FIXED)}}
    return Plan(settings, work=made.seconds.scaled(config.work))


def _within(config: RunConfig, plan: Plan) -> Plan:
    """The plan, with networks so small, and a search so short, that units are left to score leaders again."""
    assert plan.work is not None
    s, work = dict(plan.settings), plan.work
    if "max_work" not in config.model_fields_set:
        each = LEAST_REST * work.total / (1 + _again(s))
        longest = max(_longest_budget(s), _budget_again(s))
        room = rounded(max(1.0, (each - START_COST) / 3 / longest.size))
        s["max_work"] = min(s["max_work"], max(SMALLEST, room))
    most = work.total - _longest(s) - _scoring_again(s)
    search = min(work.search, max(LEAST_SEARCH * work.search, most))
    work = work.with_final(work.final + work.search - search)
    return replace(plan, settings=s, work=work)


def _again(settings: Mapping[str, Any]) -> int:
    """Trainings in which leaders are scored again; beside several of them the favourite may be, too."""
    leaders: int = settings["leaders"] + (settings["leaders"] > 1)
    return leaders * int(settings["rescorings"])


def _longest(settings: Mapping[str, Any]) -> float:
    """Units of the longest training of the search."""
    return training_work(settings["max_work"], _longest_budget(settings).size)


def _scoring_again(settings: Mapping[str, Any]) -> float:
    """Units of scoring leaders again, at the most."""
    return _again(settings) * training_work(settings["max_work"], _budget_again(settings).size)


def _budget_again(settings: Mapping[str, Any]) -> Budget:
    """Of a training in which a leader is scored again."""
    return _longest_budget(settings).with_more(settings.get("rescoring_images"), settings.get("rescoring_epochs"))


def _longest_budget(settings: Mapping[str, Any]) -> Budget:
    rungs = [Budget.read(one) for one in settings["rungs"]]
    return rungs[0] if settings["evaluations"] == 1 else max(rungs[-1], rungs[0].longer)


def before_the_last(plan: Plan) -> float:
    """Units that are spent at the most before the last training: the search ends with the request that takes it over
    its share."""
    assert plan.work is not None
    s = plan.settings
    return _longest(s) if plan.of_one else plan.work.search + _longest(s) + _scoring_again(s)


def check_room(config: RunConfig, plan: Plan, images: int) -> None:
    """Raises ConfigError for too few units. images: those of the last training."""
    assert config.work is not None
    given, needed = config.assigned("work", config.work), before_the_last(plan)
    if plan.of_one and (least := needed + training_work(plan.settings["max_work"], images)) > config.work:
        raise ConfigError(
            f"{given} is too little for anything: to score one small network, train it for an epoch on {images:,} "
            f"images and test it takes that much at least: {config.assigned('work', _rounded_up(least))}"
        )
    if needed > config.work:
        chosen = [name for name in LENGTHS if name in config.model_fields_set]
        named = " and ".join(map(config.spelled, chosen))
        raise ConfigError(
            f"{given} is too little with {named}: the largest networks would take up to {units(needed)} units "
            f"before the last training; make {named} smaller, or give more units"
        )


def _rounded_up(work: float) -> float:
    """Two digits, no less than `work`."""
    step: int = 10 ** (len(str(int(work))) - 2)
    return float(math.ceil(work / step) * step)


def nominal_seconds(work: float) -> float:
    """How long so many units take on the nominal machine."""
    return work / (NOMINAL.rate * NOMINAL.workers)
