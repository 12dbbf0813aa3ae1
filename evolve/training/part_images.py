"""Images of the parts that a job names: by the digest of the data and, for the test part, by its random key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from evolve.data.splits import folder_of, open_part
from evolve.jobs import PartsUsed

Images = tuple[NDArray[Any], NDArray[Any]]


def part_images(root: str | Path, parts: PartsUsed, part: str, first: int | None = None) -> Images:
    """Images and labels of a part, mapped: the first ones, or all; of the test part always all. Raises ValueError for
    the test part without its key.

    root: the folder below which the parts of all data lie.
    """
    if part == "test" and parts.test is None:
        raise ValueError("the test part is opened with its key only")
    key = str(parts.test) if part == "test" else parts.data
    images, labels = open_part(folder_of(root, key), part)
    count = None if part == "test" else first
    return images[:count], labels[:count]
