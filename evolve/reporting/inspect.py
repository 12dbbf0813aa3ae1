"""Runs, candidates and the machine as text for people, at most 80 columns wide in a narrow terminal."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from evolve.execution.devices import gpu_names, gpu_visible, usable_cores
from evolve.problem import backend
from evolve.run_view import Run
from evolve.values import Purpose, Result


def show(renderable: RenderableType) -> None:
    """Prints to the terminal, or as plain text elsewhere."""
    Console(highlight=False).print(renderable)


def runs(found: list[Run]) -> RenderableType:
    """One row per run, newest first."""
    table = Table(box=None, pad_edge=False)
    for heading in ("run", "data", "strategy"):
        table.add_column(heading, overflow="fold")
    for heading in ("evaluations", "best", "test", "state"):
        table.add_column(heading, justify="right" if heading != "state" else "left", no_wrap=True)
    for run in found:
        s = run.summary()
        accuracies = [_score(s["best"]), _score(s["test_accuracy"])]
        table.add_row(s["name"], s["dataset"], s["strategy"], str(s["evaluations"]), *accuracies, s["state"])
    return table


def hall_of_fame(run: Run) -> RenderableType:
    """The run in a line, its hall of fame, and what to do next."""
    s = run.summary()
    head = Text(f"{s['name']}: {s['strategy']} on {s['dataset']}, seed {s['seed']}, {s['state']}\n", style="bold")
    head.append(f"{s['evaluations']} evaluations, {s['failures']} failures", style="not bold")
    table = Table(box=None, pad_edge=False)
    for heading in ("", "candidate", "score", "re-scored", "change", "weights", "multiply-adds"):
        table.add_column(heading, justify="right", no_wrap=True)
    for rank, leader in enumerate(run.hall_of_fame, start=1):
        change = "-" if leader.rescored is None else f"{leader.rescored - leader.score:+.4f}"
        sizes = (_count(leader.parameters), _count(leader.multiply_adds))
        table.add_row(f"{rank}", str(leader.candidate), _score(leader.score), _score(leader.rescored), change, *sizes)
    parts: list[RenderableType] = [head, Text(), table, Text()]
    if run.winner is not None:
        times = "once" if run.test_openings == 1 else f"{run.test_openings} times, each on record"
        trained = f"candidate {run.winner} trained in full; the test part was opened {times}"
        parts.append(Text(f"test accuracy {_share(run.test_accuracy)} ({trained})"))
    else:
        parts.append(Text("not trained in full yet, so there is no test accuracy"))
    if run.unrepeatable:
        parts.append(Text(f"{run.unrepeatable} results ran into the time or memory limit: another run may differ"))
    for best in run.hall_of_fame[:1]:
        parts += [Text(), Text(f"candidate {best.candidate}: {best.notation}")]
    return Group(*parts)


def next_steps(run: Run) -> str:
    """Commands that people want after a run, each on one line, so that it can be copied."""
    results = run.folder.parent
    where = "" if results.absolute() == Path("results").absolute() else f" --results {results}"
    commands = [
        ("the hall of fame again", f"evolve show {run.name}{where}"),
        ("one candidate, layer by layer", f"evolve show {run.name} {run.winner or 1}{where}"),
        ("search on", f"evolve resume {run.name}{where} --generations 4"),
    ]
    if run.winner is not None and (model := run.model_path(run.winner)).exists():
        commands.append(
            ("the trained model", f"python -c \"import keras; keras.saving.load_model('{model}').summary()\"")
        )
    lines = [f"  {what:30} {text}" for what, text in commands]
    return "\nwhat next\n" + "\n".join(lines)


def candidate_json(run: Run, number: int) -> dict[str, Any]:
    """All that is known of one candidate. Raises KeyError if it was never born."""
    row = run.candidates[number]
    return {
        "candidate": number,
        "notation": row.notation,
        "genome": row.genome,
        "parents": row.parents,
        "origin": row.origin,
        "parameters": row.parameters,
        "multiply_adds": row.multiply_adds,
        "layers": _layers(run, number),
        "requests": [entry for entry in run.history() if entry["candidate"] == number],
    }


def _layers(run: Run, number: int) -> list[dict[str, Any]]:
    if run.config.encoding != "stack" or run.candidates[number].key is None:
        return []
    spec = run.space.blueprint(run.space.read(run.candidates[number].genome))
    names = ("name", "op", "shape", "parameters", "multiply_adds")
    return [{**{n: getattr(node, n) for n in names}, "settings": dict(node.settings)} for node in spec.nodes]


def candidate(run: Run, number: int) -> RenderableType:
    """One candidate: where it comes from, its scores, its layers."""
    known = candidate_json(run, number)
    born = "from nothing" if not known["parents"] else "from " + " and ".join(map(str, known["parents"]))
    head = Text(f"candidate {number} of {run.name}, born {born}: {'; '.join(known['origin'])}\n", style="bold")
    head.append(known["notation"] + "\n", style="not bold")
    scores = Table(box=None, pad_edge=False)
    for heading in ("what for", "images", "epochs", "status", "score", "train", "seconds"):
        scores.add_column(heading, justify="left" if heading in ("what for", "status") else "right")
    for request in run.requests:
        if request.candidate == number:
            result = run.results.get(request.number)
            budget = (f"{request.budget.images}", f"{request.budget.epochs}")
            scores.add_row(_purpose(request.purpose), *budget, *_outcome(result))
    layers = Table(box=None, pad_edge=False)
    for heading in ("layer", "output", "weights", "multiply-adds"):
        layers.add_column(heading, justify="left" if heading in ("layer", "output") else "right", overflow="fold")
    for layer in known["layers"]:
        shape = "x".join(map(str, layer["shape"]))
        settings = " ".join(str(value) for value in layer["settings"].values() if not isinstance(value, bool))
        counts = (f"{layer['parameters']:,}", f"{layer['multiply_adds']:,}")
        layers.add_row(f"{layer['name']} [dim]{settings}[/dim]", shape, *counts)
    total = Text(f"{_count(known['parameters'])} weights, {_count(known['multiply_adds'])} multiply-adds per image")
    reasons = [f"{e['status']}: {e['reason']}" for e in known["requests"] if e["reason"]]
    tail: list[RenderableType] = [layers, Text()] if known["layers"] else []
    return Group(head, scores, *map(Text, reasons), Text(), *tail, total)


def _purpose(purpose: Purpose) -> str:
    return {Purpose.SEARCH: "search", Purpose.RESCORE: "re-scored", Purpose.FINAL: "in full, on test"}[purpose]


def _outcome(result: Result | None) -> tuple[str, str, str, str]:
    if result is None:
        return "not done", "-", "-", "-"
    train = result.measures.get("train_accuracy")
    return result.status.value, _score(result.fitness), _score(train), f"{result.timing.get('seconds', 0):.1f}"


def _score(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}" if value <= 1 else f"{value:.2f}"


def _share(value: float | None) -> str:
    """A share as a per cent; tables may hold per cents."""
    return "-" if value is None else f"{value:.2%}" if value <= 1 else f"{value:.2f}"


def _count(value: int | None) -> str:
    if value is None:
        return "-"
    for size, letter in ((1_000_000, "M"), (1000, "k")):
        if value >= size:
            return f"{value / size:.1f}{letter}"
    return str(value)


def machine() -> dict[str, Any]:
    """Versions, backend, devices, memory and data sets at hand."""
    import psutil

    memory = psutil.virtual_memory()
    cached = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras", "datasets")
    return {
        "evolve": version("evolve-convnets"),
        "python": platform.python_version(),
        "system": platform.platform(),
        "backend": backend(),
        "libraries": {name: _version(name) for name in ("keras", "numpy", "deap", "neat-python", "pebble")},
        "cores": usable_cores(),
        "gpus": gpu_names(),
        "trains on": "gpu" if gpu_visible() else "cpu",
        "memory": f"{memory.total / 2**30:.1f} GiB, {memory.available / 2**30:.1f} GiB free",
        "datasets": {
            "digits": "comes with scikit-learn",
            "cifar10": "in Keras's cache" if _has_cifar(cached) else "would be downloaded by Keras",
        },
        "threads": os.environ.get("OMP_NUM_THREADS", "one per worker"),
    }


def _has_cifar(folder: Path) -> bool:
    return any(folder.glob("cifar-10-batches-py*"))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def machine_table() -> RenderableType:
    """`machine` for people."""
    table = Table.grid(padding=(0, 3))
    for name, value in machine().items():
        value = value or "none"
        text = ", ".join(f"{k}: {v}" for k, v in value.items()) if isinstance(value, dict) else value
        table.add_row(Text(name, style="dim"), ", ".join(text) if isinstance(text, list) else str(text))
    return table
