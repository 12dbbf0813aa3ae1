"""What a table of trainings is to hold: networks x data sets x budgets x repeats, as a TOML file says it.

name = "recorded"
twins = ["fast"]                 # trained once more without augmentation, as "fast-plain"
[datasets]
language = "language.npz"
signs = { dataset = "signs", image_size = 32 }
[budgets]                        # images x epochs, and how often
5000x1 = 2
[founders]                       # networks that a search on the table may start from, in the notation
fast = "conv 16 3, relu, global_average | sgd 0.1, flip"
[others]                         # further ones
...
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from evolve.config import NAME, RunConfig
from evolve.config_values import read_rungs
from evolve.data.sources import whole_path
from evolve.errors import ConfigError
from evolve.settings import Settings
from evolve.values import Budget

PLAIN = "-plain"  # ends the name of a twin without augmentation


def _datasets(value: Any) -> Any:
    """Each as a table of what `RunConfig` has for data."""
    if not isinstance(value, dict) or not value:
        raise ValueError("not a table of data sets")
    return {str(name): {"dataset": one} if isinstance(one, str) else one for name, one in value.items()}


def _budgets(value: Any) -> Any:
    if not isinstance(value, dict) or not value:
        raise ValueError("not a table of budgets")
    read_rungs(sorted(value, key=lambda text: Budget.read(text) if "x" in str(text) else Budget(0, 0)))
    if not all(type(repeats) is int and repeats >= 1 for repeats in value.values()):
        raise ValueError("not repeats")
    if any(Budget.read(text).folds > 1 for text in value):
        raise ValueError("trainings over folds are not recorded")
    return {str(Budget.read(text)): repeats for text, repeats in value.items()}


class RecordingSettings(Settings):
    """See the module's text."""

    name: str = Field(pattern=NAME, description="a name of letters, digits, '.', '-' and '_'", examples=["recorded"])
    datasets: Annotated[dict[str, dict[str, Any]], BeforeValidator(_datasets)] = Field(
        description="a table of data sets: a name and a path, or a table with dataset, image_size and colour",
        examples=[{"language": "language.npz"}],
    )
    budgets: Annotated[dict[str, int], BeforeValidator(_budgets)] = Field(
        description="a table of budgets, images x epochs, each of another size, and how often each is trained",
        examples=[{"5000x1": 2}],
    )
    founders: dict[str, str] = Field(
        min_length=1, description="a table of networks: name and notation", examples=[{"tiny": "conv 8 3, flatten"}]
    )
    others: dict[str, str] = Field({}, description="a table of networks: name and notation")
    twins: tuple[str, ...] = Field((), description="a list of networks that are trained without augmentation, too")
    seed: int = Field(0, ge=0, description="a whole number of at least 0", examples=[0])
    precision: Literal["float32", "bfloat16"] = Field("float32", description="'float32' or 'bfloat16'")

    @property
    def networks(self) -> dict[str, str]:
        """All of them in the notation, but for twins. Raises ConfigError for what does not go together."""
        if both := self.founders.keys() & self.others.keys():
            raise ConfigError(f"'{min(both)}' stands in founders and in others; give one of them another name")
        found = {**self.founders, **self.others}
        if unknown := [name for name in self.twins if name not in found]:
            raise ConfigError(f"twins names '{unknown[0]}', which is none of the networks: {', '.join(found)}")
        if taken := [name for name in self.twins if name + PLAIN in found]:
            raise ConfigError(f"'{taken[0]}{PLAIN}' is what the twin of '{taken[0]}' is called; rename that network")
        return found

    @property
    def trainings(self) -> Iterator[tuple[Budget, int]]:
        """Budgets and repeats, in the order in which they are trained: all budgets once before any a second time, and
        small ones first, so that a table that is not complete is of use."""
        ordered = sorted(map(Budget.read, self.budgets))
        for repeat in range(max(self.budgets.values())):
            yield from ((one, repeat) for one in ordered if repeat < self.budgets[str(one)])

    def config(self, name: str, data: Path, results: Path) -> RunConfig:
        """The settings of a run on a data set, without limits on networks.

        data: the folder that paths of data sets start from. results: where prepared images lie. Raises ConfigError.
        """
        given = RunConfig.checked(self.datasets[name], where=f"datasets: {name}: ")
        if others := given.model_fields_set - {"dataset", "image_size", "colour"}:
            raise ConfigError(f"datasets: {name}: '{min(others)}' is no setting of data; leave it out")
        return given.changed(
            dataset=whole_path(given.dataset, data),
            results=results,
            seed=self.seed,
            precision=self.precision,
            max_layers=1000,
            max_parameters=10**9,
            max_multiply_adds=10**11,
        )
