"""Labels of images in the forms in which people have them, and names of classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evolve.data.pixels import Array
from evolve.errors import DataError

Labels = NDArray[np.int64]
HIGHEST = 2**53  # beyond it whole numbers are not told apart everywhere


def class_names(classes: Array, where: str) -> tuple[str, ...]:
    """Names from an array of text or bytes. Raises DataError for what are no names, or a name that stands twice."""
    classes = _text(classes, f"{where}: classes")
    names = tuple(map(str, classes)) if classes.ndim == 1 else ()
    if not names or len(set(names)) < len(names):
        raise DataError(f"{where}: classes must be the names of the classes, each once, not {classes!s:.80}")
    return names


def _text(array: NDArray[Any], where: str) -> NDArray[Any]:
    """The array, with text where it holds bytes. Raises DataError for bytes that are no text."""
    if array.dtype.kind != "S":
        return array
    try:
        return np.char.decode(array, "utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{where} must be text in UTF-8, and {error.object!r:.80} is not") from None


def labels_and_names(
    parts: dict[str, Array], names: tuple[str, ...] | None, where: str
) -> tuple[dict[str, Labels], tuple[str, ...], list[str]]:
    """Labels from 0 of each part, the names of the classes, and remarks on how labels were taken.

    parts: arrays by the names they have in the file, that of the training images first. Taken are whole numbers from 0
    or from 1, whole numbers written as floats, one-hot rows, and text. names: of the classes, None if not given. Raises
    DataError for anything else.
    """
    first = next(iter(parts))
    if parts[first].dtype.kind in "US":
        return _from_text(parts, names, where)
    _refuse_mixed(parts, where)
    remarks = [f"labels are one-hot: each row of {first} has its 1 at its class"] if _is_table(parts[first]) else []
    numbers = {name: _whole(labels, f"{where}: {name}") for name, labels in parts.items()}
    lowest = min((int(labels.min()) for labels in numbers.values() if labels.size), default=0)
    highs = {name: int(labels.max(initial=0)) for name, labels in numbers.items()}
    most, highest = max(highs.items(), key=lambda pair: pair[1])
    count = len(numbers[first])
    if highest > max(count, 1):
        raise DataError(
            f"{where}: {most} goes up to {highest}, but {'' if most == first else f'{first} '}has {count} labels only; "
            "number the classes from 0, for example with numpy.unique(labels, return_inverse=True)"
        )
    shifted = lowest == 1 and len(names or range(highest)) == highest and not _is_table(parts[first])
    if shifted and len(np.unique(numbers[first])) == highest:
        numbers = {name: labels - 1 for name, labels in numbers.items()}
        remarks.append(f"labels are 1 to {highest}, so class 1 is the first one")
        return numbers, names or tuple(str(number) for number in range(1, highest + 1)), remarks
    if names is None and not _is_table(parts[first]):
        _refuse_gaps(numbers[first], f"{where}: {first}")
    return numbers, names or tuple(map(str, range(_width(parts[first]) or _classes(numbers[first])))), remarks


def _refuse_mixed(parts: dict[str, Array], where: str) -> None:
    """Raises DataError if some labels are rows, where the first class is 0, and others are numbers that seem to start
    at 1."""
    rows = [name for name, labels in parts.items() if _is_table(labels)]
    for name, labels in parts.items():
        if rows and name not in rows and labels.size and labels.dtype.kind in "iuf" and labels.min() == 1:
            raise DataError(
                f"{where}: {rows[0]} is one-hot, with classes from 0, and {name} has numbers from 1, which may mean "
                "classes from 1; give both in the same form"
            )


def _refuse_gaps(labels: Labels, where: str) -> None:
    """Raises DataError if there is a number between 0 and the largest that no label has."""
    there = set(labels.tolist())
    gap = next((number for number in range(_classes(labels)) if number not in there), None)
    if gap is not None and there and min(there) >= 0:
        raise DataError(
            f"{where} goes up to {max(there)}, but has no {gap}; number the classes from 0 without gaps, for example "
            "with numpy.unique(labels, return_inverse=True)"
        )


def _classes(labels: Labels) -> int:
    return int(labels.max(initial=0)) + 1


def _width(labels: Array) -> int:
    return labels.shape[1] if _is_table(labels) else 0


def _is_table(labels: Array) -> bool:
    return labels.ndim == 2 and labels.shape[1] > 1


def _from_text(
    parts: dict[str, Array], names: tuple[str, ...] | None, where: str
) -> tuple[dict[str, Labels], tuple[str, ...], list[str]]:
    """Labels that are the names of their classes."""
    read = {name: _text(one, f"{where}: {name}") for name, one in parts.items()}
    read = {name: one[:, 0] if one.ndim == 2 and one.shape[1] == 1 else one for name, one in read.items()}
    first = next(iter(read))
    if any(one.ndim != 1 or one.dtype.kind != "U" for one in read.values()):
        raise DataError(f"{where}: labels must be one name or number for each image, in all parts alike")
    known = names or tuple(map(str, np.unique(read[first])))
    places = {name: number for number, name in enumerate(known)}
    for name, one in read.items():
        if unknown := sorted(set(map(str, one)) - set(known)):
            whose = "classes" if names else first
            raise DataError(f"{where}: {name} has the label '{unknown[0]}', which is not in {whose}; add it there")
    numbers = {name: np.array([places[str(label)] for label in one], np.int64) for name, one in read.items()}
    return numbers, known, []


def _whole(labels: Array, where: str) -> Labels:
    """Whole numbers of the shape (count,)."""
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    numeric = labels.dtype.kind in "biuf"
    if numeric and _is_table(labels):
        return _from_rows(labels, where)
    whole = numeric and (labels.dtype.kind != "f" or bool(np.isfinite(labels).all() and (labels % 1 == 0).all()))
    if labels.ndim != 1 or not whole:
        raise DataError(
            f"{where} must be whole numbers of the shape (count,) or (count, 1), or one-hot rows (count, classes), "
            f"not {labels.dtype} {labels.shape}{_but(labels)}"
        )
    if labels.size and float(labels.max()) > HIGHEST:
        raise DataError(f"{where} goes up to {labels.max()}; number the classes from 0")
    return labels.astype(np.int64)


def _but(labels: Array) -> str:
    """What stands in the way of labels that are floats, in words."""
    if labels.ndim != 1 or labels.dtype.kind != "f" or not labels.size:
        return ""
    odd = labels[~(np.isfinite(labels) & (labels % 1 == 0))]
    return f" such as {odd[0]}" if len(odd) else ""


def _from_rows(rows: Array, where: str) -> Labels:
    """The place of the 1 in each row. Raises DataError if a row is not one 1 and else 0."""
    marked = rows == 1
    wrong = np.flatnonzero((marked.sum(axis=1) != 1) | ((rows != 0) & ~marked).any(axis=1))
    if len(wrong):
        raise DataError(
            f"{where} has several columns, and row {wrong[0]} is not one-hot (one 1, else 0): "
            f"{rows[wrong[0]]!s:.60}; an image has one class here, such as that of the largest: labels.argmax(axis=1)"
        )
    found: Labels = marked.argmax(axis=1).astype(np.int64)
    return found
