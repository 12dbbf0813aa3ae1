"""Keras models of any making: they say classes, or it is said why they do not."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from evolve.execution.builds import backend_name

pytest.importorskip(backend_name())

MODELS = """
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import json
import keras
import numpy as np
from keras import layers
from evolve.errors import RunError
from evolve.models.classifier import Classifier

grey, colour = keras.Input((8, 8, 1)), keras.Input((None, None, 3))
flat = layers.Flatten()(grey)
three = layers.Dense(3, activation="softmax")
maps = layers.Conv2D(3, 1)(grey)
named = {"picture": keras.Input((8, 8, 1), name="picture")}
models = {
    "probabilities": keras.Model(grey, layers.Dense(3, activation="softmax")(flat)),
    "any size": keras.Model(colour, layers.Softmax()(layers.GlobalAveragePooling2D()(colour))),
    "logits": keras.Model(grey, layers.Dense(3, kernel_initializer="ones")(flat)),
    "one sigmoid": keras.Model(grey, layers.Dense(1, activation="sigmoid")(flat)),
    "one logit": keras.Model(grey, layers.Dense(1, kernel_initializer="ones")(flat)),
    "each for itself": keras.Model(grey, layers.Dense(3, activation="sigmoid", kernel_initializer="zeros")(flat)),
    "named": keras.Model(named, {"said": layers.Dense(3, activation="softmax")(layers.Flatten()(named["picture"]))}),
    "two outputs": keras.Model(grey, [layers.Dense(3)(flat), layers.Dense(2)(flat)]),
    "two inputs": keras.Model([grey, named["picture"]], layers.Add()([grey, named["picture"]])),
    "maps": keras.Model(grey, maps),
    "no image": keras.Sequential([layers.Input((64,)), layers.Dense(3)]),
    "channels first": keras.Sequential([layers.Input((3, 8, 8)), layers.Flatten(), layers.Dense(3)]),
    "not built": keras.Sequential([layers.Flatten(), layers.Dense(3)]),
}
weak = dict(kernel_initializer="zeros", bias_initializer=keras.initializers.Constant(0.3))
weak = Classifier.of(keras.Model(grey, layers.Dense(1, **weak)(flat)), "weak")
weak = weak.shares(weak.outputs(np.ones((1, 8, 8, 1), np.float32)))
said = {"a weak logit": round(float(weak[0, 1]), 4)}
for name, model in models.items():
    try:
        made = Classifier.of(model, name)
        images = np.ones((2, *(made.size or (5, 7)), 1 if made.grey else 3), np.float32)
        shares = made.shares(made.outputs(images))
        assert shares.shape == (2, made.classes), shares
        assert shares.min() >= 0 and shares.max() <= 1
        said[name] = round(float(shares[0].sum()), 4)
    except RunError as error:
        said[name] = str(error)
print(json.dumps(said))
"""


def test_what_is_a_classifier_says_probabilities_and_what_is_none_is_refused_in_words() -> None:
    done = subprocess.run([sys.executable, "-c", MODELS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout)
    assert said.pop("a weak logit") == 0.5744, (
        "0.3 is a logit as the layer has no activation, though it looks like a share"
    )
    sums = {name: value for name, value in said.items() if isinstance(value, float)}
    assert sums.pop("each for itself") == 1.5
    assert sums == dict.fromkeys(("probabilities", "any size", "logits", "one sigmoid", "one logit", "named"), 1.0)
    images = "images are height x width x 1 (grey) or 3 (colour)"
    assert {name: value for name, value in said.items() if isinstance(value, str)} == {
        "two outputs": "model two outputs: it has 2 outputs, 3 and 2; a classifier of images has one",
        "two inputs": "model two inputs: it has 2 inputs, 8 x 8 x 1 and 8 x 8 x 1; a classifier of images has one",
        "maps": "model maps: it puts out 8 x 8 x 3; a classifier puts out a number per class",
        "no image": f"model no image: it takes 64; {images}",
        "channels first": f"model channels first: it takes 3 x 8 x 8; {images}",
        "not built": "model not built: it does not say what it takes; call it on an image, then save it again",
    }
