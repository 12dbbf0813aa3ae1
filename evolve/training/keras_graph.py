"""The graph of a Keras model: its calls of layers and operations, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def graph_of(model: Any) -> Any:
    """The functional model that a model is, or that a sequential one holds."""
    return getattr(model, "_functional", None) or model


def is_model(operation: Any) -> bool:
    """Whether it is a model within another one, with a graph of its own."""
    return hasattr(graph_of(operation), "_nodes_by_depth")


def calls(model: Any) -> Iterator[Any]:
    """Keras's nodes, from the image to the classes: "operation", "input_tensors" and "output_tensors" of each."""
    by_depth = graph_of(model)._nodes_by_depth
    for depth in sorted(by_depth, reverse=True):
        yield from by_depth[depth]


def kind_of(operation: Any) -> str:
    """The name of its class."""
    return type(operation).__name__
