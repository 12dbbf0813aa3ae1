"""What each part of the fastest nets' recipe is worth on CIFAR-10: each group left out in turn, and what is not in it.

    python benchmarks/recipe.py --data FOLDER --output results/published/recipe

FOLDER holds cifar10.npz. 20,000 images of the training part for six epochs, scored on 10,000 others of the training
part: the test part is not looked at. Plain, with flips, and with all views of an image, which are a group, too. Goes on
where it was ended; a row for each training goes into leave-one-out.jsonl, and a page into leave-one-out.md.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import rows
from held_out import HELD_OUT, train

from evolve.training.backends import this_backend
from evolve.training.scores import measures_of
from evolve.training.views import measures_of_views, views_of
from evolve.values import Budget
from genomes.stack.founders import FOUNDERS

IMAGES, EPOCHS, SEEDS = 20_000, 6, 3
WHOLE = "whitened"
# Name of the arm -> what is put in the place of what, in the founder.
CHANGES = {
    "without first layer": [("whiten 2", "conv 24 2 padding=valid")],
    "without initialisation": [(", dirac", "")],
    "without schedule": [("triangle", "one-cycle")],
    "without augmentation details": [(", alternating", ""), (", reflected", "")],
    "with momentum 0.85": [("batch 128, ", "batch 128, momentum 0.85, ")],
    "with kernels-only": [("decay 0.005, ", "decay 0.005, kernels-only, ")],
}
ARMS = [WHOLE, "fast", *CHANGES]
# Genes that version 0.16 had and that did not pay: rows of it, which this version cannot train any more.
GONE = {
    "with rates of biases 64 times as large": [("batch 128, ", "batch 128, bias-rate 64, ")],
    "with lookahead every 5 steps": [("decay 0.005, ", "decay 0.005, lookahead 5, ")],
    "with both, momentum and kernels-only": [
        ("batch 128, ", "batch 128, momentum 0.85, bias-rate 64, "),
        ("decay 0.005, ", "decay 0.005, kernels-only, lookahead 5, "),
    ],
}


def line(arm: str) -> str:
    """The notation of an arm, which may be a founder."""
    text = FOUNDERS[arm if arm in FOUNDERS else WHOLE]
    for old, new in {**CHANGES, **GONE}.get(arm, []):
        assert text.count(old) == 1, f"{old!r} is not in {text!r}"
        text = text.replace(old, new)
    return text


def trained(arm: str, seed: int, data: Path) -> dict[str, Any]:
    """A row: one training."""
    begun = time.monotonic()
    found = train(line(arm), Budget(IMAGES, EPOCHS), seed, data)
    classify, scored, labels = this_backend().classifier(found.model, HELD_OUT), found.images, found.labels
    plain = classify(scored)
    seen = measures_of_views(views_of(found.recipe, 10**9, HELD_OUT), plain, scored, labels, classify)
    return {
        "arm": arm,
        "seed": seed,
        "network": line(arm),
        "plain": measures_of(plain, labels)["accuracy"],
        "flips": seen["accuracy_with_flips"],
        "views": seen["accuracy_with_views"],
        "multiply_adds": found.spec.multiply_adds,
        "parameters": found.spec.parameters,
        "seconds": round(time.monotonic() - begun, 1),
    }


def page(made: list[dict[str, Any]]) -> str:
    """All rows as Markdown: means, and differences to the founder with the error of seeds."""
    lines = [
        "# The recipe of the fastest nets, piece by piece",
        "",
        f"CIFAR-10, {IMAGES:,} images x {EPOCHS} epochs, scored on {HELD_OUT:,} other images of the training part;",
        "means over seeds, +- twice the standard error. Made by",
        "`python benchmarks/recipe.py --data FOLDER --output results/published/recipe`.",
        "",
        f"| | plain | with flips | with all views | plain, against {WHOLE} | seeds | multiply-adds |",
        "|---|---|---|---|---|---|---|",
    ]
    by_arm = {arm: [row for row in made if row["network"] == line(arm)] for arm in [*ARMS, *GONE]}
    whole = {row["seed"]: row["plain"] for row in by_arm[WHOLE]}
    for arm, of_arm in by_arm.items():
        if not of_arm:
            continue
        means = [statistics.fmean(row[key] for row in of_arm) for key in ("plain", "flips", "views")]
        apart = [row["plain"] - whole[row["seed"]] for row in of_arm if row["seed"] in whole]
        told = "-"
        if arm != WHOLE and apart:
            told = f"{100 * statistics.fmean(apart):+.2f}"
        if arm != WHOLE and len(apart) > 1:
            told += f" +- {200 * statistics.stdev(apart) / len(apart) ** 0.5:.2f}"
        shown = " | ".join(f"{mean:.2%}" for mean in means)
        size = f"{of_arm[0]['multiply_adds'] / 1e6:.1f} million"
        lines.append(f"| {arm} | {shown} | {told} | {len(of_arm)} | {size} |")
    return "\n".join([*lines, "", f"{WHOLE}:", "", f"    {line(WHOLE)}", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--arms", nargs="+", default=ARMS, choices=ARMS, metavar="ARM")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)
    path = given.output / "leave-one-out.jsonl"
    made = rows.read(path)
    for seed in range(given.seeds):
        for arm in given.arms:
            if not any((row["network"], row["seed"]) == (line(arm), seed) for row in made):
                made.append(trained(arm, seed, given.data / "cifar10.npz"))
                rows.append(path, made[-1])
    (given.output / "leave-one-out.md").write_text(page(made))


if __name__ == "__main__":
    main()
