"""KerasTuner's Hyperband for a given time, over the stacks of fixed depth that it can express, then the best one
trained on all images for the rest. Half of the time is for the search: its tutorials retrain what they have found.

    python benchmarks/arms/hyperband.py IMAGES SECONDS SEED FOLDER PRECISION

IMAGES is an .npz file in Keras's layout; a fifth of its training images, drawn by the seed, decides the search.
PRECISION is a dtype policy of Keras: where evolve trains with bfloat16, so may this. Prints the JSON line that
`evolve experiment` reads.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import suppress
from functools import partial

BEGUN = time.monotonic()
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras  # noqa: E402
import keras_tuner  # noqa: E402
import numpy as np  # noqa: E402

MAX_EPOCHS = 9  # of the longest training in the search
HELD_OUT = 5  # one in so many images decides


def build(
    hp: keras_tuner.HyperParameters, shape: tuple[int, ...], classes: int, low: float, high: float
) -> keras.Model:
    """Three blocks of two convolutions; widths, normalisation, head and recipe are to be tuned. low, high: range of
    pixels."""
    half = max(1e-6, (high - low) / 2)
    model = keras.Sequential([keras.Input(shape), keras.layers.Rescaling(1 / half, offset=-1 - low / half)])
    if hp.Boolean("flip"):
        model.add(keras.layers.RandomFlip("horizontal"))
    shift = hp.Choice("shift", [0.0, 0.0625, 0.125])
    if shift:
        model.add(keras.layers.RandomTranslation(shift, shift, fill_mode="reflect"))
    normalised, activation = hp.Boolean("batch_norm", default=True), hp.Choice("activation", ["relu", "swish"])
    for block in range(3):
        filters = hp.Choice(f"filters_{block}", [16, 32, 64, 128])
        for _ in range(2):
            model.add(keras.layers.Conv2D(filters, 3, padding="same"))
            if normalised:
                model.add(keras.layers.BatchNormalization())
            model.add(keras.layers.Activation(activation))
        model.add(keras.layers.MaxPooling2D())
        model.add(keras.layers.Dropout(hp.Float("dropout", 0.0, 0.4, step=0.1)))
    model.add(keras.layers.Flatten() if hp.Choice("head", ["flatten", "mean"]) == "flatten" else _mean())
    model.add(keras.layers.Dense(classes, activation="softmax", dtype="float32"))
    rate = hp.Float("learning_rate", 3e-4, 1e-2, sampling="log")
    kind = keras.optimizers.Adam if hp.Choice("optimizer", ["adam", "sgd"]) == "adam" else _sgd
    model.compile(kind(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def _mean() -> keras.layers.Layer:
    return keras.layers.GlobalAveragePooling2D()


def _sgd(rate: float) -> keras.optimizers.Optimizer:
    return keras.optimizers.SGD(10 * rate, momentum=0.9, nesterov=True)


class Until(keras.callbacks.Callback):
    """Ends a training, and the search with it, at a time."""

    def __init__(self, at: float) -> None:
        super().__init__()
        self.at = at

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        if time.monotonic() > self.at:
            raise TimeoutError


class InTime(keras_tuner.Hyperband):
    """Hyperband that stops asking when the time is over; the library has no such limit."""

    def run_trial(self, trial: object, *args: object, **kwargs: object) -> object:
        if time.monotonic() > self.until:
            raise TimeoutError
        return super().run_trial(trial, *args, **kwargs)


def main() -> None:
    dataset, seconds, seed, folder, precision = sys.argv[1:]
    keras.config.set_dtype_policy(precision)
    end = BEGUN + float(seconds)
    keras.utils.set_random_seed(int(seed))
    data = np.load(dataset)
    x, y, x_test, y_test = (data[name] for name in ("x_train", "y_train", "x_test", "y_test"))
    order = np.random.default_rng(int(seed)).permutation(len(x))
    decides, learns = order[: len(x) // HELD_OUT], order[len(x) // HELD_OUT :]
    known = {"shape": x.shape[1:], "classes": int(y.max()) + 1, "low": float(x.min()), "high": float(x.max())}
    make = partial(build, **known)
    tuner = InTime(
        make,
        "val_accuracy",
        max_epochs=MAX_EPOCHS,
        factor=3,
        seed=int(seed),
        directory=folder,
        project_name=seed,
        overwrite=True,  # of what an interrupted one has left
    )
    tuner.until = BEGUN + float(seconds) / 2
    with suppress(TimeoutError, RuntimeError):
        tuner.search(
            x[learns],
            y[learns],
            validation_data=(x[decides], y[decides]),
            batch_size=128,
            callbacks=[Until(tuner.until)],
            verbose=0,
        )
    finished = [trial for trial in tuner.oracle.trials.values() if trial.score is not None]
    best = max(finished, key=lambda trial: trial.score, default=None)
    chosen = best.hyperparameters if best else tuner.oracle.get_space()  # its defaults, if no trial came to an end
    model = make(chosen)
    begun, epochs = time.monotonic(), 0
    while True:
        model.fit(x, y, batch_size=128, epochs=1, verbose=0)
        epochs += 1
        each = (time.monotonic() - begun) / epochs
        if time.monotonic() + each + 0.15 * each > end:
            break
    accuracy = float(model.evaluate(x_test, y_test, batch_size=250, verbose=0)[1])
    selected = best.score if best else None
    found = {"test": accuracy, "selected": selected, "evaluations": len(finished), "openings": 1}
    print(json.dumps({**found, "winner": f"{json.dumps(chosen.values)}, {epochs} epochs"}))


if __name__ == "__main__":
    main()
