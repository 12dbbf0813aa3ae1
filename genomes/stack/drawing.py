"""How layer stacks are drawn: as a whole, stage by stage, and wider or narrower."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random

from genomes.alphabet import Alphabet
from genomes.domains import Whole
from genomes.layer import Layer
from genomes.layers import Flatten
from genomes.recipe import Recipe, random_recipe

Stack = tuple[Layer, ...]


def random_stack(rng: Random, alphabet: Alphabet, small: bool = False) -> tuple[Stack, Recipe]:
    """A stack of two to four parts, each with one or two layers that make features and often a pooling at its end;
    then a flattening and at most one hidden dense layer. Widths grow with depth, as in most hand-made nets.

    small: at most two narrow layers and a mean over all of the image, for tight limits.
    """
    recipe = random_recipe(rng, alphabet.recipe)
    features, poolings = alphabet.of_role("features"), alphabet.of_role("pooling")
    if small:
        genes = [gene for _ in range(rng.randint(0, 2)) for gene in stage(features, 4, None, [], rng, alphabet)]
        return (*genes, alphabet.make(Flatten, rng, how="global_average")), recipe
    width, genes = rng.choice((16, 32, 48)), []
    function = of_role("activation", rng, alphabet)
    norm = alphabet.pick_role("normalisation", rng)
    between = [norm] if norm and rng.random() < 0.6 else []
    wide = [cls for cls in features if cls.width] or features  # the first one has to make channels
    for _ in range(rng.randint(2, 4)):
        for _ in range(rng.randint(1, 2)):
            genes += stage(features if genes else wide, width, function, between, rng, alphabet)
        if poolings and rng.random() < 0.7:
            genes.append(drawn(poolings, rng, alphabet))
        extras = alphabet.of_role("regularisation", "other")
        if extras and rng.random() < 0.2:
            genes.append(drawn(extras, rng, alphabet))
        width = min(128, 2 * width) if rng.random() < 0.7 else width
    genes.append(alphabet.make(Flatten, rng))
    dense = alphabet.of_role("dense", place="head")
    if dense and rng.random() < 0.5:
        genes += [drawn(dense, rng, alphabet), *([function] if function else [])]
        extras = alphabet.of_role("regularisation", place="head")
        genes += [drawn(extras, rng, alphabet)] if extras and rng.random() < 0.5 else []
    return tuple(genes), recipe


def stage(
    features: list[type[Layer]],
    width: int,
    function: Layer | None,
    between: list[type[Layer]],
    rng: Random,
    alphabet: Alphabet,
) -> list[Layer]:
    """One layer that makes features, of about that width, and what follows a single one of them."""
    if not features:
        return []
    cls = alphabet.pick(features, rng)
    given = {"stride": 1, "dilation": 1, "padding": "same", **({cls.width: width} if cls.width else {})}
    gene = alphabet.make(cls, rng, **given)
    plain = "function" not in alphabet.bounds(cls)  # composites bring their own normalisation and activation
    return [gene, *(alphabet.make(kind, rng) for kind in between if plain), *([function] if function and plain else [])]


def drawn(kinds: list[type[Layer]], rng: Random, alphabet: Alphabet) -> Layer:
    """A random layer of one of `kinds`."""
    return alphabet.make(alphabet.pick(kinds, rng), rng)


def of_role(role: str, rng: Random, alphabet: Alphabet) -> Layer | None:
    """A random layer of a role, or None if the alphabet has none."""
    kind = alphabet.pick_role(role, rng)
    return alphabet.make(kind, rng) if kind else None


def as_wide(gene: Layer, share: float, alphabet: Alphabet) -> Layer:
    """A layer of about that share of the width, as far as its bounds go; the same where it has none."""
    if gene.width is None or share == 1:
        return gene
    domain, width = alphabet.bounds(type(gene)).get(gene.width), _aligned(share * getattr(gene, gene.width))
    if isinstance(domain, Whole):
        width = domain.clamp(width)
    fits = domain is not None and domain.problem(width) is None
    return replace(gene, **{gene.width: width}) if fits else gene


def _aligned(width: float) -> int:
    """The nearest width that fills registers of 8 or 16 numbers: a processor that multiplies matrices by itself (AMX)
    takes longer for layers of 27 filters than for those of 32."""
    step = 16 if width >= 64 else 8 if width >= 8 else 1
    return max(1, step * math.floor(width / step + 0.5))
