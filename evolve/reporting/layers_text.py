"""The layers of a network as text for people: stage by stage, numbered as the steps of candidates count them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from evolve.display.table import Column, FoldingTable

USUAL = (("stride", 1), ("dilation", 1), ("padding", "same"))  # settings that need not be shown
COSTS = (Column("output", left=True, spare=1), Column("weights"), Column("multiply-adds", spare=2))


def layer_table(known: Mapping[str, Any]) -> RenderableType:
    """One row per stage; one per node where the encoding counts no layers. known: as `candidate_json` has it."""
    numbered = bool(known["stages"])
    table = FoldingTable((*((Column("", left=True),) if numbered else ()), Column("layers", folds=True), *COSTS))
    if not numbered:
        for node in known["layers"]:
            table.add_row(_node(node), *_costs(node))
        return table
    image, *output = [node for node in known["layers"] if node["number"] is None]
    table.add_row("", "image", *_costs(image))
    for stage in known["stages"]:
        first, last = stage["first"], stage["last"]
        number = str(first) if first == last else f"{first}-{last}"
        table.add_row(number, ", ".join(stage["layers"]), *_costs(stage))
    table.add_row("", f"class probabilities: dense {output[0]['shape'][0]}, softmax", *_costs(output[0]))
    return table


def _costs(told: Mapping[str, Any]) -> tuple[str, str, str]:
    return "x".join(map(str, told["shape"])), f"{told['parameters']:,}", f"{told['multiply_adds']:,}"


def _node(node: Mapping[str, Any]) -> Text:
    return Text.assemble(node["name"], " ", (_settings(node["settings"].items()), "dim"))


def _settings(settings: Iterable[tuple[str, Any]]) -> str:
    return " ".join(
        f"{name} {value}" if name in ("stride", "dilation") else str(value)
        for name, value in settings
        if not isinstance(value, bool) and (name, value) not in USUAL
    )
