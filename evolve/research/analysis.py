"""What the trials of an experiment show: the values; `evolve.reporting` draws them.

All scores and differences are such that higher is better; `Analysis.objective` turns them back to what was measured.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import fmean
from typing import TypeVar

from evolve.errors import RunError
from evolve.objectives import MEASURES, SCORE, Direction, Objective, read_objective
from evolve.research.budget_curves import BudgetCurve, TimeToTarget, budget_curve, time_to_target, truth_known
from evolve.research.contrasts import Contrast, Pair, Scores, common_ranks, contrasts, rounded
from evolve.research.statistics import Interval, Ranks, deviation, fewest_pairs, mean, t_interval
from evolve.research.trials import Trial
from evolve.research.usable_trials import usable

Value = TypeVar("Value")


@dataclass(frozen=True)
class Mean:
    """The mean of scores, with its 95 % interval and their standard deviation, which a single one does not have."""

    count: int
    mean: float
    deviation: float | None
    interval: Interval | None
    low: float
    high: float


@dataclass(frozen=True)
class WinnersCurse:
    """What was left of winners' scores, over the trials that know all three: that by which they were selected, their
    mean with fresh seeds, and on the test part after the last training. rescored is None where nothing is scored again.

    change: from selected to rescored, with its interval; from selected to test where nothing is scored again.
    """

    trials: int
    selected: float
    rescored: float | None
    test: float
    change: Mean


@dataclass(frozen=True)
class Arm:
    """An arm. trials: those that have a score. failed: the others. alone: which network was trained for all of the
    budget, or looked up in a table, where nothing was searched."""

    name: str
    alone: str | None
    trials: tuple[Trial, ...]
    failed: tuple[Trial, ...]
    scores: Mapping[str, Mean]  # by data set
    winners_curse: WinnersCurse | None

    @property
    def openings(self) -> tuple[int | None, ...]:
        """How often each trial opened the test part; None where that is not on record."""
        return tuple(trial.openings for trial in self.trials)

    @property
    def tried(self) -> tuple[Trial, ...]:
        """All trials, failed ones, too."""
        return self.trials + self.failed

    @property
    def alike(self) -> bool:
        """Whether all seeds came to the same score on each data set, with two of them at least on each."""
        return bool(self.scores) and all(mean.count > 1 and mean.low == mean.high for mean in self.scores.values())

    def work(self, dataset: str) -> float | None:
        """Mean units of work of its trials on a data set; None if not all say it."""
        known = [trial.work for trial in self.trials if trial.dataset == dataset]
        said = [work for work in known if work is not None]
        return fmean(said) if said and len(said) == len(known) else None


@dataclass(frozen=True)
class Analysis:
    """What an experiment shows.

    default: the arm that the others are compared with. target: a score, in fitness. point: what a point, or one per
    cent, is in scores; None where they are no accuracies. effect: the difference that is asked for: half a point, else
    a hundredth of the default arm's mean; None if that is 0.
    fewest: pairs below which no difference, however large, can be claimed as the first one.
    ranks: of all arms over the pairs that all of them have tried; None for fewer than three arms or two pairs.
    curves, targets: by data set and arm. timed: arms whose budget is a time of this machine. tables: whether trials are
    on tables, where a time is one that was recorded.
    """

    default: str
    objective: Objective
    trials: tuple[Trial, ...]
    arms: tuple[Arm, ...]
    datasets: tuple[str, ...]
    seeds: tuple[int, ...]
    point: float | None
    effect: float | None
    fewest: int
    contrasts: tuple[Contrast, ...]
    ranks: Ranks | None
    curves: Mapping[str, Mapping[str, BudgetCurve]]
    timed: tuple[str, ...]
    tables: bool = False
    target: float | None = None
    targets: Mapping[str, Mapping[str, TimeToTarget]] = field(default_factory=dict)

    @property
    def failed(self) -> list[Trial]:
        return [trial for trial in self.trials if not trial.ok]

    @property
    def disturbed(self) -> list[Trial]:
        """Trials that might have come to more if others had taken less of the machine."""
        return [trial for trial in self.trials if trial.disturbed and trial.arm in self.timed]

    @property
    def unit(self) -> str:
        """What budgets and curves are counted in."""
        return next((trial.unit for trial in self.trials if trial.curve), self.trials[0].unit)

    @property
    def published(self) -> bool:
        """Whether trials are on tables of published scores, each of which is somebody's test score."""
        return self.tables and self.objective.name == SCORE

    @property
    def left(self) -> int:
        """Comparisons that Holm's correction has left after all clear steps: as many its next step is for."""
        return sum(one.overall is None or not one.overall.clear for one in self.contrasts)

    @cached_property
    def by_name(self) -> dict[str, Arm]:
        return {arm.name: arm for arm in self.arms}


def analyse(
    trials: Sequence[Trial],
    default: str,
    target: float | None = None,
    alone: Mapping[str, str] | None = None,
    timed: Collection[str] = (),
    tables: bool = False,
) -> Analysis:
    """What trials show. Of trials of the same data set, arm and seed the last one counts.

    default: the arm that the others are compared with. target: a score as it is measured, so a loss as a loss.
    alone: which network each arm that does not search trains. timed: arms whose budget is a time though that of others
    is not, as outside programs have it; where curves are in seconds, all are. tables: whether trials are on tables,
    where no arm is timed. Raises RunError if there is no trial of the default arm, or if scores are of different
    measures.
    """
    known = tuple({trial.key: usable(trial) for trial in trials}.values())
    if not any(trial.arm == default for trial in known):
        raise RunError(f"there is no trial of '{default}', the arm that the others are compared with")
    objective, datasets = _objective(known), tuple(dict.fromkeys(trial.dataset for trial in known))
    names = dict.fromkeys([default, *(trial.arm for trial in known)])
    arms = tuple(_arm(name, [trial for trial in known if trial.arm == name], alone or {}) for name in names)
    point = _point(objective, [_test(trial) for trial in known if trial.ok])
    effect, scores, asked = _effect(arms[0], point), {arm.name: _scores(arm) for arm in arms}, _asked(known)
    goal, by_truth = None if target is None else objective.fitness(target), truth_known(known)
    return Analysis(
        default=default,
        objective=objective,
        trials=known,
        arms=arms,
        datasets=datasets,
        seeds=tuple(sorted({trial.seed for trial in known})),
        point=point,
        effect=effect,
        fewest=fewest_pairs(max(1, len(arms) - 1)),
        contrasts=contrasts(scores, asked, effect, _test_images(known) if point else None),
        ranks=common_ranks(scores, asked),
        curves=_by_dataset(arms, datasets, budget_curve),
        timed=() if tables else _timed(names, timed, known),
        tables=tables,
        target=goal,
        targets={} if goal is None else _by_dataset(arms, datasets, lambda on: time_to_target(on, goal, by_truth)),
    )


def _test_images(trials: Iterable[Trial]) -> dict[str, int]:
    """Images of the test part by data set, where that is known."""
    return {trial.dataset: trial.images for trial in trials if trial.images}


def _timed(names: Iterable[str], timed: Collection[str], trials: Iterable[Trial]) -> tuple[str, ...]:
    """Arms whose budget is a time."""
    all_of_them = any(trial.unit == "seconds" for trial in trials)
    return tuple(name for name in names if all_of_them or name in timed)


def _by_dataset(
    arms: Iterable[Arm], datasets: Iterable[str], of: Callable[[Sequence[Trial]], Value | None]
) -> dict[str, dict[str, Value]]:
    """A value by data set and arm, of those that have one."""
    found: dict[str, dict[str, Value]] = {name: {} for name in datasets}
    for name in found:
        for arm in arms:
            value = of([trial for trial in arm.tried if trial.dataset == name])
            if value is not None:
                found[name][arm.name] = value
    return found


def _objective(trials: Iterable[Trial]) -> Objective:
    measures = sorted({trial.measure for trial in trials if trial.ok}) or ["accuracy"]
    if len(measures) > 1:
        raise RunError(f"trials of one experiment need one measure, not {' and '.join(measures)}")
    try:
        return read_objective(measures[0])
    except ValueError:  # one that only its own settings know the direction of
        return Objective(measures[0], Direction.MAXIMISE)


def _point(objective: Objective, scores: Sequence[float]) -> float | None:
    """What one point is: tables hold shares or per cents."""
    if objective.direction is Direction.MINIMISE or objective.name not in (*MEASURES, SCORE) or not scores:
        return None
    if min(scores) < 0 or max(scores) > 100:
        return None
    return 0.01 if max(scores) <= 1 else 1.0


def _effect(default: Arm, point: float | None) -> float | None:
    """The difference that is asked for."""
    if point is not None:
        return point / 2
    scores = [_test(trial) for trial in default.trials]
    return abs(fmean(scores)) / 100 or None if scores else None


def _test(trial: Trial) -> float:
    assert trial.test is not None
    return trial.test


def _scores(arm: Arm) -> Scores:
    return {(trial.dataset, trial.seed): _test(trial) for trial in arm.trials}


def _asked(trials: Iterable[Trial]) -> dict[str, set[Pair]]:
    """The pairs that each arm has a trial of, failed ones, too."""
    found: dict[str, set[Pair]] = {}
    for trial in trials:
        found.setdefault(trial.arm, set()).add((trial.dataset, trial.seed))
    return found


def mean_of(values: Sequence[float]) -> Mean:
    """The mean of one value or more."""
    spread = deviation(values) if len(values) > 1 else None
    return Mean(len(values), mean(values), spread, t_interval(values), min(values), max(values))


def _arm(name: str, trials: Sequence[Trial], alone: Mapping[str, str]) -> Arm:
    good = tuple(trial for trial in trials if trial.ok)
    scores: dict[str, list[float]] = {}
    for trial in good:
        scores.setdefault(trial.dataset, []).append(_test(trial))
    return Arm(
        name=name,
        alone=alone.get(name),
        trials=good,
        failed=tuple(trial for trial in trials if not trial.ok),
        scores={dataset: mean_of(values) for dataset, values in scores.items()},
        winners_curse=_winners_curse(good),
    )


def _winners_curse(trials: Sequence[Trial]) -> WinnersCurse | None:
    """What was left of the winners' scores; None where no trial says by which its winner was selected."""
    known = [(one.selected, one.rescored, _test(one)) for one in trials if one.selected is not None]
    again = [(selected, rescored, test) for selected, rescored, test in known if rescored is not None]
    if not known:
        return None
    selected, test = zip(*((first, last) for first, _, last in again or known), strict=True)
    rescored = [middle for _, middle, _ in again]
    later = rescored or test
    change = mean_of([rounded(after - before) for before, after in zip(selected, later, strict=True)])
    return WinnersCurse(len(selected), fmean(selected), fmean(rescored) if rescored else None, fmean(test), change)
