"""Small charts of an inspection as SVG, without any script: reliability, and accuracy by epoch."""

from __future__ import annotations

from collections.abc import Sequence

from evolve.models.inspection import Learned
from evolve.models.recognition import Calibration

WIDTH, HEIGHT = 360, 240
LEFT, RIGHT, TOP, BOTTOM = 44, 22, 10, 40
BLUE, ORANGE, GREY = "#0072b2", "#c04f00", "#6b6b6b"  # told apart by the colour-blind, too


def reliability(found: Calibration) -> str:
    """How often it is right, by what it says; on the diagonal it is right as often as it says."""
    bars = "".join(
        f'<rect x="{_x(one.low) + 1:.1f}" y="{_y(one.right):.1f}" width="{_x(one.high) - _x(one.low) - 2:.1f}" '
        f'height="{_y(0) - _y(one.right):.1f}" fill="{BLUE}" fill-opacity="0.55"/>'
        for one in found.bins
    )
    places = [(_x(one.said), _y(one.right)) for one in found.bins]
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{BLUE}"/>' for x, y in places)
    line = _line((0.0, 0.0), (1.0, 1.0), f'stroke="{GREY}" stroke-dasharray="4 3"')
    ticks = [(_x(value), f"{value:.0%}") for value in (0.0, 0.25, 0.5, 0.75, 1.0)]
    label = "reliability: share that is right by the probability that it says; the table beside it has the numbers"
    return _chart(f"{bars}{line}{dots}", ticks, (0.0, 1.0), "probability that it says", label)


def learning(found: Learned) -> str:
    """Accuracy on the images of the training and on others by epoch; nothing with fewer than two epochs."""
    if len(found.curve) < 2:
        return ""
    trained = [one for one, _ in found.curve]
    others = [(epoch, value) for epoch, (_, value) in enumerate(found.curve, start=1) if value is not None]
    values = [*trained, *(value for _, value in others)]
    low, high = min(values), max(values)
    low, high = (low, high) if high - low > 0.01 else (max(0.0, low - 0.005), min(1.0, high + 0.005))
    last = len(trained)

    def curve(series: Sequence[tuple[int, float]], look: str) -> str:
        places = [(_x((at - 1) / (last - 1)), _y((one - low) / (high - low))) for at, one in series]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        return f'<polyline points="{points}" fill="none" stroke-width="2" {look}/>'

    drawn = curve(list(enumerate(trained, start=1)), f'stroke="{BLUE}"')
    drawn += curve(others, f'stroke="{ORANGE}" stroke-dasharray="6 3"') if others else ""
    ticks = [(_x((at - 1) / (last - 1)), str(at)) for at in sorted({1, (last + 1) // 2, last})]
    label = f"accuracy by epoch on the images of the training, from {trained[0]:.1%} to {trained[-1]:.1%}"
    return _chart(drawn, ticks, (low, high), "epoch", label)


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _line(begin: tuple[float, float], end: tuple[float, float], look: str) -> str:
    """A line between places whose coordinates go from 0 to 1."""
    (x1, y1), (x2, y2) = begin, end
    return f'<line x1="{_x(x1):.1f}" y1="{_y(y1):.1f}" x2="{_x(x2):.1f}" y2="{_y(y2):.1f}" {look}/>'


def _chart(drawn: str, ticks: Sequence[tuple[float, str]], span: tuple[float, float], below: str, label: str) -> str:
    """What is drawn, with axes. ticks: of the lower axis, place and text. span: what the left axis goes from and to.
    label: plain text of this module and numbers, nothing from data."""
    low, high = span
    levels = "".join(
        _line((0.0, at), (1.0, at), 'stroke="#ddd"')
        + f'<text x="{LEFT - 6}" y="{_y(at) + 4:.1f}" text-anchor="end">{low + at * (high - low):.0%}</text>'
        for at in (0.0, 0.5, 1.0)
    )
    marks = "".join(
        f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{text}</text>' for x, text in ticks
    )
    axis = f'<text x="{_x(0.5):.1f}" y="{HEIGHT - 6}" text-anchor="middle">{below}</text>'
    return (
        f'<svg class="inspect-chart" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{label}">{levels}{drawn}{marks}{axis}</svg>'
    )
