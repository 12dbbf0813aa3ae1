"""Arms against the default one, over pairs: the same data set and seed."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from evolve.research.statistics import (
    Comparison,
    Interval,
    Ranks,
    compare,
    pairs_to_claim,
    ranks,
    t_interval,
    typical,
)

TINY = 12  # decimals behind which differences are rounding
FEW_DATASETS = 3  # from which on data sets have an interval of their own
Pair = tuple[str, int]  # data set and seed
Scores = Mapping[Pair, float]


@dataclass(frozen=True)
class Contrast:
    """An arm against the default one, over pairs: the same data set and seed.

    overall: over all pairs; None if there is none. by_dataset: on each data set, where there are several; adjusted
    together, apart from those over all. datasets: 95 % interval of the mean over data sets, each of which counts once;
    None for fewer than three. favours: 1 if the signed ranks speak for the arm, -1 for the default one, 0 for none.
    seeds: how many in all, about, would show the difference that `Analysis.effect` names, if it is there; None if that
    is not known. differences: per pair, arm less default.
    missing: pairs that lack a score of one of the two, and do not count.
    """

    arm: str
    overall: Comparison | None
    by_dataset: Mapping[str, Comparison]
    datasets: Interval | None
    favours: int
    seeds: int | None
    differences: Mapping[Pair, float]
    missing: tuple[Pair, ...]

    @property
    def clear(self) -> bool:
        """Whether there is evidence of a difference."""
        return self.overall is not None and self.overall.clear

    @property
    def split(self) -> bool:
        """Whether ranks and mean speak for different arms: a few large differences against many small ones."""
        return self.clear and self.overall is not None and self.favours * self.overall.mean <= 0


def contrasts(
    scores: Mapping[str, Scores], asked: Mapping[str, Collection[Pair]], effect: float | None
) -> tuple[Contrast, ...]:
    """Each arm but the first against it. Those over all pairs are adjusted together, those on each data set, too.

    scores: by arm. asked: which pairs each arm has tried. effect: the difference to show, see `Contrast.seeds`.
    """
    default, *others = scores
    differences = {arm: _differences(scores[arm], scores[default]) for arm in others}
    overall = compare({arm: list(of.values()) for arm, of in differences.items() if of})
    parts = {(arm, name): values for arm, of in differences.items() for name, values in _by_dataset(of).items()}
    single = compare(parts) if len({name for _, name in parts}) > 1 else {}
    return tuple(
        Contrast(
            arm=arm,
            overall=overall.get(arm),
            by_dataset={name: found for (of, name), found in single.items() if of == arm},
            datasets=_over_datasets(differences[arm]),
            favours=_favours(differences[arm]),
            seeds=_seeds(differences[arm], effect, len(others)),
            differences=differences[arm],
            missing=tuple(sorted({*asked[arm], *asked[default]} - differences[arm].keys())),
        )
        for arm in others
    )


def common_ranks(scores: Mapping[str, Scores]) -> Ranks | None:
    """Ranks of the arms that have a score, over the pairs that all of these have; None for fewer than three arms or two
    pairs."""
    known = {arm: of for arm, of in scores.items() if of}
    common = sorted(set.intersection(*map(set, known.values()))) if known else []
    if len(known) < 3 or len(common) < 2:
        return None
    return ranks({arm: [rounded(of[pair]) for pair in common] for arm, of in known.items()})


def rounded(value: float) -> float:
    """A difference of scores without what comes from rounding alone, so that equal ones are equal."""
    return round(value, TINY)


def _differences(scores: Scores, default: Scores) -> dict[Pair, float]:
    """Of pairs that have both, in order."""
    return {pair: rounded(scores[pair] - default[pair]) for pair in sorted(scores.keys() & default.keys())}


def _by_dataset(differences: Scores) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for (dataset, _), value in differences.items():
        found.setdefault(dataset, []).append(value)
    return found


def _over_datasets(differences: Scores) -> Interval | None:
    means = [fmean(values) for values in _by_dataset(differences).values()]
    return t_interval(means) if len(means) >= FEW_DATASETS else None


def _favours(differences: Scores) -> int:
    return int(np.sign(typical(list(differences.values())))) if differences else 0


def _seeds(differences: Scores, effect: float | None, comparisons: int) -> int | None:
    """On as many data sets as there are."""
    values: Sequence[float] = list(differences.values())
    pairs = pairs_to_claim(effect, values, comparisons) if effect is not None and any(values) else None
    return None if pairs is None else math.ceil(pairs / len(_by_dataset(differences)))
