"""evolve: evolves convolutional networks instead of guessing them.

    import evolve

    run = evolve.run(dataset="digits", generations=5, seed=1)
    model = run.hall_of_fame[0].model()
"""

from evolve.api import VERSION as __version__
from evolve.api import resume, run
from evolve.config import RunConfig
from evolve.errors import ConfigError, DataError, EvolveError, RunError
from evolve.run import Leader, Run, all_runs, find

__all__ = [
    "ConfigError",
    "DataError",
    "EvolveError",
    "Leader",
    "Run",
    "RunConfig",
    "RunError",
    "__version__",
    "all_runs",
    "find",
    "resume",
    "run",
]
