"""What a block is, in plain words: its name, its settings, and the kind of layer by which it is coloured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evolve.display.text import plural, printable
from genomes.spec import Node

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Words:
    """kind: of layer, one of those in `evolve.drawing.colours`. title: its name. details: its settings.

    notes: what follows from the shapes of what it reads. what: all that makes it what it is, equal for equal blocks;
    the first of it is the same for blocks of which one can become the other by a change.
    """

    kind: str
    title: str
    details: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    what: tuple[Any, ...] = ()

    @property
    def thin(self) -> bool:
        """Whether it changes values and no shape, so that it stands close behind the block before it."""
        return self.kind in ("normalisation", "activation", "regularisation", "scaling")


def words_of_layer(text: str, nodes: Sequence[Node]) -> Words:
    """What a layer is. text: in the notation, or nothing. nodes: that it stands for."""
    word = text.split(" ")[0] if text else ""
    if len(nodes) == 1:
        return _of_node(nodes[0])
    kind, title, details = _COMPOSITES.get(word, _unknown)(text, nodes)
    return Words(kind, title, details, what=(word, title, details))


def words_of_merge(nodes: Sequence[Node], twice: bool) -> Words:
    """What merges inputs. nodes: the last of which merges, the others bring what it reads to one shape. twice: whether
    it reads one of them more than once."""
    *before, merge = nodes
    pooled, widened = ([node for node in before if node.op == op] for op in ("max_pool", "convolution"))
    notes = (
        [f"{plural(len(pooled), 'input')} max pooled to {_square(merge.shape[0], merge.shape[1])}"] if pooled else []
    )
    notes += [f"{plural(len(widened), 'input')} widened by 1x1 convolution"] if widened else []
    title = "addition" if merge.op == "add" else "concatenation"
    details = ("of the same twice",) if twice else ()
    return Words("merge", title, details, tuple(notes), (merge.op, twice))


def words_of_output(nodes: Sequence[Node]) -> Words:
    """What a network ends in: a dense layer to the classes, and softmax."""
    classes = nodes[0].shape[0]
    return Words("output", "class probabilities", (f"{classes} classes", "dense, softmax"), what=("output", classes))


def _of_node(node: Node) -> Words:
    settings = dict(node.settings)
    kind, title, details = _NODES.get(node.op, _plain)(node.op, settings)
    told = (node.op, *sorted((name, str(value)) for name, value in settings.items()))
    if node.op in ("input", "prelu"):  # the shape of an image is none of its settings, a slope for each channel either
        told = (node.op,)
    if kind == "flattening":  # one of these has to be there
        told = (kind, node.op)
    return Words(kind, printable(title), tuple(map(printable, details)), what=told)


Said = tuple[str, str, tuple[str, ...]]
"""Kind, title and details."""


def _channels(number: int) -> str:
    return plural(number, "channel")


def _square(size: object, width: object = None) -> str:
    return f"{size}x{size if width is None else width}"


def _moves(settings: Settings) -> tuple[str, ...]:
    """Settings of a window that are not usual."""
    told = [f"{name} {settings[name]}" for name in ("stride", "dilation") if settings.get(name, 1) != 1]
    return (*told, *(["no padding"] if settings.get("padding", "same") != "same" else []))


def _convolution(op: str, settings: Settings) -> Said:
    bias = () if settings.get("bias", True) else ("no bias",)
    channels = (_channels(settings["filters"]),) if "filters" in settings else ()
    title = f"{op.replace('_', ' ')} {_square(settings['kernel'])}"
    return "features", title, (*channels, *_moves(settings), *bias)


def _whitening(op: str, settings: Settings) -> Said:
    return "features", f"whitening {_square(settings['kernel'])}", (_channels(settings["filters"]), "not trained")


def _pooling(op: str, settings: Settings) -> Said:
    strides = () if settings["stride"] == settings["size"] else (f"stride {settings['stride']}",)
    name = "max pooling" if op == "max_pool" else "average pooling"
    windows = _square(settings["size"], settings.get("size_across"))
    padding = ("over the border",) if settings["padding"] == "same" else ()
    return "pooling", f"{name} {windows}", (*strides, *padding)


def _padding(op: str, settings: Settings) -> Said:
    sides = ", ".join(f"{side} {pixels}" for side, pixels in settings.items() if pixels)
    return "pooling", "zeros around", (sides,) if sides else ()


def _normalisation(op: str, settings: Settings) -> Said:
    momentum = (f"momentum {settings['momentum']}",) if "momentum" in settings else ()
    gain = () if settings.get("gain", True) else ("no gain",)
    return "normalisation", f"{op.removesuffix('_norm')} normalisation", (*momentum, *gain)


def _activation(op: str, settings: Settings) -> Said:
    return "activation", str(settings["function"]), ()


def _dense(op: str, settings: Settings) -> Said:
    return "dense", "dense", (plural(settings["units"], "unit"),)


def _own(op: str, settings: Settings) -> Said:
    path = str(settings["class"])
    genes = [f"{name} {value}" for name, value in settings.items() if name not in ("class", "weights", "version")]
    return "own", path.rpartition(".")[2], (f"of {path.rpartition('.')[0]}", *genes)


def _plain(op: str, settings: Settings) -> Said:
    return "own", op.replace("_", " "), tuple(f"{name} {value}" for name, value in settings.items())


def _named(kind: str, title: str, *genes: str) -> Callable[[str, Settings], Said]:
    """A layer that is called so, with the values of these genes."""

    def said(op: str, settings: Settings) -> Said:
        return kind, " ".join([title, *(str(settings[gene]) for gene in genes)]), ()

    return said


_NODES: dict[str, Callable[[str, Settings], Said]] = {
    "input": _named("image", "image"),
    **dict.fromkeys(("convolution", "separable_convolution", "depthwise_convolution"), _convolution),
    "whitening": _whitening,
    **dict.fromkeys(("max_pool", "average_pool"), _pooling),
    "pad": _padding,
    **dict.fromkeys(("batch_norm", "layer_norm"), _normalisation),
    "activation": _activation,
    "leaky_relu": _named("activation", "leaky relu", "slope"),
    "prelu": _named("activation", "relu with learned slopes"),
    "dropout": _named("regularisation", "dropout", "rate"),
    "spatial_dropout": _named("regularisation", "channel dropout", "rate"),
    "gaussian_noise": _named("regularisation", "gaussian noise", "deviation"),
    "scale": _named("scaling", "scale by", "factor"),
    "flatten": _named("flattening", "flatten"),
    "global_average": _named("flattening", "global average pooling"),
    "global_max": _named("flattening", "global max pooling"),
    "dense": _dense,
    "own": _own,
}


def _first(nodes: Sequence[Node], op: str) -> Settings:
    return dict(next(node.settings for node in nodes if node.op == op))


def _function(nodes: Sequence[Node]) -> tuple[str, ...]:
    return (str(_first(nodes, "activation")["function"]),)


def _residual(text: str, nodes: Sequence[Node]) -> Said:
    settings = _first(nodes, "convolution")
    details = (_channels(settings["filters"]), *_moves(settings), *_function(nodes))
    return "features", f"residual block {_square(settings['kernel'])}", details


def _dense_block(text: str, nodes: Sequence[Node]) -> Said:
    settings, layers = _first(nodes, "convolution"), sum(node.op == "concatenate" for node in nodes)
    details = (f"{layers} x {_channels(settings['filters'])} more", *_function(nodes))
    return "features", f"dense block {_square(settings['kernel'])}", details


def _inception(text: str, nodes: Sequence[Node]) -> Said:
    return "features", "inception block", (_channels(nodes[-1].shape[-1]), *_function(nodes))


def _squeeze(text: str, nodes: Sequence[Node]) -> Said:
    return "features", "squeeze and excite", (f"ratio {text.split(' ')[1]}",)


def _unknown(text: str, nodes: Sequence[Node]) -> Said:
    word, _, genes = text.partition(" ")
    said = printable(word.replace("_", " ") or nodes[-1].op)
    return "own", said, (printable(genes),) if genes else ()


_COMPOSITES: dict[str, Callable[[str, Sequence[Node]], Said]] = {
    "residual": _residual,
    "dense_block": _dense_block,
    "inception": _inception,
    "squeeze_excite": _squeeze,
}
