"""How long a run by counts takes, from what a machine does in a second."""

from __future__ import annotations

from evolve.config import RunConfig
from evolve.planning.plan import Machine, Stages
from evolve.problems.images import LONG, ImageProblem
from evolve.search.newcomers import TRAINED_LONGER
from evolve.values import Budget, Purpose


def estimate(config: RunConfig, problem: ImageProblem, machine: Machine, work: float) -> Stages:
    """Seconds of its stages, about. work: units for an image, of its networks."""
    assert config.limit is not None
    steps = 3 * work / machine.rate  # seconds an image

    def seconds(budget: Budget) -> float:
        return steps * budget.size + machine.start

    birth = sum(seconds(rung) / config.promote_one_in**place for place, rung in enumerate(problem.rungs))
    with_first = 1 < config.leaders < config.limit  # the favourite is, if newcomers lead
    leaders = min(config.limit, config.leaders) + with_first if config.limit > 1 else 0
    again = leaders * config.rescorings
    longer = min(config.limit, config.challengers) + TRAINED_LONGER if config.limit > 1 else 0
    last = problem.budget(Purpose.FINAL).size
    together = machine.workers * machine.together if 3 * work * last > LONG and not problem.gpu else 1.0
    return Stages(
        search=(config.limit * birth + longer * seconds(problem.budget(Purpose.CHALLENGE)))
        / min(machine.workers, config.limit),
        rescoring=again * seconds(problem.budget(Purpose.RESCORE)) / max(1, min(machine.workers, again)),
        final=steps * last / max(1.0, together) + machine.start,
    )
