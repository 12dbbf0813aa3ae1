"""The images of a data set in one file, for outside programs: what others learn from, and what they are tested on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from evolve.data.scratch import explain_errors
from evolve.data.splits import SEARCH_PARTS, Parts, open_part


def write_images(parts: Parts, path: Path) -> Path:
    """Writes an .npz file; its path. x_train, y_train: images of shape (count, height, width, channels), with pixels as
    they came, and their class numbers, of the parts train, validation and selection together; x_test, y_test: of the
    test part. Raises DataError if there is no room."""
    learned = [open_part(parts.folder, part) for part in SEARCH_PARTS]
    x_train, y_train = (np.concatenate(arrays) for arrays in zip(*learned, strict=True))
    x_test, y_test = open_part(parts.test_folder, "test")
    with explain_errors(path.parent):
        np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    return path
