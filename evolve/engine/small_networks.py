"""What is settled for a run whose user wants small networks: what it begins with, and how wide that is."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import replace
from typing import Any

from evolve.config import RunConfig
from evolve.objectives import COSTS, MEASURED, Objectives
from genomes import Genome, InvalidGenome
from genomes.genome import NetworkSpace

SMALL = "small-portfolio"  # small founders and usual ones, in turn
USUAL_SPEED = 2e10  # multiply-adds a second of one core, of networks in files; see `benchmarks/sizes.py`
LIMITS = ("max_parameters", "max_multiply_adds", "max_activations", "max_size")


def for_small_networks(config: RunConfig, space: NetworkSpace[Genome]) -> dict[str, Any]:
    """Settings, where the user has not said them, of a run that looks for small networks: one that has what they cost
    as an objective, or a limit that most of the usual founders are beyond (of times, by a usual core); nothing for
    another one. Such a run begins with small founders, too. Where limits are all that it has, and all of them can be
    computed, it makes networks as wide as these allow: of two of a kind the wider one ends better. Else what is small
    stays small."""
    if SMALL not in space.founder_groups or not (_costs_count(config) or _is_tight(config, space)):
        return {}
    fill = not _costs_count(config) and config.max_latency is None
    settings = {"founders": (SMALL,), "fill": fill}
    return {name: value for name, value in settings.items() if name not in config.model_fields_set}


def _costs_count(config: RunConfig) -> bool:
    return any(one.name in {**COSTS, **MEASURED} for one in Objectives.of(config.model_dump()).each)


def _is_tight(config: RunConfig, space: NetworkSpace[Genome]) -> bool:
    """Whether most of the usual founders, as they are, are beyond a limit that the user has set."""
    given = {name: getattr(config, name) for name in LIMITS if name in config.model_fields_set}
    if config.max_latency is not None:
        in_time = int(config.max_latency * USUAL_SPEED)
        given["max_multiply_adds"] = min(in_time, given.get("max_multiply_adds") or in_time)
    if not given:
        return False
    limits = replace(space.limits, max_parameters=sys.maxsize, max_multiply_adds=sys.maxsize, max_work=None)
    free = space.with_limits(replace(limits, max_activations=None, max_size=None))
    limited = space.with_limits(replace(limits, **given))
    usual = list[Genome]()
    for name in next(iter(space.founder_groups.values())):
        with suppress(InvalidGenome):  # of no use here at any size
            genome = free.clamp(free.parse(free.founders[name])).genome
            free.blueprint(genome)
            usual.append(genome)
    return 2 * sum(_is_beyond(limited, genome) for genome in usual) > len(usual)


def _is_beyond(space: NetworkSpace[Genome], genome: Genome) -> bool:
    try:
        space.blueprint(genome)
    except InvalidGenome:
        return True
    return False
