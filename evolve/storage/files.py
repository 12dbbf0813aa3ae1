"""Where the files of a run lie in its folder."""

from __future__ import annotations

import shlex
from pathlib import Path

FILE = "run.sqlite"
EXPERIMENT = "experiment.json"  # what an experiment is, in its folder
MODELS = "models"  # folders beside it: of trained models, and of weights that other trainings go on from
WEIGHTS = "weights"
TENSORBOARD = "tensorboard"  # and of what TensorBoard opens
ADOPTED = (
    "adopted"  # folder of models that were adopted, and of their weights in a run; also what their keys begin with
)
ENDING = ".npz"


def command_words(folder: Path) -> str:
    """What stands for the run in a folder in a command that is to be pasted: its name, and the folder for runs if it is
    not the usual one."""
    results, usual = folder.absolute().parent, Path("results").absolute()
    return shlex.join([folder.absolute().name, *([] if results == usual else ["--results", shown_path(results)])])


def shown_path(path: Path) -> str:
    """A path as people read it: from the current folder, where it lies in that."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def saved_model_path(folder: str | Path, name: str) -> Path:
    """Where a model of that name lies in a folder for models."""
    return Path(folder, f"{name}.keras")


def model_name(candidate: int) -> str:
    """What a run calls the fully trained model of a candidate."""
    return f"candidate-{candidate}"


def model_path(folder: Path, candidate: int) -> Path:
    """Where a run keeps the fully trained model of a candidate."""
    return saved_model_path(folder / MODELS, model_name(candidate))


def weights_path(folder: Path, job_key: str) -> Path:
    """Where the weights of a job lie, or those that were adopted, which nothing makes again, in a folder beside."""
    if job_key.startswith(f"{ADOPTED}-"):
        return folder.parent / ADOPTED / f"{job_key}{ENDING}"
    return folder / f"{job_key[:32]}{ENDING}"


def keep_only(folder: Path, job_keys: set[str]) -> None:
    """Deletes the weights of all other jobs, but not what a worker is about to write."""
    wanted = {weights_path(folder, key).name for key in job_keys}
    if folder.is_dir():
        for path in folder.iterdir():
            if path.name.endswith(ENDING) and not path.name.startswith(".") and path.name not in wanted:
                path.unlink(missing_ok=True)
