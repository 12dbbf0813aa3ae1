"""The pages in docs/ are built without a warning, off line, and what comes of it loads nothing from elsewhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

LONGEST = 160  # lines of a page
FROM_ELSEWHERE = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*\bsrc=["'](?:https?:)?//|<link\b[^>]*href=["']http"""
)
PARTS = ("docs", "results/published", "evolve", "genomes", "tests", "CHANGELOG.md", "CONTRIBUTING.md")


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "docs").glob("*.md")))
def test_a_page_is_not_long(page: str) -> None:
    assert len((ROOT / "docs" / page).read_text().splitlines()) <= LONGEST


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of a copy of the project, built as `make docs` does."""
    for name in ("sphinx", "furo", "myst_parser", "sphinx_gallery"):
        pytest.importorskip(name)
    copy = tmp_path_factory.mktemp("docs")
    for part in PARTS:
        source, left_out = ROOT / part, shutil.ignore_patterns("_build", "examples", "__pycache__")
        if source.is_dir():
            shutil.copytree(source, copy / part, ignore=left_out)
        else:
            shutil.copy(source, copy / part)
    (make,) = re.findall(r"^\t\$\(BIN\)/python (-m sphinx .+)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    done = subprocess.run([sys.executable, *make.split()], cwd=copy, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return copy / "docs" / "_build"


@pytest.mark.slow
def test_each_page_is_reached_from_the_first(built: Path) -> None:
    first = (built / "docs" / "index.html").read_text()
    names = [path.stem for path in (ROOT / "docs").iterdir() if path.suffix in (".md", ".rst")]
    names += [f"examples/{path.stem}" for path in (ROOT / "docs" / "gallery").glob("*.py")]
    assert [name for name in names if name != "index" and f'href="{name}.html"' not in first] == []


@pytest.mark.slow
def test_nothing_is_loaded_from_elsewhere(built: Path) -> None:
    pages = list(built.rglob("*.html"))
    assert len(pages) > 40
    assert [page.name for page in pages if FROM_ELSEWHERE.search(page.read_text())] == []
    styles = [re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL) for path in built.rglob("*.css")]
    assert not any(re.search(r"@import|url\([\"']?(https?:)?//", style) for style in styles)


@pytest.mark.slow
def test_links_to_pages_and_files_lead_somewhere(built: Path) -> None:
    for page in built.rglob("*.html"):
        for link in re.findall(r'href="([^"#:]+)(?:#[^"]*)?"', page.read_text()):
            assert (page.parent / link.partition("?")[0]).exists(), f"{page.name}: {link}"
