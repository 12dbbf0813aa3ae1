"""Networks worth starting from, in the notation of layer stacks.

The fast nets and their recipe are put together from what trainings of seconds to minutes use: few wide layers, pooling
right behind the first convolution of each width and normalisation behind that, Nesterov momentum, one cycle of the
learning rate, smoothed labels, mirrored and moved images (Page 2018, https://myrtle.ai/how-to-train-your-resnet/;
Jordan 2024, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", https://arxiv.org/abs/2404.00498).

The whitened ones are after the fastest networks that are known for CIFAR-10, with most of their recipe (Jordan 2024,
as above). What it does about its optimizer is left out: lookahead, momentum, rates and decay by group cost three points
together on CIFAR-10, see `benchmarks/recipe.py`. One of them is in the portfolio.

The portfolio are networks that differ, of which each is the best on some kind of images. Their order is greedy: each is
the one that, with those before it, loses least against the best network of a recorded table, on the mean of its data
sets (`benchmarks/policies.py`; as in Feurer et al. 2020, https://arxiv.org/abs/2007.04074). The table has them half as
wide, and calls fast fast-thin, fast-average thin-average, fast-flatten thin-flatten, and fast-strided fast-average.

The small ones have 1,000 to 30,000 weights, most of them separable or depthwise convolutions (Chollet 2016,
https://arxiv.org/abs/1610.02357; Howard et al. 2017, https://arxiv.org/abs/1704.04861); a search with a tight limit
begins with them and the portfolio in turn.

article-1 and article-2 are the two hand-made CIFAR-10 networks of the beginner's article that this project grew out
of (79.35 % after 100 epochs and 81.40 % after 75 epochs), with its recipe. The zoo are small nets in the style of VGG
(Simonyan and Zisserman 2014, https://arxiv.org/abs/1409.1556), ResNet (He et al. 2015,
https://arxiv.org/abs/1512.03385), Inception (Szegedy et al. 2014, https://arxiv.org/abs/1409.4842) and DenseNet (Huang
et al. 2016, https://arxiv.org/abs/1608.06993).
"""

from __future__ import annotations

from itertools import zip_longest

_AUGMENTED = "flip, shift 2"  # as far as images bear it, see `evolve.search.augmentation`
_LEAKY = "leaky_relu 0.003"
_IN_LITTLE_TIME = f"batch 128, one-cycle, decay 0.005, smoothing 0.1, {_AUGMENTED}"


def _fast(first: int, *widths: int, head: str = "global_max") -> str:
    """A convolution, then two for each width; pooling stands before normalisation, which has then a quarter to do."""
    pair = "conv {0} 3, maxpool 2, batchnorm, relu, conv {0} 3, batchnorm, relu"
    pairs = ", ".join(pair.format(width) for width in widths)
    return f"conv {first} 3, batchnorm, relu, {pairs}, {head} | sgd 0.2, {_IN_LITTLE_TIME}"


def _whitened(first: int, rest: int, head: str = "global_max, scale 0.11") -> str:
    """Patches of the image whitened; three stages of two convolutions, the second and third `rest` channels wide."""
    pair = (
        "conv {0} 3 bias=False, maxpool 2, batchnorm momentum=0.6 gain=False, gelu, "
        "conv {0} 3 bias=False, batchnorm momentum=0.6 gain=False, gelu"
    )
    pairs = ", ".join(pair.format(width) for width in (first, rest, rest))
    return (
        f"whiten 2, gelu, {pairs}, {head} | sgd 0.2, batch 128, triangle, decay 0.005, dirac, "
        "smoothing 0.2, flip, alternating, shift 2, reflected"
    )


FOUNDERS: dict[str, str] = {
    "fast": _fast(16, 32, 64, 128),
    "fast-wide": _fast(32, 64, 128, 256),
    "fast-large": _fast(64, 128, 256, 256),
    "whitened": _whitened(24, 96),
    "whitened-wide": _whitened(48, 192),
    "whitened-large": _whitened(64, 256),
    "whitened-average": _whitened(24, 96, head="global_average"),
    "fast-average": _fast(16, 32, 64, 128, head="global_average"),
    "fast-flatten": _fast(16, 32, 64, 128, head="flatten"),
    "fast-strided": (
        "conv 32 3 stride=2, batchnorm, relu, conv 64 3, batchnorm, relu, conv 80 3, maxpool 2, batchnorm, relu, "
        "conv 80 3, batchnorm, relu, conv 192 3, maxpool 2, batchnorm, relu, global_average "
        f"| sgd 0.1, {_IN_LITTLE_TIME}"
    ),
    "no-pooling": (
        "conv 32 3, batchnorm, relu, conv 32 3, batchnorm, relu, conv 32 3, batchnorm, relu, flatten "
        f"| adam 0.001, batch 64, cosine, {_AUGMENTED}"
    ),
    "residual": (
        "conv 24 3, batchnorm, relu, residual 24 3, residual 48 3 stride=2, residual 96 3 stride=2, global_average "
        f"| sgd 0.05, batch 64, cosine, decay 0.001, {_AUGMENTED}"
    ),
    "large-kernels": (
        "conv 32 7 stride=2, batchnorm, relu, conv 64 5, batchnorm, relu, maxpool 2, conv 64 5, batchnorm, relu, "
        f"global_max | adam 0.002, batch 64, cosine, {_AUGMENTED}"
    ),
    "dense-blocks": (
        "conv 24 3 stride=2, dense_block 3 24, conv 48 1, maxpool 2, dense_block 3 24, batchnorm, relu, "
        f"global_average, dropout 0.2 | adam 0.003, batch 64, one-cycle, smoothing 0.1, {_AUGMENTED}"
    ),
    "shallow-wide": (
        "conv 128 5 stride=2, batchnorm, relu, maxpool 2, conv 192 3, batchnorm, relu, global_average "
        f"| sgd 0.1, batch 64, one-cycle, decay 0.001, {_AUGMENTED}"
    ),
    "separable": (
        "conv 48 3, batchnorm, relu, separable 96 3, batchnorm, relu, maxpool 2, separable 192 3, batchnorm, relu, "
        f"maxpool 2, separable 256 3, batchnorm, relu, global_average | rmsprop 0.001, batch 64, linear, {_AUGMENTED}"
    ),
    "small-plain": (
        "conv 8 3, batchnorm, relu, conv 16 3 stride=2, batchnorm, relu, conv 24 3, batchnorm, relu, "
        "conv 32 3 stride=2, batchnorm, relu, conv 48 3, batchnorm, relu, global_average "
        f"| sgd 0.1, batch 64, one-cycle, decay 0.001, {_AUGMENTED}"
    ),
    "small-separable": (
        "conv 16 3 stride=2, batchnorm, relu, separable 32 3, batchnorm, relu, separable 48 3 stride=2, batchnorm, "
        "relu, separable 64 3, batchnorm, relu, separable 96 3 stride=2, batchnorm, relu, global_average "
        f"| sgd 0.1, batch 64, one-cycle, decay 0.0005, {_AUGMENTED}"
    ),
    "small-depthwise": (
        "conv 12 3, batchnorm, relu, maxpool 2, depthwise 3, batchnorm, conv 24 1, batchnorm, relu, depthwise 3, "
        "batchnorm, conv 32 1, batchnorm, relu, maxpool 2, depthwise 3, batchnorm, conv 48 1, batchnorm, relu, "
        f"global_average | sgd 0.1, batch 64, one-cycle, decay 0.0005, {_AUGMENTED}"
    ),
    "tiny": (
        "conv 8 3 stride=2, batchnorm, relu, separable 12 3 stride=2, batchnorm, relu, separable 16 3, batchnorm, "
        f"relu, global_average | sgd 0.1, batch 64, one-cycle, {_AUGMENTED}"
    ),
    "article-1": (
        "conv 32 3 padding=valid, relu, conv 32 3 padding=valid, relu, maxpool 2, dropout 0.25, "
        "conv 32 3 padding=valid, relu, conv 32 3 padding=valid, relu, maxpool 2, dropout 0.25, "
        "flatten, dense 256, relu, dropout 0.5 | adam 0.001, batch 128, scale"
    ),
    "article-2": (
        f"conv 32 3 padding=valid, {_LEAKY}, conv 64 3, {_LEAKY}, conv 32 3 padding=valid, {_LEAKY}, "
        f"conv 32 3 padding=valid, {_LEAKY}, maxpool 2, dropout 0.35, "
        f"conv 32 3 padding=valid, {_LEAKY}, conv 64 3, {_LEAKY}, conv 32 3 padding=valid, {_LEAKY}, "
        "maxpool 2, dropout 0.25, flatten, dense 256, relu, dropout 0.35, dense 256, relu, dropout 0.25 "
        "| adam 0.001, batch 256, scale"
    ),
    "vgg": (
        "conv 32 3, batchnorm, relu, conv 32 3, batchnorm, relu, maxpool 2, "
        "conv 64 3, batchnorm, relu, conv 64 3, batchnorm, relu, maxpool 2, dropout 0.25, "
        "flatten, dense 128, relu, dropout 0.5 | adam 0.001, batch 64"
    ),
    "resnet": (
        "conv 16 3, batchnorm, relu, residual 16 3, residual 32 3 stride=2, residual 64 3 stride=2, "
        "global_average | sgd 0.05, batch 64"
    ),
    "inception": (
        "conv 32 3, batchnorm, relu, inception 64, maxpool 2, inception 96, maxpool 2, inception 128, "
        "global_average, dropout 0.2 | adam 0.002, batch 64"
    ),
    "densenet": (
        "conv 24 3, dense_block 3 12, conv 30 1, avgpool 2, dense_block 3 12, conv 32 1, avgpool 2, dense_block 3 12, "
        "batchnorm, relu, global_average | sgd 0.05, batch 64"
    ),
}

# Groups that can be asked for by one name; the first one is what a search begins with if nobody says anything else.
PORTFOLIO = (
    *("fast-average", "no-pooling", "whitened-average", "fast-strided", "fast", "fast-flatten", "residual"),
    *("large-kernels", "dense-blocks", "shallow-wide", "separable"),
)
SMALL = ("small-plain", "small-separable", "small-depthwise", "tiny")
GROUPS: dict[str, tuple[str, ...]] = {
    "portfolio": PORTFOLIO,
    "small": SMALL,
    "small-portfolio": tuple(name for pair in zip_longest(SMALL, PORTFOLIO) for name in pair if name),  # in turn
    "whitened-sizes": ("whitened", "whitened-wide", "whitened-large"),
    "fast-sizes": ("fast", "fast-wide", "fast-large"),
    "zoo": ("vgg", "resnet", "inception", "densenet"),
    "article": ("article-1", "article-2"),
}
