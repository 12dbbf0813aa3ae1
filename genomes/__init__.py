"""Encodings of convolutional networks: genomes, the spaces they live in, and the networks they decode to.

Standard library only, but for `decode`, which needs Keras.
"""

from genomes.genome import Blueprint, Genome, InvalidGenome, SearchSpace, Variation, candidate_key, space_class

__all__ = ["Blueprint", "Genome", "InvalidGenome", "SearchSpace", "Variation", "candidate_key", "space_class"]
