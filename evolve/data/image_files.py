"""The image files below a folder, and what is left aside there. One rule for training and for prediction."""

from __future__ import annotations

import collections
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from evolve.data.pictures import endings
from evolve.errors import DataError

LITTER = (".ds_store", "thumbs.db", "desktop.ini")  # left by file managers, nobody misses it
SHOWN = 8  # endings named in a message


@dataclass
class Aside:
    """Counts what is left aside. counts: how many, by what it is called if it is one and if there are several."""

    counts: collections.Counter[tuple[str, str]] = field(default_factory=collections.Counter)

    def add(self, one: str, several: str, count: int = 1) -> None:
        """So many more of something."""
        if count:
            self.counts[one, several] += count

    def remarks(self) -> list[str]:
        """All of it as one sentence, or none if there is nothing."""
        shown = self.counts.most_common(SHOWN)
        said = [f"{count:,} {one if count == 1 else several}" for (one, several), count in shown]
        more = self.counts.total() - sum(count for _, count in shown)
        return [f"left aside: {', '.join(said)}" + (f" and {more:,} more files" if more else "")] if said else []


def sub_folders(folder: Path) -> list[Path]:
    """Those that are not hidden, in the order of their names."""
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def holds_images(folder: Path) -> bool:
    """Whether there is an image file below `folder`. Raises DataError as `image_files`."""
    return any(_images_below(folder, None))


def image_files(folder: Path, aside: Aside | None = None) -> list[Path]:
    """All files below `folder` with an ending of an image, in the order of their paths. Links are followed, hidden
    files and folders are not looked at. aside: told of what is none. Raises DataError for a folder that cannot be read.
    """
    return sorted(_images_below(folder, aside))


def loose_images(folder: Path, aside: Aside | None = None) -> int:
    """How many images lie in a folder itself. aside: told of other files and of hidden folders there."""
    if aside:
        _add_hidden(aside, [path.name for path in folder.iterdir() if path.is_dir()])
    return sum([_is_image(path, aside) for path in folder.iterdir() if not path.is_dir()])


def _images_below(folder: Path, aside: Aside | None) -> Iterator[Path]:
    seen: set[str] = set()
    for place, folders, files in os.walk(folder, onerror=_refuse, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:  # a link that leads back
            folders.clear()
            continue
        seen.add(real)
        if aside:
            _add_hidden(aside, folders)
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (path for name in files if _is_image(path := Path(place, name), aside))


def _add_hidden(aside: Aside, names: Iterable[str]) -> None:
    aside.add("hidden folder", "hidden folders", sum(name.startswith(".") for name in names))


def _refuse(error: OSError) -> None:
    raise DataError(f"folder {error.filename} cannot be read: {error.strerror}; make it readable, or move it away")


def _is_image(path: Path, aside: Aside | None) -> bool:
    name = path.name.lower()
    if not name.startswith(".") and path.suffix.lower() in endings() and (path.is_file() or path.is_symlink()):
        return True
    if aside and name not in LITTER:
        aside.add(*_called(path))
    return False


def _called(path: Path) -> tuple[str, str]:
    """What a file that is no image is called, if it is one and if there are several."""
    if path.name.startswith("."):
        return "hidden file", "hidden files"
    if ending := path.suffix.lower():
        return f"file that ends in {ending}", f"files that end in {ending}"
    return "file without an ending", "files without an ending"
