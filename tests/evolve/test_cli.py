"""The command line: a user's mistake ends in one message and exit code 2, and leaves nothing behind."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import typer
from conftest import DATA, command

import evolve.cli
from evolve.cli.app import app
from evolve.cli.flags import PANELS


def call(*arguments: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> tuple[int, str, str]:
    """Calls the console script in this process."""
    monkeypatch.setattr(sys, "argv", ["evolve", *arguments])
    with pytest.raises(SystemExit) as left:
        evolve.cli.main()
        raise SystemExit(0)
    out, err = capsys.readouterr()
    return int(left.value.code or 0), out, err


def test_each_verb_is_in_one_panel_of_the_help(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    panels = [name for names in PANELS.values() for name in names]
    assert sorted(panels) == sorted(typer.main.get_group(app).commands)
    code, out, _ = call("--help", capsys=capsys, monkeypatch=monkeypatch)
    assert code == 0
    assert [out.index(f"─ {panel} ─") for panel in PANELS] == sorted(out.index(f"─ {panel} ─") for panel in PANELS)


FILES = {
    "tight.toml": "candidate_memory = 0.5",
    "wrong.toml": 'max_parameters = "few"',
    "twice.toml": 'for = "1m"\nduration = 60',
    "work.toml": "small_births = 3\nsmall_work = 5000",
    "elite.toml": "[options]\nelite = 2",
}
WRONG = [
    (
        ["run", "--population", "1"],
        "error: --population must be a whole number from 2 to 10000, not 1; for example --population 16",
    ),
    (
        ["show", "first", "--top", "x"],
        "error: --top must be a whole number of at least 1, not 'x'; for example --top 3",
    ),
    (["history", "first", "--last", "0"], "error: --last must be a whole number of at least 1, not 0"),
    (["run", "--generations", "0"], "--generations must be a whole number of at least 1, not 0"),
    (["run", "--evaluations", "-3"], "--evaluations must be a whole number of at least 1, not -3"),
    (
        ["run", "--for", "soon"],
        "--for must be a time above zero such as 90s, 10m or 1h30m, not 'soon'; for example --for 10m",
    ),
    (["run", "--seed", "one"], "--seed must be a whole number of at least 0, not 'one'; for example --seed 1"),
    (["run", "--max-parameters", "5"], "--max-parameters must be a whole number of at least 100, not 5; for example"),
    (["run", "--small-births", "5"], "--small-births and --small-work go together"),
    (
        ["run", "--rungs", "9x9"],
        "--rungs must be a list of budgets, images x epochs, each larger than the one before, not",
    ),
    (
        ["run", "--rungs", "30x1", "--epochs", "3"],
        "--rungs already says how many images and epochs; leave out --epochs",
    ),
    (["run", "--plan", "p", "--for", "1m"], "--plan and --for do not go together"),
    (["run", "--config", "wrong.toml"], 'wrong.toml: max_parameters must be a whole number of at least 100, not "few"'),
    (
        ["run", "--config", "twice.toml"],
        "twice.toml: 'for' and 'duration' are two names of one setting; give one of them",
    ),
    (
        ["run", "--config", "work.toml", "--max-work", "4000"],
        "small_work in work.toml must be less than --max-work 4000",
    ),
    (["run", "--config", "elite.toml"], "options in elite.toml: unknown setting 'elite'"),
    (["baseline", "--epochs", "0"], "--epochs must be a whole number of at least 1, not 0; for example --epochs 40"),
    (["run", "--images", "3"], "--images must be a whole number of at least 10, not 3"),
    (["run", "--epochs", "0"], "--epochs must be a whole number of at least 1"),
    (["run", "--final-epochs", "0"], "--final-epochs must be"),
    (["run", "--seed", "-1"], "--seed must be a whole number of at least 0, not -1"),
    (["run", "--workers", "0"], "--workers must be"),
    (["run", "--strategy", "genetics"], "--strategy 'genetics' is unknown; did you mean 'genetic'?"),
    (["run", "--encoding", "stacks"], "--encoding 'stacks' is unknown; did you mean 'stack'?"),
    (["run", "--encoding", "choices"], "add --table FILE"),
    (["run", "--table", str(DATA / "table.json"), "--encoding", "stack"], "is for images, not for a table"),
    (["run", "--table", "none.json", "--encoding", "choices"], "there is no such file"),
    (["run", "--dataset", "digit"], "dataset 'digit' is unknown; did you mean 'digits'?"),
    (["run", "--dataset", "none.npz"], "there is no such file"),
    (["run", "--founder", "vg"], "did you mean 'vgg'?"),
    (["run", "--founder", "conv 32, flatten"], "kernel is missing; write 'conv FILTERS KERNEL"),
    (["run", "--name", "a/b"], "--name must be letters, digits, dots, dashes and underscores"),
    (["run", "--config", "none.toml"], "--config none.toml: there is no such file"),
    (["run", "--results", "/dev/null/x"], "cannot be written to /dev/null/x"),
    (["run", "--config", "tight.toml"], "no stack fits the limits of this search"),
    (["resume", "nothing"], "there are no runs in results yet, make one with: evolve run"),
    (["show", "nothing"], "there is no run 'nothing'"),
    (["history", "nothing"], "there is no run 'nothing'"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG, ids=[" ".join(arguments[:3]) for arguments, _ in WRONG])
def test_a_mistake_ends_in_one_message_and_exit_code_2(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    code, _, err = call(*arguments, capsys=capsys, monkeypatch=monkeypatch)
    assert code == 2
    assert message in err
    assert err.startswith("error: ")
    assert "Traceback" not in err
    assert not list(tmp_path.glob("results/[!.]*"))


@pytest.mark.parametrize(
    "arguments", [["run", "--popluation", "4"], ["run", "--max_parameters", "500"], ["evolve"], ["show"]]
)
def test_flags_that_do_not_exist_end_in_exit_code_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call(*arguments, capsys=capsys, monkeypatch=monkeypatch)[0] == 2


def test_a_run_on_a_table_from_the_command_line(tmp_path: Path) -> None:
    arguments = ("--table", DATA / "table.json", "--encoding", "choices", "--strategy", "neat", "--generations", "2")
    done = command("run", *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    [listed] = json.loads(command("list", "--json", cwd=tmp_path).stdout)
    assert listed["name"] == "synthetic-200-neat-1"
    wrong = command("show", listed["name"], "99", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "has candidates 1 to 32, not 99" in wrong.stderr
    mistyped = command("show", "synthetic-200-neat", cwd=tmp_path)
    assert "did you mean 'synthetic-200-neat-1'?" in mistyped.stderr
    taken = command("run", *arguments, "--name", listed["name"], cwd=tmp_path)
    assert taken.returncode == 2
    assert "already holds a run" in taken.stderr


def test_a_backend_that_is_not_installed_is_named_with_the_extra(tmp_path: Path) -> None:
    missing = next((name for name in ("jax", "torch") if find_spec(name) is None), None)
    if missing is None:
        pytest.skip("every backend is installed here")
    done = command("run", "--name", "x", cwd=tmp_path, KERAS_BACKEND=missing)
    assert done.returncode == 2
    assert f"pip install -e '.[{missing}]'" in done.stderr
    unknown = command("run", "--name", "x", cwd=tmp_path, KERAS_BACKEND="numpy")
    assert "KERAS_BACKEND must be one of tensorflow, jax, torch, not 'numpy'" in unknown.stderr


def test_list_without_runs_says_how_to_make_one(tmp_path: Path) -> None:
    assert "make one with: evolve run" in command("list", cwd=tmp_path).stdout


def test_info_names_versions_backend_and_data(tmp_path: Path) -> None:
    known = json.loads(command("info", "--json", cwd=tmp_path).stdout)
    assert {"evolve", "python", "backend", "cores", "gpus", "memory", "datasets"} <= set(known)
    assert "digits" in command("info", cwd=tmp_path).stdout
