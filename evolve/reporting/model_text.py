"""Trained models, predictions, ensembles, baselines and what may be deleted, as text for people."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from evolve.display.table import Column, FoldingTable
from evolve.display.text import count, duration, plural, share, size
from evolve.models.ensemble import Ensemble
from evolve.models.predict import Prediction
from evolve.models.predict import recognised as recognised_of
from evolve.models.train import Trained
from evolve.reporting.candidate_text import curve_of, recognised
from evolve.reporting.curve_text import Curves
from evolve.reporting.hall_of_fame_text import not_clean
from evolve.reporting.inspection_text import confused
from evolve.reporting.inspection_words import accuracy_in_words
from evolve.reporting.training_text import amount, judged, manner, no_better_than_guessing, outcome
from evolve.runs.disk import Disposable
from evolve.runs.facts import recalls
from evolve.runs.guessing import Guessing
from evolve.storage.adopted_files import AdoptedFile
from evolve.storage.files import shown_path
from genomes.limits import Limits

MEASURED = ("test_accuracy", "balanced_accuracy", "train_accuracy")  # in the report of a baseline

FEW_REMARKS = 5
ROOM = 12  # layers more than an adopted model has, that a search may add


def baseline(report: Mapping[str, Any], path: Path) -> RenderableType:
    """A network trained by hand: its curve and its figures, beside those that were published."""
    curve = report["curve"]
    series = {
        "train": [point["accuracy"] for point in curve],
        "validated on test": [point["test_accuracy"] for point in curve],
    }
    lines = [
        f"{report['founder']} on {report['dataset']}: {amount(report['spent'])} in {duration(report['seconds'])}",
        manner(report["spent"]),
        f"test accuracy after the last epoch {report['test_accuracy']:.2%}, "
        f"train accuracy {report['train_accuracy']:.2%}",
    ]
    if (published := report["published"]) and report["dataset"].startswith("cifar10"):
        lines.append(f"published: {published['test_accuracy']:.2%} after {published['epochs']} epochs")
    measures = {name.removeprefix("test_"): report[name] for name in MEASURED}
    if guesses := no_better_than_guessing(measures, Guessing(report["test_images"], tuple(report["class_shares"]))):
        lines.append(f"it {guesses}")
    lines += [shares] if (shares := recognised(report["recognised"])) else []
    lines.append(f"all of it: {path}; the model: {path.with_suffix('.keras')}")
    return Group(Curves(series), Text(), *map(Text, lines))


def adopted(made: AdoptedFile) -> RenderableType:
    """A Keras model that became a founder, and what it is now."""
    height, width, channels = made.input_shape
    lines = [
        made.notation,
        f"{made.founder}: {count(made.parameters)} weights, {count(made.multiply_adds)} multiply-adds per image",
        "",
        f"images of {height} x {width} x {channels}, {made.classes} classes",
        f"its class probabilities differ from those of {made.model} by at most {made.difference:.1g}, on noise",
        *made.remarks,
        "nobody knows which images it has seen: of what begins with its weights no clean test accuracy can be claimed",
    ]
    return Group(*map(Text, lines))


def search_on(made: AdoptedFile, results: Path) -> str:
    """The command that searches on from an adopted model, in one piece, so that it can be copied."""
    where = "" if results == Path("results") else f" --results {shlex.quote(shown_path(results.absolute()))}"
    needed = {"layers": made.layers + ROOM, "parameters": 2 * made.parameters, "multiply_adds": 2 * made.multiply_adds}
    over = {name: value for name, value in needed.items() if value > getattr(Limits, f"max_{name}")}
    limits = "".join(f" --max-{name.replace('_', '-')} {value}" for name, value in over.items())
    return f"search on from it\n  evolve run --encoding graph --founders {made.founder} --dataset DATA{limits}{where}"


def trained(made: Trained) -> RenderableType:
    """A candidate that was trained in full: its curve and what it reads of the test part."""
    run, what = made.run, f"candidate {made.candidate} of {made.run.name}"
    when = "was trained in full" if made.new else "had been trained in full before, so nothing was trained now"
    lines = [f"{what} {when}: {amount(made.spent)}", *([said] if (said := manner(made.spent)) else [])]
    lines.append(outcome(made.result, run.objective))
    lines += [said] if (said := not_clean(run, made.candidate)) else []
    lines += judged(run.problem, None, run.full_training(made.candidate))
    lines += [by_class] if (by_class := recognised(recalls(made.result, made.run.class_names))) else []
    openings = f"the test part was opened {made.run.test_openings} times in this run"
    lines.append(f"the model: {shown_path(made.path)}; {openings}")
    drawn = curve_of(made.result)
    parts: list[RenderableType] = [Text("accuracy by epoch"), drawn, Text()] if drawn else []
    return Group(*parts, *map(Text, lines))


def predictions(said: Sequence[Prediction], top: int) -> RenderableType:
    """Each image with its most likely classes."""
    table = FoldingTable((Column("image", folds=True), Column("is probably", folds=True)))
    for one in said:
        classes = ", ".join(f"{name} {value:.1%}" for name, value in one.ranked[: max(1, top)])
        table.add_row(str(one.image), classes)
    resized = [one for one in said if one.resized_from]
    cut = any(one.resized_from and one.resized_from[0] != one.resized_from[1] for one in resized)
    how = "cut to their middle and resized" if cut else "resized"
    note = f"{len(resized)} of {len(said)} images were {how} to what the model takes"
    remarks = Counter(one.remark for one in said if one.remark)
    notes = [f"{count} of {len(said)} images: {remark}" for remark, count in remarks.most_common(FEW_REMARKS)]
    return Group(table, *map(Text, [note] * bool(resized) + notes), *_recognised(said))


def _recognised(said: Sequence[Prediction]) -> list[RenderableType]:
    """How many images of known classes are recognised, and what is taken for what; nothing if no class is known."""
    found = recognised_of(said)
    if found is None:
        return []
    lines = [f"recognised: {accuracy_in_words(found.accuracy)}, by the folders that they lie in"]
    if found.unlabelled:
        lines.append(f"not counted: {plural(found.unlabelled, 'image')} in no folder that is called as a class")
    return [Text(), *map(Text, lines), *([Text(), confused(found.confused)] if found.confused else [])]


def predictions_json(said: Sequence[Prediction]) -> dict[str, Any]:
    """ "images": an entry for each. "recognised": how many of those whose class is known, and what is taken for what;
    None if no class is known."""
    told = [
        {"image": str(one.image), "classes": dict(one.ranked), "remark": one.remark, "truth": one.truth} for one in said
    ]
    found = recognised_of(said)
    return {"images": told, "recognised": found and {**asdict(found), "share": found.accuracy.share}}


def together(made: Ensemble) -> RenderableType:
    """Leaders one by one and together."""
    table = FoldingTable((Column("candidate"), Column("test accuracy")))
    for candidate, value in made.single.items():
        table.add_row(str(candidate), share(value))
    table.add_row("together", share(made.accuracy))
    best = max(made.single.values())
    points = 100 * (made.accuracy - best)
    gain = f"{points:+.2f} points against the best of them, on {made.images:,} test images"
    doubts = dict.fromkeys(said for candidate in made.single if (said := not_clean(made.run, candidate)))
    return Group(table, Text(gain), *map(Text, doubts))


def disposables(things: Sequence[Disposable], total: int) -> RenderableType:
    """What may be deleted, largest first."""
    if not things:
        return Text(f"nothing to delete; the folder holds {size(total)}" + (", all of it in use" if total else ""))
    table = FoldingTable((Column("size"), Column("what", folds=True), Column("why it may go", folds=True)))
    for thing in things:
        table.add_row(size(thing.size), shown_path(thing.path), thing.why)
    freed = sum(thing.size for thing in things)
    return Group(table, Text(f"{size(freed)} of the {size(total)} in the folder"))
