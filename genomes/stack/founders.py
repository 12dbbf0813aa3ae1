"""Networks worth starting from, in the notation of layer stacks.

The fast nets and their recipe are put together from what trainings of seconds to minutes use: few wide layers, pooling
right behind the first convolution of each width and normalisation behind that, Nesterov momentum, one cycle of the
learning rate, smoothed labels, mirrored and moved images (Page 2018, https://myrtle.ai/how-to-train-your-resnet/;
Jordan 2024, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", https://arxiv.org/abs/2404.00498).

article-1 and article-2 are the two hand-made CIFAR-10 networks of the beginner's article that this project grew out
of (79.35 % after 100 epochs and 81.40 % after 75 epochs), with its recipe. The zoo are small nets in the style of VGG
(Simonyan and Zisserman 2014, https://arxiv.org/abs/1409.1556), ResNet (He et al. 2015,
https://arxiv.org/abs/1512.03385), Inception (Szegedy et al. 2014, https://arxiv.org/abs/1409.4842) and DenseNet (Huang
et al. 2016, https://arxiv.org/abs/1608.06993).
"""

from __future__ import annotations

_LEAKY = "leaky_relu 0.003"
_IN_LITTLE_TIME = "sgd 0.2, batch 128, one-cycle, decay 0.005, smoothing 0.1, flip, shift 2"


def _fast(first: int, *widths: int) -> str:
    """A convolution, then two for each width; pooling stands before normalisation, which has then a quarter to do."""
    pair = "conv {0} 3, maxpool 2, batchnorm, relu, conv {0} 3, batchnorm, relu"
    pairs = ", ".join(pair.format(width) for width in widths)
    return f"conv {first} 3, batchnorm, relu, {pairs}, global_max | {_IN_LITTLE_TIME}"


FOUNDERS: dict[str, str] = {
    "fast": _fast(16, 32, 64, 128),
    "fast-wide": _fast(32, 64, 128, 256),
    "fast-large": _fast(64, 128, 256, 256),
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

# Groups that can be asked for by one name.
GROUPS: dict[str, tuple[str, ...]] = {
    "fast": ("fast", "fast-wide", "fast-large"),
    "zoo": ("vgg", "resnet", "inception", "densenet"),
    "article": ("article-1", "article-2"),
}
