"""How Sphinx builds these pages: `make docs`. Nothing is fetched, and nothing of the day or the machine gets in.

Sources begin at the root of the project, so that links to CONTRIBUTING.md and to the evidence in results/published lead
to pages here as they do on a code host.
"""

from __future__ import annotations

import inspect
import re
from typing import Any

project = "evolve"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_gallery.gen_gallery"]
root_doc = "docs/index"
include_patterns = ["docs/**", "results/published/**.md", "CHANGELOG.md", "CONTRIBUTING.md"]
exclude_patterns = ["docs/_build", "docs/gallery", ".venv"]
suppress_warnings = ["toc.not_included"]  # pages of evidence are reached by links

myst_heading_anchors = 3
autodoc_typehints = "none"
autodoc_member_order = "bysource"

html_theme = "furo"
html_title = "evolve"
html_show_copyright = False
html_copy_source = False
html_static_path = ["static"]
html_css_files = ["pages.css"]

sphinx_gallery_conf = {
    "examples_dirs": "docs/gallery",
    "gallery_dirs": "docs/examples",
    "plot_gallery": False,  # tests/test_gallery.py runs them
    "filename_pattern": "(?!)",
    "within_subsection_order": "ExampleTitleSortKey",
    "show_signature": False,
    "write_computation_times": False,
    "download_all_examples": False,
}

GROUP = re.compile(r"^## (.+)$", re.MULTILINE)
LINK = re.compile(r"\]\(([\w/.-]+)\.(?:md|rst)\)")
NOT_BESIDE = re.compile(r"\]\(examples/(?!index)[^)]+\)")  # each script stands below the gallery
SCRIPTS = re.compile(r"\]\(gallery/(?:GALLERY_HEADER\.rst|(\w+)\.py)\)")


def _to_pages_of_scripts(app: Any, docname: str, source: list[str]) -> None:
    """Links to scripts lead to the pages that are made of them."""
    source[0] = SCRIPTS.sub(lambda found: f"](examples/{found[1] or 'index'}.rst)", source[0])


def _with_contents(app: Any, docname: str, source: list[str]) -> None:
    """The groups of links on the first page are the table of contents beside all pages."""
    if docname != root_doc:
        return
    text, starts = source[0], [*GROUP.finditer(source[0])]
    ends = [start.start() for start in starts[1:]] + [len(text)]
    for start, end in zip(starts, ends, strict=True):
        names = dict.fromkeys(LINK.findall(NOT_BESIDE.sub("", text[start.end() : end])))
        source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {start[1]}\n\n" + "\n".join(names) + "\n```\n"


def _plain(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Docstrings are prose. Each argument gets a line of its own, and a word in `ticks` is code."""
    text = "\n\n".join(" ".join(one.split()) for one in re.split(r"\n\s*\n", "\n".join(lines)))
    text = re.sub(r"(?<!`)`([^`\n]+)`(?!`)", r"``\1``", text)
    if what in ("function", "method", "class"):
        names = "|".join(inspect.signature(thing).parameters) or "(?!)"
        text = re.sub(rf"(?:^|(?<=[.:;])\s+|\n\s*)((?:(?:{names}), )*(?:{names})): ", r"\n\n- **\1**: ", text)
        text = re.sub(r"\s+(?=Raises )", "\n\n", text)
    lines[:] = text.split("\n")


def setup(app: Any) -> None:
    """What Sphinx calls."""
    app.connect("source-read", _to_pages_of_scripts, priority=400)
    app.connect("source-read", _with_contents)
    app.connect("autodoc-process-docstring", _plain)
