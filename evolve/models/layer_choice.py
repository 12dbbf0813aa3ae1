"""Which layers of a network are worth a look: those that see the image first, some over its depth, and the last feature
map where all paths meet."""

from __future__ import annotations

from genomes.spec import IN_PLACE, ModelSpec, Node

LOOKED_AT = 8  # feature maps that tell where a network looks
FINE = 4  # places a side
DEEP = 8  # layers that are shown over the depth of a network
CONVOLVING = frozenset(("convolution", "whitening", "separable_convolution", "depthwise_convolution"))
# What only finishes the layer before it: of a convolution, its normalisation and its activation the last is shown.
FINISHING = frozenset(("batch_norm", "layer_norm", "activation", "leaky_relu", "prelu"))
UNCHANGED = frozenset(("input", "scale", "dropout", "spatial_dropout", "gaussian_noise"))  # after training

UNTOLD = UNCHANGED | {"batch_norm", "layer_norm"}  # they say no more of places than the layers beside them


def is_map(node: Node) -> bool:
    """Whether a layer puts out a feature map with more than one place."""
    return len(node.shape) == 3 and node.shape[0] * node.shape[1] > 1


def meeting_points(spec: ModelSpec) -> list[int]:
    """Positions of the layers that every path from the image to the classes goes through, the image first. No layer
    before one of them is read by one behind it, so a network can be cut there."""
    last = {source: position for position, node in enumerate(spec.nodes) for source in node.inputs}
    found, furthest = [], 0
    for position in range(len(spec.nodes)):
        if furthest <= position:
            found.append(position)
        furthest = max(furthest, last.get(position, position))
    return found


def looking_places(spec: ModelSpec, most: int = LOOKED_AT) -> list[Node]:
    """The layers at which it is seen where a network looks, in order: the image and the feature maps that all paths
    meet in, evenly over the depth, the last one among them. Maps of fewer places than FINE a side are too coarse to
    tell, as places are spread over the whole image."""
    points = [spec.nodes[at] for at in meeting_points(spec) if is_map(spec.nodes[at])]
    found = [node for node in points[1:] if node.op not in UNTOLD and min(node.shape[:2]) >= FINE]
    return spread([spec.nodes[0], *found], most)


def spread(nodes: list[Node], most: int) -> list[Node]:
    """At most so many, evenly, the first and the last among them."""
    if len(nodes) <= most:
        return nodes
    return [nodes[round(place * (len(nodes) - 1) / (most - 1))] for place in range(most)]


def first_layers(spec: ModelSpec) -> list[Node]:
    """The convolutions that see the image as it is, or with nothing before them that mixes its places."""
    plain = {0}
    found = []
    for position, node in enumerate(spec.nodes[1:], start=1):
        if not plain.issuperset(node.inputs):
            continue
        if node.op in CONVOLVING:
            found.append(node)
        elif node.op in IN_PLACE | UNCHANGED | {"pad"} and node.op != "flatten":
            plain.add(position)
    return found


def deep_layers(spec: ModelSpec, most: int = DEEP) -> list[Node]:
    """Layers with feature maps, in order and evenly over the depth of a network, the first and the last among them:
    convolutions and poolings with what finishes them, and merges."""
    readers: dict[int, list[str]] = {}
    for node in spec.nodes:
        for source in node.inputs:
            readers.setdefault(source, []).append(node.op)
    found = [
        node
        for position, node in enumerate(spec.nodes)
        if is_map(node) and node.op not in UNCHANGED and not FINISHING.issuperset(readers.get(position, ["end"]))
    ]
    return spread(found, most)


def layer_titles(spec: ModelSpec) -> dict[str, str]:
    """What people call each node, by its name: the number and text of its layer, as they are counted in steps, and what
    it does there if that layer is several nodes. What belongs to none is called as its node is."""
    found = {node.name: node.name for node in spec.nodes}
    for number, part in enumerate(spec.parts, start=1):
        nodes = spec.nodes[part.start : part.end]
        for node in nodes:
            within = f", {node.op.replace('_', ' ')}" if len(nodes) > 1 else ""
            found[node.name] = f"{number}: {part.text}{within}"
    return found
