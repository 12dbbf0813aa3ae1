"""Pictures, by Matplotlib: the same data give the same bytes. Nothing of Matplotlib's global state is used or left."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Figure  # for those that hand figures on

INSTALL = "pip install -e '.[research]'"
WIDTH = 7.3  # inches; 700 pixels in an SVG
# Colours that colour-blind people can tell apart (Okabe and Ito 2008, https://jfly.uni-koeln.de/color/).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
DASHES = ("-", "--", ":")  # of lines 1 to 7, 8 to 14 and so on
SETTINGS: dict[Any, Any] = {  # what Matplotlib's own types know by name
    "svg.hashsalt": "evolve",
    "font.size": 10.0,
    "text.parse_math": False,  # names may hold any sign
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
}

LEFT_OUT = 0.05  # of the width, whose values do not count for the height
LETTER = 0.085  # inches that a letter takes
LINE = 0.075  # of the height of a panel, that the label of a line takes


@dataclass(frozen=True)
class Line:
    """A line with its name, and an interval around it if it has one."""

    label: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None


@dataclass(frozen=True)
class Panel:
    """Lines over one axis."""

    title: str
    y_label: str
    lines: Sequence[Line]
    level: float | None = None  # a line across, such as a target


def installed() -> bool:
    """Whether Matplotlib is there."""
    return find_spec("matplotlib") is not None


def line_chart(panels: Sequence[Panel], x_label: str) -> Figure:
    """Panels below each other, with the names of lines at their ends."""
    with drawing():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(WIDTH, 0.5 + 2.7 * len(panels)), layout="constrained")
        for axes, panel in zip(figure.subplots(len(panels), squeeze=False)[:, 0], panels, strict=True):
            _draw_panel(axes, panel)
        axes.set_xlabel(x_label)
        return figure


def _draw_panel(axes: Axes, panel: Panel) -> None:
    from matplotlib.ticker import MaxNLocator

    for number, line in enumerate(panel.lines):
        colour, dash = _colour(number), DASHES[number // len(COLOURS) % len(DASHES)]
        axes.plot(line.x, line.y, color=colour, linestyle=dash, linewidth=1.8)
        if line.low is not None and line.high is not None:
            axes.fill_between(line.x, line.low, line.high, color=colour, alpha=0.12, linewidth=0)
    if panel.level is not None:
        axes.axhline(panel.level, color="#666666", linewidth=0.9, linestyle=(0, (4, 3)))
    axes.set_title(panel.title)
    axes.set_ylabel(panel.y_label)
    axes.margins(x=0)
    axes.set_ylim(*_limits(panel))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))  # of whole units: evaluations, seconds, units of work
    _label_ends(axes, panel.lines)


def _limits(panel: Panel) -> tuple[float, float]:
    """What a panel shows: all but its first part, where lines rise so steeply that the rest could not be seen."""
    lines = [(line.x, values) for line in panel.lines for values in (line.y, line.low, line.high) if values is not None]
    start = min(x[0] for x, _ in lines)
    start += (max(x[-1] for x, _ in lines) - start) * LEFT_OUT
    shown = [value for x, values in lines for at, value in zip(x, values, strict=True) if at >= start]
    shown += [] if panel.level is None else [panel.level]
    room = 0.04 * (max(shown) - min(shown)) or 0.01 * (abs(max(shown)) or 1.0)
    return min(shown) - room, max(shown) + room


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _label_ends(axes: Axes, lines: Sequence[Line]) -> None:
    """The name of each line beside its end, so far apart that all can be read."""
    low, high = axes.get_ylim()
    ends = sorted((((line.y[-1] - low) / (high - low)), number) for number, line in enumerate(lines))
    heights = _apart([end for end, _ in ends])
    for height, (end, number) in zip(heights, ends, strict=True):
        axes.annotate(
            lines[number].label,
            xy=(1.0, end),
            xytext=(1.03, height),
            xycoords="axes fraction",
            textcoords="axes fraction",
            va="center",
            arrowprops={
                "arrowstyle": "-",
                "color": _colour(number),
                "linewidth": 1.2,
                "shrinkA": 1,
                "shrinkB": 0,
                "relpos": (0, 0.5),
            },
        )


def _apart(heights: Sequence[float]) -> list[float]:
    """Rising heights, moved so that neighbours are a line apart; about as many go up as down."""
    groups: list[list[float]] = []
    for height in heights:
        groups.append([height])
        while len(groups) > 1 and _bottom(groups[-1]) - _top(groups[-2]) < LINE:
            groups[-2:] = [groups[-2] + groups[-1]]
    return [_bottom(group) + LINE * place for group in groups for place in range(len(group))]


def _bottom(group: Sequence[float]) -> float:
    """Where labels of these heights begin: around their mean, within the panel where there is room."""
    taken = LINE * (len(group) - 1)
    return max(0.0, min(1.0 - taken, sum(group) / len(group) - taken / 2))


def _top(group: Sequence[float]) -> float:
    return _bottom(group) + LINE * (len(group) - 1)


def rank_chart(ranks: Mapping[str, float], critical: float) -> Figure:
    """Mean ranks on a line, the best at the left, with bars over those that cannot be told apart (Demšar 2006)."""
    ordered = sorted(ranks.items(), key=lambda one: one[1])
    bars = alike([rank for _, rank in ordered], critical)
    half = (len(ordered) + 1) // 2
    below = 0.5 + 0.3 * len(bars)
    with drawing():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(WIDTH, 0.9 + 0.3 * (below + half)))
        side = min(0.4, (0.6 + LETTER * max(map(len, ranks))) / WIDTH)
        axes = figure.add_axes((side, 0.02, 1 - 2 * side, 0.96))
        axes.axis("off")
        axes.set_xlim(1, len(ordered))
        axes.set_ylim(-below - 0.75 * half, 1.6)
        _draw_scale(axes, len(ordered), critical)
        for number, (name, rank) in enumerate(ordered):
            left = number < half
            place = number if left else len(ordered) - 1 - number
            _draw_rank(axes, f"{name} {rank:.2f}", rank, -below - 0.7 * place, 1.0 if left else float(len(ordered)))
        for number, (first, last) in enumerate(bars):
            ends = [ordered[first][1] - 0.03, ordered[last][1] + 0.03]
            axes.plot(ends, [-0.3 - 0.3 * number] * 2, color="#333333", linewidth=4, solid_capstyle="butt")
        return figure


def _draw_scale(axes: Axes, arms: int, critical: float) -> None:
    axes.plot([1, arms], [0, 0], color="black", linewidth=1)
    for rank in range(1, arms + 1):
        axes.plot([rank, rank], [0, 0.15], color="black", linewidth=1)
        axes.text(rank, 0.25, str(rank), ha="center", va="bottom")
    shown = min(critical, arms - 1.0)
    axes.plot([1, 1 + shown], [1.1, 1.1], color="black", linewidth=1, marker="|", markersize=6)
    axes.text(1, 1.25, f"critical difference {critical:.2f}", ha="left", va="bottom")


def _draw_rank(axes: Axes, label: str, rank: float, height: float, edge: float) -> None:
    axes.plot([rank, rank, edge], [0, height, height], color="#0072B2", linewidth=1.2, clip_on=False)
    left = edge == 1.0
    axes.annotate(
        label, (edge, height), xytext=(-4 if left else 4, 0), textcoords="offset points",
        ha="right" if left else "left", va="center", annotation_clip=False,
    )  # fmt: skip


def alike(ranks: Sequence[float], critical: float) -> list[tuple[int, int]]:
    """Which of rising ranks cannot be told apart: first and last place of each longest group."""
    groups: list[tuple[int, int]] = []
    for first, rank in enumerate(ranks):
        last = max(place for place, other in enumerate(ranks) if other - rank < critical)
        if last > first and (not groups or last > groups[-1][1]):
            groups.append((first, last))
    return groups


def save(figure: Figure, path: Path) -> None:
    """Writes a figure in the format of the path's ending: the same bytes each time."""
    with drawing():
        figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None)


@contextmanager
def drawing() -> Iterator[None]:
    """Matplotlib as it is without the user's own settings, with those of this module, and as it was afterwards."""
    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # names in other scripts: the page has them as text
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        yield
