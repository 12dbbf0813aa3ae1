"""The training of one network under its recipe, epoch by epoch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evolve.jobs import AVERAGED, Takes, TrainingJob
from evolve.training.augment import alternates, augment, mirror
from evolve.training.backends import this_backend
from evolve.training.losses import loss, targets_of
from evolve.training.optimizers import Elastic, optimizer
from evolve.training.part_images import JoinedImages
from evolve.training.scores import SCORING
from evolve.training.starting_weights import set_starting_weights
from evolve.training.stopwatch import Stopwatch
from evolve.training.weights import Arrays, state_of, take_state, take_weights, weights_of

TRIED = 200  # steps: in the first ones the loss of a network that learns well may rise
NOTHING = 0.995  # of the loss of a network that knows nothing: one that is above that has learned nothing
SLACK = 0.02  # a training that has that much more or less time than it needs is made to fit
STRETCH = 4096  # images that are shuffled, augmented and trained on at a time
Point = dict[str, float]


class Diverged(Exception):
    """The loss is not finite; the message says in which epoch."""


class Training:
    """A network compiled with its recipe, and the images it is trained on.

    model: a Keras model that returns class probabilities. images: (count, height, width, channels). labels: (count,).
    job: how it is trained; see `TrainingJob`. pixels: the darkest and the brightest value of a pixel.
    clock: told where the time goes; the time in which to finish counts from when it was started.

    gave_up: whether it ended because it `learns_nothing`. With averaging the mean of the weights over the end of the
    training is taken (Izmailov et al. 2018, https://arxiv.org/abs/1803.05407); `average` gives it to the
    model.
    """

    def __init__(
        self,
        model: Any,
        images: NDArray[Any] | JoinedImages,
        labels: NDArray[Any],
        job: TrainingJob,
        pixels: tuple[float, float],
        clock: Stopwatch,
    ) -> None:
        self.model, self._recipe, self._range, self._clock = model, job.recipe.to_json(), pixels, clock
        self._batch = min(job.recipe.batch_size, len(images))
        whole = len(images) // self._batch
        self._used = len(images) if job.ragged else whole * self._batch
        self._steps = steps = math.ceil(self._used / self._batch)
        self._stretch = min(self._used, self._batch * max(1, STRETCH // self._batch))
        self._finish_at = None if job.finish_in is None else clock.begun + job.finish_in
        self._spans = steps * job.spans if job.spans else self._planned(job)
        self._start(images, labels, job)
        model.compile(
            optimizer=optimizer(job.recipe, self._spans, elastic=job.finish_in is not None),
            loss=loss(job.recipe),
            metrics=["accuracy"],
            jit_compile=False,
            steps_per_execution=min(this_backend().fit_steps, steps) if steps == whole else 1,
        )
        build_ahead(model)
        clock.lap("build")
        self._train = this_backend().training_steps(model, self._batch, self._stretch, images.dtype)
        clock.lap("trace")
        self._first = [np.array(one) for one in self._variables] if job.budget.folds > 1 else []

    def _start(self, images: NDArray[Any] | JoinedImages, labels: NDArray[Any], job: TrainingJob) -> None:
        """Nothing has happened yet: the network has the weights that it begins with."""
        set_starting_weights(self.model, job, images)
        self._job, self.images, self.labels = job, images, labels
        self._one_hot = targets_of(labels, self.model.output_shape[-1], job.recipe.class_weights)
        self._streams = {
            "order": np.random.default_rng(job.seeds.order),
            "augmentation": np.random.default_rng(job.seeds.augmentation),
        }
        coins = np.random.default_rng([job.seeds.augmentation, 1])
        self._mirrored_first = coins.integers(0, 2, len(images))
        self._before, self._done, self._total, self._seen = 0, 0, self._planned(job), 0
        self._since = (0.0, 0)
        self.gave_up = False
        self._sums, self._summed = list[NDArray[Any]](), 0

    def _planned(self, job: TrainingJob) -> int:
        """Steps that a job asks for."""
        whole: int = self._steps * job.budget.epochs
        return whole if job.seen is None else max(1, min(whole, job.seen * self._steps // job.budget.images))

    @property
    def _variables(self) -> list[Any]:
        return [*self.model.variables, *self.model.optimizer.variables]

    def restart(self, images: NDArray[Any], labels: NDArray[Any], job: TrainingJob) -> None:
        """Another training of the network over folds, on as many other images: all is as it was before the first one,
        but for the seeds of the job. What was compiled is used again, which took longer than such a training does."""
        for variable, value in zip(self._variables, self._first, strict=True):
            variable.assign(value)
        self._start(images, labels, job)

    def take(self, arrays: Arrays, takes: Takes) -> float | None:
        """Begins with what another training left. The share of its numbers that it took; None if something is wanted
        that is not there."""
        share = take_weights(self.model, arrays, takes)
        if share is None or takes is not Takes.EVERYTHING:
            return share
        steps = take_state(self.model, arrays, self._streams)
        if steps is None:
            return None
        self._before = steps
        return share

    def arrays(self) -> Arrays:
        """What another training needs to begin with this one's weights, or to go on with it."""
        weights = weights_of(self.model)
        if self._job.spans is None:
            return weights
        return {**weights, **state_of(self.model, self._before + self._done, self._streams)}

    def run(
        self,
        on_epoch: Callable[[Point], bool | None] = lambda point: None,
        on_stretch: Callable[[float], None] = lambda done: None,
    ) -> list[Point]:
        """Trains all epochs; the learning curve, one point per epoch. Raises Diverged as soon as the loss is not
        finite.

        on_epoch: is given each point, may add figures to it, and ends the training by returning True. on_stretch: is
        told within an epoch how many are done, with the part of this one.
        """
        curve: list[Point] = []
        self._since = (time.monotonic(), 0)
        while self._done < self._total and not self.gave_up:
            point = {"epoch": len(curve) + 1, **self._epoch(len(curve) + 1, on_stretch)}
            curve.append(point)
            if on_epoch(point):
                break
        if isinstance(rate := self.model.optimizer._learning_rate, Elastic):
            self.model.optimizer.learning_rate = rate.inner
        return curve

    @property
    def epochs(self) -> float:
        """How many there are going to be, the last one perhaps not whole."""
        return self._total / self._steps

    @property
    def spent(self) -> dict[str, int | float | str]:
        """What was really done so far, see `Spent`."""
        recipe, stretches = self._job.recipe, self._finish_at is not None
        whole, rest = divmod(self._done, self._steps)
        return {
            "images": len(self.images),
            "epochs": math.floor(100 * self._done / self._steps) / 100 if rest else whole,
            "steps": self._done,
            "seen": self._seen,
            "batch": self._batch,
            "learning_rate": recipe.learning_rate,
            "schedule": recipe.schedule,
            "schedule_steps": self._before + self._total if stretches else self._spans,
            "augmentation": recipe.augmentation,
        }

    @property
    def learns_nothing(self) -> bool:
        """Whether half of the training and at least `TRIED` steps are over, and in this epoch the network was no better
        than one that calls all classes equally likely."""
        if self._done < TRIED or not self._total / 2 <= self._done < self._total:
            return False
        reached = float(self.model.get_metrics_result()["loss"])
        return reached > NOTHING * math.log(len(self._one_hot))

    def _epoch(self, number: int, on_stretch: Callable[[float], None]) -> Point:
        order = self._streams["order"].permutation(len(self.images))[: self._used]
        self.model.reset_metrics()
        point: Point = {}
        for start in range(0, self._used, self._stretch):
            chosen = order[start : start + self._stretch][: (self._total - self._done) * self._batch]
            images, targets = self.images[chosen], self._one_hot[self.labels[chosen]]
            if alternates(self._recipe):
                images = mirror(images, (self._mirrored_first[chosen] + self._before // self._steps + number) % 2 == 1)
            images, targets = augment(images, targets, self._recipe, *self._range, self._streams["augmentation"])
            self._clock.lap("data")
            self._train(images, targets)
            self._done += math.ceil(len(chosen) / self._batch)
            self._seen += len(chosen)
            point = {name: float(value) for name, value in self.model.get_metrics_result().items()}
            self._sum_up()
            self._clock.lap("fit")
            if not all(map(math.isfinite, point.values())):
                raise Diverged(f"the training loss was not finite in epoch {number}; a smaller learning rate may help")
            self._fit_into_time()
            self.gave_up = self._job.may_give_up and self.learns_nothing
            if self._done == self._total or self.gave_up:
                break
            if start + self._stretch < self._used:
                on_stretch(self._done / self._steps)
        return point

    def _sum_up(self) -> None:
        if self._job.averaging and self._done > (1 - AVERAGED) * self._total:
            weights = self.model.get_weights()
            self._sums = [a + b for a, b in zip(self._sums, weights, strict=True)] if self._sums else weights
            self._summed += 1

    def average(self) -> None:
        """Gives the network the mean of the weights that it had at the end of the training, if it came so far."""
        if not self._summed:
            return
        self.model.set_weights([total / self._summed for total in self._sums])

    def _fit_into_time(self) -> None:
        """As many steps as can be done in what is left of the time, going by the pace since the first stretch, which is
        slower than all others."""
        if self._finish_at is None:
            return
        now = time.monotonic()
        each = (now - self._since[0]) / (self._done - self._since[1])
        if self._since[1] == 0:
            self._since = now, self._done
        scoring = each * SCORING * self._job.to_score / self._batch
        left, planned = max(1, int((self._finish_at - now - scoring) / each)), self._total - self._done
        if planned and abs(left - planned) > SLACK * planned:
            self._total = self._done + left
            if isinstance(rate := self.model.optimizer._learning_rate, Elastic):
                rate.end_in(self._before + self._done, left)


def build_ahead(model: Any) -> None:
    """Makes the variables of optimizer and metrics now. Made in the first training step, they would have TensorFlow
    trace that step twice, which takes longer than the rest of a brief training on small images."""
    model.optimizer.build(model.trainable_variables)
    if isinstance(rate := model.optimizer._learning_rate, Elastic):
        rate.add_to(model.optimizer)
    uniform = np.full((1, model.output_shape[-1]), 1 / model.output_shape[-1], np.float32)
    model.compute_metrics(None, uniform, uniform)
    model.reset_metrics()
