"""The training recipe: how a network is trained is as much part of a genome as the network."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from random import Random
from typing import Any

from genomes.domains import Options, Real, Whole
from genomes.layers import domains, gene

# Where learning rates of each optimizer are drawn from; any value within the gene's bounds may be given.
TYPICAL_RATES = {
    "sgd": Real(0.005, 0.3, log=True),
    "adam": Real(0.0003, 0.01, log=True),
    "adamw": Real(0.0003, 0.01, log=True),
}


@dataclass(frozen=True)
class Recipe:
    """Settings of a training.

    optimizer: sgd (Nesterov momentum .9), adam or adamw, the rest as Keras sets it.
    learning_rate: constant over the training.
    batch_size: images per step.
    flip: whether images are mirrored left to right at random.
    shift: images are moved by up to this many pixels in each direction at random, edges repeated.
    """

    optimizer: str = gene(Options(tuple(TYPICAL_RATES)))
    learning_rate: float = gene(Real(0.00001, 1.0, log=True))
    batch_size: int = gene(Whole(8, 1024, typical=(32, 64, 128)))
    flip: bool = gene(Options((False, True)), default=False)
    shift: int = gene(Whole(0, 8, typical=(0, 0, 1, 2, 4)), default=0)

    def __str__(self) -> str:
        parts = [f"{self.optimizer} {self.learning_rate}", f"batch {self.batch_size}"]
        parts += ["flip"] if self.flip else []
        parts += [f"shift {self.shift}"] if self.shift else []
        return ", ".join(parts)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def problem(self) -> str | None:
        """The first gene outside its bounds, in words, or None."""
        for name, domain in domains(Recipe).items():
            problem = domain.problem(getattr(self, name))
            if problem:
                return f"recipe: {name} {problem}"
        return None


DEFAULT = Recipe("adam", 0.001, 128)


def random_recipe(rng: Random) -> Recipe:
    """A recipe drawn from what is typical."""
    genes = domains(Recipe)
    optimizer = genes["optimizer"].sample(rng)
    return Recipe(
        optimizer=optimizer,
        learning_rate=TYPICAL_RATES[optimizer].sample(rng),
        batch_size=genes["batch_size"].sample(rng),
        flip=genes["flip"].sample(rng),
        shift=genes["shift"].sample(rng),
    )


def mutate_recipe(recipe: Recipe, rng: Random) -> Recipe:
    """Changes one gene. A new optimizer brings a learning rate that is typical of it."""
    name = rng.choice(list(domains(Recipe)))
    value = _vary_rate(recipe, rng) if name == "learning_rate" else _vary(recipe, name, rng)
    change: dict[str, Any] = {name: value}
    changed = replace(recipe, **change)
    if name == "optimizer":
        changed = replace(changed, learning_rate=TYPICAL_RATES[changed.optimizer].sample(rng))
    return changed


def cross_recipes(a: Recipe, b: Recipe, rng: Random) -> Recipe:
    """Optimizer and learning rate together from one parent, every other gene from either."""
    base, other = (a, b) if rng.random() < 0.5 else (b, a)
    taken = {n: getattr(other, n) for n in ("batch_size", "flip", "shift") if rng.random() < 0.5}
    return replace(base, **taken)


def recipe_distance(a: Recipe, b: Recipe) -> float:
    """Symmetric, in [0, 1]."""
    of_recipe = domains(Recipe)
    return sum(d.distance(getattr(a, n), getattr(b, n)) for n, d in of_recipe.items()) / len(of_recipe)


def _vary(recipe: Recipe, name: str, rng: Random) -> Any:
    return domains(Recipe)[name].vary(getattr(recipe, name), rng)


def _vary_rate(recipe: Recipe, rng: Random) -> float:
    typical = TYPICAL_RATES[recipe.optimizer]
    inside = min(typical.high, max(typical.low, recipe.learning_rate))
    return typical.vary(inside, rng)
