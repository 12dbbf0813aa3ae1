"""evolve: evolves convolutional networks instead of guessing them.

    import evolve

    run = evolve.run(dataset="digits", generations=5, seed=1)
    model = run.hall_of_fame[0].model()

What this module offers is imported when it is first used, so that a command's help does not wait for it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evolve import figures
    from evolve.api import VERSION as __version__
    from evolve.api import experiment, resume, run
    from evolve.config import RunConfig
    from evolve.errors import ConfigError, DataError, EvolveError, RunError, TrustError
    from evolve.models.adopt import adopt
    from evolve.models.baseline import baseline
    from evolve.models.ensemble import ensemble
    from evolve.models.export import export
    from evolve.models.inspect import inspect
    from evolve.models.inspection import Inspection
    from evolve.models.predict import predict
    from evolve.models.train import train
    from evolve.problems.table_files import open_table
    from evolve.reporting.network_pictures import draw
    from evolve.reporting.report import report
    from evolve.research.recording import record_table
    from evolve.runs.find import all_runs, find
    from evolve.runs.leader import Leader
    from evolve.runs.run import Run

__all__ = [
    "ConfigError",
    "DataError",
    "EvolveError",
    "Inspection",
    "Leader",
    "Run",
    "RunConfig",
    "RunError",
    "TrustError",
    "__version__",
    "adopt",
    "all_runs",
    "baseline",
    "draw",
    "ensemble",
    "experiment",
    "export",
    "figures",
    "find",
    "inspect",
    "open_table",
    "predict",
    "record_table",
    "report",
    "resume",
    "run",
    "train",
]

_PLACES = {
    "evolve.api": ("experiment", "resume", "run"),
    "evolve.models.adopt": ("adopt",),
    "evolve.models.baseline": ("baseline",),
    "evolve.config": ("RunConfig",),
    "evolve.errors": ("ConfigError", "DataError", "EvolveError", "RunError", "TrustError"),
    "evolve.runs.leader": ("Leader",),
    "evolve.models.ensemble": ("ensemble",),
    "evolve.models.export": ("export",),
    "evolve.models.inspect": ("inspect",),
    "evolve.reporting.report": ("report",),
    "evolve.models.inspection": ("Inspection",),
    "evolve.models.predict": ("predict",),
    "evolve.models.train": ("train",),
    "evolve.reporting.network_pictures": ("draw",),
    "evolve.research.recording": ("record_table",),
    "evolve.problems.table_files": ("open_table",),
    "evolve.runs.run": ("Run",),
    "evolve.runs.find": ("all_runs", "find"),
}


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("evolve.api").VERSION
    if name == "figures":
        return import_module("evolve.figures")
    for module, names in _PLACES.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module 'evolve' has no attribute '{name}'")
