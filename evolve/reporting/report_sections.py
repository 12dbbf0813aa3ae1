"""What a report says of one run, section by section, for a person who was not there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from evolve import figures
from evolve.display.text import count, duration, plural, score
from evolve.errors import RunError
from evolve.models.recognition import Accuracy, accuracy
from evolve.objectives import Objectives
from evolve.planning.plan import DECIDED, units
from evolve.reporting import hall_of_fame_text
from evolve.reporting.inspection_words import sentence
from evolve.reporting.report_blocks import Block, Bullets, Code, Drawn, Network, Page, Paragraph, Rows, Section
from evolve.reporting.report_doubts import doubts
from evolve.runs.augmentation_answers import sentences
from evolve.runs.facts import candidate_json
from evolve.runs.run import Run
from evolve.storage.time_spent import seconds_spent

if TYPE_CHECKING:
    from evolve.figures.style import Figure

LEADERS = 12  # of a hall of fame
ANCESTORS = 40


def headline(run: Run) -> str:
    """What came out, in a line."""
    found = test_share(run)
    if found is not None:
        return (
            f"{found.share:.1%} of {found.count:,} test images of {run.problem.get('name', 'its data')} recognised "
            f"({found.low:.1%} to {found.high:.1%})"
        )
    result, name = run.final_result, run.objective.name
    if result is not None:
        value = run.test_accuracy if run.test_accuracy is not None else result.measures.get(name)
        return f"{name.replace('_', ' ')} {score(value)} on {run.problem.get('name') or run.problem.get('table')}"
    return f"no network of run '{run.name}' was trained in full yet"


def test_share(run: Run) -> Accuracy | None:
    """The share of test images that the winner recognised, with its interval over images; None where that is not
    known."""
    images = int(run.problem.get("sizes", {}).get("test", 0))
    result = run.final_result
    if not images or result is None or "accuracy" not in result.measures:
        return None
    return accuracy(round(result.measures["accuracy"] * images), images)


def sections(run: Run, inspected: Page | Paragraph | None = None) -> list[Section]:
    """All sections of a run that have something to say. inspected: the inside of the winner, or why it is missing."""
    made = [
        Section("result", "What came out", [*_result(run)]),
        Section("found", "How it was found, and what decided", [*_found(run)]),
        Section("network", "The network", [*_network(run)]),
        Section("family", "Where it comes from", [*_family(run)]),
        Section("helped", "What helped", [*_figures(run, HELPED)]),
        Section("search", "The search", [*_figures(run, SEARCH)]),
        Section("sizes", "What networks are worth beside what they cost", [*_figures(run, SIZES)]),
        Section("inside", "Inside the network", [inspected] if inspected else []),
        Section("doubts", "What was not shown", [Bullets([sentence(one) for one in doubts(run)])]),
        Section("again", "Settings, versions, and how to repeat it", [*_again(run)]),
    ]
    return [section for section in made if section.blocks]


def _result(run: Run) -> Iterator[Block]:
    yield Paragraph(sentence(hall_of_fame_text.decision(run)), strong=True)
    for line in hall_of_fame_text.tested(run).split("\n"):
        yield Paragraph(sentence(line.removeprefix("-> ")))
    yield Paragraph(sentence(hall_of_fame_text.meaning(run)))
    leaders = run.hall_of_fame[:LEADERS]
    rows = [
        (
            *(one.candidate, one.origin, score(one.score), score(one.rescored), score(one.test_score)),
            *(count(one.parameters), count(one.multiply_adds)),
        )
        for one in leaders
    ]
    columns = ("candidate", "origin", "score", "re-scored", "test", "weights", "multiply-adds")
    if rows:
        yield Rows("the hall of fame", columns, rows)
    if any(one.rescored is not None for one in leaders):
        caption = (
            "The best of many is partly the luckiest. What is left of that shows when it is scored again, by "
            f"{hall_of_fame_text.trained_again(run)}. Trainings differ in length."
        )
        yield from _drawn(run, "shrinkage", figures.shrinkage, caption)


def _found(run: Run) -> Iterator[Block]:
    summary = run.summary()
    with run.log() as log:
        worked = seconds_spent(log)
    births = f"{plural(len(run.candidates), 'network')} were born, {plural(summary['failures'], 'training')} failed"
    work = f" and {units(summary['work'])} units of work" if summary["work"] else ""
    yield Paragraph(
        f"Strategy {run.config.strategy}, seed {run.config.seed}, on {summary['dataset']}. {births}, in "
        f"{duration(worked)}{work}.{f' The search ended: {run.search_ended}.' if run.search_ended else ''}"
    )
    if decided := list(sentences(run)):
        yield Bullets([sentence(one) for one in decided])
    caption = "How many images all trainings of a kind saw, repeats counted; the number in a bar is that of trainings."
    yield from _drawn(run, "budgets", figures.budgets, caption)


def _network(run: Run) -> Iterator[Block]:
    number = _first(run)
    if number is None or run.config.table is not None:
        return
    try:
        svg = run.picture(number)
    except RunError as error:  # such as layers of the user's own that were not named
        yield Paragraph(f"there is no picture of it: {error}")
    else:
        row = run.candidate(number)
        size = f"{row.parameters or 0:,} weights, {row.multiply_adds or 0:,} multiply-adds for one image"
        yield Network(svg, f"candidate {number}: {size}", row.notation)


def _family(run: Run) -> Iterator[Block]:
    number = _first(run)
    if number is None:
        return
    caption = (
        "The best networks and all their ancestors, each at its score after the first brief training; a line goes from "
        "parent to child, and its middle says what was done. Diamonds are the best of the hall of fame."
    )
    yield from _drawn(run, "family", figures.family, caption)
    parents = run.candidate(number).parents
    if parents and run.config.table is None:
        try:
            svg = run.picture(number, parents[0])
        except RunError:
            svg = ""
        if svg:
            yield Network(svg, f"candidate {parents[0]} and its child {number}; what differs is marked", "")
    line = candidate_json(run, number)["family"][:ANCESTORS]
    rows = [
        (
            *(one["candidate"], " ".join(map(str, one["parents"])) or "-", score(one["score"])),
            "; ".join(step["text"] for step in one["steps"]),
        )
        for one in line
    ]
    yield Rows("ancestors, youngest first", ("candidate", "parents", "score", "what was done"), rows)


Draw = Callable[[Run], "Figure"]
HELPED: tuple[tuple[str, Draw, str], ...] = (
    (
        "operators",
        figures.operators,
        "By how much children scored better than their parent, with 95 % intervals where there are three or more. "
        "Parents were chosen because they did well, and a part of that is luck, so most changes look harmful: compare "
        "operators with each other, not with zero.",
    ),
)
SEARCH: tuple[tuple[str, Draw, str], ...] = (
    (
        "progress",
        figures.progress,
        "Each birth after its first brief training, the best so far, and what those came to that were trained again: "
        "the line rises also by luck, the diamonds do not.",
    ),
    ("births", figures.births, "All that was born, by where it comes from."),
    ("curves", figures.curves, "Learning curves: brief trainings of the search, and the last training."),
    ("diversity", figures.diversity, "How different the newest networks were from each other: 0 would be all alike."),
    ("species", figures.species, "Species that were born, grew and died."),
)
SIZES: tuple[tuple[str, Draw, str], ...] = (
    ("front", figures.front, "Networks on the front are those that none is better than in score and size."),
    ("shelf", figures.shelf, "The best network of each size, by its number; sizes double from cell to cell."),
)


def _figures(run: Run, wanted: tuple[tuple[str, Draw, str], ...]) -> Iterator[Block]:
    for name, draw, caption in wanted:
        yield from _drawn(run, name, draw, caption)
    several = len(Objectives.of(run.config.model_dump()).each) > 1
    if wanted is SIZES and several:
        yield Paragraph("This search had several objectives: " + ", ".join(run.config.objectives) + ".")


def _drawn(run: Run, name: str, draw: Draw, caption: str) -> Iterator[Block]:
    """A figure; nothing where the run has nothing of the kind."""
    try:
        figure = draw(run)
    except RunError:
        return
    yield Drawn(name, caption, figure)


def _again(run: Run) -> Iterator[Block]:
    meta, problem = run.meta, run.problem
    known: list[tuple[str, Any]] = [("run", run.name), ("state", run.state), ("created", str(meta["created"])[:19])]
    known += [("evolve", meta["version"]), *meta.get("libraries", {}).items()]
    known += [(name, problem[name]) for name in ("backend", "device") if problem.get(name)]
    if sizes := problem.get("sizes"):
        known.append(("images", ", ".join(f"{size:,} {part}" for part, size in sizes.items())))
    if problem.get("digest"):
        known.append(("SHA-256 of the data", problem["digest"]))
    yield Rows("versions and data", ("what", "value"), known)
    usual = type(run.config).model_validate({}).model_dump(mode="json")
    given = {name: value for name, value in meta["config"].items() if value != usual.get(name)}
    given = {name: value for name, value in given.items() if name not in ("results", "name")}
    yield Rows("settings that are not the usual ones", ("setting", "value"), [*given.items()])
    yield Paragraph("The same search again:")
    yield Code(_call(run, given), "python")
    yield Paragraph(
        "Intervals of shares of test images are over images: of 100 such intervals, 95 hold the share of all images of "
        "this kind. What another seed would make of it is not in them."
    )


def _call(run: Run, given: Mapping[str, Any]) -> str:
    """What repeats a search, in Python; with its plan where time or work was planned, which depends on the machine."""
    planned = (run.meta["plan"] or {}).get("search") is not None
    settings = {
        name: value for name, value in given.items() if not planned or name not in (*DECIDED, "duration", "work")
    }
    lines = [
        *([f"plan={str(run.folder)!r}"] if planned else []),
        *(f"{name}={value!r}" for name, value in settings.items()),
    ]
    return "import evolve\n\nevolve.run(\n" + "".join(f"    {line},\n" for line in lines) + ")"


def _first(run: Run) -> int | None:
    """The candidate that a report is about: the winner, or which is ahead."""
    if run.winner is not None:
        return run.winner
    return run.hall_of_fame[0].candidate if run.hall_of_fame else None
