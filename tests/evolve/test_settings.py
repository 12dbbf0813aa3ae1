"""One field in the model is all of a setting: flag, help, typed keyword and a row of the table are made from it."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Annotated, Any

import pytest
import settings_page
from conftest import command
from pydantic import Field

import evolve
from evolve import config
from evolve.cli import flags
from evolve.config import RunConfig
from evolve.config_files import from_flags
from evolve.config_values import Group, times_without_unit
from evolve.errors import ConfigError
from evolve.execution.gpus import Gpu
from evolve.problems import workers
from evolve.run_settings import ResumeSettings, RunSettings
from evolve.settings import Given, Shown, Source


@pytest.mark.parametrize(("path", "text"), settings_page.pages().items(), ids=lambda value: getattr(value, "name", ""))
def test_what_is_committed_is_what_the_model_makes(path: Path, text: str) -> None:
    assert path.read_text() == text, "write it again with: python benchmarks/settings_page.py"


@pytest.mark.parametrize("name", RunConfig.model_fields)
def test_every_setting_says_what_people_are_told_of_it(name: str) -> None:
    shown = RunConfig.shown(name)
    assert shown
    assert shown.group in list(Group)
    assert shown.help.endswith(".")
    assert RunConfig.model_fields[name].description


def test_no_flag_means_two_settings() -> None:
    used = [flag for name in RunConfig.model_fields for flag in RunConfig.flags(name)]
    assert len(used) == len(set(used))


class Longer(RunConfig):
    """The settings, and one more."""

    fan_speed: Annotated[
        float | None,
        Shown(Group.MACHINE, "Share of its speed that the fan has.", "all", "X", verbs=("run", "resume")),
    ] = Field(None, gt=0, le=1, description="a number above 0, at most 1", examples=[0.5])


def test_one_more_field_is_one_more_setting_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "RunConfig", Longer)
    monkeypatch.setattr(settings_page, "RunConfig", Longer)
    row = "| `fan_speed` | `--fan-speed` | Share of its speed that the fan has. | a number above 0, at most 1 | all |\n"
    assert row in settings_page.page()
    assert settings_page.keywords().count("    fan_speed: float | None\n") == 2
    for verb in ("run", "resume"):
        [option] = [one for one in flags.settings_of(verb, set()) if one.name == "fan_speed"]
        [told] = option.annotation.__metadata__
        assert (told.default, told.rich_help_panel) == ("--fan-speed", "Machine")
    assert "fan_speed" not in [one.name for one in flags.settings_of("baseline", set())]


def test_help_has_every_flag_in_80_columns(tmp_path: Path) -> None:
    told = command("run", "--help", cwd=tmp_path, COLUMNS="80").stdout
    panels = [line.split()[1] for line in told.splitlines() if line.startswith("╭")]
    assert panels == ["Options", *Group]
    assert [flag for name in RunConfig.model_fields for flag in RunConfig.flags(name) if f" {flag} " not in told] == []
    assert max(map(len, told.splitlines())) == 80
    assert "…" not in told


def test_keywords_are_the_settings() -> None:
    assert {*RunSettings.__annotations__, "fitness"} == {*RunConfig.model_fields}
    assert {*ResumeSettings.__annotations__} == {*RunConfig.of_verb("resume")}
    assert {"progress", "fitness", "plan"} < {*inspect.signature(evolve.run).parameters}


def test_the_version_is_told(tmp_path: Path) -> None:
    done = command("--version", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"evolve {evolve.__version__}\n")


FILE = "run.toml"
# What is wrong, with values as flags have them -> how it is said of Python, of a file and of flags.
SPELLED: list[tuple[dict[str, Any], str, str, str]] = [
    (
        {"max_parameters": "5"},
        "max_parameters must be a whole number of at least 100, not '5'; for example max_parameters = '100k'",
        'run.toml: max_parameters must be a whole number of at least 100, not "5"; for example max_parameters = "100k"',
        "--max-parameters must be a whole number of at least 100, not 5; for example --max-parameters 100k",
    ),
    (
        {"duration": "soon"},
        "duration must be a time above zero such as 90s, 10m or 1h30m, not 'soon'; for example duration = '10m'",
        'run.toml: for must be a time above zero such as 90s, 10m or 1h30m, not "soon"; for example for = "10m"',
        "--for must be a time above zero such as 90s, 10m or 1h30m, not 'soon'; for example --for 10m",
    ),
    (
        {"rungs": "9"},
        "rungs must be a list of budgets, images x epochs, each larger than the one before, not '9'; for example "
        "rungs = ['3000x1', '9000x2']",
        'run.toml: rungs must be a list of budgets, images x epochs, each larger than the one before, not "9"; for '
        'example rungs = ["3000x1", "9000x2"]',
        "--rungs must be a list of budgets, images x epochs, each larger than the one before, not 9; for example "
        "--rungs 3000x1,9000x2",
    ),
    (
        {"strategy": "agin"},
        "strategy 'agin' is unknown; did you mean 'aging'?",
        "run.toml: strategy 'agin' is unknown; did you mean 'aging'?",
        "--strategy 'agin' is unknown; did you mean 'aging'?",
    ),
    (
        {"small_births": "9", "small_work": "5000", "max_work": "4000"},
        "small_work must be less than max_work = 4000, not 5000",
        "small_work in run.toml must be less than max_work = 4000, not 5000",
        "--small-work must be less than --max-work 4000, not 5000",
    ),
]


@pytest.mark.parametrize(("values", "python", "toml", "flag"), SPELLED, ids=lambda value: next(iter(value))[:20])
def test_a_message_spells_a_setting_as_where_it_was_given(
    values: dict[str, Any], python: str, toml: str, flag: str
) -> None:
    written = {"for" if name == "duration" else name: value for name, value in values.items()}
    for given, message in (
        (RunConfig.given(values), python),
        (RunConfig.given(written, file=FILE), toml),
        (from_flags(values), flag),
    ):
        with pytest.raises(ConfigError) as error:
            RunConfig.checked(given)
        assert str(error.value) == message


def test_where_settings_come_from_is_not_what_they_are_and_stays_known() -> None:
    typed, written = RunConfig.checked(from_flags({"seed": "3"})), RunConfig.checked({"seed": 3})
    assert typed == written
    changed = typed.changed(seed=4).model_copy(update={"workers": 2})
    assert (changed.spelled("seed"), changed.assigned("duration", "10m")) == ("--seed", "--for 10m")
    assert (written.spelled("seed"), written.assigned("fast", True)) == ("seed", "fast = True")
    assert typed.assigned("fast", True) == "--fast"


def test_values_in_front_win_and_each_is_spelled_as_its_own() -> None:
    front, behind = Given({"seed": 1}, {"seed": Source("--seed")}), RunConfig.given({"seed": 2, "fast": True}, FILE)
    both = front.over(behind)
    assert both.values == {"seed": 1, "fast": True}
    assert (str(both.source("seed")), str(both.source("fast"))) == ("--seed", "fast in run.toml")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"for": "1m", "duration": "1m"}, "'for' and 'duration' are two names of one setting; give one of them"),
        ({"populaton": 3}, "unknown setting 'populaton'; did you mean 'population'?"),
    ],
)
def test_keywords_that_cannot_be(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        evolve.run(**settings, progress=False)
    assert str(error.value) == message


def test_a_run_is_continued_with_what_it_may_be_given(tmp_path: Path) -> None:
    settings: Any = {"population": 3}
    with pytest.raises(
        ConfigError, match="'population' stays as it is when a run is continued; what may be given is duration"
    ):
        evolve.resume("x", results=tmp_path, **settings)


def test_what_a_continued_run_was_given_is_spelled_as_there() -> None:
    recorded = RunConfig.checked({"workers": 2, "population": 8})
    asked = RunConfig.checked(Given({"workers": 64}, {"workers": Source("--workers")}))
    continued = recorded.model_copy(update={"workers": 64}).spelled_as(asked)
    assert continued.assigned("workers", 4) == "--workers 4"
    assert continued.assigned("population", 4) == "population = 4"
    assert continued.workers == 64


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (from_flags({"duration": "10"}), ["--for 10 means 10 seconds; for minutes write --for 10m"]),
        (from_flags({"duration": "1h30"}), ["--for 1h30 means 3,630 seconds; for minutes write --for 1h30m"]),
        (from_flags({"candidate_timeout": "5"}), ["--candidate-timeout 5 means 5 seconds; for minutes write "]),
        (RunConfig.given({"for": 10}, "run.toml"), ['for = 10 means 10 seconds; for minutes write for = "10m"']),
        (RunConfig.given({"duration": "10"}), ["duration = '10' means 10 seconds; for minutes write duration = '10m'"]),
        (RunConfig.given({"max_latency": 2}, "run.toml"), ["max_latency = 2 means 2 seconds; for milliseconds"]),
        (from_flags({"duration": "10m"}), []),
        (from_flags({"duration": "90s"}), []),
        (from_flags({"duration": "1h 30m"}), []),
        (from_flags({"duration": "soon"}), []),
        (RunConfig.given({"duration": 600}), []),
        (RunConfig.given({}), []),
    ],
)
def test_a_time_without_a_unit_is_said_to_be_seconds(given: Given, said: list[str]) -> None:
    found = times_without_unit(given)
    assert len(found) == len(said)
    assert all(text.startswith(begin) for text, begin in zip(found, said, strict=True))


def test_more_workers_than_do_any_good_are_warned_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "usable_cores", lambda: 4)
    monkeypatch.setattr(workers, "gpus", lambda: [Gpu("a", "any", 80 * 2**30, 9.0)])

    def said(gpu: bool = False, **given: Any) -> list[str]:
        return workers.too_many_workers(RunConfig.checked(from_flags(given)), gpu)

    assert said() == said(workers="4") == said(workers="4", gpu=True) == []
    assert said(workers="100", table="table.json", encoding="choices") == []
    [cores] = said(workers="100")
    assert cores.startswith("--workers 100 is more than the 4 cores here")
    assert cores.endswith("--workers 4 is as fast")
    assert "the 4 workers that share its GPUs well here" in said(workers="5", gpu=True)[0]
    assert said(workers="4", look_ahead="2", generations="1") == [
        "--workers 4: only 2 of them have something to do at once; --look-ahead 4 has work for all"
    ]
    assert said(workers="4", look_ahead="2", duration="5m") == []
