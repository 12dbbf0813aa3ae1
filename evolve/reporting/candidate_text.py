"""One candidate as text for people: layers, recipe, learning curve, and its family back to the founders."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.text import Text

from evolve.display.table import Column, FoldingTable
from evolve.display.text import count, score, steps_text
from evolve.reporting.curve_text import Curves
from evolve.reporting.family_text import family_table
from evolve.reporting.hall_of_fame_text import not_clean
from evolve.reporting.layers_text import layer_table
from evolve.reporting.training_text import judged, manner
from evolve.runs.facts import candidate_json, recalls
from evolve.runs.run import Run
from evolve.storage.rows import RequestRow
from evolve.values import SEARCHING, Purpose, Result, Status

FEW_CLASSES = 12
PURPOSES = {
    Purpose.SEARCH: "search",
    Purpose.CLOSING: "search, at its end",
    Purpose.CHALLENGE: "trained longer",
    Purpose.TWIN: "beside its twin",
    Purpose.RESCORE: "re-scored",
    Purpose.FINAL: "in full, on test",
    Purpose.TRAIN: "by hand, on test",
}
WORTH = "what it is worth"  # an entry of a table


def candidate(run: Run, number: int) -> RenderableType:
    """One candidate: where it comes from, its recipe, scores, curve, layers and family."""
    known = candidate_json(run, number)
    born = f", {known['origin']}" if known["parents"] else ""
    head = Text(f"candidate {number} of {run.name}{born}: {steps_text(known['steps'])}\n", style="bold")
    text = run.recorded_network(number) or known["notation"]
    network, bar, recipe = text.rpartition(" | ")  # a graph has a bar before its head, too
    head.append(f"{network}\nrecipe: {recipe}\n" if bar else f"{text}\n", style="not bold")
    parts: list[RenderableType] = [head]
    if ancestors := known["family"][1:]:
        parts += [family_table(ancestors), Text()]
    reasons = [f"{e['status']}: {e['reason']}" for e in known["requests"] if e["reason"]]
    parts += [_scores(run, number), *map(Text, reasons), Text()]
    trained = run.full_training(number)
    searched = _of_search(run, number)
    for what, training in (("the last full training", trained), ("the search", searched)):
        if training is not None and (drawn := curve_of(training[1])):
            parts += [Text(f"accuracy by epoch, {what}"), drawn]
            break  # one on a screen
    parts += [Text(f"{line}\n") for line in judged(run.problem, searched, trained)]
    if trained and (shares := recognised(recalls(trained[1], run.class_names))):
        parts.append(Text(f"{shares}\n"))
    if trained and (said := not_clean(run, number)):
        parts.append(Text(f"{said}\n"))
    parts += [layer_table(known), Text()] if known["layers"] else []
    parts.append(Text(f"{count(known['parameters'])} weights, {count(known['multiply_adds'])} multiply-adds per image"))
    parts += [Text(f"memory of a worker that trains it: {said}")] if (said := _memory_in_words(known["memory"])) else []
    return Group(*parts)


def curve_of(result: Result) -> Curves | None:
    """The learning curve of a training; None if it has fewer than two epochs."""
    if len(result.curve) < 2:
        return None
    names = {"accuracy": "train", "validation_accuracy": "validation", "test_accuracy": "on test"}
    series = {shown: [float(point[name]) for point in result.curve if name in point] for name, shown in names.items()}
    whole = {name: values for name, values in series.items() if len(values) == len(result.curve)}
    return Curves(whole) if whole else None


def recognised(shares: Mapping[str, float]) -> str:
    """The share of each class's test images that a network recognises, the lowest first; nothing if none is known."""
    ordered = sorted(shares.items(), key=lambda pair: pair[1])
    shown = [f"{name} {value:.0%}" for name, value in ordered]
    if len(shown) > FEW_CLASSES:
        shown = [*shown[:6], "...", *shown[-3:]]
    return f"test recall by class: {', '.join(shown)}" if shown else ""


def _scores(run: Run, number: int) -> RenderableType:
    """A row for each training, and how each kind of them was done."""
    table = FoldingTable(
        (
            Column("what for", folds=True),
            *(Column("images", spare=3), Column("epochs", spare=2), Column("steps", spare=5)),
            Column("status", folds=True),
            *(Column("score"), Column("train", spare=1), Column("seconds", spare=4)),
        )
    )
    manners: dict[str, list[str]] = {}
    with run.log() as log:
        for request in log.requests(candidate=number):
            worth = run.config.table is not None and request.purpose is Purpose.FINAL
            what, result = WORTH if worth else PURPOSES[request.purpose], log.result(request.number)
            what = "on other folds" if request.purpose is Purpose.CHALLENGE and request.budget.folds > 1 else what
            spent = (result and run.done(request.budget, result)) or {}
            amounts = [str(spent.get(name, "-")) for name in ("images", "epochs", "steps")]
            amounts[0] += f", {spent['folds']} folds" if request.budget.folds > 1 and "folds" in spent else ""
            table.add_row(what, *amounts, *_outcome(run, result))
            alike = manners.setdefault(manner(spent), [])
            alike += [] if what in alike else [what]
    return Group(table, *(Text(f"{'; '.join(kinds)}: {said}") for said, kinds in manners.items() if said))


def _outcome(run: Run, result: Result | None) -> tuple[str, str, str, str]:
    if result is None:
        return "not done", "-", "-", "-"
    train = result.measures.get("train_accuracy")
    seconds = f"{result.timing.get('seconds', 0):.1f}"
    return result.status.value, score(result.measures.get(run.objective.name)), score(train), seconds


def _of_search(run: Run, number: int) -> tuple[RequestRow, Result] | None:
    """The candidate's last training in the search that was OK, or None."""
    with run.log() as log:
        requests = log.requests(*SEARCHING, candidate=number)
        found = [(request, log.result(request.number)) for request in reversed(requests)]
    return next(((request, result) for request, result in found if result and result.status is Status.OK), None)


def _memory_in_words(memory: Mapping[str, int]) -> str:
    return ", ".join(f"{memory[what] / 2**30:.2f} GiB {what}" for what in ("estimated", "measured") if what in memory)
