"""Where the files of a run lie in its folder."""

from __future__ import annotations

from pathlib import Path


def model_path(folder: Path, candidate: int) -> Path:
    """Where a run keeps the fully trained model of a candidate."""
    return folder / MODELS / f"candidate-{candidate}.keras"


FILE = "run.sqlite"
MODELS = "models"  # folders beside it: of trained models, and of weights that promotions go on from
WEIGHTS = "weights"


ENDING = ".npz"


def weights_path(folder: Path, job_key: str) -> Path:
    """Where the weights of a job lie."""
    return folder / f"{job_key[:32]}{ENDING}"


def keep_only(folder: Path, job_keys: set[str]) -> None:
    """Deletes the weights of all other jobs, but not what a worker is about to write."""
    wanted = {weights_path(folder, key).name for key in job_keys}
    if folder.is_dir():
        for path in folder.iterdir():
            if path.name.endswith(ENDING) and not path.name.startswith(".") and path.name not in wanted:
                path.unlink(missing_ok=True)
