"""Pictures of built-in founders, for images of any shape.

    python benchmarks/founder_pictures.py fast residual --shape 32x32x3 --classes 10 --output FOLDER

Without names it draws all that fit.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from evolve.drawing.network_svg import Subject, draw_network
from genomes import InvalidGenome
from genomes.limits import Limits
from genomes.stack.founders import FOUNDERS
from genomes.stack.space import StackSpace

ANY_SIZE = Limits(max_layers=100, max_parameters=10**9, max_multiply_adds=10**12)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="founders; without any, all that fit")
    parser.add_argument("--shape", default="32x32x3", help="height x width x channels of images")
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--output", type=Path, default=Path("founders"), help="folder")
    given = parser.parse_args()
    if unknown := set(given.names) - FOUNDERS.keys():
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known are {', '.join(FOUNDERS)}")
    space = StackSpace(tuple(map(int, given.shape.split("x"))), given.classes, ANY_SIZE)
    given.output.mkdir(parents=True, exist_ok=True)
    for name in given.names or FOUNDERS:
        try:
            spec = space.blueprint(genome := space.parse(FOUNDERS[name]))
        except InvalidGenome as error:
            print(f"{name} does not fit: {error}")
            continue
        path = given.output / f"{name}.svg"
        path.write_text(draw_network(Subject(f"founder {name}", spec, genome.recipe)), encoding="utf-8")
        print(f"wrote {path}")


if __name__ == "__main__":
    main()
