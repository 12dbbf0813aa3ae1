"""What is chosen for a search, however it was worked out, and the plan that it makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evolve.config import RunConfig
from evolve.planning.plan import Machine, Plan, Stages
from evolve.search.racing import REBORN
from evolve.values import Budget

FEWEST_STARTS, MOST_STARTS = 3, 8  # of a race
FEWEST_NEWCOMERS = 4  # that breeding pays for
MOST_AGAIN = 3  # times that a leader is scored again
LOOK_AHEAD = 2  # times the workers: enough to keep them busy, and as much as possible is known at each birth


@dataclass(frozen=True)
class Chosen:
    """stages: how long they are. starts: networks that a race begins with. newcomers: births after it. rungs: budgets;
    the first one is that of births. twins: budgets of these. largest: work for an image of the largest network; fill:
    whether all are made as wide as that allows. rescorings: of each of the leaders. rescoring_images,
    rescoring_epochs: of each of these, None for those of the trainings before. final_epochs: of the last training."""

    stages: Stages
    starts: int
    newcomers: int
    rungs: tuple[Budget, ...]
    twins: tuple[Budget, ...]
    largest: int
    fill: bool
    rescorings: int
    rescoring_images: int | None
    rescoring_epochs: int | None
    final_epochs: int

    def plan(self, config: RunConfig, machine: Machine) -> Plan:
        """The plan. What the user has set stays as it is."""
        given = config.model_fields_set
        settings: dict[str, Any] = {
            "population": max(8, min(32, self.starts + self.newcomers // 2)),
            "max_founders": self.starts,
            "challengers": self.starts,
            "newcomers": self.newcomers,
            "twins": list(map(str, self.twins)),
            "look_ahead": LOOK_AHEAD * machine.workers,
            "rungs": list(map(str, self.rungs)),
            "promote_one_in": config.promote_one_in,
            "max_work": self.largest,
            "fill": self.fill,
            "max_multiply_adds": self.largest,  # `max_work` is the limit, not what is usual for multiply-adds
            "leaders": leaders(config),
            "rescorings": self.rescorings,
            "rescoring_images": self.rescoring_images,
            "rescoring_epochs": self.rescoring_epochs,
            "final_epochs": self.final_epochs,
            "evaluations": self.starts + max(REBORN, min(self.starts, leaders(config))) + self.newcomers,
        }
        limited = {"rungs", "rescoring_images", "rescoring_epochs"}  # what was given is in them, as far as it goes
        kept = ((settings.keys() - limited) | {"small_births", "small_work"}) & given
        return Plan({**settings, **{name: getattr(config, name) for name in kept}}, self.stages, machine)


def newcomers_wanted(config: RunConfig) -> int | None:
    """How many newcomers the user wants at most; None if that was not said."""
    return config.newcomers if "newcomers" in config.model_fields_set else None


def leaders(config: RunConfig) -> int:
    """How many are scored again."""
    return config.leaders if "leaders" in config.model_fields_set else max(2, config.ensemble or 0)
