"""The arrows of the house, held by walking the imports."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("evolve", "genomes")
    for path in sorted((ROOT / package).rglob("*.py"))
}

# Rooms from the top: a module may import from its own room and from rooms below it.
ROOMS = [
    ("evolve.cli",),
    ("evolve.reporting.takeaway",),
    ("evolve.api", "evolve.models", "evolve.baselines", "evolve"),
    ("evolve.session", "evolve.planning", "evolve.preparing", "evolve.script", "evolve.full_training"),
    ("evolve.reporting",),
    ("evolve.progress", "evolve.housekeeping"),
    ("evolve.finish", "evolve.loop", "evolve.founders", "evolve.probe"),
    ("evolve.runs",),
    ("evolve.ledger", "evolve.problem", "evolve.run_view", "evolve.leader"),
    ("evolve.image_problem", "evolve.table_problem", "evolve.plan", "evolve.sizing"),
    ("evolve.config",),
    ("evolve.search", "evolve.execution", "evolve.storage", "evolve.training", "evolve.clock", "evolve.own_fitness"),
    ("evolve.settings", "evolve.values", "evolve.backend", "evolve.tally", "evolve.trust"),
    ("evolve.errors",),
    ("genomes",),
]

# One library, one door.
DOORS = {
    "deap": {"evolve.search.genetic"},
    "neat": {"evolve.search.neat"},
    "pebble": {"evolve.execution.processes"},
    "typer": {f"evolve.cli.{name}" for name in ("app", "search", "look", "models")},
    "sqlite3": {f"evolve.storage.{name}" for name in ("store", "log", "connection", "whole")},
    "tensorflow": {f"evolve.training.{name}" for name in ("graphs", "fused", "exporting")},
    "onnxruntime": {"evolve.training.exporting"},
    "PIL": {"evolve.training.folders", "evolve.training.exporting"},
    "keras": {
        "genomes.decode",
        *(
            f"evolve.training.{name}"
            for name in (
                "evaluator",
                "exporting",
                "fused",
                "keras_datasets",
                "model_file",
                "networks",
                "optimizers",
                "own_layers",
                "scores",
                "epochs",
            )
        ),
    },
}


def imports(path: Path) -> set[str]:
    """Modules that a file imports anywhere, with `from package import module` resolved to the module."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update(
                full if (full := f"{node.module}.{alias.name}") in MODULES else node.module for alias in node.names
            )
    return found


def room(module: str) -> int:
    places = [
        (len(name), index)
        for index, names in enumerate(ROOMS)
        for name in names
        if module == name or (module.startswith(name + ".") and name != "evolve")
    ]
    assert places, f"{module} has no room; give it one in ROOMS"
    return max(places)[1]


@pytest.mark.parametrize("module", MODULES)
def test_arrows_point_one_way(module: str) -> None:
    for other in imports(MODULES[module]):
        if other.split(".")[0] in ("evolve", "genomes") and module != "evolve":
            assert room(other) >= room(module), f"{module} imports {other}, which stands above it"


@pytest.mark.parametrize("module", MODULES)
def test_one_library_one_door(module: str) -> None:
    for other in imports(MODULES[module]):
        library = other.split(".")[0]
        assert module in DOORS.get(library, {module}), f"{module} imports {library}"


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("genomes")])
def test_encodings_need_the_standard_library_only(module: str) -> None:
    known = {*sys.stdlib_module_names, "genomes"} | ({"keras"} if module == "genomes.decode" else set())
    assert {name.split(".")[0] for name in imports(MODULES[module])} <= known


@pytest.mark.parametrize("module", MODULES)
def test_no_pickle_is_read(module: str) -> None:
    assert not imports(MODULES[module]) & {"pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
    assert "allow_pickle=True" not in MODULES[module].read_text()


HEAVY = ("keras", "tensorflow", "jax", "torch", "ray", "plotly", "dash", "sklearn", "deap", "neat", "PIL")


@pytest.mark.parametrize("code", ["import evolve.cli", "import evolve; evolve.run", "import evolve.reporting.takeaway"])
def test_nothing_heavy_is_imported_before_it_is_used(code: str) -> None:
    script = f"{code}\nimport sys\nprint(*[m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_help_imports_the_command_line_only() -> None:
    script = (
        "import sys, evolve.cli\n"
        "sys.argv = ['evolve', '--help']\n"
        "try: evolve.cli.main()\n"
        "except SystemExit: pass\n"
        "print('LOADED', *[m for m in sys.modules if m.split('.')[0] in ('numpy', 'pydantic', 'keras', 'sqlite3')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "LOADED"
    assert "resume" in done.stdout


def test_what_the_package_offers_is_never_hidden_by_a_module_of_its_name() -> None:
    names = [name for name in MODULES if name.startswith("evolve.") and not name.endswith("__main__")]
    script = (
        "import evolve, importlib, inspect\n"
        f"for name in {names}: importlib.import_module(name)\n"
        "print(*[n for n in evolve.__all__ if inspect.ismodule(getattr(evolve, n))])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-1000:]
    assert done.stdout.split() == []
