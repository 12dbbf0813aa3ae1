"""The hall of fame as text for people: what its figures are, and why its first one won."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import RenderableType

from evolve.display.table import Column, FoldingTable
from evolve.display.text import count, plural, plus_minus, score, share, with_spread
from evolve.objectives import FITNESS, SCORE, Direction, Objective
from evolve.reporting.training_text import amount, outcome
from evolve.runs.guessing import over_folds
from evolve.runs.hall import Comparison, better_mean, comparison
from evolve.runs.leader import Leader
from evolve.runs.race import Standings, standings
from evolve.runs.run import Run
from evolve.runs.selection import Selection, selection
from evolve.values import SEARCHING, Budget, Purpose, Status, adoption, is_reborn

SCORES = {
    "accuracy": "validation accuracy",
    "balanced_accuracy": "balanced validation accuracy",
    "loss": "validation loss",
    FITNESS: "what the fitness function returned",
    SCORE: "a score of the table",
}
NEXT = "\n-> "  # so that what came out on the test part begins a line
OTHER_WAYS = {
    "accuracy_with_flips": "if each image is also shown mirrored",
    "accuracy_with_views": "if each image is also shown mirrored and moved by a pixel",
    "accuracy_without_averaging": "without averaging weights",
}
NOT_MIRRORED = {"accuracy_with_views": "if each image is also shown moved by a pixel"}


def decision(run: Run) -> str:
    """Why the first of the hall of fame won, in a sentence; or that none has won yet."""
    found = run.hall_of_fame
    if found and found[0].rescored is None and run.winner is not None:
        return f"candidate {run.winner}, {_described(run, found[0])}: there was nothing to choose from"
    if not found or found[0].rescored is None:
        return f"no network of run '{run.name}' has won yet, as none was scored again"
    first, failed = found[0], _failed(run, found[0])
    won = "won" if failed or run.winner == first.candidate else "is ahead so far"
    head = f"candidate {first.candidate} {won}, {_described(run, first)}"
    against, race = comparison(found, run.objective), _race(run)
    if race is not None and first.candidate in race.leads:
        said = _of_race(run, race, first)
    elif not first.parents:
        beyond = " beyond luck" if against and against.lead.by < 0 else ""
        said = f"no mutant beat it{beyond}" if against else _unrivalled(run)
    else:
        said = _ahead(run.objective, against) if against else "no founder was among those scored again"
    if run.winner not in (None, first.candidate):
        said += f"; {'its training in full failed, so ' if failed else ''}candidate {run.winner} was trained in full"
        said += "" if failed else " before the search went on"
    return f"{head}: {said}"


def _race(run: Run) -> Standings | None:
    with run.log() as log:
        return standings(log, list(log.rescored()))


def _of_race(run: Run, race: Standings, first: Leader) -> str:
    """Why one won that was in a race, as "ahead of founder fast (candidate 1) by 0.0312"."""
    lead, others = race.leads[first.candidate], len(race.leads) - 1
    if first.candidate == race.favourite:
        newcomers = sum(one.tried > 0 for one in race.leads.values())
        beyond = f"; {plural(newcomers, 'newcomer')} did not beat it beyond luck" if newcomers else ""
        if not others:
            return _unrivalled(run)
        close = any(one.by > 0 and not one.tried for one in race.leads.values())
        scored = f"{others + 1} that were scored again"
        said = f"none of {scored} is clearly ahead of it" if close else f"expected to end best of {scored}"
        return f"{said}{beyond}"
    favourite = next(one for one in run.leaders(None) if one.candidate == race.favourite)
    by = abs(race.in_scores(first.candidate))
    ahead_of_luck = lead.tried and lead.by > lead.needed
    luck = f", beyond luck; it is the best of {plural(lead.tried, 'newcomer')}" if ahead_of_luck else ""
    named = f"{favourite.origin} (candidate {favourite.candidate})"
    way = "ahead of" if lead.by > 0 else "behind"
    carried = ", carried on to the last training" if race.carried else ""
    return f"{way} {named} by {score(by)}{carried}{luck}"


def _failed(run: Run, leader: Leader) -> bool:
    """Whether the last training of a run was tried with it, and failed."""
    with run.log() as log:
        results = [log.result(one.number) for one in log.requests(Purpose.FINAL, candidate=leader.candidate)]
    return bool(results) and all(result is not None and result.status is not Status.OK for result in results)


def _unrivalled(run: Run) -> str:
    """What is to be said of a winner without parents that no mutant was scored again with."""
    _, *others = [leader for leader in run.hall_of_fame if leader.rescorings]
    return f"the best of {len(others) + 1} that were scored again" if others else "the only one that was scored again"


def _described(run: Run, leader: Leader) -> str:
    """What a candidate is, as "founder fast, unchanged" or "a mutant of candidate 4"."""
    row = run.candidate(leader.candidate)
    if is_reborn(row):
        parent = next((one for one in run.leaders(None) if one.candidate == row.parents[0]), None)
        before = _described(run, parent) if parent else f"candidate {row.parents[0]}"
        return f"{before}, then {row.steps[0].text}"
    if leader.parents:
        return f"a {leader.origin.replace(' of ', ' of candidate ', 1)}"
    if leader.origin == "random":
        return "a random network"
    changes = [step.text for step in run.candidate(leader.candidate).steps[1:]]
    return ", ".join([leader.origin, *(changes or ["unchanged"])])


def _ahead(objective: Objective, against: Comparison) -> str:
    """By how much a mutant is ahead of the founder that it had to beat."""
    way = "higher" if (objective.direction is Direction.MAXIMISE) == (against.lead.by >= 0) else "lower"
    kind = "the random network" if against.other.origin == "random" else against.other.origin
    named = f"{kind} (candidate {against.other.candidate})"
    measure = objective.name.replace("_", " ")
    return f"its re-scored {measure} is {way} than that of {named}, by {_interval(against)}"


def _interval(against: Comparison) -> str:
    by, interval = abs(against.lead.by), against.lead.interval
    if interval is None:
        return f"{score(by)} (of one training each, so that may be luck)"
    return f"{plus_minus(by, interval)} (two standard errors)"


def doubt(run: Run) -> str:
    """Which candidate has a better mean than the first of the hall of fame and why it did not win; nothing if none."""
    best, race = better_mean(run.hall_of_fame, run.objective), _race(run)
    if best is None:
        return ""
    if race is not None and best.other.candidate in race.leads:
        return (
            f"candidate {best.other.candidate} did better when scored again, by {_interval(best)}: with what its "
            "earlier trainings say, that is not enough"
        )
    return (
        f"candidate {best.other.candidate} did better when scored again, by {_interval(best)}: of those that cannot be "
        "told apart, the first one born wins"
    )


def meaning(run: Run) -> str:
    """What a score of the search is, in a sentence."""
    objective, budgets = run.objective, _budgets(run)
    named = SCORES.get(objective.name, objective.name)
    if over_folds(run.problem):
        named = f"{named.replace('validation ', '')} over {run.problem['folds']} folds, each scored by a network that "
        named += "has not seen it,"
    lower = " (lower is better)" if objective.direction is Direction.MINIMISE else ""
    after = f" after {_trained(budgets)}" if budgets and objective.name not in (FITNESS, SCORE) else ""
    return f"score: {named}{lower}{after}; it is only for ranking"


def _budgets(run: Run) -> list[Budget]:
    with run.log() as log:
        return log.budgets(*SEARCHING)


def _trained(budgets: Sequence[Budget]) -> str:
    """As "1 epoch on 200 images", or the smallest and the largest of several budgets."""
    texts = [f"{plural(one.epochs, 'epoch')} on {plural(one.images, 'image')}" for one in budgets]
    return texts[0] if len(texts) == 1 else f"{texts[0]} up to {texts[-1]}"


def table(run: Run, leaders: Sequence[Leader], climbed: bool) -> RenderableType:
    """One row for each leader, a line between those that were scored again and the others."""
    worse = " (+ is worse)" if run.objective.direction is Direction.MINIMISE else ""
    tested = sum(leader.test_score is not None for leader in leaders) > 1  # that of the winner is told in words
    columns = [Column("candidate"), Column("origin", folds=True), Column("score"), Column("re-scored")]
    columns += [Column("seen", spare=2)] if climbed else []  # images, in the training that the score is of
    changed = _has_changes(leaders)
    columns += [Column(f"change{worse}", spare=1)] if changed else []
    columns += [Column("test", spare=3)] if tested else []
    columns += [Column("weights", spare=4), Column("multiply-adds", spare=5)]
    rows = FoldingTable(tuple(columns))
    for before, leader in zip([None, *leaders], leaders, strict=False):
        if before and before.rescorings and not leader.rescorings:
            rows.add_line()
        origin = f"{leader.origin} (control)" if leader.is_control else leader.origin
        change = (with_spread(leader.change, leader.spread, len(leader.rescorings)),) if changed else ()
        seen = (count(leader.trained),) if climbed else ()
        test = (score(leader.test_score),) if tested else ()
        sizes = (count(leader.parameters), count(leader.multiply_adds))
        scores = (score(leader.score), score(leader.rescored), *seen, *change, *test)
        rows.add_row(str(leader.candidate), origin, *scores, *sizes)
    return rows


def _has_changes(leaders: Sequence[Leader]) -> bool:
    """Whether anything was scored again by trainings as long as before, so that the change is luck."""
    return any(leader.change is not None for leader in leaders)


def trained_again(run: Run) -> str:
    """What candidates were scored again by."""
    if over_folds(run.problem):
        return "fresh trainings over other folds, as no images were set apart"
    return "other trainings of the table" if run.config.table else "fresh trainings on images the search never saw"


def legend(run: Run, leaders: Sequence[Leader]) -> list[str]:
    """What the columns of the table are, and how many candidates it leaves out."""
    with run.log() as log:
        all_of_them = log.scored()
    said = []
    if all_of_them > len(leaders):
        shown = f"{len(leaders)} of {all_of_them:,} candidates that have a score"
        said.append(f"{shown}; all of them with: --top {all_of_them}")
    if any(leader.rescorings for leader in leaders):
        change = "change: that mean minus the score, +- the standard deviation of those trainings (how many)"
        how = change if _has_changes(leaders) else "they are longer than that of the score"
        said.append(f"re-scored: mean of {trained_again(run)}; {how}")
    if any(leader.is_control for leader in leaders):
        said.append("control: no leader of the search, but scored again so that these have something to beat")
    return said


def tested(run: Run) -> str:
    """What was left of the winner's score from the search to the test part, and how often that was opened."""
    found, result = selection(run), run.final_result
    opened = {0: "has not been opened", 1: "was opened once"}.get(
        run.test_openings, f"was opened {run.test_openings} times, each on record"
    )
    if found is None or result is None:
        return f"not trained in full yet, so there is no test accuracy; the test part {opened}"
    measures = result.measures
    ways = OTHER_WAYS if "accuracy_with_flips" in measures else {**OTHER_WAYS, **NOT_MIRRORED}
    notes = [f"{share(measures[name])} {what}" for name, what in ways.items() if name in measures]
    if run.on_recorded_table:
        name = run.objective.name.replace("_", " ")
        came_to = f"{name} {_value(run.objective, measures[run.objective.name])} on the selection part"
        stages = [*_before_the_test(run, found), f"{came_to} (the mean of its longest trainings, looked up)"]
        return f"candidate {found.candidate}: {' -> '.join(stages)}; no test part was opened"
    notes.append("looked up" if run.problem.get("table") else f"trained in full: {amount(run.in_full or {})}")
    came_to = f"{_own_measure(run.objective, measures)}{outcome(result, run.objective)} ({'; '.join(notes)})"
    before = " -> ".join(_before_the_test(run, found))
    clean = f"\n{said}" if (said := not_clean(run, found.candidate)) else ""
    return f"candidate {found.candidate}: {before}{NEXT if before else ''}{came_to}; the test part {opened}{clean}"


def not_clean(run: Run, candidate: int) -> str:
    """That a candidate begins with weights that may have seen any of these images, if it does."""
    step = adoption(run.candidate(candidate))
    if step is None:
        return ""
    return (
        f"no clean test accuracy: it began {step.text}, which may have seen any of these images before, those of the "
        "test part among them"
    )


def _own_measure(objective: Objective, measures: Mapping[str, float]) -> str:
    """What candidates are ranked by, on the test part, where that is not what is told in any case."""
    if objective.name in ("accuracy", FITNESS, SCORE) or objective.name not in measures:
        return ""
    return f"test {_measured(objective, measures[objective.name])}, "


def _before_the_test(run: Run, found: Selection) -> list[str]:
    """The score by which the winner was selected, and the mean of its fresh trainings, with how long those were where
    they are not alike."""
    if found.selected is None:
        return []
    table, alike = bool(run.problem.get("table")), found.same_size or found.rescored is None
    seen = "" if alike else f" ({found.trained:,} images seen)"
    first = f"selected at {_measured(run.objective, found.selected)}{seen}"
    if found.rescored is None:
        return [f"{first}, not scored again"]
    how = plural(found.rescorings, "other training" if table else "fresh seed")
    if not alike:
        how += f", {found.budget.size:,} images seen" if found.budget else ", trainings of different lengths"
    return [first, f"re-scored mean {_value(run.objective, found.rescored)} ({how})"]


def _measured(objective: Objective, value: float) -> str:
    """A score with its name, where that is no accuracy: "71.20%", "loss 0.3213"."""
    named = "" if objective.name in ("accuracy", SCORE) else f"{objective.name.replace('_', ' ')} "
    return f"{named}{_value(objective, value)}"


def _value(objective: Objective, value: float) -> str:
    return share(value) if objective.name in ("accuracy", "balanced_accuracy") else score(value)
