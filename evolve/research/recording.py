"""Records a table of trainings: every network on every data set with every budget.

Each is scored on the validation part, which a search on the table may know, and on the selection part, which none ever
sees; the test part of the data stays closed. The file is JSON Lines, one object a line, told apart by `kind`: the table
itself, its data sets, and its trainings, each written as soon as it is there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path

from evolve.config_files import read_toml
from evolve.display.console import Console, Watcher, make_console
from evolve.display.progress import WorkWatch
from evolve.display.text import plural
from evolve.engine.interrupts import Stop, interruptible
from evolve.engine.opening import new_problem
from evolve.engine.running import VERSION
from evolve.errors import ConfigError, DataError
from evolve.execution.machine import usable_cores
from evolve.jobs import PartsUsed, TrainingJob, seeds
from evolve.problems.images import ImageProblem
from evolve.problems.recorded_files import check_lines, may_be_recorded
from evolve.problems.workers import make_executor
from evolve.research.recorded_rows import SEARCHED, UNSEEN, Key, Network, Training, dataset_row, table_row, training_row
from evolve.research.recording_settings import PLAIN, RecordingSettings
from evolve.settings import path_of
from evolve.storage.json_lines import BrokenLine, Row, append_row, read_rows
from evolve.storage.locks import hold
from evolve.values import Budget, Candidate, Probe, Purpose, Request, digest
from genomes import Genome, InvalidGenome, candidate_key
from genomes.genome import recipe_of
from genomes.recipe import PLAIN as NO_AUGMENTATION
from genomes.recipe import PROBED_GROUPS, in_small_steps, of_group
from genomes.spec import ModelSpec

POLL_SECONDS = 0.25
OFTEN = 5  # epochs from which trainings are not in small steps


@dataclass
class Recording:
    """A table that is being recorded. problems: by the name of the data set, each with its data prepared."""

    settings: RecordingSettings
    problems: Mapping[str, ImageProblem]
    file: Path
    console: Console

    @cached_property
    def networks(self) -> dict[str, list[Network]]:
        """By data set, as each has a search space of its own. Raises ConfigError for one that cannot be built."""
        return {name: list(self._networks(name, problem)) for name, problem in self.problems.items()}

    def _networks(self, dataset: str, problem: ImageProblem) -> Iterator[Network]:
        space = problem.space
        for name, notation in self.settings.networks.items():
            try:
                genome = space.parse(notation)
                space.blueprint(genome)
                yield Network(name, genome, genome)
                if name in self.settings.twins:
                    plain = space.read(_without_augmentation(genome))
                    yield Network(name + PLAIN, plain, genome)
            except InvalidGenome as error:
                raise ConfigError(f"network '{name}' cannot be trained on {dataset}: {error}") from None

    @property
    def trainings(self) -> Iterator[Training]:
        """All of them, in order."""
        for budget, repeat in self.settings.trainings:
            for dataset, networks in self.networks.items():
                yield from (Training(dataset, network, budget, repeat) for network in networks)

    def head(self) -> Iterator[Row]:
        """What the table is, and its data sets."""
        first = next(iter(self.networks.values()))
        yield table_row(self.settings, {network.name: network.genome.notation() for network in first})
        yield from (dataset_row(name, problem) for name, problem in self.problems.items())

    def go(self, workers: int) -> None:
        """Makes the trainings that are not in the file. Raises ConfigError for a file of another table, RunError if
        another process writes it, and KeyboardInterrupt after Ctrl-C, once what runs is written."""
        with hold(self.file.with_name(f".{self.file.name}.lock"), self.file):
            self._go(workers)

    def _go(self, workers: int) -> None:
        done = self._begin()
        todo = [training for training in self.trainings if training.key not in done]
        watch = WorkWatch("recording", len(done) + len(todo), len(done), sum(map(self._work, todo)))
        stop = Stop()
        with interruptible(stop):
            for dataset, group in groupby(todo, key=lambda training: training.dataset):
                self._train(self.problems[dataset], list(group), workers, watch, stop)

    def _begin(self) -> set[Key]:
        """Writes what the table is, unless that is there. Trainings that are there."""
        head = json.loads(json.dumps(list(self.head())))
        check_lines(head)
        try:
            if not may_be_recorded(self.file):
                raise KeyError("kind")
            rows = read_rows(self.file)
            before = [row for row in rows if row["kind"] != "training"]
        except (BrokenLine, KeyError):
            raise ConfigError(f"{self.file} is no table of trainings; name another file with --output") from None
        if differs := [row for row in before if row not in head]:
            what = differs[0].get("dataset") or "the list of networks or budgets"
            raise ConfigError(
                f"{self.file} is another table, or was begun with other settings or data ({what} differs); "
                "name another file with --output"
            )
        for row in head:
            if row not in before:
                append_row(self.file, row)
        self._note_versions(row["version"] for row in rows if row["kind"] == "training")
        return {_key(row) for row in rows if row["kind"] == "training"}

    def _note_versions(self, before: Iterable[str]) -> None:
        """Says that trainings of other versions are in the table: each has its own written down."""
        if others := sorted(set(before) - {VERSION}):
            self.console.note(f"trainings by version {' and '.join(others)} of evolve are in it; this is {VERSION}")

    def _train(
        self, problem: ImageProblem, trainings: list[Training], workers: int, watch: WorkWatch, stop: Stop
    ) -> None:
        """Trainings on one data set."""
        numbered = dict(enumerate(trainings, start=1))
        executor = make_executor(problem, min(workers, len(trainings)))
        left, dropped = set(numbered), False
        try:
            for number, training in numbered.items():
                executor.submit(self._job(problem, number, training))
            with self.console.live(watch.now):
                while left and not (dropped and not executor.running):
                    for result in executor.finished(POLL_SECONDS):
                        training = numbered[result.request]
                        work = self._work(training)
                        append_row(self.file, training_row(problem, training, result, work))
                        left.discard(result.request)
                        watch.finish(work, f"recording {training.dataset}, {training.budget}")
                    executor.messages()
                    self.console.refresh()
                    if stop.level and not dropped:
                        dropped = True
                        executor.drop_waiting()
                        self.console.note(
                            "stopping: trainings in progress are finished and written; press Ctrl-C again to stop now"
                        )
                    if stop.level > 1:
                        break
        finally:
            executor.close()
        if left:
            raise KeyboardInterrupt

    def _work(self, training: Training) -> float:
        problem = self.problems[training.dataset]
        return problem.cost(problem.space.blueprint(training.network.genome), _repeated(problem, training.budget))

    def _job(self, problem: ImageProblem, number: int, training: Training) -> TrainingJob:
        network, blueprint = training.network, problem.space.blueprint(training.network.genome)
        assert isinstance(blueprint, ModelSpec)
        recipe, budget = recipe_of(network.genome), _repeated(problem, training.budget)
        if training.budget.epochs < OFTEN:
            recipe = in_small_steps(recipe, budget.size)
        key = digest("recording", *training.key, problem.parts.digest)
        candidate = Candidate(number, network.genome, candidate_key(network.genome, blueprint))
        request = Request(number, candidate, budget, training.repeat, Purpose.SEARCH, key)
        drawn = candidate_key(network.drawn_as, blueprint)
        return replace(
            problem.job(request, blueprint),
            recipe=recipe,
            seeds=seeds(self.settings.seed, drawn, training.budget, training.repeat, Purpose.SEARCH),
            parts=PartsUsed(problem.parts.digest, ("train",), SEARCHED, watch=SEARCHED),
            may_give_up=False,
            also=UNSEEN,
            probes=probes(network, int(digest("probe", problem.parts.digest)[:8], 16)),
        )


def probes(network: Network, seed: int) -> tuple[Probe, ...]:
    """What a network without augmentation is probed with: each group but mixup, which has no probe, with the strength
    of its twin, or else a middling one. seed: of what is drawn."""
    if recipe_of(network.genome).augmentation:
        return ()
    recipe = recipe_of(network.drawn_as)
    return tuple(Probe(group, of_group(recipe, group), seed) for group in PROBED_GROUPS)


def _without_augmentation(genome: Genome) -> Row:
    """The JSON of the same genome without augmentation."""
    return {**genome.to_json(), "recipe": replace(recipe_of(genome), **NO_AUGMENTATION).to_json()}


def _repeated(problem: ImageProblem, budget: Budget) -> Budget:
    """The budget of a data set that has fewer images, as much as they are seen more often."""
    images = min(budget.images, problem.parts.sizes["train"])
    return Budget(images, max(1, round(budget.size / images)))


def _key(row: Row) -> Key:
    return row["dataset"], row["genome"], row["budget"], row["repeat"]


def record_table(
    file: str | Path,
    output: str | Path | None = None,
    *,
    data: str | Path | None = None,
    results: str | Path = "results",
    workers: int | None = None,
    progress: Watcher = True,
) -> Path:
    """Trains what a TOML file lists, see `RecordingSettings`, and writes a table of it; one that is there is gone
    on with. Returns its path, by default the file's name, ending in .jsonl, in the folder `results`.

    data: the folder that paths of data sets start from; by default that of the file. results: where prepared images
    lie. workers: processes, by default one per core. Raises ConfigError or DataError before anything is trained,
    RunError if another process writes the table, and KeyboardInterrupt after Ctrl-C, when all that was finished is
    written.
    """
    file, results, console = path_of(file), path_of(results), make_console(progress)
    settings = RecordingSettings.checked(RecordingSettings.given(read_toml(file), str(file)))
    start = path_of(data) if data else file.parent
    target = path_of(output) if output else results / f"{file.stem}.jsonl"
    configs = {name: settings.config(name, start, results) for name in settings.datasets}
    problems = {}
    for name, config in configs.items():
        try:
            problem = new_problem(config, console)
        except DataError as error:
            raise DataError(f"{file}: datasets: {name}: {error}") from None
        assert isinstance(problem, ImageProblem)
        problems[name] = problem
    recording = Recording(settings, problems, target, console)
    target.parent.mkdir(parents=True, exist_ok=True)
    console.note(f"{plural(len(list(recording.trainings)), 'training')} in {target}")
    try:
        recording.go(workers or usable_cores())
    except KeyboardInterrupt:
        console.note("stopped; nothing is lost: the same command goes on")
        raise
    return target
