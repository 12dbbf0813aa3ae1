"""What an experiment is asked to be: a TOML file, or a mapping with the same keys, checked, as a `Design`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, TypeGuard

from pydantic import BeforeValidator, Field

from evolve.config import NAME, RANDOM, RunConfig
from evolve.config_files import read_toml
from evolve.data.sources import whole_path
from evolve.errors import ConfigError, nearest
from evolve.research.commands import check_words
from evolve.research.design import ALONE, COMMAND, COMMON, OF_SHARES, UNITS, Arm, Design
from evolve.settings import Given, Settings, path_of

NOT_FOR_ARMS = {
    "dataset": "data sets stand in datasets, at the top",
    "table": "tables stand in tables, at the top",
    "seed": "seeds stand in seeds, at the top",
    "name": "runs are named by data set, arm and seed",
    "results": "runs lie in the folder of the experiment",
    "reuse": "what is copied from another run costs nothing, and budgets are to be equal",
}
COSTS = (  # what one evaluation costs, or what comes after the search
    "images",
    "epochs",
    "rungs",
    "promote_one_in",
    "small_births",
    "small_work",
    "max_work",
    "fill",
    "leaders",
    "rescorings",
    "final_epochs",
    "max_parameters",
    "max_multiply_adds",
    "max_layers",
)


def _seeds(value: Any) -> Any:
    """Seeds from their number. Raises ValueError for fewer than two."""
    found = tuple(range(value)) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(found, list | tuple) or len(found) < 2 or len({*map(str, found)}) < len(found):
        raise ValueError("not seeds")
    return found


class ExperimentSettings(Settings):
    """The keys of an experiment's file."""

    name: str | None = Field(
        None, pattern=NAME, description="letters, digits, dots, dashes and underscores", examples=["strategies"]
    )
    question: str = Field("", description="a sentence", examples=["Is aging better than random search on digits?"])
    datasets: tuple[str, ...] | dict[str, dict[str, Any]] = Field(
        (),
        description="a list of data sets, .npz files and folders of images, or a table of such, each with settings of "
        "its own",
        examples=[["digits"]],
    )
    tables: tuple[str, ...] = Field((), description="a list of paths of tables", examples=[["macro.json"]])
    seeds: Annotated[
        tuple[Annotated[int, Field(ge=0, strict=True)], ...],
        BeforeValidator(_seeds, json_schema_input_type=int | list[int]),
    ] = Field(
        tuple(range(7)),
        description="at least two, as a number or as a list of different whole numbers from 0 (a single seed gives no "
        "interval, so luck could not be told from a difference)",
        examples=[7],
    )
    target: float | None = Field(None, allow_inf_nan=False, description="a score", examples=[0.95])
    budget: dict[str, Any] = Field(
        default_factory=dict, description="a table with one of evaluations, generations, work and for"
    )
    settings: dict[str, Any] = Field(default_factory=dict, description="a table of settings of all arms")
    arms: dict[str, Any] = Field(default_factory=dict, description="a table of arms")


def read_design(asked: str | Path | Mapping[str, Any], data: str | Path | None = None) -> Design:
    """The design in a TOML file, or in a mapping with the same keys. Raises ConfigError for what cannot be.

    data: the folder from which paths of data sets and tables start; None for that of the file, or the current one.
    """
    if isinstance(asked, Mapping):
        return _design(asked, "experiment", None, data)
    return _design(read_toml(path_of(asked)), str(asked), path_of(asked).absolute(), data)


def _design(values: Mapping[str, Any], label: str, file: Path | None, data: str | Path | None) -> Design:
    read = ExperimentSettings.checked(ExperimentSettings.given(values, file=label))
    if bool(read.datasets) == bool(read.tables):
        how = "both datasets and tables are given; leave one out" if read.tables else "what is searched is missing"
        raise ConfigError(f'{label}: {how}; for example datasets = ["digits"], or tables = ["macro.json"]')
    folder = file.parent if file else Path.cwd()
    start = path_of(data).absolute() if data else folder
    common = _settings(read.settings, f"{label} [settings]")
    design = Design(
        label=label,
        file=file,
        text=file.read_text(encoding="utf-8-sig") if file else "",
        folder=folder,
        name=read.name or (file.stem if file else "unnamed"),
        question=read.question,
        datasets=tuple(whole_path(text, start) for text in read.datasets),
        of_datasets=_of_datasets(read.datasets, start, label),
        tables=tuple((start / path_of(text)).absolute() for text in read.tables),
        seeds=read.seeds,
        target=read.target,
        budget=_budget(read.budget, f"{label} [budget]"),
        common=common,
        arms=_arms(read.arms, common, label),
    )
    RunConfig.checked(common)
    _check_arms(design)
    _check_target(design)
    return design


def _of_datasets(asked: tuple[str, ...] | dict[str, dict[str, Any]], start: Path, label: str) -> dict[str, Given]:
    """Settings of arms on single data sets, by the whole paths of these."""
    if not isinstance(asked, dict):
        return {}
    return {whole_path(text, start): _settings(values, f"{label} [datasets.{text}]") for text, values in asked.items()}


def _check_target(design: Design) -> None:
    """Raises ConfigError for a target that no score reaches."""
    target, measure = design.target, design.objective.name
    if target is not None and measure in OF_SHARES and not 0 < target <= 1:
        repair = f"; for {target:g} % write {target / 100:g}" if 1 < target <= 100 else ""
        bounds = f"target must be above 0 and at most 1, as {measure.replace('_', ' ')} is"
        raise ConfigError(f"{design.label}: {bounds}, not {target:g}{repair}")


def _settings(values: Mapping[str, Any], where: str) -> Given:
    """Settings of runs. Raises ConfigError for those that are not for arms."""
    given = RunConfig.given(values, file=where)
    for name in given.values:
        if name in UNITS:
            said = given.source(name).assigned(values[given.source(name).name])
            raise ConfigError(f"{where}: {said}: all arms have the same budget; it stands in [budget], and only there")
        if name in NOT_FOR_ARMS:
            raise ConfigError(f"{where}: {name} cannot be given here: {NOT_FOR_ARMS[name]}; leave it out")
    return given


def _budget(values: Mapping[str, Any], where: str) -> Given:
    given = RunConfig.given({name: value for name, value in values.items() if _is_budget(name)}, file=where)
    if others := [name for name in values if not _is_budget(name)]:
        raise ConfigError(f"{where}: '{others[0]}' is no budget{nearest(others[0], (*UNITS, 'for'))}")
    if len(given.values) != 1:
        what = " and ".join(values) + " do not go together" if values else "there is none"
        raise ConfigError(
            f"{where}: {what}; a budget is one of evaluations, generations, work and for, such as evaluations = 40"
        )
    [name] = given.values
    if given.values[name] is None:
        raise ConfigError(f"{where}: {name} must have a value")
    checked = RunConfig.checked(given)
    return replace(given, values={name: getattr(checked, name)})


def _is_budget(name: str) -> bool:
    field = RunConfig.model_fields.get("duration" if name == "for" else name)
    return name in (*UNITS, "for") and field is not None


def _arms(values: Mapping[str, Any], common: Given, label: str) -> tuple[Arm, ...]:
    """The arms of a file in its order, and random search behind them unless that is switched off."""
    arms = tuple(_arm(name, value, label) for name, value in values.items() if not _is_switch(name, value))
    if not arms:
        raise ConfigError(
            f'{label}: [arms] names nothing to compare; for example [arms.aging] with strategy = "aging"'
            + (", compared with random search" if values.get(RANDOM) is not False else "")
        )
    if arms[0].settings is None:
        raise ConfigError(
            f"{label} [arms.{arms[0].name}]: the first arm is what the others are compared with, and decides how long "
            f"'{ALONE}' and '{COMMAND}' may take; put one with settings before it"
        )
    if RANDOM in values:
        return arms
    return *arms, _arm(RANDOM, {"strategy": RANDOM, "founders": [RANDOM]}, label)


def _is_switch(name: str, value: Any) -> TypeGuard[bool]:
    return name == RANDOM and isinstance(value, bool)


def _arm(name: str, value: Any, label: str) -> Arm:
    where = f"{label} [arms.{name}]"
    _check_name(name, where)
    if not isinstance(value, Mapping):
        raise ConfigError(f'{where} must be a table of settings, not {value!r}; for example strategy = "aging"')
    for kind in (ALONE, COMMAND):
        if kind in value:
            if others := [key for key in value if key != kind]:
                raise ConfigError(f"{where}: {others[0]} does not go with {kind}; leave one of them out")
            if not isinstance(text := value[kind], str) or not text.strip():
                raise ConfigError(f"{where}: {kind} must be text, not {text!r}")
            return Arm(name, alone=text) if kind == ALONE else Arm(name, command=text)
    known = [*RunConfig.model_fields, "for", ALONE, COMMAND]
    if unknown := [key for key in value if key not in known]:
        raise ConfigError(f"{where}: unknown setting '{unknown[0]}'{nearest(unknown[0], known)}")
    return Arm(name, settings=_settings(value, where))


def _check_name(name: str, where: str) -> None:
    Named.checked(Named.given({"name": name}, where=f"{where}: "), where=f"{where}: ")


class Named(Settings):
    """The name of an arm, from which folders are named."""

    name: str = Field(pattern=NAME, description="letters, digits, dots, dashes and underscores", examples=["aging"])


def _check_arms(design: Design) -> None:
    """Raises ConfigError for an arm whose settings cannot be, or that has another budget than the others."""
    for arm in design.arms:
        with design.naming(arm):
            if arm.command is not None:
                check_words(arm.command, design.folder, design.tables != (), design.unit == "evaluations")
            elif arm.settings is not None:
                _check_equal(arm.settings, design)


def _check_equal(settings: Given, design: Design) -> None:
    for name in COMMON if design.unit != "seconds" else COMMON[:2]:
        if name in settings.values:
            raise ConfigError(f"{name} must be the same for all arms; give it in [settings]")
    costs = (*COSTS, "population") if "generations" in design.budget.values else COSTS
    different = [name for name in costs if name in settings.values and _differs(name, settings, design)]
    if different and design.unit == "evaluations":
        raise ConfigError(
            f"{settings.source(different[0]).assigned(settings.values[different[0]])}: the arms have no equal budget, "
            "as the same number of evaluations costs more in one of them than in another; give the budget as work, "
            f"such as work = 2e13 in [budget], or give {different[0]} for all arms in [settings]"
        )


def _differs(name: str, settings: Given, design: Design) -> bool:
    """Whether another arm of settings has another value."""
    others = [design.given(other).values.get(name) for other in design.arms if other.settings is not None]
    return any(value != settings.values[name] for value in others)
