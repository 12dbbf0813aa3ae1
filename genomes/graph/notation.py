"""One line of text <-> a graph of layers.

    a: conv 16 3 < image, b: relu < a, c: conv 16 3 < b, out < a + c | global_average, dense 10 | adam 0.001, batch 128

Each vertex has a name, which is its historical mark, its layer and, behind `<`, what it reads: added (`a + c`) or
concatenated (`a & c`). `out` is what is handed on to the layers behind the first bar; what stands behind the second is
the recipe. `3 times growth=2.0:` at the beginning repeats the graph. A line of a layer stack is read as a chain.
"""

from __future__ import annotations

from genomes import notation as stacks
from genomes.alphabet import Alphabet
from genomes.domains import domains, genes_of
from genomes.graph.genome import GraphGenome, Repeats
from genomes.graph.structure import IMAGE, OUT, Edge, Graph, Vertex, chain_of, graph_of
from genomes.layer import Layer
from genomes.layers import Flatten
from genomes.primitives import InvalidGenome
from genomes.recipe import DEFAULT

SIGNS = {"add": " + ", "concatenate": " & "}


def write(genome: GraphGenome) -> str:
    """The line of a genome."""
    body = ", ".join(_vertex(genome.graph, vertex) for vertex in genome.graph.vertices)
    head = ", ".join(map(str, genome.head))
    return f"{_repeats(genome.repeats)}{body} | {head} | {genome.recipe}"


def _vertex(graph: Graph, vertex: Vertex) -> str:
    name = vertex.mark if vertex.layer is None else f"{vertex.mark}: {vertex.layer}"
    sources = graph.sources(vertex.mark)
    # How a single source is merged shows nowhere in a network, but a second one may come.
    read = SIGNS[vertex.merge].join(sources) if len(sources) > 1 else "".join(sources)
    merged = " &" if vertex.merge == "concatenate" and len(sources) < 2 else ""
    return f"{name} < {read}{merged}".rstrip()


def _repeats(repeats: Repeats) -> str:
    if repeats == Repeats():
        return ""
    others = [f for f in genes_of(Repeats)[1:] if getattr(repeats, f.name) != f.default]
    words = [f"{repeats.times} times", *(f"{f.name}={getattr(repeats, f.name)}" for f in others)]
    return f"{' '.join(words)}: "


def read(text: str, alphabet: Alphabet) -> GraphGenome:
    """The genome of a line. Raises InvalidGenome naming the word that is wrong and what was expected."""
    if "<" not in text:
        layers, recipe = stacks.read(text, alphabet)
        return genome_of_stack(layers, recipe)
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
    return GraphGenome(graph_of(found, edges), head, recipe, repeats)


def genome_of_stack(layers: tuple[Layer, ...], recipe: object) -> GraphGenome:
    """A layer stack as a graph: its body is a chain."""
    from genomes.recipe import Recipe

    assert isinstance(recipe, Recipe)
    border = next((at for at, gene in enumerate(layers) if isinstance(gene, Flatten)), len(layers))
    return GraphGenome(chain_of(layers[:border]), layers[border:], recipe)


def _read_repeats(body: str) -> tuple[Repeats, str]:
    before, times, rest = body.partition(" times")
    if not times or not before.strip().isdigit():
        return Repeats(), body
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
    if not arrow or not mark.isalnum() or not mark[:1].isalpha():
        raise InvalidGenome(f"'{part.strip()}' is no vertex; write it as 'NAME: LAYER < NAME + NAME'")
    if not colon and mark != OUT:
        words = ""
    if mark == OUT and colon:
        raise InvalidGenome(f"'{part.strip()}': '{OUT}' has no layer, it hands on what it reads")
    layer = stacks.read_layer(words, alphabet) if colon else None
    if "+" in sources and "&" in sources:
        raise InvalidGenome(f"'{part.strip()}': what is read is added (+) or concatenated (&), not both")
    merge = "concatenate" if "&" in sources else "add"
    names = [name.strip() for name in sources.replace("&", "+").split("+")]
    return Vertex(mark, layer, merge), [name for name in names if name]


__all__ = ["IMAGE", "OUT", "genome_of_stack", "read", "write"]
