"""Data sets and their four parts."""

from __future__ import annotations

import gzip
import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evolve.data import keras_datasets, sources
from evolve.data.datasets import Dataset
from evolve.data.npz_files import is_plain
from evolve.data.sources import Source, digits
from evolve.data.splits import SEARCH_PARTS, open_part, prepare, settings
from evolve.errors import DataError


def load(name: str, **changes: Any) -> Dataset:
    return sources.load(Source(name, **changes))


def saved(path: Path, **changes: Any) -> str:
    rng = np.random.default_rng(1)
    arrays: dict[str, Any] = {
        "x_train": rng.integers(0, 255, (120, 8, 8, 3)).astype(np.uint8),
        "y_train": np.arange(120) % 3,
        **changes,
    }
    np.savez(path / "data.npz", **{name: array for name, array in arrays.items() if array is not None})
    return str(path / "data.npz")


BYTES = np.zeros((40, 8, 8, 3), np.uint8)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y_train": None}, "array 'y_train' is missing; found x_train"),
        (
            {"x_train": np.zeros((120, 64), np.uint8)},
            "must have the shape (count, height, width, 1 or 3), not (120, 64)",
        ),
        ({"x_train": np.zeros((120, 8, 8, 2), np.uint8)}, "(count, height, width, 1 or 3)"),
        (
            {"x_train": np.zeros((120, 3, 8, 8), np.uint8)},
            "the channels stand first, so save images.transpose(0, 2, 3, 1)",
        ),
        ({"x_train": np.full((120, 8, 8, 3), 1j)}, "whole or floating-point numbers, not complex128"),
        ({"x_train": np.full((120, 8, 8, 3), np.nan)}, "not finite"),
        ({"x_train": np.r_[np.zeros((119, 8, 8, 3)), np.full((1, 8, 8, 3), -np.inf)]}, "not finite"),
        ({"x_train": np.r_[np.zeros((119, 8, 8, 3)), np.full((1, 8, 8, 3), 1e39)]}, "beyond 32-bit floats; divide it"),
        ({"y_train": np.zeros(120, int)}, "all images are of one class"),
        ({"y_train": np.arange(120) % 3 - 1}, "labels must be from 0 to 1"),
        ({"y_train": np.arange(120) % 3 + 0.5}, "must be whole numbers"),
        ({"y_train": np.arange(119) % 3}, "120 train images, but 119 labels"),
        ({"y_train": np.r_[np.arange(117) % 2, [2, 2, 2]]}, "class '2' has 3 images, at least 10 are needed"),
        ({"classes": np.array(["a", "b"])}, "labels must be from 0 to 1, as there are names"),
        ({"classes": np.array(10)}, "classes must be the names of the classes, each once, not 10"),
        ({"classes": np.array(["a", "a", "b"])}, "classes must be the names of the classes, each once"),
        ({"x_test": BYTES}, "x_test and y_test go together"),
        ({"x_test": np.zeros((40, 9, 9, 3), np.uint8), "y_test": np.zeros(40, int)}, "they must be equal"),
        ({"x_test": BYTES, "y_test": np.full(40, 7)}, "test labels must be from 0 to 2"),
        ({"x_test": BYTES.astype(float), "y_test": np.zeros(40, int)}, "x_test holds float64 and x_train uint8"),
        ({"x_test": BYTES[:0], "y_test": np.zeros(0, int)}, "the test part is empty"),
        ({"x_train": np.array([{}] * 120)}, "not a readable .npz"),
        ({"y_train": np.where(np.arange(120) == 7, np.nan, 1.0)}, "not float64 (120,) such as nan"),
        ({"y_train": np.ones((120, 3), int)}, "row 0 is not one-hot (one 1, else 0): [1 1 1]"),
        ({"y_train": np.full((120, 3), 0.25)}, "such as that of the largest: labels.argmax(axis=1)"),
        (
            {"y_train": np.array([0, 1, 10**9])[np.arange(120) % 3]},
            "y_train goes up to 1000000000, but has 120 labels",
        ),
        (
            {"y_train": np.array(["a", "b"])[np.arange(120) % 2], "classes": np.array(["a", "c"])},
            "the label 'b', which",
        ),
        ({"classes": np.array([b"a", b"b", b"\xe9"])}, "classes must be text in UTF-8, and b'\\xe9' is not"),
        ({"x_test": BYTES, "y_test": np.full(40, 900)}, "y_test goes up to 900, but y_train has 120 labels only"),
        ({"y_train": np.array([0, 2, 5])[np.arange(120) % 3]}, "y_train goes up to 5, but has no 1; number the"),
        (
            {"y_train": np.eye(3)[np.arange(120) % 3], "x_test": BYTES, "y_test": np.arange(40) % 2 + 1},
            "y_train is one-hot, with classes from 0, and y_test has numbers from 1",
        ),
        (
            {"y_train": np.arange(120) % 3 + 1, "x_test": BYTES, "y_test": np.eye(3)[np.arange(40) % 3]},
            "y_test is one-hot, with classes from 0, and y_train has numbers from 1",
        ),
        ({"classes": np.array(["a", "", "c"])}, "a class has an empty name"),
        ({"x_val": BYTES}, "x_val and y_val go together"),
        ({"x_val": BYTES, "x_valid": BYTES}, "'x_valid' is there twice, as 'x_val', too"),
        ({"x_val": BYTES[:0], "y_val": np.zeros(0, int)}, "the validation part is empty"),
    ],
)
def test_data_that_cannot_be_used_say_why(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as error:
        load(saved(tmp_path, **changes))
    assert message in str(error.value)


def test_missing_and_damaged_files_and_unknown_names_say_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such file"):
        load(str(tmp_path / "none.npz"))
    (tmp_path / "bad.npz").write_bytes(b"PK damaged")
    with pytest.raises(DataError, match=r"not a readable \.npz"):
        load(str(tmp_path / "bad.npz"))
    with pytest.raises(DataError, match="did you mean 'digits'"):
        load("digit")


def test_grey_images_labels_in_a_column_and_floats_are_taken(tmp_path: Path) -> None:
    data = load(
        saved(tmp_path, x_train=np.random.default_rng(0).random((120, 8, 8)), y_train=np.arange(120)[:, None] % 3)
    )
    assert data.images.shape == (120, 8, 8, 1)
    assert data.images.dtype == np.float32
    assert data.labels.shape == (120,)
    assert data.class_names == ("0", "1", "2")


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (np.eye(3)[np.arange(120) % 3], ("0", "1", "2")),
        (np.eye(3, dtype=bool)[np.arange(120) % 3], ("0", "1", "2")),
        ((np.arange(120) % 3).astype(np.float16), ("0", "1", "2")),
        (np.arange(120) % 3 + 1, ("1", "2", "3")),
        (np.array(["ape", "bee", "cow"])[np.arange(120) % 3], ("ape", "bee", "cow")),
        (np.array([b"ape", b"bee", b"cow"])[np.arange(120) % 3][:, None], ("ape", "bee", "cow")),
    ],
    ids=["one-hot", "one-hot of booleans", "floats", "from 1", "text", "bytes"],
)
def test_labels_are_taken_in_the_forms_that_people_have(tmp_path: Path, labels: Any, names: tuple[str, ...]) -> None:
    data = load(saved(tmp_path, y_train=labels))
    assert list(data.labels) == [number % 3 for number in range(120)]
    assert data.class_names == names


def test_labels_from_1_are_shifted_only_where_that_is_certain(tmp_path: Path) -> None:
    test = {"x_test": BYTES, "y_test": np.arange(40) % 3 + 1}
    data = load(saved(tmp_path, y_train=np.arange(120) % 3 + 1, classes=np.array(["a", "b", "c"]), **test))
    assert data.class_names == ("a", "b", "c")
    assert data.test_labels is not None
    assert list(data.test_labels[:3]) == [0, 1, 2]
    assert data.remarks == ("labels are 1 to 3, so class 1 is the first one",)
    test["y_test"] = np.arange(40) % 4  # there is a class 0
    with pytest.raises(DataError, match=r"y_train goes up to 3, but has no 0; number the classes from 0"):
        load(saved(tmp_path, y_train=np.arange(120) % 3 + 1, **test))
    with pytest.raises(DataError, match=r"y_train goes up to 3, but has no 0; number the classes from 0"):
        load(saved(tmp_path, y_train=np.array([1, 3])[np.arange(120) % 2]))


def test_a_script_reads_a_file_of_the_user_s_only_where_nothing_was_converted(tmp_path: Path) -> None:
    test: dict[str, Any] = {"x_test": BYTES, "y_test": np.arange(40) % 3}
    bytes_, floats = np.dtype(np.uint8), np.dtype(np.float32)
    assert is_plain(Path(saved(tmp_path, **test)), bytes_)
    assert is_plain(Path(saved(tmp_path, **test, y_train=np.arange(120)[:, None] % 3)), bytes_)
    assert not is_plain(Path(saved(tmp_path)), bytes_), "no test part"
    assert not is_plain(Path(saved(tmp_path, **test)), floats), "a small range, which is prepared as floats"
    for changes in (
        {"y_train": np.arange(120) % 3 + 1},
        {"y_train": np.eye(3)[np.arange(120) % 3]},
        {"y_train": np.array(["a", "b", "c"])[np.arange(120) % 3]},
        {"x_val": BYTES, "y_val": np.arange(40) % 3},
        {"x_train": np.zeros((120, 8, 8, 3), np.uint16)},
    ):
        assert not is_plain(Path(saved(tmp_path, **{**test, **changes})), bytes_)


def test_names_of_classes_may_be_bytes(tmp_path: Path) -> None:
    names = np.array(["ape", "Bär", "cow"])
    assert load(saved(tmp_path, classes=np.char.encode(names, "utf-8"))).class_names == ("ape", "Bär", "cow")


def test_arrays_of_no_known_name_are_said(tmp_path: Path) -> None:
    data = load(saved(tmp_path, weights=np.zeros(3)))
    assert data.remarks == ("left aside: array weights",)


def test_an_official_validation_part_is_the_validation_part(tmp_path: Path) -> None:
    validation = np.random.default_rng(5).integers(0, 255, (30, 8, 8, 3)).astype(np.uint8)
    data = load(saved(tmp_path, X_valid=validation, y_valid=np.arange(30) % 3))
    parts = prepare(data, tmp_path / "parts")
    images, labels = open_part(parts.folder, "validation")
    assert np.array_equal(images, validation)
    assert list(labels[:3]) == [0, 1, 2]
    assert parts.sizes == {"train": 82, "validation": 30, "selection": 14, "test": 24}
    assert parts.digest != prepare(load(saved(tmp_path, x_test=validation, y_test=np.arange(30) % 3)), tmp_path).digest


def parts_of(data: Dataset, folder: Path) -> dict[str, tuple[Any, Any]]:
    parts = prepare(data, folder)
    return {
        **{part: open_part(parts.folder, part) for part in SEARCH_PARTS},
        "test": open_part(parts.test_folder, "test"),
    }


def test_the_four_parts_share_nothing_and_lose_nothing(tmp_path: Path) -> None:
    data = digits()
    # Digits contain a few identical scans, so each is marked by its place to tell it from its twin.
    marked = data.images.copy()
    marked[:, 0, 0, 0], marked[:, 0, 1, 0] = np.arange(len(marked)) % 256, np.arange(len(marked)) // 256
    parts = parts_of(Dataset("marked", marked, data.labels, None, None, data.class_names), tmp_path)
    rows = [image.tobytes() for images, _ in parts.values() for image in images]
    assert len(rows) == len(set(rows)) == len(data.images)


def test_images_in_test_and_training_are_counted(tmp_path: Path) -> None:
    images = np.random.default_rng(3).integers(0, 255, (120, 8, 8, 3)).astype(np.uint8)
    images[:4] = 200
    test = np.concatenate([images[10:13], BYTES[:2] + 9, 255 - images[:1]])
    data = load(saved(tmp_path, x_train=images, x_test=test, y_test=np.arange(6) % 3))
    assert prepare(data, tmp_path).remarks == (
        "4 of 120 images show one even colour and nothing else",
        "3 of 6 test images are among the training images, too, pixel for pixel",
    )
    assert prepare(data, tmp_path).remarks, "also where they were prepared before"


def test_test_images_in_an_official_validation_part_are_counted(tmp_path: Path) -> None:
    validation = np.random.default_rng(4).integers(0, 255, (30, 8, 8, 3)).astype(np.uint8)
    labels = np.arange(30) % 3
    data = load(saved(tmp_path, x_val=validation, y_val=labels, x_test=validation, y_test=labels))
    [remark] = prepare(data, tmp_path).remarks
    assert remark == "30 of 30 test images are among the training and validation images, too, pixel for pixel"


def test_one_even_colour_is_known_whatever_its_channels(tmp_path: Path) -> None:
    images = np.random.default_rng(3).integers(0, 255, (120, 8, 8, 3)).astype(np.uint8)
    images[7] = (200, 30, 30)
    [remark] = prepare(load(saved(tmp_path, x_train=images)), tmp_path).remarks
    assert remark == "1 of 120 images shows one even colour and nothing else"


@pytest.mark.parametrize(
    ("part", "labels", "remarks"),
    [
        ("val", np.arange(30) % 3, ()),
        ("val", np.zeros(30, int), ("the validation part has no images of 2 of 3 classes (1, 2)",)),
        ("test", np.arange(30) % 2, ("the test part has no images of 1 of 3 classes (2)",)),
        ("val", np.arange(3), ("the validation part has 3 images, so scores of the search are mostly luck; move it",)),
    ],
)
def test_an_official_part_that_decides_little_is_said(
    part: str, labels: Any, remarks: tuple[str, ...], tmp_path: Path
) -> None:
    images = np.random.default_rng(5).integers(0, 255, (len(labels), 8, 8, 3)).astype(np.uint8)
    said = prepare(load(saved(tmp_path, **{f"x_{part}": images, f"y_{part}": labels})), tmp_path).remarks
    assert len(said) == len(remarks)
    assert all(one.startswith(remark) for one, remark in zip(said, remarks, strict=True))


def test_parts_are_stratified(tmp_path: Path) -> None:
    for images, labels in parts_of(digits(), tmp_path).values():
        shares = np.bincount(labels, minlength=10) / len(labels)
        assert len(images) == len(labels)
        assert shares.min() > 0.08
        assert shares.max() < 0.12


def test_the_first_images_of_train_are_a_fair_sample(tmp_path: Path) -> None:
    _, labels = parts_of(digits(), tmp_path)["train"]
    for count in (200, 500):
        assert np.bincount(labels[:count], minlength=10).min() > 0.05 * count


def test_parts_are_written_once_and_the_same_every_time(tmp_path: Path) -> None:
    first = prepare(digits(), tmp_path / "a")
    stamp = Path(first.folder, "train_images.npy").stat().st_mtime_ns
    assert prepare(digits(), tmp_path / "a") == first
    assert Path(first.folder, "train_images.npy").stat().st_mtime_ns == stamp
    second = prepare(digits(), tmp_path / "b")
    assert second.digest == first.digest
    for part in SEARCH_PARTS:
        assert np.array_equal(open_part(first.folder, part)[0], open_part(second.folder, part)[0])


def test_workers_map_the_parts_and_cannot_reach_the_test_part(tmp_path: Path) -> None:
    parts = prepare(digits(), tmp_path)
    images, _ = open_part(parts.folder, "train")
    assert isinstance(images, np.memmap)
    assert not images.flags.writeable
    told = json.dumps(settings(parts))
    assert "test" not in told.replace(str(tmp_path), "")
    assert parts.test not in told
    assert not any(
        parts.test in file.name or file.read_bytes().count(parts.test.encode()) for file in parts.folder.iterdir()
    )
    test_images, _ = open_part(parts.test_folder, "test")
    kept = {image.tobytes() for image in test_images}
    names = {file.name for file in Path(parts.folder).iterdir()}
    assert names == {f"{part}_{kind}.npy" for part in SEARCH_PARTS for kind in ("images", "labels")} | {"parts.json"}
    assert len(kept) > 300


def test_the_key_of_the_test_part_is_random_and_cannot_be_worked_out(tmp_path: Path) -> None:
    keys = {prepare(digits(), tmp_path / name).test for name in "abc"}
    assert len(keys) == 3
    assert all(len(key) == 16 for key in keys)


def test_a_test_part_that_version_0_9_left_is_given_a_key(tmp_path: Path) -> None:
    parts = prepare(digits(), tmp_path)
    kept = (parts.test_folder / "test_images.npy").read_bytes()
    parts.test_folder.rename(tmp_path / f"{parts.digest[:16]}-test")
    (tmp_path / f"{parts.digest[:16]}.key").unlink()
    again = prepare(digits(), tmp_path)
    assert (again.test_folder / "test_images.npy").read_bytes() == kept
    assert again.test not in (parts.test, f"{parts.digest[:16]}-test")
    assert (tmp_path / f"{parts.digest[:16]}-test").exists(), "version 0.9 may go on with it"
    assert prepare(digits(), tmp_path) == again


def test_a_key_that_was_written_by_hand_is_refused(tmp_path: Path) -> None:
    parts = prepare(digits(), tmp_path)
    (tmp_path / f"{parts.digest[:16]}.key").write_text("../../elsewhere")
    with pytest.raises(DataError, match="is damaged; delete it"):
        prepare(digits(), tmp_path)


def test_a_test_part_that_was_deleted_is_written_again_under_its_key(tmp_path: Path) -> None:
    parts = prepare(digits(), tmp_path)
    for path in parts.test_folder.iterdir():
        path.unlink()
    parts.test_folder.rmdir()
    assert prepare(digits(), tmp_path) == parts


def test_an_official_test_part_is_kept_as_it_is(tmp_path: Path) -> None:
    x_test = np.arange(40 * 192).reshape(40, 8, 8, 3).astype(np.uint8)
    data = load(saved(tmp_path, x_test=x_test, y_test=np.arange(40) % 3))
    images, _ = parts_of(data, tmp_path / "parts")["test"]
    assert np.array_equal(images, x_test)


def test_an_interrupted_writing_leaves_nothing_that_is_taken_for_parts(tmp_path: Path) -> None:
    parts = prepare(digits(), tmp_path / "a")
    draft = tmp_path / "b" / f"{parts.digest[:16]}.draft"
    draft.mkdir(parents=True)
    (draft / "train_images.npy").write_bytes(b"half")
    assert prepare(digits(), tmp_path / "b").sizes == parts.sizes


def test_runs_that_prepare_the_same_data_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: prepare(digits(), tmp_path), range(4)))
    assert len({parts.folder for parts in made}) == 1
    names = {made[0].digest[:16], f"{made[0].digest[:16]}.key", made[0].test}
    assert {parts.test for parts in made} == {made[0].test}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_the_same_data_under_another_name_keep_both_names(tmp_path: Path) -> None:
    first = prepare(digits(), tmp_path)
    second = prepare(replace(digits(), name="other"), tmp_path)
    assert (first.name, second.name) == ("digits", "other")
    assert first.folder == second.folder


def pickled(path: Path, content: dict[bytes, Any]) -> None:
    """A batch as CIFAR's authors publish it. (The pickles are theirs, and Keras reads them.)"""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(content))


def keras_cache(folder: Path) -> None:
    """The four data sets in the layout that Keras's cache has them in, with few images but where Keras wants more."""
    data = folder / "datasets"
    labels = [n % 10 for n in range(10_000)]
    images = np.zeros((10_000, 3072), np.uint8)
    images[np.arange(10_000), [100 * label for label in labels]] = 255
    for name in [*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]:
        batch = data / "cifar-10-batches-py-target" / "cifar-10-batches-py" / name
        pickled(batch, {b"data": images, b"labels": labels})
    for name in ("train", "test"):
        fine = {b"data": np.zeros((2000, 3072), np.uint8), b"fine_labels": [n % 100 for n in range(2000)]}
        pickled(data / "cifar-100-python-target" / "cifar-100-python" / name, fine)
    for name in ("cifar-10-batches-py", "cifar-100-python"):
        (data / f"{name}-target_archive").touch()
    grey, some = np.zeros((200, 28, 28), np.uint8), (np.arange(200) % 10).astype(np.uint8)
    np.savez(data / "mnist.npz", x_train=grey, y_train=some, x_test=grey, y_test=some)
    (data / "fashion-mnist").mkdir()
    for part in ("train", "t10k"):
        with gzip.open(data / "fashion-mnist" / f"{part}-labels-idx1-ubyte.gz", "wb") as file:
            file.write(bytes(8) + some.tobytes())
        with gzip.open(data / "fashion-mnist" / f"{part}-images-idx3-ubyte.gz", "wb") as file:
            file.write(bytes(16) + grey.tobytes())


@pytest.fixture(scope="module")
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keras's cache, and a module that has Keras take its files as they are, not asking for the hashes of the real."""
    pytest.importorskip("tensorflow")
    folder = tmp_path_factory.mktemp("cache")
    keras_cache(folder)
    (folder / "trusting").mkdir()
    (folder / "trusting" / "sitecustomize.py").write_text(
        "import keras.src.utils.file_utils as f\nf.validate_file = lambda *a, **k: True\n"
    )
    return folder


@pytest.mark.parametrize(
    ("name", "shape", "classes", "first"),
    [
        ("cifar10", (50_000, 32, 32, 3), 10, "airplane"),
        pytest.param("cifar100", (2000, 32, 32, 3), 100, "apple", marks=pytest.mark.slow),
        ("mnist", (200, 28, 28, 1), 10, "0"),
        pytest.param("fashion_mnist", (200, 28, 28, 1), 10, "T-shirt", marks=pytest.mark.slow),
    ],
)
def test_keras_s_data_sets_are_read_from_its_cache(
    name: str,
    shape: tuple[int, ...],
    classes: int,
    first: str,
    cache_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(cache_folder))
    monkeypatch.setenv("PYTHONPATH", str(cache_folder / "trusting"))
    assert keras_datasets.cached(name)
    data = load(name)
    assert data.images.shape == shape
    assert data.test_images is not None
    assert data.test_images.shape[1:] == shape[1:]
    assert (data.classes, data.class_names[0]) == (classes, first)
    assert list(data.labels[:12]) == [n % classes for n in range(12)]
    if name == "cifar10":
        assert data.images[3, 300 % 1024 // 32, 300 % 32, 0] == 255


@pytest.mark.parametrize("name", ["cifar10", pytest.param("mnist", marks=pytest.mark.slow)])
def test_keras_s_data_sets_off_line_say_what_to_do(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tensorflow")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(DataError, match=rf"'{name}' is neither in Keras's cache nor could it be downloaded .* give an"):
        load(name)


def test_cifar10_is_complete(larger_data: Path) -> None:
    data = load(str(larger_data / "cifar10.npz"))
    assert data.images.shape == (50_000, 32, 32, 3)
    assert data.test_images is not None
    assert data.test_images.shape == (10_000, 32, 32, 3)
    assert data.class_names[3] == "cat"
