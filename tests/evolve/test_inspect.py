"""Looking into trained models: an evolved graph with a merge on a folder of colour images, where one corner decides."""

from __future__ import annotations

import json
import re
import shutil
from base64 import b64decode
from collections import Counter
from html.parser import HTMLParser
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import DATA, changed, command, stops
from PIL import Image
from rich.console import Console

import evolve
from evolve.data.splits import names_in, open_part
from evolve.display.console import Silent
from evolve.engine.opening import image_problem_of
from evolve.errors import DataError, RunError
from evolve.execution.builds import backend_name
from evolve.models.layer_choice import looking_places, meeting_points
from evolve.reporting.inspection_page import inspection_page, inspection_section
from evolve.reporting.model_text import predictions, predictions_json
from evolve.runs.find import find
from evolve.storage.store import Store

pytest.importorskip(backend_name())

HOSTILE, PLAIN = 'lit <b onload="x">&', "dark"
GRAPH = "a: conv 8 3 < image, b: relu < a, c: conv 8 3 < b, d: relu < a + c, out < d | flatten | adam 0.01, batch 32"
RUN = (
    "--encoding",
    "graph",
    "--evaluations",
    "2",
    "--population",
    "2",
    "--epochs",
    "2",
    "--founder",
    GRAPH,
    "--config",
    "few.toml",
)
CORNER = 4  # pixels a side


def pictures(folder: Path, count: int, seed: int) -> Path:
    """Noise in colour, 12 x 12, of which the upper left corner is bright or not."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        pixels = rng.integers(0, 200, (12, 12, 3))
        bright = number % 2 == 0
        pixels[:CORNER, :CORNER] = rng.integers(200, 255, 3) if bright else rng.integers(0, 60, 3)
        path = folder / (HOSTILE if bright else PLAIN) / f"<i>{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(path)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("inspected")
    (made / "few.toml").write_text("leaders = 1\nrescorings = 1\naverage_weights = false\n")
    pictures(made / "corners", 300, 0)
    arguments = ("--dataset", made / "corners", *RUN, "--final-epochs", "12", "--name", "corners")
    done = command("run", *arguments, cwd=made)
    assert done.returncode == 0, done.stdout + done.stderr
    return made


def first_of(run: str, results: Path) -> evolve.Inspection:
    """Candidate 1, on the test part; which candidate is best, and so trained in full, is up to the machine."""
    if not find(run, results).model_path(1).exists():
        evolve.train(run, 1, results=results, progress=False)
    return evolve.inspect(run, 1, results=results, progress=False)


@pytest.fixture(scope="module")
def found(folder: Path) -> evolve.Inspection:
    """What is found in a candidate whose graph has a merge."""
    return first_of("corners", folder / "results")


@pytest.fixture(scope="module")
def fresh(folder: Path) -> Path:
    """Images that no run has seen; one of them lies in the folder of the other class, and one in no class."""
    made = pictures(folder / "fresh", 60, 1)
    shutil.move(made / HOSTILE / "<i>4.png", made / PLAIN / "wrong.png")
    (made / "beside").mkdir()
    shutil.copy(made / PLAIN / "wrong.png", made / "beside" / "other.png")
    return made


@pytest.fixture(scope="module")
def of_folder(folder: Path, found: evolve.Inspection, fresh: Path) -> evolve.Inspection:
    return evolve.inspect("corners", 1, images=fresh, results=folder / "results", progress=False)


def test_the_test_part_is_looked_at_on_record_and_its_images_have_names(folder: Path, found: evolve.Inspection) -> None:
    run = find("corners", folder / "results")
    assert found.source.part == "test" and found.source.seen is False and not found.source.unnamed
    assert {"candidate": 1, "part": "test"} in [act.detail for act in run.acts if act.kind == "inspected"]
    trained = sum(request.purpose.value in ("final", "train") for request in run.requests)
    assert found.source.openings == trained + 1
    assert found.seen.accuracy.count == 60
    training = run.full_training(1)
    assert training and training[1].measures["accuracy"] == pytest.approx(found.seen.accuracy.share, abs=1 / 60)
    parts = image_problem_of(run, Silent(), scoring=False).parts
    images, labels = open_part(parts.test_folder, "test")
    names = names_in(parts.test_folder, "test")
    for image, label, name in zip(images, labels, names, strict=True):
        assert name.startswith(f"{parts.class_names[label]}/")
        np.testing.assert_array_equal(np.asarray(Image.open(folder / "corners" / name)), image)
    assert all(look.name in names for look in (*found.seen.looks, *found.seen.mistakes))


def test_it_looks_where_the_answer_is(folder: Path, found: evolve.Inspection) -> None:
    """The corner is a ninth of the image; the hottest fifth, which is little more, covers most of it."""
    from evolve.models.grad_cam import hottest
    from evolve.models.inspecting_process import cut_at
    from evolve.training.backends import probabilities

    run = find("corners", folder / "results")
    spec, model = run.network(1), run.model(1)
    assert spec is not None
    parts = image_problem_of(run, Silent(), scoring=False).parts
    images = np.asarray(open_part(parts.folder, "selection")[0])
    said = probabilities(model, images).argmax(axis=1)
    hot = hottest(cut_at(model, spec, looking_places(spec)).heat(images, said))
    assert hot.sum(axis=(1, 2)).tolist() == [29] * len(images)
    bright = said == parts.class_names.index(HOSTILE)
    assert hot[bright, :CORNER, :CORNER].mean() > 0.8
    inside = [spec.nodes[at] for at in set(range(len(spec.nodes))) - set(meeting_points(spec))]
    assert {node.op for node in inside} == {"activation", "convolution"}, "the branch that the merge goes around"
    with pytest.raises(ValueError):
        cut_at(model, spec, [inside[0]])


def test_counts_are_those_of_predictions_and_a_wrong_label_is_named(
    folder: Path, fresh: Path, of_folder: evolve.Inspection
) -> None:
    said = evolve.predict("corners:1", fresh, results=folder / "results", progress=False)
    by_hand = Counter((one.image.parent.name, one.ranked[0][0]) for one in said if one.image.parent.name != "beside")
    seen = of_folder.seen
    names = [one.name for one in seen.classes]
    counted = {
        (truth, taken): count
        for truth, row in zip(names, seen.confusion, strict=True)
        for taken, count in zip(names, row, strict=True)
        if count
    }
    assert counted == by_hand
    assert seen.accuracy.right == sum(by_hand[name, name] for name in names)
    for one in seen.classes:
        taken = sum(count for (_, other), count in by_hand.items() if other == one.name)
        images = sum(count for (truth, _), count in by_hand.items() if truth == one.name)
        assert one.images == images
        assert one.recall == pytest.approx(by_hand[one.name, one.name] / images)
        assert one.precision == pytest.approx(by_hand[one.name, one.name] / taken)
    assert f"{PLAIN}/wrong.png" in [look.name for look in seen.mistakes if look.doubtful]
    assert "left aside: 1 folder that is called as no class" in of_folder.source.remarks
    told = predictions_json(said)
    worth = told["recognised"]
    assert worth["accuracy"]["right"] == seen.accuracy.right and worth["unlabelled"] == 1
    assert worth["confused"][0]["images"] == seen.confused[0].images
    assert {one["truth"] for one in told["images"]} == {*names, None}
    text = StringIO()
    Console(file=text, width=200).print(predictions(said, 1))
    assert re.search(r"recognised: \d+\.\d\d% of 60 images \(95 % interval .* to .*\), by the folders", text.getvalue())
    assert "not counted: 1 image in no folder that is called as a class" in text.getvalue()
    assert "most confused" in text.getvalue()
    unlabelled = predictions_json([one for one in said if one.truth is None])
    assert unlabelled["recognised"] is None and unlabelled["images"][0]["truth"] is None


class Tags(HTMLParser):
    """What stands in a page."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.found: list[tuple[str, dict[str, Any]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ("img", "br", "meta", "rect", "circle", "line", "polyline"):
            self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("img", "br", "meta", "rect", "circle", "line", "polyline"):
            assert self.opened.pop() == tag


def test_the_page_is_whole_loads_nothing_and_escapes_what_comes_from_data(of_folder: evolve.Inspection) -> None:
    text = inspection_page(of_folder)
    page = Tags()
    page.feed(text)
    assert page.opened == []
    assert len(text) < 5_000_000
    assert "http" not in text and "//" not in re.sub(r"base64,[^\"]*", "", text)
    tags = {tag for tag, _ in page.found}
    assert not tags & {"script", "link", "iframe", "object", "i"}
    assert "&lt;b onload=&quot;x&quot;&gt;&amp;" in text and 'onload="x"' not in text
    pictures = [attributes for tag, attributes in page.found if tag == "img"]
    assert len(pictures) > 20
    for one in pictures:
        assert one["alt"] and one["src"].startswith("data:image/png;base64,")
        Image.open(BytesIO(b64decode(one["src"].partition(",")[2]))).verify()
    for words in ("confusion matrix", "Where it looks", "conv 8 3", "8 filters", "calibration", "wrong.png"):
        assert words in text, words


def test_layers_are_shown_from_the_first_to_the_last(found: evolve.Inspection) -> None:
    seen = found.seen
    [first] = seen.filters
    assert (first.of, len(first.pictures), first.trained) == (8, 8, True)
    png = Image.open(BytesIO(b64decode(first.pictures[0].png)))
    assert (png.size, png.mode) == ((3, 3), "RGB")
    shapes = [layer.shape for layer in seen.through.layers]
    assert 2 <= len(shapes) <= 8
    assert [shape[0] for shape in shapes] == sorted((shape[0] for shape in shapes), reverse=True)
    assert sum(value for _, value in seen.through.probabilities) == pytest.approx(1, abs=1e-4)
    spec_weights = sum(cost.parameters for cost in found.costs)
    assert spec_weights == 3 * 9 * 8 + 8 + 8 * 9 * 8 + 8 + 12 * 12 * 8 * 2 + 2
    assert {one.what for one in found.learned} == {"trained in full", "in the search"}
    assert len(found.learned[0].curve) >= 2
    told = found.to_json(pictures=False)
    assert '"png"' not in json.dumps(told) and json.loads(json.dumps(told))["seen"]["confusion"]
    assert inspection_section(found).startswith('<section class="inspect">')


def test_images_that_were_trained_on_are_said_to_be_so_and_leave_the_test_part_closed(
    folder: Path, found: evolve.Inspection
) -> None:
    before = find("corners", folder / "results").test_openings
    page = folder / "pages" / "inside.html"
    flags = ("--part", "selection", "--output", page, "--results", "results")
    done = command("inspect", "corners", "1", *flags, cwd=folder, COLUMNS="60")
    assert done.returncode == 0, done.stderr
    assert "on which the model was trained, too, so these figures flatter it" in " ".join(done.stdout.split())
    lines = done.stdout.splitlines()
    assert max(map(len, lines[1:-1])) <= 60 and lines[-1].endswith("inside.html")
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert find("corners", folder / "results").test_openings == before


@pytest.fixture
def copy(folder: Path, found: evolve.Inspection, tmp_path: Path) -> Path:
    """A copy of the run, below a folder of results of its own."""
    return Path(shutil.copytree(folder / "results", tmp_path / "results")) / "corners"


def test_without_a_trained_model_it_says_how_to_get_one(copy: Path) -> None:
    run = find(copy)
    other = next(number for number in run.candidates if not run.model_path(number).exists() and number != 1)
    done = command("inspect", "corners", str(other), cwd=copy.parent.parent)
    stops(done, f"candidate {other} of run 'corners' was not trained in full", f"evolve train corners {other}")
    changed(copy, "UPDATE act SET kind = 'stopped' WHERE kind = 'finished'")
    stops(
        command("inspect", "corners", cwd=copy.parent.parent), "no candidate of run 'corners' was trained in full yet"
    )
    stops(command("inspect", "corners", "77", cwd=copy.parent.parent), "has candidates 1 to ", "not 77")


def test_of_a_run_that_is_being_written_the_test_part_stays_closed(copy: Path) -> None:
    with Store.open(copy), pytest.raises(RunError, match=r"written down.*--part selection, or --images FOLDER"):
        evolve.inspect(copy, 1, progress=False)


def test_a_model_that_is_damaged_or_of_another_network_is_refused(copy: Path) -> None:
    import keras

    path = find(copy).model_path(1)
    path.write_bytes(b"no model")
    stops(command("inspect", copy, "1", cwd=copy.parent), "cannot be read as a .keras file", "evolve train")
    layers = [keras.Input((12, 12, 3)), keras.layers.Flatten(), keras.layers.Dense(2, activation="softmax")]
    keras.Sequential(layers).save(path)
    before = find(copy).test_openings
    with pytest.raises(RunError, match=r"is not that of the candidate: it has no layer '.*evolve train"):
        evolve.inspect(copy, 1, part="selection", progress=False)
    assert find(copy).test_openings == before


WRONG = [
    (["--images", "nowhere"], "images nowhere: there is no such folder"),
    (["--images", "results"], "needs a sub-folder with images for each class, called as the class is (dark, lit"),
    (["--images", "fresh", "--part", "test"], "give one of the two"),
    (["--part", "tests"], "part must be one of test, selection, validation, not 'tests'; did you mean 'test'?"),
    (["--output", "page.pdf"], "output must end in .html, not 'page.pdf'"),
]


@pytest.mark.parametrize(("flags", "message"), WRONG, ids=[" ".join(flags) for flags, _ in WRONG])
def test_a_mistake_ends_in_one_message(
    flags: list[str], message: str, folder: Path, found: evolve.Inspection, fresh: Path
) -> None:
    before = find("corners", folder / "results").test_openings
    stops(command("inspect", "corners", "1", *flags, cwd=folder), message)
    assert find("corners", folder / "results").test_openings == before


def test_an_image_that_cannot_be_read_is_named(folder: Path, found: evolve.Inspection, tmp_path: Path) -> None:
    (tmp_path / PLAIN).mkdir()
    (tmp_path / PLAIN / "broken.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"broken\.png cannot be read"):
        evolve.inspect("corners", 1, images=tmp_path, results=folder / "results", progress=False)


@pytest.mark.slow  # an adoption and a run; grey images without names are looked at below, too
def test_grey_images_and_a_model_that_was_adopted(tiny_npz: Path, tmp_path: Path) -> None:
    """An own model without a convolution in front of the flattening has no filters; what it began with is said."""
    import keras

    layers = [keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")]
    keras.Sequential([keras.Input((8, 8, 1)), *layers]).save(tmp_path / "mine.keras")
    done = command("adopt", "mine.keras", "--name", "mine", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (tmp_path / "few.toml").write_text("leaders = 1\nrescorings = 1\n")
    founder = re.search(r"--founders (\S+)", done.stdout)
    assert founder
    arguments = ("--founders", founder[1], "--encoding", "graph", "--evaluations", "2", "--population", "2")
    more = ("--final-epochs", "4", "--epochs", "1", "--config", "few.toml", "--name", "grey")
    done = command("run", "--dataset", tiny_npz, *arguments, *more, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    found = first_of("grey", tmp_path / "results")
    assert any("may have seen any of these images before" in remark for remark in found.source.remarks)
    assert "have no names, so they are numbered" in found.source.unnamed
    assert found.seen.filters == () and found.seen.through.layers == ()
    assert found.seen.looked_at[1:] == (8, 8)
    assert len(found.seen.classes) == 3 and found.seen.accuracy.count == 48
    assert "no edges" not in inspection_section(found)


def test_a_run_of_version_0_9_is_looked_into(tmp_path: Path) -> None:
    """Its network has one feature map, and it was trained on grey images without names."""
    shutil.copytree(DATA / "version-0.9", tmp_path / "results")
    found = evolve.inspect("of-0.9", results=tmp_path / "results", progress=False)
    assert (found.candidate, found.seen.accuracy.count, len(found.seen.through.layers)) == (6, 359, 1)
    assert found.seen.accuracy.share == pytest.approx(0.9053, abs=0.005)
    assert find("of-0.9", tmp_path / "results").test_openings == 2
    with pytest.raises(RunError, match="searched a table; its entries have no networks to look into"):
        evolve.inspect("table-0.9", 1, results=tmp_path / "results", progress=False)
