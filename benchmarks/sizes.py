"""How large LiteRT files are beside what is reckoned with, and what 8 bits and floats take for an image.

    python benchmarks/sizes.py --output results/published/objectives

For all founders and some random networks on images of 32 x 32 x 3, and for very small ones on 8 x 8 x 3, with pixels
normalised in both ways: weights, bytes with floats and with 8 bits, `ModelSpec.likely_size`, and milliseconds for one
image on one core. Needs TensorFlow; some minutes.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from evolve.training import litert
from genomes.decode import decode
from genomes.spec import ModelSpec
from genomes.stack.space import StackSpace

RANDOM = 20
SMALLEST = (
    "conv 4 3, relu, global_average",
    "conv 4 3, gaussian_noise 0.1, global_average",
    "global_average",
    "separable 8 3, relu, maxpool 2, depthwise 3, global_max",
    "conv 8 3, relu, flatten, dense 16, relu",
)
PIXELS = {"scale": {"scale": 1 / 255, "offset": 0.0}, "standardise": {"scale": [0.02] * 3, "offset": [-2.0] * 3}}


def networks() -> Iterator[tuple[str, ModelSpec]]:
    """Names and networks."""
    large, small = StackSpace((32, 32, 3), 10), StackSpace((8, 8, 3), 3)
    for name, text in large.founders.items():
        if large.problem(large.parse(text)) is None:
            yield name, large.blueprint(large.parse(text))
    for seed in range(RANDOM):
        yield f"random {seed}", large.blueprint(large.random(Random(seed)).genome)
    for text in SMALLEST:
        yield text, small.blueprint(small.parse(text))


def measured(name: str, spec: ModelSpec, pixels: str) -> dict[str, Any]:
    """The row of a network."""
    images = np.random.default_rng(0).uniform(0, 255, (litert.SEEN, *spec.input_shape))
    model = decode(spec, PIXELS[pixels])
    litert.tell_weights_apart(model)
    floats, small = litert.as_floats(model), litert.as_int8(model, images)
    row = {"network": name, "pixels": pixels, "weights": spec.parameters, "likely": spec.likely_size}
    times = {"ms": litert.latency(floats, images[0]), "ms_int8": litert.latency(small, images[0])}
    shown = {name: round(1000 * one.median, 3) for name, one in times.items()}
    return {**row, "int8": len(small), "floats": len(floats), **shown}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    rows = []
    for name, spec in networks():
        for pixels in PIXELS if name in SMALLEST else ("standardise",):
            rows.append(measured(name, spec, pixels))
            print(rows[-1], flush=True)
    shares = [row["int8"] / row["likely"] for row in rows]
    told = {"networks": len(rows), "int8 over likely": [round(min(shares), 3), round(max(shares), 3)]}
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "sizes.json").write_text(json.dumps({**told, "rows": rows}, indent=1) + "\n")
    print(told)


if __name__ == "__main__":
    main()
