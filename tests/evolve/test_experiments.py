"""Experiments: what they are asked to be, what they refuse before anything is trained, and that they go on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import recorded_table
from conftest import DATA, ROOT, changed, command, stack_space, stops

import evolve
from evolve.data.splits import SEARCH_PARTS
from evolve.display.console import make_console
from evolve.errors import ConfigError, EvolveError, RunError
from evolve.execution import watched
from evolve.objectives import Direction, Objective
from evolve.problems.recorded_files import load_recorded
from evolve.problems.table_files import open_table
from evolve.problems.work import FLOAT32, START_COST, training_work
from evolve.research import machine_share
from evolve.research.arms import epochs_for, given_of
from evolve.research.commands import CommandFailed, CommandStopped, Terms, run_command
from evolve.research.experiment import Experiment, conduct
from evolve.research.experiment_file import read_design
from evolve.research.experiment_folder import note_page, seen_before
from evolve.research.machine_share import Measurement
from evolve.research.recording_settings import RecordingSettings
from evolve.research.run_trial import TrialFailed, trial_of
from evolve.research.trials import Point, Trial, append_trial, folder_name, read_trials
from evolve.runs.find import find

SIZES = recorded_table.dataset("left")["sizes"]
TIMES = ("seconds", "others", "machine", "versions", "made")
NET = "conv 8 3, relu, maxpool 2, flatten, dense 16, relu | adam 0.01"
ON_TABLE: dict[str, Any] = {
    "tables": [str(DATA / "table.json")],
    "seeds": 2,
    "budget": {"evaluations": 12},
    "settings": {"population": 4},
    "arms": {"aging": {"strategy": "aging"}},
}
FEW = {"population": 2, "images": 60, "epochs": 1, "final_epochs": 2, "leaders": 1, "rescorings": 1, "max_layers": 6}
ON_IMAGES: dict[str, Any] = {
    "datasets": ["digits"],
    "seeds": 2,
    "budget": {"evaluations": 2},
    "settings": {**FEW, "founders": [NET, "random"]},
    "arms": {"aging": {"strategy": "aging"}},
}
ANSWERS = """
import json, sys
print("working")
score = 80.5 if any(".json" in word for word in sys.argv) else 0.5  # per cents in the table, else a share
print(json.dumps({"test": score, "winner": " ".join(sys.argv[1:])}))
"""


GIVEN = """
import json, sys
import numpy as np
with np.load(sys.argv[1]) as images:
    train, test = images["x_train"], images["x_test"]
    assert len(train) == len(images["y_train"]) and set(images["y_test"]) == {0, 1, 2}
print(json.dumps({"test": 0.5, "winner": f"{sys.argv[1]} {len(train)} {len(test)} {test.shape[1:]}"}))
"""


def toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(name)} = {toml(inner)}" for name, inner in value.items()) + " }"
    return f"[{', '.join(map(toml, value))}]" if isinstance(value, list) else json.dumps(value)


def write(path: Path, asked: Mapping[str, Any]) -> Path:
    path.write_text("".join(f"{name} = {toml(value)}\n" for name, value in asked.items()))
    return path


def rows(folder: Path) -> list[dict[str, Any]]:
    """Trials as they stand in the file, but for what may differ."""
    found = [json.loads(line) for line in (folder / "rows.jsonl").read_text().splitlines()]
    return [{name: value for name, value in row.items() if name not in TIMES} for row in found]


def without_times(page: Path) -> str:
    """A page, but for its last section, which is about times and machines."""
    text, times, _ = page.read_text().partition("\n## Times and machines")
    assert times
    return text


def on_table(folder: Path, data: Path | None = None, **changes: Any) -> Experiment:
    """An experiment without its page."""
    design = read_design({**ON_TABLE, **changes}, data)
    return conduct(design, folder, make_console(False))


def test_only_what_is_missing_is_made(tmp_path: Path) -> None:
    first = on_table(tmp_path / "one")
    assert [trial.key[1:] for trial in first.trials] == [("aging", 0), ("random", 0), ("aging", 1), ("random", 1)]
    assert all(trial.ok and trial.evaluations == 12 and trial.openings is None for trial in first.trials)
    before = (tmp_path / "one" / "rows.jsonl").read_text()
    assert on_table(tmp_path / "one").trials == first.trials
    assert (tmp_path / "one" / "rows.jsonl").read_text() == before

    more = {"arms": {"aging": {"strategy": "aging"}, "genetic": {"strategy": "genetic"}}, "seeds": 3}
    grown = on_table(tmp_path / "one", **more)
    assert all(trial in grown.trials for trial in first.trials), "a trial was made again"
    on_table(tmp_path / "at once", **more)
    assert rows(tmp_path / "one") == rows(tmp_path / "at once")
    assert len(grown.trials) == 9

    (tmp_path / "one" / "rows.jsonl").write_text("".join(before.splitlines(keepends=True)[:2]) + '{"dataset": "synth')
    on_table(tmp_path / "one", **more)
    assert rows(tmp_path / "one") == rows(tmp_path / "at once")


LOGS = """
import json, pathlib, sys
with pathlib.Path("order").open("a") as log:
    log.write(" ".join(sys.argv[1:]) + chr(10))
print(json.dumps({"test": 80.0, "evaluations": 12}))
"""


def test_the_first_seed_comes_first_on_every_data_set(tmp_path: Path) -> None:
    """So that what is ended early says something about each of them; rows stand by data set in the end."""
    (tmp_path / "logs.py").write_text(LOGS)
    table = json.loads((DATA / "table.json").read_text())
    (tmp_path / "other.json").write_text(json.dumps({**table, "name": "other"}))
    tables = [str(DATA / "table.json"), str(tmp_path / "other.json")]
    arms = {"aging": {}, "random": False, "logs": {"command": "python logs.py {table} {seed}"}}
    file = write(tmp_path / "order.toml", {**ON_TABLE, "tables": tables, "arms": arms})
    done = evolve.experiment(file, output=tmp_path / "order-experiment", progress=False)
    order = (tmp_path / "order").read_text().split("\n")[:-1]
    assert order == [f"{table} {seed}" for seed in (0, 1) for table in tables]
    found = [(row["dataset"], row["seed"]) for row in rows(done.folder) if row["arm"] == "logs"]
    assert found == [(name, seed) for name in (table["name"], "other") for seed in (0, 1)]


def test_an_arm_that_is_left_out_keeps_its_rows(tmp_path: Path) -> None:
    both = on_table(tmp_path / "one", arms={"aging": {"strategy": "aging"}, "neat": {"strategy": "neat"}})
    fewer = on_table(tmp_path / "one", arms={"aging": {"strategy": "aging"}, "random": False})
    assert [trial.arm for trial in fewer.trials[:2]] == ["aging", "aging"] and len(fewer.trials) == len(both.trials)
    assert len(read_trials(tmp_path / "one" / "rows.jsonl")) == len(both.trials)
    with pytest.raises(ConfigError, match=r"arm 'neat' was strategy = \"neat\" .* give it another name"):
        on_table(tmp_path / "one", arms={"aging": {"strategy": "aging"}, "neat": {"strategy": "genetic"}})


KILLS = """
import json, os, pathlib, psutil, sys
table, seed = sys.argv[1:]
marks = pathlib.Path("killed")
marks.mkdir(exist_ok=True)
if seed == "1" and len(list(marks.iterdir())) < 2:
    (marks / str(os.getpid())).touch()
    psutil.Process().parents()[1].kill()
print(json.dumps({"test": 80.0 + int(seed), "evaluations": 12}))
"""


# With few trials searches are made in the command's own process, with more in others, which have to end with it.
@pytest.mark.parametrize("seeds", [2, pytest.param(5, marks=pytest.mark.slow)])
def test_an_experiment_that_is_killed_twice_comes_to_the_same_end(
    seeds: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kills.py").write_text(KILLS)
    outside = {"command": "python kills.py {table} {seed}"}
    asked = {**ON_TABLE, "arms": {"aging": {"strategy": "aging"}, "outside": outside}, "seeds": seeds}
    file = write(tmp_path / "killed.toml", asked)
    begun = [sys.executable, "-m", "evolve.cli", "experiment", str(file)]
    codes = [subprocess.run(begun, cwd=tmp_path, capture_output=True).returncode for _ in range(3)]
    assert codes == [-9, -9, 0]
    undisturbed = evolve.experiment(file, output=tmp_path / "undisturbed", progress=False)
    killed = tmp_path / "results" / "killed-experiment"
    assert rows(killed) == rows(undisturbed.folder)
    assert len(rows(killed)) == 3 * seeds
    assert without_times(killed / "page.md") == without_times(undisturbed.page)


WRONG: list[tuple[dict[str, Any], str]] = [
    (
        {"arms": {"aging": {"populaton": 8}}},
        "asked.toml [arms.aging]: unknown setting 'populaton'; did you mean 'population'?",
    ),
    ({"arms": {"x": {"comand": "ls"}}}, "[arms.x]: unknown setting 'comand'; did you mean 'command'?"),
    ({"arms": {"aging": {"population": 1}}}, "[arms.aging]: population must be a whole number from 2 to 10000, not 1"),
    ({"arms": {"aging": {"strategy": "agin"}}}, "[arms.aging]: strategy 'agin' is unknown; did you mean 'aging'?"),
    ({"arms": {"aging": {"evaluations": 50}}}, "[arms.aging]: evaluations = 50: all arms have the same budget"),
    ({"arms": {"aging": {"for": "5m"}}}, '[arms.aging]: for = "5m": all arms have the same budget'),
    ({"settings": {"generations": 5}}, "[settings]: generations = 5: all arms have the same budget"),
    ({"arms": {"a": {}, "b": {"images": 500}}}, "[arms.b]: images = 500: the arms have no equal budget"),
    ({"arms": {"a": {"leaders": 5}}}, "give the budget as work, such as work = 2e13 in [budget]"),
    ({"arms": {"a": {"precision": "bfloat16"}}}, "[arms.a]: precision must be the same for all arms"),
    ({"arms": {"a": {"seed": 3}}}, "[arms.a]: seed cannot be given here: seeds stand in seeds, at the top"),
    ({"arms": {"a": 3}}, "[arms.a] must be a table of settings, not 3"),
    ({"arms": {"a b": {}}}, "[arms.a b]: name must be letters, digits, dots, dashes and underscores, not 'a b'"),
    ({"arms": {}}, "[arms] names nothing to compare"),
    ({"arms": {"random": False}}, "[arms] names nothing to compare"),
    ({"arms": {"x": {"alone": "fast"}}}, "[arms.x]: the first arm is what the others are compared with"),
    ({"arms": {"a": {}, "x": {"alone": "fast", "images": 9}}}, "[arms.x]: images does not go with alone"),
    ({"arms": {"a": {}, "x": {"alone": "fast"}}}, "[arms.x]: founder 'fast': "),
    ({"arms": {"a": {}, "x": {"command": ""}}}, "[arms.x]: command must be text"),
    (
        {"arms": {"a": {}, "x": {"command": "no-such-program"}}},
        "[arms.x]: command: there is no program 'no-such-program'",
    ),
    ({"arms": {"a": {}, "x": {"command": "./gone.sh {seed}"}}}, "there is no program './gone.sh'"),
    ({"arms": {"a": {}, "x": {"command": "python {sed}"}}}, "command: {sed} has no value here; what is replaced is"),
    ({"arms": {"a": {}, "x": {"command": "python {seconds}"}}}, "command: {seconds} has no value here"),
    ({"arms": {"a": {}, "x": {"command": "python {table:d}"}}}, "command cannot be filled in"),
    ({"arms": {"a": {}, "x": {"command": "python 'a"}}}, "command cannot be read (No closing quotation)"),
    ({"seeds": 1}, "asked.toml: seeds must be at least two, as a number or as a list"),
    ({"seeds": [3]}, "seeds must be at least two"),
    ({"seeds": [3, 3]}, "seeds must be at least two"),
    ({"seeds": [1, -2]}, "seeds must be at least two"),
    ({"budget": {}}, "asked.toml [budget]: there is none; a budget is one of"),
    ({"budget": {"evaluations": 5, "for": "1m"}}, "[budget]: evaluations and for do not go together"),
    ({"budget": {"evaluation": 5}}, "[budget]: 'evaluation' is no budget; did you mean 'evaluations'?"),
    ({"budget": {"evaluations": 0}}, "[budget]: evaluations must be a whole number of at least 1, not 0"),
    ({"tables": []}, "asked.toml: what is searched is missing"),
    ({"datasets": ["digits"]}, "both datasets and tables are given"),
    ({"tables": ["gone.json"]}, "there is no such file"),
    ({"sedes": 3}, "asked.toml: unknown setting 'sedes'; did you mean 'seeds'?"),
    ({"settings": {"max_layers": 5}}, "max_layers in asked.toml [settings] has no effect with the encoding 'choices'"),
    ({"arms": {"a": {"options": {"elit": 3}, "strategy": "genetic"}}}, "unknown setting 'elit'"),
    ({"datasets": ["digitz"], "tables": []}, "dataset 'digitz' is unknown; did you mean 'digits'?"),
    ({"datasets": ["digits", "gone.npz"], "tables": []}, "there is no such file"),
    (
        {"datasets": ["digits"], "tables": [], "arms": {"a": {}, "x": {"alone": "fsat"}}},
        "[arms.x]: founder 'fsat' is unknown",
    ),
    ({"datasets": ["digits"], "tables": [], "arms": {"a": {}, "x": {"alone": "zoo"}}}, "'zoo' is not one network"),
    (
        {
            "datasets": ["digits"],
            "tables": [],
            "arms": {"a": {}, "x": {"alone": "maxpool 4, maxpool 4, conv 8 3, flatten"}},
        },
        "[arms.x]: the network that is to be trained alone, maxpool 4",
    ),
    (
        {"datasets": ["digits"], "tables": [], "arms": {"a": {}, "b": {"recipe": {"flop": 1}}}},
        "[arms.b]: ",
    ),
    (
        {"datasets": ["digits"], "tables": [], "budget": {"work": 1e9}},
        "[arms.aging]: work = 1e9 is too little for anything",
    ),
    ({"budget": {"work": 1e13}}, "means nothing for a table"),
    ({"budget": {"for": "1m"}}, "tables of published scores have no time; use evaluations in [budget]"),
    (
        {"datasets": ["digits"], "tables": [], "budget": {"for": "5s"}},
        '[arms.aging]: for = "5s" is too short for anything',
    ),
]


@pytest.mark.parametrize(("changes", "said"), WRONG, ids=lambda value: value[:40] if isinstance(value, str) else "")
def test_what_cannot_be_is_refused_before_anything_is_trained(
    changes: dict[str, Any], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "asked.toml", {**ON_TABLE, **changes})
    with pytest.raises(EvolveError) as refused:
        evolve.experiment("asked.toml", progress=False)
    assert said in str(refused.value)
    assert not (tmp_path / "results" / "asked-experiment").exists()


def test_the_command_says_what_is_wrong_in_one_message(tmp_path: Path) -> None:
    stops(command("experiment", "gone.toml", cwd=tmp_path), "error: gone.toml: there is no such file")
    (tmp_path / "asked.toml").write_text("seeds = [")
    stops(command("experiment", "asked.toml", cwd=tmp_path), "error: asked.toml: not valid TOML")
    write(tmp_path / "asked.toml", {**ON_TABLE, "seeds": 1})
    stops(command("experiment", "asked.toml", cwd=tmp_path), "error: asked.toml: seeds must be at least two")


def test_a_folder_of_another_experiment_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "one"
    on_table(folder, arms={"aging": {"strategy": "aging"}, "random": False})
    with pytest.raises(ConfigError, match="holds another experiment: its budget was evaluations = 12, not evalu"):
        on_table(folder, budget={"evaluations": 13})
    with pytest.raises(ConfigError, match="its settings were population = 4, not population = 5"):
        on_table(folder, settings={"population": 5})
    with pytest.raises(ConfigError, match=r"was 'aging' in .* put that one first"):
        on_table(folder, arms={"neat": {"strategy": "neat"}, "aging": {"strategy": "aging"}})
    with pytest.raises(RunError, match=r"is no folder of an experiment"):
        on_table(tmp_path)
    table = json.loads((DATA / "table.json").read_text())
    entry = next(iter(table["entries"].values()))
    entry["fitness"][0] += 1
    (tmp_path / "table.json").write_text(json.dumps(table))
    with pytest.raises(ConfigError, match="holds other data than"):
        on_table(folder, tables=[str(tmp_path / "table.json")])


def test_the_folder_of_an_experiment_is_no_run(tmp_path: Path) -> None:
    on_table(tmp_path / "one")
    with pytest.raises(RunError, match=r"one is an experiment: its page.md says what came out"):
        find("one", tmp_path)


def test_trials_of_another_version_are_not_mixed_with_new_ones(tmp_path: Path) -> None:
    folder = tmp_path / "one"
    trials = on_table(folder).trials
    (folder / "rows.jsonl").unlink()
    for trial in trials:
        append_trial(folder / "rows.jsonl", replace(trial, versions={**trial.versions, "evolve": "0.1.0"}))
    assert len(on_table(folder).trials) == len(trials)  # nothing is to be added, so nothing is mixed
    with pytest.raises(RunError, match=r"were made with evolve 0\.1\.0, this is .* not to be mixed"):
        on_table(folder, seeds=3)


def test_a_failed_trial_has_its_reason_and_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "late.py").write_text(
        "import sys, os; sys.exit('no luck') if not os.path.exists('now') else None\n" + ANSWERS
    )
    asked = {**ON_TABLE, "arms": {"aging": {}, "late": {"command": "python late.py {table} {seed}"}}}
    write(tmp_path / "asked.toml", asked)
    first = command("experiment", "asked.toml", cwd=tmp_path)
    assert first.returncode == 0
    assert "2 trials failed" in first.stdout and "no luck" in " ".join(first.stdout.split())
    folder = tmp_path / "results" / "asked-experiment"
    assert [row["status"] for row in rows(folder)].count("failed") == 2
    (tmp_path / "now").touch()
    assert command("experiment", "asked.toml", cwd=tmp_path).returncode == 0
    found = rows(folder)
    assert len(found) == 6 and all(row["status"] == "ok" for row in found)
    assert found[1]["winner"] == f"{DATA / 'table.json'} 0"
    assert "working" in (folder / "runs" / "synthetic-200-late-0" / "stdout.txt").read_text()


def wait_until(reached: Callable[[], bool]) -> None:
    while not reached():
        time.sleep(0.05)


def outside(
    tmp_path: Path, code: str, seconds: float = 60.0, stop: threading.Event | None = None, most: float = 1.0
) -> Any:
    (tmp_path / "outside.py").write_text(code)
    terms = Terms(tmp_path, seconds, stop or threading.Event(), (0.0, most))
    return run_command(["python", "outside.py"], tmp_path, terms)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import sys; sys.exit(3)", "ended with exit code 3; the last that it said: nothing"),
        ("import os; os.kill(os.getpid(), 9)", "ended by signal 9"),
        ("raise ValueError('too few pixels')", "ValueError: too few pixels"),
        ("print('all done')", "its last line is no JSON object: all done"),
        ("", "it printed nothing"),
        ("print('[0.5]')", "no JSON object"),
        ("print('{\"test\": NaN}')", "no number as 'test'"),
        ("print('{\"test\": true}')", "no number as 'test'"),
        ('print(\'{"test": 1, "evaluations": -1}\')', "'evaluations' = -1"),
        ("print('{\"test\": ' + '9' * 400 + '}')", "no number as 'test'"),
        ("print('[' * 100_000)", "no JSON object"),
        ("print('{\"test\": 97.2}')", "its score 97.2 is none from 0 to 1"),
        ('print(\'{"test": 0.5, "selected": -3}\')', "its score -3 is none from 0 to 1"),
        ('print(\'{"test": 1, "curve": [[1, 2, 3, 4]]}\')', "'curve'"),
        ('print(\'{"test": 1, "winner": "half \\\\ud83d"}\')', "'winner' = "),
    ],
)
def test_a_program_without_an_answer_fails_with_a_reason(code: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(CommandFailed) as failed:
        outside(tmp_path, code)
    assert reason in str(failed.value)


def test_an_answer_may_say_more(tmp_path: Path) -> None:
    said = {
        "test": 1,
        "selected": 2.5,
        "rescored": None,
        "evaluations": 3,
        "openings": 2,
        "curve": [[1, 0.5], [3, 2.5, 1]],
    }
    answer = outside(tmp_path, f"print('noise'); print({json.dumps(json.dumps(said))}); print()", most=3.0)
    assert (answer.test, answer.selected, answer.evaluations, answer.openings) == (1.0, 2.5, 3, 2)
    assert answer.curve == (Point(1.0, 0.5), Point(3.0, 2.5, 1.0))


FAMILY = """
import pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
pathlib.Path("child").write_text(str(child.pid))
time.sleep(600)
"""


@pytest.mark.parametrize("stopped", [False, True])
def test_a_program_is_ended_with_its_children(stopped: bool, tmp_path: Path) -> None:
    stop, child = threading.Event(), tmp_path / "child"

    def when_it_has_a_child() -> None:
        while not (child.exists() and child.read_text()):
            stop.wait(0.05)
        stop.set()

    if stopped:
        threading.Thread(target=when_it_has_a_child).start()
    with pytest.raises(CommandStopped if stopped else CommandFailed):
        outside(tmp_path, FAMILY, 600.0 if stopped else 3.0, stop)
    number = int(child.read_text())
    assert not psutil.pid_exists(number) or psutil.Process(number).status() == psutil.STATUS_ZOMBIE


def test_a_program_ends_when_the_experiment_was_killed(tmp_path: Path) -> None:
    """`kill -9` of what started it leaves no time to say so."""
    sleeps = "import os, pathlib, time; pathlib.Path('child').write_text(str(os.getpid())); time.sleep(600)"
    words = f"[sys.executable, {watched.__file__!r}, sys.executable, '-c', {sleeps!r}]"
    starts = f"import subprocess, sys; subprocess.run({words}, start_new_session=True)"
    parent = subprocess.Popen([sys.executable, "-c", starts], cwd=tmp_path)
    child = tmp_path / "child"
    wait_until(lambda: child.exists() and child.read_text() != "")
    parent.kill()
    parent.wait()
    wait_until(lambda: not psutil.pid_exists(int(child.read_text())))


def test_a_program_answers_as_it_is_measured(tmp_path: Path, recorded_file: Path) -> None:
    """A loss as a loss: whoever answers a lower one is ahead."""
    code = "import json; print(json.dumps({'test': 0.001, 'selected': 0.002, 'curve': [[1, 0.5], [2, 0.002]]}))"
    arms = {"aging": {}, "random": False, "low": {"command": "python low.py"}}
    asked = {"tables": [str(recorded_file)], "seeds": 2, "budget": {"evaluations": 4}, "settings": {"metric": "loss"}}
    file = write(tmp_path / "asked.toml", {**asked, "arms": arms})
    (tmp_path / "low.py").write_text(code)
    made = evolve.experiment(file, output=tmp_path / "made", progress=False)
    low = [trial for trial in made.trials if trial.arm == "low"]
    assert low and all((trial.test, trial.selected) == (-0.001, -0.002) for trial in low)
    assert low[0].curve == (Point(1.0, -0.5), Point(2.0, -0.002))
    assert made.analysis.contrasts[0].overall is not None and made.analysis.contrasts[0].overall.mean > 0
    (tmp_path / "low.py").write_text(code.replace("0.001", "-0.001"))
    made = evolve.experiment(file, output=tmp_path / "again", progress=False)
    assert "is none from 0" in str(made.analysis.failed[0].reason)


def test_what_an_arm_was_is_known_when_it_is_out_of_the_file(tmp_path: Path, recorded_file: Path) -> None:
    first = next(iter(open_table(recorded_file).datasets.values())).founders[0]
    asked = {"tables": [str(recorded_file)], "seeds": 2, "budget": {"evaluations": 4}}
    arms: dict[str, Any] = {"aging": {}, "random": False, "one": {"alone": first}}
    before = evolve.experiment({**asked, "arms": arms}, output=tmp_path / "made", progress=False)
    after = evolve.experiment(
        {**asked, "arms": {"aging": {}, "random": False}}, output=tmp_path / "made", progress=False
    )
    assert after.analysis.by_name["one"].alone == before.analysis.by_name["one"].alone == first
    assert f'- one: alone = "{first}", no longer asked for' in after.page.read_text()


def test_data_sets_whose_names_no_folder_may_have_are_told_apart() -> None:
    names = ["кошки", "собаки", "photos 1", "photos-1", "..", ""]
    assert len({folder_name(name, "aging", 0) for name in names}) == len(names)
    assert folder_name("photos-1", "aging", 0) == "photos-1-aging-0"


def test_two_trials_never_share_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"arm 'a' on .* and arm 'A' on .* would share the folder"):
        on_table(tmp_path / "one", arms={"a": {}, "A": {"strategy": "neat"}})


@pytest.mark.parametrize(("target", "repair"), [(98, "for 98 % write 0.98"), (0, "not 0"), (250, "not 250")])
def test_a_target_that_no_score_reaches_is_refused(target: float, repair: str) -> None:
    asked = {"datasets": ["digits"], "budget": {"evaluations": 4}, "arms": {"aging": {}}, "target": target}
    with pytest.raises(ConfigError, match="target must be above 0 and at most 1, as accuracy is") as refused:
        read_design(asked)
    assert repair in str(refused.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"test": "0.9"}, "test: "),
        ({"seed": "1"}, "seed: "),
        ({"versions": None}, "versions: "),
        ({"curve": [[1, "much"]]}, "curve.0"),
        ({"status": "fine"}, "status: "),
    ],
)
def test_a_row_that_was_changed_by_hand_is_named(change: dict[str, Any], said: str, tmp_path: Path) -> None:
    folder = tmp_path / "one"
    on_table(folder)
    known = rows(folder)
    (folder / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in [known[0], {**known[1], **change}]))
    with pytest.raises(RunError, match=rf"line 2 is no trial \({said}"):
        on_table(folder)


@pytest.mark.parametrize("change", [{"chance": {}}, {"sizes": {**SIZES, "selection": 0}}])
def test_a_table_that_does_not_say_what_guessing_comes_to_is_searched(change: dict[str, Any], tmp_path: Path) -> None:
    told = recorded_table.lines(6, ["left"])
    told[1] |= change
    file = recorded_table.write(tmp_path / "ours.jsonl", told)
    asked = {"tables": [str(file)], "seeds": 2, "budget": {"evaluations": 3}, "arms": {"aging": {}}}
    made = evolve.experiment(asked, output=tmp_path / "made", progress=False)
    assert all(trial.ok and trial.guessing is None for trial in made.trials)


def test_a_budget_that_ends_among_the_founders_is_warned_about(
    recorded_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = {"tables": [str(recorded_file)], "seeds": 2, "budget": {"evaluations": 2}, "arms": {"aging": {}}}
    evolve.experiment(asked, output=tmp_path / "made")
    said = " ".join(capsys.readouterr().out.split())
    assert "a budget of 2 evaluations ends before the 2 founders of left are all tried" in said


def test_a_network_that_failed_with_the_largest_budget_is_no_obstacle(tmp_path: Path) -> None:
    told = recorded_table.lines(6, ["left"])
    largest = list(told[0]["budgets"])[-1]
    failed = next(row for row in told if row.get("budget") == largest)
    names = ("kind", "dataset", "genome", "budget", "repeat", "version", "machine")
    kept = {name: failed[name] for name in names}
    told[told.index(failed)] = {**kept, "status": "diverged", "reason": "the loss is not finite"}
    file = recorded_table.write(tmp_path / "ours.jsonl", told)
    asked = {"tables": [str(file)], "seeds": 2, "budget": {"evaluations": 6}, "arms": {"aging": {}}}
    made = evolve.experiment(asked, output=tmp_path / "made", progress=False)
    assert all(trial.ok and trial.winner != failed["genome"] for trial in made.trials)


def test_a_value_stays_one_word(tmp_path: Path) -> None:
    table = tmp_path / "a table; of 'mine'.json"
    table.write_bytes((DATA / "table.json").read_bytes())
    (tmp_path / "answers.py").write_text(ANSWERS)
    arms = {"aging": {}, "random": False, "outside": {"command": "python answers.py --table={table} {evaluations}"}}
    asked = {**ON_TABLE, "tables": [str(table)], "arms": arms}
    done = command("experiment", write(tmp_path / "asked.toml", asked), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert rows(tmp_path / "results" / "asked-experiment")[1]["winner"] == f"--table={table} 12"


def test_an_arm_that_is_left_out_is_still_compared(tmp_path: Path) -> None:
    """Whoever leaves out what did not please finds differences that are none."""
    folder = tmp_path / "one"
    arms = {"aging": {"strategy": "aging"}, "neat": {"strategy": "neat"}}
    on_table(folder, arms=arms)
    found = on_table(folder, arms={"aging": arms["aging"]}, seeds=3)
    assert {trial.arm for trial in found.trials} == {"aging", "neat", "random"}
    assert [arm.name for arm in found.analysis.arms] == ["aging", "random", "neat"]


def test_what_keeps_an_experiment_from_showing_anything_is_said_at_once(tmp_path: Path) -> None:
    asked = {**ON_TABLE, "settings": {}, "budget": {"evaluations": 12}}
    done = command("experiment", write(tmp_path / "asked.toml", asked), cwd=tmp_path)
    said = " ".join(done.stdout.split())
    assert "2 pairs of trials cannot show a difference, however large: it takes 6 for 1 comparison" in said
    assert "a budget of 12 evaluations ends before a population of 16 is complete" in said


def test_work_that_has_no_room_for_a_search_is_refused(tmp_path: Path) -> None:
    asked = {**ON_IMAGES, "datasets": ["digits"], "settings": {}, "budget": {"work": 3e11}}
    with pytest.raises(ConfigError, match=r"work = 3e11 has room for one network and no search on digits"):
        evolve.experiment(asked, output=tmp_path / "one", progress=False)
    assert not (tmp_path / "one").exists()


def test_a_folder_knows_with_how_many_seeds_its_page_was_written(tmp_path: Path) -> None:
    folder = tmp_path / "one"
    on_table(folder)
    assert seen_before(folder, seeds=2) == ()
    note_page(folder, 2)
    on_table(folder, seeds=3)
    assert seen_before(folder, seeds=3) == (2,)


def test_settings_that_change_no_result_may_change(tmp_path: Path) -> None:
    folder = tmp_path / "one"
    on_table(folder)
    assert on_table(folder, settings={"population": 4, "workers": 1}).trials


@pytest.mark.parametrize(
    "file", sorted((ROOT / "benchmarks" / "experiments").glob("*.toml")), ids=lambda file: file.stem
)
def test_files_of_experiments_can_be_read(file: Path) -> None:
    text = tomllib.loads(file.read_text())
    if "arms" in text:
        assert read_design(file).arms[0].settings is not None
    else:
        assert list(RecordingSettings.checked(text).trainings)


def test_arms_have_the_settings_of_all_and_their_own() -> None:
    design = read_design({**ON_TABLE, "arms": {"small": {"population": 3}, "usual": {}}})
    values = {arm.name: dict(design.given(arm).values) for arm in design.arms}
    fixed = {"precision": "float32", "candidate_memory": 4.0, "evaluations": 12}
    assert values == {
        "small": {"population": 3, **fixed},
        "usual": {"population": 4, **fixed},
        "random": {"population": 4, "strategy": "random", "founders": ["random"], **fixed},
    }


def test_paths_begin_at_the_file(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    np.savez(tmp_path / "data" / "few.npz", x_train=[])
    design = read_design(write(tmp_path / "asked.toml", {**ON_IMAGES, "datasets": ["digits", "data/few.npz"]}))
    assert design.datasets == ("digits", str(tmp_path / "data" / "few.npz"))


def test_a_network_alone_is_trained_for_what_the_first_arm_spent() -> None:
    space = stack_space((8, 8, 1))
    network = space.blueprint(space.parse(NET))
    each = 3 * (network.multiply_adds + 45 * network.values)
    spent = 2 * 3e10 + each * (10 + 7.5 * 1000)
    assert epochs_for(spent, network, 1000) == 8
    assert epochs_for(spent - each * 700, network, 1000) == 7
    assert epochs_for(1.0, network, 1000) == 1


def test_what_a_run_says_as_a_trial(day: Path) -> None:
    run, score = find(day), Objective("score", Direction.MAXIMISE)
    blank = Trial("table", "aging", 1)
    trial = trial_of(run, blank, score)
    best = run.hall_of_fame[0]
    assert (trial.selected, trial.rescored, trial.winner) == (best.score, pytest.approx(best.rescored), best.notation)
    assert (trial.test, trial.evaluations, trial.openings) == (run.test_accuracy, 160, 1)
    assert [point.selected for point in trial.curve] == sorted(point.selected for point in trial.curve)
    assert trial.curve[0].x == 1 and trial.curve[-1].x == 160
    assert Trial.from_json(json.loads(json.dumps(trial.to_json()))) == trial
    with pytest.raises(TrialFailed, match="does not say what accuracy"):
        trial_of(run, blank, Objective("accuracy", Direction.MAXIMISE))


def test_a_pause_is_not_on_the_curve(day: Path) -> None:
    score, blank = Objective("score", Direction.MAXIMISE), Trial("table", "aging", 1, unit="seconds")
    before = trial_of(find(day), blank, score)
    changed(  # as if it had been killed after request 80, and continued the next day
        day,
        "UPDATE result SET timing = json_set(timing, '$.at', json_extract(timing, '$.at') + 86400) WHERE request > 80",
        "UPDATE act SET at = at + 86400 WHERE kind <> 'started'",
        "INSERT INTO act (kind, detail, at) SELECT 'started', detail, 86400 + (SELECT json_extract(timing, '$.at') "
        "FROM result WHERE request = 80) FROM act WHERE kind = 'started'",
    )
    after = trial_of(find(day), blank, score)
    assert [point.x for point in after.curve] == pytest.approx([point.x for point in before.curve], abs=1.0)
    assert after.curve[-1].x < 3600


def test_rows_that_are_no_trials_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    append_trial(path, Trial("digits", "aging", 0))
    path.write_text(path.read_text() + '{"dataset": "digits"}\n')
    with pytest.raises(RunError, match="line 2 is no trial"):
        read_trials(path)


def test_what_others_take_is_what_this_process_and_its_children_did_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_share, "busy_seconds", iter([100.0, 104.0]).__next__)
    own = iter([10.0, 11.0])
    monkeypatch.setattr(machine_share, "processor_seconds", lambda process: next(own))
    monkeypatch.setattr(machine_share.psutil, "cpu_count", lambda: 2)
    measured = Measurement()
    monkeypatch.setattr(Measurement, "seconds", 2.0)
    assert measured.others == pytest.approx((4.0 - 1.0) / (2 * 2.0))


def test_what_others_take_is_known_only_of_what_was_seen() -> None:
    measured = Measurement()
    trial = measured.of(Trial("digits", "aging", 0))
    assert trial.others is not None and 0.0 <= trial.others <= 1.0
    long_ago = measured.of(Trial("digits", "aging", 0, seconds=3600.0))
    assert (long_ago.seconds, long_ago.others) == (3600.0, None)
    shares = {0.2: True, 0.05: False}
    assert {others: Trial("digits", "aging", 0, others=others).disturbed for others in shares} == shares


def test_a_recorded_table_is_searched_data_set_by_data_set(tmp_path: Path, recorded_file: Path) -> None:
    first = load_recorded(recorded_file)
    founder = next(iter(first.datasets.values())).founders[0]
    arms = {"aging": {}, "one": {"alone": founder}}
    asked = {"tables": [recorded_file.name], "arms": arms, "seeds": 3}
    made = on_table(tmp_path / "one", recorded_file.parent, **asked, budget={"evaluations": 6})
    assert [trial.dataset for trial in made.trials[::9]] == list(first.datasets)
    for trial in made.trials:
        assert trial.measure == "accuracy" and trial.ok
        if trial.arm == "one":
            known = first.datasets[trial.dataset]
            assert trial.test == known.mean(founder, known.largest) and trial.curve == ()
    timed = {"budget": {"for": "10m"}, "settings": {"metric": "loss"}}
    made = on_table(tmp_path / "two", recorded_file.parent, **asked, **timed)
    aging = made.trials[0]
    assert (aging.unit, aging.measure) == ("seconds", "loss") and (aging.test or 0.0) < 0
    assert all(point.selected < 0 for point in aging.curve)
    assert made.analysis.tables and made.analysis.timed == () and not made.analysis.published


def test_all_kinds_of_arms_on_images(tmp_path: Path, tiny_npz: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "answers.py").write_text(ANSWERS)
    (tmp_path / "given.py").write_text(GIVEN)
    arms = {
        "aging": {},
        "random": False,
        "one": {"alone": NET},
        "outside": {"command": "python answers.py {dataset} {seed} {seconds}"},
        "given": {"command": "python given.py {images}"},
    }
    settings = {**ON_IMAGES["settings"], "executor": "in-process", "images": 120, "epochs": 4}
    asked = {**ON_IMAGES, "datasets": [str(tiny_npz)], "settings": settings, "arms": arms, "budget": {"evaluations": 1}}
    file = write(tmp_path / "asked.toml", asked)
    made = evolve.experiment(file, results=tmp_path / "results")
    aging, one, program, given = made.trials[:4]
    assert aging.work and one.work and (aging.evaluations, one.evaluations) == (1, 1)
    run = find("bars-one-0", made.folder / "runs")
    epochs = run.final_result.spent["epochs"]
    assert epochs == run.config.final_epochs == 4
    assert 0 <= aging.work - one.work < training_work(FLOAT32.work(run.network(1)), 192) - START_COST
    assert one.winner == run.candidate(1).notation
    assert (one.selected, one.rescored, one.curve) == (None, None, ())
    parts = made.folder / "runs" / "bars-given-0.npz"
    sizes = run.problem["sizes"]
    assert given.winner == f"{parts} {sum(sizes[part] for part in SEARCH_PARTS)} {sizes['test']} (8, 8, 1)"
    assert not parts.exists(), "its test part is not to lie about"
    assert program.winner == f"{tiny_npz} 0 {round(aging.seconds, 1)}"
    assert run.config.precision == "float32" and run.config.candidate_memory == 4.0
    assert all(trial.others is not None for trial in made.trials)
    page = made.page.read_text()
    assert "one" in page and str(tiny_npz) in page
    assert "trained for 2 epochs at the end, one for all" in " ".join(capsys.readouterr().out.split())

    lines = (made.folder / "rows.jsonl").read_text().splitlines(keepends=True)
    before, requests = rows(made.folder), len(run.requests)
    (made.folder / "rows.jsonl").write_text(
        "".join(lines[:1]) + lines[1][:20]
    )  # killed between a run's end and its row
    evolve.experiment(file, results=tmp_path / "results", progress=False)
    after = rows(made.folder)
    for row in (*before, *after):
        row["winner"] = row["winner"].rpartition(" ")[0] if row["arm"] == "outside" else row["winner"]
    assert after == before
    assert len(find("bars-one-0", made.folder / "runs").requests) == requests, "something was trained again"


@pytest.mark.slow
def test_an_experiment_on_images_that_is_killed_twice_in_the_middle_of_a_run(tmp_path: Path) -> None:
    arms = {"aging": {}, "one": {"alone": NET}}
    file = write(tmp_path / "killed.toml", {**ON_IMAGES, "arms": arms, "budget": {"evaluations": 4}})
    undisturbed = evolve.experiment(file, output=tmp_path / "undisturbed", progress=False)
    begun = [sys.executable, "-m", "evolve.cli", "experiment", str(file)]
    folder = tmp_path / "results" / "killed-experiment"
    for name in ("digits-aging-0", "digits-random-1"):
        process = subprocess.Popen(begun, cwd=tmp_path, stdout=subprocess.DEVNULL, start_new_session=True)
        while process.poll() is None and not has_results(folder / "runs" / name):
            time.sleep(0.2)
        os.killpg(process.pid, signal.SIGKILL)
        assert process.wait() == -9, "it came to its end before it was killed"
        assert find(name, folder / "runs").state == "unfinished"
    assert subprocess.run(begun, cwd=tmp_path, capture_output=True).returncode == 0
    assert rows(folder) == rows(undisturbed.folder)
    assert without_times(folder / "page.md") == without_times(undisturbed.page)


def has_results(folder: Path) -> bool:
    """Whether a run has results of its search."""
    try:
        return find(folder).summary()["evaluations"] > 0
    except EvolveError:
        return False


@pytest.mark.slow
def test_arms_with_equal_work_spend_it(tmp_path: Path, tiny_npz: Path) -> None:
    work = 6e11
    arms = {"aging": {}, "random": False, "one": {"alone": NET}}
    asked = {"datasets": [str(tiny_npz)], "seeds": 2, "budget": {"work": work}, "arms": arms}
    made = evolve.experiment(asked, output=tmp_path / "work", progress=False)
    assert len(made.trials) == 4 and not made.analysis.failed
    for trial in made.trials:
        assert trial.unit == "work" and trial.work is not None and 0.7 * work < trial.work <= work
        assert trial.arm == "one" or trial.work > trial.curve[-1].x > 0


@pytest.mark.slow
def test_arms_with_equal_time_are_on_record_with_what_others_took(tmp_path: Path, tiny_npz: Path) -> None:
    arms = {"aging": {}, "random": False, "one": {"alone": NET}}
    asked = {"datasets": [str(tiny_npz)], "seeds": 2, "budget": {"for": "25s"}, "arms": arms}
    made = evolve.experiment(asked, output=tmp_path / "time", progress=False)
    assert len(made.trials) == 4 and not made.analysis.failed
    for trial in made.trials:
        assert trial.unit == "seconds" and trial.others is not None
        assert (trial in made.analysis.disturbed) == (trial.others > 0.1)
        assert trial.arm == "one" or 0 < trial.curve[-1].x < trial.seconds
    assert all(trial.evaluations == 1 for trial in made.trials if trial.arm == "one")


def test_a_data_set_has_settings_of_its_own() -> None:
    asked = {**ON_IMAGES, "datasets": {"digits": {"founders": ["vgg"], "population": 3, "image_size": 8}}}
    asked["arms"] = {
        "usual": {},
        "own": {"founders": ["resnet"]},
        "one": {"alone": "vgg"},
        "random": {"strategy": "random"},
    }
    design = read_design(asked)
    usual, own, one, _ = (given_of(design, arm, "digits").values for arm in design.arms)
    assert (usual["founders"], usual["population"], usual["image_size"]) == (["vgg"], 3, 8)
    assert own["founders"] == ["resnet"], "what an arm says counts more"
    assert ("founders" in one, one["image_size"]) == (False, 8)
    with pytest.raises(ConfigError, match=r"\[datasets.digits\]: unknown setting 'founder'"):
        read_design({**ON_IMAGES, "datasets": {"digits": {"founder": "vgg"}}})
