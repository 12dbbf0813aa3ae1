"""What class probabilities say beside the true classes, on numbers that can be checked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from evolve.models.layer_choice import deep_layers, first_layers, layer_titles, looking_places, meeting_points, spread
from evolve.models.recognition import (
    accuracy,
    calibration,
    certain_mistakes,
    class_facts,
    confused_pairs,
    confusion,
    doubtful_labels,
)
from genomes.graph.space import GraphSpace
from genomes.stack.space import StackSpace

LABELS = np.array([0, 0, 0, 1, 1, 2])
SHARES = np.array(
    [[0.9, 0.1, 0.0], [0.8, 0.1, 0.1], [0.0, 0.02, 0.98], [0.3, 0.6, 0.1], [0.5, 0.4, 0.1], [0.0, 0.1, 0.9]]
)


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),
    [(8, 10, 0.4902, 0.9433), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (9500, 10_000, 0.9456, 0.9541)],
)
def test_an_accuracy_has_wilsons_interval(right: int, count: int, low: float, high: float) -> None:
    found = accuracy(right, count)
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_what_is_taken_for_what_is_counted() -> None:
    counts = confusion(LABELS, SHARES.argmax(axis=1), 3)
    assert counts.tolist() == [[2, 0, 1], [1, 1, 0], [0, 0, 1]]
    first, second, third = class_facts(counts, "abc")
    assert (first.recall, first.precision) == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert (second.recall, second.precision) == (0.5, 1.0)
    assert (third.recall, third.precision) == (1.0, 0.5)
    assert [(one.truth, one.said, one.images, one.share) for one in confused_pairs(counts, "abc")] == [
        ("a", "c", 1, pytest.approx(1 / 3)),
        ("b", "a", 1, 0.5),
    ]


def test_a_class_without_images_has_no_recall() -> None:
    counts = confusion(np.array([0, 0]), np.array([0, 2]), 4)
    facts = class_facts(counts, "abcd")
    assert [one.recall for one in facts] == [0.5, None, None, None]
    assert [one.precision for one in facts] == [1.0, None, 0.0, None]


def test_the_most_certain_mistakes_come_first_and_only_certain_ones_are_doubtful() -> None:
    assert certain_mistakes(SHARES, LABELS, 5) == [2, 4]
    assert certain_mistakes(SHARES, LABELS, 1) == [2]
    assert doubtful_labels(SHARES, LABELS).tolist() == [False, False, True, False, False, False]


def test_calibration_tells_what_is_said_from_what_is_right() -> None:
    rng = np.random.default_rng(0)
    said = rng.uniform(0.5, 1.0, 20_000)
    shares = np.column_stack([said, 1 - said])
    honest = calibration(shares, (rng.random(len(said)) >= said).astype(int))
    boastful = calibration(shares, (rng.random(len(said)) >= said - 0.2).astype(int))
    assert honest.error < honest.by_luck < 0.02
    assert boastful.error == pytest.approx(0.2, abs=0.01)
    assert sum(one.images for one in honest.bins) == 20_000
    assert [one.low for one in honest.bins] == [0.5, 0.6, 0.7, 0.8, 0.9]


def test_networks_are_cut_where_all_paths_meet() -> None:
    space = GraphSpace((16, 16, 3), 4)
    line = "a: conv 8 3 < image, b: relu < a, c: conv 8 3 < b, d: maxpool 2 < a + c, out < d | flatten | adam 0.01"
    spec = space.blueprint(space.parse(line))
    ops = [spec.nodes[at].op for at in meeting_points(spec)]
    assert ops == ["input", "convolution", "add", "max_pool", "flatten", "dense", "activation"]
    assert [node.op for node in looking_places(spec)] == ["input", "convolution", "add", "max_pool"]
    assert [node.op for node in first_layers(spec)] == ["convolution"]
    assert [node.op for node in deep_layers(spec)][-1] == "max_pool"


def test_maps_of_few_places_and_what_only_finishes_a_layer_are_left_out() -> None:
    space = StackSpace((8, 8, 1), 3)
    spec = space.blueprint(
        space.parse("conv 4 3, batchnorm, relu, dropout 0.5, maxpool 4, conv 8 3, relu, flatten | adam 0.01")
    )
    assert [node.op for node in looking_places(spec)] == ["input", "convolution", "activation"]
    assert [node.op for node in deep_layers(spec)] == ["activation", "max_pool", "activation"]
    titles = layer_titles(spec)
    assert titles[spec.nodes[1].name] == "1: conv 4 3"
    assert titles["classes"] == "classes"


def test_layers_are_spread_with_the_first_and_the_last() -> None:
    space = StackSpace((8, 8, 1), 3)
    nodes = list(space.blueprint(space.parse(", ".join(["conv 4 3"] * 30) + ", flatten | adam 0.01")).nodes[1:31])
    chosen = spread(nodes, 8)
    assert len(chosen) == 8 and chosen[0] is nodes[0] and chosen[-1] is nodes[-1]


@pytest.mark.parametrize("first", ["whiten 2", "separable 4 3", "depthwise 3", "batchnorm, conv 4 3"])
def test_every_kind_of_first_layer_is_found(first: str) -> None:
    space = StackSpace((8, 8, 3), 3)
    spec = space.blueprint(space.parse(f"{first}, relu, conv 4 3, flatten | adam 0.01"))
    assert len(first_layers(spec)) == 1
