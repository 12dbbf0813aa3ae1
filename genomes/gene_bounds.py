"""Bounds of genes that several kinds of layers have."""

from __future__ import annotations

from genomes.domains import Options, Real, Whole

FUNCTION = Options(
    ("relu", "elu", "selu", "gelu", "swish", "tanh"),
    rare=("relu6", "sigmoid", "hard_sigmoid", "hard_swish", "mish", "softplus"),
)
FILTERS = Whole(4, 2048, typical=(8, 16, 32, 48, 64, 96, 128), doubles=True)
KERNEL = Whole(1, 7, typical=(1, 3, 3, 3, 5))
STRIDE = Whole(1, 2, typical=(1, 1, 1, 2))
WINDOW = Whole(1, 16, typical=(2, 2, 2, 3), floor=2)
STEP = Whole(0, 16, typical=(0, 1, 2), floor=0)
PADDING = Options(("same", "valid"))
RATE = Real(0.05, 0.7, ceiling=0.99)
