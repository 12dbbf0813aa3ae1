"""The search space of a run, made by the encoding that its settings name: of a new run, and of one that is recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from evolve.config import RunConfig
from evolve.errors import DataError, RunError
from evolve.objectives import PUBLISHED, RECORDED, Objectives
from evolve.problems.recorded_files import network_space
from evolve.problems.recorded_tables import RecordedDataset, RecordedTable
from evolve.problems.table_files import Table, open_table
from genomes import Genome, InvalidGenome, SearchSpace, space_class
from genomes.alphabet import alphabet, for_images
from genomes.genome import NetworkSpace, TableSpace
from genomes.json_value import JsonObject
from genomes.limits import Limits
from genomes.primitives import Shape
from genomes.table_entry import TableEntry

WORKER_BYTES = 800_000_000  # what a worker holds without any network: libraries, images, TensorFlow's own buffers
# What a value costs that a layer puts out, in multiply-adds: matrices of 16-bit numbers are multiplied so fast that
# what is between counts for more (measured on an Intel processor with AMX, networks of 16 to 256 filters). A run whose
# budget is work counts as with 32 bits, whatever it trains with, so that its units are those of all others.
VALUE_WORK = {"float32": 45, "bfloat16": 270}
UNEVEN = 1.5  # times as many images of the most frequent class as of the rarest one
BALANCED = "balanced_accuracy"
TABLES = 8  # of which the spaces are kept
USUAL_AREA = 32 * 32  # images up to this many pixels have the usual limit of multiplications, larger ones more


def image_space(
    config: RunConfig,
    input_shape: Shape,
    classes: int,
    own: Mapping[str, Mapping[str, Any]] | None = None,
    counts: Sequence[int] | None = None,
    inherited: Iterable[str] = (),
) -> NetworkSpace[Genome]:
    """The search space of a run on images, with the run's limits and alphabet.

    own: what was found out about layers of the user's own. counts: of training images, by class, None where they are
    not known. inherited: as of `Alphabet`. Raises InvalidGenome for an alphabet that cannot be.
    """
    recipe = {**class_weights(config, counts), **config.recipe}
    letters = for_images(alphabet(config.layers, recipe, own), *input_shape[:2])
    letters = replace(letters, inherited=frozenset(inherited))
    kind: type[NetworkSpace[Genome]] = space_class(config.encoding)
    return kind.for_images(input_shape, classes, image_limits(config, input_shape), letters)


def class_weights(config: RunConfig, counts: Sequence[int] | None) -> dict[str, Any]:
    """Bounds of the weights of classes: of no use where these are about equally frequent, needed where they are not and
    each class is to count as much as any other, and else as it turns out."""
    if counts is None or max(counts) < UNEVEN * max(1, min(counts)):
        return {} if counts is None else {"class_weights": 0}
    return {"class_weights": [0.5, 1.0]} if Objectives.of(config.model_dump()).first.name == BALANCED else {}


def image_limits(config: RunConfig, input_shape: Shape) -> Limits:
    """The limits of networks of a run on images of that shape."""
    grown = max(1.0, input_shape[0] * input_shape[1] / USUAL_AREA)
    return Limits(
        max_layers=config.max_layers,
        max_parameters=config.max_parameters,
        max_size=config.max_size,
        max_multiply_adds=config.max_multiply_adds or round(Limits.max_multiply_adds * grown),
        max_activations=config.max_activations,
        max_work=config.max_work,
        value_work=VALUE_WORK["float32" if config.work else config.precision or "float32"],
        max_memory=None if config.candidate_memory is None else round(config.candidate_memory * 2**30) - WORKER_BYTES,
    )


@lru_cache(maxsize=TABLES)
def table_space(table: Table) -> SearchSpace[Genome]:
    """The search space of a run on a table; the same one again for all searches of this process."""
    kind: type[TableSpace[Genome]] = space_class(PUBLISHED)
    entries = {code: _entry(table.name, code, known) for code, known in table.entries.items()}
    return kind.for_table(table.name, table.choices, entries)


@lru_cache(maxsize=TABLES)
def pool_space(data: RecordedDataset) -> SearchSpace[Genome]:
    """The search space of a run on a recorded table, likewise."""
    networks, name = network_space(), f"{data.table} on {data.name}"
    known = {one: data.repeats(one, data.smallest)[0] for one in data.pool}
    entries = {one: TableEntry(name, one, its.parameters, its.multiply_adds) for one, its in known.items()}
    genomes = {one: networks.parse(data.genomes[one]) for one in data.pool}
    first = tuple(one for one in data.founders if one in known)
    made: SearchSpace[Genome] = space_class(RECORDED)(name, entries, genomes, networks, first)
    return made


def _entry(table: str, code: str, known: Mapping[str, Any]) -> TableEntry:
    measures = known.get("measures", {})
    return TableEntry(table, code, measures.get("parameters"), measures.get("multiply_adds"), known.get("cost"))


def without_estimates(config: RunConfig) -> RunConfig:
    """Settings by which any network of a run that exists can be read: the version that made it may have estimated the
    sizes of files otherwise, so what was within the limit then may be beyond it now."""
    return config.model_copy(update={"max_size": None})


def recorded_space(config: RunConfig, known: Mapping[str, Any], whose: str) -> SearchSpace[Genome]:
    """The search space of a run that exists. Raises RunError if what is known of it is damaged or its table is gone."""
    if config.table is not None:
        try:
            table = open_table(config.table)
            if isinstance(table, RecordedTable):
                return pool_space(table.dataset(config.dataset))
            return table_space(table)
        except DataError as error:
            raise RunError(f"the search space of {whose} cannot be read: {error}; put the table back") from None
    try:
        shape, classes = tuple(known["input_shape"]), len(known["class_names"])
        return image_space(without_estimates(config), shape, classes, known.get("own_layers"))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RunError(f"the search space of {whose} cannot be read, it is damaged: {error}") from None


def recorded_genome(space: SearchSpace[Genome], data: JsonObject, whose: str) -> Genome:
    """A genome that was built before. Raises RunError if that cannot be done now."""
    try:
        genome = space.read(data)
        space.blueprint(genome)
    except InvalidGenome as error:
        raise RunError(f"the genome of {whose} cannot be read, it is damaged: {error}") from None
    return genome
