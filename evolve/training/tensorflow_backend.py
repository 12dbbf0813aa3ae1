"""Training steps and predictions as TensorFlow functions.

Keras's `fit` feeds a model from a `tf.data` iterator. Setting one up, tracing it and taking it down costs a brief
training up to several seconds an epoch, some of them idle. Here a stretch of an epoch is one call: a loop inside
TensorFlow cuts batches from images that are in memory and gives each to the model's own `train_step`, so that what is
learned is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, ClassVar

import keras
import tensorflow as tf
from tensorflow.python.eager.polymorphic_function import polymorphic_function
from tensorflow.python.framework import ops

from evolve.training.backends import Images, Probabilities, Steps, by_batches

WORTH_COMPILING = 2000  # images


class TensorFlow:
    """See `Backend`."""

    fit_steps: ClassVar[int] = 32

    def prepare(self, gpu: bool, share: float) -> None:
        """On a GPU memory as needed instead of all of it, and repeatable kernels. TensorFlow knows no share that grows,
        so `share` limits nothing. On a processor its rewriting of graphs is off: it takes longer than it saves in a
        brief training."""
        if not gpu:
            tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
            return
        for device in tf.config.list_physical_devices("GPU"):
            if not tf.config.experimental.get_memory_growth(device):  # it can be set only once in a process
                tf.config.experimental.set_memory_growth(device, True)
        tf.config.experimental.enable_op_determinism()

    def layers(self, gpu: bool) -> Mapping[str, Any]:
        """On a processor fused normalisation."""
        return {} if gpu else {"BatchNormalization": FusedBatchNormalization}

    def training_steps(self, model: Any, batch: int, most: int, dtype: Any) -> Steps:
        shape, classes = model.input_shape[1:], model.output_shape[-1]
        signature = [tf.TensorSpec((None, *shape), dtype), tf.TensorSpec((None, classes), tf.float32)]

        @cache
        def in_batches_of(size: int) -> Any:
            def train(images: Any, targets: Any) -> None:
                def step(number: Any) -> Any:
                    x = tf.slice(images, [number * size, 0, 0, 0], [size, *shape])
                    y = tf.slice(targets, [number * size, 0], [size, classes])
                    model.train_step((x, y))
                    return number + 1

                count = tf.shape(images)[0] // size
                tf.while_loop(lambda number: number < count, step, [0], parallel_iterations=1)

            return tf.function(train, autograph=False, input_signature=signature).get_concrete_function()

        def train(images: Images, targets: Images) -> None:
            whole = len(images) // batch * batch
            if whole:
                in_batches_of(batch)(tf.constant(images[:whole]), tf.constant(targets[:whole]))
            if rest := len(images) - whole:
                in_batches_of(rest)(tf.constant(images[whole:]), tf.constant(targets[whole:]))

        in_batches_of(batch)
        return train

    def classifier(self, model: Any, total: int) -> Probabilities:
        forward: Callable[[Images], Any] = partial(model, training=False)
        if total >= WORTH_COMPILING:
            forward = tf.function(forward, autograph=False, reduce_retracing=True)
        return partial(by_batches, forward)

    def gradient(self, function: Callable[[Any], Any], values: Images) -> Images:
        given = tf.constant(values)
        with tf.GradientTape() as tape:
            tape.watch(given)
            made = function(given)
        gradient: Images = tape.gradient(made, given, unconnected_gradients=tf.UnconnectedGradients.ZERO).numpy()
        return gradient

    def forget(self) -> None:
        """Drops what TensorFlow would keep for ever of each network that was trained: every use of a custom gradient
        (Keras has some) is registered by a name of its own, and the registration holds the whole graph. Without this a
        worker grows until the machine dies. See https://github.com/tensorflow/tensorflow/issues/97697. Likewise it
        counts how often Keras's functions are traced, whichever network they are of, and would warn of many."""
        registered = getattr(getattr(ops, "gradient_registry", None), "_registry", {})
        for name in [name for name in registered if name.startswith("CustomGradient-")]:
            del registered[name]
        counts = getattr(polymorphic_function, "_frequent_tracing_detector_manager", None)
        getattr(counts, "_detectors", {}).clear()
        keras.backend.clear_session()
        for device in _gpus():
            tf.config.experimental.reset_memory_stats(device.name)

    def ran_out_of_memory(self, error: BaseException) -> bool:
        return isinstance(error, MemoryError | tf.errors.ResourceExhaustedError)

    def gpu_peak(self) -> int:
        peaks = [tf.config.experimental.get_memory_info(one.name)["peak"] for one in _gpus()]
        return int(sum(peaks))


def _gpus() -> list[Any]:
    return list(tf.config.list_logical_devices("GPU"))


class FusedBatchNormalization(keras.layers.BatchNormalization):  # type: ignore[misc]
    """Keras's layer, with the same weights and the same results, for feature maps (batch, height, width, channels);
    anything else is left to Keras. Networks are trained with it, and saved with Keras's own."""

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """The normalised feature map; while training by the batch's own mean and variance, which are also taken into
        the running ones."""
        if len(inputs.shape) != 4 or mask is not None:
            return super().call(inputs, training=training, mask=mask)
        offset = tf.convert_to_tensor(self.beta)
        scale = tf.ones_like(offset) if self.gamma is None else tf.convert_to_tensor(self.gamma)
        options = {"x": inputs, "scale": scale, "offset": offset, "epsilon": self.epsilon}
        if not (training and self.trainable):
            mean, variance = tf.convert_to_tensor(self.moving_mean), tf.convert_to_tensor(self.moving_variance)
            return tf.raw_ops.FusedBatchNormV3(mean=mean, variance=variance, is_training=False, **options).y
        none = tf.zeros([0])
        done = tf.raw_ops.FusedBatchNormV3(mean=none, variance=none, is_training=True, **options)
        values = tf.cast(tf.size(inputs) // inputs.shape[-1], tf.float32)
        biased = done.batch_variance * (values - 1) / values  # the operation returns the unbiased one
        for running, new in ((self.moving_mean, done.batch_mean), (self.moving_variance, biased)):
            running.assign(running * self.momentum + new * (1 - self.momentum))
        return done.y
