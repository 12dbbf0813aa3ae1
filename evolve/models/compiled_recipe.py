"""What a Keras model was compiled with -> a recipe, as far as evolve has it, and what is not kept, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from evolve.training.keras_graph import kind_of
from genomes.keras_calls import OPTIMIZERS, optimizer
from genomes.recipe import DEFAULT, Recipe

CROSSENTROPIES = ("sparse_categorical_crossentropy", "categorical_crossentropy")
ELSEWHERE = ("name", "learning_rate", "loss_scale_factor")  # settings of an optimizer that are told in another way
OF_LOSS = {"ignore_class": None, "axis": -1}


def recipe_of(model: Any) -> tuple[Recipe, list[str]]:
    """The recipe that a model was compiled with; batches of 32, as Keras's `fit` has them."""
    usual = Recipe(**{**DEFAULT.to_json(), "batch_size": 32, "pixels": "scale"})
    compiled = getattr(model, "optimizer", None)
    if compiled is None:
        return usual, ["it is not compiled, so it is trained with adam 0.001"]
    compiled = getattr(compiled, "inner_optimizer", compiled)  # of mixed precision
    recipe, told = _with_optimizer(usual, compiled)
    recipe, more = _with_loss(recipe, getattr(model, "loss", None))
    return recipe, [*told, *more]


def _with_optimizer(usual: Recipe, compiled: Any) -> tuple[Recipe, list[str]]:
    config: Mapping[str, Any] = compiled.get_config()
    names = {kind: name for name, (kind, _) in OPTIMIZERS.items()}
    name, rate = names.get(kind_of(compiled)), config.get("learning_rate")
    if name is None or not isinstance(rate, float):
        what = kind_of(compiled) if name is None else "a schedule of its own"
        return usual, [f"evolve does not have its optimizer as it is ({what}), so it is trained with adam 0.001"]
    more = {
        "weight_decay": float(config.get("weight_decay") or 0.0),
        "clip": float(config.get("global_clipnorm") or 0.0),
    }
    told: list[str] = []
    if name == "sgd":
        more["momentum"] = float(config.get("momentum") or 0.9)
        if not config.get("momentum"):
            told.append("its sgd has no momentum, evolve's has at least 0.5, so it is trained with 0.9")
    made = Recipe(**{**usual.to_json(), "optimizer": name, "learning_rate": float(f"{rate:.6g}"), **more})
    if problem := made.problem():
        return usual, [f"evolve does not have its optimizer as it is ({problem}), so it is trained with adam 0.001"]
    return made, [*told, *_dropped(compiled, made)]


def _dropped(compiled: Any, made: Recipe) -> list[str]:
    """Settings of its optimizer that that of the recipe has otherwise."""
    config = compiled.get_config()
    ours = type(compiled)(learning_rate=made.learning_rate, **optimizer(made.to_json())[1]).get_config()
    hidden = [*ELSEWHERE, *["ema_momentum"] * (not config.get("use_ema")), *["momentum"] * (made.optimizer == "sgd")]
    return [
        f"not kept: {name}={value} of its {made.optimizer}; evolve's has {ours.get(name)}"
        for name, value in config.items()
        if name not in hidden and not _equal(value, ours.get(name))
    ]


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-6)
    return bool(one == other or (not one and not other))  # a strength of 0, None and False are all off


def _with_loss(recipe: Recipe, loss: Any) -> tuple[Recipe, list[str]]:
    """Evolve trains with the crossentropy of classes, which may be smoothed."""
    if isinstance(loss, Mapping | list | tuple) and len(loss) == 1:
        [loss] = loss.values() if isinstance(loss, Mapping) else loss
    name = loss if isinstance(loss, str) else getattr(loss, "name", None) or getattr(loss, "__name__", kind_of(loss))
    if loss is None or name not in CROSSENTROPIES:
        return recipe, [] if loss is None else [
            f"not kept: its loss {name}; evolve trains with categorical crossentropy"
        ]
    config: Mapping[str, Any] = loss.get_config() if hasattr(loss, "get_config") else {}
    told = [
        f"not kept: {one}={config[one]} of its loss"
        for one, usual in OF_LOSS.items()
        if config.get(one, usual) != usual
    ]
    smoothed = replace(recipe, label_smoothing=float(config.get("label_smoothing") or 0.0))
    if problem := smoothed.problem():
        return recipe, [*told, f"not kept: the label smoothing of its loss ({problem})"]
    return smoothed, told
