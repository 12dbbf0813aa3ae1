"""Pictures of networks: nothing overlaps, no edge goes through a block, and what is marked is what changed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any
from xml.etree import ElementTree

import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from evolve.drawing.blocks import Block, Blocks, blocks_of
from evolve.drawing.changes import Mark, changes
from evolve.drawing.columns import placed
from evolve.drawing.lettering import broken, text_width
from evolve.drawing.network_svg import Subject, draw_beside, draw_network
from evolve.drawing.repeats import folded, repeats
from evolve.drawing.rows_order import crossings, ordered
from genomes import InvalidGenome
from genomes.graph import operators as of_graphs
from genomes.graph.graph_genome import GraphGenome
from genomes.graph.space import GraphSpace
from genomes.layer import HEAD, LAYERS
from genomes.limits import Limits
from genomes.recipe import difference
from genomes.spec import ModelSpec, SpecBuilder
from genomes.stack import operators as of_stacks
from genomes.stack.founders import FOUNDERS
from genomes.stack.space import StackGenome, StackSpace

SHAPES = [(32, 32, 3), (28, 28, 1), (8, 8, 1), (48, 20, 3)]
LIMITS = Limits(max_layers=64, max_multiply_adds=10**10, max_parameters=10**9)
STACKS, GRAPHS = StackSpace((32, 32, 3), 10, LIMITS), GraphSpace((32, 32, 3), 10, LIMITS)
SKIP = (
    "a: conv 16 3 < image, b: relu < a, c: conv 24 3 stride=2 < b, out < a + c | global_average | adam 0.01, batch 64"
)
SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Box:
    """A block as it stands in a picture. texts: with the x of their left and right end at most."""

    said: str
    x: float
    y: float
    width: float
    height: float
    texts: tuple[tuple[float, float], ...]


def subject(space: Any, genome: Any, caption: str = "candidate 1") -> Subject:
    return Subject(caption, space.blueprint(genome), genome.recipe)


def boxes(picture: str) -> list[Box]:
    found = []
    for group in ElementTree.fromstring(picture).iter(f"{SVG}g"):
        title = group.find(f"{SVG}title")
        if title is not None:
            place = group.find(f"{SVG}rect")
            assert place is not None
            sides = [float(place.attrib[name]) for name in ("x", "y", "width", "height")]
            texts = tuple(ends(text) for text in group.iter(f"{SVG}text"))
            found.append(Box(title.text or "", *sides, texts))  # type: ignore[arg-type]
    return found


def ends(text: ElementTree.Element) -> tuple[float, float]:
    x, size = float(text.attrib["x"]), float(text.attrib["font-size"])
    parts = [(text.text or "", text.attrib), *((part.text or "", part.attrib) for part in text)]
    width = sum(text_width(said, size, told.get("font-weight") == "bold") for said, told in parts)
    share = {"middle": 0.5, "end": 1.0}.get(text.attrib.get("text-anchor", ""), 0.0)
    return x - share * width, x + (1 - share) * width


def points(path: str) -> Iterator[tuple[float, float]]:
    """Points along an edge, those of curves in small steps."""
    x = y = 0.0
    for letter, numbers in re.findall(r"([MVC])([^MVC]+)", path):
        values = [float(number) for number in numbers.split()]
        if letter == "M":
            x, y = values
            yield x, y
            continue
        a, b = (x, y), (x, values[0]) if letter == "V" else (values[4], values[5])
        one, two = ((a, b)) if letter == "V" else ((values[0], values[1]), (values[2], values[3]))
        for step in range(1, 21):
            t = step / 20
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
            yield tuple(sum(w * p[axis] for w, p in zip(weights, (a, one, two, b), strict=True)) for axis in (0, 1))  # type: ignore[misc]
        x, y = b


def check(picture: str) -> None:
    """That a picture is well-formed, that no two blocks overlap, that text fits and no edge crosses a block."""
    root, found = ElementTree.fromstring(picture), boxes(picture)
    width, height = (float(side) for side in root.attrib["viewBox"].split()[2:])
    for box in found:
        assert box.x >= 0 and box.y >= 0 and box.x + box.width <= width and box.y + box.height <= height
        assert all(low >= box.x - 0.01 and high <= box.x + box.width + 0.01 for low, high in box.texts), box
    for a, b in combinations(found, 2):
        beside = a.x + a.width <= b.x or b.x + b.width <= a.x
        assert beside or a.y + a.height <= b.y or b.y + b.height <= a.y, (a, b)
    for path in root.iter(f"{SVG}path"):
        way = list(points(path.attrib["d"]))
        low, high = min(x for x, _ in way), max(x for x, _ in way)
        assert low >= 0 and high <= width
        near = [box for box in found if box.x < high and low < box.x + box.width]
        for x, y in way:
            for box in near:
                inside = box.x < x < box.x + box.width and box.y + 0.01 < y < box.y + box.height - 0.01
                assert not inside, (path.attrib["d"], box)
    for frame in (one for one in root.iter(f"{SVG}rect") if one.attrib.get("stroke-dasharray") == "1 3"):
        x, y, wide, high = (float(frame.attrib[name]) for name in ("x", "y", "width", "height"))
        for box in found:
            apart = box.x + box.width < x or x + wide < box.x or box.y + box.height < y or y + high < box.y
            within = x < box.x and box.x + box.width < x + wide and y < box.y and box.y + box.height < y + high
            assert apart or within, box


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
@pytest.mark.parametrize("encoding", [StackSpace, GraphSpace])
@pytest.mark.parametrize("seed", range(6))
def test_random_networks_and_their_descendants_are_drawn_clearly(encoding: Any, shape: Any, seed: int) -> None:
    space, rng = encoding(shape, 10, LIMITS), Random(seed)
    genome = parent = space.random(rng).genome
    for _ in range(20):
        parent, genome = genome, space.mutate(genome, rng).genome
    once, both = subject(space, genome), (subject(space, parent, "candidate 2"), subject(space, genome, "candidate 3"))
    check(draw_network(once))
    check(draw_beside(*both))
    assert draw_network(once) == draw_network(once)
    blocks = blocks_of(once.spec)
    assert sum(block.weights for block in folded(blocks, repeats(blocks)).blocks) == once.spec.parameters


@pytest.mark.parametrize("name", sorted(FOUNDERS))
def test_founders_are_drawn_clearly_and_fit_a_telephone(name: str) -> None:
    picture = draw_network(subject(STACKS, STACKS.parse(FOUNDERS[name]), f"founder {name}"))
    check(picture)
    assert 'viewBox="0 0 320 ' in picture
    assert "max-width:100%" in picture


def test_a_graph_shows_where_it_branches_and_merges() -> None:
    picture = draw_network(subject(GRAPHS, GRAPHS.parse(SKIP)))
    check(picture)
    said = [box.said for box in boxes(picture)]
    assert (
        said[-3] == "addition, 1 input max pooled to 16x16, 1 input widened by 1x1 convolution, 16x16x24, 384 weights"
    )
    blocks = blocks_of(GRAPHS.blueprint(GRAPHS.parse(SKIP)))
    [merge] = [block for block in blocks if block.merges]
    assert {blocks[read].words.title for read in merge.reads} == {"convolution 3x3"}
    joined = blocks_of(GRAPHS.blueprint(GRAPHS.parse(SKIP.replace("a + c", "a & c"))))
    assert "concatenation" in [block.words.title for block in joined]


def test_shapes_weights_and_settings_are_those_of_the_network() -> None:
    line = (
        "conv 8 5 stride=2 padding=valid, batchnorm, relu, maxpool 3 stride=1 padding=same, residual 16 3, flatten, "
        "dense 32 | adam 0.01, batch 16, flip"
    )
    picture = draw_network(subject(STACKS, STACKS.parse(line)))
    assert [box.said for box in boxes(picture)] == [
        "image, 32x32x3",
        "convolution 5x5, 8 channels, stride 2, no padding, 14x14x8, 608 weights",
        "batch normalisation, 32 weights",
        "relu",
        "max pooling 3x3, stride 1, over the border, 14x14x8",
        "residual block 3x3, 16 channels, relu, 14x14x16, 3,776 weights",
        "flatten, 3,136 values",
        "dense, 32 units, 100,384 weights",
        "class probabilities, 10 classes, dense, softmax, 330 weights",
    ]
    texts = ["".join(text.itertext()) for text in ElementTree.fromstring(picture).iter(f"{SVG}text")]
    assert texts[-4:] == ["adam", "learning rate 0.01", "batch 16", "flip"]


def test_what_is_repeated_is_drawn_once() -> None:
    stage = "conv 32 3, batchnorm, relu"
    line = f"conv 32 3, {', '.join([stage] * 4)}, maxpool 2, flatten | adam 0.01, batch 16"
    picture = draw_network(subject(STACKS, STACKS.parse(line)))
    check(picture)
    assert [box.said for box in boxes(picture)][2:5] == [
        "4 times: convolution 3x3, 32 channels, 32x32x32, 36,992 weights in all",
        "4 times: batch normalisation, 512 weights in all",
        "4 times: relu",
    ]
    assert ">x 4<" in picture


def test_a_module_of_a_graph_that_is_repeated_is_drawn_once() -> None:
    line = "3 times pooling=1: a: conv 16 3 < image, b: relu < a, out < a + b | global_average | adam 0.01, batch 64"
    picture = draw_network(subject(GRAPHS, GRAPHS.parse(line)))
    check(picture)
    assert Counter(box.said.partition(":")[0] for box in boxes(picture))["3 times"] == 3
    assert ">x 3<" in picture


def test_what_is_read_from_elsewhere_is_not_taken_for_a_repetition() -> None:
    line = "a: relu < image, b: relu < a, c: relu < b, out < a + c | global_average | adam 0.01, batch 64"
    assert repeats(blocks_of(GRAPHS.blueprint(GRAPHS.parse(line)))) == []


def test_every_kind_of_layer_has_words_of_its_own() -> None:
    """What has none is called by its notation, as a layer of the user's own is."""
    for kind, layer in LAYERS.items():
        assert STACKS.alphabet.kinds.get(kind) in (layer, None)
        made = STACKS.alphabet.make(layer, Random(0))
        net = SpecBuilder((32, 32, 3))
        if made.place == HEAD:
            net.add("global_average")
        with net.part(str(made), True):
            made.expand(net)
        [*_, block] = blocks_of(net.spec())
        assert (block.words.kind == "own") == (kind == "slot"), kind


# What differs


def marks(before: Any, after: Any, space: Any) -> tuple[list[Block], list[Block], list[tuple[Block, Block]]]:
    """The blocks that are marked as added, as removed, and the pairs that are marked as changed."""
    old, new = blocks_of(space.blueprint(before)), blocks_of(space.blueprint(after))
    found = changes(old, new)
    for mine, theirs in found.pairs.items():
        marked = mine in found.before.blocks
        assert marked == (theirs in found.after.blocks)
        assert marked or old[mine].words.what == new[theirs].words.what
    assert set(range(len(old))) - found.pairs.keys() <= found.before.blocks.keys()
    assert set(range(len(new))) - set(found.pairs.values()) <= found.after.blocks.keys()
    return (
        [new[at] for at, mark in found.after.blocks.items() if mark is Mark.ADDED],
        [old[at] for at, mark in found.before.blocks.items() if mark is Mark.REMOVED],
        [(old[a], new[b]) for a, b in found.pairs.items() if a in found.before.blocks],
    )


def buildable(space: Any, genome: Any) -> bool:
    try:
        space.blueprint(genome)
    except InvalidGenome:
        return False
    return True


def stack_of(rng: Random) -> StackGenome:
    genome = STACKS.random(rng).genome
    for _ in range(rng.randrange(6)):
        genome = STACKS.mutate(genome, rng).genome
    return genome


def what(blocks: Blocks) -> list[Any]:
    return [block.words.what for block in blocks]


@pytest.mark.parametrize("operator", [*of_stacks.OPERATORS, "recipe"])
def test_of_a_stack_exactly_the_changed_parts_are_marked(operator: str) -> None:
    tried = 0
    for seed in range(60):
        rng = Random(seed)
        before = stack_of(rng)
        layers, recipe, (step,) = of_stacks.mutate_stack(
            before.layers, before.recipe, 1, rng, STACKS.alphabet, operator
        )
        after = StackGenome(layers, recipe)
        if not buildable(STACKS, after) or not step.detail:
            continue
        tried += 1
        added, removed, changed = marks(before, after, STACKS)
        old, new = (what(blocks_of(STACKS.blueprint(one))) for one in (before, after))
        count: Any = lambda name, told=step.detail: len(told[name])  # noqa: E731
        match operator:
            case "insert":
                assert (len(added), removed, changed) == (1, [], [])
            case "remove":
                assert (added, len(removed), changed) == ([], 1, [])
            case "duplicate":
                assert (len(added), removed, changed) == (count("stage"), [], [])
            case "deepen":
                assert (len(added), removed, changed) == (count("to"), [], [])
            case "remove stage":
                assert (added, len(removed), changed) == ([], count("from"), [])
            case "change":
                assert (added, removed) == ([], [])
                assert [two.words.what for _, two in changed] == [b for a, b in zip(old, new, strict=True) if a != b]
            case "swap":
                assert len(added) == len(removed) and len(added) + len(changed) / 2 == (old != new)
            case "width":
                widened = sum(a != b for a, b in zip(old, new, strict=True))
                assert len(added) + len(removed) + len(changed) <= widened
            case "recipe":
                assert (added, removed, changed) == ([], [], [])
                check_recipes(before, after)
    assert tried >= 20


def check_recipes(before: Any, after: Any) -> None:
    """That of two recipes exactly the genes that differ are marked."""
    picture = draw_beside(subject(STACKS, before), subject(STACKS, after))
    texts = ["".join(text.itertext()) for text in ElementTree.fromstring(picture).iter(f"{SVG}text")]
    old, new = (
        {*recipe.words(difference(before.recipe, after.recipe)).values()} for recipe in (before.recipe, after.recipe)
    )
    marked = [
        text.replace("pixels scale", "scale").replace("_", " ")
        for text in texts
        if re.match("[+~\N{MINUS SIGN}] ", text)
    ]
    assert sorted(text[2:] for text in marked) == sorted(word.replace("_", " ") for word in [*old, *new])


def layers_of(genome: GraphGenome) -> dict[str, str]:
    """Live vertices with a layer."""
    return {one.mark: str(one.layer) for one in genome.graph.live() if one.layer is not None}


def merges_of(genome: GraphGenome) -> dict[str, str]:
    """Live vertices that read several, and how they merge."""
    live = {one.mark for one in genome.graph.live()} | {"image"}
    several = (one for one in genome.graph.live() if len(live.intersection(genome.graph.sources(one.mark))) > 1)
    return {f"{one.mark} merge": one.merge for one in several}


def graph_of_seed(rng: Random) -> GraphGenome:
    genome = GRAPHS.random(rng).genome
    while genome.repeats.times > 1 or not merges_of(genome):
        genome = GRAPHS.mutate(GRAPHS.random(rng).genome, rng).genome
    return genome


@pytest.mark.parametrize("operator", [name for name in of_graphs.OPERATORS if name not in ("repeat", "head")])
def test_of_a_graph_exactly_the_changed_parts_are_marked(operator: str) -> None:
    tried = 0
    for seed in range(40):
        rng = Random(seed)
        before = graph_of_seed(rng)
        after, steps = of_graphs.mutate_graph(before, 1, rng, GRAPHS.alphabet, operator)
        if not steps or not buildable(GRAPHS, after):
            continue
        tried += 1
        added, removed, changed = marks(before, after, GRAPHS)
        old, new = layers_of(before), layers_of(after)
        joined, joins = merges_of(before), merges_of(after)
        assert {block.key for block in added} == (new.keys() - old.keys()) | (joins.keys() - joined.keys())
        assert {block.key for block in removed} == (old.keys() - new.keys()) | (joined.keys() - joins.keys())
        differ = {mark for mark in old.keys() & new.keys() if old[mark] != new[mark]}
        differ |= {mark for mark in joined.keys() & joins.keys() if joined[mark] != joins[mark]}
        same = {a.key for a, b in changed if a.words.what == b.words.what}  # that read something else
        assert {a.key for a, _ in changed} - same <= differ
        for mark in differ - {a.key for a, _ in changed}:
            assert " merge" not in mark and old[mark].split()[0] == new[mark].split()[0] == "inception"
        assert all(key.endswith(" merge") for key in same)
        if operator in ("split", "stage", "change", "exchange", "width", "recipe"):
            assert same == set()
    assert tried >= 15


@pytest.mark.parametrize("operator", ["repeat", "head"])
def test_what_is_repeated_or_behind_a_graph_is_marked(operator: str) -> None:
    seen = Counter[str]()
    for seed in range(30):
        rng = Random(seed)
        before = graph_of_seed(rng)
        after, steps = of_graphs.mutate_graph(before, 1, rng, GRAPHS.alphabet, operator)
        if steps and buildable(GRAPHS, after):
            added, removed, changed = marks(before, after, GRAPHS)
            seen += Counter(added=len(added), removed=len(removed), changed=len(changed))
            if operator == "head":
                blocks = [*added, *removed, *(one for pair in changed for one in pair)]
                assert all(not block.key for block in blocks)
                assert len(added) + len(removed) + len(changed) <= 1
            else:
                assert all("_round" in block.key or not block.key for block in added)
                assert removed == changed == []
    assert seen["added"] > 0


def test_a_new_edge_and_the_merge_that_it_makes_are_marked() -> None:
    before = GRAPHS.parse(SKIP.replace("out < a + c", "out < c"))
    blocks = [blocks_of(GRAPHS.blueprint(one)) for one in (before, GRAPHS.parse(SKIP))]
    found = changes(*blocks)
    [merge] = found.after.blocks
    assert blocks[1][merge].merges and found.before.blocks == {} and found.before.edges == frozenset()
    [(source, target)] = found.after.edges
    assert (blocks[1][source].key, target) == ("a", merge)
    back = changes(*reversed(blocks))
    assert list(back.before.blocks.values()) == [Mark.REMOVED] and back.before.edges == {(source, target)}


def test_what_is_in_both_stands_at_one_height() -> None:
    line = "conv 8 3, relu, {0}maxpool 2, flatten, dense 16, relu | adam 0.01, batch 16"
    pair = [subject(STACKS, STACKS.parse(line.format(more))) for more in ("", "conv 16 5, relu, ")]
    found = boxes(draw_beside(*pair))
    check(draw_beside(*pair))
    half = len(blocks_of(pair[0].spec))
    heights = [{box.y for box in side if box.said.startswith("max pooling")} for side in (found[:half], found[half:])]
    assert heights[0] == heights[1] and len(heights[0]) == 1
    assert [box.said for box in found if box.said.startswith("added")] == [
        "added: convolution 5x5, 16 channels, 32x32x16, 3,216 weights",
        "added: relu",
    ]


def test_two_equal_networks_have_no_mark_and_share_what_is_repeated() -> None:
    genome = STACKS.parse("conv 8 3, conv 8 3, conv 8 3, conv 8 3, flatten | adam 0.01, batch 16")
    picture = draw_beside(subject(STACKS, genome), subject(STACKS, genome))
    assert "no difference" in picture and "No block differs" in picture
    assert picture.count(">x 4<") == 2


def test_a_repetition_is_not_drawn_once_where_one_of_them_changed() -> None:
    line = "conv 8 3, {0}, conv 8 3, conv 8 3, flatten | adam 0.01, batch 16"
    pair = [subject(STACKS, STACKS.parse(line.format(layer))) for layer in ("conv 8 3", "conv 12 3")]
    said = [box.said for box in boxes(draw_beside(*pair))]
    assert [text for text in said if text.startswith("changed")] == [
        "changed: convolution 3x3, 8 channels, 32x32x8, 584 weights",
        "changed: convolution 3x3, 12 channels, 32x32x12, 876 weights",
    ]


# Text


@pytest.mark.parametrize("bold", [False, True])
def test_text_is_measured_as_wide_as_in_a_wide_font(bold: bool) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    from PIL import ImageFont

    fonts = Path(matplotlib.get_data_path(), "fonts", "ttf")
    font = ImageFont.truetype(str(fonts / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")), 1000)
    for sign in (*map(chr, range(32, 127)), "\N{MINUS SIGN}"):
        assert font.getlength(sign) <= text_width(sign, 1000, bold) + 13


@given(st.text(max_size=60), st.integers(20, 200))
@settings(max_examples=200, deadline=None)
def test_broken_text_is_whole_and_no_wider_than_its_place(text: str, width: int) -> None:
    lines = broken(text, width, 11)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(text_width(line, 11) <= width or len(line) == 1 for line in lines)


HOSTILE = "<script>alert('1')</script> & \"x\" \x1b[31m\u202e\x00\ud800 ]]>"


def hostile_network() -> ModelSpec:
    net = SpecBuilder((8, 8, 1))
    for text, name in ((HOSTILE, "Evil"), ("swirl", "W" * 300)):
        with net.part(text, True):
            net.add("own", **{"class": f"{HOSTILE}.{name}", "weights": "0", "version": "", "words": HOSTILE})
    net.add("global_average")
    net.add("dense", units=2)
    net.add("activation", function="softmax")
    return net.spec()


def test_names_from_elsewhere_are_escaped_and_fit() -> None:
    one = Subject(HOSTILE, hostile_network(), None)
    for picture in (draw_network(one), draw_beside(one, one)):
        check(picture)
        assert "<script" not in picture and "\x1b" not in picture and "\u202e" not in picture
        assert "&lt;script&gt;" in picture
        picture.encode()


def test_it_says_what_it_shows_to_those_who_do_not_see_it() -> None:
    root = ElementTree.fromstring(draw_network(subject(GRAPHS, GRAPHS.parse(SKIP), "candidate 7")))
    title, description = (root.find(f"{SVG}{name}") for name in ("title", "desc"))
    assert title is not None and description is not None
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-labelledby"] == f"{title.attrib['id']} {description.attrib['id']}"
    assert title.text == "network of candidate 7"
    assert "of 2 and 4" in str(description.text)  # what the merge reads


def test_equal_networks_have_equal_pictures_in_any_process() -> None:
    script = (
        "from genomes.graph.space import GraphSpace\nfrom random import Random\n"
        "from evolve.drawing.network_svg import *\nimport hashlib\n"
        "space, rng = GraphSpace((32, 32, 3), 10), Random(4)\ngenome = space.random(rng).genome\n"
        "for _ in range(10): parent, genome = genome, space.mutate(genome, rng).genome\n"
        "pair = [Subject('one', space.blueprint(g), g.recipe) for g in (parent, genome)]\n"
        "print(hashlib.sha256((draw_network(pair[1]) + draw_beside(*pair)).encode()).hexdigest())"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1 and len(said.pop()) == 65


# Layout


def test_rows_are_put_in_an_order_without_crossings_where_there_is_one() -> None:
    rows, edges = [[0, 1], [2, 3], [4]], [(0, 3), (1, 2), (2, 4), (3, 4)]
    assert crossings(rows, edges) == 1
    assert crossings(ordered(rows, edges), edges) == 0


@given(st.lists(st.tuples(st.floats(-500, 500), st.floats(5, 150)), min_size=1, max_size=8))
def test_places_keep_their_distance_and_stay_where_there_is_room(wanted: list[tuple[float, float]]) -> None:
    middles, widths = [x for x, _ in wanted], [width for _, width in wanted]
    found = placed(middles, [1.0] * len(wanted), widths)
    pairs = list(zip(found, found[1:], widths, widths[1:], strict=False))
    assert all(b - a >= (left + right) / 2 - 0.01 for a, b, left, right in pairs)
    apart = zip(middles, middles[1:], widths, widths[1:], strict=False)
    if all(b - a >= (left + right) / 2 for a, b, left, right in apart):
        assert found == pytest.approx(middles, abs=0.01)
