"""What is written for TensorBoard is what the run's file says, whenever it was written and whatever happened before."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import types
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import Request as WebRequest
from urllib.request import urlopen

import numpy as np
import pytest
from conftest import DATA, ROOT, TABLE_RUN, command, recorded, stack_space, stops

import evolve
from evolve.errors import ConfigError, RunError
from evolve.execution.builds import backend_name
from evolve.runs.event_records import hyperparameters
from evolve.runs.find import find
from evolve.runs.run import Run
from evolve.runs.tensorboard_folder import TensorBoardFolder
from evolve.storage.event_files import append, new_file, scalars
from evolve.storage.store import Store
from evolve.values import Budget, Candidate, Purpose, Request, Result, Status

pytest.importorskip("tensorboard")
# TensorBoard's readers would import TensorFlow if it were there; by this name it is told not to.
sys.modules.setdefault("tensorboard.compat.notf", types.ModuleType("notf"))

Points = dict[tuple[str, str], list[tuple[int, float]]]
NETS = {
    "stack": "conv 8 3, relu, maxpool 2, flatten, dense 16, relu | adam 0.01, batch 32",
    "graph": "a: conv 8 3 < image, b: relu < a, c: conv 8 3 < b, out < a + c | global_average | adam 0.01, batch 32",
}
SMALL = ("--evaluations", "3", "--population", "3", "--images", "100", "--epochs", "2", "--final-epochs", "3")
AGAIN = ("--leaders", "1", "--rescorings", "2", "--challengers", "1")


def accumulated(folder: Path) -> Any:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0})
    found.Reload()
    return found


def runs_of(board: Path) -> list[Path]:
    return sorted({file.parent for file in board.rglob("events*")})


def points(board: Path) -> Points:
    """All scalars below a folder: steps and values by run and tag."""
    found: Points = {}
    for folder in runs_of(board):
        read = accumulated(folder)
        for tag in read.Tags()["scalars"]:
            told = [(event.step, event.value) for event in read.Scalars(tag)]
            found[str(folder.relative_to(board)), tag] = told
    return found


def written(value: float) -> float:
    """A figure as it is read back: with 32 bits."""
    return float(np.float32(value))


def entries(board: Path) -> dict[str, dict[str, Any]]:
    """Values of hyper-parameters by the name of their entry."""
    from tensorboard.plugins.hparams.metadata import SESSION_START_INFO_TAG, parse_session_start_info_plugin_data

    found = {}
    for folder in runs_of(board):
        content = accumulated(folder).summary_metadata.get(SESSION_START_INFO_TAG)
        if content is not None:
            begun = parse_session_start_info_plugin_data(content.plugin_data.content)
            found[begun.group_name] = {
                name: getattr(value, str(value.WhichOneof("kind"))) for name, value in begun.hparams.items()
            }
    return found


def same(one: Path, other: Path) -> None:
    assert points(one) == points(other)
    assert entries(one) == entries(other)


def until(reached: Callable[[], bool], process: subprocess.Popen[str], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not reached():
        assert process.poll() is None and time.monotonic() < end, process.communicate()
        time.sleep(0.05)


@pytest.fixture(scope="module", params=["stack", pytest.param("graph", marks=pytest.mark.slow)])
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tiny_npz: Path) -> Run:
    """A run on images that was killed after its first result and went on."""
    pytest.importorskip(backend_name())
    folder = tmp_path_factory.mktemp(request.param)
    words = [
        "run",
        "--dataset",
        tiny_npz,
        "--founder",
        NETS[request.param],
        "--encoding",
        request.param,
        *SMALL,
        *AGAIN,
    ]
    begun = [sys.executable, "-m", "evolve.cli", *map(str, words), "--workers", "1", "--name", "r", "--tensorboard"]
    process = subprocess.Popen(begun, cwd=folder, stdout=subprocess.PIPE, text=True, start_new_session=True)
    run = folder / "results" / "r"
    until(lambda: (run / "run.sqlite").exists() and Store.begun(run) and bool(recorded(run)), process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    done = command("resume", "r", cwd=folder)
    assert done.returncode == 0, done.stderr
    return find(run)


def test_each_score_budget_and_curve_of_a_run_is_there_once(trained: Run) -> None:
    found = points(trained.folder / "tensorboard")
    shown = trained.objective.shown
    for number in trained.candidates:
        mine = [(one, trained.results[one.number]) for one in trained.requests if one.candidate == number]
        mine.sort(key=lambda one: one[1].timing["order"])
        of = f"candidates/{number:04d}"
        searched = [one for one in mine if one[0].purpose in (Purpose.SEARCH, Purpose.CHALLENGE)]
        best = max(searched, key=lambda one: (one[0].budget.size, one[1].fitness))
        assert found[of, "score"][-1][1] == written(shown(best[1].fitness or 0.0))
        assert [value for _, value in found[of, "budget/epochs"]] == [written(one.spent["epochs"]) for _, one in mine]
        assert [step for step, _ in found[of, "budget/images"]] == list(range(1, len(mine) + 1))
        for request, result in mine:
            name = f"{request.purpose} {request.budget}" + (f" repeat {request.repeat}" if request.repeat else "")
            if request.purpose is Purpose.FINAL:
                of_curve, prefix = f"trained-in-full/{number:04d}", ""
            else:
                of_curve, prefix = of, f"{name}/"
            expected = [(at, written(point["loss"])) for at, point in enumerate(result.curve, start=1)]
            assert found[of_curve, f"{prefix}loss"] == expected
        again = [shown(one.fitness) for request, one in mine if request.purpose is Purpose.RESCORE and one.fitness]
        if again:
            assert found[of, "re-scored"][-1][1] == written(sum(again) / len(again))


def test_the_search_has_each_birth_at_its_number(trained: Run) -> None:
    found = points(trained.folder / "tensorboard")
    births = sorted(trained.candidates)
    first = {number: next(one for one in trained.requests if one.candidate == number) for number in births}
    scores = [written(trained.results[first[number].number].measures["accuracy"]) for number in births]
    assert found["search", "score"] == list(zip(births, scores, strict=True))
    assert found["search", "best score so far"] == [(n, max(scores[:n])) for n in births]
    assert found["search", "parameters"] == [(n, trained.candidates[n].parameters) for n in births]
    assert found["search", "multiply_adds"] == [(n, trained.candidates[n].multiply_adds) for n in births]


def test_hyper_parameters_are_the_recipe_and_the_sizes(trained: Run) -> None:
    found = entries(trained.folder / "tensorboard")
    assert sorted(found) == sorted(f"candidate {number}" for number in trained.candidates)
    for number, row in trained.candidates.items():
        values, recipe = found[f"candidate {number}"], row.genome["recipe"]
        assert values.keys() == {"origin", "layers", "parameters", "multiply_adds", *recipe}
        assert (values["parameters"], values["optimizer"]) == (row.parameters, recipe["optimizer"])
        assert values["learning_rate"] == recipe["learning_rate"]
        assert values == hyperparameters(row)
    assert all("mutant of" not in values["origin"] for values in found.values())


def test_what_a_run_wrote_as_it_went_on_is_what_is_written_of_it_later(trained: Run, tmp_path: Path) -> None:
    made = trained.to_tensorboard(tmp_path / "later")
    assert (made.candidates, made.left_out) == (sorted(trained.candidates), False)
    same(trained.folder / "tensorboard", tmp_path / "later")


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run on a table that wrote for TensorBoard."""
    made = tmp_path_factory.mktemp("board")
    done = command("run", *TABLE_RUN, "--generations", "4", "--name", "day", "--tensorboard", cwd=made)
    assert done.returncode == 0, done.stderr
    assert "tensorboard --logdir results/day/tensorboard" in done.stdout
    return made / "results" / "day"


def copied(day: Path, folder: Path) -> Path:
    return Path(shutil.copytree(day, folder / "results" / "day"))


def test_of_a_table_there_are_scores_and_no_budgets(day: Path) -> None:
    found, run = points(day / "tensorboard"), find(day)
    searched = [one.number for one in run.requests if one.purpose is Purpose.SEARCH]
    scores = [written(run.results[number].measures["score"]) for number in searched]
    assert found["search", "score"] == list(enumerate(scores, start=1))
    assert not any(tag in ("budget/images", "budget/epochs") for _, tag in found)
    assert entries(day / "tensorboard")["candidate 1"].keys() >= {"gene 1", "gene 5", "parameters"}


def test_damage_and_doubles_are_gone_when_a_run_goes_on(day: Path, tmp_path: Path) -> None:
    folder = copied(day, tmp_path)
    [file] = (folder / "tensorboard" / "candidates" / "0001").iterdir()
    file.write_bytes(file.read_bytes() + file.read_bytes()[:-5])
    (folder / "tensorboard.draft").mkdir()
    done = command("resume", folder, "--generations", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(find(folder).candidates) == 40
    find(folder).to_tensorboard(tmp_path / "later")
    same(folder / "tensorboard", tmp_path / "later")
    assert not list(folder.glob("tensorboard.*"))


def test_a_run_without_it_has_it_when_it_goes_on_with_it(finished_on_table: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(finished_on_table / "results" / "day", tmp_path / "results" / "day"))
    done = command("resume", "day", "--generations", "1", "--tensorboard", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(entries(folder / "tensorboard")) == len(find(folder).candidates) == 168


def test_of_many_candidates_the_best_have_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a run of thousands, whose best change while it goes on."""
    few = partial(TensorBoardFolder, most=6)
    monkeypatch.setattr("evolve.engine.tensorboard_sink.TensorBoardFolder", few)
    settings: dict[str, Any] = {"table": DATA / "table.json", "population": 8, "generations": 8, "seed": 1}
    run = evolve.run(**settings, results=tmp_path, name="many", tensorboard=True, progress=False)
    with run.log() as log:
        later = few(tmp_path / "later", log)
        later.begin(waits=False)
        best = [one.candidate for one in log.best(6)]
        chosen = list(dict.fromkeys([*log.rescored(), *best]))
    assert later.left_out
    assert set(later.candidates) == {*(one.candidate for one in run.requests if one.purpose is Purpose.FINAL)} | {
        *chosen[:6]
    }
    assert len(entries(tmp_path / "later")) == 6
    assert [step for step, _ in points(tmp_path / "later")["search", "score"]] == list(range(1, 65))
    same(run.folder / "tensorboard", tmp_path / "later")


def test_where_candidates_are_left_out_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("evolve.engine.tensorboard_sink.TensorBoardFolder", partial(TensorBoardFolder, most=6))
    settings: dict[str, Any] = {"table": DATA / "table.json", "population": 8, "generations": 2}
    evolve.run(**settings, results=tmp_path, tensorboard=True)
    assert capsys.readouterr().out.count("TensorBoard is slow with many folders") == 1


def test_steps_only_grow_although_births_end_out_of_order(tmp_path: Path) -> None:
    """TensorBoard's server forgets what lies behind a step that comes again."""
    genome = stack_space((8, 8, 1)).parse(NETS["stack"])
    born = [Candidate(number, genome, f"key {number}") for number in (1, 2, 3)]
    asked = [Request(one.number, one, Budget(9, 1), 0, Purpose.SEARCH, f"job {one.number}") for one in born]
    with Store.in_memory({"config": {"dataset": "digits"}}) as log:
        board = TensorBoardFolder(tmp_path / "board", log)
        board.begin()
        log.add(born, asked)
        for number in (2, 1):
            log.add((), (), [Result(number, Status.OK, {"accuracy": number / 4}, timing={"order": 3 - number})])
            board.add(number)
        assert points(board.folder)["search", "score"] == [(1, 0.25), (2, 0.5)]
        log.add((), (), [Result(3, Status.FAILED, reason="too large")])
        board.add(3)
        board.close()
        assert points(board.folder)["search", "failed"] == [(1, 0.0), (2, 0.0), (3, 1.0)]
        again = TensorBoardFolder(tmp_path / "again", log)
        again.begin(waits=False)
    assert again.candidates == board.candidates == [1, 2, 3]
    assert ("candidates/0003", "score") not in points(board.folder)
    same(board.folder, again.folder)


def test_the_verb_says_what_it_wrote_and_imports_no_tensorflow(day: Path, tmp_path: Path) -> None:
    script = (
        "import sys, evolve.cli\n"
        "try: evolve.cli.main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print('LOADED', *({'tensorflow', 'keras', 'jax', 'torch'} & {*sys.modules}))"
    )
    words = ["tensorboard", str(day), "--output", "my board"]
    done = subprocess.run([sys.executable, "-c", script, *words], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    first, last, loaded = done.stdout.splitlines()
    assert first == "wrote 32 candidates of run 'day' to my board"
    assert (last, loaded) == ("open it with: tensorboard --logdir 'my board'", "LOADED")
    same(day / "tensorboard", tmp_path / "my board")
    again = command("tensorboard", day, "--output", "my board", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    same(day / "tensorboard", tmp_path / "my board")


def test_runs_of_version_0_9_can_be_written(tmp_path: Path) -> None:
    for name in ("of-0.9", "table-0.9"):
        shutil.copytree(DATA / "version-0.9" / name, tmp_path / name)
        run = find(tmp_path / name)
        run.to_tensorboard()
        assert len(entries(tmp_path / name / "tensorboard")) == len(run.candidates)


def test_nothing_else_is_overwritten(day: Path, tmp_path: Path) -> None:
    folder = copied(day, tmp_path)
    own = tmp_path / "own"
    own.mkdir()
    (own / "thesis.txt").write_text("years of work")
    stops(command("tensorboard", folder, "--output", own, cwd=tmp_path), "holds files that evolve did not write")
    assert (own / "thesis.txt").read_text() == "years of work"
    (tmp_path / "link").symlink_to(own)
    stops(command("tensorboard", folder, "--output", "link", cwd=tmp_path), "must be a folder, and is a link or a file")
    stops(command("tensorboard", folder, "--output", own / "thesis.txt" / "x", cwd=tmp_path), "cannot be written")


def test_a_folder_that_cannot_be_written_does_not_stop_a_run(day: Path, tmp_path: Path) -> None:
    folder = copied(day, tmp_path)
    (folder / "tensorboard" / "notes.txt").write_text("mine")
    done = command("resume", folder, "--generations", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert said.count("nothing more is written for TensorBoard") == 1
    assert "Write all of it later with: evolve tensorboard day" in said
    assert find(folder).state == "finished"
    assert (folder / "tensorboard" / "notes.txt").read_text() == "mine"


def test_what_a_run_is_writing_is_left_to_it(day: Path, tmp_path: Path) -> None:
    folder = copied(day, tmp_path)
    with Store.open(folder), pytest.raises(RunError, match="is in use by another process"):
        find(folder).to_tensorboard()
    with Store.open(folder):
        find(folder).to_tensorboard(tmp_path / "elsewhere")
    same(day / "tensorboard", tmp_path / "elsewhere")


def test_without_tensorboard_the_extra_is_named(day: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evolve.errors.find_spec", lambda name: None)
    install = r"needs tensorboard; install the extra with: pip install -e '\.\[tensorboard\]'"
    with pytest.raises(ConfigError, match=f"^tensorboard {install}"):
        evolve.run(table=DATA / "table.json", tensorboard=True, results=tmp_path, progress=False)
    assert not list(tmp_path.iterdir())
    with pytest.raises(ConfigError, match=install):
        find(day).to_tensorboard(tmp_path / "board")
    with pytest.raises(ConfigError, match=install):
        evolve.resume(day, tensorboard=True, progress=False)


def test_a_run_that_has_it_goes_on_where_it_is_missing(
    day: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copied(day, tmp_path)
    monkeypatch.setattr("evolve.errors.find_spec", lambda name: None)
    assert len(evolve.resume(folder, generations=1).candidates) == 40
    assert "the run goes on without" in " ".join(capsys.readouterr().out.split())


def test_the_extra_is_one_of_the_package() -> None:
    said = (ROOT / "pyproject.toml").read_text()
    assert re.search(r'^tensorboard = \["tensorboard>=', said, flags=re.MULTILINE)


def test_a_file_that_begins_anew_takes_the_place_of_what_a_server_has_read(tmp_path: Path) -> None:
    """A server that goes on reading a folder which was written anew tells nothing twice."""
    first = new_file(tmp_path)
    append(first, [scalars({"score": value}, step, 1.0) for step, value in enumerate((0.5, 0.6, 0.7), start=1)])
    read = accumulated(tmp_path)
    append(new_file(tmp_path), [scalars({"score": 0.4}, 1, 1.0), scalars({"score": 0.8}, 2, 1.0)])
    read.Reload()
    assert [(one.step, one.value) for one in read.Scalars("score")] == [
        (1, pytest.approx(0.4)),
        (2, pytest.approx(0.8)),
    ]


@pytest.fixture
def server(day: Path) -> Iterator[str]:
    """The address of TensorBoard itself, on the folder of a run."""
    asked = ["--logdir", str(day / "tensorboard"), "--host", "127.0.0.1", "--port", "0"]
    with subprocess.Popen(
        [sys.executable, "-m", "tensorboard.main", *asked], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stderr
            yield next(found[0] for line in process.stderr if (found := re.search(r"http://\S+:\d+/", line)))
        finally:
            process.terminate()


def asked_of(address: str, path: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urlopen(WebRequest(f"{address}data/{path}", data, {"Content-Type": "application/json"}), timeout=30) as said:
        return json.load(said)


def test_a_server_shows_scalars_and_hyper_parameters(server: str, day: Path) -> None:
    run, end = find(day), time.monotonic() + 60
    while len(asked_of(server, "runs")) < 34:
        assert time.monotonic() < end, asked_of(server, "runs")
        time.sleep(0.2)
    time.sleep(2.0)  # a folder may be known before all of its files are read
    told = asked_of(server, "plugin/scalars/scalars?run=search&tag=score")
    assert [step for _, step, _ in told] == sorted(run.candidates)
    page = asked_of(server, "plugin/hparams/experiment", {"experimentName": ""})
    assert [one["displayName"] for one in page["metricInfos"]] == ["score (score)", "re-scored score"]
    assert {"gene 1", "parameters"} <= {one["name"] for one in page["hparamInfos"]}
    wanted = {"experimentName": "", "startIndex": 0, "sliceSize": 100, "colParams": []}
    statuses = ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"]
    groups = asked_of(server, "plugin/hparams/session_groups", {**wanted, "allowedStatuses": statuses})["sessionGroups"]
    scores = {one["name"]: one["metricValues"][0]["value"] for one in groups}
    assert len(groups) == len(run.candidates)
    for leader in run.hall_of_fame:
        assert scores[f"candidate {leader.candidate}"] == pytest.approx(leader.score, rel=1e-6)
