"""The scripts of docs/gallery: a page each, and each runs as a learner runs it, from a wheel that is installed."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import sysconfig
import venv
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import ROOT

from evolve.execution.builds import backend_name

# Script -> a line that it prints, which says that it came to its end.
SCRIPTS = {
    "first_network": r"it reads \[\d(, \d){4}\] where \[0, 1, 2, 3, 4\] is written",
    "own_images": r"cross/1\.png: (cross|disc), with \d+%",
    "own_keras_model": r"0\.\d{3}  .+ < image, .+ \| adam .+",
    "size_limit": r"the winner, of [\d,]+, reads \d+\.\d% of the test part",
    "two_strategies": r"\*\*.+ (genetic|random) .+\*\*.+",
    "own_layer": r"a Keras model of [\d,]+ weights",
    "own_fitness": r"[+-]\d\.\d{3} with [\d,]+ weights, .+",
    "published_table": r"better than what was found: \d+ of 729",
    "report_and_figures": r"winner\.svg begins with <svg",
}
LINES = 60
WHERE = "import evolve, genomes; print(evolve.__file__, genomes.__file__, sep='\\n')"


def source(name: str) -> str:
    return (ROOT / "docs" / "gallery" / f"{name}.py").read_text()


def test_no_script_is_left_out() -> None:
    assert {path.stem for path in (ROOT / "docs" / "gallery").glob("*.py")} == set(SCRIPTS)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_a_page_with_a_title_and_text(name: str) -> None:
    text = source(name)
    assert len(text.splitlines()) < LINES
    compile(text, name, "exec")
    title, rule, gap, *prose = (ast.get_docstring(ast.parse(text)) or "").splitlines()
    assert re.match(r"\d\. \w", title)
    assert set(rule) == {"="}
    assert len(rule) == len(title)
    assert gap == ""
    assert len(" ".join(prose)) > 60
    assert text.count("\n# %%\n# ") >= 2, "text between the pieces of code"


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has evolve from a wheel, and all that it needs from where the tests have it."""
    pytest.importorskip("build")
    made = tmp_path_factory.mktemp("installed")
    alone = ["--no-isolation"] if find_spec("hatchling") else []
    build = [sys.executable, "-m", "build", "--wheel", *alone, "--outdir", made, ROOT]
    subprocess.run(build, check=True, capture_output=True, cwd=made)
    (wheel,) = made.glob("*.whl")
    venv.create(made / "venv", with_pip=False)
    python = made / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    paths = {"base": str(made / "venv"), "platbase": str(made / "venv")}
    site = Path(sysconfig.get_path("purelib", "venv", paths))
    into = ["--python", python, "install", "--no-deps", "--no-index", "--quiet", wheel]
    subprocess.run([sys.executable, "-m", "pip", *into], check=True, capture_output=True)
    (site / "shared.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def run(python: Path, folder: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs that Python in `folder`, with nothing of this checkout on its path."""
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run([python, *words], cwd=folder, capture_output=True, text=True, env=clean)


@pytest.mark.slow
def test_the_wheel_is_what_is_imported(python: Path, tmp_path: Path) -> None:
    done = run(python, tmp_path, "-c", WHERE)
    assert done.returncode == 0, done.stderr
    assert all(Path(line).is_relative_to(python.parent.parent) for line in done.stdout.splitlines()), done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_runs_from_an_installed_wheel(name: str, python: Path, tmp_path: Path) -> None:
    pytest.importorskip(backend_name())
    script, here = tmp_path / f"{name}.py", tmp_path / "empty"
    script.write_text(source(name))
    here.mkdir()
    done = run(python, here, script)
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-2000:]
    assert any(re.fullmatch(SCRIPTS[name], line) for line in done.stdout.splitlines()), done.stdout[-2000:]
    assert list(here.iterdir()) == [], "nothing is left behind"
