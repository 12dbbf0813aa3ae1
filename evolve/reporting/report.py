"""Reports: one file on a run, on several, or on an experiment, for a person who was not there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

from evolve.display.console import Watcher, make_console
from evolve.display.text import score
from evolve.errors import ConfigError, EvolveError
from evolve.figures.comparisons import Outcome, comparison
from evolve.models.kept_inspection import kept_inspection
from evolve.reporting import hall_of_fame_text, report_html, report_markdown
from evolve.reporting.experiment_report import experiment_sections, experiment_title, is_experiment
from evolve.reporting.inspection_page import inspection_section
from evolve.reporting.inspection_words import accuracy_in_words
from evolve.reporting.report_blocks import Block, Drawn, Page, Paragraph, Rows, Section
from evolve.reporting.report_doubts import ENDED
from evolve.reporting.report_sections import headline, sections, test_share
from evolve.runs.disk import in_use
from evolve.runs.find import find
from evolve.runs.run import Run
from evolve.settings import path_of
from evolve.trust import Trust

Format = Literal["html", "markdown"]
ENDINGS = {"html": ".html", "markdown": ".md"}
Part = tuple[str, Sequence[Section]]


def report(
    runs: str | Path | Sequence[str | Path],
    *,
    output: str | Path | None = None,
    format: Format = "html",
    inside: bool = True,
    results: str | Path = "results",
    trust: Trust = (),
    progress: Watcher = True,
) -> Path:
    """Writes a report and returns its path: what came out, how it was found, the network, what was not shown, and how
    to repeat it. HTML is one file that opens offline.

    runs: a run or the folder of an experiment, or several, which are compared. output: the file; by default
    RUN-report.html in the current folder. inside: whether to look inside the winner of each run: once, at the test
    part, on record; what was seen then is kept beside its model, and used again. trust: as for `train`.
    Raises ConfigError for a file or format that cannot be, RunError for a run that there is not or that is damaged.
    """
    if format not in get_args(Format):
        raise ConfigError(f"format must be {' or '.join(get_args(Format))}, not '{format}'")
    names = [runs] if isinstance(runs, str | Path) else list(runs)
    if not names:
        raise ConfigError("give at least one run, or the folder of an experiment")
    path = _output(names, output, format)
    console, parts, found = make_console(progress), list[Part](), list[Run]()
    for name in names:
        if (folder := is_experiment(name, path_of(results))) is not None:
            parts.append((experiment_title(folder), experiment_sections(folder)))
            continue
        run = find(name, results).trusting(trust)
        found.append(run)
        console.note(f"reading run '{run.name}'")
        seen = _inside(run, trust, progress) if inside else None
        parts.append((f"run {run.name}", sections(run.refresh(), seen)))
    compared = _compared(found) if len(found) > 1 else []
    if compared:
        parts.insert(0, ("the runs beside each other", [Section("runs", "The runs beside each other", compared)]))
    title, lead = _head(found, [name for name, _ in parts])
    write = report_html.page if format == "html" else report_markdown.text
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(write(title, lead, parts), encoding="utf-8")
    return path


def _output(names: Sequence[str | Path], output: str | Path | None, format: Format) -> Path:
    """The file to write. Raises ConfigError for one that cannot be."""
    ending = ENDINGS[format]
    if output is None:
        return Path(f"{Path(names[0]).name}-report{ending}" if len(names) == 1 else f"report{ending}")
    path = path_of(output)
    if path.suffix != ending:
        raise ConfigError(f"output must end in {ending} for the format {format}, not {str(path)!r}")
    if path.is_dir() or (path.parent.exists() and not path.parent.is_dir()):
        raise ConfigError(f"output must be a file in a folder, but {path} cannot be one; give another name")
    return path


def _head(runs: Sequence[Run], names: Sequence[str]) -> tuple[str, list[str]]:
    """Title of a report, and sentences below it."""
    if len(runs) == 1:
        run = runs[0]
        why = f": {run.error}" if run.error else ""
        still = [] if run.state == "finished" else [f"The run {ENDED[run.state]}{why}."]
        return headline(run), [f"Run {run.name}, {run.meta['created'][:10]}.", *still]
    return f"{len(runs)} runs compared" if runs else names[0], []


def _inside(run: Run, trust: Trust, progress: Watcher) -> Page | Paragraph | None:
    """The inside of a run's winner, or why it cannot be looked into and how to get there."""
    if run.config.table is not None:
        return None
    if run.winner is not None and in_use(run):
        return Paragraph("the run is being written, so its model was not looked into; make the report again at its end")
    try:
        seen = kept_inspection(run, trust, progress)
    except EvolveError as error:
        return Paragraph(f"not looked into: {error}")
    below = re.sub(r"<(/?)h2>", r"<\1h3>", inspection_section(seen))  # a section within one of the report
    return Page(below, f"It recognises {accuracy_in_words(seen.seen.accuracy)}.")


def _compared(runs: Sequence[Run]) -> list[Block]:
    """Runs beside each other: a table, and their test accuracies with intervals where they have some."""
    rows, outcomes = [], []
    for run in runs:
        summary, share = run.summary(work=False), test_share(run)
        interval = f"{share.low:.1%} to {share.high:.1%}" if share else "-"
        row = run.candidate(run.winner) if run.winner is not None else None
        rows.append(
            (
                *(run.name, summary["dataset"], summary["strategy"], summary["seed"], summary["evaluations"]),
                *(score(run.test_accuracy), interval, row.parameters if row else None, summary["state"]),
            )
        )
        if share:
            note = hall_of_fame_text.decision(run)
            outcomes.append(Outcome(run.name, str(summary["dataset"]), share.share, share.low, share.high, note))
    columns = ("run", "data", "strategy", "seed", "networks", "test", "interval over images", "weights", "state")
    blocks: list[Block] = [Rows("the runs", columns, rows)]
    if outcomes:
        caption = "Test accuracy of each winner with its 95 % interval over images; the luck of seeds is not in it."
        blocks.append(Drawn("runs", caption, comparison("test accuracy of the winners", "accuracy", outcomes)))
    blocks.append(
        Paragraph(
            "Single runs do not say which strategy is better: their seeds differ in luck. evolve experiment compares "
            "strategies with several seeds at equal budget."
        )
    )
    return blocks
