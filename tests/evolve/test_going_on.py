"""Trainings that go on from others: pieces of one training, promotions, births that inherit; killed, and with their
weights gone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT, stack_space, training_job

import evolve
from evolve.data.npz_files import load_npz
from evolve.data.splits import prepare, settings
from evolve.errors import EvolveError
from evolve.execution.border import from_json, job_to_json
from evolve.execution.builds import backend_name
from evolve.execution.executor import EXECUTORS
from evolve.execution.processes import Processes
from evolve.jobs import Beginning, Job, PartsUsed, Takes, TrainingJob
from evolve.search.strategy import STRATEGIES
from evolve.storage.files import weights_path
from evolve.values import Budget, Purpose, Request, Schedule, Status

pytest.importorskip(backend_name())

NET = (
    "conv 4 3, batchnorm, relu, dropout 0.3, flatten, dense 8, relu, dropout 0.2 "
    "| sgd 0.1, batch 16, cosine, flip, shift 1, cutout 2, mixup 0.2"
)


@pytest.fixture(scope="module")
def trainer(tiny_npz: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    from evolve.training.evaluator import Trainer

    folder = tmp_path_factory.mktemp("trainer")
    parts = prepare(load_npz(tiny_npz), folder)
    made = Trainer({**settings(parts), "weights": str(folder / "weights"), "models": "models"})
    made.digest = parts.digest  # type: ignore[attr-defined]
    return made


def job(trainer: Any, epochs: int, key: str, text: str = NET, **more: Any) -> TrainingJob:
    space = stack_space((8, 8, 1))
    genome = space.parse(text)
    spec = replace(space, classes=3).blueprint(genome)
    parts = PartsUsed(trainer.digest, ("train",), "validation")
    given = {"key": key, "parts": parts, "keeps_weights": True, **more}
    return training_job(spec, genome.recipe, Budget(80, epochs), **given)


def kept(trainer: Any, key: str) -> dict[str, Any]:
    with np.load(weights_path(Path(trainer._settings["weights"]), key)) as saved:
        return dict(saved)


@pytest.mark.parametrize("schedule", ["cosine", "one-cycle", "constant"])
def test_a_training_in_pieces_is_the_training_in_one_piece(trainer: Any, schedule: str) -> None:
    text = NET.replace("cosine", schedule).replace(", constant", "")
    whole = trainer.evaluate(job(trainer, 4, "whole", text, spans=4))
    trainer.evaluate(job(trainer, 1, "first", text, spans=4))
    going_on = {"spans": 4, "begins": Beginning("first", Takes.EVERYTHING)}
    trainer.evaluate(job(trainer, 2, "second", text, **going_on))
    last = trainer.evaluate(
        job(trainer, 1, "third", text, **{**going_on, "begins": Beginning("second", Takes.EVERYTHING)})
    )
    assert (whole.status, last.status) == (Status.OK, Status.OK)
    assert last.measures["loss"] == whole.measures["loss"]
    one, pieces = kept(trainer, "whole"), kept(trainer, "third")
    assert one.keys() == pieces.keys()
    assert all((one[name] == pieces[name]).all() for name in one)
    assert int(one["steps"]) == 20


def test_a_new_schedule_takes_the_weights_alone(trainer: Any) -> None:
    trainer.evaluate(job(trainer, 1, "below"))
    more = trainer.evaluate(job(trainer, 1, "above", begins=Beginning("below", Takes.WEIGHTS)))
    assert "inherited_share" not in more.measures
    assert set(kept(trainer, "above")) == {name for name in kept(trainer, "above") if name.startswith("weight:")}


def test_a_birth_inherits_what_is_equal_in_name_and_shape(trainer: Any) -> None:
    from evolve.training.evaluator import begin, prepare_training, training_images
    from evolve.training.stopwatch import Stopwatch

    trainer.evaluate(job(trainer, 1, "parent"))
    child = job(trainer, 1, "child", NET.replace("dense 8", "dense 9"), begins=Beginning("parent", Takes.WHAT_FITS))
    images = training_images(child, trainer._settings)
    fresh = prepare_training(child, trainer._settings, Stopwatch(), images).model.weights
    before = {weight.path: np.asarray(weight).copy() for weight in fresh}
    training = prepare_training(child, trainer._settings, Stopwatch(), images)
    share = begin(training, child, trainer._settings)
    parent, taken = kept(trainer, "parent"), 0
    for weight in training.model.weights:
        theirs = parent.get(f"weight:{weight.path}")
        fits = theirs is not None and theirs.shape == tuple(weight.shape)
        taken += np.asarray(weight).size * fits
        assert (np.asarray(weight) == (theirs if fits else before[weight.path])).all()
    assert 0 < taken < training.model.count_params()
    assert share == pytest.approx(taken / training.model.count_params())
    assert trainer.evaluate(child).measures["inherited_share"] == share


def test_a_graph_inherits_the_weights_of_a_layer_whose_inputs_are_merged_now() -> None:
    from evolve.training.weights import take_weights, weights_of
    from genomes.decode import decode
    from genomes.graph.space import GraphSpace

    space = GraphSpace((8, 8, 1), 3)
    line = "a: conv 8 3 < image, b: conv 16 3 < a, c: conv 4 3 < b, out < c | global_average | adam 0.01, batch 16"
    parent, child = (decode(space.blueprint(space.parse(one))) for one in (line, line.replace("< b,", "< a + b,")))
    arrays = weights_of(parent)
    take_weights(child, arrays, Takes.WHAT_FITS)
    taken = weights_of(child)
    assert taken.keys() - arrays.keys() == {"weight:projection_c_from_a/kernel"}
    assert all((taken[name] == arrays[name]).all() for name in arrays)


@pytest.mark.parametrize("how", ["gone", "cut off", "of another network", "without its state"])
def test_weights_that_are_not_whole_are_missing(trainer: Any, how: str) -> None:
    trainer.evaluate(job(trainer, 1, "parent"))
    path = weights_path(Path(trainer._settings["weights"]), "parent")
    takes, text = Takes.WEIGHTS, NET
    if how == "gone":
        path.unlink()
    if how == "cut off":
        path.write_bytes(path.read_bytes()[:200])
    if how == "of another network":
        text = NET.replace("conv 4", "conv 6")
    if how == "without its state":
        takes = Takes.EVERYTHING
    result = trainer.evaluate(job(trainer, 1, "heir", text, begins=Beginning("parent", takes)))
    assert (result.status, result.reason) == (Status.WEIGHTS_MISSING, "parent")


def test_weights_of_one_path_are_told_apart() -> None:
    import keras

    from evolve.training.weights import take_weights, weights_of

    class Twins(keras.layers.Layer):  # type: ignore[misc]
        """Two weights of one name, as layers of the user's own may have."""

        def build(self, shape: Any) -> None:
            for _ in range(2):
                self.add_weight(shape=(3,), name="w", initializer="random_normal")

        def call(self, inputs: Any) -> Any:
            return inputs

    one, other = (keras.Sequential([keras.Input((3,)), Twins(name="twins")], name="net") for _ in range(2))
    arrays = weights_of(one)
    assert len(arrays) == 2
    assert take_weights(other, arrays, Takes.WEIGHTS) == 1.0
    for ours, theirs in zip(one.get_weights(), other.get_weights(), strict=True):
        assert (ours == theirs).all()


def test_jobs_pass_to_other_processes_as_they_are(trainer: Any) -> None:
    given = job(trainer, 2, "key", spans=4, begins=Beginning("parent", Takes.EVERYTHING), finish_in=3.0, model="m")
    assert from_json(TrainingJob, json.loads(json.dumps(job_to_json(given)))) == given
    searching = {**job_to_json(given), "parts": {**job_to_json(given)["parts"], "test": "0123456789abcdef"}}
    with pytest.raises(ValueError, match="may not open the test part"):
        from_json(TrainingJob, json.loads(json.dumps(searching)))
    with pytest.raises(ValueError, match="spec"):
        from_json(TrainingJob, {"number": 1})


def test_a_job_of_a_search_that_asks_for_the_test_part_is_refused(trainer: Any) -> None:
    parts = PartsUsed(trainer.digest, ("train",), "test", test="0123456789abcdef")
    for purpose in (Purpose.SEARCH, Purpose.CLOSING, Purpose.RESCORE):
        with pytest.raises(ValueError, match="may not open the test part"):
            job(trainer, 1, "key", parts=parts, purpose=purpose)
    assert job(trainer, 1, "key", parts=parts, purpose=Purpose.FINAL).parts.test
    with pytest.raises(ValueError, match="with its key only"):
        PartsUsed(trainer.digest, ("train",), "test")
    with pytest.raises(ValueError, match="never trained on the test part"):
        PartsUsed(trainer.digest, ("train", "test"), "validation", test="0123456789abcdef")


def test_what_goes_on_with_its_own_training_does_not_inherit(trainer: Any) -> None:
    with pytest.raises(ValueError, match="not both"):
        earlier = Request(1, None, Budget(1, 1), 0, Purpose.SEARCH, "key", spans=3)  # type: ignore[arg-type]
        replace(earlier, continues=earlier.continued(Schedule.SAME), inherits="key")
    with pytest.raises(ValueError, match="say that it spans more epochs"):
        replace(earlier, spans=None).continued(Schedule.SAME)
    with pytest.raises(ValueError, match="spans must be at least"):
        replace(earlier, budget=Budget(1, 4))


SETTINGS: dict[str, Any] = {
    "strategy": "inheriting",
    "founders": ["conv 4 3, batchnorm, relu, flatten, dropout 0.1 | adam 0.01, batch 16, cosine, flip", "random"],
    "layers": dict.fromkeys(("residual", "dense_block", "inception", "squeeze_excite", "separable"), False),
    "max_parameters": 4_000,
    "max_layers": 8,
    "images": 48,
    "epochs": 1,
    "population": 4,
    "look_ahead": 2,
    "workers": 2,
    "final_epochs": 1,
    "leaders": 1,
    "rescorings": 1,
    "seed": 2,
    "precision": "float32",
    "progress": False,
}
FEW, MANY = 8, 42  # births
SIZES: list[int] = []


class Noting(Processes):
    def submit(self, job: Job) -> None:
        SIZES.append(len(json.dumps({**job_to_json(job), "spec": []})))
        super().submit(job)


@pytest.fixture(scope="module", autouse=True)
def registered() -> Iterator[None]:
    STRATEGIES["inheriting"] = "inheriting:Inheriting"
    processes = EXECUTORS["processes"]
    sys.modules["noting_executor"] = sys.modules[__name__]
    EXECUTORS["processes"] = "noting_executor:Noting"
    yield
    del STRATEGIES["inheriting"]
    EXECUTORS["processes"] = processes


@pytest.fixture(scope="module")
def straight(registered: None, tiny_npz: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], evolve.Run]:
    """Runs with so many births that nobody stops, each made once."""

    @cache
    def straight(births: int) -> evolve.Run:
        folder = tmp_path_factory.mktemp("straight")
        settings = {**SETTINGS, "workers": 1, "evaluations": births}
        return evolve.run(dataset=str(tiny_npz), results=folder, name="run", **settings)

    return straight


def told(run: evolve.Run) -> list[dict[str, Any]]:
    return [{key: value for key, value in entry.items() if key != "timing"} for entry in run.history()]


@pytest.mark.parametrize(("births", "generations"), [(FEW, 3), pytest.param(MANY, 20, marks=pytest.mark.slow)])
def test_generations_inherit_and_their_jobs_do_not_grow(
    straight: Callable[[int], evolve.Run], births: int, generations: int
) -> None:
    run = straight(births)
    parents = {number: row.parents for number, row in run.candidates.items()}
    depth: dict[int, int] = {}
    for number in sorted(parents):
        depth[number] = 1 + max((depth[parent] for parent in parents[number]), default=-1)
    assert max(depth.values()) >= generations
    search = [entry for entry in told(run) if entry["purpose"] == "search"]
    born = [entry for entry in search if entry["continues"] is None]
    assert len(born) == births
    assert sum(entry["inherits"] is not None for entry in born) > births - 4
    shares = [entry["measures"]["inherited_share"] for entry in born if "inherited_share" in entry["measures"]]
    assert min(shares) < 1
    assert max(shares) > 0.9
    assert {entry["schedule"] for entry in search} == {None, "new", "same"}
    assert all(entry["status"] == "ok" for entry in search)
    assert max(SIZES) < min(SIZES) + 700  # the job of a parent would be more
    assert len(list((run.folder / "weights").iterdir())) < 8


KILLED = """
import sys
sys.path.insert(0, {contracts!r})
import evolve
from evolve.search.strategy import STRATEGIES
STRATEGIES["inheriting"] = "inheriting:Inheriting"
evolve.run(dataset={dataset!r}, results={results!r}, name="run", **{settings!r})
"""


@pytest.mark.parametrize(
    ("births", "after"), [(FEW, 5), *(pytest.param(MANY, after, marks=pytest.mark.slow) for after in (9, 20))]
)
def test_a_killed_run_whose_weights_were_deleted_goes_on_to_the_same_history(
    straight: Callable[[int], evolve.Run], tiny_npz: Path, tmp_path: Path, births: int, after: int
) -> None:
    names = {"contracts": str(ROOT / "tests" / "contracts"), "dataset": str(tiny_npz), "results": str(tmp_path)}
    code = KILLED.format(**names, settings={**SETTINGS, "evaluations": births})
    process = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    while process.poll() is None:
        time.sleep(0.1)
        try:
            done = sum(entry["status"] is not None for entry in evolve.find("run", tmp_path).history())
        except (EvolveError, OSError):
            continue
        if done >= after:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert evolve.find("run", tmp_path).state == "unfinished"
    shutil.rmtree(tmp_path / "run" / "weights")
    resumed = evolve.resume("run", results=tmp_path, progress=False)
    assert told(resumed) == told(straight(births))


def test_weights_that_nobody_can_make_again_end_what_waits_for_them() -> None:
    from evolve.engine.dispatcher import Dispatcher
    from evolve.engine.interrupts import Stop
    from evolve.storage.store import Store
    from evolve.values import Candidate, Result

    class Missing:
        running = 0
        messages = list[Any]

        def __init__(self) -> None:
            self.waiting: list[Job] = []
            self.seen: list[int] = []

        def submit(self, job: Job) -> None:
            self.waiting.append(job)
            self.seen.append(job.number)

        def finished(self, timeout: float) -> list[Result]:
            made, self.waiting = self.waiting, []
            missing = [Result(job.number, Status.WEIGHTS_MISSING, reason="parent") for job in made if job.number > 0]
            return missing + [Result(job.number, Status.OK, {"accuracy": 1.0}) for job in made if job.number < 0]

    def again(weights: str, number: int) -> Job | None:
        return Job(number=number, key=weights) if weights == "parent" else None

    genome = stack_space((8, 8, 1)).parse(NET)
    for known, words in ((again, "cannot be made again"), (lambda weights, number: None, "nobody left them")):
        store, executor = Store.in_memory({}), Missing()
        dispatcher = Dispatcher(store, executor, Stop(), again=known)  # type: ignore[arg-type]
        for number in (1, 2):
            candidate = Candidate(number, genome, f"key {number}")
            request = Request(number, candidate, Budget(1, 1), 0, Purpose.SEARCH, f"job {number}", inherits="parent")
            dispatcher.open(request, Job(number=number, key=f"job {number}"))
        results = [dispatcher.result(number) for number in (1, 2)]
        assert [result.status for result in results] == [Status.FAILED] * 2
        assert all(words in str(result.reason) for result in results)
        assert executor.seen == ([1, 2, -1, 1, 2, -2, 1, 2] if known is again else [1, 2])
        store.close()
