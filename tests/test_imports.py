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
ROOMS = (
    "evolve.cli",
    "evolve",  # what it offers is looked up in the rooms below when it is first used
    "evolve.api",
    "evolve.reporting",
    "evolve.models",
    "evolve.engine",
    "evolve.planning",
    "evolve.runs",
    "evolve.problems",
    "evolve.config",
    "evolve.search",
    "evolve.training",
    "evolve.data",
    "evolve.storage",
    "evolve.execution",
    "evolve.custom_fitness",
    "evolve.display",
    "evolve.trust",
    "evolve.values",
    "evolve.objectives",
    "evolve.settings",
    "evolve.errors",
    "genomes",
    "genomes.stack",
)

# One library, one door.
DOORS = {
    "deap": {"evolve.search.genetic"},
    "neat": {"evolve.search.neat"},
    "pebble": {"evolve.execution.processes"},
    "typer": {f"evolve.cli.{name}" for name in ("app", "search", "look", "models")},
    "sqlite3": {f"evolve.storage.{name}" for name in ("store", "log", "connection", "integrity")},
    "tensorflow": {"evolve.training.tensorflow_backend", "evolve.models.keras_process"},
    "onnxruntime": {"evolve.models.keras_process"},
    "PIL": {"evolve.data.folders", "evolve.models.keras_process"},
    "keras": {
        "genomes.decode",
        "evolve.data.keras_datasets",
        "evolve.storage.model_file",
        *(
            f"evolve.training.{name}"
            for name in ("evaluator", "tensorflow_backend", "backends", "optimizers", "custom_layer_facts", "epochs")
        ),
    },
}
TOP = 12  # modules directly below evolve/


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


def room(module: str) -> str:
    """The room that a module stands in: the longest name in ROOMS that its own begins with."""
    if module == "evolve":
        return module
    found = [name for name in ROOMS if name != "evolve" and f"{module}.".startswith(f"{name}.")]
    assert found, f"{module} has no room; give it one in ROOMS"
    return max(found, key=len)


@pytest.mark.parametrize("module", MODULES)
def test_arrows_point_one_way(module: str) -> None:
    """The encodings are one house: `genomes` names the spaces of its rooms by path."""
    for other in imports(MODULES[module]):
        if other.split(".")[0] == "evolve" and module != "evolve":
            here, there = ROOMS.index(room(module)), ROOMS.index(room(other))
            assert there >= here, f"{module} imports {other}, which stands above it"


def test_no_module_imports_itself_by_way_of_others() -> None:
    order: list[str] = []
    standing: set[str] = set()

    def visit(module: str) -> None:
        assert module not in standing, f"a circle: {module} imports itself by way of others"
        if module in order:
            return
        standing.add(module)
        for other in sorted(imports(MODULES[module]) & MODULES.keys()):
            if not (module == "evolve" or other == module or other in (f"{module}.{name}" for name in ("app",))):
                visit(other)
        standing.remove(module)
        order.append(module)

    for module in MODULES:
        visit(module)


def test_no_file_has_the_name_of_another_but_where_encodings_repeat_it() -> None:
    repeated = {"space", "operators", "founders"}
    stems = [path.stem for path in MODULES.values() if path.stem not in ("__init__", "__main__", *repeated)]
    assert sorted(stems) == sorted(set(stems))


def test_few_modules_stand_outside_of_rooms() -> None:
    assert sum(path.parent == ROOT / "evolve" for path in MODULES.values()) <= TOP


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


@pytest.mark.parametrize(
    "code", ["import evolve.cli", "import evolve; evolve.run", "import evolve.reporting.model_text"]
)
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
