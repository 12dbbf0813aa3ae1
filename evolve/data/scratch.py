"""Room on disk for images that are being read, so that they need not fit into memory."""

from __future__ import annotations

import errno
import math
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evolve.errors import DataError


@contextmanager
def explain_errors(folder: Path) -> Iterator[None]:
    """What cannot be written below `folder` becomes a DataError."""
    try:
        yield
    except OSError as error:  # NumPy's own say how many bytes were written, not why no more
        reason = error.strerror or "there is not enough room"
        raise DataError(
            f"the prepared images cannot be written to {folder}: {reason}; make room ('evolve clean' shows what may "
            "go) or name another folder for runs with: --results FOLDER"
        ) from None


@contextmanager
def scratch_folder(below: Path) -> Iterator[Path]:
    """A folder that is gone afterwards, with those above it that had to be made for it and are empty."""
    new = [folder for folder in (below, *below.parents) if not folder.exists()]
    with explain_errors(below):
        below.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix="reading.", dir=below))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
        with suppress(OSError):  # not empty
            for folder in new:
                folder.rmdir()


def room_for(shape: tuple[int, ...], dtype: Any, scratch: Path | None) -> NDArray[Any]:
    """An array to be filled: a file in `scratch`, mapped, or in memory if that is None. Raises DataError if there is no
    room on disk, which would else end the process as soon as it writes there."""
    if scratch is None or 0 in shape:
        return np.empty(shape, dtype)
    with explain_errors(scratch):
        _check_room(scratch, math.prod(shape) * np.dtype(dtype).itemsize)
        descriptor, name = tempfile.mkstemp(suffix=".npy", dir=scratch)
        os.close(descriptor)
        made = np.lib.format.open_memmap(name, mode="w+", dtype=dtype, shape=shape)
        _reserve(Path(name), made.offset + made.nbytes)
    return made


def _check_room(folder: Path, size: int) -> None:
    """Raises OSError if there is less room than `size`, before a file is made that would take all there is."""
    if shutil.disk_usage(folder).free < size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _reserve(path: Path, size: int) -> None:
    """Raises OSError if there is no room for a file of that size; where a file system cannot say, nothing is done."""
    if not hasattr(os, "posix_fallocate"):
        return
    with path.open("r+b") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, size)
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
                raise
