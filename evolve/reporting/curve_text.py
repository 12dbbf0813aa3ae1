"""Curves drawn with characters, for terminals and plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

WIDTH = 60
HEIGHT = 7
BESIDE = 16  # characters of a line beside the curves


@dataclass(frozen=True)
class Curves:
    """Curves over epochs, as wide as there is room. series: as for `curves`."""

    series: Mapping[str, Sequence[float]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(curves(self.series, width=max(2, min(WIDTH, options.max_width - BESIDE))))


def curves(series: Mapping[str, Sequence[float]], width: int = WIDTH, height: int = HEIGHT) -> str:
    """Curves over epochs, one per name, drawn with the first letter of the name; where two meet, `*`.

    series: name -> a value per epoch, all of one length of at least 1.
    """
    names = [name for name, values in series.items() if values]
    everything = [value for name in names for value in series[name]]
    low, high = min(everything), max(everything)
    span = high - low or max(abs(high), 1.0) * 0.1
    epochs = max(len(series[name]) for name in names)
    columns = min(width, max(2, 4 * epochs - 3))
    grid = [[" "] * columns for _ in range(height)]
    for name in names:
        values = series[name]
        for column in range(columns):
            place = column / (columns - 1) * (len(values) - 1)
            left = int(place)
            right = min(left + 1, len(values) - 1)
            value = values[left] + (place - left) * (values[right] - values[left])
            row = height - 1 - round((value - low) / span * (height - 1))
            grid[row][column] = name[0] if grid[row][column] in (" ", name[0]) else "*"
    lines = []
    for row, cells in enumerate(grid):
        level = high - span * row / (height - 1)
        lines.append(
            f"{level:7.3f} |{''.join(cells)}" if row % 3 == 0 or row == height - 1 else f"{'':7} |{''.join(cells)}"
        )
    lines.append(f"{'':7} +{'-' * columns}")
    lines.append(f"{'':8} 1{str(epochs).rjust(columns - 1)}  epoch" if epochs > 1 else f"{'':8} 1  epoch")
    lines.append(f"{'':8} " + ", ".join(f"{name[0]} {name}" for name in names))
    return "\n".join(line.rstrip() for line in lines)
