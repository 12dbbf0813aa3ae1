"""Networks as LiteRT files, for phones and microcontrollers: with 32-bit floats or whole numbers of 8 bits, how large
they are, what they say, and how long they take. TensorFlow writes and runs them.
"""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Callable
from statistics import quantiles
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Images = NDArray[Any]
SEEN = 200  # images that show which values there are, for 8 bits
WARM_UP, TIMED = 20, 100  # single images
SECONDS, TIMED_AT_MOST = 0.05, 20_000  # as long at least, which is longer than one process is left alone


class Latency(NamedTuple):
    """How long one image takes: seconds, the median, and from the first to the third quarter of all; or the share of
    the time that this process had to wait, of the median, if that is more."""

    median: float
    spread: float


def tell_weights_apart(model: Any) -> None:
    """Changes weights that are all equal a little, such as biases before a training. A file holds equal ones once, so
    that of a network that is not trained would be smaller than what it becomes."""
    rng = np.random.default_rng(0)
    for weight in model.weights:
        values = np.asarray(weight)
        if weight.dtype.startswith("float") and np.ptp(values) == 0:
            weight.assign(values + rng.uniform(0.001, 0.01, values.shape).astype(values.dtype))


def as_floats(model: Any) -> bytes:
    """The file of a Keras model with 32-bit floats. It takes raw images."""
    return _converted(model, lambda converter: None)


def as_int8(model: Any, images: Images) -> bytes:
    """The file of a Keras model with weights and activations of 8 bits, after training (Jacob et al. 2017,
    "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference",
    https://arxiv.org/abs/1712.05877). It takes and gives bytes. images: raw ones, of the training, which show the range
    of each layer's values."""
    import tensorflow as tf

    def quantise(converter: Any) -> None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([image[None]] for image in images[:SEEN].astype(np.float32))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.uint8

    return _converted(model, quantise)


def _converted(model: Any, change: Callable[[Any], None]) -> bytes:
    import keras
    import tensorflow as tf

    # Keras numbers models, and the file holds the name of this one in every tensor.
    model = keras.Model(model.inputs, model.outputs, name="network")
    with contextlib.redirect_stdout(io.StringIO()):  # Keras tells of the endpoints it made on the way
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        change(converter)
        return bytes(converter.convert())


def runner(content: bytes) -> Callable[[Images], NDArray[np.float32]]:
    """What says class probabilities (count, classes) of raw images (count, height, width, channels)."""
    interpreter = _interpreter(content)
    given, put_out = interpreter.get_input_details()[0], interpreter.get_output_details()[0]

    def run(images: Images) -> NDArray[np.float32]:
        said = []
        for image in images:
            interpreter.set_tensor(given["index"], _as_given(image[None], given))
            interpreter.invoke()
            said.append(_as_shares(interpreter.get_tensor(put_out["index"])[0], put_out))
        return np.array(said, np.float32)

    return run


def latency(content: bytes, image: Images) -> Latency:
    """How long one image takes on one thread, after a warm-up."""
    interpreter = _interpreter(content)
    given = interpreter.get_input_details()[0]
    interpreter.set_tensor(given["index"], _as_given(image[None], given))
    for _ in range(WARM_UP):
        interpreter.invoke()
    took: list[float] = []
    begun, worked = time.perf_counter(), time.thread_time()
    while len(took) < TIMED or (time.perf_counter() - begun < SECONDS and len(took) < TIMED_AT_MOST):
        before = time.perf_counter()
        interpreter.invoke()
        took.append(time.perf_counter() - before)
    waited = 1 - (time.thread_time() - worked) / (time.perf_counter() - begun)
    first, middle, third = quantiles(took, n=4)
    return Latency(middle, max(third - first, waited * middle))


def _interpreter(content: bytes) -> Any:
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    return interpreter


def _as_given(images: Images, given: dict[str, Any]) -> Images:
    """Images as the file takes them: floats as they are, bytes by its scale and zero."""
    scale, zero = given["quantization"]
    if given["dtype"] != np.uint8:
        return images.astype(np.float32)
    return np.asarray(np.clip(np.round(images / (scale or 1.0)) + zero, 0, 255).astype(np.uint8))


def _as_shares(said: Images, put_out: dict[str, Any]) -> Images:
    scale, zero = put_out["quantization"]
    if put_out["dtype"] != np.uint8:
        return said
    return np.asarray((said.astype(np.float32) - zero) * scale)
