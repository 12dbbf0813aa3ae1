"""Paths as people write them, commands that can be pasted, and processes that change their folder or are a pool's."""

from __future__ import annotations

import shlex
import zipfile
from multiprocessing import get_context
from pathlib import Path

import pytest
from conftest import DATA

import evolve
from evolve.config import RunConfig
from evolve.config_files import from_flags
from evolve.errors import ConfigError, DataError
from evolve.execution.keras_settings import keras_home
from evolve.models.predict import predict
from evolve.planning.plan import read_plan
from evolve.runs.find import all_runs, find
from evolve.storage.files import command_words, shown_path
from evolve.trust import names_of


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_a_home_folder_is_meant_wherever_a_path_may_stand(home: Path, day: Path) -> None:
    config = RunConfig.checked({"dataset": "~/photos", "results": "~/runs", "reuse": "~/runs/first"})
    assert (config.dataset, config.reuse) == (f"{home}/photos", f"{home}/runs/first")
    assert config.results == home / "runs"
    assert RunConfig.checked({"table": "~/t.json", "encoding": "choices"}).table == home / "t.json"
    assert RunConfig.checked({"dataset": "digits"}).dataset == "digits"
    assert find("day", "~/results").folder == find("~/results/day").folder == day
    assert [run.name for run in all_runs("~/results")] == ["day"]
    assert names_of(["~/photos", "my_layers"]) == (f"{home}/photos", "my_layers")
    (home / "run.toml").write_text("seed = 3\n")
    assert from_flags({}, Path("~/run.toml")).values == {"seed": 3}
    (home / "plan.json").write_text('{"settings": {"leaders": 2}}')
    assert read_plan(Path("~/plan.json")) == {"leaders": 2}


@pytest.mark.parametrize("name", ["dataset", "results", "reuse"])
def test_a_home_that_is_not_there_is_said(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"{name} '~nobody-is-here/x' begins with a home folder that is not there"):
        RunConfig.checked({name: "~nobody-is-here/x"})


def test_a_file_of_settings_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    for name, text in (("run.toml", "seed = 3\n"), ("plan.json", '{"settings": {"leaders": 2}}')):
        (tmp_path / name).write_text(text, encoding="utf-8-sig")
    assert from_flags({}, tmp_path / "run.toml").values == {"seed": 3}
    assert read_plan(tmp_path / "plan.json") == {"leaders": 2}


def test_keras_keeps_its_files_where_it_can_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.setenv("HOME", "/nowhere")
    assert keras_home() == Path("/tmp/.keras")


@pytest.mark.parametrize("one", [str, Path])
def test_one_image_need_not_stand_in_a_list(one: type, home: Path) -> None:
    with zipfile.ZipFile(home / "net.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(DataError, match=r"image none\.png: there is no such file"):
        predict("~/net.keras", one("none.png"))


def test_what_names_a_run_can_be_pasted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert command_words(Path("results/first")) == "first"
    assert command_words(Path("my runs/it's")) == """'it'"'"'s' --results 'my runs'"""
    assert shlex.split(command_words(Path("/other/x"))) == ["x", "--results", "/other"]
    assert command_words(Path("here")) == "here --results ."
    assert shown_path(tmp_path / "a" / "b") == "a/b"
    assert shown_path(Path("/other")) == "/other"


def test_a_run_is_read_from_wherever_its_process_goes(day: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(day.parent.parent)
    run = find("day")
    monkeypatch.chdir("/")
    assert run.hall_of_fame[0].score
    assert run.refresh().state == "finished"


def run_on_table(results: Path) -> tuple[int, str]:
    """Candidates and state of a run with worker processes of its own."""
    settings = {"table": DATA / "table.json", "encoding": "choices", "population": 4, "generations": 1}
    made = evolve.run(**settings, executor="processes", workers=1, results=results, name="inner", progress=False)
    return len(made.candidates), made.state


def test_a_run_inside_a_process_of_a_pool_has_workers_too(tmp_path: Path) -> None:
    with get_context("spawn").Pool(1) as pool:
        assert pool.apply(run_on_table, (tmp_path,)) == (4, "finished")
