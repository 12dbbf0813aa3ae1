"""The best within limits: in which order candidates stand, what is measured for a pick, and what is said of it."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import DATA, command, stack_space
from rich.console import Console

import evolve
from evolve.errors import ConfigError, RunError
from evolve.models.measured_search import MEASURED_AT_MOST, SMALLEST, Looked, MeasuredSearch
from evolve.models.pick import pick
from evolve.objectives import COSTS, read_objective
from evolve.reporting import shelf_text
from evolve.runs.shelf import SPREAD, Item, best_first, by_standing, cells, front, items, measure_names, unknown
from evolve.values import Purpose


def item(number: int, score: float = 0.5, again: tuple[float, ...] = (), **more: Any) -> Item:
    """A candidate. again: scores of fresh trainings."""
    mean = sum(again) / len(again) if again else None
    return Item(number, score, mean, more.pop("costs", {}), "random", "line", False, rescorings=len(again), **more)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> evolve.Run:
    folder = tmp_path_factory.mktemp("picking")
    settings: dict[str, Any] = {"table": DATA / "table.json", "strategy": "random", "progress": False}
    return evolve.run(**settings, evaluations=20, results=folder, name="r")


@pytest.fixture(scope="module")
def by_loss(recorded_file: Path, tmp_path_factory: pytest.TempPathFactory) -> evolve.Run:
    """A run that is ranked by the loss, on two budgets."""
    settings: dict[str, Any] = {"table": recorded_file, "dataset": "left", "metric": "loss", "progress": False}
    rungs: dict[str, Any] = {"rungs": ("100x1", "100x3"), "population": 4, "evaluations": 10, "leaders": 2}
    return evolve.run(**settings, **rungs, results=tmp_path_factory.mktemp("loss"), name="l")


# Their order


def numbers(found: list[Item]) -> list[int]:
    return [one.candidate for one in found]


def test_a_score_of_a_larger_budget_counts_more(run: evolve.Run) -> None:
    found = [item(1, 0.9, trained=100), item(2, 0.5, longer=0.6, trained=300), item(3, 0.4, longer=0.7, trained=300)]
    assert numbers(by_standing(run, found)) == numbers(best_first(run, found)) == [3, 2, 1]


def test_what_was_scored_again_comes_first_where_the_best_was(run: evolve.Run) -> None:
    found = [item(1, 0.9, (0.6, 0.6)), item(2, 0.8), item(3, 0.7, (0.7, 0.7))]
    assert numbers(best_first(run, found)) == [3, 1, 2]


def test_a_poor_one_that_was_scored_again_does_not_come_before_a_better_one_that_was_not(run: evolve.Run) -> None:
    found = [item(1, 0.3, (0.35, 0.35)), item(2, 0.9), item(3, 0.8)]
    assert numbers(best_first(run, found)) == [2, 3, 1]


def test_the_winner_of_the_run_comes_first_where_it_fits(run: evolve.Run) -> None:
    assert run.winner is not None
    found = [item(run.winner, score=0.1), item(run.winner + 1, score=0.9, again=(0.9,))]
    assert numbers(best_first(run, found)) == [run.winner, run.winner + 1]
    assert numbers(best_first(run, found[1:])) == [run.winner + 1]


class Told:
    """A run that asked what images bear: 1 won, 2 is its twin without mirroring, 3 has a twin 4 that is mirrored."""

    winner = 1
    objective = read_objective("accuracy")

    def candidate(self, number: int) -> Any:
        line, flip = {1: ("a", True), 2: ("a", False), 3: ("b", False), 4: ("b", True), 5: ("c", True)}[number]
        return SimpleNamespace(genome={"layers": line, "recipe": {"flip": flip, "learning_rate": 0.1}})


def test_of_twins_that_is_first_which_is_augmented_as_the_run_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    """That decides between twins alone: a poor network does not come before better ones for its augmentation."""
    monkeypatch.setattr("evolve.runs.shelf.asked", lambda run: ())
    found = [item(2, 0.7), item(3, 0.8), item(4, 0.4), item(5, 0.3)]
    run: Any = Told()
    assert numbers(best_first(run, found)) == [4, 3, 2, 5]
    assert numbers(best_first(run, [*found, item(1, 0.1)])) == [1, 4, 3, 2, 5]
    again = [item(2, 0.7, (0.9,)), item(3, 0.8), item(4, 0.4, (0.5,)), item(5, 0.3, (0.6,))]
    assert numbers(best_first(run, again)) == [2, 5, 4, 3]


def test_half_of_the_fresh_trainings_do_not_count_as_all(run: evolve.Run) -> None:
    found = [item(1, 0.9, (0.6, 0.6)), item(2, 0.8, (0.95,)), item(3, 0.7, (0.5, 0.5))]
    assert numbers(best_first(run, found)) == [1, 3, 2]


def test_the_best_of_a_cell_is_found_by_likes_and_short_times_have_cells(run: evolve.Run) -> None:
    fast, slow = {"latency": 0.0011}, {"latency": 0.005}
    found = [item(1, 0.3, (0.9,), costs=fast), item(2, 0.8, costs=fast), item(3, 0.1, costs=slow), item(4, 0.9)]
    assert {cell: best.candidate for cell, best in cells(run, found, ["latency"]).items()} == {(-10,): 2, (-8,): 3}
    assert unknown(found, ["latency"]) == 1


def test_a_longer_score_is_known_beside_the_one_that_all_have(by_loss: evolve.Run) -> None:
    found = {one.candidate: one for one in items(by_loss)}
    told = [entry for entry in by_loss.history() if entry["purpose"] in ("search", "closing") and entry["measures"]]
    for entry in told:
        loss, one = entry["measures"]["loss"], found[entry["candidate"]]
        assert loss == (one.score if entry["epochs"] == 1 else one.longer)
    longer = [one for one in found.values() if one.longer is not None]
    assert {one.trained for one in longer} == {300}
    assert 0 < len(longer) < len(found)


def test_what_is_measured_first_is_what_is_picked_first(run: evolve.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the winner of the run could be left out, where enough others fit."""
    measured: list[int] = []

    def measure(found: evolve.Run, best: list[Item], *rest: Any) -> Looked:
        measured.extend(numbers(best))
        return Looked(len(best), 0, 0, 0, 0)

    monkeypatch.setattr("evolve.models.pick.measure_best", measure)
    with pytest.raises(RunError, match="of none is it known"):
        pick(run.folder, {"latency": 1.0}, progress=False)
    assert measured[0] == run.winner != by_standing(run, items(run))[0].candidate
    assert measured == numbers(best_first(run, items(run)))


def test_a_time_in_a_table_has_its_spread(run: evolve.Run) -> None:
    timed = [item(1, costs={"latency": 0.002, SPREAD: 0.0002}), item(2, costs={"latency": 2.6e-6, SPREAD: 1e-7})]
    console = Console(width=100, file=StringIO())
    console.print(shelf_text.table(timed, ("latency",)))
    said = console.file.getvalue()
    assert "2 ±5%" in said
    assert "0.0026 ±2%" in said
    assert "± half of how far times spread" in str(shelf_text.legend(run, timed))


# Names


def test_a_run_that_ranks_by_loss_has_no_accuracy_to_sort_by(by_loss: evolve.Run) -> None:
    assert measure_names(by_loss, ["loss", "score", "fitness", "multiply-adds"]) == ["score"] * 3 + ["multiply_adds"]
    with pytest.raises(ConfigError, match="'accuracy' is no measure of a candidate: run 'l' ranks by loss"):
        measure_names(by_loss, ["accuracy"])


def test_a_table_says_which_score_it_shows(by_loss: evolve.Run, run: evolve.Run) -> None:
    at = ("--results", by_loss.folder.parent)
    done = command("show", "l", "--sort", "loss", *at, cwd=by_loss.folder)
    said = "score: loss, lower is better, of the first training, alike for all; longer: at the largest budget"
    assert said in " ".join(done.stdout.split())
    losses = [
        row["score"]
        for row in json.loads(command("show", "l", "--sort", "loss", "--json", *at, cwd=by_loss.folder).stdout)
    ]
    assert losses == sorted(losses)
    done = command("show", "l", "--sort", "accuracy", *at, cwd=by_loss.folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert str(shelf_text.legend(run, [item(1)])) == "score: of the first training, alike for all"


def test_another_objective_is_one_to_sort_by(recorded_file: Path, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"table": recorded_file, "dataset": "left", "progress": False, "results": tmp_path}
    made = evolve.run(**settings, objectives=["accuracy", "loss"], population=4, evaluations=8, name="o")
    assert measure_names(made, ["accuracy", "loss"]) == ["score", "loss"]
    best = front(made, items(made), ["loss", "score"])
    assert best[0].costs["loss"] == min(one.costs["loss"] or 0 for one in items(made))


def test_what_is_not_known_of_any_is_said_instead_of_limits(run: evolve.Run) -> None:
    at = ("--results", run.folder.parent)
    said = "of no candidate of run 'r' is latency known\n"  # a table has no networks to measure
    for words in (
        ("show", "r", "--sort", "latency"),
        ("shelf", "r", "--by", "latency"),
        ("shelf", "r", "--max-latency", "2ms"),
    ):
        assert command(*words, *at, cwd=run.folder).stdout == said
    done = command("show", "r", "--max-parameters", "1", *at, cwd=run.folder)
    assert done.stdout == "nothing of run 'r' is within these limits\n"
    assert shelf_text.nothing(run, [], ["score"], {}) == "no candidate of run 'r' was scored"


# What is measured


LINES = [f"conv {width} 3, relu, global_average | adam 0.01, batch 32" for width in range(4, 104)]
SPACE = stack_space((8, 8, 1))
SPECS = {number: SPACE.blueprint(SPACE.parse(line)) for number, line in enumerate(LINES, start=1)}


def look(
    order: list[int], limit: float, wanted: int = 1, broken: tuple[int, ...] = (), **costs: Any
) -> tuple[list[int], Looked]:
    """What was measured, in order, of networks whose time is a microsecond for each thousand multiply-adds."""
    asked: list[int] = []

    def measure(number: int) -> dict[str, float | None]:
        asked.append(number)
        return {} if number in broken else {"latency": SPECS[number].multiply_adds * 1e-9, "latency_spread": 0.0}

    found = [item(number, costs=costs) for number in order]
    return asked, MeasuredSearch(found, {"latency": limit}, wanted, SPECS.__getitem__, measure).go()


def limit_of(number: int) -> float:
    return SPECS[number].multiply_adds * 1e-9


def test_the_best_that_fits_is_found_behind_any_number_of_larger_ones() -> None:
    asked, looked = look(list(range(100, 0, -1)), limit_of(2))
    assert asked[-1] == 2
    assert len(asked) < 10
    assert looked.larger == 100 - len(asked) - 1
    assert looked.in_words().startswith(
        f"of 100 candidates that may fit, {len(asked)} measured now, {looked.larger} too"
    )


def test_so_many_are_measured_as_are_wanted() -> None:
    assert look([5, 4, 9, 3, 2], limit_of(5), wanted=3)[0] == [5, 4, 9, 3]
    assert look([5, 4, 9, 3, 2], limit_of(5), wanted=3, latency=1e-9)[0] == [], "all of it is known"


def test_where_nothing_fits_the_smallest_are_measured() -> None:
    asked, looked = look([50, 3, 60, 1, 2], 1e-12)
    assert asked == [50, 1, 2, 3, 60]
    assert (looked.of, looked.measured) == (5, 5)


def test_one_that_cannot_be_measured_does_not_end_it() -> None:
    asked, looked = look([5, 4, 3], limit_of(4), broken=(5, 4))
    assert asked == [5, 4, 3]
    assert looked.in_words() == "of 3 candidates that may fit, 1 measured now, 2 could not be"


def test_there_is_an_end_to_it() -> None:
    asked, _ = look(list(range(1, 101)), 1e-12, broken=tuple(SPECS))
    assert len(asked) == MEASURED_AT_MOST + SMALLEST


def test_a_file_that_is_surely_too_large_is_not_written() -> None:
    found, limits = [item(100), item(1)], {"size_int8": SPECS[50].likely_size}
    asked: list[int] = []

    def measure(number: int) -> dict[str, float | None]:
        asked.append(number)
        return {"size_int8": SPECS[number].likely_size}

    MeasuredSearch(found, limits, 2, SPECS.__getitem__, measure).go()
    assert asked == [1]


def test_a_time_is_told_with_its_unit_and_its_doubt() -> None:
    steady = item(1, costs={"latency": 0.0012, "latency_spread": 0.0001})
    assert list(shelf_text.measured(steady, "")) == [
        "an image takes 1.2 ms on one core of this machine, the middle half of all times within 100 us"
    ]
    shaky = item(1, costs={"latency": 0.0012, "latency_spread": 0.0006})
    assert list(shelf_text.measured(shaky, "looked"))[1:] == [
        "the machine had other work: times spread by 50% of their median, so that is a rough figure",
        "looked",
    ]


@pytest.mark.slow
def test_a_pick_that_was_ended_goes_on(tmp_path: Path, tiny_npz: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has as many fresh trainings as any other, and the one that was cut off is not asked for again."""
    from evolve.models import pick as module

    few: dict[str, Any] = {"images": 100, "epochs": 1, "final_epochs": 1, "population": 2, "evaluations": 2}
    given: dict[str, Any] = {"dataset": str(tiny_npz), "leaders": 1, "rescorings": 2, "results": tmp_path}
    lines = [
        "conv 8 3, relu, global_average | adam 0.01, batch 32",
        "conv 4 3, relu, global_average | sgd 0.001, batch 32",
    ]
    made = evolve.run(**given, **few, founders=lines, objectives=["accuracy", "parameters"], name="p", progress=False)
    [other] = [one for one in items(made) if one.candidate != made.winner]
    winner = next(one for one in items(made) if one.candidate == made.winner)
    assert (other.costs["parameters"] or 0) < (winner.costs["parameters"] or 0)  # so that the winner does not fit
    trainings, real = 0, module.train_in_full

    def cut_off(*words: Any) -> Any:
        nonlocal trainings
        trainings += 1
        if trainings == 2:
            raise KeyboardInterrupt
        return real(*words)

    monkeypatch.setattr(module, "train_in_full", cut_off)
    limits = {name: float(other.costs[name] or 0) for name in COSTS if other.costs.get(name)}
    with pytest.raises(KeyboardInterrupt):
        module.pick("p", limits, results=tmp_path, progress=False)
    picked = module.pick("p", limits, results=tmp_path, progress=False)
    assert {one.candidate: one.rescorings for one in (picked.item, *picked.others)}[other.candidate] == 2
    assert trainings == 3
    with picked.run.log() as log:
        assert [one.repeat for one in log.requests(Purpose.RESCORE, candidate=other.candidate)] == [1, 2]
    module.pick("p", limits, results=tmp_path, progress=False)
    assert trainings == 3
