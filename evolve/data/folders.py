"""Folders of images: one sub-folder per class, or one per part, such as `train` and `test`, with those inside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evolve.data.datasets import Dataset, from_parts
from evolve.data.image_files import Aside, holds_images, image_files, loose_images, sub_folders
from evolve.data.pictures import read_image
from evolve.data.pixels import HALF
from evolve.data.reading import Looks, check_room, counted, looks_of, one_depth, read_all
from evolve.errors import DataError
from evolve.values import Counter

_Images = tuple[NDArray[Any], NDArray[np.int64]]

PART_NAMES = {
    "train": ("train", "training", "trn"),
    "test": ("test", "testing", "tst"),
    "validation": ("validation", "val", "valid", "validate", "validating", "dev", "development"),
}
FILLING = ("set", "data", "images", "part", "split")  # in the name of a part, beside those
EMPTY = "folder without images", "folders without images"


@dataclass(frozen=True)
class _Files:
    """Files of one part with their labels."""

    paths: list[Path]
    labels: list[int]


def load_folder(folder: Path, size: int | None, colour: str | None, count: Counter, scratch: Path | None) -> Dataset:
    """The images below `folder`, their classes named by the sub-folders they lie in.

    size: pixels a side to resize to (the middle square of each image); None if all have one size already.
    colour: "grey" or "colour"; None for what they are: grey only if all are grey. scratch: a folder for images that
    need not fit into memory; None to have them in memory.

    Raises DataError for folders without classes, files that cannot be read (by name), and images of several sizes or
    depths.
    """
    places, aside = _parts(folder), Aside()
    names = _classes(places["train"])
    files = {part: found for part, place in places.items() if (found := _files(place, names, aside)).paths}
    for place in dict.fromkeys([folder, *places.values()]):
        aside.add("image that lies in no class", "images that lie in no class", loose_images(place, aside))
    if folder not in places.values():
        aside.add(*EMPTY, len(set(sub_folders(folder)) - set(places.values())))
    every = [path for one in files.values() for path in one.paths]
    looks = looks_of(every)
    if size is None:
        check_room(looks)
    grey = colour == "grey" or (colour is None and all(look.grey for look in looks))
    depth = one_depth(looks)
    shape = (size, size) if size else None
    images = read_all(every, partial(read_image, size=shape, grey=grey), count, scratch)
    parts: dict[str, _Images] = {}
    begin = 0
    for part, one in files.items():
        parts[part] = (images[begin : begin + len(one.paths)], np.array(one.labels, np.int64))
        begin += len(one.paths)
    remarks = [*aside.remarks(), *_odd_classes(places["train"]), *_remarks(places, parts, looks)]
    named = {part: tuple(path.relative_to(folder).as_posix() for path in one.paths) for part, one in files.items()}
    return from_parts(folder.resolve().name, parts, names, depth, remarks, named)


def part_of(name: str) -> str | None:
    """The part that a folder of that name holds, in any case and with a filling word: `Test`, `val_set`."""
    words = [word for word in re.findall("[a-z]+", name.lower()) if word not in FILLING]
    if len(words) != 1 or any(letter.isdecimal() for letter in name):
        return None
    return next((part for part, called in PART_NAMES.items() if words[0].removesuffix("set") in called), None)


def _parts(folder: Path) -> dict[str, Path]:
    """The folders of the parts that have one of their own; the whole as "train" where there are only classes."""
    holding = [place for place in sub_folders(folder) if holds_images(place)]
    named = {place: part for place in holding if (part := part_of(place.name))}
    others = [place for place in holding if place not in named]
    if not named:
        _refuse_likely_parts(holding, folder)
        return {"train": folder}
    if others:
        if len(set(named.values())) == 1 and all(_is_class(place, others) for place in named):
            return {"train": folder}
        if len(set(named.values())) > 1:
            names = " and ".join(f"'{place.name}'" for place in named)
            raise DataError(
                f"dataset {folder}: '{others[0].name}' lies beside the parts {names}; move '{others[0].name}' away, "
                "or, if all of them are classes, put them into one folder called 'train'"
            )
        raise DataError(
            f"dataset {folder}: '{next(iter(named)).name}' looks like a part, but beside it is '{others[0].name}'; "
            "put all classes into folders 'train' and 'test', or side by side to have a test part split off"
        )
    found: dict[str, Path] = {}
    for place, part in named.items():
        if part in found:
            raise DataError(
                f"dataset {folder}: '{found[part].name}' and '{place.name}' are both for {part}; keep one of them"
            )
        found[part] = place
    if "train" not in found:
        raise DataError(
            f"dataset {folder}: there is '{next(iter(named)).name}', but no folder 'train' beside it; "
            "add one with the images to train on, or give the folder whose sub-folders are the classes"
        )
    return {part: found[part] for part in PART_NAMES if part in found}


def _is_class(place: Path, others: list[Path]) -> bool:
    """Whether a folder that is called as a part is, beside these others, a class. It is one if it holds images itself,
    or folders called otherwise than those beside it, where it holds one only or several are beside it."""
    inside = [path.name for path in sub_folders(place) if holds_images(path)]
    own = set(inside).isdisjoint(one.name for one in others)
    return loose_images(place) > 0 or (own and (len(inside) < 2 or len(others) > 1))


def _refuse_likely_parts(holding: list[Path], folder: Path) -> None:
    """Raises DataError if folders that are no part by their names, such as `seg_train` and `seg_test`, look like it."""
    words = [set(re.findall("[a-z]+", place.name.lower())) for place in holding]
    parts = [{part for part, called in PART_NAMES.items() if found & set(called)} for found in words]
    if len(holding) > 1 and all(parts) and "train" in set().union(*parts) and len(set().union(*parts)) > 1:
        raise DataError(
            f"dataset {folder}: '{holding[0].name}' and '{holding[1].name}' look like parts and not like classes; "
            "call them 'train', 'validation' and 'test', each with one sub-folder per class"
        )


def _classes(folder: Path) -> tuple[str, ...]:
    holding = [path for path in sub_folders(folder) if holds_images(path)]
    if len(holding) >= 2:
        return tuple(path.name for path in holding)
    loose = loose_images(folder)
    found = f"found {'one: ' + holding[0].name if holding else 'none'}" + (
        f"; images beside the folders: {loose}" if loose else ""
    )
    inside = holding and len([path for path in sub_folders(holding[0]) if holds_images(path)]) > 1
    raise DataError(
        f"dataset {folder}: needs at least two sub-folders with images, one for each class; {found}. "
        + (
            f"Did you mean {holding[0]}?"
            if inside
            else "Images are files that end in .png, .jpg or another ending that Pillow reads"
        )
    )


def _files(folder: Path, names: tuple[str, ...], aside: Aside) -> _Files:
    places, paths, labels = {name: number for number, name in enumerate(names)}, [], []
    for place in sub_folders(folder):
        found = image_files(place, aside)
        if not found:
            aside.add(*EMPTY)
            continue
        if place.name not in places:
            raise DataError(f"dataset {folder}: class '{place.name}' has no training images; add some, or move it away")
        paths += found
        labels += [places[place.name]] * len(found)
    return _Files(paths, labels)


def _odd_classes(folder: Path) -> Iterator[str]:
    """What is to be said of classes that look like parts, or that hold what looks like parts."""
    holding = [place for place in sub_folders(folder) if holds_images(place)]
    inside = {place.name: [path.name for path in sub_folders(place) if holds_images(path)] for place in holding}
    first = holding[0].name
    alike = all(names == inside[first] for names in inside.values())
    if alike and len(inside[first]) > 1 and not any(loose_images(place) for place in holding):
        yield f"all classes hold the same folders ({_listed(inside[first])}), and what is below '{first}' is one class"
        return
    for name, names in inside.items():
        if len({part_of(one) for one in names} - {None}) > 1:
            yield f"class '{name}' holds {_listed(names)}, and all of it is one class, to be trained and tested on"
        elif names and part_of(name):
            yield f"'{name}' is taken as a class and not as a part, with all that is below it ({_listed(names)})"


def _listed(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def _remarks(places: dict[str, Path], parts: dict[str, _Images], looks: Looks) -> Iterator[str]:
    """What is to be said of how a folder was read. Raises DataError if too little is left of deep colours."""
    if "validation" in parts:
        split = "" if "test" in parts else "; there is no folder for the test part, so a fifth of train is split off"
        yield f"'{places['validation'].name}' is the validation part{split}"
    if any(look.cut for look in looks):
        path, count = _together(looks, lambda look: look.cut)
        if parts["train"][0].max(initial=0) <= HALF:
            raise DataError(
                f"{path} holds colours of more than 8 bits, of which Pillow reads the upper 8, and these use the lower "
                "ones; save them with 8 bits a colour, or put them into an .npz file"
            )
        yield f"colours of more than 8 bits are read by their upper 8: {counted(count)}, such as {path}"
    if any(look.several for look in looks):
        path, count = _together(looks, lambda look: look.several)
        yield f"of files with several pictures the first one is taken: {counted(count)}, such as {path}"


def _together(looks: Looks, which: Any) -> tuple[Path, int]:
    """A path of those that look so, and how many there are."""
    found = [value for look, value in looks.items() if which(look)]
    return found[0][0], sum(count for _, count in found)
