"""Every code block of the README and of the pages in docs/ is run, with smaller budgets, in one folder. That takes
minutes; what `make test` holds is that the flags in them are known and that what they link to is there."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import recorded_table
from conftest import ROOT
from typer.main import get_command

from evolve.cli.app import app
from evolve.config import RunConfig
from evolve.execution.builds import backend_name

pytest.importorskip(backend_name())

# In the order in which they are run: a page may use what one before it has made.
NAMES = [
    "index",
    "images",
    "inspecting",
    "notation",
    "planning",
    "searching",
    "watching",
    "pictures",
    "tables",
    "experiments",
    "figures",
    "extending",
    "python",
    "backends",
    "results",
    "results-earlier",
    "results-inside",
    "settings",
    "guarantees",
    "glossary",
]
PAGES = ["README.md", *(f"docs/{name}.md" for name in NAMES)]
BLOCKS = [
    (page, *block)
    for page in PAGES
    for block in re.findall(r"^```(\w+)\n(.*?)^```", (ROOT / page).read_text(), flags=re.MULTILINE | re.DOTALL)
]
SMALL = shlex.split("--generations 1 --population 2 --images 64 --epochs 1 --final-epochs 1")
LITTLE_WORK = shlex.split("--work 1e11 --final-epochs 1")  # counts do not go with it
OF_TABLES = shlex.split("--generations 1 --population 2")
FEW = "leaders = 1\nrescorings = 1\n"
FOUNDERS = 'founders = ["conv 8 3, relu, maxpool 2, flatten, dense 16, relu", "random"]\nmax_layers = 8\n'
SMALLER = {
    "run": SMALL,
    "resume": ["--generations", "1"],
    "train": ["--epochs", "1"],
    "ensemble": ["--epochs", "1"],
    "baseline": ["--epochs", "1"],
}
SMALL_PYTHON = """
import evolve as _evolve
_run = _evolve.run
_evolve.run = lambda **s: _run(**{**s, "generations": 1, "population": 2, "epochs": 1, "final_epochs": 1,
                             "leaders": 1, "rescorings": 1})
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the blocks run one after the other, as a reader would run them."""
    made = tmp_path_factory.mktemp("readme")
    (made / "few.toml").write_text(FEW)
    (made / "small.toml").write_text(FEW + FOUNDERS)
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 255, (200, 32, 32, 3)).astype(np.uint8), np.arange(200)[:, None] % 10
    np.savez(made / "cifar10.npz", x_train=images, y_train=labels, x_test=images[:50], y_test=labels[:50])
    entry = {"test_acc": [90.0, 91.0, 92.0], "mean_acc": 91.0, "std": 0.8, "params": 1000, "flops": 2000}
    codes = ["".join(str(n // 3**place % 3) for place in range(8)) for n in range(40)]
    (made / "nas-bench-macro.json").write_text(json.dumps(dict.fromkeys(codes, entry)))
    budgets = {"5000x1": 2, "5000x3": 2, "20000x1": 2, "15000x8": 1}
    recorded_table.write(made / "recorded.jsonl", recorded_table.lines(6, ["language", "signs"], budgets))
    renamed = (made / "recorded.jsonl").read_text().replace('"net-0"', '"fast-thin"')
    (made / "recorded.jsonl").write_text(renamed)
    return made


def shell(line: str, folder: Path) -> None:
    words = shlex.split(line)
    if words[0] == "make":
        subprocess.run(["make", "--dry-run", *words[1:]], cwd=ROOT, check=True, capture_output=True)
        return
    if words[0] == "evolve":
        small = "few.toml" if "--table" in words else "small.toml"
        config = ["--config", small] if words[1] == "run" and "--config" not in words else []
        little = {"--work": LITTLE_WORK, "--table": OF_TABLES}
        smaller = next((flags for flag, flags in little.items() if flag in words), SMALLER.get(words[1], []))
        words = ["-m", "evolve.cli", *words[1:], *config, *smaller]
    else:
        assert words.pop(0) == "python"
    # The download of CIFAR-10 by Keras has a test of its own, in tests/evolve/test_data.py.
    words = ["cifar10.npz" if word == "cifar10" else word for word in words]
    done = subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, f"{line}\n{done.stdout[-1000:]}\n{done.stderr[-2000:]}"


def small_experiment(text: str) -> str:
    """The file of an experiment with a smaller budget."""
    for name, value in {"seeds": 2, "evaluations": 2, "population": 2}.items():
        text, found = re.subn(rf"^{name} = .*$", f"{name} = {value}", text, flags=re.MULTILINE)
        assert found == 1, name
    return text.replace("[settings]", f"[settings]\n{FEW}images = 64\nepochs = 1\nfinal_epochs = 1\n#", 1)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(BLOCKS)), ids=lambda number: f"{BLOCKS[number][0]}-{number}")
def test_code_blocks_run(number: int, folder: Path) -> None:
    _, language, text = BLOCKS[number]
    match language:
        case "sh":
            for line in text.splitlines():
                shell(line, folder)
        case "python" if name := re.match(r"# (\w+\.py)\n", text):
            (folder / name[1]).write_text(text)
        case "python":
            done = subprocess.run(
                [sys.executable, "-c", SMALL_PYTHON + text], cwd=folder, capture_output=True, text=True
            )
            assert done.returncode == 0, done.stderr[-2000:]
            assert done.stderr == ""
            if text.rstrip().splitlines()[-1].startswith("print("):
                assert "|" in done.stdout.splitlines()[-1]  # the winner, as a line of the notation
        case "toml" if name := re.match(r"# (\w+\.toml)\n", text):
            (folder / name[1]).write_text(small_experiment(text) if "[arms" in text else text)
        case "toml":
            RunConfig.checked(tomllib.loads(text))
            (folder / "run.toml").write_text(FEW + text)
        case _:
            pytest.fail(f"a block of an unknown kind: {language}")


LINES = [
    line for _, language, text in BLOCKS if language == "sh" for line in text.splitlines() if line.startswith("evolve")
]


@pytest.mark.parametrize("line", LINES)
def test_verbs_and_flags_are_known(line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    evolve: Any = get_command(app)
    verb, command, flags = evolve.resolve_command(evolve.make_context("evolve", list(words)), words)
    command.make_context(verb, flags)


def test_no_page_is_left_out() -> None:
    assert set(PAGES) == {"README.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))}


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_links_to_exists(page: str) -> None:
    text = (ROOT / page).read_text()
    for path in re.findall(r"\]\(([^):#]+)(?:#[^)]*)?\)", text):
        assert ((ROOT / page).parent / path).exists(), path
    for script in re.findall(r"benchmarks/\w+\.py", text):
        assert (ROOT / script).exists(), script


def test_the_readme_is_read_in_one_go() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 160
