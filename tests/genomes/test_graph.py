"""The graph encoding: marks, merges, repeats, crossover, and graphs that cannot be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import product
from random import Random

import pytest

from genomes import InvalidGenome
from genomes.graph.building import _common, _pooled
from genomes.graph.crossing import cross_graphs
from genomes.graph.graph_genome import GraphGenome
from genomes.graph.operators import OPERATORS, connect, mutate_graph, split
from genomes.graph.space import GraphSpace
from genomes.graph.structure import IMAGE, OUT, Vertex, chain_of, graph_of, mark_of_split
from genomes.limits import Limits
from genomes.spec import Node, SpecBuilder
from genomes.stack.founders import FOUNDERS, GROUPS
from genomes.stack.space import StackSpace

SHAPES = [(32, 32, 3), (28, 28, 1), (8, 8, 1), (48, 20, 3)]
SPACE = GraphSpace((32, 32, 3), 10, Limits(max_layers=64))
SKIP = (
    "a: conv 16 3 < image, b: relu < a, c: conv 24 3 stride=2 < b, out < a + c | global_average | adam 0.01, batch 64"
)


def merges(genome: GraphGenome) -> int:
    """Live vertices that read several others."""
    return sum(len(genome.graph.sources(vertex.mark)) > 1 for vertex in genome.graph.live())


def test_the_same_split_has_the_same_mark_whenever_it_happens() -> None:
    one = chain_of([vertex.layer for vertex in SPACE.parse(FOUNDERS["fast"]).graph.vertices[:3] if vertex.layer])
    later = SPACE.parse(FOUNDERS["fast-wide"]).graph
    assert [vertex.mark for vertex in one.vertices[:3]] == [vertex.mark for vertex in later.vertices[:3]]
    edge = (one.vertices[0].mark, one.vertices[1].mark)
    mark = mark_of_split(edge, "activation", [])
    assert mark == mark_of_split(edge, "activation", ["other"])
    others = [
        mark_of_split(edge, "activation", [mark]),
        mark_of_split((edge[1], edge[0]), "activation", []),
        mark_of_split(edge, "pooling", []),
    ]
    assert len({mark, *others}) == 4


@pytest.mark.parametrize("name", sorted(FOUNDERS))
def test_founders_are_the_same_networks_as_stacks(name: str) -> None:
    stacks = StackSpace((32, 32, 3), 10, Limits(max_layers=64, max_multiply_adds=10**9, max_parameters=10**8))
    graphs = GraphSpace((32, 32, 3), 10, stacks.limits)
    stack, graph = stacks.parse(FOUNDERS[name]), graphs.parse(FOUNDERS[name])
    assert stacks.blueprint(stack).fingerprint == graphs.blueprint(graph).fingerprint
    assert graph.notation() == stack.notation()


def test_maps_of_different_shape_are_brought_to_one() -> None:
    genome = SPACE.parse(SKIP)
    assert genome.notation() == SKIP
    nodes = SPACE.blueprint(genome).nodes
    added = next(node for node in nodes if node.op == "add")
    assert added.shape == (16, 16, 24)
    assert [nodes[at].op for at in added.inputs] == ["convolution", "convolution"]  # a projection, and c
    joined = SPACE.blueprint(SPACE.parse(SKIP.replace("a + c", "a & c")))
    assert next(node for node in joined.nodes if node.op == "concatenate").shape == (16, 16, 40)


def pooled(before: tuple[int, int], after: tuple[int, int]) -> Node:
    """The node that pools a map to another size."""
    net = SpecBuilder((*before, 3))
    _pooled(net, 0, *after, "pooled")
    return net.spec().nodes[-1]


@pytest.mark.parametrize(
    ("size", "smaller", "window", "stride", "padding"),
    [
        (28, 7, 4, 4, "valid"),
        (32, 16, 2, 2, "valid"),
        (7, 3, 3, 2, "valid"),  # windows that overlap cover all of it
        (31, 15, 3, 2, "valid"),
        (17, 16, 2, 1, "valid"),
        (9, 1, 9, 9, "valid"),
        (15, 8, 2, 2, "same"),  # as a stride of 2 makes 8 of 15; no windows of 8
        (7, 4, 2, 2, "same"),
        (9, 5, 2, 2, "same"),
        (28, 5, 6, 6, "same"),
    ],
)
def test_a_larger_map_is_pooled_by_the_smallest_windows_that_cover_it(
    size: int, smaller: int, window: int, stride: int, padding: str
) -> None:
    node = pooled((size, size), (smaller, smaller))
    assert node.shape == (smaller, smaller, 3)
    assert dict(node.settings) == {"size": window, "stride": stride, "padding": padding}


@pytest.mark.parametrize(
    ("sizes", "common"), [([28, 7, 3], 3), ([15, 8], 8), ([16, 10], 8), ([28, 15], 14), ([9, 7], 7), ([5, 5], 5)]
)
def test_maps_whose_sizes_do_not_divide_are_pooled_to_what_both_come_near_to(sizes: list[int], common: int) -> None:
    assert _common(sizes) == common
    for size in sizes:
        settings = dict(pooled((size, size), (common, common)).settings) if size > common else {"size": 1, "stride": 1}
        assert int(settings["size"]) <= 3 * int(settings["stride"])


def test_any_two_maps_can_be_merged() -> None:
    """Whatever their sides, and other ones along the height than along the width."""
    for height, width in product(range(1, 33, 3), range(1, 30, 4)):
        for other_height, other_width in product(range(1, height + 1, 2), range(1, width + 1, 3)):
            after = _common([height, other_height]), _common([width, other_width])
            for before in ((height, width), (other_height, other_width)):
                assert before == after or pooled(before, after).shape[:2] == after


UNEVEN = (
    "a: conv 8 3 stride=2 < image, b: conv 8 5 stride=2 padding=valid < a, c: maxpool 3 < image, "
    "out < a + b + c | global_average | adam 0.01, batch 64"
)


@pytest.mark.parametrize("shape", [(7, 7, 1), (9, 9, 1), (15, 15, 1), (28, 28, 1), (28, 15, 3), (48, 20, 3)], ids=str)
def test_merges_of_different_depth_fit_images_of_any_size(shape: tuple[int, int, int]) -> None:
    space = GraphSpace(shape, 10)
    line = UNEVEN if min(shape[:2]) > 8 else UNEVEN.replace(" padding=valid", "")
    added = next(node for node in space.blueprint(space.parse(line)).nodes if node.op == "add")
    assert min(added.shape) > 0


MERGED = "a: conv 16 3 < image, b: relu < a, c: conv 24 3 < b, d: conv 8 3 < a + c, out < d"


def test_a_layer_keeps_its_name_where_what_it_reads_is_merged() -> None:
    """So that children inherit its weights; what fits the maps is named after the edge that it is for."""
    line = f"{MERGED} | global_average | adam 0.01, batch 64"
    merged, plain = (SPACE.blueprint(SPACE.parse(one)).nodes for one in (line, line.replace("a + c", "c")))
    names = {node.name for node in plain}
    assert {"convolution_a", "convolution_c", "convolution_d"} < names < {node.name for node in merged}
    [projection] = [node for node in merged if node.name.startswith("projection")]
    assert (projection.name, projection.shape[-1]) == ("projection_d_from_a", 24)
    smaller = SPACE.blueprint(SPACE.parse(line.replace("c: conv 24 3", "c: conv 24 3 stride=2"))).nodes
    assert "pooled_d_from_a" in {node.name for node in smaller}
    third = SPACE.blueprint(SPACE.parse(line.replace("a + c", "image + a + c"))).nodes
    kept = {node.name for node in third if node.name.startswith("projection")}
    assert kept == {"projection_d_from_a", "projection_d_from_image"}


def test_repeats_count_as_layers() -> None:
    line = "3 times: a: conv 8 3 < image, b: relu < a, out < b | global_average | adam 0.01, batch 64"
    for most, said in ((9, None), (8, "9 layers, more than max_layers=8")):  # three times two, two poolings, a head
        space = GraphSpace((32, 32, 3), 10, Limits(max_layers=most))
        assert space.problem(space.parse(line)) == said
    space = GraphSpace((32, 32, 3), 10, Limits(max_layers=7))  # without poolings
    assert space.problem(space.parse(line.replace("3 times", "3 times pooling=1"))) is None


def test_what_grows_beyond_its_bounds_is_as_wide_as_these_allow() -> None:
    most = SPACE.alphabet.bounds(type(SPACE.parse(SKIP).graph.vertices[0].layer))["filters"].high  # type: ignore[arg-type]
    line = f"2 times growth=2.0: a: conv {most - 32} 1 < image, out < a | global_average | adam 0.01, batch 64"
    space = GraphSpace((8, 8, 3), 10, Limits(max_multiply_adds=10**9, max_parameters=10**8))
    widths = [node.shape[-1] for node in space.blueprint(space.parse(line)).nodes if node.op == "convolution"]
    assert widths == [most - 32, most]


def test_a_graph_that_is_repeated_grows_and_is_pooled() -> None:
    line = "3 times growth=2.0: a: conv 8 3 < image, out < a | global_average | adam 0.01, batch 64"
    genome = SPACE.parse(line)
    assert genome.notation() == line
    shapes = [node.shape for node in SPACE.blueprint(genome).nodes if node.op == "convolution"]
    assert shapes == [(32, 32, 8), (16, 16, 16), (8, 8, 32)]


def test_dead_parts_stay_in_the_genome_and_out_of_the_network() -> None:
    line = SKIP.replace("out < a + c", "d: conv 64 5 < b, out < a + c")
    with_dead, without = SPACE.parse(line), SPACE.parse(SKIP)
    assert "d" in with_dead.graph.by_mark
    assert SPACE.blueprint(with_dead).fingerprint == SPACE.blueprint(without).fingerprint
    assert SPACE.distance(with_dead, without) > 0
    alive = SPACE.parse(line.replace("a + c", "a + c + d"))
    assert SPACE.blueprint(alive).parameters > SPACE.blueprint(without).parameters


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (SKIP.replace("< image", "< c"), "a and b and c lie on a circle"),
        (SKIP.replace("< b,", "< x,"), "there is no vertex 'x'; known are image"),
        (SKIP.replace("c: conv", "a: conv"), "two vertices are called 'a'"),
        (SKIP.replace("c: conv", "image: conv"), "a vertex is called 'image', as what is read first is"),
        (SKIP.replace("c: conv", "c²: conv"), "a vertex is called 'c²'; a name is letters and digits"),
        (SKIP.replace("< a + c", "< a & a"), "it reads 'a' twice; a vertex reads another one once"),
        (SKIP.replace("out < a + c", "out <"), "no way leads from the image to 'out'"),
        (SKIP.replace(", out < a + c", ""), "there is no vertex 'out'"),
        (SKIP.replace("< a + c", "< a + c & b"), "not both"),
        (SKIP.replace("conv 16", "cnv 16"), "unknown layer 'cnv'; did you mean 'conv'"),
        (SKIP.replace("| global_average", "| relu"), "no flattening"),
        (SKIP.replace("b: relu", "b: global_average"), "cannot stand before the flattening"),
        ("9 times: " + SKIP, "times must be a whole number from 1 to 6, not 9"),
        ("2 times pool=2: " + SKIP, "'pool=2' is unknown"),
        (SKIP.replace("a: conv", "out: conv"), "'out' has no layer"),
        (SKIP.replace("b: relu < a", "b: relu"), "is no vertex; write it as"),
        (SKIP.replace("| global_average | adam 0.01, batch 64", ""), "'VERTICES | FLATTENING"),
    ],
)
def test_what_is_no_graph_is_refused_with_the_repair(line: str, said: str) -> None:
    with pytest.raises(InvalidGenome) as error:
        SPACE.blueprint(SPACE.parse(line))
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("merge", "multiply", "merges by 'multiply'; known are add"),
        ("mark", "a, b", "called 'a, b'; a name is letters"),
    ],
)
def test_json_of_no_graph_is_refused(name: str, value: str, said: str) -> None:
    data = json.loads(json.dumps(SPACE.parse(SKIP).to_json()))
    data["vertices"][0][name] = value
    with pytest.raises(InvalidGenome, match=said):
        SPACE.read(data)


DISTANCES = """
from random import Random
from genomes.graph.space import GraphSpace
space, rng = GraphSpace((32, 32, 3), 10), Random(1)
pool = [space.random(rng).genome for _ in range(12)]
print([space.distance(a, b) for a in pool for b in pool])
"""


def test_distances_are_the_same_to_the_last_digit_in_every_process() -> None:
    """Sets of marks have another order in each, and sums of fractions depend on theirs."""
    said = {
        subprocess.run(
            [sys.executable, "-c", DISTANCES],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            check=True,
            capture_output=True,
        ).stdout
        for seed in range(4)
    }
    assert len(said) == 1


def test_a_new_edge_never_closes_a_circle_and_a_split_keeps_the_ends() -> None:
    rng, genome = Random(1), SPACE.parse(SKIP)
    for _ in range(200):
        edges = set(genome.graph.edges)
        genome, step = rng.choice((connect, split))(genome, rng, SPACE.alphabet)
        if step and step.operator == "connect":
            [new] = set(genome.graph.edges) - edges
            assert not graph_of(genome.graph.vertices, edges).leads_back(new)
        genome = genome if len(genome.graph.vertices) < 30 else SPACE.parse(SKIP)


def test_a_child_aligns_what_has_the_same_mark() -> None:
    a, rng = SPACE.parse(FOUNDERS["fast"]), Random(3)
    b = SPACE.parse(FOUNDERS["fast-wide"])
    for _ in range(20):
        child, [step] = cross_graphs(a, b, rng)
        assert step.detail["in_common"] == len(a.graph.vertices) - 1
        for one, left, right in zip(child.graph.vertices, a.graph.vertices, b.graph.vertices, strict=True):
            assert one in (left, right)
    skip, _ = mutate_graph(a, 1, rng, SPACE.alphabet, only="connect")
    children = [cross_graphs(a, skip, rng)[0] for _ in range(40)]
    assert {merges(child) for child in children} == {0, 1}


def test_what_has_the_same_mark_does_the_same_in_founders_and_in_what_is_bred_of_them() -> None:
    rng, pool = Random(5), [SPACE.parse(FOUNDERS[name]) for name in GROUPS["portfolio"]]
    shared = 0
    for _ in range(400):
        a, b = rng.sample(pool, 2)
        for mark in a.graph.by_mark.keys() & b.graph.by_mark.keys() - {OUT}:
            assert a.graph.by_mark[mark].role == b.graph.by_mark[mark].role
            shared += 1
        pool.append((SPACE.crossover(a, b, rng) if rng.random() < 0.4 else SPACE.mutate(a, rng)).genome)
    assert shared > 1000


def test_marks_that_a_user_gave_to_other_layers_are_not_crossed() -> None:
    a = SPACE.parse(SKIP)
    b = SPACE.parse(SKIP.replace("a: conv 16 3", "a: maxpool 2").replace("b: relu", "b: gelu"))
    children = [cross_graphs(a, b, Random(seed)) for seed in range(40)]
    assert {step.detail["in_common"] for _, [step] in children} == {2}
    told = [{mark: str(one.layer) for mark, one in child.graph.by_mark.items()} for child, _ in children]
    assert {one["a"] for one in told} == {"conv 16 3", "maxpool 2"}
    assert {one["b"] for one in told if one["a"] == "conv 16 3"} == {"relu", "gelu"}


CHANNELS = "a: conv 8 3 < image, b: relu < image, out < b & a & image | global_average | adam 0.01, batch 64"


def test_what_is_concatenated_keeps_its_order_whatever_comes_between_or_goes() -> None:
    """Else weights of the layer behind, which a child begins with, meet other channels."""
    genome = SPACE.parse(CHANNELS)
    assert genome.notation() == CHANNELS
    assert SPACE.read(json.loads(json.dumps(genome.to_json()))) == genome
    for seed in range(30):
        graph = mutate_graph(genome, 1, Random(seed), SPACE.alphabet, only="split")[0].graph
        old = ("a", "b", IMAGE)
        read = [one if one in old else graph.sources(one)[0] for one in graph.sources(OUT)]
        assert read == ["b", "a", IMAGE]
    graphs = [mutate_graph(genome, 1, Random(seed), SPACE.alphabet, only="remove")[0].graph for seed in range(30)]
    assert {tuple(graph.sources(OUT)) for graph in graphs} == {("b", IMAGE), (IMAGE, "a")}


def test_what_is_added_has_one_order() -> None:
    line = CHANNELS.replace(" & ", " + ")
    assert SPACE.parse(line) == SPACE.parse(line.replace("b + a + image", "image + a + b"))


def test_a_graph_of_an_earlier_version_is_read_as_it_was_meant() -> None:
    """What was concatenated came in the order of the vertices there."""
    genome = SPACE.parse(CHANNELS.replace("b & a & image", "image & a & b"))
    told = json.loads(json.dumps(genome.to_json()))
    told["edges"] = sorted([source, one["mark"]] for one in told["vertices"] for source in one.pop("reads"))
    assert SPACE.read(told) == genome


def test_only_what_is_in_use_counts_when_an_edge_goes() -> None:
    """Else the last way from the image to the end could be cut."""
    genome = SPACE.parse("z: relu <, m: relu < image + z, out < m | global_average | adam 0.01, batch 64")
    assert mutate_graph(genome, 1, Random(0), SPACE.alphabet, only="disconnect") == (genome, ())


def test_crossing_graphs_that_are_ordered_differently_closes_no_circle() -> None:
    vertices = [Vertex("a", None), Vertex("b", None), Vertex(OUT, None)]
    one = graph_of(vertices, [(IMAGE, "a"), ("a", "b"), ("b", OUT)])
    other = graph_of(vertices, [(IMAGE, "b"), ("b", "a"), ("a", OUT)])
    head, recipe = SPACE.parse(SKIP).head, SPACE.parse(SKIP).recipe
    pair = GraphGenome(one, head, recipe), GraphGenome(other, head, recipe)
    sizes = {len(cross_graphs(*pair, Random(seed))[0].graph.edges) for seed in range(30)}
    assert sizes == {3, 5}


def branches(genome: GraphGenome) -> int:
    """Vertices where two ways come together neither of which is a part of the other: no chains with a skip."""
    graph, found = genome.graph, 0
    behind: dict[str, set[str]] = {IMAGE: set()}
    for vertex in graph.live():
        sources = [one for one in graph.sources(vertex.mark) if one in behind]
        behind[vertex.mark] = set(sources).union(*(behind[one] for one in sources))
        pairs = [(one, other) for one in sources for other in sources if one < other]
        found += any(one not in behind[other] and other not in behind[one] for one, other in pairs)
    return found


@pytest.mark.parametrize("count", [merges, branches], ids=["merges", "branches"])
def test_at_least_half_of_random_graphs_have_them_after_twenty_mutations(
    count: Callable[[GraphGenome], int],
) -> None:
    found = 0
    for seed in range(100):
        rng = Random(seed)
        genome = SPACE.random(rng).genome
        for _ in range(20):
            genome = SPACE.mutate(genome, rng).genome
        found += count(genome) > 0
    assert found >= 50, found


def test_a_graph_that_begins_minimal_has_a_merge_after_twenty_mutations_more_often_than_not() -> None:
    found = 0
    for seed in range(100):
        rng = Random(seed)
        genome = SPACE.parse("out < image | global_average | adam 0.01, batch 64")
        for _ in range(20):
            genome = SPACE.mutate(genome, rng).genome
        found += merges(genome) > 0
    assert found >= 75, found


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("steps", [1500, pytest.param(25_000, marks=pytest.mark.slow)])
def test_variation_stays_valid(shape: tuple[int, int, int], steps: int) -> None:
    """A hundred thousand in all, with the slow ones."""
    space, rng = GraphSpace(shape, 10), Random(steps)
    pool = [space.random(rng).genome for _ in range(20)]
    operators: set[str] = set()
    for _ in range(steps):
        a, b = rng.sample(pool, 2)
        child = space.crossover(a, b, rng) if rng.random() < 0.3 else space.mutate(a, rng)
        space.blueprint(child.genome)
        operators.update(step.operator for step in child.steps)
        pool[rng.randrange(20)] = child.genome if rng.random() < 0.95 else space.random(rng).genome
    assert operators >= {"split", "connect", "disconnect", "remove", "change", "merge", "width", "repeat", "recipe"}
    for genome in pool:
        assert space.parse(genome.notation()) == genome
        assert space.read(genome.to_json()) == genome


def test_every_operator_says_what_it_did() -> None:
    rng, genome = Random(5), SPACE.parse(FOUNDERS["article-1"])
    for _ in range(3):
        genome, _ = mutate_graph(genome, 1, rng, SPACE.alphabet, only="connect")
    for name in OPERATORS:
        tried = [mutate_graph(genome, 1, rng, SPACE.alphabet, only=name) for _ in range(10)]
        assert any(changed != genome for changed, _ in tried), name
        for changed, steps in tried:
            assert bool(steps) == (changed != genome) or name in ("width", "head", "change"), name
            assert all(step.text for step in steps)
