"""A ResNet as a user writes it: trained in Keras, adopted, evolved for ten minutes' work, and exported again; beside it
the same model trained as it stands for the same work.

    python benchmarks/adopted.py --data FOLDER --output results/published/graphs

FOLDER holds cifar10.npz. Twice 4e13 units of work, half an hour of two server cores or more. Goes on where
it was ended; what came out is written into adopted.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

EVOLVE = [sys.executable, "-m", "evolve.cli"]
WORK = "4e13"
EPOCHS = 4  # of the user's own training
OTHERS = ("onnx", "litert")


def make(data: Path, path: Path) -> dict[str, Any]:
    """The user's part: a small ResNet, trained for a few epochs, saved. What it reads of the test images."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    import numpy as np
    from keras import layers

    def block(x: Any, filters: int, stride: int = 1) -> Any:
        y = layers.Conv2D(filters, 3, strides=stride, padding="same", use_bias=False)(x)
        y = layers.ReLU()(layers.BatchNormalization()(y))
        y = layers.BatchNormalization()(layers.Conv2D(filters, 3, padding="same", use_bias=False)(y))
        if stride > 1:
            x = layers.BatchNormalization()(layers.Conv2D(filters, 1, strides=stride, use_bias=False)(x))
        return layers.ReLU()(layers.Add()([y, x]))

    keras.utils.set_random_seed(0)
    image = keras.Input((32, 32, 3))
    x = layers.Conv2D(16, 3, padding="same", use_bias=False)(layers.Rescaling(1 / 255)(image))
    x = layers.ReLU()(layers.BatchNormalization()(x))
    for filters, stride in ((16, 1), (32, 2), (64, 2)):
        x = block(x, filters, stride)
    model = keras.Model(image, layers.Dense(10, activation="softmax")(layers.GlobalAveragePooling2D()(x)))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    with np.load(data / "cifar10.npz") as arrays:
        train, test = ((arrays[f"x_{part}"], arrays[f"y_{part}"].ravel()) for part in ("train", "test"))
    model.fit(*train, batch_size=128, epochs=EPOCHS, verbose=2)
    model.save(path)
    return {"parameters": model.count_params(), "test_accuracy": float(model.evaluate(*test, verbose=0)[1])}


def asked(*words: str, cwd: Path) -> Any:
    """What a command says with --json."""
    return json.loads(command(*words, "--json", cwd=cwd))


def command(*words: str, cwd: Path) -> str:
    """What a command prints."""
    done = subprocess.run([*EVOLVE, *words], cwd=cwd, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--runs", type=Path, default=Path("results/adopted-runs"), help="where everything is made")
    options = parser.parse_args()
    data, here = options.data.absolute(), options.runs.absolute()
    here.mkdir(parents=True, exist_ok=True)
    options.output.mkdir(parents=True, exist_ok=True)
    file = options.output / "adopted.json"
    found: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    cifar10 = str(data / "cifar10.npz")

    def step(name: str, make_it: Any) -> None:
        if name not in found:
            found[name] = make_it()
            file.write_text(json.dumps(found, indent=1) + "\n")
            print(name, found[name], flush=True)

    def searched() -> dict[str, Any]:
        words = (
            ["resume", "on"]
            if (here / "results" / "on").exists()
            else [
                "run",
                "--encoding",
                "graph",
                "--founders",
                "adopted:resnet",
                "--dataset",
                cifar10,
                "--work",
                WORK,
                "--max-layers",
                "60",
                "--name",
                "on",
            ]
        )
        command(*words, cwd=here)
        shown = asked("show", "on", cwd=here)
        winner = asked("show", "on", "best", cwd=here)
        kept = ("notation", "parameters", "multiply_adds", "origin")
        return {
            **{name: shown[name] for name in ("test_accuracy", "test_is_clean")},
            "evaluations": shown["evaluations"],
            **{name: winner[name] for name in kept},
        }

    def exported() -> dict[str, int]:
        sizes = {}
        for kind, ending in (("keras", ".keras"), ("python", ".py"), ("litert", ".tflite"), ("onnx", ".onnx")):
            target = here / f"evolved{ending}"
            command("export", "on", "best", "--format", kind, "--output", str(target), cwd=here)
            sizes[kind] = target.stat().st_size
        return sizes

    step("by hand", lambda: make(data, here / "resnet.keras"))
    step("adopted", lambda: asked("adopt", "resnet.keras", cwd=here))
    step("evolved", searched)
    step("exported, bytes", exported)
    words = ("baseline", "--model", "resnet.keras", "--dataset", cifar10, "--work", WORK)
    kept = ("epochs", "test_accuracy", "parameters")
    step("as it stands", lambda: {name: value for name, value in asked(*words, cwd=here).items() if name in kept})


if __name__ == "__main__":
    main()
