"""What a run did not show: a report says it as loudly as what it did."""

from __future__ import annotations

from collections.abc import Iterator

from evolve.display.text import plural, plus_minus, score
from evolve.reporting import hall_of_fame_text
from evolve.reporting.training_text import search_at_chance
from evolve.runs.chance import chance
from evolve.runs.hall import better_mean
from evolve.runs.ranking import mean_lead
from evolve.runs.run import Run
from evolve.runs.shelf import unsteadiness

ENDED = {"failed": "failed", "stopped": "was stopped", "unfinished": "is unfinished"}  # state of a run -> in words


def doubts(run: Run) -> list[str]:
    """Sentences on what is not shown to be better, what may be luck, and what depends on the machine."""
    return [*_rivals(run), *_limits(run)]


def _rivals(run: Run) -> Iterator[str]:
    """Candidates that were scored again and cannot be told apart from the first of the hall of fame."""
    again = [one for one in run.hall_of_fame if one.rescored is not None]
    if not again:
        yield "no network was scored again with fresh seeds, so nothing is known of how good the best of them are"
        return
    if len(again) < 2:
        yield "only one network was scored again with fresh seeds, so nothing is known of how it compares with others"
        return
    fitness = {one.candidate: [run.objective.fitness(value) for value in one.rescorings] for one in again}
    first, *others = again
    better = better_mean(run.hall_of_fame, run.objective)
    for other in others:
        if better and other.candidate == better.other.candidate:
            yield hall_of_fame_text.doubt(run)
            continue
        found = mean_lead(fitness, first.candidate, other.candidate)
        if found.interval is None:
            yield (
                f"candidate {first.candidate} and candidate {other.candidate} were scored again once each, "
                f"{score(abs(found.by))} apart: that may be luck"
            )
        elif abs(found.by) < found.interval:
            way = "ahead of" if found.by >= 0 else "behind"
            yield (
                f"candidate {first.candidate} is not shown to be better than candidate {other.candidate} "
                f"({other.origin}): scored again it is {way} it by {plus_minus(abs(found.by), found.interval)} "
                "(two standard errors)"
            )


def _limits(run: Run) -> Iterator[str]:
    """What holds for the run as a whole."""
    yield (
        f"this is one search with seed {run.config.seed}: another seed may find another network; strategies are "
        "compared by experiments with several seeds (evolve experiment)"
    )
    if run.test_openings > 1:
        yield (
            f"the test part was opened {run.test_openings} times, each on record: whoever chooses between models by it "
            "can no longer take it for unseen"
        )
    if run.winner is not None and (said := hall_of_fame_text.not_clean(run, run.winner)):
        yield said
    if said := search_at_chance(chance(run), run.config.work is not None):
        yield said
    if run.unrepeatable:
        yield (
            f"{plural(run.unrepeatable, 'result')} ran into the time or memory limit of this machine: another run with "
            "this seed may differ"
        )
    if run.config.fast:
        yield "results were used as they came (--fast): another run with this seed may differ"
    if unsteadiness(run) is not None:
        yield "latency was measured on this machine: another run with this seed may differ"
    if run.state != "finished":
        yield f"the run {ENDED[run.state]}: what is shown here is what was known when this report was written"
