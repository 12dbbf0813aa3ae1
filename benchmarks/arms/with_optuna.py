"""Optuna calling the plain training: a grid over the networks' numbers, the study in SQLite so that it can go on.

Whatever passes outside of the training is counted as storage, which is nearly all of it.
"""

from __future__ import annotations

import time
from typing import Any

import optuna
from laps import BUSY, STORAGE, Laps, answer
from plain_loop import PlainLoop


class WithOptuna(PlainLoop):
    """work: see `work` in throughput.py."""

    def train(self, numbers: list[int], epochs: int) -> dict[str, Any]:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        laps, begun = Laps(), time.perf_counter()
        study = optuna.create_study(
            storage=f"sqlite:///{self.scratch}/optuna.sqlite",
            study_name=f"{epochs} epochs from {numbers[0]}",
            sampler=optuna.samplers.GridSampler({"network": numbers}),
            direction="maximize",
        )
        study.optimize(
            lambda trial: self.score(trial.suggest_categorical("network", numbers), epochs, laps),
            n_trials=len(numbers),
        )
        scores = {trial.params["network"]: trial.value for trial in study.trials}
        laps.seconds[STORAGE] += time.perf_counter() - begun - laps.seconds[BUSY]
        return answer(laps, [scores.get(number) for number in numbers])
