"""The problem of classifying images: train each network on the train part, score it on a part it was not trained on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from evolve.config import RunConfig
from evolve.data.splits import SEARCH_PARTS, Parts, settings
from evolve.execution.builds import backend, backend_name
from evolve.jobs import Beginning, MeasureJob, PartsUsed, Resources, Seeds, Takes, TrainingJob, seeds
from evolve.problems.spaces import image_space
from evolve.problems.work import training_work
from evolve.storage.files import MODELS, WEIGHTS, keep_only
from evolve.training.views import views_of
from evolve.values import SEARCHING, Budget, Candidate, Purpose, Request, Schedule, adopted_weights, digest
from genomes import Blueprint, Genome, candidate_key
from genomes.genome import NetworkSpace, recipe_of, twin_key
from genomes.recipe import AUGMENTATION, MANNERS, PLAIN, SLOW_GENES, Recipe, in_small_steps
from genomes.spec import ModelSpec

EVALUATOR_VERSION = 12
BRIEF_IMAGES = 5_000
BRIEF_PASSES = 10_000  # images x epochs of a brief training, unless the user says otherwise
BRIEF_EPOCHS = 10
MANY_EPOCHS = 8  # with which a training tells what regularisation is worth
FINAL_EPOCHS = 40
FOLDS = 4  # of few images
MEASURING = 300.0  # seconds that it may take
LONG = 1e12  # units of work: about twenty seconds of one core
SLOWEST = 5e8  # multiplications a second of a very slow processor; a limit per candidate is several times too long
SLOW_STEP = 0.05  # seconds more of each step, there: many steps of a small network take long, whatever they multiply
BRIEF = (*SEARCHING, Purpose.TWIN, Purpose.RESCORE)
SCORED_ON = {**dict.fromkeys((*SEARCHING, Purpose.TWIN), "validation"), Purpose.RESCORE: "selection"}


def _recipe(request: Request, brief: bool, plain: bool) -> Recipe:
    """The recipe of a training. A brief one has small steps. plain: whether it leaves augmentation out, as those of a
    search do, in which that is decided for all networks at once: they would be judged by what it costs in the
    beginning, and not by what it is worth in the end."""
    recipe = recipe_of(request.candidate.genome)
    if plain:
        recipe = replace(recipe, **PLAIN)
    return in_small_steps(recipe, request.budget.size) if brief and request.budget.folds == 1 else recipe


def _beginning(request: Request) -> Beginning | None:
    if request.continues is None:
        weights = request.inherits or adopted_weights(request.candidate)
        return Beginning(weights, Takes.WHAT_FITS) if weights else None
    same = request.continues.schedule is Schedule.SAME
    return Beginning(request.continues.weights, Takes.EVERYTHING if same else Takes.WEIGHTS)


@dataclass(frozen=True)
class ImageProblem:
    """See the module's text. gpu: whether networks are trained on one. own: what was found out about layers of the
    user's own, by kind. gpu_share: of one GPU, that a brief training needs; a full one has a GPU for itself. fitness:
    the version of the user's own fitness function, see `fitness_version`."""

    config: RunConfig
    parts: Parts
    gpu: bool
    own: Mapping[str, Mapping[str, Any]]
    gpu_share: float = 1.0
    fitness: str | None = None
    simulates_time: ClassVar[bool] = False

    @property
    def executor(self) -> str:
        """As the user wants it. A function of the script that is running exists in this process only."""
        return self.config.executor or ("in-process" if self.config.fitness_of_script else "processes")

    @property
    def evaluators(self) -> dict[str, str]:
        own = "evolve.training.fitness_evaluator:CustomFitness"
        main = own if self.config.fitness else "evolve.training.evaluator:Trainer"
        return {TrainingJob.kind: main, MeasureJob.kind: "evolve.training.measuring:Measurer"}

    @property
    def usual(self) -> Resources:
        return self._resources(brief=True, cost=0.0)

    @cached_property
    def space(self) -> NetworkSpace[Genome]:
        parts, counts = self.parts, self.parts.class_counts or None
        return image_space(self.config, parts.input_shape, parts.classes, self.own, counts, self._inherited)

    @property
    def _inherited(self) -> tuple[str, ...]:
        """What is not mutated: augmentation, as it is decided for all at once, and what trainings of few epochs cannot
        tell the worth of. A fitness function of the user's own may tell all of it."""
        if self.config.fitness:
            return ()
        few = self.rungs[0].longer.epochs < MANY_EPOCHS
        return (*AUGMENTATION, *MANNERS, *((*SLOW_GENES, "regularisation") if few else ()))

    @cached_property
    def first_space(self) -> NetworkSpace[Genome]:
        if not self.config.small_work:
            return self.space
        return self.space.with_limits(replace(self.space.limits, max_work=self.config.small_work))

    @property
    def settings(self) -> dict[str, Any]:
        told = {"fitness": self.config.fitness}
        folders = {"weights": str(self._weights), "models": str(self._folder / MODELS)}
        machine = {"gpu": self.gpu, "precision": self.precision, "backend": backend_name()}
        return {**settings(self.parts), **told, **folders, **machine}

    @property
    def precision(self) -> str:
        """What networks are trained with; a fitness function of the user's own gets them as they are."""
        return "float32" if self.config.fitness else self.config.precision or "float32"

    @property
    def images(self) -> int:
        """All but those of the test part."""
        return sum(self.parts.sizes[part] for part in SEARCH_PARTS)

    @cached_property
    def rungs(self) -> tuple[Budget, ...]:
        """As the user or the plan wants them, but with no more images than there are. Few images are not divided into
        parts that are too small to tell networks apart: there candidates are trained in full over folds."""
        if (folds := self._over_folds) is not None:
            return (folds,)
        most = self.parts.sizes["train"]
        images = min(self.config.images or BRIEF_IMAGES, most)
        epochs = self.config.epochs or min(BRIEF_EPOCHS, max(1, round(BRIEF_PASSES / images)))
        wanted = self.config.budgets or (Budget(images, epochs),)
        found = [Budget(min(budget.images, most), budget.epochs) for budget in wanted]
        return tuple(budget for place, budget in enumerate(found) if all(other < budget for other in found[:place]))

    @property
    def _over_folds(self) -> Budget | None:
        """The budget of candidates that are trained over folds; None if they are not."""
        config = self.config
        if config.budgets:
            given = config.budgets[0]
            folds = min(given.folds, self.images)
            return Budget(min(given.images, self.fold_images(folds)), given.epochs, folds) if folds > 1 else None
        if config.images or config.epochs or config.fitness or not self.has_few_images:
            return None
        return Budget(self.fold_images(FOLDS), config.final_epochs or FINAL_EPOCHS, FOLDS)

    @property
    def has_few_images(self) -> bool:
        return self.images < self.config.few_images

    def fold_images(self, folds: int) -> int:
        """Images of a training without the largest of so many folds."""
        return self.images - math.ceil(self.images / folds)

    def budget(self, purpose: Purpose) -> Budget:
        if purpose in (Purpose.SEARCH, Purpose.CLOSING):
            return self.rungs[0]
        if purpose is Purpose.CHALLENGE:
            return max(self.rungs[0].longer, self.rungs[-1])
        if purpose is Purpose.RESCORE:
            longest = self.rungs[-1] if self.config.fitness else max(self.rungs[0].longer, self.rungs[-1])
            images = min(self.config.rescoring_images or 0, self.parts.sizes["train"])
            return longest if longest.folds > 1 else longest.with_more(images, self.config.rescoring_epochs)
        return Budget(self.images, self.config.final_epochs or FINAL_EPOCHS)

    def rescorings(self, wanted: int) -> int:
        return wanted

    def job_key(self, request: Request) -> str:
        where = (backend(), "gpu" if self.gpu else "cpu", EVALUATOR_VERSION, self.parts.digest)
        what = (self.fitness, self.precision)
        how = (
            self._trained_key(request),
            request.budget,
            request.purpose.kind,
            request.repeat,
            self.config.seed,
            self._averages(request.purpose),
        )
        goes_on = request.continues and (request.continues.weights, request.continues.schedule)
        probes = [(probe.group, probe.recipe, probe.seed) for probe in request.probes]
        inherits = request.inherits or adopted_weights(request.candidate)
        return digest("train", *where, *what, *how, goes_on, inherits, request.spans, *probes)

    def _averages(self, purpose: Purpose) -> bool:
        """Whether weights are averaged: where it is decided who wins, and in what follows."""
        return self.config.average_weights and purpose not in SEARCHING

    def _trained_key(self, request: Request) -> str:
        """The key of what is really trained: trainings of the search leave augmentation out."""
        return (self._plain_key if self._is_plain(request) else self._key)(request.candidate)

    def _is_plain(self, request: Request) -> bool:
        """Whether a training leaves augmentation out. A fitness function of the user's own may tell its worth."""
        return request.purpose in SEARCHING and self.config.fitness is None

    def _plain_key(self, candidate: Candidate) -> str:
        """The key of the same candidate without augmentation."""
        if not recipe_of(candidate.genome).augmentation:
            return self._key(candidate)
        return twin_key(candidate.genome, self.space.blueprint(candidate.genome), PLAIN)

    def _key(self, candidate: Candidate) -> str:
        return candidate.key or candidate_key(candidate.genome, self.space.blueprint(candidate.genome))

    def keep_weights(self, job_keys: set[str]) -> None:
        keep_only(self._weights, job_keys)

    @property
    def _weights(self) -> Path:
        return self._folder / WEIGHTS

    @property
    def _folder(self) -> Path:
        return (self.config.results / str(self.config.name)).absolute()

    def cost(self, blueprint: Blueprint, budget: Budget) -> float:
        assert isinstance(blueprint, ModelSpec)
        return training_work(self.space.limits.work(blueprint), budget.size)

    def job(
        self, request: Request, blueprint: Blueprint, model: str | None = None, keeps_weights: bool = False
    ) -> TrainingJob:
        assert isinstance(blueprint, ModelSpec)
        assert request.job_key is not None
        brief = request.purpose in BRIEF
        given = self.config.candidate_timeout if brief else None
        cost, recipe = self.cost(blueprint, request.budget), _recipe(request, brief, self._is_plain(request))
        steps = request.budget.size / min(recipe.batch_size, request.budget.images)
        return TrainingJob(
            number=request.number,
            key=request.job_key,
            seconds=given or 120 + cost / SLOWEST + SLOW_STEP * steps,
            resources=self._resources(brief, cost),
            spec=blueprint,
            recipe=recipe,
            budget=request.budget,
            seeds=self._seeds(request),
            parts=self._parts_used(request),
            purpose=request.purpose,
            begins=_beginning(request),
            spans=request.spans,
            model=model,
            keeps_weights=keeps_weights,
            to_score=0 if brief else self._to_score(recipe, request.budget),
            may_give_up=brief,
            averaging=self._averages(request.purpose),
            probes=request.probes,
        )

    def measuring(self, number: int, spec: ModelSpec, pixels: str, names: tuple[str, ...]) -> MeasureJob:
        """A job that measures a network, with the machine to itself where it is timed. pixels: of its recipe."""
        alone = Resources(cores=None if "latency" in names else 1)
        return MeasureJob(number=number, seconds=MEASURING, resources=alone, spec=spec, pixels=pixels, names=names)

    def _to_score(self, recipe: Recipe, budget: Budget) -> int:
        """Images of the test part that are scored, each as often as it has views."""
        test = self.parts.sizes["test"]
        return test * len(views_of(recipe, budget.size, test))

    def _resources(self, brief: bool, cost: float) -> Resources:
        """A long training is worth all cores; on a GPU they are not what it waits for, but all of its memory is."""
        gigabytes = self.config.candidate_memory
        return Resources(
            cores=None if not (brief or self.gpu) and cost > LONG else 1,
            memory=round(gigabytes * 2**30) if gigabytes else None,
            gpu=(self.gpu_share if brief else 1.0) if self.gpu else 0.0,
        )

    def _parts_used(self, request: Request) -> PartsUsed:
        if request.budget.folds > 1:
            return PartsUsed(self.parts.digest, SEARCH_PARTS, "folds", watch="validation")
        if request.purpose in BRIEF:
            return PartsUsed(self.parts.digest, ("train",), SCORED_ON[request.purpose], watch="validation")
        return PartsUsed(self.parts.digest, SEARCH_PARTS, "test", test=self.parts.test)

    def _seeds(self, request: Request) -> Seeds:
        """Those of twins, which differ in augmentation alone, are the same."""
        key = self._plain_key(request.candidate)
        return seeds(self.config.seed, key, request.budget, request.repeat, request.purpose)

    def describe(self) -> dict[str, Any]:
        unnoted = ("root", "test", "depth", "remarks")
        known = {name: value for name, value in asdict(self.parts).items() if name not in unnoted}
        device = "gpu" if self.gpu else "cpu"
        told = {"backend": backend(), "device": device, "own_layers": self.own, "fitness": self.fitness}
        return {**known, **told, "folds": self.rungs[0].folds}
