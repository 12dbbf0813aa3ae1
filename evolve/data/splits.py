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
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from secrets import token_hex
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from evolve import values
from evolve.data.datasets import Dataset
from evolve.data.partition import HELD_BACK, HELD_BACK_AT_MOST, TEST_SHARE, Rows, partition, repeated, weaknesses
from evolve.data.pixels import (
    BYTES,
    FLOATS,
    Array,
    has_usual_range,
    normalisations,
    odd_pixels,
    pieces,
    pixel_range,
    scaled_otherwise,
)
from evolve.data.scratch import explain_errors
from evolve.errors import DataError

SEARCH_PARTS = ("train", "validation", "selection")
KEY_LETTERS = 16  # of a key, in the name of a folder
KEY_ENDING = ".key"
NAMES = "_names.json"  # behind the name of a part
DATA_FOLDER = ".data"  # below the folder for runs, shared by all of them
SPLIT_VERSION = 2


@dataclass(frozen=True)
class Parts:
    """Where the parts of a data set lie, and what is known of them.

    root: the folder below which they lie. digest: SHA-256 of images, labels and the way they were split.
    test: the random key of the test part.
    sizes: images in each part. low, high: the darkest and the brightest value of a pixel.
    pixels: how images can be normalised: "scale" to 0 to 1, or "standardise" each channel on the train part.
    depth: of the images as they came, one of `pixels.DEPTHS`; "" if it was not noted. remarks: what is odd about them.
    class_counts: images of each class in the train part; nothing if they were not noted.
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
    depth: str = ""
    remarks: tuple[str, ...] = ()
    class_counts: tuple[int, ...] = ()

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
    one, then 15 %, at most 5,000 images, each for validation (unless there is an official one) and selection.
    """
    divided = partition(data)
    usual = has_usual_range(data.images, divided["train"].numbers)
    digest = _digest(data, usual)
    if reopen(folder, digest, data.name) is None:
        _write(data, divided, usual, digest, folder)
    parts = reopen(folder, digest, data.name)
    assert parts is not None
    _note_names(parts, divided)
    return replace(parts, remarks=(*data.remarks, *parts.remarks))


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
        told = json.loads((target / "parts.json").read_text())
        if "class_counts" not in told:  # of version 0.13 or earlier
            told["class_counts"] = np.bincount(
                open_part(target, "train")[1], minlength=len(told["class_names"])
            ).tolist()
        return TypeAdapter(Parts).validate_python({**told, **here})
    except (ValueError, TypeError):
        raise DataError(f"the prepared images in {target} are damaged; delete that folder to have them made") from None


def open_part(folder: str | Path, part: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Images and labels of one part, memory-mapped and read-only."""
    images = np.load(Path(folder, f"{part}_images.npy"), mmap_mode="r", allow_pickle=False)
    labels = np.load(Path(folder, f"{part}_labels.npy"), mmap_mode="r", allow_pickle=False)
    return images, labels


def names_in(folder: str | Path, part: str) -> tuple[str, ...]:
    """Names of the images of one part; none if they have none, or were prepared by a version that noted none."""
    path = Path(folder, f"{part}{NAMES}")
    return tuple(map(str, json.loads(path.read_text(encoding="ascii")))) if path.exists() else ()


def _note_names(parts: Parts, divided: dict[str, Rows]) -> None:
    """Writes the names of the images beside them, unless they stand there. Their folders may have been written before,
    by files that were called otherwise."""
    for part, rows in divided.items():
        place, told = parts.test_folder if part == "test" else parts.folder, rows.names
        if told and tuple(told) != names_in(place, part):
            with explain_errors(place):
                descriptor, draft = tempfile.mkstemp(prefix=f"{part}.", dir=place)
                with os.fdopen(descriptor, "w", encoding="ascii") as opened:
                    json.dump(told, opened)
                Path(draft).chmod(0o644)
                Path(draft).replace(place / f"{part}{NAMES}")


def test_keys(folder: Path) -> dict[str, str]:
    """Keys of all test parts below `folder`, by the names of the folders that hold the other parts."""
    return {path.stem: path.read_text() for path in folder.glob(f"*{KEY_ENDING}")}


def _test_key(folder: Path, digest: str) -> str | None:
    """The key of the test part of the data with that digest, or None. A part that version 0.9 left is given one, and
    left where it was, as that version may go on."""
    file = _key_file(folder, digest)
    before = folder / f"{digest[:KEY_LETTERS]}-test"
    if before.exists() and not (file.exists() and folder_of(folder, _read_key(file)).exists()):
        with explain_errors(folder):
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


def _digest(data: Dataset, usual: bool) -> str:
    summary = hashlib.sha256(f"{SPLIT_VERSION} {HELD_BACK} {HELD_BACK_AT_MOST} {TEST_SHARE}".encode())
    _add_arrays(summary, data.images, data.labels, data.test_images, data.test_labels)
    if data.validation_images is not None:
        summary.update(b"validation")
        _add_arrays(summary, data.validation_images, data.validation_labels)
    if data.images.dtype == np.uint8 and not usual:
        summary.update(b"range as measured")
    if data.depth not in (BYTES, FLOATS):
        summary.update(data.depth.encode())
    summary.update(json.dumps(data.class_names).encode())
    return summary.hexdigest()


def _add_arrays(summary: Any, *arrays: Array | None) -> None:
    for array in arrays:
        if array is not None:
            summary.update(f"{array.shape} {array.dtype}".encode())
            summary.update(np.ascontiguousarray(array).data)


def _write(data: Dataset, parts: dict[str, Rows], usual: bool, digest: str, folder: Path) -> None:
    # Few whole numbers would hardly bear to be changed a little.
    dtype = data.images.dtype if usual else np.dtype(np.float32)
    told = {
        "digest": digest,
        "input_shape": data.images.shape[1:],
        "class_names": data.class_names,
        "sizes": {part: len(parts[part]) for part in (*SEARCH_PARTS, "test")},
        "depth": data.depth,
    }
    with _draft(folder_of(folder, digest)) as draft:
        _save(draft, {part: parts[part] for part in SEARCH_PARTS}, dtype)
        train, labels = open_part(draft, "train")
        low, high = pixel_range(train, usual)
        remarks = [*odd_pixels(train, data.depth, low, high), *repeated(data, parts), *weaknesses(data, parts)]
        for part, images in (("test", data.test_images), ("validation", data.validation_images)):
            remarks += [] if images is None else scaled_otherwise(part, images, low, high)
        found = {"low": low, "high": high, "pixels": normalisations(train, low, high), "remarks": remarks}
        found["class_counts"] = np.bincount(labels, minlength=len(data.class_names)).tolist()
        (draft / "parts.json").write_text(json.dumps({**told, **found}, indent=1))
    with explain_errors(folder):
        key = _made_key(folder, digest)
    with _draft(folder_of(folder, key)) as draft:
        _save(draft, {"test": parts["test"]}, dtype)


def _save(folder: Path, parts: dict[str, Rows], dtype: np.dtype[Any]) -> None:
    """Writes parts piece by piece, so that they need not fit into memory."""
    for name, part in parts.items():
        np.save(folder / f"{name}_labels.npy", part.labels[part.numbers].astype(np.int32))
        with (folder / f"{name}_images.npy").open("wb") as file:
            shape = (len(part), *part.images.shape[1:])
            header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            for piece in pieces(part.images, len(part)):
                file.write(np.ascontiguousarray(part.images[part.numbers[piece]], dtype).data)


@contextmanager
def _draft(target: Path) -> Iterator[Path]:
    """A folder beside the target, renamed afterwards, so that a folder is whole or not there. Where another process was
    faster, its folder stays: it holds the same. Raises DataError if there is no room or no right to write."""
    with explain_errors(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=target.parent))
    try:
        with explain_errors(target.parent):
            yield draft
            draft.chmod(0o755)
        with suppress(OSError):
            draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def settings(parts: Parts) -> dict[str, Any]:
    """What a worker needs to know of the parts, as JSON; the test part is not among it."""
    told = ("root", "digest", "pixels", "low", "high", "class_names", "depth")
    return {name: value for name, value in asdict(parts).items() if name in told}
