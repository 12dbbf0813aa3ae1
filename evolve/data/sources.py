"""Where images come from: a data set by name, an `.npz` file, a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from evolve.data.datasets import Dataset, check_dataset
from evolve.data.folders import load_folder
from evolve.data.keras_datasets import NAMES, load_keras
from evolve.data.npz_files import load_npz
from evolve.errors import DataError, nearest
from evolve.settings import path_of
from evolve.values import Counter

DATASETS = ("digits", *NAMES)


def whole_path(dataset: str, folder: Path) -> str:
    """A data set by its name, or by its whole path if that starts from a folder and something is there."""
    path = folder / path_of(dataset)
    return dataset if dataset in DATASETS or not path.exists() else str(path.absolute())


@dataclass(frozen=True)
class Source:
    """Where images come from: the name of a data set, an `.npz` file or a folder.

    image_size: pixels a side that the images of a folder are resized to, or None to take them as they are.
    colour: "grey" or "colour" for the images of a folder, or None to take what they are.
    """

    dataset: str
    image_size: int | None = None
    colour: Literal["grey", "colour"] | None = None


def load(source: Source, count: Counter = lambda what, done, total: None, scratch: Path | None = None) -> Dataset:
    """The data set of `source`. Raises DataError if it is not there or cannot be used.

    count: follows the reading of many files. scratch: a folder on disk for images that need not fit into memory, which
    lie there; None to have them in memory.
    """
    name, path = source.dataset, Path(source.dataset)
    if name not in DATASETS and not name.endswith(".npz") and path.is_dir():
        return check_dataset(load_folder(path, source.image_size, source.colour, count, scratch))
    if source.image_size or source.colour:
        raise DataError(f"image_size and colour are for folders of images, and '{name}' is none; leave them out")
    if name == "digits":
        return digits()
    if name in NAMES:
        return check_dataset(load_keras(name, scratch))
    if name.endswith(".npz"):
        return check_dataset(load_npz(path, scratch))
    raise DataError(
        f"dataset '{name}' is unknown{nearest(name, DATASETS)}; "
        "or give the path of an .npz file or of a folder with one sub-folder of images per class"
    )


def digits() -> Dataset:
    """1,797 scans of handwritten digits, 8x8, from scikit-learn; no download."""
    from sklearn.datasets import load_digits

    scans = load_digits()
    images = np.round(scans.images * (255 / 16)).astype(np.uint8)[..., np.newaxis]
    return check_dataset(Dataset("digits", images, scans.target, None, None, tuple(map(str, range(10)))))
