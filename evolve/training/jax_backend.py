"""Training steps and predictions as functions that JAX compiles.

On a GPU a stretch of an epoch is one call: a loop inside the compiled function cuts batches from images that are on the
GPU. On a processor each step is a call, as XLA runs convolutions within a loop several times slower there than outside.
Either is compiled before the first step; Keras's `fit` compiles in its first step.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, ClassVar

import jax
import keras
import numpy as np
from jax import lax

from evolve.training.backends import SCORE_BATCH, Images, Probabilities, Steps, by_batches

# Kernels that add up in one order, chosen without trying them out, which would take longer than a brief training.
REPEATABLE = "--xla_gpu_deterministic_ops=true --xla_gpu_autotune_level=0"
# What the allocator leaves to the libraries beside it, such as cuDNN.
BESIDE = 0.05

# Sizes of batches that are scored: others are filled up, so that few are compiled.
SHAPES = (1, 16, SCORE_BATCH)

State = tuple[list[Any], ...]
"""Values of the variables of model, optimizer and metrics."""


class Jax:
    """See `Backend`. What it says of memory and kernels is read when JAX first computes something."""

    fit_steps: ClassVar[int] = 1

    def prepare(self, gpu: bool, share: float) -> None:
        if not gpu:
            return
        os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
        os.environ.pop("XLA_PYTHON_CLIENT_MEM_FRACTION", None)  # another name of the next one; JAX refuses both
        os.environ["XLA_CLIENT_MEM_FRACTION"] = f"{share * (1 - BESIDE):.3f}"
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {REPEATABLE}"

    def layers(self, gpu: bool) -> Mapping[str, Any]:
        """Layers whose kernels are zeros from NumPy until starting weights are drawn: JAX would compile the drawing
        of random numbers for every shape, which takes as long as a brief training."""
        kinds = {
            "Conv2D": ("kernel",),
            "Dense": ("kernel",),
            "DepthwiseConv2D": ("depthwise",),
            "SeparableConv2D": ("depthwise", "pointwise"),
        }
        return {
            kind: partial(getattr(keras.layers, kind), **{f"{kernel}_initializer": _zeros for kernel in kernels})
            for kind, kernels in kinds.items()
        }

    def training_steps(self, model: Any, batch: int, most: int, dtype: Any) -> Steps:
        held = _variables(model)
        make = _one_by_one if jax.default_backend() == "cpu" else partial(_in_a_loop, most=most)
        in_batches_of = cache(partial(make, model, held, dtype))

        def train(images: Images, targets: Images) -> None:
            whole = len(images) // batch * batch
            state = tuple([variable.value for variable in variables] for variables in held)
            if whole:
                state = in_batches_of(batch)(state, images[:whole], targets[:whole])
            if rest := len(images) - whole:
                state = in_batches_of(rest)(state, images[whole:], targets[whole:])
            for variables, values in zip(held, state, strict=True):
                for variable, value in zip(variables, values, strict=True):
                    variable.assign(value)

        in_batches_of(batch)
        return train

    def classifier(self, model: Any, total: int) -> Probabilities:
        held = (model.trainable_variables, model.non_trainable_variables)

        forward = jax.jit(lambda *given: model.stateless_call(*given, training=False)[0])

        def of_a_batch(images: Images) -> Any:
            room = next(size for size in SHAPES if size >= len(images))
            weights = ([variable.value for variable in variables] for variables in held)
            return forward(*weights, _filled(images, room))[: len(images)]

        return partial(by_batches, of_a_batch)

    def gradient(self, function: Callable[[Any], Any], values: Images) -> Images:
        return np.asarray(jax.grad(function)(jax.numpy.asarray(values)))

    def forget(self) -> None:
        keras.backend.clear_session()

    def ran_out_of_memory(self, error: BaseException) -> bool:
        return isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error)

    def gpu_peak(self) -> int:
        """Since the process began: JAX does not count anew."""
        if jax.default_backend() == "cpu":
            return 0
        return int((jax.local_devices()[0].memory_stats() or {}).get("peak_bytes_in_use", 0))


def _zeros(shape: tuple[int, ...], dtype: Any = None) -> Images:
    return np.zeros(shape, dtype)


def _variables(model: Any) -> tuple[list[Any], ...]:
    """In the order of the state that Keras's `train_step` takes and returns."""
    of_model = (model.trainable_variables, model.non_trainable_variables)
    return (*of_model, model.optimizer.variables, model.metrics_variables)


def _shapes(model: Any, held: tuple[list[Any], ...], count: int, dtype: Any) -> tuple[Any, ...]:
    """Of the state, and of so many images and targets."""
    state = tuple([jax.ShapeDtypeStruct(one.shape, one.dtype) for one in variables] for variables in held)
    images = jax.ShapeDtypeStruct((count, *model.input_shape[1:]), dtype)
    return state, images, jax.ShapeDtypeStruct((count, model.output_shape[-1]), np.float32)


def _one_by_one(model: Any, held: tuple[list[Any], ...], dtype: Any, size: int) -> Any:
    """A function that makes steps with `size` images each."""

    def step(state: State, images: Any, targets: Any) -> Any:
        return model.train_step(state, (images, targets))[1]

    compiled = jax.jit(step, donate_argnums=0).lower(*_shapes(model, held, size, dtype)).compile()

    def steps(state: State, images: Images, targets: Images) -> State:
        for start in range(0, len(images), size):
            state = compiled(state, images[start : start + size], targets[start : start + size])
        return state

    return steps


def _in_a_loop(model: Any, held: tuple[list[Any], ...], dtype: Any, size: int, most: int) -> Any:
    """A function that makes steps with `size` images each, as many as there are, in one call."""

    def stretch(state: State, images: Any, targets: Any, count: Any) -> Any:
        def step(number: Any, state: State) -> Any:
            x, y = (lax.dynamic_slice_in_dim(part, number * size, size) for part in (images, targets))
            return model.train_step(state, (x, y))[1]

        return lax.fori_loop(0, count, step, state)

    room = most // size * size
    count_shape = jax.ShapeDtypeStruct((), np.int32)
    compiled = jax.jit(stretch, donate_argnums=0).lower(*_shapes(model, held, room, dtype), count_shape).compile()

    def steps(state: State, images: Images, targets: Images) -> State:
        count = np.int32(len(images) // size)
        return compiled(state, _filled(images, room), _filled(targets, room), count)  # type: ignore[no-any-return]

    return steps


def _filled(values: Images, length: int) -> Images:
    """With zeros at the end up to that length."""
    if len(values) == length:
        return values
    return np.concatenate([values, np.zeros((length - len(values), *values.shape[1:]), values.dtype)])
