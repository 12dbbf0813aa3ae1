"""The plain Keras loop that a user would write: one network after the other, Keras's defaults, all cores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
from laps import BUILD, BUSY, VALIDATION, Laps, answer
from stopwatch import timed_fit

from genomes.decode import decode
from genomes.spec import ModelSpec

AS_THEY_ARE = {"scale": 1.0, "offset": 0.0}


class PlainLoop:
    """work: see `work` in throughput.py."""

    def __init__(self, work: dict[str, Any]) -> None:
        self.networks = work["networks"]
        self.scratch = Path(work["scratch"])
        self.x, self.y = images(work["folder"], "train", work["images"])
        self.validation = images(work["folder"], "validation", None)

    def train(self, numbers: list[int], epochs: int) -> dict[str, Any]:
        laps = Laps()
        return answer(laps, [self.score(number, epochs, laps) for number in numbers])

    def score(self, number: int, epochs: int, laps: Laps) -> float:
        """Validation accuracy of one network after its training."""
        with laps.of(BUSY):
            keras.utils.clear_session()
            with laps.of(BUILD):
                model = self.build(number)
            timed_fit(
                laps,
                model,
                self.x,
                self.y,
                batch_size=self.networks[number]["batch_size"],
                epochs=epochs,
                validation_data=self.validation,
                verbose=0,
            )
            with laps.of(VALIDATION):
                return float(model.evaluate(*self.validation, verbose=0, return_dict=True)["accuracy"])

    def build(self, number: int) -> Any:
        """The compiled model of one network."""
        network = self.networks[number]
        model = decode(ModelSpec.from_json(network["blueprint"]), AS_THEY_ARE)
        model.compile(
            keras.optimizers.Adam(network["learning_rate"]), "sparse_categorical_crossentropy", metrics=["accuracy"]
        )
        return model

    def close(self) -> None:
        """Nothing outlives the process."""


def images(folder: str, part: str, count: int | None) -> tuple[Any, Any]:
    """The first `count` images of a part from 0 to 1, and their labels."""
    pixels, labels = (np.load(Path(folder, f"{part}_{kind}.npy"))[:count] for kind in ("images", "labels"))
    return pixels.astype("float32") / 255, labels
