"""Runs as text for people, at most 80 columns wide in a narrow terminal."""

from __future__ import annotations

import shlex
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from evolve.display.table import Column, FoldingTable
from evolve.display.text import duration, plural, score, steps_text
from evolve.objectives import PUBLISHED
from evolve.reporting import hall_of_fame_text, shelf_text
from evolve.reporting.candidate_text import FEW_CLASSES, recognised
from evolve.reporting.species_text import generation, species
from evolve.reporting.training_text import amount, no_better_than_guessing, search_at_chance
from evolve.runs.augmentation_answers import sentences
from evolve.runs.chance import chance
from evolve.runs.facts import recalls
from evolve.runs.guessing import guessing_on
from evolve.runs.run import Run
from evolve.runs.shelf import unsteadiness
from evolve.runs.tensorboard_folder import TensorBoardFolder, what_is_left_out
from evolve.runs.trainings import done_of
from evolve.storage.files import TENSORBOARD, shown_path
from evolve.values import Budget, Fact, Status

NAME = 30  # characters of a run's name that stay in one piece: people copy it


def runs(found: list[Run]) -> RenderableType:
    """One row per run, newest first."""
    table = FoldingTable(
        (
            Column("run", folds=True, least=NAME),
            Column("data", folds=True, spare=2),
            Column("strategy", left=True, spare=3),
            Column("evaluations", spare=1),
            Column("best"),
            Column("test"),
            Column("epochs", spare=4),
            Column("state", left=True),
        )
    )
    for run in found:
        s = run.summary(work=False)
        unclean = " (not clean)" if s["test_is_clean"] is False else ""
        scores = [score(s["best"]), f"{score(s['test_score'])}{unclean}"]
        epochs = "-" if s["in_full"] is None else f"{s['in_full'].get('epochs', '-')}"
        table.add_row(s["name"], s["dataset"], s["strategy"], str(s["evaluations"]), *scores, epochs, s["state"])
    return table


def hall_of_fame(run: Run, top: int | None = None) -> RenderableType:
    """Why a network won, the run in a line, its hall of fame, and what came out on the test part.

    top: how many leaders; None for as many as the hall of fame has."""
    leaders = run.hall_of_fame if top is None else run.leaders(top)
    climbed = len({leader.trained for leader in leaders}) > 1
    head = Text(f"{hall_of_fame_text.decision(run)}\n", style="bold")
    head.append(f"{_about(run)}\n{hall_of_fame_text.meaning(run)}", style="not bold")
    if climbed:
        head.append("; one after more images seen in training ranks first", style="not bold")
    parts: list[RenderableType] = [head, Text(), hall_of_fame_text.table(run, leaders, climbed)]
    parts += [*map(Text, hall_of_fame_text.legend(run, leaders)), Text()]
    parts += shelf_text.front(run)
    parts += [*map(Text, told), Text()] if (told := list(sentences(run))) else []
    parts += [found] if (found := species(run)) else []
    parts += [Text(doubt)] if (doubt := hall_of_fame_text.doubt(run)) else []
    parts.append(Text(hall_of_fame_text.tested(run)))
    parts += map(Text, _guesses(run))
    if run.final_result is not None and (by_class := recognised(recalls(run.final_result, run.class_names))):
        parts.append(Text(by_class))
    if run.unrepeatable:
        parts.append(Text(f"{run.unrepeatable} results ran into the time or memory limit: another run may differ"))
    parts += [Text(said)] if (said := _times(run)) else []
    if run.config.fast:
        parts.append(Text("results were used as they came (--fast): another run with this seed may differ"))
    for best in leaders[:1]:
        parts += [Text(), Text(f"candidate {best.candidate}: {best.notation}")]
    return Group(*parts)


def _times(run: Run) -> str:
    """That times were measured, and how steady they were; nothing in a run without."""
    if (spread := unsteadiness(run)) is None:
        return ""
    said = "latency was measured on this machine: another run with this seed may differ"
    if spread > shelf_text.BUSY:
        said += f"; it had other work, as times of one network spread by up to {spread:.0%} of their median"
    return said


def _about(run: Run) -> str:
    """What the run is, and how far."""
    s, names = run.summary(work=False), run.problem.get("class_names")
    why = f": {run.error}" if run.error else ""
    ended = f"\nthe search ended: {run.search_ended}" if run.search_ended else ""
    listed = ", ".join(names[:FEW_CLASSES]) + (", ..." if len(names) > FEW_CLASSES else "") if names else ""
    return (
        f"{s['name']}: {s['strategy']} on {s['dataset']}, seed {s['seed']}, {s['state']}{why}\n"
        f"{plural(s['evaluations'], 'evaluation')}, {plural(s['failures'], 'failure')}"
        f"{f'; {len(names)} classes: {listed}' if names else ''}{_simulated(run)}{ended}"
    )


def _simulated(run: Run) -> str:
    """How much time the search simulated, if it did."""
    seconds = next((act.detail["simulated"] for act in reversed(run.acts) if "simulated" in act.detail), None)
    simulated = "" if seconds is None else f"; {duration(seconds)} of simulated time"
    return simulated + (
        f"\nall {plural(count, 'network')} of the table were tried" if (count := _all_tried(run)) else ""
    )


def _all_tried(run: Run) -> int | None:
    """How many networks a recorded table has, if a search has tried all of them."""
    count = run.problem.get("networks")
    return count if count is not None and _births(run) >= count else None


def _births(run: Run) -> int:
    with run.log() as log:
        return log.last("candidate")


def _guesses(run: Run) -> list[str]:
    """That the winner or many of the candidates are no better than guessing, if that is so."""
    measures = run.final_result.measures if run.final_result else {}
    if guesses := no_better_than_guessing(measures, guessing_on(run.problem, "test")):
        return [f"candidate {run.winner} {guesses}"]
    one_of_one = run.winner is not None and _births(run) == 1  # it was not searched for
    return [said] if not one_of_one and (said := search_at_chance(chance(run), run.config.work is not None)) else []


def history(run: Run, last: int) -> RenderableType:
    """One row per request, in order: the `last` of them."""
    table = FoldingTable(
        (
            Column("", spare=2),
            Column("what for", left=True, spare=1),
            Column("candidate"),
            Column("from", spare=3),
            Column("score"),
            Column("what was done", folds=True),
        )
    )
    entries = list(run.history(last))
    generations = deque(_generations(run, entries))
    for entry in entries:
        born = entry["purpose"] == "search" and entry["continues"] is None
        while born and generations and generations[0].births < entry["candidate"]:
            table.add_row("", "species", "-", "-", "-", generation(generations.popleft()))
        first = entry["objectives"][0] if entry["objectives"] else None
        outcome = score(first) if first is not None else entry["status"] or "not done"
        parents = " ".join(map(str, entry["parents"])) or "-"
        done = steps_text(entry["steps"]) if born else _looked_up(run, entry) or _trained(entry)
        numbers = (str(entry["request"]), entry["purpose"], str(entry["candidate"]), parents, outcome)
        table.add_row(*numbers, done)
    for fact in generations:
        table.add_row("", "species", "-", "-", "-", generation(fact))
    with run.log() as log:
        left = log.count() - len(entries)
    return (
        Group(Text(f"{left:,} earlier requests; more of them with --last, all with --json\n"), table) if left else table
    )


def _generations(run: Run, entries: Sequence[Mapping[str, Any]]) -> list[Fact]:
    """What is known of species since the first birth among these entries."""
    first = min((entry["candidate"] for entry in entries if entry["purpose"] == "search"), default=0)
    with run.log() as log:
        return [fact for fact in log.facts("species") if fact.births >= first]


def _looked_up(run: Run, entry: Mapping[str, Any]) -> str | None:
    """That an entry of the history was not trained, but looked up; None if it was trained."""
    if not run.problem.get("table"):
        return None
    return "looked up" if run.config.encoding == PUBLISHED else f"looked up: {_trained(entry)}"


def _trained(entry: Mapping[str, Any]) -> str:
    """What the training of an entry of the history came to."""
    budget = Budget(entry["images"], entry["epochs"], entry["folds"])
    if entry["status"] != Status.OK:
        return f"asked for {amount(asdict(budget))}"
    return amount(done_of(budget, entry["spent"], entry["curve"]))


def next_steps(run: Run, width: int) -> str:
    """Commands that people want after a run, each in one piece, so that it can be copied: beside what it is for, or
    below that where one line of that width is too short for both."""
    name, _, results = run.words.partition(" --results ")
    where = f" --results {results}" if results else ""
    best = run.winner or 1
    commands = [
        ("the hall of fame again", f"evolve show {name}{where}"),
        ("one candidate, layer by layer", f"evolve show {name} {best}{where}"),
        ("all of it as a page to look at", f"evolve report {name}{where}"),
    ]
    if _all_tried(run) is None:
        commands.append(("search further", f"evolve resume {name}{where} --generations 4"))
    if run.winner is not None and run.model_path(run.winner).exists():
        commands += [
            ("classify an image", f"evolve predict {name} IMAGE.png{where}"),
            ("a script that trains it", f"evolve export {name} {best} --format python{where}"),
        ]
    if (run.folder / TENSORBOARD).is_dir():
        commands.append(("all of it in TensorBoard", _opening(run.folder / TENSORBOARD)))
    lines = [f"  {what:30} {text}" for what, text in commands]
    if max(map(len, lines)) > width:
        lines = [f"{what}\n  {text}" for what, text in commands]
    return "\nwhat next\n" + "\n".join(lines)


def for_tensorboard(run: Run, made: TensorBoardFolder) -> RenderableType:
    """What was written for TensorBoard, what was not, and how to open it."""
    written = f"wrote {plural(len(made.candidates), 'candidate')} of run '{run.name}' to {shown_path(made.folder)}"
    left_out = [Text(what_is_left_out())] if made.left_out else []
    return Group(Text(written), *left_out, Text(f"open it with: {_opening(made.folder)}"))


def _opening(folder: Path) -> str:
    return f"tensorboard --logdir {shlex.quote(shown_path(folder))}"
