"""What a trained model says of image files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evolve.data.image_files import Aside, image_files
from evolve.display.console import Watcher, make_console
from evolve.errors import ConfigError, DataError, RunError
from evolve.execution.isolated import call_isolated
from evolve.runs.find import find
from evolve.runs.run import BEST
from evolve.settings import path_of
from evolve.storage.model_file import check_model
from evolve.trust import Trust, names_of


@dataclass(frozen=True)
class Prediction:
    """What a model says of one image.

    ranked: (class name, probability), most likely first. resized_from: its height and width if it was resized. remark:
    how its pixels were brought into the range of the training images, if they were.
    """

    image: Path
    ranked: tuple[tuple[str, float], ...]
    resized_from: tuple[int, int] | None
    remark: str | None = None


def predict(
    model: str | Path,
    images: str | Path | Sequence[str | Path],
    *,
    trust: Trust = (),
    results: str | Path = "results",
    progress: Watcher = True,
) -> list[Prediction]:
    """What a trained model says of image files.

    model: a .keras file, RUN or RUN:best (its winner), or RUN:CANDIDATE. images: a file, or a folder of them, or
    several. trust: modules of layers in it that are not Keras's; which classes of them, the file says. progress:
    whether to say what is left aside in folders. Raises TrustError for a module that the file names and trust does not,
    RunError for a model and DataError for an image that cannot be read.
    """
    path, trusted = _model_file(str(model), path_of(results), names_of(trust)), names_of(trust)
    aside = Aside()
    given = [images] if isinstance(images, str | Path) else images
    files = [file for image in given for file in _image_files(path_of(image), aside)]
    for remark in aside.remarks():
        make_console(progress).note(remark)
    if not files:
        raise ConfigError("give at least one image, or a folder that holds some")
    told = {"model": str(path), "trust": trusted, "images": [str(file) for file in files]}
    said = call_isolated("evolve.models.keras_process:predict_images", told)
    return [
        Prediction(file, tuple(map(tuple, one["ranked"])), tuple(one["from"]) if one["from"] else None, one["remark"])
        for file, one in zip(files, said, strict=True)
    ]


def _model_file(text: str, results: Path, trusted: tuple[str, ...]) -> Path:
    """The file of a model, which imports nothing but what is trusted."""
    if text.endswith(".keras"):
        check_model(path_of(text), trusted)
        return path_of(text)
    name, colon, number = text.rpartition(":")
    by_candidate = bool(colon) and (number.isdecimal() or number == BEST)
    found = find(name if by_candidate else text, results)
    candidate = found.number(number) if by_candidate else found.winner
    if by_candidate and candidate is not None:
        found.candidate(candidate)
    if candidate is None:
        raise RunError(
            f"no candidate of run '{found.name}' was trained in full yet; "
            f"train one with: evolve train {found.words} CANDIDATE"
        )
    if not found.model_path(candidate).exists():
        raise RunError(
            f"there is no trained model of candidate {candidate} of run '{found.name}'; "
            f"train it with: evolve train {found.words} {candidate}"
        )
    check_model(found.model_path(candidate), trusted)
    return found.model_path(candidate)


def _image_files(path: Path, aside: Aside) -> list[Path]:
    if path.is_dir():
        return image_files(path, aside)
    if not path.exists():
        raise DataError(f"image {path}: there is no such file")
    return [path]
