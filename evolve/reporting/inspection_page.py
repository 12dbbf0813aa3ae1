"""An inspection as HTML: one section of a larger report, or a page of its own. Nothing in it is loaded from elsewhere,
and there is no script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from evolve.display.text import count
from evolve.errors import ConfigError
from evolve.models.inspection import Inspection, LayerCost, Learned
from evolve.models.recognition import Calibration, ClassFacts
from evolve.reporting.inspection_charts import learning, reliability
from evolve.reporting.inspection_html import bar, escaped, figures, paragraph, table
from evolve.reporting.inspection_matrix import confusion_matrix
from evolve.reporting.inspection_pictures import filters, mistakes, through, where
from evolve.reporting.inspection_style import CSS as CSS
from evolve.reporting.inspection_words import (
    accuracy_in_words,
    calibration_in_words,
    learned_in_words,
    sentence,
    source_in_words,
    title,
)
from evolve.settings import path_of


def check_output(output: str | Path | None) -> None:
    """Raises ConfigError for a file that no page can be written to."""
    if output is None:
        return
    path = path_of(output)
    if path.suffix.lower() not in (".html", ".htm"):
        raise ConfigError(f"output must end in .html, not {str(path)!r}")
    if path.is_dir() or (path.parent.exists() and not path.parent.is_dir()):
        raise ConfigError(f"output must be a file in a folder, but {path} cannot be one; give another name")


def write_inspection(found: Inspection, output: str | Path | None = None) -> Path:
    """Writes the page; its path. output: the file; by default RUN-CANDIDATE-inspection.html in the current folder.
    Raises ConfigError as `check_output`."""
    check_output(output)
    path = path_of(output) if output else Path(f"{found.run}-{found.candidate}-inspection.html")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(inspection_page(found), encoding="utf-8")
    return path


def inspection_page(found: Inspection) -> str:
    """The whole page."""
    name = escaped(title(found))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light">'
        f"<title>Inside {name}</title><style>{PAGE_CSS}{CSS}</style></head>"
        f"<body><main><h1>Inside {name}</h1>{inspection_section(found)}</main></body></html>\n"
    )


PAGE_CSS = (
    "body{margin:0;background:#fff;color:#1b1b1b;font:16px/1.5 system-ui,sans-serif}"
    "main{max-width:72rem;margin:0 auto;padding:1rem}h1{font-size:1.6rem;line-height:1.25;overflow-wrap:anywhere}"
)


def inspection_section(found: Inspection) -> str:
    """What is found, as a <section> whose headings begin with <h2>; it needs `CSS`."""
    return f'<section class="inspect">{"".join(_blocks(found))}</section>'


def _blocks(found: Inspection) -> Iterator[str]:
    seen = found.seen
    yield f'<p class="inspect-lead">It recognises <strong>{escaped(accuracy_in_words(seen.accuracy))}</strong>.</p>'
    yield paragraph(f"Looked at: {source_in_words(found.source)}.", "note")
    yield from (paragraph(sentence(text), "note") for text in _notes(found))
    yield _titled(
        "What it takes for what", figures([_block(confusion_matrix(seen)), _block(_classes(seen.classes))], "beside")
    )
    yield _titled("Its most certain mistakes", mistakes(seen))
    yield _titled("Where it looks", where(seen))
    yield _titled("What its first layer sees", *map(filters, seen.filters))
    yield _titled("An image on its way through the network", through(seen.through))
    yield _titled("Does it know how sure it can be?", _calibration(seen.calibration, found))
    yield _titled("Training images and others", figures(map(_learned, found.learned), "beside"))
    yield _titled("What each layer costs", _costs(found.costs))


def _block(*content: str) -> str:
    return f"<div>{''.join(content)}</div>"


def _notes(found: Inspection) -> list[str]:
    return [text for text in (*found.source.remarks, found.source.unnamed) if text]


def _titled(title: str, *blocks: str) -> str:
    """Blocks below a heading; nothing if there are none."""
    content = "".join(blocks)
    return f"<h2>{escaped(title)}</h2>{content}" if content else ""


def _classes(classes: Sequence[ClassFacts]) -> str:
    rows = [
        [escaped(one.name), f"{one.images:,}", _known(one.recall), _known(one.precision)]
        for one in sorted(classes, key=lambda one: (one.recall is None, one.recall or 0.0, one.name))
    ]
    said = "Recall is the share of a class's images that are recognised, precision the share that is right of what is "
    heads = ["class, weakest first", "images", "recall", "precision"]
    return paragraph(f"{said}taken for the class.") + table(heads, rows, "recall and precision of each class")


def _known(value: float | None) -> str:
    return "-" if value is None else bar(value)


def _calibration(found: Calibration, inspection: Inspection) -> str:
    rows = [
        [f"{one.low:.0%} to {one.high:.0%}", f"{one.images:,}", f"{one.said:.1%}", f"{one.right:.1%}"]
        for one in found.bins
    ]
    said = calibration_in_words(found, inspection.seen.accuracy)
    numbers = table(["it says", "images", "on average", "is right in"], rows, "what it says and how often it is right")
    return paragraph(sentence(said)) + figures([reliability(found), numbers], "beside")


def _learned(learned: Learned) -> str:
    said, chart = learned_in_words(learned), learning(learned)
    dashed = any(value is not None for _, value in learned.curve)
    others = f", orange and dashed on {learned.others} images" if dashed else ""
    legend = f"<figcaption>{escaped(f'Accuracy by epoch: blue on training images{others}.')}</figcaption>"
    return _block(paragraph(sentence(said)), f"<figure>{chart}{legend}</figure>" if chart else "")


def _costs(costs: Sequence[LayerCost]) -> str:
    work, weights = sum(one.multiply_adds for one in costs), sum(one.parameters for one in costs)
    rows = [
        [
            escaped(one.layer),
            escaped(" x ".join(map(str, one.shape))),
            *(count(one.parameters), bar(one.parameters / max(1, weights))),
            *(count(one.multiply_adds), bar(one.multiply_adds / max(1, work))),
        ]
        for one in costs
    ]
    said = f"{count(weights)} weights and {count(work)} multiply-adds per image in all."
    heads = ["layer", "puts out", "weights", "share of them", "multiply-adds", "share of these"]
    return paragraph(said) + table(heads, rows, "weights and multiply-adds of each layer", texts=2)
