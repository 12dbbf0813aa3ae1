"""Whether a Keras model puts out class probabilities or logits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evolve.training.keras_graph import is_model, kind_of

BY_ACTIVATION = {"linear": False, "softmax": True, "sigmoid": True}
ENDS = {"Softmax": True, "Sigmoid": True}  # layers, and operations of the same name
HAND_ON = ("Dropout", "Identity", "ActivityRegularization", "Flatten", "Reshape")
ROUNDING = 1e-2  # of sums of 16-bit numbers


def says_shares(output: Any) -> bool | None:
    """Whether what makes this output turns it into probabilities: the last layer, that of a model within, or what
    stands before layers that hand values on. None if that cannot be told."""
    history = getattr(output, "_keras_history", None)
    if history is None:
        return None
    operation, kind = history.operation, kind_of(history.operation)
    if is_model(operation):
        return says_shares(operation.outputs[history.tensor_index])
    if kind in ENDS:
        return ENDS[kind]
    activation = getattr(getattr(operation, "activation", None), "__name__", "")
    if kind in HAND_ON or (kind == "Activation" and activation == "linear"):
        return says_shares(operation._inbound_nodes[history.node_index].input_tensors[0])
    return BY_ACTIVATION.get(activation)


def look_like_shares(outputs: NDArray[Any]) -> bool:
    """Whether outputs (count, classes) lie between 0 and 1 and add up to 1 for each image."""
    said = outputs.astype(np.float64)
    bounded = np.all((said >= -ROUNDING) & (said <= 1 + ROUNDING))
    return bool(bounded and np.all(np.abs(said.sum(axis=1) - 1) <= ROUNDING))
