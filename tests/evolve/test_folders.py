"""Folders of images."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from evolve.config import RunConfig
from evolve.data.folders import part_of
from evolve.data.image_files import image_files
from evolve.data.pictures import look_at, read_image
from evolve.data.sources import Source, load
from evolve.display.console import make_console
from evolve.engine.opening import new_problem
from evolve.errors import DataError


def picture(path: Path, size: tuple[int, int] = (12, 10), mode: str = "RGB", value: int = 100) -> Path:
    """An image file; size is (width, height)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(value).integers(0, 256, (size[1], size[0], 3)).astype(np.uint8)
    Image.fromarray(noise).convert(mode).save(path)
    return path


def pets(folder: Path, count: int = 12, **settings: Any) -> Path:
    for name in ("cat", "dog", "owl"):
        for number in range(count):
            picture(folder / name / f"{number:02}.png", value=number, **settings)
    return folder


def test_sub_folders_are_classes(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    data = load(Source(str(pets(tmp_path / "pets"))), lambda what, done, total: seen.append((what, done, total)))
    assert data.name == "pets"
    assert data.class_names == ("cat", "dog", "owl")
    assert data.images.shape == (36, 10, 12, 3)
    assert list(np.bincount(data.labels)) == [12, 12, 12]
    assert data.test_images is None
    assert seen[-1] == ("images", 36, 36)
    with Image.open(tmp_path / "pets" / "dog" / "03.png") as opened:
        assert np.array_equal(data.images[15], np.asarray(opened))


def test_a_test_folder_is_the_test_part(tmp_path: Path) -> None:
    pets(tmp_path / "train")
    pets(tmp_path / "test", count=4)
    data = load(Source(str(tmp_path)))
    assert data.test_images is not None
    assert data.test_labels is not None
    assert (len(data.images), len(data.test_images)) == (36, 12)
    assert list(np.bincount(data.test_labels)) == [4, 4, 4]


@pytest.mark.parametrize(
    ("name", "part"),
    [
        *((name, "train") for name in ("train", "Train", "TRAINING", "training_set", "trainset", "train-images")),
        *((name, "test") for name in ("test", "Testing", "test set", "TestSet")),
        *((name, "validation") for name in ("val", "Valid", "validation", "DEV", "val_data", "validation-split")),
        *((name, None) for name in ("trains", "invalid", "test tube", "cat", "data", "", "train2017", "contest")),
    ],
)
def test_parts_are_known_by_their_usual_names(name: str, part: str | None) -> None:
    assert part_of(name) == part


def test_a_validation_folder_is_the_validation_part(tmp_path: Path) -> None:
    for name, count in (("Training", 20), ("dev", 3), ("TEST", 4)):
        pets(tmp_path / name, count)
    data = load(Source(str(tmp_path)))
    assert data.test_images is not None
    assert data.validation_images is not None
    assert (len(data.images), len(data.test_images), len(data.validation_images)) == (60, 12, 9)
    assert data.remarks == ("'dev' is the validation part",)


def test_a_validation_folder_without_a_test_folder_says_what_is_split_off(tmp_path: Path) -> None:
    pets(tmp_path / "train")
    pets(tmp_path / "val", count=4)
    data = load(Source(str(tmp_path)))
    assert data.test_images is None
    assert data.validation_images is not None
    assert "there is no folder for the test part, so a fifth of train is split off" in data.remarks[0]


def test_a_test_folder_without_classes_is_left_aside(tmp_path: Path) -> None:
    pets(tmp_path / "train")
    for number in range(4):
        picture(tmp_path / "test" / f"{number}.png")
    data = load(Source(str(tmp_path)))
    assert data.test_images is None
    assert data.remarks == ("left aside: 4 images that lie in no class",)


@pytest.mark.parametrize("name", ["train", "valid"])
def test_a_class_may_be_called_as_a_part_is(name: str, tmp_path: Path) -> None:
    for number in range(12):
        picture(tmp_path / "one" / name / f"{number}.png", value=number)
        picture(tmp_path / "one" / "invalid" / f"{number}.png", value=50 + number)
    assert load(Source(str(tmp_path / "one"))).class_names == ("invalid", name)
    (tmp_path / "one").rename(tmp_path / "train")
    assert load(Source(str(tmp_path))).class_names == ("invalid", name)


@pytest.mark.parametrize(
    ("inside", "others"), [(("steam", "diesel"), ("bus", "car")), (("steam",), ("bus",))], ids=["two", "one"]
)
def test_a_class_called_as_a_part_may_hold_folders(
    inside: tuple[str, ...], others: tuple[str, ...], tmp_path: Path
) -> None:
    for number in range(12):
        for name in (*(f"train/{kind}" for kind in inside), *others):
            picture(tmp_path / name / f"{number}.png", value=number)
    data = load(Source(str(tmp_path)))
    assert data.class_names == (*others, "train")
    assert list(np.bincount(data.labels)) == [12] * len(others) + [12 * len(inside)]
    listed = ", ".join(sorted(inside))
    assert data.remarks == (f"'train' is taken as a class and not as a part, with all that is below it ({listed})",)


def test_a_class_that_holds_parts_is_said(tmp_path: Path) -> None:
    folder = pets(tmp_path)
    for part in ("train", "test"):
        picture(folder / "cat" / part / "a.png")
    data = load(Source(str(folder)))
    assert data.remarks == ("class 'cat' holds test, train, and all of it is one class, to be trained and tested on",)


def test_classes_that_hold_the_same_folders_are_said(tmp_path: Path) -> None:
    for name in ("first", "second"):
        pets(tmp_path / name)
    data = load(Source(str(tmp_path)))
    assert data.class_names == ("first", "second")
    assert data.remarks == (
        "all classes hold the same folders (cat, dog, owl), and what is below 'first' is one class",
    )


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text elsewhere")
def test_a_class_whose_name_is_no_text_is_refused(tmp_path: Path) -> None:
    pets(tmp_path)
    (tmp_path / "owl").rename(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    with pytest.raises(DataError, match=r"the name of class 'caf.udce9' is not text in UTF-8; rename it"):
        load(Source(str(tmp_path)))


def test_links_are_followed_and_never_in_circles(tmp_path: Path) -> None:
    elsewhere = pets(tmp_path / "elsewhere")
    folder = tmp_path / "linked"
    (folder / "cat").mkdir(parents=True)
    (folder / "dog").symlink_to(elsewhere / "dog")
    (folder / "cat" / "first").symlink_to(elsewhere / "cat")
    (elsewhere / "cat" / "back").symlink_to(folder / "cat")
    data = load(Source(str(folder)))
    assert list(np.bincount(data.labels)) == [12, 12]
    assert len(image_files(folder)) == 24


def test_formats_that_pillow_reads_are_read(tmp_path: Path) -> None:
    folder = pets(tmp_path)
    for ending in ("jfif", "JPE", "webp", "tga", "pcx", "ppm", "qoi", "jp2", "ico"):
        if ending != "qoi":  # which Pillow only reads
            picture(folder / "cat" / f"of-a-kind.{ending}")
    data = load(Source(str(folder), image_size=8))
    assert len(data.images) == 36 + 8
    assert data.remarks == ()


def test_train_alone_has_a_test_part_split_off_later(tmp_path: Path) -> None:
    pets(tmp_path / "train")
    assert load(Source(str(tmp_path))).test_images is None


def test_images_are_resized_and_made_grey_on_request(tmp_path: Path) -> None:
    folder = pets(tmp_path)
    picture(folder / "cat" / "large.jpg", (90, 40))
    data = load(Source(str(folder), image_size=16, colour="grey"))
    assert data.images.shape == (37, 16, 16, 1)
    assert load(Source(str(folder), image_size=16)).images.shape == (37, 16, 16, 3)


def test_grey_images_stay_grey_unless_colour_is_wanted(tmp_path: Path) -> None:
    folder = pets(tmp_path, mode="L")
    assert load(Source(str(folder))).images.shape[-1] == 1
    assert load(Source(str(folder), colour="colour")).images.shape[-1] == 3
    picture(folder / "owl" / "one-in-colour.png")
    assert load(Source(str(folder))).images.shape[-1] == 3


def test_transparency_turns_white_and_cameras_are_turned(tmp_path: Path) -> None:
    Image.new("RGBA", (6, 6), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    assert (read_image(tmp_path / "clear.png", None, grey=False) == 255).all()
    exif = Image.Exif()
    exif[0x0112] = 6  # held upright
    Image.new("RGB", (8, 4)).save(tmp_path / "turned.jpg", exif=exif)
    assert read_image(tmp_path / "turned.jpg", None, grey=False).shape == (8, 4, 3)


def test_the_middle_is_kept_where_the_shape_does_not_fit(tmp_path: Path) -> None:
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, 10:20] = 250
    Image.fromarray(wide).save(tmp_path / "wide.png")
    assert (read_image(tmp_path / "wide.png", (10, 10), grey=True) == 250).all()


def test_other_files_and_hidden_ones_are_let_lie(tmp_path: Path) -> None:
    folder = pets(tmp_path)
    (folder / "cat" / "notes.txt").write_text("a cat")
    (folder / "cat" / "._00.png").write_bytes(b"what a Mac leaves behind")
    (folder / ".git").mkdir()
    (folder / "empty").mkdir()
    (folder / "labels.csv").write_text("cat")
    picture(folder / "stray.png")
    picture(folder / "dog" / ".ipynb_checkpoints" / "00-checkpoint.png")
    (folder / "owl" / "folder.png").mkdir()
    for number in range(3):
        (folder / "owl" / f"{number}.HEIC").write_bytes(b"of a phone")
    data = load(Source(str(folder)))
    assert (data.class_names, len(data.images)) == (("cat", "dog", "owl"), 36)
    [remark] = data.remarks
    assert remark.startswith("left aside: 3 files that end in .heic, ")
    for said in (
        "1 file that ends in .txt",
        "1 file that ends in .csv",
        "1 hidden file",
        "2 hidden folders",
        "1 folder without images",
        "1 image that lies in no class",
    ):
        assert said in remark


def test_images_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    folder = pets(tmp_path)
    whole = (folder / "dog" / "05.png").read_bytes()
    (folder / "dog" / "05.png").write_bytes(whole[: len(whole) // 2])
    (folder / "owl" / "07.png").write_bytes(b"no image at all")
    with pytest.raises(DataError) as error:
        load(Source(str(folder)))
    assert "2 images cannot be read; repair or remove" in str(error.value)
    assert str(Path("dog", "05.png")) in str(error.value)
    assert str(Path("owl", "07.png")) in str(error.value)


def test_many_broken_images_do_not_flood_the_message(tmp_path: Path) -> None:
    folder = pets(tmp_path)
    for path in (folder / "cat").iterdir():
        path.write_bytes(b"broken")
    with pytest.raises(DataError, match=r"12 images cannot be read; .* and 7 more$"):
        load(Source(str(folder)))


def several_sizes(folder: Path) -> None:
    picture(pets(folder) / "cat" / "other.png", (20, 20))


def one_class(folder: Path) -> None:
    picture(folder / "cat" / "a.png")


def loose_images(folder: Path) -> None:
    picture(folder / "a.png")


def few_images(folder: Path) -> None:
    pets(folder, count=12)
    for number in range(5):
        (folder / "dog" / f"{number:02}.png").unlink()


def class_of_the_test_folder_only(folder: Path) -> None:
    pets(folder / "train")
    picture(folder / "test" / "cow" / "a.png")


def mixed_depths(folder: Path) -> None:
    pets(folder, mode="L")
    Image.fromarray(np.zeros((10, 12), np.uint16)).save(folder / "cat" / "deep.png")


def stray_class(folder: Path) -> None:
    pets(folder / "train")
    picture(folder / "cow" / "a.png")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (several_sizes, "the images have 2 sizes: most are 12x10"),
        (several_sizes, "is 20x20; resize them all with --image-size 32"),
        (one_class, "needs at least two sub-folders with images, one for each class; found one: cat"),
        (loose_images, "found none; images beside the folders: 1"),
        (lambda folder: None, "needs at least two sub-folders with images"),
        (few_images, "class 'dog' has 7 images, at least 10 are needed"),
        (class_of_the_test_folder_only, "class 'cow' has no training images"),
        (stray_class, "'train' looks like a part, but beside it is 'cow'; put all classes into folders 'train' and"),
        (
            lambda folder: [pets(folder / "train"), pets(folder / "test"), one_class(folder / "predictions")],
            "'predictions' lies beside the parts 'test' and 'train'; move 'predictions' away, or, if all of them are",
        ),
        (lambda folder: pets(folder / "archive"), "found one: archive. Did you mean"),
        (lambda folder: [pets(folder / name) for name in ("seg_train", "seg_test")], "'seg_test' and 'seg_train' look"),
        (lambda folder: [pets(folder / name) for name in ("train2017", "val2017")], "look like parts and not like"),
        (lambda folder: [pets(folder / name) for name in ("val", "test")], "but no folder 'train' beside it"),
        (lambda folder: [pets(folder / name) for name in ("train", "Training")], "are both for train; keep one"),
        (lambda folder: [pets(folder / "test"), pets(folder)], "'test' looks like a part, but beside it is 'cat'"),
        (lambda folder: [pets(folder), picture(folder / "test" / "cat" / "a.png")], "'test' looks like a part, but"),
        (mixed_depths, "the images have 2 depths: most hold 8 bits a pixel, "),
    ],
)
def test_folders_that_cannot_be_used_say_why(make: Any, message: str, tmp_path: Path) -> None:
    make(tmp_path)
    with pytest.raises(DataError) as error:
        load(Source(str(tmp_path)))
    assert message in str(error.value)


def test_several_sizes_are_said_before_room_is_made_for_the_images(tmp_path: Path) -> None:
    several_sizes(tmp_path / "pets")
    (tmp_path / "scratch").mkdir()
    with pytest.raises(DataError, match=r"the images have 2 sizes: most are 12x10, .*other\.png is 20x20; resize them"):
        load(Source(str(tmp_path / "pets")), scratch=tmp_path / "scratch")
    assert not list((tmp_path / "scratch").iterdir())


def test_photos_turned_by_their_cameras_are_of_one_size(tmp_path: Path) -> None:
    folder = pets(tmp_path)
    exif = Image.Exif()
    exif[0x0112] = 6  # held upright
    Image.new("RGB", (10, 12)).save(folder / "cat" / "turned.jpg", exif=exif)
    assert look_at(folder / "cat" / "turned.jpg").size == (10, 12)
    assert load(Source(str(folder))).images.shape == (37, 10, 12, 3)


def test_sizes_and_colours_are_for_folders(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="image_size and colour are for folders of images, and 'digits' is none"):
        load(Source("digits", image_size=16))


def test_a_run_says_what_is_left_aside_and_what_is_odd(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = pets(tmp_path / "pets")
    for number in range(3):
        (folder / "cat" / f"{number}.heic").write_bytes(b"of a phone")
        Image.new("RGB", (12, 10)).save(folder / "owl" / f"black-{number}.png")
    settings = {"dataset": str(folder), "results": str(tmp_path / "results"), "generations": 1}
    new_problem(RunConfig.checked(settings), make_console(True))
    said = capsys.readouterr().out
    assert "left aside: 3 files that end in .heic\n" in said
    assert "3 of 39 images show one even colour and nothing else\n" in said


@pytest.mark.parametrize(
    ("rare", "metric", "told"), [(12, "accuracy", 1), (12, "balanced_accuracy", 0), (60, "accuracy", 0)]
)
def test_uneven_classes_are_told_with_what_helps(
    rare: int, metric: str, told: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = np.random.default_rng(3).integers(0, 255, (300 + rare, 8, 8, 3)).astype(np.uint8)
    np.savez(tmp_path / "uneven.npz", x_train=images, y_train=np.array([0] * 300 + [1] * rare))
    settings = {"dataset": str(tmp_path / "uneven.npz"), "results": str(tmp_path / "results"), "metric": metric}
    new_problem(RunConfig.checked(settings), make_console(True))
    assert capsys.readouterr().out.count("classes are uneven: of ") == told
