"""What all figures have in common: colours, layout, and the table that each carries along."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from evolve.display.text import folded, printable
from evolve.objectives import Direction
from evolve.runs.run import Run

if TYPE_CHECKING:
    from plotly.graph_objects import Figure as Figure

# Okabe and Ito's colours, which the colour-blind can tell apart (https://jfly.uni-koeln.de/color/).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
BLUE, ORANGE, GREEN = COLOURS[:3]
SYMBOLS = ("circle", "diamond", "square", "cross", "triangle-up")  # so that nothing is told by colour alone
GREY = "#8a8a8a"
HOVER = 60  # characters of a line below the pointer
MOST_LINES = 4
SERVERLESS = {  # nothing is uploaded, whatever is clicked
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "displaylogo": False,
    "responsive": True,
    "displayModeBar": "hover",
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "zoomIn2d", "zoomOut2d", "autoScale2d"],
}
Row = Sequence[Any]


def figure(title: str, x: str, y: str, columns: Sequence[str], rows: Iterable[Row], **layout: Any) -> Figure:
    """An empty figure with its table. title, x, y: what is to be seen, and what its axes count. columns, rows: of the
    table, plain values. layout: of Plotly, over what is usual here."""
    from plotly.graph_objects import Figure

    usual = {
        "template": "plotly_white",
        "font": {"family": "system-ui, sans-serif", "size": 13, "color": "#222222"},
        "title": {"text": plain(title), "font": {"size": 15}, "x": 0.0, "xref": "paper", "xanchor": "left"},
        "margin": {"l": 64, "r": 24, "t": 56, "b": 52},
        "height": 420,
        "colorway": list(COLOURS),
        "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 1.0, "xanchor": "right"},
        "hoverlabel": {"align": "left"},
        "xaxis": {"title": {"text": plain(x)}, "automargin": True},
        "yaxis": {"title": {"text": plain(y)}, "automargin": True},
        "meta": {"title": title, "columns": list(columns), "rows": [list(row) for row in rows]},
    }
    return Figure(layout=usual).update_layout(**layout)


def title_of(figure: Figure) -> str:
    """The title of a figure as plain text."""
    return str(figure.layout.meta["title"])


def table(figure: Figure) -> list[dict[str, Any]]:
    """The numbers of a figure: a dict for each row, name of the column -> value. pandas.DataFrame takes it as it is."""
    found = figure.layout.meta
    return [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]


def bare(figure: Figure) -> Figure:
    """A figure without its title and table, for a page that has both beside it."""
    from plotly.graph_objects import Figure

    copied = Figure(figure)
    copied.layout.meta, copied.layout.title = None, None
    legend = {"x": 0.0, "xanchor": "left", "y": 1.02}
    return copied.update_layout(margin={"t": 36, "l": 48, "r": 12, "b": 48}, legend=legend)


def html_of(figure: Figure, name: str) -> str:
    """A figure as HTML that loads nothing, within a page that has `script`. name: of its element."""
    whole = figure.to_html(full_html=False, include_plotlyjs=False, config=SERVERLESS, div_id=name)
    return str(whole)


def script() -> str:
    """Plotly's own script, which draws figures in a page: 5 MB."""
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


def plain(text: str) -> str:
    """Text from data, which Plotly would read as HTML."""
    return escape(printable(text), quote=False)


def hover(*lines: str) -> str:
    """Lines that are shown below the pointer, long ones folded."""
    return "<br>".join("<br>".join(_few(folded(printable(line), HOVER).split("\n"))) for line in lines if line)


def _few(lines: Sequence[str]) -> list[str]:
    shown = [escape(line, quote=False) for line in lines[:MOST_LINES]]
    return [*shown[:-1], f"{shown[-1]} ..."] if len(lines) > MOST_LINES else shown


def measure(run: Run) -> str:
    """What scores of a run are, with the direction where it is not the usual one."""
    name = run.objective.name.replace("_", " ")
    return f"{name} (lower is better)" if run.objective.direction is Direction.MINIMISE else name
