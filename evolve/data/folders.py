"""Folders of images: one sub-folder per class, or `train` and `test` with one sub-folder per class each."""

from __future__ import annotations

import collections
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evolve.data.datasets import Dataset
from evolve.errors import DataError
from evolve.values import Counter

KINDS = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm"}
TEST_NAMES = ("test", "validation", "val")
SHOWN = 5  # files named in a message


@dataclass(frozen=True)
class _Files:
    """Files of one part with their labels."""

    paths: list[Path]
    labels: list[int]


def load_folder(folder: Path, size: int | None, colour: str | None, count: Counter) -> Dataset:
    """The images below `folder`, their classes named by the sub-folders they lie in.

    size: pixels a side to resize to (the middle square of each image); None if all have one size already.
    colour: "grey" or "colour"; None for what they are: grey only if all are grey.

    Raises DataError for folders without classes, files that cannot be read (by name), and images of several sizes.
    """
    training, test = _parts(folder)
    names = _classes(training)
    train = _files(training, names)
    held = _files(test, names) if test is not None else None
    every = [*train.paths, *(held.paths if held else [])]
    grey = colour == "grey" or (colour is None and all(_is_grey(path) for path in every))
    pictures = _read_all(every, size, grey, count)
    _one_size(every, pictures)
    images = np.stack(pictures)
    border = len(train.paths)
    return Dataset(
        folder.resolve().name,
        images[:border],
        np.array(train.labels, np.int64),
        images[border:] if held else None,
        np.array(held.labels, np.int64) if held else None,
        names,
    )


def _parts(folder: Path) -> tuple[Path, Path | None]:
    """The folders of the training and of the test images, None if they have no folder of their own."""
    if not (folder / "train").is_dir():
        return folder, None
    test = next((folder / name for name in TEST_NAMES if (folder / name).is_dir()), None)
    others = [path.name for path in _folders(folder) if path.name not in ("train", *TEST_NAMES)]
    if others:
        raise DataError(
            f"dataset {folder}: 'train' must lie beside 'test' only, but there is '{others[0]}', too; "
            "move it, or put all classes side by side to have a test part split off"
        )
    return folder / "train", test


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _classes(folder: Path) -> tuple[str, ...]:
    names = tuple(path.name for path in _folders(folder) if any(_images(path)))
    if len(names) < 2:
        loose = sum(path.suffix.lower() in KINDS for path in folder.iterdir())
        found = f"found {'one: ' + names[0] if names else 'none'}" + (
            f"; images beside the folders: {loose}" if loose else ""
        )
        raise DataError(
            f"dataset {folder}: needs at least two sub-folders with images, one for each class; {found}. "
            f"Images are files that end in {', '.join(sorted(KINDS))}"
        )
    return names


def _images(folder: Path) -> Iterator[Path]:
    return (p for p in sorted(folder.rglob("*")) if p.suffix.lower() in KINDS and not p.name.startswith("."))


def _files(folder: Path, names: tuple[str, ...]) -> _Files:
    found = {path.name for path in _folders(folder) if any(_images(path))}
    if unknown := sorted(found - set(names)):
        raise DataError(f"dataset {folder}: class '{unknown[0]}' has no training images; add some, or move it away")
    pairs = [(path, label) for label, name in enumerate(names) if name in found for path in _images(folder / name)]
    return _Files([path for path, _ in pairs], [label for _, label in pairs])


def _is_grey(path: Path) -> bool:
    from PIL import Image

    try:
        with Image.open(path) as picture:
            return picture.mode in ("L", "1", "I", "I;16", "LA")
    except Exception:  # said by name when it is read
        return True


def _read_all(paths: list[Path], size: int | None, grey: bool, count: Counter) -> list[NDArray[Any]]:
    """All images as bytes. Raises DataError that names those which cannot be read."""
    pictures: list[NDArray[Any]] = []
    broken: list[str] = []
    with ThreadPoolExecutor() as pool:
        for done, picture in enumerate(pool.map(lambda path: _try(path, size, grey), paths), start=1):
            if isinstance(picture, str):
                broken.append(picture)
            else:
                pictures.append(picture)
            count("images", done, len(paths))
    if broken:
        more = f" and {len(broken) - SHOWN} more" if len(broken) > SHOWN else ""
        those = "1 image" if len(broken) == 1 else f"{len(broken)} images"
        raise DataError(f"{those} cannot be read; repair or remove {'; '.join(broken[:SHOWN])}{more}")
    return pictures


def _try(path: Path, size: int | None, grey: bool) -> NDArray[Any] | str:
    try:
        return read_image(path, (size, size) if size else None, grey)
    except Exception as error:  # Pillow raises many kinds for a damaged file
        return f"{path} ({' '.join(str(error).split())[:80]})"


def read_image(path: Path, size: tuple[int, int] | None, grey: bool) -> NDArray[np.uint8]:
    """One image as (height, width, 1 or 3) bytes: turned as its camera held it, cut to its middle and resized to `size`
    (height, width) if given. Raises OSError or ValueError if it cannot be read."""
    from PIL import Image, ImageOps

    with Image.open(path) as opened:
        picture = ImageOps.exif_transpose(opened)
        if picture.mode in ("I", "I;16"):  # 16 bits to 8
            picture = Image.fromarray((np.asarray(picture) / 256).astype(np.uint8))
        if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
            white = Image.new("RGBA", picture.size, "white")
            picture = Image.alpha_composite(white, picture.convert("RGBA"))
        picture = picture.convert("L" if grey else "RGB")
        if size and picture.size != (size[1], size[0]):
            picture = ImageOps.fit(picture, (size[1], size[0]), Image.Resampling.LANCZOS)
        pixels = np.asarray(picture, np.uint8)
    return pixels[..., np.newaxis] if grey else pixels


def _one_size(paths: list[Path], pictures: list[NDArray[Any]]) -> None:
    """Raises DataError if the images are not all of one size."""
    sizes = collections.Counter(picture.shape[:2] for picture in pictures)
    if len(sizes) == 1:
        return
    (usual, _), *_ = sizes.most_common()
    other = next(at for at, picture in enumerate(pictures) if picture.shape[:2] != usual)
    height, width = pictures[other].shape[:2]
    raise DataError(
        f"the images have {len(sizes)} sizes: most are {usual[1]}x{usual[0]}, {paths[other]} is {width}x{height}; "
        "resize them all with --image-size 32 (or another number of pixels)"
    )
