"""Images of the parts that a job names: by the digest of the data and, for the test part, by its random key."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evolve.data.splits import folder_of, open_part
from evolve.jobs import PartsUsed

Images = tuple[NDArray[Any], NDArray[Any]]


class JoinedImages:
    """Images (count, height, width, channels) of several parts one after the other: the first ones of them. They stay
    where they are until some are asked for, so that they need not fit into memory."""

    def __init__(self, parts: Sequence[NDArray[Any]], first: int) -> None:
        self._parts = parts
        self._ends = np.cumsum([len(part) for part in parts])
        self._count = min(first, int(self._ends[-1]))
        self.dtype = parts[0].dtype

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, chosen: slice | NDArray[np.integer[Any]]) -> NDArray[Any]:
        if len(self._parts) == 1:
            return self._parts[0][: self._count][chosen]
        numbers = np.arange(self._count)[chosen]
        found = np.empty((len(numbers), *self._parts[0].shape[1:]), self.dtype)
        for part, end in zip(self._parts, self._ends, strict=True):
            here = (numbers >= end - len(part)) & (numbers < end)
            found[here] = part[numbers[here] - (end - len(part))]
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self[:] if dtype is None else self[:].astype(dtype)


def sample(images: Images, most: int) -> Images:
    """At most so many of images and their labels, evenly over all: a part may lie in the order of its classes."""
    count = len(images[1])
    if count <= most:
        return images
    rows = np.arange(most) * count // most
    return images[0][rows], images[1][rows]


def part_images(root: str | Path, parts: PartsUsed, part: str) -> Images:
    """Images and labels of a part, mapped. Raises ValueError for the test part without its key.

    root: the folder below which the parts of all data lie.
    """
    if part == "test" and parts.test is None:
        raise ValueError("the test part is opened with its key only")
    key = str(parts.test) if part == "test" else parts.data
    return open_part(folder_of(root, key), part)
