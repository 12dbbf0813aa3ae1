"""Images in NumPy arrays: `.npz` files in Keras's layout."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from evolve.data.datasets import SMALLEST, Dataset, from_parts
from evolve.data.labels import class_names, labels_and_names
from evolve.data.pixels import BYTES, FLOATS, SIXTEEN, THIRTY_TWO, Array, pieces
from evolve.data.scratch import explain_errors, room_for
from evolve.errors import DataError

PARTS = {"train": "x_train", "test": "x_test", "validation": "x_val"}
VALIDATION = {"valid", "validation", "dev"}  # what x_val and y_val are also called
SMALL = 1 << 20  # bytes
LARGEST = float(np.finfo(np.float32).max)


def load_npz(path: Path, scratch: Path | None = None) -> Dataset:
    """An `.npz` file with x_train (count, height, width[, channels]) and y_train, the labels; optional are x_test and
    y_test, x_val and y_val of the same kinds, and `classes`, the names of the classes.

    scratch: a folder for images that need not fit into memory; the data lie there. Raises DataError.
    """
    arrays, remarks = _named(_read(path, scratch), path)
    for name in ("x_train", "y_train"):
        if name not in arrays:
            raise DataError(f"{path}: array '{name}' is missing; found {', '.join(sorted(arrays)) or 'none'}")
    for x, y in (("x_test", "y_test"), ("x_val", "y_val")):
        if (x in arrays) != (y in arrays):
            raise DataError(f"{path}: {x} and {y} go together; give both or neither")
    there = {part: x for part, x in PARTS.items() if x in arrays}
    given = {f"y{x[1:]}": arrays[f"y{x[1:]}"] for x in there.values()}
    names = class_names(arrays["classes"], str(path)) if "classes" in arrays else None
    labels, names, more = labels_and_names(given, names, str(path))
    images, depth = _images({x: arrays[x] for x in there.values()}, path, scratch)
    found = {part: (images[x], labels[f"y{x[1:]}"]) for part, x in there.items()}
    return from_parts(path.stem, found, names, depth, [*remarks, *more])


def is_plain(path: Path, dtype: np.dtype[Any]) -> bool:
    """Whether an `.npz` file can be used as it is: it has training and test images of the type that the prepared ones
    have, and labels that are whole numbers from 0, and nothing beside."""
    with np.load(path, allow_pickle=False) as archive:
        if set(archive.files) - {"classes"} != {"x_train", "y_train", "x_test", "y_test"}:
            return False
        labels = [archive[name] for name in ("y_train", "y_test")]
    whole = all(one.dtype.kind in "iu" and one.size == len(one) for one in labels) and labels[0].min(initial=1) == 0
    with zipfile.ZipFile(path) as opened:
        types = [_dtype(opened, f"{name}.npy") for name in ("x_train", "x_test")]
    return whole and all(one == dtype or (one.kind == dtype.kind == "f") for one in types)


def _dtype(archive: zipfile.ZipFile, name: str) -> np.dtype[Any]:
    """Of an array that is not read."""
    with archive.open(name) as member:
        read = {(1, 0): np.lib.format.read_array_header_1_0}
        header = read.get(np.lib.format.read_magic(member), np.lib.format.read_array_header_2_0)(member)
    return header[2]


def _named(arrays: dict[str, Array], path: Path) -> tuple[dict[str, Array], list[str]]:
    """Arrays by their usual names, and what is said of others."""
    known = {*PARTS.values(), *(f"y{name[1:]}" for name in PARTS.values()), "classes"}
    found: dict[str, Array] = {}
    others = []
    for name, array in arrays.items():
        letter, _, part = name.lower().partition("_")
        usual = f"{letter}_val" if part in VALIDATION else name.lower()
        if usual in found:
            raise DataError(f"{path}: '{name}' is there twice, as '{usual}', too; leave one out")
        if usual not in known:
            others.append(name)
        found[usual if usual in known else name] = array
    aside = f"left aside: array{'' if len(others) == 1 else 's'} {', '.join(sorted(others))[:80]}"
    return found, [aside] if others else []


def _read(path: Path, scratch: Path | None) -> dict[str, Array]:
    """The arrays of a file; in `scratch`, and mapped from there, if that is given."""
    try:
        if scratch is None:
            with np.load(path, allow_pickle=False) as archive:
                return {name: archive[name] for name in archive.files}
        with zipfile.ZipFile(path) as opened:
            members = [name for name in opened.namelist() if name.endswith(".npy")]
            return {name.removesuffix(".npy"): _mapped(opened, name, scratch) for name in members}
    except FileNotFoundError:
        raise DataError(f"dataset {path}: there is no such file") from None
    except DataError:
        raise
    except Exception as error:  # numpy and zipfile raise many kinds for a damaged file
        objects = any(word in str(error) for word in ("pickle", "Python object"))
        reason = "it holds Python objects or is no .npz at all" if objects else str(error)
        raise DataError(f"dataset {path}: not a readable .npz of plain arrays: {reason}") from None


def _mapped(archive: zipfile.ZipFile, name: str, scratch: Path) -> Array:
    """An array of the archive, copied to a file and mapped; a small one in memory."""
    target = scratch / f"{len(list(scratch.iterdir()))}.npy"
    with explain_errors(scratch), archive.open(name) as source, target.open("wb") as file:
        shutil.copyfileobj(source, file, SMALL)
    array: Array = np.load(target, mmap_mode="r" if target.stat().st_size > SMALL else None, allow_pickle=False)
    return array


def _images(given: dict[str, Array], path: Path, scratch: Path | None) -> tuple[dict[str, Array], str]:
    """Images of all parts as bytes, or as 32-bit floats where one of them needs it, and how deep they are."""
    shaped = {name: _shaped(images, f"{path}: {name}") for name, images in given.items()}
    kinds = {name: images.dtype.kind for name, images in shaped.items()}
    for name, kind in kinds.items():
        if kind not in "biuf":
            raise DataError(f"{path}: {name} must hold whole or floating-point numbers, not {shaped[name].dtype}")
        if (kind == "f") != (kinds["x_train"] == "f"):
            raise DataError(
                f"{path}: {name} holds {shaped[name].dtype} and x_train {shaped['x_train'].dtype}; they must be equal"
            )
        _check_finite(shaped[name], f"{path}: {name}")
    if all(_are_bytes(images) for images in shaped.values()):
        return {name: _cast(images, np.uint8, scratch) for name, images in shaped.items()}, BYTES
    depth = FLOATS if kinds["x_train"] == "f" else _depth([images for images in shaped.values() if images.size])
    return {name: _cast(images, np.float32, scratch) for name, images in shaped.items()}, depth


def _depth(parts: list[Array]) -> str:
    """Of whole numbers beyond bytes."""
    largest = max(max(abs(int(images.min())), abs(int(images.max()))) for images in parts)
    return SIXTEEN if largest < 2**16 else THIRTY_TWO


def _shaped(images: Array, where: str) -> Array:
    if images.ndim == 3:
        images = images[..., np.newaxis]
    if images.ndim != 4 or images.shape[3] not in (1, 3):
        first = images.ndim == 4 and images.shape[1] in (1, 3)
        raise DataError(
            f"{where} must have the shape (count, height, width, 1 or 3), not {images.shape}"
            + ("; the channels stand first, so save images.transpose(0, 2, 3, 1)" if first else "")
        )
    if min(images.shape[1:3]) < SMALLEST:
        raise DataError(
            f"{where}: images must be at least {SMALLEST}x{SMALLEST}, not {images.shape[1]}x{images.shape[2]}"
        )
    return images


def _check_finite(images: Array, where: str) -> None:
    if images.dtype.kind != "f" or not images.size:
        return
    low, high = images.min(), images.max()
    if not (np.isfinite(low) and np.isfinite(high)):
        raise DataError(f"{where} holds numbers that are not finite; replace or leave out those images")
    if max(abs(float(low)), abs(float(high))) > LARGEST:
        raise DataError(
            f"{where} goes from {low:g} to {high:g}, beyond 32-bit floats; divide it, or leave out those images"
        )


def _are_bytes(images: Array) -> bool:
    return images.dtype.kind != "f" and (not images.size or bool(images.min() >= 0 and images.max() <= 255))


def _cast(images: Array, dtype: type[np.generic], scratch: Path | None) -> Array:
    if images.dtype == dtype:
        return images
    made = room_for(images.shape, dtype, scratch)
    for part in pieces(images):
        made[part] = images[part]
    return made
