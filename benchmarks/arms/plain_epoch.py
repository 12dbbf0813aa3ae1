"""Seconds per epoch of one of the article's nets in a plain Keras script: compile, and fit on all training images.

python benchmarks/arms/plain_epoch.py cifar10.npz article-2
"""

from __future__ import annotations

import json
import sys
import time

import keras
import numpy as np

from evolve.models.baseline import PUBLISHED
from evolve.training.optimizers import optimizer
from genomes.decode import decode
from genomes.stack.space import StackSpace


def main() -> None:
    dataset, name = sys.argv[1:]
    data = np.load(dataset)
    x, y = data["x_train"], keras.utils.to_categorical(data["y_train"])
    space = StackSpace((32, 32, 3), 10)
    genome = space.parse(space.founders[name])
    model = decode(space.blueprint(genome))
    model.compile(optimizer(genome.recipe, 1), "categorical_crossentropy", metrics=["accuracy"])
    model.fit(x[:1024], y[:1024], batch_size=genome.recipe.batch_size, verbose=0)
    begun = time.monotonic()
    history = model.fit(x, y, batch_size=genome.recipe.batch_size, epochs=1, verbose=0).history
    seconds = time.monotonic() - begun
    epochs, accuracy = PUBLISHED[name]
    print(
        json.dumps(
            {
                "seconds_per_epoch": round(seconds, 2),
                "published_epochs": epochs,
                "published_accuracy": accuracy,
                "train_accuracy": float(history["accuracy"][0]),
            }
        )
    )


if __name__ == "__main__":
    main()
