"""Encodings of convolutional networks: genomes, the spaces they live in, and the networks they decode to.

Standard library only, but for `decode`, which needs Keras.
"""

from genomes.genome import Blueprint, Genome, InvalidGenome, SearchSpace, Variation, candidate_key, space_class
from genomes.steps import Step

__all__ = [
    "Blueprint",
    "Genome",
    "InvalidGenome",
    "SearchSpace",
    "Step",
    "Variation",
    "candidate_key",
    "space_class",
]
