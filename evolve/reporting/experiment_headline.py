"""What an experiment shows, in sentences: for its page and for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from evolve.display.text import listed
from evolve.reporting.experiment_scores import Scores, about, in_words, p_in_words, probability, scores_of
from evolve.research.analysis import Analysis, Arm
from evolve.research.contrasts import Contrast
from evolve.research.statistics import LEVEL, Comparison, Interval, fewest_pairs, share_of

BEFOREHAND = "Such a number is for a new experiment, or has to be fixed before looking again."
ABOUT = 100  # seeds from which on their number is rounded
MANY = 4  # comparisons, from which on one sentence sums them up


class Claim(NamedTuple):
    """What is claimed in a sentence, and what belongs to it."""

    claim: str
    rest: str


def headline(analysis: Analysis) -> list[Claim]:
    """A claim for each arm beside the default one; that there is nothing to compare if there is none."""
    if not analysis.contrasts:
        return [Claim("There is one arm, so there is nothing to compare.", "")]
    claims = [_claim(analysis, contrast) for contrast in analysis.contrasts]
    return claims if len(claims) < MANY else [_summary(analysis), *claims]


def _summary(analysis: Analysis) -> Claim:
    """Many comparisons in a sentence."""
    clear = [contrast for contrast in analysis.contrasts if contrast.clear]
    sides = {
        f"ahead of {analysis.default}": [contrast.arm for contrast in clear if contrast.favours > 0],
        f"behind {analysis.default}": [contrast.arm for contrast in clear if contrast.favours < 0],
    }
    said = "; ".join(f"{side}: {listed(arms, 12)}" for side, arms in sides.items() if arms)
    left, failures = len(analysis.contrasts) - len(clear), failures_of(analysis.arms)
    among = f" among pairs in which neither failed ({failures})" if failures else ""
    said = f"{among} ({said})" if said else among
    others = f"For {'the other' if clear else 'all'} {left} there is no evidence of one, which does not mean "
    return Claim(
        f"{len(clear)} of {len(analysis.contrasts)} comparisons show a difference{said}.",
        f"{others}that those arms are equal." if left else "",
    )


def _claim(analysis: Analysis, contrast: Contrast) -> Claim:
    names, where, found = f"{contrast.arm} and {analysis.default}", _where(analysis), contrast.overall
    among = _among(analysis, contrast)
    if found is None:
        return Claim(f"{among}{names} cannot be compared {where}.", "There is no pair in which both have a score.")
    if found.t is None:
        one = "one pair" if among else "One pair"
        return Claim(f"{among}{one} says nothing of {names} {where}.", _single(analysis, contrast, found))
    few = _too_few(analysis, contrast)
    if contrast.clear:
        first, rest = _ahead(analysis, contrast, found, found.t), _support(analysis, contrast, found)
    elif few:
        first = f"{'too' if among else 'Too'} few pairs {few}."
        rest = [_open(analysis, contrast, found, found.t), *_more_seeds(analysis, contrast, few=True)]
    elif not any(contrast.differences.values()):
        first, rest = f"{names} come to the same in all {found.pairs} pairs {where}.", ["A new seed may differ."]
    else:
        first = f"{'no' if among else 'No'} evidence of a difference between {names} {where}."
        rest = [_open(analysis, contrast, found, found.t), *_more_seeds(analysis, contrast)]
    return Claim(f"{among}{first}", " ".join([*rest, *_datasets(analysis, contrast)]))


def _among(analysis: Analysis, contrast: Contrast) -> str:
    """Which pairs a claim is of, and who failed, as the beginning of a sentence; nothing if no trial failed."""
    if contrast.failures is None:
        return ""
    failures = failures_of([analysis.by_name[contrast.arm], analysis.by_name[analysis.default]])
    if contrast.overall is None:
        return f"{failures}: "
    pairs = contrast.overall.pairs
    which = "In the one pair" if pairs == 1 else f"Among the {pairs} pairs"
    return f"{which} in which neither failed ({failures}): "


def failures_of(arms: Sequence[Arm]) -> str:
    """As "b failed in 12 of 20, a in 1 of 20"; nothing if no trial of these arms failed."""
    known = [(arm.name, f"in {len(arm.failed)} of {len(arm.tried)}") for arm in arms if arm.failed]
    return ", ".join(f"{name}{'' if place else ' failed'} {often}" for place, (name, often) in enumerate(known))


def _where(analysis: Analysis) -> str:
    return f"on {listed(analysis.datasets)}"


def _single(analysis: Analysis, contrast: Contrast, found: Comparison) -> str:
    ahead = contrast.arm if found.mean > 0 else analysis.default
    by = f"{ahead} is ahead by {scores_of(analysis).size(found.mean)} in it" if found.mean else "They are equal in it"
    what = "seed" if len(analysis.seeds) == 1 else "pair"
    return (
        f"{by}, but with one {what} there is no interval, and that may be luck. "
        f"From {analysis.fewest} {what}s on a difference can be shown."
    )


def _ahead(analysis: Analysis, contrast: Contrast, found: Comparison, interval: Interval) -> str:
    """Which one is ahead, by how much."""
    winner, loser = _order(contrast, analysis.default)
    if contrast.split:
        return f"{winner} ends ahead of {loser} {_where(analysis)} by ranks, but not on average."
    scores = scores_of(analysis)
    lower = "lower is better, " if scores.lower_is_better else ""
    by = f"{scores.size(found.mean, interval)} of {scores.name}"
    of = f"({lower}95 % interval {_within(scores, interval)})"
    return f"{winner} ends ahead of {loser} {_where(analysis)}, by {by} {of}."


def _order(contrast: Contrast, default: str) -> tuple[str, str]:
    return (contrast.arm, default) if contrast.favours > 0 else (default, contrast.arm)


def _within(scores: Scores, interval: Interval) -> str:
    """An interval of how far the one that is ahead is ahead: the sign is in the words."""
    mean = (interval.low + interval.high) / 2
    turned = interval if mean > 0 else Interval(-interval.high, -interval.low)
    ends = [scores.number(end, interval) for end in (turned.low, turned.high)]
    return f"{'-' if turned.low < 0 and float(ends[0]) else ''}{ends[0]} to {ends[1]}"


def _support(analysis: Analysis, contrast: Contrast, found: Comparison) -> list[str]:
    """What speaks for a claim, and what does not."""
    winner, loser = _order(contrast, analysis.default)
    new = "a new seed" if len(analysis.datasets) == 1 else "a new seed on one of these data sets"
    said = [
        f"If the two were alike, a result as clear would come up {in_words(found.adjusted)} such experiments "
        f"({p_in_words(found.adjusted)}{_corrected(analysis)}; {found.pairs} pairs)."
    ]
    if contrast.split:
        size = scores_of(analysis).size(found.mean, found.t)
        said.append(f"A few large differences outweigh many small ones: by the mean {loser} is ahead by {size}.")
    elif found.t and found.t.low <= 0 <= found.t.high:
        said.append("How much that is on average is open: the interval of the mean holds 0.")
    if contrast.failures:
        counted = f"{p_in_words(contrast.failures.p)}{_corrected(analysis)}"
        said.append(f"That is so, too, if each failure counts as a loss of the arm that failed ({counted}).")
    elif found.equal:
        ahead = found.ahead if contrast.favours > 0 else found.pairs - found.ahead - found.equal
        likely = probability(share_of(ahead, found.pairs))
        said.append(
            f"{winner} is ahead in {ahead} of the {found.pairs} pairs, and {found.equal} are equal, so on {new} it is "
            f"ahead with a probability of about {likely}."
        )
    elif found.wins is not None and not contrast.split:
        wins = found.wins if contrast.favours > 0 else 1 - found.wins
        said.append(f"On {new} {winner} is ahead with a probability of {probability(wins)}.")
    return said


def _corrected(analysis: Analysis) -> str:
    count = len(analysis.contrasts)
    return "" if count == 1 else f" after the correction for {count} comparisons"


def _open(analysis: Analysis, contrast: Contrast, found: Comparison, interval: Interval) -> str:
    """The range that the data leave open."""
    if interval.low == interval.high:
        return _without_spread(analysis, contrast, found)
    scores, default, arm = scores_of(analysis), analysis.default, contrast.arm
    low, high = scores.number(interval.low, interval), scores.number(interval.high, interval)
    unit, against = scores.points, _not_upheld(analysis, contrast, found)
    if interval.low <= 0 <= interval.high:
        span = f"from {low}{unit} in favour of {default} to {high}{unit} in favour of {arm}"
    else:
        ends, ahead = ((low, high), arm) if interval.low > 0 else ((high, low), default)
        span = f"from {' to '.join(ends)}{unit} in favour of {ahead}"
        against = against or ("" if _too_few(analysis, contrast) else f" {_interval_alone(analysis)}")
    return (
        f"That does not mean that they are equal: the difference may be anywhere {span} "
        f"(95 % interval, {found.pairs} pairs; {p_in_words(found.adjusted)}{_corrected(analysis)}).{against}"
    )


def _without_spread(analysis: Analysis, contrast: Contrast, found: Comparison) -> str:
    """That pairs which are all alike say little of others."""
    p, against = f"{p_in_words(found.adjusted)}{_corrected(analysis)}", _not_upheld(analysis, contrast, found)
    if not found.mean:
        return f"That does not mean that they are equal: a new seed may differ ({p})."
    ahead = contrast.arm if found.mean > 0 else analysis.default
    by = scores_of(analysis).size(found.mean)
    return f"All {found.pairs} are {by} in favour of {ahead}, but a new seed may differ ({p}).{against}"


def _not_upheld(analysis: Analysis, contrast: Contrast, found: Comparison) -> str:
    """That a difference is only there among pairs in which neither failed; nothing if it is not even there."""
    counted = contrast.failures
    if not found.clear or counted is None:
        return ""
    ahead = contrast.arm if counted.favours > 0 else analysis.default
    then = f"{ahead} is ahead" if counted.p <= LEVEL else "there is no evidence of it"
    return (
        " These pairs alone would show one, but they are a choice: if each failure counts as a loss of the arm that "
        f"failed, {then} ({p_in_words(counted.p)}{_corrected(analysis)})."
    )


def _interval_alone(analysis: Analysis) -> str:
    """Why an interval without 0 is no evidence."""
    if len(analysis.contrasts) > 1:
        return "The interval alone would say more, but it does not make up for the number of comparisons."
    return "The interval alone would say more, but it takes for granted that differences scatter normally."


def _too_few(analysis: Analysis, contrast: Contrast) -> str:
    """That no difference could be shown, however large, in words that follow "too few pairs"; nothing if it could."""
    there, left, fewest = len(contrast.differences), analysis.left, fewest_pairs(max(1, analysis.left))
    differing = sum(value != 0 for value in contrast.differences.values())
    if (differing or there) >= fewest or (contrast.overall and contrast.overall.clear):
        return ""
    take = f"{left} comparisons take" if left > 1 else "a comparison takes"
    if left < len(analysis.contrasts):
        take = f"the {left} comparisons that are left take" if left > 1 else "the comparison that is left takes"
    are = f"{differing} differ" if 0 < differing < there else f"{there} are there"
    return (
        f"to show any difference between {contrast.arm} and {analysis.default} {_where(analysis)}: "
        f"{are}{'' if differing else ', all of them equal'}, and {take} {fewest} at least"
    )


def _more_seeds(analysis: Analysis, contrast: Contrast, few: bool = False) -> list[str]:
    """How many more seeds would show the difference that is asked for. few: whether these cannot show any."""
    if analysis.effect is None or contrast.failures or not any(contrast.differences.values()):
        return []
    what, have = effect_in_words(analysis), len({seed for _, seed in contrast.differences})
    if contrast.seeds is None:
        return [f"To show {what} is out of reach: the differences scatter too much."]
    if contrast.seeds <= have:
        return [] if few else [f"A difference of {what} would have been shown with these seeds, four times in five."]
    more = f"{about(contrast.seeds)} seeds"
    more += f", {contrast.seeds - have} more than these" if contrast.seeds < ABOUT else ""
    shown = [f"To show {what}, if it is there, four times in five, takes about {more}."]
    if contrast.seeds_as_seen is not None and contrast.seeds_as_seen < contrast.seeds / 2:
        enough = about(max(contrast.seeds_as_seen, have + 1))
        shown.append(f"If the difference is as large as here, about {enough} are enough.")
    return [*shown, BEFOREHAND]


def effect_in_words(analysis: Analysis) -> str:
    """The difference that is asked for."""
    if analysis.point is not None:
        return "half a point"
    return f"{scores_of(analysis).size(analysis.effect or 0.0)}, one per cent of the mean of {analysis.default}"


def _datasets(analysis: Analysis, contrast: Contrast) -> list[str]:
    """What is claimed of other data sets."""
    if len(analysis.datasets) == 1:
        return []
    only = f"That is for these {len(analysis.datasets)} data sets only"
    if contrast.datasets is None:
        return [f"{only}."]
    scores, interval = scores_of(analysis), contrast.datasets
    holds = ", so on others it may be otherwise" if interval.low <= 0 <= interval.high else ""
    between = f"{scores.differences(interval)}{scores.points}"
    return [
        f"{only}. For others like these, each data set counts once, and the 95 % interval of "
        f"{contrast.arm} minus {analysis.default} is {between}{holds}."
    ]
