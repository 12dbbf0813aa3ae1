"""One line of text <-> a graph of layers.

    a: conv 16 3 < image, b: relu < a, c: conv 16 3 < b, out < a + c | global_average, dense 10 | adam 0.001, batch 128

Each vertex has a name, which is its historical mark, its layer and, behind `<`, what it reads: added (`a + c`) or
concatenated in this order (`a & c`). `out` is what is handed on to the layers behind the first bar; what stands behind
the second is the recipe. `3 times growth=2.0:` at the beginning repeats the graph. A line of a layer stack is a chain
whose vertices have the letter of their role and its number as marks.
"""

from __future__ import annotations

from genomes import notation as stacks
from genomes.alphabet import Alphabet
from genomes.genes import domains, genes_of
from genomes.graph.structure import ONCE, OUT, Edge, Graph, Repeats, Vertex, chain_of, graph_of, of_stack
from genomes.layer import Layer
from genomes.primitives import InvalidGenome
from genomes.recipe import DEFAULT, Recipe

SIGNS = {"add": " + ", "concatenate": " & "}


def write(graph: Graph, head: tuple[Layer, ...], recipe: Recipe, repeats: Repeats) -> str:
    """The line of a genome; of a chain as founders are that of a layer stack."""
    layers = tuple(vertex.layer for vertex in graph.vertices if vertex.layer is not None)
    if repeats == ONCE and graph == chain_of(layers):
        return stacks.write((*layers, *head), recipe)
    body = ", ".join(_vertex(graph, vertex) for vertex in graph.vertices)
    return f"{_repeats(repeats)}{body} | {', '.join(map(str, head))} | {recipe}"


def _vertex(graph: Graph, vertex: Vertex) -> str:
    name = vertex.mark if vertex.layer is None else f"{vertex.mark}: {vertex.layer}"
    sources = graph.sources(vertex.mark)
    # How a single source is merged shows nowhere in a network, but a second one may come.
    read = SIGNS[vertex.merge].join(sources) if len(sources) > 1 else "".join(sources)
    merged = " &" if vertex.merge == "concatenate" and len(sources) < 2 else ""
    return f"{name} < {read}{merged}".rstrip()


def _repeats(repeats: Repeats) -> str:
    if repeats == ONCE:
        return ""
    others = [f for f in genes_of(Repeats)[1:] if getattr(repeats, f.name) != f.default]
    words = [f"{repeats.times} times", *(f"{f.name}={getattr(repeats, f.name)}" for f in others)]
    return f"{' '.join(words)}: "


def read(text: str, alphabet: Alphabet) -> tuple[Graph, tuple[Layer, ...], Recipe, Repeats]:
    """What a line says. Raises InvalidGenome naming the word that is wrong and what was expected."""
    if "<" not in text:
        layers, recipe = stacks.read(text, alphabet)
        return (*of_stack(layers), recipe, ONCE)
    body, *rest = text.split("|")
    if len(rest) not in (1, 2):
        raise InvalidGenome("a graph is written as 'VERTICES | FLATTENING AND LAYERS | RECIPE'")
    repeats, vertices = _read_repeats(body)
    head = tuple(stacks.read_layer(part, alphabet) for part in rest[0].split(","))
    recipe = stacks.read_recipe(rest[1], alphabet) if len(rest) == 2 else DEFAULT
    found, edges = list[Vertex](), list[Edge]()
    for part in vertices.split(","):
        vertex, sources = _read_vertex(part, alphabet)
        found.append(vertex)
        edges += [(source, vertex.mark) for source in sources]
    return graph_of(found, edges), head, recipe, repeats


def _read_repeats(body: str) -> tuple[Repeats, str]:
    before, times, rest = body.partition(" times")
    if not times or not before.strip().isdecimal():
        return ONCE, body
    words, colon, vertices = rest.partition(":")
    if not colon:
        raise InvalidGenome(f"'{body.strip()[:40]}': write '{before.strip()} times: VERTICES'")
    values = {"times": int(before)}
    for word in words.split():
        name, _, value = word.partition("=")
        if name not in domains(Repeats):
            raise InvalidGenome(f"'{word}' is unknown; behind 'times' may stand pooling=SIZE and growth=FACTOR")
        try:
            values[name] = domains(Repeats)[name].read(value)
        except ValueError as error:
            raise InvalidGenome(f"{name} {error}") from None
    repeats = Repeats(**values)
    if problem := repeats.problem():
        raise InvalidGenome(problem)
    return repeats, vertices


def _read_vertex(part: str, alphabet: Alphabet) -> tuple[Vertex, list[str]]:
    named, arrow, sources = part.partition("<")
    mark, colon, words = named.partition(":")
    mark = mark.strip()
    if not arrow or not mark:
        raise InvalidGenome(f"'{part.strip()}' is no vertex; write it as 'NAME: LAYER < NAME + NAME'")
    if mark == OUT and colon:
        raise InvalidGenome(f"'{part.strip()}': '{OUT}' has no layer, it hands on what it reads")
    layer = stacks.read_layer(words, alphabet) if colon else None
    if "+" in sources and "&" in sources:
        raise InvalidGenome(f"'{part.strip()}': what is read is added (+) or concatenated (&), not both")
    merge = "concatenate" if "&" in sources else "add"
    names = [name for one in sources.replace("&", "+").split("+") if (name := one.strip())]
    if twice := {name for name in names if names.count(name) > 1}:
        raise InvalidGenome(f"'{part.strip()}': it reads '{min(twice)}' twice; a vertex reads another one once")
    return Vertex(mark, layer, merge), names
