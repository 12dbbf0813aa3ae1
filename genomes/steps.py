"""The steps that make genomes: which operator did what, as data to be counted and as text for people."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from genomes.json_value import Json, JsonObject

# Operator -> what it does. The register is closed: effects are counted by these names.
STEPS: dict[str, str] = {
    "founder": "a genome that the search begins with",
    "random": "drawn from nothing",
    "adopt": "begins with weights of a model of the user's own",
    "insert": "a new layer",
    "remove": "a layer less",
    "swap": "two neighbouring layers change places",
    "change": "a gene of a layer takes another value",
    "duplicate": "a stage, a run of layers, is repeated behind itself",
    "width": "all layers of the body or of the head become wider or narrower",
    "deepen": "a new stage",
    "split": "an edge of a graph is split by new layers",
    "exchange": "another layer of the same role in the place of one",
    "connect": "a new edge of a graph",
    "disconnect": "an edge of a graph less",
    "merge": "what a vertex of a graph reads is added instead of concatenated, or the other way round",
    "repeat": "a graph stands more or less often behind itself",
    "remove stage": "a stage less",
    "recipe": "a gene of the training recipe takes another value",
    "augmentation": "random changes of images are switched on or off, as the search has found out",
    "assemble": "modules are put into the slots of a blueprint",
    "crossover": "parts of two parents are joined",
    "scale": "made wider or narrower as a whole, to fit the limits",
    "clamp": "genes of a founder are moved within the bounds of the search",
    "nearest": "the nearest entry of a table of our own trainings that was not born yet",
    "gene": "a gene of an entry of a table takes another value",
    "recorded": "a step of a run of version 0.9, of which the text alone is known",
}


@dataclass(frozen=True)
class Step:
    """One thing that made a genome.

    operator: one of `STEPS`; any other raises ValueError. detail: JSON, as the operator has it: where, from, to; counts
    of layers and genes begin at 1. text: the same for people.
    """

    operator: str
    detail: JsonObject = field(hash=False)
    text: str

    def __post_init__(self) -> None:
        if self.operator not in STEPS:
            raise ValueError(f"operator '{self.operator}' is unknown; known are {', '.join(STEPS)}")
        # As it is when it was written and read again, so that it is equal then, too.
        object.__setattr__(self, "detail", json.loads(json.dumps(self.detail, allow_nan=False)))

    def __str__(self) -> str:
        return self.text

    def to_json(self) -> JsonObject:
        """JSON from which `read_step` restores an equal step."""
        return {"operator": self.operator, "detail": self.detail, "text": self.text}


def read_step(data: Json) -> Step:
    """The step of its JSON; version 0.9 wrote its text alone. Raises ValueError for anything else."""
    if isinstance(data, str):
        return Step("recorded", {}, data)
    match data:
        case {"operator": str(operator), "detail": dict(detail), "text": str(text)}:
            return Step(operator, detail, text)
    raise ValueError(f"{data!s:.80} is not a step with an operator, a detail and a text")
