"""The arrows of the house, held by walking the imports."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest
import rooms
from conftest import ROOT

from evolve.execution.builds import BUILDS, backend_name

MODULES = rooms.modules(ROOT)

# Rooms from the top: a module may import from its own room and from rooms below it.
ROOMS = (
    "evolve.cli",
    "evolve",  # what it offers is looked up in the rooms below when it is first used
    "evolve.api",
    "evolve.run_settings",
    "evolve.reporting",
    "evolve.figures",
    "evolve.research",
    "evolve.models",
    "evolve.engine",
    "evolve.planning",
    "evolve.runs",
    "evolve.drawing",
    "evolve.problems",
    "evolve.config_files",
    "evolve.config",
    "evolve.search",
    "evolve.training",
    "evolve.data",
    "evolve.storage",
    "evolve.execution",
    "evolve.jobs",
    "evolve.config_values",
    "evolve.display",
    "evolve.trust",
    "evolve.values",
    "evolve.objectives",
    "evolve.settings",
    "evolve.errors",
    "genomes.graph",
    "genomes.stack",
    "genomes",
)

# One library, one door.
DOORS = {
    "deap": {"evolve.search.genetic", "evolve.search.nsga2"},
    "neat": {"evolve.search.speciation"},
    "pebble": {"evolve.execution.processes", "evolve.execution.worker_process"},
    "moocore": {"evolve.runs.shelf"},
    "ribs": {"evolve.search.map_elites"},
    "typer": {
        f"evolve.cli.{name}"
        for name in (
            "app",
            "flags",
            "search",
            "look",
            "models",
            "inspect_verb",
            "report_verb",
            "research",
            "shelf_verbs",
            "table_verbs",
        )
    },
    "sqlite3": {f"evolve.storage.{name}" for name in ("store", "log", "connection", "integrity")},
    "tensorflow": {"evolve.training.tensorflow_backend", "evolve.training.litert"},
    "jax": {"evolve.training.jax_backend"},
    "torch": {"evolve.training.torch_backend"},
    "pandas": {"evolve.runs.frame"},
    "matplotlib": {"evolve.reporting.static_charts"},
    "scipy": {"evolve.research.statistics"},
    "tensorboard": {"evolve.storage.event_files"},
    "onnxruntime": {"evolve.models.keras_process"},
    "tf2onnx": {"evolve.models.keras_process"},
    "plotly": {"evolve.figures.style"},
    "markdown_it": {"evolve.reporting.experiment_report"},
    "PIL": {"evolve.data.pictures"},
    "keras": {
        "genomes.decode",
        "evolve.data.keras_datasets",
        "evolve.execution.keras_settings",
        "evolve.models.classifier",
        "evolve.models.grad_cam",
        "evolve.models.layer_pictures",
        "evolve.storage.model_file",
        *(f"evolve.training.{name}_backend" for name in ("tensorflow", "jax", "torch")),
        *(
            f"evolve.training.{name}"
            for name in (
                "evaluator",
                "backends",
                "optimizers",
                "custom_layer_facts",
                "losses",
                "keras_model",
                "litert",
                "starting_weights",
            )
        ),
    },
}
TOP = 12  # modules directly below evolve/


def imports(module: str) -> set[str]:
    return rooms.imports(MODULES[module], MODULES)


def test_arrows_point_one_way() -> None:
    assert list(rooms.running_up(ROOT)) == []


def test_there_is_no_circle() -> None:
    assert rooms.circles(rooms.arrows(ROOT)) == rooms.circles(rooms.between_rooms(ROOT)) == []


def test_a_circle_and_an_arrow_that_runs_up_would_be_seen() -> None:
    assert rooms.circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == [{"b", "c"}]
    assert rooms.floors({"a": {"b"}, "b": {"c"}, "c": set()}) == {"a": 3, "b": 2, "c": 1}
    assert rooms.place("evolve.search.aging", [("evolve.cli",), ("evolve.search",)]) == 1


def test_no_file_has_the_name_of_another_but_where_encodings_repeat_it() -> None:
    repeated = {"space", "operators", "founders"}
    stems = [path.stem for path in MODULES.values() if path.stem not in ("__init__", "__main__", *repeated)]
    assert sorted(stems) == sorted(set(stems))


def test_few_modules_stand_outside_of_rooms() -> None:
    assert sum(path.parent == ROOT / "evolve" for path in MODULES.values()) <= TOP


@pytest.mark.parametrize("module", MODULES)
def test_one_library_one_door(module: str) -> None:
    for other in imports(module):
        library = other.split(".")[0]
        assert module in DOORS.get(library, {module}), f"{module} imports {library}"


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("genomes")])
def test_encodings_need_the_standard_library_only(module: str) -> None:
    known = {*sys.stdlib_module_names, "genomes"} | ({"keras"} if module == "genomes.decode" else set())
    assert {name.split(".")[0] for name in imports(module)} <= known


@pytest.mark.parametrize("module", MODULES)
def test_no_pickle_is_read(module: str) -> None:
    assert not imports(module) & {"pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
    assert "allow_pickle=True" not in MODULES[module].read_text()


HEAVY = (
    "keras",
    "tensorflow",
    "jax",
    "torch",
    "ray",
    "plotly",
    "dash",
    "sklearn",
    "deap",
    "neat",
    "PIL",
    "matplotlib",
    "tensorboard",
)


@pytest.mark.parametrize(
    "code", ["import evolve.cli", "import evolve; evolve.run", "import evolve.reporting.model_text"]
)
def test_nothing_heavy_is_imported_before_it_is_used(code: str) -> None:
    script = f"{code}\nimport sys\nprint(*[m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_keras_comes_with_modules_of_processes_of_their_own_only() -> None:
    """A command has no Keras where it begins: that takes seconds."""

    def begins_with(module: str) -> set[str]:
        body = ast.parse(MODULES[module].read_text()).body
        names = {alias.name for line in body if isinstance(line, ast.Import) for alias in line.names}
        for line in body:
            if isinstance(line, ast.ImportFrom):
                full = {alias.name: f"{line.module}.{alias.name}" for alias in line.names}
                names |= {name if name in MODULES else str(line.module) for name in full.values()}
        return names

    needed, keras = {module: begins_with(module) for module in MODULES}, {"keras"}
    while more := {module for module, names in needed.items() if names & keras} - keras:
        keras |= more
    outside = {name for name in keras if name.startswith("evolve.") and not name.startswith("evolve.training.")}
    processes = ("adopting_process", "inspecting_process", "keras_process")
    assert outside == {f"evolve.models.{name}" for name in (*processes, "classifier", "grad_cam", "layer_pictures")}


@pytest.mark.parametrize(("flag", "word"), [("--help", "resume"), ("--version", "evolve")])
def test_help_and_version_import_the_command_line_only(flag: str, word: str) -> None:
    script = (
        "import sys, evolve.cli\n"
        f"sys.argv = ['evolve', '{flag}']\n"
        "try: evolve.cli.main()\n"
        "except SystemExit: pass\n"
        "print('LOADED', *[m for m in sys.modules if m.split('.')[0] in ('numpy', 'pydantic', 'keras', 'sqlite3')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "LOADED"
    assert word in done.stdout


def test_what_the_package_offers_is_never_hidden_by_a_module_of_its_name() -> None:
    of_others = {f"evolve.training.{name}_backend" for name in BUILDS if name != backend_name()}
    names = [name for name in MODULES if name.startswith("evolve.") and not name.endswith("__main__")]
    names = [name for name in names if name not in of_others]
    script = (
        "import evolve, importlib, inspect\n"
        f"for name in {names}: importlib.import_module(name)\n"
        "print(*[n for n in evolve.__all__ if n != 'figures' and inspect.ismodule(getattr(evolve, n))])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-1000:]
    assert done.stdout.split() == []
