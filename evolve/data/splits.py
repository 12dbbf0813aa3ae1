"""The four parts of a data set, written once as `.npy` files and memory-mapped by every worker.

train       networks are trained on it; its order is random, so that its first n images are a fair sample of n
validation  the search decides on it
selection   leaders are re-scored on it; the search never sees it
test        opened by the winner's full training, and by what the user asks for, on record

The test part lies in a folder of its own, named by a random key. The coordinator keeps the key beside the other parts;
workers are given it in the job of a full training and in no other, so no training of a search can open that part.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from evolve import values
from evolve.data.datasets import Array, Dataset
from evolve.errors import DataError

SEARCH_PARTS = ("train", "validation", "selection")
KEY_LETTERS = 16  # of a key, in the name of a folder
KEY_ENDING = ".key"
DATA_FOLDER = ".data"  # below the folder for runs, shared by all of them
SPLIT_VERSION = 2
HELD_BACK = 0.15
HELD_BACK_AT_MOST = 5000
TEST_SHARE = 0.2


@dataclass(frozen=True)
class Parts:
    """Where the parts of a data set lie, and what is known of them.

    root: the folder below which they lie. digest: SHA-256 of images, labels and the way they were split.
    test: the random key of the test part.
    sizes: images in each part. low, high: the darkest and the brightest value of a pixel.
    pixels: how images can be normalised: "scale" to 0 to 1, or "standardise" each channel on the train part.
    """

    name: str
    root: str
    test: str
    digest: str
    input_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    sizes: dict[str, int]
    low: float
    high: float
    pixels: dict[str, dict[str, Any]]

    @property
    def classes(self) -> int:
        return len(self.class_names)

    @property
    def folder(self) -> Path:
        """Where all parts lie but the test part."""
        return folder_of(self.root, self.digest)

    @property
    def test_folder(self) -> Path:
        """Where the test part lies."""
        return folder_of(self.root, self.test)


def folder_of(root: str | Path, key: str) -> Path:
    """Where the parts lie that have that key: a digest for all but the test part, which has a random one."""
    return Path(root, key[:KEY_LETTERS])


def part_digest(data: str, part: str) -> str:
    """SHA-256 that names one part of the data with that digest."""
    return values.digest("part", data, part)


def prepare(data: Dataset, folder: Path) -> Parts:
    """Splits `data` and writes its parts below `folder`, unless they are there already.

    The split is stratified and always the same for the same data: 20 % for the test part where there is no official
    one, then 15 %, at most 5,000 images, each for validation and selection.
    """
    digest = _digest(data)
    if reopen(folder, digest, data.name) is None:
        _write(data, digest, folder)
    parts = reopen(folder, digest, data.name)
    assert parts is not None
    return parts


def reopen(folder: Path, digest: str, name: str) -> Parts | None:
    """The parts below `folder` of the data with that digest, called `name`; None if they are not there. Raises
    DataError for an invalid digest, as a damaged run may have, or if what lies there is not what `prepare` writes.
    """
    if not isinstance(digest, str) or not re.fullmatch("[0-9a-f]{64}", digest):
        raise DataError(f"the digest of the data must be 64 of the signs 0 to 9 and a to f, not {digest!r:.80}")
    target, test = folder_of(folder, digest), _test_key(folder, digest)
    if test is None or not ((target / "parts.json").exists() and folder_of(folder, test).exists()):
        return None
    with suppress(OSError):  # tells housekeeping when they were used last
        os.utime(target)
        os.utime(folder_of(folder, test))
    here = {"name": name, "root": str(folder.absolute()), "test": test}
    try:
        return TypeAdapter(Parts).validate_python({**json.loads((target / "parts.json").read_text()), **here})
    except (ValueError, TypeError):
        raise DataError(f"the prepared images in {target} are damaged; delete that folder to have them made") from None


def open_part(folder: str | Path, part: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Images and labels of one part, memory-mapped and read-only."""
    images = np.load(Path(folder, f"{part}_images.npy"), mmap_mode="r", allow_pickle=False)
    labels = np.load(Path(folder, f"{part}_labels.npy"), mmap_mode="r", allow_pickle=False)
    return images, labels


def test_keys(folder: Path) -> dict[str, str]:
    """Keys of all test parts below `folder`, by the names of the folders that hold the other parts."""
    return {path.stem: path.read_text() for path in folder.glob(f"*{KEY_ENDING}")}


def _test_key(folder: Path, digest: str) -> str | None:
    """The key of the test part of the data with that digest, or None. A part that version 0.9 left is given one, and
    left where it was, as that version may go on."""
    file = _key_file(folder, digest)
    before = folder / f"{digest[:KEY_LETTERS]}-test"
    if before.exists() and not (file.exists() and folder_of(folder, _read_key(file)).exists()):
        with _explained(folder):
            target = folder_of(folder, _made_key(folder, digest))
            draft = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=folder))
            shutil.copytree(before, draft, dirs_exist_ok=True)
            with suppress(OSError):  # another process was faster
                draft.rename(target)
            shutil.rmtree(draft, ignore_errors=True)
    return _read_key(file) if file.exists() else None


def _made_key(folder: Path, digest: str) -> str:
    """The key of a test part that is to be written: a new one, unless there is one. It is whole or not there."""
    file = _key_file(folder, digest)
    descriptor, draft = tempfile.mkstemp(prefix=f"{file.name}.", dir=folder)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(token_hex(KEY_LETTERS // 2))
    with suppress(FileExistsError):
        Path(file).hardlink_to(draft)
    Path(draft).unlink()
    return _read_key(file)


def _read_key(file: Path) -> str:
    key = file.read_text()
    if not re.fullmatch(f"[0-9a-f]{{{KEY_LETTERS}}}", key):
        raise DataError(f"{file} is damaged; delete it to have the images prepared again")
    return key


def _key_file(folder: Path, digest: str) -> Path:
    return folder / f"{digest[:KEY_LETTERS]}{KEY_ENDING}"


def _digest(data: Dataset) -> str:
    summary = hashlib.sha256(f"{SPLIT_VERSION} {HELD_BACK} {HELD_BACK_AT_MOST} {TEST_SHARE}".encode())
    for array in (data.images, data.labels, data.test_images, data.test_labels):
        if array is not None:
            summary.update(f"{array.shape} {array.dtype}".encode())
            summary.update(np.ascontiguousarray(array).data)
    summary.update(json.dumps(data.class_names).encode())
    return summary.hexdigest()


def _split(images: Array, labels: Array, count: int) -> tuple[Array, Array, Array, Array]:
    """What remains and `count` images held back, each class with its share; both in random order."""
    from sklearn.model_selection import train_test_split

    try:
        kept, held = train_test_split(np.arange(len(labels)), test_size=count, stratify=labels, random_state=0)
    except ValueError as error:
        raise DataError(f"too few images to hold {count} of {len(labels)} back: {error}") from None
    return images[kept], labels[kept], images[held], labels[held]


def _write(data: Dataset, digest: str, folder: Path) -> None:
    images, labels = data.images, data.labels
    if data.test_images is None or data.test_labels is None:
        images, labels, test_images, test_labels = _split(
            images, labels, max(data.classes, round(TEST_SHARE * len(labels)))
        )
    else:
        test_images, test_labels = data.test_images, data.test_labels
    held = max(data.classes, min(HELD_BACK_AT_MOST, round(HELD_BACK * len(labels))))
    images, labels, selection_images, selection_labels = _split(images, labels, held)
    train_images, train_labels, validation_images, validation_labels = _split(images, labels, held)
    parts = {
        "train": (train_images, train_labels),
        "validation": (validation_images, validation_labels),
        "selection": (selection_images, selection_labels),
    }
    described = {
        "digest": digest,
        "input_shape": data.images.shape[1:],
        "class_names": data.class_names,
        "sizes": {**{part: len(arrays[1]) for part, arrays in parts.items()}, "test": len(test_labels)},
        **_normalisations(train_images),
    }
    with _explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        key = _made_key(folder, digest)
    _write_folder(folder_of(folder, key), {"test": (test_images, test_labels)}, None)
    _write_folder(folder_of(folder, digest), parts, described)


def _normalisations(images: Array) -> dict[str, Any]:
    """The range of pixels and the ways to normalise them."""
    bytes_ = images.dtype == np.uint8
    low, high = (0.0, 255.0) if bytes_ else (float(images.min()), float(images.max()))
    scale = 1 / max(high - low, 1e-6)
    by_channel: dict[str, Any] = {"axis": (0, 1, 2), "dtype": np.float64}
    mean, factor = images.mean(**by_channel), 1 / np.maximum(images.std(**by_channel), 1e-3 / scale / 255)
    standardise = {"scale": factor.tolist(), "offset": (-mean * factor).tolist()}
    pixels = {"scale": {"scale": scale, "offset": -low * scale}, "standardise": standardise}
    return {"low": low, "high": high, "pixels": pixels}


def _write_folder(target: Path, parts: dict[str, tuple[Array, Array]], described: dict[str, Any] | None) -> None:
    """Writes beside the target and renames, so that a folder is whole or not there. Where another process was faster,
    its folder stays: it holds the same. Raises DataError if there is no room or no right to write."""
    with _explained(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=target.parent))
    try:
        with _explained(target.parent):
            for part, (images, labels) in parts.items():
                np.save(draft / f"{part}_images.npy", images)
                np.save(draft / f"{part}_labels.npy", labels.astype(np.int32))
            if described is not None:
                (draft / "parts.json").write_text(json.dumps(described, indent=1))
            draft.chmod(0o755)
        with suppress(OSError):
            draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:  # NumPy's own say how many bytes were written, not why no more
        reason = error.strerror or "not all of them found room"
        raise DataError(
            f"the prepared images cannot be written to {folder}: {reason}; make room ('evolve clean' shows what may "
            "go) or name another folder for runs with: --results FOLDER"
        ) from None


def settings(parts: Parts) -> dict[str, Any]:
    """What a worker needs to know of the parts, as JSON; the test part is not among it."""
    told = ("root", "digest", "pixels", "low", "high", "class_names")
    return {name: value for name, value in asdict(parts).items() if name in told}
