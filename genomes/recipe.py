"""The training recipe: how a network is trained is as much part of a genome as the network."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from genomes.domains import Domain, Options, Real, Switched, Whole
from genomes.genes import domains, gene, genes_of
from genomes.primitives import InvalidGenome

# Where learning rates of each optimizer are drawn from; any value within the gene's bounds may be given.
TYPICAL_RATES = {
    "sgd": Real(0.005, 0.3, log=True),
    "adam": Real(0.0003, 0.01, log=True),
    "adamw": Real(0.0003, 0.01, log=True),
    "rmsprop": Real(0.0003, 0.005, log=True),
    "lion": Real(0.0001, 0.002, log=True),
}
SCHEDULES = ("constant", "cosine", "one-cycle", "linear", "triangle")
# Genes that only make sense together: a child takes all of them from one parent.
TOGETHER = ("optimizer", "learning_rate", "momentum", "schedule", "weight_decay", "kernels_only")

GONE = {"bias_rate": 1.0, "lookahead": 0}  # genes of earlier versions, and the values with which they did nothing

Bounds = Mapping[str, Domain]


@dataclass(frozen=True)
class Recipe:
    """Settings of a training. Strengths of 0 are off.

    optimizer: sgd (with Nesterov momentum), adam, adamw, rmsprop or lion, the rest as Keras sets it.
    learning_rate: the largest of the training.
    schedule: constant; cosine or linear, which fall to 0; one-cycle, which rises from a 25th for three tenths of the
        training and falls to 0 along a cosine (Smith and Topin 2017, https://arxiv.org/abs/1708.07120); triangle, which
        rises from a fifth for the first 23 % and falls to 7 %, both in a straight line (Jordan 2024,
        https://arxiv.org/abs/2404.00498).
    weight_decay: decoupled from the gradient (Loshchilov and Hutter 2017, https://arxiv.org/abs/1711.05101).
    kernels_only: whether biases and normalisation are left out of the decay.
    dirac: whether convolutions begin by handing on their first channels as they are (Zagoruyko and Komodakis 2017,
        https://arxiv.org/abs/1706.00388).
    batch_size: images per step.
    momentum: of sgd; the others have their own.
    label_smoothing: share of each label that is spread over all classes.
    clip: the largest norm of all gradients together.
    class_weights: power of how rare a class is, by which its images count more: with 1 all classes count alike, with 0
        all images (King and Zeng 2001, https://doi.org/10.1093/oxfordjournals.pan.a004868).
    pixels: "standardise" to mean 0 and deviation 1 in each channel, or "scale" to 0 to 1.

    Augmentation, drawn anew for each image and epoch:
    flip: mirrored left to right, every other image.
    alternating: an image is not mirrored by chance each time, but in every other epoch (Jordan 2024).
    shift: moved by up to this many pixels in each direction, edges repeated.
    reflected: the border of what is moved is mirrored instead of repeated.
    cutout: a square of this many pixels a side is greyed (DeVries and Taylor 2017, https://arxiv.org/abs/1708.04552).
    contrast, brightness: multiplied and raised by up to this share.
    rotation: turned by up to this many degrees. zoom: enlarged or shrunk by up to this share.
    mixup: alpha of the beta distribution by which two images and their labels are mixed (Zhang et al. 2017,
        https://arxiv.org/abs/1710.09412).
    """

    optimizer: str = gene(Options(tuple(TYPICAL_RATES)))
    learning_rate: float = gene(Real(0.00001, 1.0, log=True), weight=3.0)
    batch_size: int = gene(Whole(8, 1024, typical=(32, 64, 128)), word="batch")
    momentum: float = gene(Real(0.5, 0.99, ceiling=0.999), default=0.9, weight=0.5)
    schedule: str = gene(Options(SCHEDULES), default="constant", weight=2.0)
    weight_decay: float = gene(Switched(Real(0.00001, 0.3, log=True)), default=0.0, word="decay")
    kernels_only: bool = gene(Options((False, True)), default=False, word="kernels-only", weight=0.5)
    dirac: bool = gene(Options((False, True)), default=False, weight=0.5)
    label_smoothing: float = gene(Switched(Real(0.01, 0.3, ceiling=0.99)), default=0.0, word="smoothing", weight=0.5)
    clip: float = gene(Switched(Real(0.1, 10.0, log=True)), default=0.0, weight=0.5)
    class_weights: float = gene(Switched(Real(0.25, 1.0, ceiling=1.0)), default=0.0, word="weighted", weight=0.5)
    pixels: str = gene(Options(("standardise", "scale")), default="standardise", weight=0.5)
    flip: bool = gene(Options((False, True)), default=False)
    alternating: bool = gene(Options((False, True)), default=False, weight=0.5)
    shift: int = gene(Whole(0, 8, typical=(0, 0, 1, 2, 4), floor=0), default=0)
    reflected: bool = gene(Options((False, True)), default=False, weight=0.5)
    cutout: int = gene(Whole(0, 16, typical=(0, 0, 0, 2, 4, 8), floor=0), default=0, weight=0.5)
    contrast: float = gene(Switched(Real(0.05, 0.8, ceiling=1.0)), default=0.0, weight=0.5)
    brightness: float = gene(Switched(Real(0.02, 0.5, ceiling=1.0)), default=0.0, weight=0.5)
    rotation: float = gene(Switched(Real(2.0, 45.0, ceiling=180.0)), default=0.0, weight=0.5)
    zoom: float = gene(Switched(Real(0.02, 0.5, ceiling=0.9)), default=0.0, weight=0.5)
    mixup: float = gene(Switched(Real(0.05, 1.0, log=True)), default=0.0, weight=0.5)

    def __str__(self) -> str:
        words = self.words([f.name for f in genes_of(Recipe)[2:]])
        return ", ".join([f"{self.optimizer} {self.learning_rate}", *words.values()])

    @property
    def augmentation(self) -> str:
        """Its random changes of images in the notation, separated by commas; nothing if there are none."""
        manners = [*["alternating"] * self.flip, *["reflected"] * bool(self.shift)]
        return ", ".join(self.words([*AUGMENTATION, *manners]).values())

    def words(self, genes: Container[str]) -> dict[str, str]:
        """These genes in the notation, by name, but for those that are at their default."""
        found: dict[str, str] = {}
        for f in genes_of(Recipe):
            value, word = getattr(self, f.name), f.metadata["word"] or f.name
            if f.name in genes and value != f.default:
                found[f.name] = value if isinstance(value, str) else word if value is True else f"{word} {value}"
        return found

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Recipe:
        """The recipe of its JSON, of an earlier version, too. Raises TypeError for a gene that there never was, and
        InvalidGenome for one that only an earlier version had."""
        for name, off in GONE.items():
            if told.get(name, off) != off:
                raise InvalidGenome(f"recipe: '{name}' did not pay and is no gene any more; version 0.16 reads it")
        return cls(**{name: value for name, value in told.items() if name not in GONE})

    def to_json(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in genes_of(Recipe)}

    def problem(self, bounds: Bounds | None = None) -> str | None:
        """The first gene outside its bounds, in words, or None."""
        for name, domain in (bounds or domains(Recipe)).items():
            problem = domain.problem(getattr(self, name))
            if problem:
                return f"recipe: {name} {problem}"
        return None


DEFAULT = Recipe("adam", 0.001, 128)
AUGMENTATION = ("flip", "shift", "cutout", "contrast", "brightness", "rotation", "zoom", "mixup")
# How flip and shift are made; without these they do nothing.
MANNERS = ("alternating", "reflected")
# Which genes change an image in one way: a data set bears such a change, or it does not. mixup, the last, mixes two.
AUGMENTATION_GROUPS = {
    "mirror": ("flip",),
    "move": ("shift", "zoom"),
    "erase": ("cutout",),
    "colour": ("contrast", "brightness"),
    "turn": ("rotation",),
    "mix": ("mixup",),
}
PROBED_GROUPS = ("mirror", "move", "erase", "colour", "turn")  # of which changed images can be shown to a network
PLAIN = {name: getattr(DEFAULT, name) for name in AUGMENTATION}  # no augmentation
# What only trainings of about eight epochs or more can tell the worth of; shorter ones inherit it.
SLOW_GENES = ("schedule", "weight_decay", "kernels_only", "label_smoothing", "clip")
FEW_STEPS = 1000  # with fewer a training tells more of how fast a network starts than of how good it becomes
SMALL_BATCH = 32


def of_group(recipe: Recipe, group: str) -> Recipe:
    """A recipe that augments in one group alone, as strongly as the given one does; where that does not, each gene of
    the group has the middle of its typical strengths."""
    genes = AUGMENTATION_GROUPS[group]
    strengths = {name: getattr(recipe, name) for name in genes}
    if not any(strengths.values()):
        strengths = {name: domains(Recipe)[name].middle for name in genes}
    return replace(recipe, **{**PLAIN, **strengths})


def augments(recipe: Recipe, group: str) -> bool:
    """Whether a recipe changes images in the way of that group."""
    return any(getattr(recipe, name) != PLAIN[name] for name in AUGMENTATION_GROUPS[group])


def in_small_steps(recipe: Recipe, seen: int) -> Recipe:
    """A recipe for a brief training that resembles a long one more: its batches are halved as long as it has few steps.
    The learning rate goes with them, in proportion for sgd (Goyal et al. 2017, https://arxiv.org/abs/1706.02677) and by
    the root for the others (Malladi et al. 2022, https://arxiv.org/abs/2205.10287).

    seen: images x epochs of the training.
    """
    batch = recipe.batch_size
    while batch >= 2 * SMALL_BATCH and seen < FEW_STEPS * batch:
        batch //= 2
    share = batch / recipe.batch_size
    rate = recipe.learning_rate * (share if recipe.optimizer == "sgd" else math.sqrt(share))
    return replace(recipe, batch_size=batch, learning_rate=rate)


def random_recipe(rng: Random, bounds: Bounds) -> Recipe:
    """A recipe drawn from what is typical: most of the augmentations and refinements are off."""
    genes = {name: bounds[name].sample(rng) for name in ("optimizer", "batch_size", "schedule", "flip", "shift")}
    for f in genes_of(Recipe)[2:]:
        if f.name not in genes and rng.random() < 0.2:
            genes[f.name] = bounds[f.name].sample(rng)
    decay = bounds["weight_decay"]
    if genes["optimizer"] == "adamw" and isinstance(decay, Switched):  # without a decay it is adam
        genes["weight_decay"] = decay.domain.sample(rng)
    recipe = Recipe(learning_rate=rates(genes["optimizer"], bounds).sample(rng), **genes)
    kept = {n: d.sample(rng) for n, d in bounds.items() if d.problem(getattr(recipe, n))}
    return replace(recipe, **kept)


def idle(recipe: Recipe) -> set[str]:
    """Genes of a recipe that do nothing beside its other ones."""
    does = {
        "momentum": recipe.optimizer == "sgd",
        "kernels_only": recipe.weight_decay > 0,
        "alternating": recipe.flip,
        "reflected": recipe.shift > 0,
    }
    return {name for name, something in does.items() if not something}


def mutate_recipe(recipe: Recipe, rng: Random, bounds: Bounds, inherited: Container[str] = ()) -> Recipe:
    """Changes one gene, none of those that are inherited as they are, or do nothing. A new optimizer brings a learning
    rate that is typical of it."""
    genes = [f for f in genes_of(Recipe) if f.name not in inherited and f.name not in idle(recipe)]
    name = rng.choices([f.name for f in genes], weights=[f.metadata["weight"] for f in genes])[0]
    if name == "learning_rate":
        return replace(recipe, learning_rate=_vary_rate(recipe, rng, bounds))
    change: dict[str, Any] = {name: bounds[name].vary(getattr(recipe, name), rng)}
    changed = replace(recipe, **change)
    if name == "optimizer":
        changed = replace(changed, learning_rate=rates(changed.optimizer, bounds).sample(rng))
    return changed


def clamp_recipe(recipe: Recipe, bounds: Bounds) -> Recipe:
    """The nearest recipe within the bounds. With another optimizer comes the nearest learning rate that is typical of
    it."""
    clamped = replace(recipe, **{name: domain.clamp(getattr(recipe, name)) for name, domain in bounds.items()})
    if clamped.optimizer != recipe.optimizer:
        rate = rates(clamped.optimizer, bounds).clamp(clamped.learning_rate)
        clamped = replace(clamped, learning_rate=rate)
    return clamped


def difference(before: Recipe, after: Recipe) -> dict[str, tuple[Any, Any]]:
    """Genes in which two recipes differ, with both values."""
    values = {f.name: (getattr(before, f.name), getattr(after, f.name)) for f in genes_of(Recipe)}
    return {name: (old, new) for name, (old, new) in values.items() if old != new}


def in_words(changes: Mapping[str, tuple[Any, Any]]) -> str:
    """Genes and their values before and after, in the words of the notation; what is off is called so."""
    told = []
    for f in genes_of(Recipe):
        if f.name in changes:
            old, new = (_value_in_words(f.default, value) for value in changes[f.name])
            told.append(f"{f.metadata['word'] or f.name.replace('_', ' ')} {old} -> {new}")
    return ", ".join(told)


def _value_in_words(usual: object, value: object) -> str:
    if usual in (False, 0) and not isinstance(value, str):
        return "off" if not value else "on" if value is True else str(value)
    return str(value)


def cross_recipes(a: Recipe, b: Recipe, rng: Random) -> Recipe:
    """What belongs `TOGETHER` from one parent, every other gene from either."""
    base, other = (a, b) if rng.random() < 0.5 else (b, a)
    taken = {n: getattr(other, n) for n in domains(Recipe) if n not in TOGETHER and rng.random() < 0.5}
    return replace(base, **taken)


def recipe_distance(a: Recipe, b: Recipe) -> float:
    """Symmetric, in [0, 1]; genes count by their weights."""
    genes = genes_of(Recipe)
    apart = sum(
        f.metadata["weight"] * f.metadata["domain"].distance(getattr(a, f.name), getattr(b, f.name)) for f in genes
    )
    return float(apart / sum(f.metadata["weight"] for f in genes))


def rates(optimizer: str, bounds: Bounds) -> Real:
    """Learning rates that are typical of an optimizer, as far as the bounds allow."""
    typical, allowed = TYPICAL_RATES[optimizer], bounds["learning_rate"]
    assert isinstance(allowed, Real)
    low, high = max(typical.low, allowed.low), min(typical.high, allowed.high)
    return Real(low, high, log=True) if low <= high else allowed


def _vary_rate(recipe: Recipe, rng: Random, bounds: Bounds) -> float:
    typical = rates(recipe.optimizer, bounds)
    return typical.vary(min(typical.high, max(typical.low, recipe.learning_rate)), rng)
