"""What CONTRIBUTING.md names exists, and it names every room."""

from __future__ import annotations

import re

import pytest
from conftest import ROOT
from test_imports import ROOMS

TEXT = (ROOT / "CONTRIBUTING.md").read_text()
WORDS = [word for span in re.findall(r"`([^`\n]+)`", TEXT) for word in span.split()]
PATHS = sorted({word for word in WORDS if re.fullmatch(r"[\w.-]+(/[\w.-]*)+", word)})
FILES = sorted({word for word in WORDS if re.fullmatch(r"[\w-]+\.(py|sql|toml|md)", word)})
PACKAGES = sorted(path.parent.name for path in ROOT.glob("evolve/*/__init__.py"))


@pytest.mark.parametrize("path", PATHS)
def test_paths_that_it_names_exist(path: str) -> None:
    found = ROOT / path
    assert found.is_dir() if path.endswith("/") else found.is_file()


@pytest.mark.parametrize("name", FILES)
def test_files_that_it_names_without_a_folder_exist(name: str) -> None:
    assert any(list(ROOT.glob(f"{start}{name}")) for start in ("", "evolve/**/", "genomes/**/"))


@pytest.mark.parametrize("package", PACKAGES)
def test_it_names_every_package(package: str) -> None:
    assert f"`evolve/{package}/`" in TEXT


def test_it_lists_the_rooms_in_the_order_of_the_arrows() -> None:
    table = TEXT.partition("| room, from the top |")[2].partition("\n\n")[0]
    names = [name for row in table.splitlines() for name in re.findall(r"`([^`]+)`", row.split("|")[1] if row else "")]
    listed = [re.sub(r"(/__init__)?\.py$|/$", "", name).replace("/", ".") for name in names]
    assert listed == list(ROOMS)
