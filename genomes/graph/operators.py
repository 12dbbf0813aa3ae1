"""How graphs are mutated. Operators return the step that they took; the search space checks that the outcome can be
built and draws again if not.

They are those of NEAT (Stanley and Miikkulainen 2002): an edge is split by a new layer, two vertices are connected, an
edge goes; and what layers need beside: one is taken out, changed, or replaced, what is read is merged in another way,
the graph is repeated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random

from genomes.alphabet import Alphabet
from genomes.genes import domains, genes_of
from genomes.graph.graph_genome import GraphGenome
from genomes.graph.structure import IMAGE, Edge, Graph, Repeats, Vertex, graph_of, mark_of_split
from genomes.json_value import Json
from genomes.layer import Layer
from genomes.layers import Flatten
from genomes.recipe import mutate_recipe
from genomes.stack.drawing import drawn, of_role, stage
from genomes.stack.operators import FACTORS, change_gene, insert_layer, recipe_step, remove_layer, scaled
from genomes.steps import Step

Changed = tuple[GraphGenome, Step | None]
USUAL_WIDTH = 16


def split(genome: GraphGenome, rng: Random, alphabet: Alphabet) -> Changed:
    """A layer on an edge that is in use."""
    graph = genome.graph
    kinds = [cls for cls in alphabet.drawn_in("body") if alphabet.may_change(cls)]
    if not kinds:
        return genome, None
    edge = rng.choice(live_edges(graph))
    layer = drawn(kinds, rng, alphabet)
    if layer.first:  # it reads the image or nothing
        edge = rng.choice([one for one in live_edges(graph) if one[0] == IMAGE])
    return _with_layers(genome, edge, [layer], "split")


def split_by_stage(genome: GraphGenome, rng: Random, alphabet: Alphabet) -> Changed:
    """A layer that makes features on an edge, as wide as the one before it, with the normalisation and activation of
    the graph behind it."""
    features, graph = alphabet.of_role("features"), genome.graph
    if not features:
        return genome, None
    edge = rng.choice(live_edges(graph))
    layers = [vertex.layer for vertex in graph.live() if vertex.layer is not None]
    norms = [type(layer) for layer in layers if layer.role == "normalisation"]
    functions = [layer for layer in layers if layer.role == "activation"]
    norm = norms[0] if norms else alphabet.pick_role("normalisation", rng)
    function = functions[0] if functions else of_role("activation", rng, alphabet)
    new = stage(features, _width_before(graph, edge), function, [norm] if norm else [], rng, alphabet)
    return _with_layers(genome, edge, new, "split")


def _with_layers(genome: GraphGenome, edge: Edge, layers: list[Layer], operator: str) -> Changed:
    graph, (source, target) = genome.graph, edge
    vertices, last, marks = list(graph.vertices), source, list[str]()
    for layer in layers:
        last = mark_of_split((last, target), layer.role, [vertex.mark for vertex in vertices])
        vertices.append(Vertex(last, layer))
        marks.append(last)
    changed = replace(genome, graph=graph_of(vertices, graph.split_edges(edge, marks)))
    told = "+".join(layer.word for layer in layers)
    detail: dict[str, Json] = {"edge": list(edge), "marks": [*marks], "to": [str(layer) for layer in layers]}
    return changed, Step(operator, detail, f"{told} between {source} and {target}")


def connect(genome: GraphGenome, rng: Random, alphabet: Alphabet) -> Changed:
    """A new edge forward, between vertices that were not connected; what comes together is merged."""
    graph = genome.graph
    marks = [vertex.mark for vertex in graph.live()]
    there = set(graph.edges)
    new = [
        (source, target)
        for at, target in enumerate(marks)
        for source in [IMAGE, *marks[:at]]
        if (source, target) not in there
    ]
    if not new:
        return genome, None
    edge = rng.choice(new)
    merge = rng.choice(("add", "add", "concatenate"))
    alone = len(graph.sources(edge[1])) == 1
    vertices = [replace(one, merge=merge) if alone and one.mark == edge[1] else one for one in graph.vertices]
    changed = replace(genome, graph=graph_of(vertices, [*graph.edges, edge]))
    return changed, Step("connect", {"edge": list(edge)}, f"connect {edge[0]} with {edge[1]}")


def disconnect(genome: GraphGenome, rng: Random, alphabet: Alphabet) -> Changed:
    """An edge goes where others lead to the same vertex. What only it led to is dead from then on."""
    graph = genome.graph
    live = live_edges(graph)
    into = Counter(target for _, target in live)
    edges = [edge for edge in live if into[edge[1]] > 1]
    if not edges:
        return genome, None
    edge = rng.choice(edges)
    changed = replace(genome, graph=graph_of(graph.vertices, [one for one in graph.edges if one != edge]))
    return changed, Step("disconnect", {"edge": list(edge)}, f"disconnect {edge[0]} from {edge[1]}")


def take_out(genome: GraphGenome, rng: Random, alphabet: Alphabet) -> Changed:
    """A vertex goes; what it read is read by those that read it."""
    graph = genome.graph
    if not (may_go := _changeable(genome, alphabet)):
        return genome, None
    gone, _ = rng.choice(may_go)
    vertices = [vertex for vertex in graph.vertices if vertex != gone]
    detail: dict[str, Json] = {"mark": gone.mark, "from": str(gone.layer)}
    changed = replace(genome, graph=graph_of(vertices, graph.edges_without(gone.mark)))
    return changed, Step("remove", detail, f"remove {gone.layer} at {gone.mark}")


def change(genome: GraphGenome, rng: Random, alphabet: Alphabet) -> Changed:
    """A gene of a layer moves to a neighbouring value."""
    layers = [(vertex, layer) for vertex, layer in _changeable(genome, alphabet) if alphabet.bounds(type(layer))]
    if not layers:
        return genome, None
    vertex, layer = rng.choice(layers)
    [changed], step = change_gene((layer,), rng, alphabet)
    text = step.text.replace(" at 1", f" at {vertex.mark}", 1)
    return _replaced(genome, vertex, changed), Step("change", {**step.detail, "at": vertex.mark}, text)


def exchange(genome: GraphGenome, rng: Random, alphabet: Alphabet) -> Changed:
    """Another layer of the same role in the place of one."""
    if not (layers := _changeable(genome, alphabet)):
        return genome, None
    vertex, layer = rng.choice(layers)
    kinds = [cls for cls in alphabet.of_role(layer.role) if cls.first == layer.first]
    if not kinds:
        return genome, None
    cls = alphabet.pick(kinds, rng)
    width = {cls.width: getattr(layer, layer.width)} if cls.width and layer.width else {}
    new = alphabet.make(cls, rng, **width)
    if new == layer:
        return genome, None
    detail: dict[str, Json] = {"at": vertex.mark, "from": str(layer), "to": str(new)}
    return _replaced(genome, vertex, new), Step("exchange", detail, f"{new} for {layer} at {vertex.mark}")


def merge(genome: GraphGenome, rng: Random, alphabet: Alphabet) -> Changed:
    """What a vertex reads is concatenated instead of added, or the other way round."""
    several = [vertex for vertex in genome.graph.live() if len(genome.graph.sources(vertex.mark)) > 1]
    if not several:
        return genome, None
    vertex = rng.choice(several)
    other = "add" if vertex.merge == "concatenate" else "concatenate"
    vertices = [replace(one, merge=other) if one == vertex else one for one in genome.graph.vertices]
    detail: dict[str, Json] = {"at": vertex.mark, "from": vertex.merge, "to": other}
    changed = replace(genome, graph=graph_of(vertices, genome.graph.edges))
    return changed, Step("merge", detail, f"{other} what {vertex.mark} reads")


def width(genome: GraphGenome, rng: Random, alphabet: Alphabet) -> Changed:
    """All layers of the graph become wider or narrower."""
    factor = rng.choice(FACTORS)
    vertices = [
        replace(one, layer=scaled(one.layer, factor, alphabet)) if one.layer else one for one in genome.graph.vertices
    ]
    step = Step("width", {"part": "body", "factor": factor}, f"make the graph {factor:g} times as wide")
    return replace(genome, graph=graph_of(vertices, genome.graph.edges)), step


def repeat(genome: GraphGenome, rng: Random, alphabet: Alphabet) -> Changed:
    """The graph stands more or less often behind itself, or in another way."""
    genes = [f for f in genes_of(Repeats) if genome.repeats.times > 1 or f.name == "times"]
    name = rng.choice(genes).name
    before = getattr(genome.repeats, name)
    after = domains(Repeats)[name].vary(before, rng)
    changes = {name: after}
    detail: dict[str, Json] = {"gene": name, "from": before, "to": after}
    step = Step("repeat", detail, f"repeat the graph: {name} {before} -> {after}")
    return replace(genome, repeats=replace(genome.repeats, **changes)), step


def head(genome: GraphGenome, rng: Random, alphabet: Alphabet) -> Changed:
    """The layers behind the graph change, as those of a stack do."""
    operator = rng.choice((insert_layer, remove_layer, change_gene, change_gene))
    changed, step = operator(genome.head, rng, alphabet)
    if changed == genome.head or not isinstance(changed[0], Flatten):
        return genome, None
    detail: dict[str, Json] = {**step.detail, "part": "head"}
    return replace(genome, head=changed), Step(step.operator, detail, f"behind the graph: {step.text}")


def recipe(genome: GraphGenome, rng: Random, alphabet: Alphabet) -> Changed:
    """A gene of the recipe takes another value."""
    after = mutate_recipe(genome.recipe, rng, alphabet.recipe, alphabet.inherited)
    return replace(genome, recipe=after), recipe_step(genome.recipe, after)


OPERATORS: dict[str, tuple[float, Callable[[GraphGenome, Random, Alphabet], Changed]]] = {
    "split": (1.5, split),
    "stage": (1.5, split_by_stage),
    "connect": (2.5, connect),
    "disconnect": (0.7, disconnect),
    "remove": (1.0, take_out),
    "change": (2.5, change),
    "exchange": (0.7, exchange),
    "merge": (0.3, merge),
    "width": (0.7, width),
    "repeat": (0.7, repeat),
    "head": (0.7, head),
    "recipe": (2.5, recipe),
}


def mutate_graph(
    genome: GraphGenome, times: int, rng: Random, alphabet: Alphabet, only: str | None = None
) -> tuple[GraphGenome, tuple[Step, ...]]:
    """Applies `times` operators drawn by weight, or the one named `only`; those that find nothing are no step."""
    names, weights = list(OPERATORS), [weight for weight, _ in OPERATORS.values()]
    steps: list[Step] = []
    for _ in range(times):
        name = only or rng.choices(names, weights=weights)[0]
        genome, step = OPERATORS[name][1](genome, rng, alphabet)
        steps += [step] if step else []
    return genome, tuple(steps)


def _changeable(genome: GraphGenome, alphabet: Alphabet) -> list[tuple[Vertex, Layer]]:
    """Live vertices with a layer that mutation may change, and that layer."""
    pairs = [(vertex, vertex.layer) for vertex in genome.graph.live()]
    return [(vertex, layer) for vertex, layer in pairs if layer is not None and alphabet.may_change(type(layer))]


def live_edges(graph: Graph) -> list[Edge]:
    """Edges on a way from the image to the end."""
    live = {IMAGE, *(vertex.mark for vertex in graph.live())}
    return [edge for edge in graph.edges if live.issuperset(edge)]


def _width_before(graph: Graph, edge: Edge) -> int:
    """How wide the last layer with a width is on the way to an edge."""
    by_mark, mark = graph.by_mark, edge[0]
    while mark != IMAGE:
        layer = by_mark[mark].layer
        if layer is not None and layer.width:
            return int(getattr(layer, layer.width))
        sources = graph.sources(mark)
        mark = sources[-1] if sources else IMAGE
    return USUAL_WIDTH


def _replaced(genome: GraphGenome, vertex: Vertex, layer: Layer) -> GraphGenome:
    vertices = [replace(one, layer=layer) if one.mark == vertex.mark else one for one in genome.graph.vertices]
    return replace(genome, graph=graph_of(vertices, genome.graph.edges))
