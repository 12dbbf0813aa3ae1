"""An experiment as sections of a report: its page, and all its trials as a figure."""

from __future__ import annotations

import re
from base64 import b64encode
from pathlib import Path

from markdown_it import MarkdownIt

from evolve.errors import RunError
from evolve.figures.comparisons import Outcome, comparison
from evolve.reporting.report_blocks import Drawn, Page, Section
from evolve.research.experiment_folder import ROWS
from evolve.research.trials import Trial, read_trials
from evolve.storage.files import EXPERIMENT

PAGE = "page.md"
WIDE = '<div class="inspect-wide" tabindex="0" role="region" aria-label="table or file">'  # it scrolls by itself


def is_experiment(name: str | Path, results: Path) -> Path | None:
    """The folder of an experiment of that name, or None if it is none."""
    folders = (results / name, Path(name).expanduser())
    return next((folder for folder in folders if (folder / EXPERIMENT).is_file()), None)


def experiment_title(folder: Path) -> str:
    """Its question, which heads its page; or its name, before there is a page."""
    first = _text(folder / PAGE).partition("\n")[0] if (folder / PAGE).exists() else ""
    return re.sub(r"\\(.)", r"\1", first.removeprefix("# ")) or f"experiment {folder.name}"


def experiment_sections(folder: Path) -> list[Section]:
    """Its trials, and all that its page says. Raises RunError for one that has no page yet."""
    page = folder / PAGE
    if not page.exists():
        raise RunError(f"experiment {folder} has no page yet; it is written at its end: go on with evolve experiment")
    found = [Section("page", "What it shows", [Page(_html(page), _text(page))])]
    trials = [trial for trial in read_trials(folder / ROWS) if trial.test is not None]
    if trials:
        measure = trials[0].measure
        outcomes = [Outcome(one.arm, one.dataset, one.test or 0.0, note=_note(one)) for one in trials]
        caption = "Each point is a trial: one arm on one data set with one seed; bars are means. Higher is better."
        drawn = comparison("all trials", measure.replace("_", " "), outcomes)
        found.append(Section("trials", "All trials", [Drawn("trials", caption, drawn)]))
    return found


def _note(trial: Trial) -> str:
    return f"seed {trial.seed}: {trial.winner or ''}"


def _html(page: Path) -> str:
    """A page that evolve wrote as HTML, its pictures within it; HTML in it stays text. Its question heads the report,
    so its sections stand a level lower."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    rules, fence = reader.renderer.rules, reader.renderer.fence  # type: ignore[attr-defined]  # of RendererHTML
    rules["table_open"] = lambda *_: f"{WIDE}<table>"
    rules["table_close"] = lambda *_: "</table></div>"
    rules["fence"] = lambda *given: f"{WIDE}{fence(*given)}</div>"
    tokens = reader.parse(_text(page).partition("\n")[2])
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{int(token.tag[1]) + 1}"
        for picture in token.children or ():
            if picture.type == "image":
                picture.attrSet("src", _embedded(page.parent / str(picture.attrGet("src"))))
    return str(reader.renderer.render(tokens, reader.options, {}))


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _embedded(picture: Path) -> str:
    if not picture.exists():
        return ""
    return f"data:image/svg+xml;base64,{b64encode(picture.read_bytes()).decode()}"
