"""Networks worth starting from, in the notation of layer stacks.

article-1 and article-2 are the two hand-made CIFAR-10 networks of the beginner's article that this project grew out
of (79.35 % after 100 epochs and 81.40 % after 75 epochs). The others are small nets in the style of VGG (Simonyan and
Zisserman 2014, https://arxiv.org/abs/1409.1556) and ResNet (He et al. 2015, https://arxiv.org/abs/1512.03385).
"""

from __future__ import annotations

_LEAKY = "leaky_relu 0.003"

FOUNDERS: dict[str, str] = {
    "article-1": (
        "conv 32 3 padding=valid, relu, conv 32 3 padding=valid, relu, maxpool 2, dropout 0.25, "
        "conv 32 3 padding=valid, relu, conv 32 3 padding=valid, relu, maxpool 2, dropout 0.25, "
        "flatten, dense 256, relu, dropout 0.5 | adam 0.001, batch 128"
    ),
    "article-2": (
        f"conv 32 3 padding=valid, {_LEAKY}, conv 64 3, {_LEAKY}, conv 32 3 padding=valid, {_LEAKY}, "
        f"conv 32 3 padding=valid, {_LEAKY}, maxpool 2, dropout 0.35, "
        f"conv 32 3 padding=valid, {_LEAKY}, conv 64 3, {_LEAKY}, conv 32 3 padding=valid, {_LEAKY}, "
        "maxpool 2, dropout 0.25, flatten, dense 256, relu, dropout 0.35, dense 256, relu, dropout 0.25 "
        "| adam 0.001, batch 256"
    ),
    "vgg": (
        "conv 32 3, batchnorm, relu, conv 32 3, batchnorm, relu, maxpool 2, "
        "conv 64 3, batchnorm, relu, conv 64 3, batchnorm, relu, maxpool 2, dropout 0.25, "
        "flatten, dense 128, relu, dropout 0.5 | adam 0.001, batch 64"
    ),
    "residual": (
        "conv 16 3, batchnorm, relu, residual 16 3, residual 32 3 stride=2, residual 64 3 stride=2, "
        "global_average | sgd 0.05, batch 64"
    ),
}
