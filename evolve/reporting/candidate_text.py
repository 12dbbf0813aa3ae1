"""One candidate as text for people: layers, recipe, learning curve, and its family back to the founders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from evolve.display.text import count, score, steps_text
from evolve.reporting.curve_text import curves
from evolve.runs.facts import candidate_json, recalls
from evolve.runs.run import Run
from evolve.values import Purpose, Result, Status

FAMILY_SHOWN = 24
FEW_CLASSES = 12
USUAL = (("stride", 1), ("dilation", 1), ("padding", "same"))  # settings that need not be shown
PURPOSES = {
    Purpose.SEARCH: "search",
    Purpose.CLOSING: "search, at its end",
    Purpose.RESCORE: "re-scored",
    Purpose.FINAL: "in full, on test",
    Purpose.TRAIN: "by hand, on test",
}


def candidate(run: Run, number: int) -> RenderableType:
    """One candidate: where it comes from, its recipe, scores, curve, layers and family."""
    known = candidate_json(run, number)
    born = f", born from {' and '.join(map(str, known['parents']))}" if known["parents"] else ""
    head = Text(f"candidate {number} of {run.name}{born}: {steps_text(known['steps'])}\n", style="bold")
    layers, _, recipe = known["notation"].partition(" | ")
    head.append(f"{layers}\n" + (f"recipe: {recipe}\n" if recipe else ""), style="not bold")
    reasons = [f"{e['status']}: {e['reason']}" for e in known["requests"] if e["reason"]]
    parts: list[RenderableType] = [head, _scores(run, number), *map(Text, reasons), Text()]
    trained = run.full_training(number)
    for what, on, result in (
        ("the search", "validation", _of_search(run, number)),
        ("the last full training", "test", trained[1] if trained else None),
    ):
        if result is not None:
            drawn = curve_of(result)
            parts += [Text(f"accuracy by epoch, {what}\n{drawn}")] if drawn else []
            parts += (
                [Text(f"{overfitting(result, on)}\n")]
                if {"train_accuracy", "accuracy"} <= result.measures.keys()
                else []
            )
    if trained and (shares := recognised(recalls(trained[1], run.class_names))):
        parts.append(Text(f"{shares}\n"))
    parts += [_layer_table(known["layers"]), Text()] if known["layers"] else []
    parts.append(Text(f"{count(known['parameters'])} weights, {count(known['multiply_adds'])} multiply-adds per image"))
    parts += [Text(f"memory of a worker that trains it: {said}")] if (said := _memory_in_words(known["memory"])) else []
    if len(known["family"]) > 1:
        parts += [Text("\nfamily, back to the founders", style="bold"), _family_table(run, known["family"])]
    return Group(*parts)


def curve_of(result: Result) -> str:
    """The learning curve of a training; nothing if it has fewer than two epochs."""
    if len(result.curve) < 2:
        return ""
    names = {"accuracy": "train", "validation_accuracy": "validation", "test_accuracy": "on test"}
    series = {shown: [float(point[name]) for point in result.curve if name in point] for name, shown in names.items()}
    whole = {name: values for name, values in series.items() if len(values) == len(result.curve)}
    return curves(whole) if whole else ""


def overfitting(result: Result, on: str) -> str:
    """The gap between training and other images, and what it means."""
    train, held = result.measures["train_accuracy"], result.measures["accuracy"]
    gap = train - held
    shown = f"train {train:.4f}, {on} {held:.4f}, gap {gap:+.4f}:"
    if gap > 0.1:
        return f"{shown} it overfits; more augmentation or dropout, fewer weights or epochs may help"
    if gap > 0.03:
        return f"{shown} it overfits a little"
    if gap > -0.03:
        return f"{shown} no overfitting"
    return f"{shown} no overfitting, training images are the harder ones (dropout, augmentation); it may learn on"


def recognised(shares: Mapping[str, float]) -> str:
    """The share of each class's test images that a network recognises, the lowest first; nothing if none is known."""
    ordered = sorted(shares.items(), key=lambda pair: pair[1])
    shown = [f"{name} {value:.0%}" for name, value in ordered]
    if len(shown) > FEW_CLASSES:
        shown = [*shown[:6], "...", *shown[-3:]]
    return f"test recall by class: {', '.join(shown)}" if shown else ""


def _scores(run: Run, number: int) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("what for", "images", "epochs", "status", "score", "train", "seconds"):
        table.add_column(heading, justify="left" if heading in ("what for", "status") else "right")
    with run.log() as log:
        for request in log.requests(candidate=number):
            budget = (f"{request.budget.images}", f"{request.budget.epochs}")
            table.add_row(PURPOSES[request.purpose], *budget, *_outcome(run, log.result(request.number)))
    return table


def _outcome(run: Run, result: Result | None) -> tuple[str, str, str, str]:
    if result is None:
        return "not done", "-", "-", "-"
    train = result.measures.get("train_accuracy")
    seconds = f"{result.timing.get('seconds', 0):.1f}"
    return result.status.value, score(result.measures.get(run.objective.name)), score(train), seconds


def _of_search(run: Run, number: int) -> Result | None:
    """The result of the candidate's last training in the search that was OK, or None."""
    with run.log() as log:
        requests = log.requests(Purpose.SEARCH, Purpose.CLOSING, candidate=number)
        results = [log.result(request.number) for request in requests]
    return next((result for result in reversed(results) if result and result.status is Status.OK), None)


def _memory_in_words(memory: Mapping[str, int]) -> str:
    return ", ".join(f"{memory[what] / 2**30:.2f} GiB {what}" for what in ("estimated", "measured") if what in memory)


def _layer_table(layers: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("layer", "output", "weights", "multiply-adds"):
        table.add_column(heading, justify="left" if heading in ("layer", "output") else "right", overflow="fold")
    for layer in layers:
        shape = "x".join(map(str, layer["shape"]))
        settings = " ".join(
            f"{name} {value}" if name in ("stride", "dilation") else str(value)
            for name, value in layer["settings"].items()
            if not isinstance(value, bool) and (name, value) not in USUAL
        )
        counts = (f"{layer['parameters']:,}", f"{layer['multiply_adds']:,}")
        table.add_row(Text.assemble(layer["name"], " ", (settings, "dim")), shape, *counts)
    return table


def _family_table(run: Run, family: list[dict[str, Any]]) -> RenderableType:
    table = Table(box=None, pad_edge=False)
    for heading in ("candidate", "from", "score"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("what was done", overflow="fold")
    for member in family[:FAMILY_SHOWN]:
        parents = " ".join(map(str, member["parents"])) or "-"
        scored = score(member["score"])
        table.add_row(str(member["candidate"]), parents, scored, Text(steps_text(member["steps"])))
    left = len(family) - FAMILY_SHOWN
    more = [Text(f"and {left} earlier ancestors; all of them with: --json")] if left > 0 else []
    return Group(table, *more)
