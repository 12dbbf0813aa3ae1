"""Arms against the default one, over pairs: the same data set and seed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from evolve.research.statistics import (
    LEVEL,
    Comparison,
    Interval,
    Ranks,
    compare,
    holm,
    pairs_to_claim,
    pooled_intervals,
    ranks,
    signed_rank,
    t_interval,
    typical,
)

TINY = 12  # decimals behind which differences are rounding
FEW_DATASETS = 3  # from which on data sets have an interval of their own
Pair = tuple[str, int]  # data set and seed
Scores = Mapping[Pair, float]


@dataclass(frozen=True)
class Failures:
    """What two arms come to if each failure counts as a loss of the arm that failed, larger than any that was measured.

    p: of the signed-rank test, after Holm's correction. favours: as of a contrast.
    """

    p: float
    favours: int


@dataclass(frozen=True)
class Contrast:
    """An arm against the default one, over pairs: the same data set and seed.

    overall: over all pairs; None if there is none. by_dataset: on each data set, where there are several; adjusted
    together, apart from those over all. pooled: 95 % intervals of the mean difference on each data set, by the
    deviation between seeds of all data sets together, or by the images of its test part, whichever is wider. datasets:
    95 % interval of the mean over data sets, each of which counts once; None for fewer than three. favours: 1 if the
    signed ranks speak for the arm, -1 for the default one, 0 for none. seeds: how many in all, about, would show the
    difference that `Analysis.effect` names, if it is there; None if that
    is not known. seeds_as_seen: the same for a difference as large as the mean is here.
    differences: per pair, arm less default.
    missing: pairs that lack a score of one of the two, and do not count. failures: None if no trial of the two failed.
    """

    arm: str
    overall: Comparison | None
    by_dataset: Mapping[str, Comparison]
    pooled: Mapping[str, Interval]
    datasets: Interval | None
    favours: int
    seeds: int | None
    differences: Mapping[Pair, float]
    missing: tuple[Pair, ...]
    failures: Failures | None = None
    seeds_as_seen: int | None = None

    @property
    def clear(self) -> bool:
        """Whether there is evidence of a difference: among pairs that have both scores, and if failures count, too."""
        return self.overall is not None and self.overall.clear and self.upheld

    @property
    def upheld(self) -> bool:
        """Whether failures leave a claim as it is: else pairs in which neither failed are a choice of lucky ones."""
        return self.failures is None or (self.failures.p <= LEVEL and self.failures.favours == self.favours)

    @property
    def split(self) -> bool:
        """Whether ranks and mean speak for different arms: a few large differences against many small ones."""
        return self.clear and self.overall is not None and self.favours * self.overall.mean < 0


def contrasts(
    scores: Mapping[str, Scores],
    asked: Mapping[str, Set[Pair]],
    effect: float | None,
    images: Mapping[str, int] | None = None,
) -> tuple[Contrast, ...]:
    """Each arm but the first against it. Those over all pairs are adjusted together, those on each data set, too.

    scores: by arm. asked: which pairs each arm has tried; a failed one has no score. effect: the difference to show,
    see `Contrast.seeds`. images: by data set, that scores are shares of.
    """
    default, *others = scores
    differences = {arm: _differences(scores[arm], scores[default]) for arm in others}
    overall = compare({arm: list(of.values()) for arm, of in differences.items()})
    datasets = sorted({dataset for pairs in asked.values() for dataset, _ in pairs})
    parts = {(arm, name): _by_dataset(of).get(name, []) for arm, of in differences.items() for name in datasets}
    single = compare(parts) if len(datasets) > 1 else {}
    failures = _failures(scores, asked, differences)
    return tuple(
        Contrast(
            arm=arm,
            overall=overall.get(arm),
            by_dataset={name: found for (of, name), found in single.items() if of == arm},
            pooled=_pooled(differences[arm], scores[arm], scores[default], images or {}),
            datasets=_over_datasets(differences[arm]),
            favours=_favours(differences[arm]),
            seeds=_seeds(differences[arm], effect, len(others)),
            differences=differences[arm],
            missing=tuple(sorted({*asked[arm], *asked[default]} - differences[arm].keys())),
            failures=failures.get(arm),
            seeds_as_seen=_seeds(differences[arm], _size(differences[arm]), len(others)),
        )
        for arm in others
    )


def common_ranks(scores: Mapping[str, Scores], asked: Mapping[str, Set[Pair]]) -> Ranks | None:
    """Ranks of the arms that have a score, over the pairs that all of these have tried; one that failed is the last.
    None for fewer than three arms or two pairs."""
    known = {arm: of for arm, of in scores.items() if of}
    common = sorted(set.intersection(*(set(asked[arm]) for arm in known))) if known else []
    if len(known) < 3 or len(common) < 2:
        return None
    return ranks({arm: [rounded(of.get(pair, -math.inf)) for pair in common] for arm, of in known.items()})


def rounded(value: float) -> float:
    """A difference of scores without what comes from rounding alone, so that equal ones are equal."""
    return round(value, TINY)


def _differences(scores: Scores, default: Scores) -> dict[Pair, float]:
    """Of pairs that have both, in order."""
    return {pair: rounded(scores[pair] - default[pair]) for pair in sorted(scores.keys() & default.keys())}


def _failures(
    scores: Mapping[str, Scores], asked: Mapping[str, Set[Pair]], differences: Mapping[str, Scores]
) -> dict[str, Failures]:
    """Of each arm that has failed, or whose default arm has."""
    default = next(iter(scores))
    failed = {arm for arm in scores if asked[arm] - scores[arm].keys()}
    if not failed:
        return {}
    counted = {arm: _with_failures(of, scores, asked, arm, default) for arm, of in differences.items()}
    adjusted = holm([signed_rank(list(of.values())) for of in counted.values()])
    return {
        arm: Failures(p, _favours(counted[arm]))
        for arm, p in zip(counted, adjusted, strict=True)
        if failed & {arm, default}
    }


def _with_failures(
    differences: Scores, scores: Mapping[str, Scores], asked: Mapping[str, Set[Pair]], arm: str, default: str
) -> dict[Pair, float]:
    """Differences of all pairs that both have tried, a failure as the largest of all losses; none where both failed."""
    worst = 1.0 + 2.0 * max(map(abs, differences.values()), default=0.0)
    return {
        pair: differences.get(pair, worst * ((pair in scores[arm]) - (pair in scores[default])))
        for pair in sorted(asked[arm] & asked[default])
    }


def _by_dataset(differences: Scores) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for (dataset, _), value in differences.items():
        found.setdefault(dataset, []).append(value)
    return found


def _pooled(differences: Scores, ours: Scores, theirs: Scores, images: Mapping[str, int]) -> dict[str, Interval]:
    """Intervals on each data set where there are several. Of images the error is that of two networks that make their
    mistakes independently, which is no less than that of pairs."""
    parts = _by_dataset(differences)
    if len(parts) < 2:
        return {}
    least = {}
    for name in parts.keys() & images.keys():
        shares = [fmean(of[pair] for pair in differences if pair[0] == name) for of in (ours, theirs)]
        least[name] = math.sqrt(sum(share * (1 - share) for share in shares) / images[name])
    return pooled_intervals(parts, least)


def _over_datasets(differences: Scores) -> Interval | None:
    means = [fmean(values) for values in _by_dataset(differences).values()]
    return t_interval(means) if len(means) >= FEW_DATASETS else None


def _favours(differences: Scores) -> int:
    return int(np.sign(typical(list(differences.values()))))


def _size(differences: Scores) -> float | None:
    """How large the mean difference is; None if there is none."""
    return abs(fmean(differences.values())) or None if differences else None


def _seeds(differences: Scores, effect: float | None, comparisons: int) -> int | None:
    """On as many data sets as there are."""
    values: Sequence[float] = list(differences.values())
    pairs = pairs_to_claim(effect, values, comparisons) if effect is not None and any(values) else None
    return None if pairs is None else math.ceil(pairs / len(_by_dataset(differences)))
