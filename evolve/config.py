"""The settings of a run, from keyword arguments, a TOML file or the command line."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from evolve.data.sources import DATASETS
from evolve.errors import ConfigError, nearest
from evolve.objectives import MEASURES, Objectives, read_objective
from evolve.search.strategy import STRATEGIES, strategy_class
from evolve.settings import Settings
from evolve.values import Budget
from genomes.custom_layers import is_custom
from genomes.genome import SPACES, space_class

USUAL_LOOK_AHEAD = 8
# Settings that not every encoding heeds; see `SearchSpace.settings`.
OF_ENCODINGS = ("layers", "recipe", "max_layers", "fill", "small_births", "small_work")
RUNG = re.compile(r"\d{1,9}x\d{1,6}")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(value: Any) -> Any:
    """Seconds of a duration such as 90, '90s', '10m', '1.5h' or '1h30m'. Raises ValueError for anything else."""
    if isinstance(value, str):
        parts = re.findall(r"(\d+(?:\.\d+)?)\s*([smhd]?)", value)
        if not parts or "".join(number + unit for number, unit in parts) != value.replace(" ", ""):
            raise ValueError("not a duration")
        return sum(float(number) * UNITS[unit or "s"] for number, unit in parts)
    return value


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


def read_rungs(value: Any) -> Any:
    """Budgets such as ['3000x1', '9000x2'], or '3000x1,9000x2'. Raises ValueError for anything else."""
    given = [part.strip() for part in value.split(",")] if isinstance(value, str) else value
    if not isinstance(given, list | tuple) or not all(isinstance(one, str) and RUNG.fullmatch(one) for one in given):
        raise ValueError("not budgets")
    found = [budget(one) for one in given]
    if any(one.images < 10 or one.epochs < 1 for one in found) or any(not a < b for a, b in pairwise(found)):
        raise ValueError("not growing")
    return tuple(given)


def budget(text: str) -> Budget:
    """The budget that '3000x2' means: images and epochs."""
    images, epochs = text.split("x")
    return Budget(int(images), int(epochs))


def _known(names: Any, what: str) -> BeforeValidator:
    def check(value: Any) -> Any:
        if not isinstance(value, str) or value not in names:
            raise ConfigError(f"{what} '{value}' is unknown{nearest(str(value), names)}")
        return value

    return BeforeValidator(check)


def _objectives(value: Any) -> Any:
    """Objectives such as ['minimise loss']. Raises ValueError for anything else."""
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list | tuple) or not all(isinstance(one, str) for one in given):
        raise ValueError("not objectives")
    for one in given:
        read_objective(one)
    return tuple(given)


Seconds = Annotated[float, BeforeValidator(seconds), Field(gt=0, allow_inf_nan=False)]
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
WHOLE = "a whole number of at least"


class RunConfig(Settings):
    """Everything that decides a run. What is None is settled when the run begins, and stored with it.

    The time limit is called `for` on the command line and in TOML, `duration` in Python.
    """

    dataset: Annotated[str, BeforeValidator(_text)] = Field(
        "digits", min_length=1, description="a data set's name, an .npz file or a folder of images", examples=["digits"]
    )
    image_size: int | None = Field(None, ge=4, le=1024, description="a whole number from 4 to 1024", examples=[32])
    colour: Literal["grey", "colour"] | None = Field(None, description="'grey' or 'colour'", examples=["grey"])
    metric: Annotated[str, _known(MEASURES, "metric")] = Field("accuracy", description="a metric's name")
    objectives: Annotated[tuple[str, ...], BeforeValidator(_objectives)] = Field(
        (),
        description="a list of one measure, after 'maximise' or 'minimise' where that is not clear",
        examples=[["minimise loss"]],
    )
    fitness: str | None = Field(
        None, pattern=r"^[\w.]+:\w+$", description="the path of a function", examples=["my_module:my_function"]
    )
    encoding: Annotated[str, _known(SPACES, "encoding")] = Field("stack", description="a kind of encoding")
    strategy: Annotated[str, _known(STRATEGIES, "strategy")] = Field("aging", description="a strategy's name")
    options: dict[str, Any] = Field(
        default_factory=dict, description="a table of the strategy's settings", examples=[{"elite": 4}]
    )
    table: Path | None = Field(None, description="the path of a table in JSON", examples=["table.json"])
    founders: tuple[str, ...] | None = Field(
        None,
        description="a list of founders: their names, groups of them, notations, or RUN:CANDIDATE",
        examples=[["vgg", "conv 16 3, relu, flatten", "random"]],
    )
    layers: dict[str, Any] = Field(
        default_factory=dict, description="a table of layer kinds", examples=[{"residual": False}]
    )
    recipe: dict[str, Any] = Field(
        default_factory=dict, description="a table of recipe genes", examples=[{"optimizer": ["sgd", "adam"]}]
    )

    generations: int | None = Field(None, ge=1, description=f"{WHOLE} 1", examples=[8])
    evaluations: int | None = Field(None, ge=1, description=f"{WHOLE} 1", examples=[100])
    duration: Seconds | None = Field(
        None, alias="for", description="a time above zero such as 90s, 10m or 1h30m", examples=["10m"]
    )
    population: int = Field(16, ge=2, le=10_000, description="a whole number from 2 to 10000", examples=[16])
    images: int | None = Field(None, ge=10, description=f"{WHOLE} 10", examples=[10_000])
    epochs: int | None = Field(None, ge=1, description=f"{WHOLE} 1", examples=[3])
    rungs: Annotated[tuple[str, ...], BeforeValidator(read_rungs)] = Field(
        (),
        description="a list of budgets, images x epochs, each larger than the one before",
        examples=[["3000x1", "9000x2"]],
    )
    promote_one_in: int = Field(3, ge=2, description=f"{WHOLE} 2", examples=[3])
    final_epochs: int | None = Field(None, ge=1, description=f"{WHOLE} 1", examples=[40])
    device: Literal["cpu", "gpu"] | None = Field(None, description="'cpu' or 'gpu'", examples=["cpu"])
    gpu_share: float | None = Field(
        None, gt=0, le=1, allow_inf_nan=False, description="a share of one GPU, above 0 up to 1", examples=[0.25]
    )
    precision: Literal["float32", "bfloat16"] | None = Field(
        None, description="'float32' or 'bfloat16'", examples=["float32"]
    )
    max_founders: int | None = Field(None, ge=1, description=f"{WHOLE} 1", examples=[4])
    average_weights: bool = Field(False, description="true or false", examples=[True])
    leaders: int = Field(3, ge=1, description=f"{WHOLE} 1", examples=[3])
    rescorings: int = Field(3, ge=1, description=f"{WHOLE} 1", examples=[3])

    max_layers: int = Field(32, ge=2, description=f"{WHOLE} 2", examples=[32])
    max_parameters: int = Field(3_000_000, ge=100, description=f"{WHOLE} 100", examples=[3_000_000])
    max_multiply_adds: int | None = Field(None, ge=1000, description=f"{WHOLE} 1000", examples=[50_000_000])

    max_work: int | None = Field(None, ge=1000, description=f"{WHOLE} 1000", examples=[50_000_000])
    fill: bool = Field(False, description="true or false", examples=[True])
    small_births: int | None = Field(None, ge=1, description=f"{WHOLE} 1", examples=[30])
    small_work: int | None = Field(None, ge=1000, description=f"{WHOLE} 1000", examples=[10_000_000])

    reuse: Annotated[str, BeforeValidator(_text)] | None = Field(
        None, min_length=1, description="the name or the folder of a run", examples=["digits-aging-1"]
    )
    seed: int = Field(0, ge=0, description=f"{WHOLE} 0", examples=[1])
    look_ahead: int | None = Field(None, ge=1, le=1024, description="a whole number from 1 to 1024", examples=[8])
    fast: bool = Field(False, description="true or false", examples=[True])
    workers: int | None = Field(None, ge=1, le=1024, description="a whole number from 1 to 1024", examples=[2])
    executor: Literal["processes", "in-process"] | None = Field(
        None, description="'processes' or 'in-process'", examples=["processes"]
    )
    candidate_timeout: Seconds | None = Field(
        None, description="a time above zero such as 90s or 10m", examples=["10m"]
    )
    candidate_memory: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="a number of GiB above 0", examples=[4]
    )
    disk_limit: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="a number of GiB above 0", examples=[2]
    )
    name: str | None = Field(
        None, pattern=NAME, description="letters, digits, dots, dashes and underscores", examples=["first"]
    )
    results: Path = Field(Path("results"), description="a folder", examples=["results"])

    @model_validator(mode="before")
    @classmethod
    def _one_name_for_the_time_limit(cls, values: dict[str, Any]) -> dict[str, Any]:
        if "for" in values and "duration" in values:
            raise ValueError("'for' and 'duration' are two names of one setting; give one of them")
        return values

    @model_validator(mode="after")
    def _table_and_choices_go_together(self) -> RunConfig:
        if (self.table is not None) != (self.encoding == "choices"):
            raise ValueError(
                "encoding 'choices' and a table go together; "
                + ("give one with --table FILE" if self.table is None else "add --encoding choices")
            )
        return self

    @model_validator(mode="after")
    def _functions_of_the_script_stay_in_it(self) -> RunConfig:
        if self.executor == "processes" and self.fitness_of_script:
            raise ValueError(
                f"executor must be 'in-process' for a fitness function of the running script, such as {self.fitness}, "
                "not 'processes': no other process has it; put the function into a module, or leave executor out"
            )
        return self

    @model_validator(mode="after")
    def _rungs_are_the_budgets(self) -> RunConfig:
        if not self.rungs:
            return self
        if self.images or self.epochs:
            raise ValueError("rungs say how many images and epochs; leave images and epochs away, or rungs")
        if self.table is not None or self.fitness is not None:
            raise ValueError("rungs are for networks that evolve trains: not for a table, nor for a fitness function")
        if len(self.rungs) > 1 and not strategy_class(self.strategy).takes_updates:
            raise ValueError(
                f"strategy '{self.strategy}' takes one score per candidate; give one rung, or another strategy, "
                "such as aging"
            )
        return self

    @model_validator(mode="after")
    def _growth_is_from_small_to_large(self) -> RunConfig:
        if (self.small_births is None) != (self.small_work is None):
            raise ValueError("small_births and small_work go together: how many births are small, and how small")
        if self.small_work is None:
            return self
        if self.max_work is not None and self.max_work <= self.small_work:
            raise ValueError(f"small_work must be less than max_work={self.max_work}, not {self.small_work}")
        if self.limit is not None and self.small_births is not None and self.small_births >= self.limit:
            raise ValueError(f"small_births must be less than the {self.limit} births of all, not {self.small_births}")
        if not strategy_class(self.strategy).takes_updates:
            raise ValueError(f"strategy '{self.strategy}' breeds by generation; it cannot begin with small_births")
        return self

    def heeds(self, setting: str) -> bool:
        """Whether the encoding heeds one of the settings that not every encoding does."""
        return setting in space_class(self.encoding).settings

    def check_encoding(self) -> None:
        """Raises ConfigError for a setting that the encoding does not heed."""
        for name in OF_ENCODINGS:
            usual = type(self).model_fields[name].get_default(call_default_factory=True)
            if getattr(self, name) != usual and not self.heeds(name):
                others = ", ".join(kind for kind in SPACES if name in space_class(kind).settings)
                raise ConfigError(
                    f"{name} means nothing to the encoding '{self.encoding}'; leave it out, or use an encoding that "
                    f"heeds it: {others}"
                )

    def check_objectives(self) -> None:
        """Raises ConfigError for objectives that cannot be, or would be ignored without a word. For new runs: of one
        that is recorded nothing is asked."""
        named = Objectives.of({"objectives": self.objectives}).each if self.objectives else ()
        usual = self.metric == "accuracy"
        if len(named) > 1:
            raise ConfigError(f"strategy '{self.strategy}' ranks by one objective; give one, not {len(named)}")
        if named and not usual and self.metric != named[0].name:
            raise ConfigError("metric is short for objectives; give one of them")
        if self.table is not None and (named or not usual):
            raise ConfigError("a table has one score for each entry; leave metric and objectives out")
        if self.fitness is not None and not named and not usual:
            raise ConfigError("metric and a fitness function do not go together: the function says what counts")
        if self.fitness is None and named and named[0].name not in MEASURES:
            raise ConfigError(
                f"objectives: '{named[0].name}' is not measured; without a fitness function these are: "
                + ", ".join(MEASURES)
            )

    @property
    def budgets(self) -> tuple[Budget, ...]:
        """The rungs as budgets; empty if none are given."""
        return tuple(map(budget, self.rungs))

    @property
    def limit(self) -> int | None:
        """Births after which the search ends, or None."""
        births = [self.generations * self.population] if self.generations else []
        births += [self.evaluations] if self.evaluations else []
        return min(births, default=None)

    @property
    def fitness_of_script(self) -> bool:
        """Whether the fitness function is one of the running script, which exists in this process only."""
        return (self.fitness or "").startswith("__main__:")

    @property
    def ahead(self) -> int:
        """Requests that may be asked for and not told yet. A table answers at once, so nothing is asked for ahead."""
        return self.look_ahead or (USUAL_LOOK_AHEAD if self.table is None else 1)

    def modules(self, scoring: bool = True) -> list[str]:
        """Modules that the settings name: of layers of the user's own and, if anything will be scored, of a fitness
        function; one of the running script itself is there already."""
        paths = [str(change["class"]) for change in self.layers.values() if is_custom(change)]
        fitness = (self.fitness or "").partition(":")[0] if scoring else ""
        named = [*(path.rpartition(".")[0] for path in paths), fitness]
        return [module for module in named if module not in ("", "__main__")]

    @property
    def own_data(self) -> list[str]:
        """The path of the data set, if the settings name one by a path."""
        return [] if self.table is not None or self.dataset in DATASETS else [self.dataset]
