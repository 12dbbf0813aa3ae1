"""Training steps and predictions with PyTorch, which computes each operation as it comes.

Keras's `fit` feeds a model from a `DataLoader`. Here the images of a stretch go to the device in one piece, and batches
are cut from them there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

import keras
import torch

from evolve.training.backends import Images, Probabilities, Steps, by_batches


class Torch:
    """See `Backend`."""

    fit_steps: ClassVar[int] = 1

    def prepare(self, gpu: bool, share: float) -> None:
        """Operations of which PyTorch has no repeatable kind run nevertheless; the usual layers need none of them."""
        if not gpu:
            return
        os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"  # cuBLAS is repeatable with that alone
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.utils.deterministic.fill_uninitialized_memory = False
        torch.backends.cudnn.benchmark = False
        torch.cuda.set_per_process_memory_fraction(share)

    def layers(self, gpu: bool) -> Mapping[str, Any]:
        return {}

    def training_steps(self, model: Any, batch: int, most: int, dtype: Any) -> Steps:
        def train(images: Images, targets: Images) -> None:
            model.train()
            x, y = keras.ops.convert_to_tensor(images), keras.ops.convert_to_tensor(targets)
            for start in range(0, len(images), batch):
                model.train_step((x[start : start + batch], y[start : start + batch]))
            model.eval()

        return train

    def classifier(self, model: Any, total: int) -> Probabilities:
        def forward(images: Images) -> Any:
            with torch.no_grad():
                return model(images, training=False).cpu()

        return partial(by_batches, forward)

    def gradient(self, function: Callable[[Any], Any], values: Images) -> Images:
        given = keras.ops.convert_to_tensor(values).detach().requires_grad_()
        [found] = torch.autograd.grad(function(given), [given], allow_unused=True)
        gradient = torch.zeros_like(given) if found is None else found
        return gradient.detach().cpu().numpy()  # type: ignore[no-any-return]

    def forget(self) -> None:
        keras.backend.clear_session()
        if torch.cuda.is_initialized():
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()

    def ran_out_of_memory(self, error: BaseException) -> bool:
        """PyTorch's libraries have names of their own for it."""
        text = str(error)
        return isinstance(error, MemoryError | torch.OutOfMemoryError) or "ALLOC_FAILED" in text

    def gpu_peak(self) -> int:
        return int(torch.cuda.max_memory_allocated()) if torch.cuda.is_initialized() else 0
