"""Whether a network looks where it is said to: the hottest fifth of images is hidden, and other fifths, at random.

    python benchmarks/where_it_looks.py RUN --images 100 --output results/published/pictures/where-it-looks.json

Of each image the probability of the class that it is taken for is compared: hiding the hottest fifth should lower it
more than hiding another fifth. What is hidden is blurred (a normal distribution, a sixth of the side wide), or of the
mean colour of all images. Other fifths are the hottest one moved to a random place (the same shape), random areas, and
random single pixels; each time the mean over ten draws. A single pixel of one colour is no hidden place but noise, of
which a fifth destroys larger images whatever they show: that one says little of where a network looks.

Images are of the validation part (or of another one, but for the test part). Prints the shares, and writes them.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from numpy.typing import NDArray

from evolve.display.console import Silent
from evolve.engine.opening import image_problem_of
from evolve.execution.keras_import import import_keras
from evolve.execution.keras_settings import settings_of_trainings
from evolve.jobs import PartsUsed
from evolve.runs.find import find

SHARE, DRAWS, AREAS = 0.2, 10, 5
WIDTH = 1 / 6  # of the blur, as a share of the side
ENOUGH = 0.8
Array = NDArray[Any]


def main() -> None:
    import_keras()
    asked = _asked()
    with settings_of_trainings():
        told = measured(asked.run, asked.results, asked.images, asked.part, asked.candidate)
    print(json.dumps(told, indent=1))
    if asked.output:
        asked.output.parent.mkdir(parents=True, exist_ok=True)
        asked.output.write_text(json.dumps(told, indent=1) + "\n")


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--candidate", default="best")
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--part", choices=["validation", "selection"], default="validation")
    parser.add_argument("--results", default="results")
    parser.add_argument("--output", type=Path)
    return parser.parse_args()


def measured(run: str, results: str, count: int, part: str, candidate: str) -> dict[str, Any]:
    """The share of images for which hiding the hottest fifth lowers the probability more than hiding another one, for
    each way to hide it and each other fifth, and the mean drops."""
    import keras

    from evolve.models.grad_cam import hottest, resized
    from evolve.models.inspecting_process import cut_at
    from evolve.models.layer_choice import looking_places
    from evolve.training.backends import probabilities
    from evolve.training.part_images import part_images, sample

    found = find(run, results)
    number = found.number(candidate)
    spec, model = found.network(number), found.model(number)
    assert spec is not None
    parts = image_problem_of(found, Silent(), scoring=False).parts
    mapped, labels = sample(part_images(parts.root, PartsUsed(parts.digest, (), part), part), count)
    images = np.asarray(mapped, np.float32)
    before = probabilities(model, images)
    said = before.argmax(axis=1)
    places = looking_places(spec)
    heat = cut_at(model, spec, places).heat(images, said)
    hot, rng = hottest(heat, SHARE), np.random.default_rng(0)
    coarse = (len(images), AREAS, AREAS)
    others = {
        "the same shape elsewhere": lambda: np.stack([_moved(one, rng) for one in hot]),
        "areas": lambda: hottest(resized(rng.random(coarse, np.float32), images.shape[1:3]), SHARE),
        "single pixels": lambda: hottest(rng.random(images.shape[:3]), SHARE),
    }
    fillings = {"blurred": _blurred(images), "mean colour": np.broadcast_to(images.mean(axis=(0, 1, 2)), images.shape)}
    told: dict[str, Any] = {}
    for how, filling in fillings.items():

        def drop(mask: Array, filling: Array = filling) -> Array:
            hidden = np.where(mask[..., np.newaxis], filling, images)
            return (before - probabilities(model, hidden))[np.arange(len(said)), said]

        by_hottest = drop(hot)
        told[how] = {"mean drop": round(float(by_hottest.mean()), 4), "against": {}}
        for name, draw in others.items():
            by_other = np.mean([drop(draw()) for _ in range(DRAWS)], axis=0)
            share, mean = float((by_hottest > by_other).mean()), round(float(by_other.mean()), 4)
            told[how]["against"][name] = {"larger": round(share, 4), "mean drop": mean, "passed": share >= ENOUGH}
    return {
        "dataset": found.problem["name"],
        "shape": list(images.shape[1:]),
        "network": found.candidate(number).notation,
        "images": len(images),
        "part": part,
        "accuracy": round(float((said == labels).mean()), 4),
        "maps": [[node.name, *node.shape] for node in places],
        "backend": f"{keras.backend.backend()}, Keras {keras.__version__}",
        "hidden share": SHARE,
        "draws": DRAWS,
        "hidden": told,
    }


def _moved(mask: Array, rng: np.random.Generator) -> Array:
    """A mask moved to a random place, around the edges."""
    height, width = mask.shape
    return np.roll(mask, (int(rng.integers(height)), int(rng.integers(width))), (0, 1))


def _blurred(images: Array) -> Array:
    from scipy.ndimage import gaussian_filter

    wide = WIDTH * min(images.shape[1:3])
    return np.asarray(gaussian_filter(images, (0, wide, wide, 0), mode="reflect"))


if __name__ == "__main__":
    main()
