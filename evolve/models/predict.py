"""What a trained model says of image files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evolve.data.image_files import Aside, image_files
from evolve.display.console import Watcher, make_console
from evolve.errors import ConfigError, DataError, RunError
from evolve.execution.isolated import call_isolated
from evolve.models.recognition import Accuracy, Confused, accuracy, confused_pairs, confusion
from evolve.runs.find import find
from evolve.runs.run import BEST
from evolve.settings import path_of
from evolve.storage.model_file import check_model
from evolve.trust import Trust, names_of


@dataclass(frozen=True)
class Prediction:
    """What a model says of one image.

    ranked: (class name, probability from 0 to 1), most likely first. resized_from: its height and width if it was
    resized. remark: how its pixels were brought into the range of the training images, if they were. truth: its class,
    if it was found in a sub-folder named after one; None for any other image.
    """

    image: Path
    ranked: tuple[tuple[str, float], ...]
    resized_from: tuple[int, int] | None
    remark: str | None = None
    truth: str | None = None

    @property
    def said(self) -> str:
        """The most likely class."""
        return self.ranked[0][0]


@dataclass(frozen=True)
class Recognised:
    """What predictions are worth where the true classes are known. confused: the pairs of classes with the most
    mistakes. unlabelled: images whose class is not known, which do not count."""

    accuracy: Accuracy
    confused: tuple[Confused, ...]
    unlabelled: int


def recognised(said: Sequence[Prediction]) -> Recognised | None:
    """How many of the images with a known class are recognised, and what is taken for what; None if there are none."""
    known = [(one.truth, one.said) for one in said if one.truth is not None]
    if not known:
        return None
    names = sorted({name for name, _ in said[0].ranked})
    places = {name: at for at, name in enumerate(names)}
    labels, taken = (np.array([places[name] for name in column]) for column in zip(*known, strict=True))
    counts = confusion(labels, taken, len(names))
    found = accuracy(int(counts.trace()), len(known))
    return Recognised(found, confused_pairs(counts, names), len(said) - len(known))


def predict(
    model: str | Path,
    images: str | Path | Sequence[str | Path],
    *,
    trust: Trust = (),
    results: str | Path = "results",
    progress: Watcher = True,
) -> list[Prediction]:
    """The classes that a trained model gives images. Those of a folder with sub-folders named after the classes have a
    `truth`, see `recognised`.

    model: a .keras file, RUN or RUN:best (its winner), or RUN:CANDIDATE. images: a file, or a folder of them, or
    several. trust: modules of layers in it that are not Keras's; which classes of them, the file says. progress:
    whether to say what is left aside in folders. Raises TrustError for a module that the file names and trust does not,
    RunError for a model and DataError for an image that cannot be read, and ConfigError if there is no image.
    """
    path, trusted = _model_file(str(model), path_of(results), names_of(trust)), names_of(trust)
    aside = Aside()
    given = [images] if isinstance(images, str | Path) else images
    found = [(file, path_of(image)) for image in given for file in _image_files(path_of(image), aside)]
    files = [file for file, _ in found]
    for remark in aside.remarks():
        make_console(progress).note(remark)
    if not files:
        where = ", ".join(str(image) for image in given)
        raise ConfigError(f"images must be files, or folders that hold some; there is none in '{where}'")
    told = {"model": str(path), "trust": trusted, "images": [str(file) for file in files]}
    said = call_isolated("evolve.models.keras_process:predict_images", told)
    return [_prediction(*place, one) for place, one in zip(found, said, strict=True)]


def _prediction(file: Path, within: Path, one: Mapping[str, Any]) -> Prediction:
    """within: the folder that was given, or the file itself."""
    ranked = tuple((str(name), float(share)) for name, share in one["ranked"])
    names, folders = {name for name, _ in ranked}, file.relative_to(within).parts[:-1]
    truth = next((name for name in folders if name in names), None)
    return Prediction(file, ranked, tuple(one["from"]) if one["from"] else None, one["remark"], truth)


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
