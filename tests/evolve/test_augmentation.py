"""What a search finds out about augmentation: where mirroring swaps classes it is off, where it is free it comes on;
what the user asks for stays, and is warned about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import stack_space, training_job
from planted import mirrors, searched

import evolve
from evolve.config import RunConfig
from evolve.data.npz_files import load_npz
from evolve.data.splits import Parts, prepare, settings
from evolve.engine.augmentation_question import question_for
from evolve.engine.initial_population import founder
from evolve.execution.builds import backend_name
from evolve.problems.images import ImageProblem
from evolve.runs.augmentation_answers import sentences
from evolve.runs.picking import picked
from evolve.search.strategy import Proposal
from evolve.training.scores import least_kept
from evolve.values import PROBED, Budget, Probe
from genomes import Step
from genomes.alphabet import alphabet
from genomes.recipe import AUGMENTATION_GROUPS

pytest.importorskip(backend_name())


def without_augmentation(genome: Mapping[str, Any]) -> dict[str, Any]:
    genes = {name for names in AUGMENTATION_GROUPS.values() for name in names}
    return {**genome, "recipe": {name: value for name, value in genome["recipe"].items() if name not in genes}}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["swaps", "free"])
def test_mirroring_is_on_where_it_is_free_and_off_where_it_swaps_classes(kind: str, tmp_path: Path) -> None:
    run = searched(tmp_path, kind)
    assert mirrors(run) is (kind == "free")
    said = next(one for one in sentences(run) if one.startswith("mirroring"))
    assert said.startswith(f"mirroring {'on' if kind == 'free' else 'off'}: mirrored images keep ")
    assert run.final_result is not None
    assert ("flip" in run.final_result.spent["augmentation"]) is (kind == "free")
    found = [one.candidate for one in picked(run, {})]
    assert found[0] == run.winner
    decided, plain = (run.candidate(number).genome for number in found[:2])  # twins: what was decided for all is first
    assert without_augmentation(decided) == without_augmentation(plain) and decided != plain
    assert decided["recipe"]["flip"] is (kind == "free") and not plain["recipe"]["flip"]
    before = [(one["purpose"], one["candidate"], one["measures"]) for one in run.history()]
    again = evolve.resume(run.folder, progress=False)
    assert [(one["purpose"], one["candidate"], one["measures"]) for one in again.history()] == before


@pytest.mark.slow
def test_what_the_user_asks_for_stays_and_is_warned_about(tmp_path: Path) -> None:
    run = searched(tmp_path, "swaps", recipe={"flip": True}, evaluations=4, final_epochs=1)
    assert mirrors(run)
    said = next(one for one in sentences(run) if one.startswith("mirroring"))
    assert said.endswith("it destroys what tells classes apart, but you have asked for it: leave flip out")


def test_images_in_the_order_of_their_classes_are_all_asked_about(tiny_npz: Path, tmp_path: Path) -> None:
    """A network that knows the first class alone; the others stand behind the first images, as many as are shown."""
    from evolve.training.evaluator import Trainer

    space = stack_space((4, 4, 1))
    genome = space.parse("global_average | sgd 0.1, flip")
    job = training_job(space.blueprint(genome), genome.recipe, Budget(10, 1))
    labels = np.repeat([0, 1, 2], PROBED)
    says_first = np.tile([0.8, 0.1, 0.1], (PROBED, 1))
    seen = Trainer(settings(prepare(load_npz(tiny_npz), tmp_path)))._beside(
        replace(job, probes=(Probe("mirror", genome.recipe, 1),)),
        lambda images: says_first[: len(images)],
        (np.zeros((len(labels), 4, 4, 1), np.float32), labels),
    )
    assert seen == {"clean": pytest.approx(1 / 3), "changed_mirror": pytest.approx(1 / 3), "least_mirror": 1.0}


@pytest.mark.parametrize(
    ("name", "asked"), [("fast", True), ("earlier:7", True), ("conv 8 3, global_max | sgd 0.1, flip", False)]
)
def test_only_a_recipe_that_was_written_out_is_the_wish_of_the_user(name: str, asked: bool) -> None:
    """What another run found out about its own images says nothing about these."""
    sizes = {"train": 40_000, "validation": 5_000, "selection": 5_000, "test": 10_000}
    parts = Parts("any", "", "", "0" * 64, (32, 32, 3), tuple("abcdefghij"), sizes, 0.0, 255.0, {})
    config = RunConfig.checked({})
    problem = ImageProblem(config, parts, False, {})
    genome = founder(problem.space, "fast" if asked else name, Path()).genome
    question = question_for(config, problem, [Proposal(genome, (), (Step("founder", {"founder": name}, name),))])
    assert question is not None
    assert ("mirror" in question.genes) is asked


@pytest.mark.parametrize(
    ("recipe", "asked"),
    [
        ({}, {"flip", "shift", "zoom"}),
        ({"shift": [0, 2]}, {"flip", "shift", "zoom"}),
        ({"shift": [1, 2]}, {"flip", "zoom"}),
        ({"flip": [True]}, {"shift", "zoom"}),
        ({"rotation": [0, 15]}, {"flip", "shift", "zoom", "rotation"}),
        ({"cutout": [0, 4, 8]}, {"flip", "shift", "zoom", "cutout"}),
        ({"contrast": [0, 0.3]}, {"flip", "shift", "zoom", "contrast", "brightness"}),
        ({"cutout": 0, "rotation": 0, "contrast": [0]}, {"flip", "shift", "zoom"}),
    ],
)
def test_the_user_decides_by_gene(recipe: dict[str, object], asked: set[str]) -> None:
    """Bounds that leave off out are a wish; others leave it to what the images say."""
    sizes = {"train": 40_000, "validation": 5_000, "selection": 5_000, "test": 10_000}
    parts = Parts("any", "", "", "0" * 64, (32, 32, 3), tuple("abcdefghij"), sizes, 0.0, 255.0, {})
    config = RunConfig.checked({"recipe": recipe})
    problem = ImageProblem(config, parts, False, {})
    genome = founder(problem.space, "fast", Path()).genome
    question = question_for(config, problem, [Proposal(genome, (), (Step("founder", {"founder": "fast"}, "fast"),))])
    assert question is not None
    assert {name for genes in question.genes.values() for name in genes} == asked
    asked_of = {name: value for genes in question.genes.values() for name, value in genes.items()}
    for name in recipe.keys() & asked:
        assert asked_of[name], "it is asked of what is on"
        assert alphabet({}, recipe).recipe[name].problem(asked_of[name]) is None
    assert asked <= question.off.keys()
    assert not ({"flip", "shift", "zoom"} - asked) & question.off.keys()


def test_a_class_that_suffers_from_a_change_shows() -> None:
    """Two of ten classes become each other; the others stay as they are."""
    labels = np.repeat(np.arange(10), 100)
    clean = np.eye(10)[labels]
    swapped = np.eye(10)[np.where(labels < 2, 1 - labels, labels)]
    assert least_kept(clean, swapped, labels) < 0.1
    assert least_kept(clean, clean, labels) == 1.0
    unknown = np.eye(10)[np.zeros_like(labels)]
    assert least_kept(unknown, np.eye(10)[np.ones_like(labels)], labels) < 0.1, "one class is known, and is lost"
    assert least_kept(swapped[:5], clean[:5], labels[:5]) == 1.0, "none of them is known"


def test_where_a_network_alone_is_trained_nobody_is_asked(tmp_path: Path) -> None:
    run = searched(tmp_path, "free", evaluations=1, final_epochs=1)
    assert not mirrors(run)
    assert list(sentences(run)) == []
