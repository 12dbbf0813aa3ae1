"""Settings: errors name the argument, the rule, the value and the repair."""

from __future__ import annotations

from pathlib import Path

import pytest

from evolve.config import RunConfig
from evolve.config_files import from_flags
from evolve.display.quantities import seconds
from evolve.errors import ConfigError
from evolve.search.strategy import strategy_class


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"population": 1}, "population must be a whole number from 2 to 10000, not 1; for example population = 16"),
        ({"popluation": 8}, "unknown setting 'popluation'; did you mean 'population'?"),
        ({"executor": "threads"}, "executor must be 'processes' or 'in-process', not 'threads'"),
        (
            {"executor": "processes", "fitness": "__main__:mine"},
            "executor = 'processes' does not go with a fitness function of the running script, such as __main__:mine: "
            "no other process has it; put the function into a module, or leave executor out",
        ),
        ({"generations": 0}, "generations must be a whole number of at least 1, not 0"),
        ({"generations": "many"}, "generations must be a whole number of at least 1, not 'many'"),
        (
            {"duration": "ten minutes"},
            "duration must be a time above zero such as 90s, 10m or 1h30m, not 'ten minutes'",
        ),
        ({"for": "0s"}, "for must be a time above zero"),
        ({"for": "1m", "duration": "1m"}, "two names of one setting"),
        ({"strategy": "genetics"}, "strategy 'genetics' is unknown; did you mean 'genetic'?"),
        ({"encoding": "tree"}, "encoding 'tree' is unknown; known are choices, graph, pool, stack"),
        ({"encoding": "choices"}, "the encoding 'choices' is for a table; add table = 'FILE'"),
        ({"table": "t.json", "encoding": "stack"}, "'stack' is for images, not for a table; leave it out"),
        ({"seed": -1}, "seed must be a whole number of at least 0, not -1"),
        ({"name": "../elsewhere"}, "name must be letters, digits, dots, dashes and underscores"),
        ({"strategy": ["genetic"]}, "is unknown"),
        ({"candidate_memory": float("inf")}, "candidate_memory must be a number of GiB above 0"),
        ({"workers": 0}, "workers must be a whole number from 1 to 1024, not 0"),
    ],
)
def test_errors_name_the_setting_the_rule_the_value_and_the_repair(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        RunConfig.checked(settings)
    assert message in str(error.value)


@pytest.mark.parametrize(("text", "value"), [("90", 90), ("90s", 90), ("10m", 600), ("1.5h", 5400), ("1h30m", 5400)])
def test_durations(text: str, value: float) -> None:
    assert seconds(text) == value


def test_the_earliest_limit_ends_a_run() -> None:
    assert RunConfig.checked({"generations": 5, "population": 10}).limit == 50
    assert RunConfig.checked({"generations": 5, "population": 10, "evaluations": 30}).limit == 30
    assert RunConfig.checked({}).limit is None
    assert RunConfig.checked({"for": "1m"}).limit is None


def test_a_toml_file_is_read_and_flags_win(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text('population = 6\nfor = "2m"\nfounders = ["vgg"]\n[options]\nelite = 2\n')
    config = RunConfig.checked(from_flags({"population": "8"}, file))
    assert (config.population, config.duration, config.founders, config.options) == (8, 120, ("vgg",), {"elite": 2})
    assert RunConfig.checked(from_flags({"duration": "5s"}, file)).duration == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("population = 6\npoplation = 7", "unknown setting 'poplation'; did you mean 'population'?"),
        ("population = ", "not valid TOML"),
    ],
)
def test_a_toml_file_with_a_mistake_is_named(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "run.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"run\.toml") as error:
        from_flags({}, file)
    assert message in str(error.value)


def test_a_file_and_flags_are_checked_together(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text('encoding = "choices"\n')
    assert RunConfig.checked(from_flags({"table": "t.json"}, file)).encoding == "choices"


def test_a_missing_toml_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        from_flags({}, tmp_path / "none.toml")


def test_strategy_options_are_checked_like_settings() -> None:
    options = strategy_class("genetic").Options
    with pytest.raises(ConfigError, match=r"options: unknown setting 'elites'; did you mean 'elite'\?"):
        options.checked({"elites": 3}, where="options: ")
    with pytest.raises(ConfigError, match="crossover_rate must be a number from 0 to 1, not 2"):
        options.checked({"crossover_rate": 2})


def test_settings_survive_their_json() -> None:
    config = RunConfig.checked({"for": "10m", "founders": ["vgg"], "options": {"elite": 3}, "name": "x"})
    assert RunConfig.checked(config.model_dump(mode="json")) == config
