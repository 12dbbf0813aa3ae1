"""How far a challenger is ahead of the favourite, carried on from brief trainings to the last one.

A lead after a brief training says who starts fast. What it becomes with three times the epochs, on the same images,
says where it goes: a network that was behind and has caught up goes on catching up. Learning curves are carried on so
in the logarithm of the epochs (Domhan et al. 2015, "Speeding Up Automatic Hyperparameter Optimization of Deep Neural
Networks by Extrapolation of Learning Curves", IJCAI), here by the share that fits trainings of a recorded table best.
Shares are compared in logits, where a point counts as much more as it is harder to gain.

Where the last training is very long, leaders are scored again in trainings that are many times as long as those before.
Then it is these that say where a network goes: what it gains with the images that it sees, in their logarithm.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean

FAR_APART = 5  # times the images of the longer trainings, from which on confirmations say where a network goes
# Of what a network gains with each e-fold of images from those to these: what it gains with each later one. Three small
# networks on CIFAR-10 gained 0.3, 0.6 and 0.9 of it (results/published/small/founders.md).
ONWARD = 0.6
CARRIED = 0.5  # of what was gained from the brief training to the longer ones, that is still to come
SEED_ERROR = 0.012  # standard deviation of the accuracy of one network between two seeds: the usual one, see the table
LOSS_SEED_ERROR = 0.03  # the same of its loss, in nats
# Standard errors that another start has to be ahead of the favourite, which was the best bet before anything was known.
# On the recorded table any share from a quarter to three quarters nearly halves what the race loses, and none takes
# more (`benchmarks/policies.py`).
FAVOURED = 0.5
FEW = 8  # newcomers, to the luck of whose best a lead is held at most where it was trained again since it was chosen
USUALLY = 8  # degrees of freedom that the usual one counts as, beside what the trainings at hand say of it


@dataclass(frozen=True)
class Scale:
    """In which unit scores are compared. images: that they are shares of, or are as exact as shares of, so that all and
    none of them are no infinite logits; None for scores that are no shares, which stay as they are. learned: a
    score that only a network comes to that has learned something; infinite where no training is longer than another,
    so that nothing is to be carried on, as all are in full, over folds of the same images. seed_error: standard
    deviation of a score between two seeds.
    """

    images: float | None = None
    learned: float = -math.inf
    seed_error: float = SEED_ERROR

    @property
    def in_full(self) -> bool:
        """Whether all trainings are in full, over folds."""
        return self.learned == math.inf

    def __call__(self, score: float) -> float:
        if self.images is None:
            return score
        share = self._inside(score)
        return math.log(share / (1 - share))

    def slope(self, score: float) -> float:
        """By how much it changes for a small change of the score."""
        share = self._inside(score)
        return 1.0 if self.images is None else 1 / (share * (1 - share))

    def _inside(self, score: float) -> float:
        edge = 1 / (2 * (self.images or 1))
        return min(max(score, edge), 1 - edge)


@dataclass(frozen=True)
class Scores:
    """What a candidate came to. brief: after a brief training. longer: after each of those with three times the
    epochs, at least one: the first on the images that the brief one was scored on, the others on images that the search
    never saw. confirmed: after each of those that see more images, if there are any, on images that the search never
    saw. onward: see `share_onward`."""

    brief: float
    longer: tuple[float, ...]
    confirmed: tuple[float, ...] = ()
    onward: float = 0.0

    def expected(self, scale: Scale, carried: float) -> float:
        """What it comes to when it is trained on, in the unit of the scale; only differences of it mean something: the
        score on the most images, and what more epochs bring. carried: see `share_carried`."""
        longer = fmean(map(scale, self.longer))
        most = fmean(map(scale, self.confirmed)) if self.confirmed else longer
        if carried and self.confirmed and self.onward:
            return most + self.onward * (most - longer)
        return most + carried * (longer - scale(self.brief))

    @property
    def latest(self) -> tuple[float, ...]:
        """The scores on the most images."""
        return self.confirmed or self.longer


def share_carried(compared: Iterable[Scores], scale: Scale) -> float:
    """How much of what was gained from the brief trainings to the longer ones is still to come. Nothing where one of
    those that are compared had learned nothing yet: then all that is known of the gains is when they began."""
    return CARRIED if all(one.brief >= scale.learned for one in compared) else 0.0


def share_onward(longer: float, confirmed: float, last: float) -> float:
    """How much of what was gained from the longer trainings to the confirmations is still to come: nothing that can be
    said unless these are far apart. All three: images that a training sees, the last one as well."""
    if confirmed < FAR_APART * longer or last <= confirmed:
        return 0.0
    return ONWARD * math.log(last / confirmed) / math.log(confirmed / longer)


@dataclass(frozen=True)
class Lead:
    """By how much a challenger is ahead, carried on, in the unit of the scale; below 0 if it is behind. error: standard
    error of that, 0 for the favourite over itself. tried: newcomers that it was the best of, to whose luck it owes a
    part; 0 for one that was chosen before anything was known. alike: whether it was chosen by the images that it is
    compared by."""

    by: float
    error: float
    tried: int = 0
    alike: bool = False

    @property
    def needed(self) -> float:
        """What it has to be ahead by to count: of a newcomer, what the best of so many, and the favourite, is ahead by
        if all are equally good. Of hundreds that is no more than of a few: a newcomer is chosen by its brief training,
        and compared by later ones, with other seeds and at the end on other images. Over folds it is on the same."""
        tried = self.tried if self.alike else min(self.tried, FEW)
        return (luckiest(tried + 1) if tried else FAVOURED) * self.error


def lead(
    challenger: Scores,
    favourite: Scores,
    scale: Scale,
    image_error: float | None,
    tried: int = 0,
    carried: float = CARRIED,
) -> Lead:
    """The lead of one over the other; its error is the larger of those over images and over seeds. carried: see
    `share_carried`. image_error: standard error of the difference of two scores over the images that both were scored
    on; None where that is not known, and half of what it would be on different images is taken."""
    by = challenger.expected(scale, carried) - favourite.expected(scale, carried)
    score = fmean((*challenger.latest, *favourite.latest))
    if image_error is None:
        image_error = math.sqrt(score * (1 - score) / scale.images) if scale.images else 0.0
    repeats = min(len(challenger.latest), len(favourite.latest))
    if carried and challenger.confirmed and (onward := challenger.onward):  # on other images than the longer one
        of_images = math.hypot(1 + onward, onward) * image_error
        of_seeds = math.hypot((1 + onward) / math.sqrt(repeats), onward)
    elif challenger.confirmed:  # on other images than the brief training and the longer one, each of which counts once
        of_images = math.hypot(1, carried, carried) * image_error
        of_seeds = math.hypot(1 / math.sqrt(repeats), carried, carried)
    else:  # more trainings are more seeds, but the images of all but the first of them are the same
        images = 1.0 if scale.in_full else math.hypot(1 / repeats, 1 - 1 / repeats)
        of_images = math.hypot((1 + carried) * images, carried) * image_error
        of_seeds = math.hypot((1 + carried) / math.sqrt(repeats), carried)
    error = max(of_images, of_seeds * scale.seed_error * math.sqrt(2)) * scale.slope(score)
    return Lead(by, error, tried, alike=scale.in_full)


def pooled_seed_error(repeated: Iterable[Sequence[float]], usual: float = SEED_ERROR) -> float:
    """Standard deviation of a score between two seeds: that of these scores, pooled, together with the usual one, which
    counts as much as so many of them (an empirical Bayes estimate, Smyth 2004, https://doi.org/10.2202/1544-6115.1027).

    repeated: the scores of each candidate with different seeds on the same images.
    """
    squares, freedom = USUALLY * usual**2, USUALLY
    for scores in repeated:
        squares += sum((score - fmean(scores)) ** 2 for score in scores)
        freedom += max(0, len(scores) - 1)
    return math.sqrt(squares / freedom)


def luckiest(count: int) -> float:
    """About what the largest of so many draws from a normal distribution is expected to be, in standard deviations
    (Blom 1958, "Statistical Estimates and Transformed Beta-Variables"); 0 for none."""
    return NormalDist().inv_cdf((count - 0.375) / (count + 0.25)) if count > 0 else 0.0


def image_error(one: Iterable[bool], other: Iterable[bool]) -> float:
    """Standard error of the difference of the shares of images that two networks recognise, from the images of which
    one recognises just one (McNemar 1947, https://doi.org/10.1007/BF02295996). Both in the order of the part."""
    apart = [int(a) - int(b) for a, b in zip(one, other, strict=True)]
    mean = fmean(apart)
    return math.sqrt(fmean((each - mean) ** 2 for each in apart) / len(apart))
