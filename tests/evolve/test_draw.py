"""`evolve draw`, from a run to a file, and what it says of input that it cannot use."""

from __future__ import annotations

import os
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import TABLE_RUN, command

import evolve
from evolve.drawing.browser_png import BROWSERS, browser
from evolve.errors import ConfigError, RunError

LINE = "a: conv 8 3 < image, b: relu < a, c: conv 8 3 < b, out < a + c | global_average | adam 0.01, batch 32"
RUN = ("--encoding", "graph", "--evaluations", "3", "--population", "3", "--images", "96", "--epochs", "1")
LESS = ("--final-epochs", "1", "--seed", "1", "--name", "g", "--config", "few.toml")
FEW = f"leaders = 1\nrescorings = 1\nfounders = ['{LINE}']\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tiny_npz: Path) -> Path:
    """A run on images, `g`, whose candidates behind the first are mutants, and one on a table, `t`."""
    made = tmp_path_factory.mktemp("pictures")
    (made / "few.toml").write_text(FEW)
    for arguments in (("--dataset", tiny_npz, *RUN, *LESS), (*TABLE_RUN, "--generations", "1", "--name", "t")):
        done = command("run", *arguments, cwd=made)
        assert done.returncode == 0, done.stdout + done.stderr
    return made


def child(folder: Path) -> int:
    """A candidate with a parent."""
    run = evolve.find("g", folder / "results")
    return next(number for number, row in run.candidates.items() if row.parents)


def test_a_picture_is_written_where_it_is_asked_for(folder: Path) -> None:
    done = command("draw", "g", cwd=folder)
    best = evolve.find("g", folder / "results").number("best")
    assert (done.returncode, done.stdout) == (0, f"wrote g-{best}.svg\n"), done.stderr
    text = (folder / f"g-{best}.svg").read_text()
    assert ElementTree.fromstring(text).tag.endswith("svg")
    assert text == evolve.draw("g", results=folder / "results")
    assert command("draw", "g", "1", "--output", "new/one.svg", cwd=folder).stdout == "wrote new/one.svg\n"
    assert "addition, " in (folder / "new" / "one.svg").read_text()


def test_a_child_is_drawn_beside_its_parent(folder: Path) -> None:
    number = child(folder)
    [parent, *_] = evolve.find("g", folder / "results").candidate(number).parents
    for flags in (["--with-parent"], ["--beside", str(parent)]):
        done = command("draw", "g", str(number), *flags, "--output", "both.svg", cwd=folder)
        assert done.returncode == 0, done.stderr
        assert f">candidate {parent}<" in (folder / "both.svg").read_text()
    both = evolve.draw("g", number, beside="parent", results=folder / "results")
    assert (
        both == evolve.draw("g", number, beside=parent, results=folder / "results") == (folder / "both.svg").read_text()
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("t",), "is an entry of a table"),
        (("g", "99"), "has candidates 1 to"),
        (("g", "first"), "must be a birth number or 'best', not 'first'"),
        (("g", "1", "--with-parent"), "has no parent"),
        (("g", "1", "--beside", "1"), "must be another candidate"),
        (("g", "1", "--beside", "x"), "must be a birth number or 'parent', not 'x'"),
        (("g", "1", "--beside", "2", "--with-parent"), "do not go together"),
        (("g", "--output", "net.jpg"), "must end in .svg or .png, not 'net.jpg'"),
        (("g", "--output", "folder.svg"), "is a folder"),
        (("g", "--output", "file/net.svg"), "is a file"),
        (("no-run",), "no-run"),
    ],
)
def test_bad_input_is_told_in_one_message(arguments: tuple[str, ...], said: str, folder: Path) -> None:
    (folder / "folder.svg").mkdir(exist_ok=True)
    (folder / "file").touch()
    done = command("draw", *arguments, cwd=folder)
    assert done.returncode == 2 and done.stdout == ""
    assert said in done.stderr and "Traceback" not in done.stderr


def test_without_a_browser_a_png_is_refused_before_anything_is_written(folder: Path) -> None:
    older = folder / "older.png"
    older.write_bytes(b"older")
    for variables, said in (
        ({}, "install Chromium"),
        ({"BROWSER_PATH": "/no/browser"}, "BROWSER_PATH is '/no/browser'"),
    ):
        done = command("draw", "g", "--output", "older.png", cwd=folder, PATH="/nowhere", **variables)
        assert done.returncode == 2 and said in done.stderr
    assert older.read_bytes() == b"older"


def test_a_browser_that_draws_nothing_leaves_the_older_file(folder: Path) -> None:
    broken = folder / "broken-browser"
    broken.write_text("#!/bin/sh\necho it is broken >&2\n")
    broken.chmod(0o755)
    (folder / "kept.png").write_bytes(b"older")
    done = command("draw", "g", "--output", "kept.png", cwd=folder, BROWSER_PATH=str(broken))
    assert done.returncode == 2 and "it is broken" in done.stderr and "write an .svg instead" in done.stderr
    assert (folder / "kept.png").read_bytes() == b"older"
    assert not [path for path in folder.iterdir() if path.name.startswith(".kept")]


def test_a_png_is_the_same_picture_twice_as_sharp(folder: Path) -> None:
    try:
        browser()
    except ConfigError:
        pytest.skip(f"needs one of {', '.join(BROWSERS)}")
    from PIL import Image

    done = command("draw", "g", "1", "--output", "one.png", cwd=folder, **os.environ)
    assert done.returncode == 0, done.stderr
    width, height = (
        ElementTree.fromstring(evolve.draw("g", 1, results=folder / "results")).attrib["viewBox"].split()[2:]
    )
    with Image.open(folder / "one.png") as drawn:
        assert drawn.size == (2 * round(float(width)), 2 * round(float(height)))
        colours = drawn.convert("RGB").getcolors(1 << 24) or []
    assert {(255, 255, 255), (225, 239, 250), (252, 230, 218)} <= {colour for _, colour in colours}


def test_leaders_show_their_network_in_notebooks(folder: Path) -> None:
    leader = evolve.find("g", folder / "results").hall_of_fame[0]
    picture = leader._repr_svg_()
    assert picture == evolve.draw("g", leader.candidate, results=folder / "results")
    assert leader._repr_html_().startswith("<table>") and picture in leader._repr_html_()


def test_entries_of_tables_have_no_picture(folder: Path) -> None:
    run = evolve.find("t", folder / "results")
    leader = run.hall_of_fame[0]
    assert leader._repr_svg_() is None
    assert leader._repr_html_().endswith("</table>")
    with pytest.raises(RunError, match="entry of a table"):
        evolve.draw(run, leader.candidate)
