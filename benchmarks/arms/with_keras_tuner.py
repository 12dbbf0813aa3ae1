"""KerasTuner made to train the same networks: a hypermodel over their numbers, and a grid search over it.

Trials, checkpoints and the project's folder are as the library makes them by default. Each block is a project of its
own, for whose search space KerasTuner builds one network more than it trains.
"""

from __future__ import annotations

from typing import Any

import keras_tuner
from laps import BUILD, BUSY, STORAGE, Laps, answer
from plain_loop import PlainLoop
from stopwatch import timed_fit


class Networks(keras_tuner.HyperModel):
    """The networks of one block."""

    def __init__(self, loop: PlainLoop, numbers: list[int], laps: Laps) -> None:
        super().__init__()
        self._loop, self._numbers, self._laps = loop, numbers, laps

    def build(self, hp: Any) -> Any:
        with self._laps.of(BUILD):
            return self._loop.build(hp.Choice("network", self._numbers))

    def fit(self, hp: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
        batch_size = self._loop.networks[hp.get("network")]["batch_size"]
        return timed_fit(self._laps, model, *args, batch_size=batch_size, **kwargs)


class WithKerasTuner(PlainLoop):
    """work: see `work` in throughput.py."""

    def train(self, numbers: list[int], epochs: int) -> dict[str, Any]:
        laps = Laps()
        tuner = keras_tuner.GridSearch(
            Networks(self, numbers, laps),
            objective="val_accuracy",
            directory=self.scratch / "keras-tuner",
            project_name=f"{epochs} epochs from {numbers[0]}",
            overwrite=True,
        )
        tuner.run_trial = laps.of(BUSY)(tuner.run_trial)
        tuner.oracle.create_trial = laps.of(STORAGE)(tuner.oracle.create_trial)
        tuner.on_trial_end = laps.of(STORAGE)(tuner.on_trial_end)
        tuner.search(self.x, self.y, epochs=epochs, validation_data=self.validation, verbose=0)
        scores = {trial.hyperparameters.get("network"): trial.score for trial in tuner.oracle.trials.values()}
        return answer(laps, [scores.get(number) for number in numbers])
