"""The settings of a run, from keyword arguments, a TOML file or the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from evolve.config_values import Group, HomePath, PathText, one_of, read_objectives, read_rungs, read_twins
from evolve.display.quantities import Count, Latency, Seconds, Size
from evolve.objectives import MEASURES, PUBLISHED, RECORDED
from evolve.search.strategy import STRATEGIES, strategy_class
from evolve.settings import Settings, Shown
from evolve.values import Budget
from genomes.custom_layers import is_custom
from genomes.genome import SPACES, space_class

USUAL_LOOK_AHEAD = 8
# Settings that not every encoding heeds; see `SearchSpace.settings`.
OF_ENCODINGS = ("layers", "recipe", "max_layers", "fill", "small_births", "small_work", "rungs")
OF_NETWORKS = ("max_parameters", "max_multiply_adds", "max_activations", "max_work")  # limits that no table heeds
OF_TABLES = {".json": PUBLISHED, ".jsonl": RECORDED}  # how the names of tables end -> their encodings
RANDOM = "random"  # among founders: networks drawn from nothing
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
WHOLE = "a whole number of at least"
UP_TO_1024 = "a whole number from 1 to 1024"
TRAINED, CONTINUED = ("run", "baseline"), ("run", "resume")


class RunConfig(Settings):
    """Everything that decides a run. What is None is settled when the run begins, and stored with it.

    The time limit is called `for` on the command line and in TOML, `duration` in Python. A field is all that a setting
    needs: flag, help, typed keyword and table of settings are made from it.
    """

    dataset: Annotated[
        PathText,
        Shown(
            Group.DATA,
            "digits, cifar10, cifar100, mnist, fashion_mnist, an .npz file or a folder of images.",
            value="DATA",
            verbs=TRAINED,
        ),
    ] = Field(
        "digits", min_length=1, description="a data set's name, an .npz file or a folder of images", examples=["digits"]
    )
    image_size: Annotated[
        int | None,
        Shown(Group.DATA, "Pixels per side to which a folder's images are resized.", "as they are", "N", verbs=TRAINED),
    ] = Field(None, ge=4, le=1024, description="a whole number from 4 to 1024", examples=[32])
    colour: Annotated[
        Literal["grey", "colour"] | None,
        Shown(Group.DATA, "How a folder's images are read: grey or colour.", "as the files are", "KIND", verbs=TRAINED),
    ] = Field(None, description="'grey' or 'colour'", examples=["grey"])
    table: Annotated[
        HomePath | None,
        Shown(
            Group.DATA,
            "Table to search, published (.json) or recorded (.jsonl); nothing is trained.",
            value="FILE",
        ),
    ] = Field(None, description="the path of a table, JSON or JSON Lines", examples=["table.json"])

    strategy: Annotated[
        str,
        one_of(STRATEGIES),
        Shown(Group.SEARCH, "aging, genetic, neat, codeepneat, nsga2, map-elites or random.", value="NAME"),
    ] = Field("aging", description="a strategy's name")
    options: Annotated[dict[str, Any], Shown(Group.SEARCH, "Settings of the strategy itself.", flags=())] = Field(
        default_factory=dict, description="a table of the strategy's settings", examples=[{"elite": 4}]
    )
    encoding: Annotated[
        str,
        one_of(SPACES),
        Shown(Group.SEARCH, "stack or graph; for a table choices or pool.", "stack; that of the table", "NAME"),
    ] = Field("stack", description="a kind of encoding")
    metric: Annotated[
        str, one_of(MEASURES), Shown(Group.SEARCH, "accuracy, balanced_accuracy or loss.", value="NAME")
    ] = Field("accuracy", description="a metric's name")
    objectives: Annotated[
        tuple[str, ...],
        BeforeValidator(read_objectives, json_schema_input_type=str | list[str] | tuple[str, ...]),
        Shown(
            Group.SEARCH,
            "Measures to rank by instead of a metric: 'minimise loss', or several: accuracy,parameters,multiply_adds.",
            value="MEASURES",
        ),
    ] = Field(
        (),
        description="a list of measures, each after 'maximise' or 'minimise' where that is not clear",
        examples=[["accuracy", "parameters"]],
    )
    fitness: Annotated[
        str | None,
        Shown(Group.SEARCH, "A function of your own to rank by, as my_module:my_function.", value="FUNCTION"),
    ] = Field(None, pattern=r"^[\w.]+:\w+$", description="the path of a function", examples=["my_module:my_function"])
    founders: Annotated[
        tuple[str, ...] | None,
        Shown(
            Group.SEARCH,
            "What the first population is made of.",
            "portfolio",
            flags=("--founders", "--founder"),
        ),
    ] = Field(
        None,
        description="a list of founders: their names, groups of them, notations, or RUN:CANDIDATE",
        examples=[["vgg", "conv 16 3, relu, flatten", "random"]],
    )
    max_founders: Annotated[
        int | None,
        Shown(Group.SEARCH, "Largest number of built-in founders.", "all that there is time for", "N"),
    ] = Field(None, ge=1, description=f"{WHOLE} 1", examples=[4])
    layers: Annotated[
        dict[str, Any],
        Shown(Group.SEARCH, "Kinds of layers: off, drawn more often, narrowed, or your own.", flags=("--layer",)),
    ] = Field(default_factory=dict, description="a table of layer kinds", examples=[{"residual": False}])
    recipe: Annotated[dict[str, Any], Shown(Group.SEARCH, "Values of the training recipe's genes.", flags=())] = Field(
        default_factory=dict, description="a table of recipe genes", examples=[{"optimizer": ["sgd", "adam"]}]
    )
    reuse: Annotated[
        PathText | None,
        Shown(Group.SEARCH, "A run, by name or folder: its results are copied where jobs are equal.", value="RUN"),
    ] = Field(None, min_length=1, description="the name or the folder of a run", examples=["digits-aging-1"])
    seed: Annotated[int, Shown(Group.SEARCH, "Same seed, same history.", value="N", verbs=TRAINED)] = Field(
        0, ge=0, description=f"{WHOLE} 0", examples=[1]
    )
    look_ahead: Annotated[
        int | None,
        Shown(Group.SEARCH, "Most candidates in progress at once.", f"{USUAL_LOOK_AHEAD}; 1 for a table", "N"),
    ] = Field(None, ge=1, le=1024, description=UP_TO_1024, examples=[8])
    fast: Annotated[bool, Shown(Group.SEARCH, "Use results as they come: a seed then has many histories.")] = Field(
        False, description="true or false", examples=[True]
    )

    duration: Annotated[
        Seconds | None,
        Shown(
            Group.BUDGET,
            "Time for the whole command: 90s, 10m, 1h30m.",
            "10m, if nothing else limits it",
            "TIME",
            verbs=CONTINUED,
        ),
    ] = Field(None, alias="for", description="a time above zero such as 90s, 10m or 1h30m", examples=["10m"])
    generations: Annotated[
        int | None, Shown(Group.BUDGET, "Largest number of generations.", value="N", verbs=CONTINUED)
    ] = Field(None, ge=1, description=f"{WHOLE} 1", examples=[8])
    evaluations: Annotated[int | None, Shown(Group.BUDGET, "Largest number of candidates.", value="N")] = Field(
        None, ge=1, description=f"{WHOLE} 1", examples=[100]
    )
    work: Annotated[
        float | None,
        Shown(Group.BUDGET, "Units of work for all of it, with one plan on every machine: 2e13.", value="UNITS"),
    ] = Field(None, gt=0, allow_inf_nan=False, description="a number of units of work above 0", examples=[2e13])
    population: Annotated[int, Shown(Group.BUDGET, "Candidates in a generation.", value="N")] = Field(
        16, ge=2, le=10_000, description="a whole number from 2 to 10000", examples=[16]
    )
    images: Annotated[
        int | None, Shown(Group.BUDGET, "Images of a brief training.", "5,000, or all if there are fewer", "N")
    ] = Field(None, ge=10, description=f"{WHOLE} 10", examples=[10_000])
    epochs: Annotated[
        int | None, Shown(Group.BUDGET, "Epochs of a brief training.", "10,000 / images, at most 10", "N")
    ] = Field(None, ge=1, description=f"{WHOLE} 1", examples=[3])
    rungs: Annotated[
        tuple[str, ...],
        BeforeValidator(read_rungs, json_schema_input_type=str | list[str] | tuple[str, ...]),
        Shown(Group.BUDGET, "Budgets, images x epochs, that the best climb: 3000x1,9000x2.", value="BUDGETS"),
    ] = Field(
        (),
        description="a list of budgets, images x epochs, each larger than the one before",
        examples=[["3000x1", "9000x2"]],
    )
    promote_one_in: Annotated[
        int, Shown(Group.BUDGET, "One in this many candidates goes on to the next rung.", value="N")
    ] = Field(3, ge=2, description=f"{WHOLE} 2", examples=[3])
    challengers: Annotated[
        int, Shown(Group.BUDGET, "Starts of the race to train longer; the first one always is.", value="N")
    ] = Field(4, ge=1, description=f"{WHOLE} 1", examples=[4])
    newcomers: Annotated[
        int | None,
        Shown(
            Group.BUDGET,
            "Largest number of candidates that are bred after a race.",
            "as many as the run has room for",
            "N",
        ),
    ] = Field(None, ge=0, description=f"{WHOLE} 0", examples=[8])
    few_images: Annotated[
        int,
        Shown(
            Group.BUDGET,
            "With fewer images, the test part aside, candidates are scored by 4-fold cross-validation.",
            value="N",
        ),
    ] = Field(1000, ge=0, description=f"{WHOLE} 0", examples=[500])
    twins: Annotated[
        tuple[str, ...],
        BeforeValidator(read_twins, json_schema_input_type=str | list[str] | tuple[str, ...]),
        Shown(
            Group.BUDGET,
            "Budgets to train with and without an augmentation where the probe leaves it open: 5000x3,5000x9.",
            value="BUDGETS",
        ),
    ] = Field(
        (),
        description="two budgets, images x epochs, of the same images with more and more epochs",
        examples=[["5000x3", "5000x9"]],
    )
    leaders: Annotated[int, Shown(Group.BUDGET, "How many of the best are scored again.", value="N")] = Field(
        3, ge=1, description=f"{WHOLE} 1", examples=[3]
    )
    rescorings: Annotated[
        int, Shown(Group.BUDGET, "How often each of them is scored again.", "3, or 1 on more images", "N")
    ] = Field(3, ge=1, description=f"{WHOLE} 1", examples=[3])
    rescoring_images: Annotated[
        int | None,
        Shown(Group.BUDGET, "Images that leaders are scored again on, if more than in the race.", "as planned", "N"),
    ] = Field(None, ge=10, description=f"{WHOLE} 10", examples=[12_000])
    rescoring_epochs: Annotated[
        int | None,
        Shown(Group.BUDGET, "Epochs that leaders are scored again with, if more than in the race.", "as planned", "N"),
    ] = Field(None, ge=1, description=f"{WHOLE} 1", examples=[9])
    final_epochs: Annotated[
        int | None,
        Shown(Group.BUDGET, "Epochs of the winner's full training.", "40; as planned with a time or work", "N"),
    ] = Field(None, ge=1, description=f"{WHOLE} 1", examples=[40])
    ensemble: Annotated[
        int | None,
        Shown(Group.BUDGET, "Train the best N in full, to be used together.", "the winner alone", "N"),
    ] = Field(None, ge=2, le=16, description="a whole number from 2 to 16", examples=[3])
    average_weights: Annotated[
        bool, Shown(Group.BUDGET, "Average the winner's weights over the end of its training.")
    ] = Field(False, description="true or false", examples=[True])

    max_layers: Annotated[int, Shown(Group.LIMITS, "Largest number of layers of a network.", value="N")] = Field(
        32, ge=2, description=f"{WHOLE} 2", examples=[32]
    )
    max_parameters: Annotated[
        Count, Shown(Group.LIMITS, "Largest number of weights of a network, such as 100k.", value="N")
    ] = Field(3_000_000, ge=100, description=f"{WHOLE} 100", examples=["100k"])
    max_multiply_adds: Annotated[
        Count | None,
        Shown(
            Group.LIMITS,
            "Largest number of multiply-adds per image, such as 5M.",
            "50,000,000, more for large images",
            "N",
        ),
    ] = Field(None, ge=1000, description=f"{WHOLE} 1000", examples=["5M"])
    max_activations: Annotated[
        Size | None,
        Shown(Group.LIMITS, "Largest peak of activations of an image, at 8 bits a value, such as 256kB.", value="SIZE"),
    ] = Field(None, ge=100, description="a size of at least 100 bytes", examples=["256kB"])
    max_size: Annotated[
        Size | None,
        Shown(Group.LIMITS, "Largest LiteRT file with numbers of 8 bits, such as 30kB.", value="SIZE"),
    ] = Field(None, ge=1000, description="a size of at least 1 kB", examples=["30kB"])
    max_latency: Annotated[
        Latency | None,
        Shown(Group.LIMITS, "Longest time for one image, on one core of this machine, such as 2ms.", value="TIME"),
    ] = Field(None, description="a time above zero with its unit, such as 2ms or 500us", examples=["2ms"])
    max_work: Annotated[
        int | None,
        Shown(
            Group.LIMITS,
            "Largest work per image: multiply-adds, and 45 for each value that a layer puts out.",
            value="N",
        ),
    ] = Field(None, ge=1000, description=f"{WHOLE} 1000", examples=[50_000_000])
    fill: Annotated[bool, Shown(Group.LIMITS, "Make networks as wide as the limits allow.")] = Field(
        False, description="true or false", examples=[True]
    )
    small_births: Annotated[
        int | None, Shown(Group.LIMITS, "Candidates that are small networks, before all others.", value="N")
    ] = Field(None, ge=1, description=f"{WHOLE} 1", examples=[30])
    small_work: Annotated[
        int | None, Shown(Group.LIMITS, "Largest work per image of these small networks.", value="N")
    ] = Field(None, ge=1000, description=f"{WHOLE} 1000", examples=[10_000_000])
    candidate_timeout: Annotated[
        Seconds | None, Shown(Group.LIMITS, "Longest time of a brief training.", "estimated from its cost", "TIME")
    ] = Field(None, description="a time above zero such as 90s or 10m", examples=["10m"])
    candidate_memory: Annotated[
        float | None, Shown(Group.LIMITS, "Largest memory of a worker, in GiB.", "by the machine's memory", "GIB")
    ] = Field(None, gt=0, allow_inf_nan=False, description="a number of GiB above 0", examples=[4])

    workers: Annotated[
        int | None,
        Shown(
            Group.MACHINE,
            "Worker processes.",
            "one per core, or four a GPU, but no more than candidates in progress at once",
            "N",
            verbs=CONTINUED,
        ),
    ] = Field(None, ge=1, le=1024, description=UP_TO_1024, examples=[2])
    executor: Annotated[
        Literal["processes", "in-process"] | None,
        Shown(
            Group.MACHINE,
            "Where candidates are trained: processes or in-process.",
            "processes; in-process for a table",
            "KIND",
        ),
    ] = Field(None, description="'processes' or 'in-process'", examples=["processes"])
    device: Annotated[
        Literal["cpu", "gpu"] | None,
        Shown(Group.MACHINE, "Where to train: cpu or gpu.", "a GPU, where there is one", "KIND"),
    ] = Field(None, description="'cpu' or 'gpu'", examples=["cpu"])
    gpu_share: Annotated[
        float | None,
        Shown(Group.MACHINE, "Share of a GPU's memory for each worker.", "equal shares", "SHARE"),
    ] = Field(None, gt=0, le=1, allow_inf_nan=False, description="a share of one GPU, above 0 up to 1", examples=[0.25])
    precision: Annotated[
        Literal["float32", "bfloat16"] | None,
        Shown(Group.MACHINE, "Numbers to train with: float32 or bfloat16.", "what is faster here", "KIND"),
    ] = Field(None, description="'float32' or 'bfloat16'", examples=["float32"])
    name: Annotated[
        str | None, Shown(Group.MACHINE, "Name of the run.", "made from data and strategy", "NAME", verbs=TRAINED)
    ] = Field(None, pattern=NAME, description="letters, digits, dots, dashes and underscores", examples=["first"])
    results: Annotated[HomePath, Shown(Group.MACHINE, "Folder for runs.", value="FOLDER", verbs=TRAINED)] = Field(
        Path("results"), description="a folder", examples=["results"]
    )
    tensorboard: Annotated[
        bool,
        Shown(
            Group.MACHINE,
            "Write all results for TensorBoard, too, into the run's folder.",
            verbs=CONTINUED,
        ),
    ] = Field(False, description="true or false", examples=[True])
    disk_limit: Annotated[
        float | None, Shown(Group.MACHINE, "Largest size of the folder for runs, in GiB.", value="GIB", verbs=CONTINUED)
    ] = Field(None, gt=0, allow_inf_nan=False, description="a number of GiB above 0", examples=[2])

    @model_validator(mode="before")
    @classmethod
    def _table_says_its_encoding(cls, values: dict[str, Any]) -> dict[str, Any]:
        """A published table is JSON, a recorded one JSON Lines."""
        if values.get("table") is None or values.get("encoding") is not None:
            return values
        return {**values, "encoding": OF_TABLES.get(Path(str(values["table"])).suffix.lower(), PUBLISHED)}

    @model_validator(mode="after")
    def _tables_have_encodings_of_their_own(self) -> RunConfig:
        of_table = self.encoding in OF_TABLES.values()
        if self.table is None and of_table:
            raise ValueError(f"the encoding '{self.encoding}' is for a table; add {self.assigned('table', 'FILE')}")
        if self.table is not None and not of_table:
            others = " or ".join(OF_TABLES.values())
            raise ValueError(
                f"the encoding '{self.encoding}' is for images, not for a table; leave it out, or use {others}"
            )
        return self

    @model_validator(mode="after")
    def _functions_of_the_script_stay_in_it(self) -> RunConfig:
        if self.executor == "processes" and self.fitness_of_script:
            raise ValueError(
                f"{self.assigned('executor', 'processes')} does not go with a fitness function of the running script, "
                f"such as {self.fitness}: no other process has it; put the function into a module, or leave "
                f"{self.spelled('executor')} out"
            )
        return self

    @model_validator(mode="after")
    def _rungs_are_the_budgets(self) -> RunConfig:
        if not self.rungs:
            return self
        if self.images or self.epochs:
            given = " and ".join(self.spelled(name) for name in ("images", "epochs") if getattr(self, name))
            rungs = self.spelled("rungs")
            raise ValueError(f"{rungs} already says how many images and epochs; leave out {given} or {rungs}")
        if self.fitness is not None:
            rungs = self.spelled("rungs")
            raise ValueError(f"{rungs} is for networks that evolve trains: not for a fitness function")
        if len(self.rungs) > 1 and not strategy_class(self.strategy).takes_updates:
            raise ValueError(
                f"strategy '{self.strategy}' takes one score per candidate; give one rung, or another strategy: "
                + self.assigned("strategy", "aging")
            )
        return self

    @model_validator(mode="after")
    def _growth_is_from_small_to_large(self) -> RunConfig:
        births, work = self.spelled("small_births"), self.spelled("small_work")
        if (self.small_births is None) != (self.small_work is None):
            raise ValueError(f"{births} and {work} go together: how many births are small, and how small")
        if self.small_work is None:
            return self
        if self.max_work is not None and self.max_work <= self.small_work:
            largest = self.assigned("max_work", self.max_work)
            raise ValueError(f"{work} must be less than {largest}, not {self.small_work}")
        if self.limit is not None and self.small_births is not None and self.small_births >= self.limit:
            raise ValueError(f"{births} must be less than the {self.limit} births of all, not {self.small_births}")
        if not strategy_class(self.strategy).takes_updates:
            raise ValueError(f"strategy '{self.strategy}' breeds by generation; it cannot begin with {births}")
        return self

    def heeds(self, setting: str) -> bool:
        """Whether the encoding heeds one of the settings that not every encoding does."""
        return setting in space_class(self.encoding).settings

    @property
    def budgets(self) -> tuple[Budget, ...]:
        """The rungs as budgets; empty if none are given."""
        return tuple(map(Budget.read, self.rungs))

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
        from evolve.data.sources import DATASETS  # here, so that help needs no NumPy

        return [] if self.table is not None or self.dataset in DATASETS else [self.dataset]
