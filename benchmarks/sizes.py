"""How large LiteRT files are beside the least that is reckoned with, and what 8 bits and floats take for an image.

    python benchmarks/sizes.py --output results/published/objectives

For all founders and some random networks on images of 32 x 32 x 3: weights, bytes with floats and with 8 bits,
`ModelSpec.least_size`, and milliseconds for one image on one core. Needs TensorFlow; a few minutes.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from random import Random

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from evolve.training import litert
from genomes.decode import decode
from genomes.stack.space import StackSpace

RANDOM = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    space = StackSpace((32, 32, 3), 10)
    genomes = {
        name: space.parse(text) for name, text in space.founders.items() if space.problem(space.parse(text)) is None
    }
    genomes |= {f"random {seed}": space.random(Random(seed)).genome for seed in range(RANDOM)}
    images = np.random.default_rng(0).uniform(0, 255, (litert.SEEN, 32, 32, 3))
    rows = []
    for name, genome in genomes.items():
        spec = space.blueprint(genome)
        model = decode(spec)
        floats, bytes_ = litert.as_floats(model), litert.as_int8(model, images)
        row = {"network": name, "weights": spec.parameters, "least": spec.least_size, "int8": len(bytes_)}
        row |= {"floats": len(floats), "ms": round(1000 * litert.latency(floats, images[0]).median, 3)}
        rows.append({**row, "ms_int8": round(1000 * litert.latency(bytes_, images[0]).median, 3)})
        print(rows[-1], flush=True)
    least = min(row["int8"] / row["least"] for row in rows)
    options.output.mkdir(parents=True, exist_ok=True)
    told = {"smallest share of int8 over least": round(least, 3), "rows": rows}
    (options.output / "sizes.json").write_text(json.dumps(told, indent=1) + "\n")
    print(least)


if __name__ == "__main__":
    main()
