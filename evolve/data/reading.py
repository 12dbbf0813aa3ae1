"""All image files of a folder: what they hold, and their pixels, read by several threads."""

from __future__ import annotations

import collections
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from evolve.data.pictures import Look, look_at, reason
from evolve.data.pixels import BYTES
from evolve.data.scratch import room_for
from evolve.errors import DataError
from evolve.values import Counter

T = TypeVar("T")
Looks = dict[Look, tuple[Path, int]]  # with a path and how many there are
_Sizes = dict[tuple[int, ...], tuple[Path, int]]

SHOWN = 5  # files named in a message
AT_ONCE = 2048  # files that wait for their turn


def counted(count: int) -> str:
    """'1 image', or '2,000 images'."""
    return "1 image" if count == 1 else f"{count:,} images"


def looks_of(paths: list[Path]) -> Looks:
    """What the files hold, with the first path of each look and how many there are. What cannot be read is left out; it
    is named when its pixels are read."""
    found: Looks = {}
    for path, look in zip(paths, _with_threads(_look, paths), strict=True):
        if look:
            first, count = found.get(look, (path, 0))
            found[look] = first, count + 1
    return found


def _look(path: Path) -> Look | None:
    try:
        return look_at(path)
    except Exception:  # Pillow raises many kinds for a damaged file
        return None


def _with_threads(do: Any, given: Iterable[T]) -> Iterator[Any]:
    """`do` of each, in order, with few of them waiting."""
    rest = iter(given)
    with ThreadPoolExecutor() as pool:
        while part := list(islice(rest, AT_ONCE)):
            yield from pool.map(do, part)


def check_room(looks: Looks) -> None:
    """Raises DataError, before room is made for all of them, if the images are not of one size, turned or not."""
    if len({tuple(sorted(look.size)) for look in looks}) > 1:
        sizes: _Sizes = {}
        for look, (path, count) in looks.items():
            first, seen = sizes.get(look.size, (path, 0))
            sizes[look.size] = first, seen + count
        _one_size(sizes)


def one_depth(looks: Looks) -> str:
    """How deep all of the images are. Raises DataError if they differ."""
    depths: collections.Counter[str] = collections.Counter()
    for look, (_, count) in looks.items():
        depths[look.depth] += count
    if len(depths) > 1:
        usual, other = depths.most_common(2)
        path = next(path for look, (path, _) in looks.items() if look.depth == other[0])
        raise DataError(
            f"the images have {len(depths)} depths: most hold {usual[0]} a pixel, {path} holds {other[0]}; save all of "
            "them alike"
        )
    return next(iter(depths), BYTES)


def read_all(paths: list[Path], read: Any, count: Counter, scratch: Path | None) -> NDArray[Any]:
    """All images. Raises DataError that names those which cannot be read, or tells of several sizes."""
    shape, dtype = next(
        ((one.shape, one.dtype) for path in paths if (one := _try(path, read)) is not None), ((), np.uint8)
    )
    images = room_for((len(paths), *shape), dtype, scratch)

    def fill(place: tuple[int, Path]) -> tuple[int, ...] | str:
        number, path = place
        try:
            pixels = read(path)
        except Exception as error:  # Pillow raises many kinds for a damaged file
            return f"{path} ({reason(error)})"
        if pixels.shape == shape:
            images[number] = pixels
        return tuple(pixels.shape)

    broken: list[str] = []
    sizes: _Sizes = {}
    for done, told in enumerate(_with_threads(fill, enumerate(paths)), start=1):
        if isinstance(told, str):
            broken.append(told)
        else:
            first, seen = sizes.get(told, (paths[done - 1], 0))
            sizes[told] = first, seen + 1
        count("images", done, len(paths))
    _refuse_broken(broken)
    _one_size(sizes)
    return images


def _try(path: Path, read: Any) -> NDArray[Any] | None:
    try:
        pixels: NDArray[Any] = read(path)
    except Exception:  # said by name when all are read
        return None
    return pixels


def _refuse_broken(broken: list[str]) -> None:
    if broken:
        more = f" and {len(broken) - SHOWN} more" if len(broken) > SHOWN else ""
        raise DataError(f"{counted(len(broken))} cannot be read; repair or remove {'; '.join(broken[:SHOWN])}{more}")


def _one_size(sizes: _Sizes) -> None:
    """Raises DataError if the images are not all of one size."""
    if len(sizes) == 1:
        return
    ordered = sorted(sizes.items(), key=lambda pair: -pair[1][1])
    (usual, _), (other, (path, _)) = ordered[0], min(ordered[1:], key=lambda pair: pair[1][0])
    raise DataError(
        f"the images have {len(sizes)} sizes: most are {usual[1]}x{usual[0]}, {path} is {other[1]}x{other[0]}; "
        "resize them all with --image-size 32 (or another number of pixels)"
    )
