"""The article's two nets, trained by `evolve baseline`, beside the article's figures, as a page.

evolve baseline --dataset cifar10.npz --founder article-1 --for 30m
evolve baseline --dataset cifar10.npz --founder article-2 --for 30m
python benchmarks/article.py results/baselines --output results/published/article
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from evolve.reporting.curve_text import curves

SHOWN = (1, 5, 10, 15, 20, 25, 30, 35, 40, 50, 60, 70, 80, 90, 100)


def section(report: dict[str, Any]) -> str:
    """One net: its curve, and its accuracy after some of the epochs."""
    curve, published = report["curve"], report["published"]
    drawn = curves(
        {
            "train": [point["accuracy"] for point in curve],
            "on test": [point["test_accuracy"] for point in curve],
        }
    )
    rows = [
        f"| {point['epoch']} | {point['accuracy']:.4f} | {point['test_accuracy']:.4f} |"
        for point in curve
        if point["epoch"] in SHOWN or point is curve[-1]
    ]
    minutes = report["seconds"] / 60
    return f"""## {report["founder"]}

    {report["notation"]}

{report["epochs"]} epochs of all {report["images"]:,} training images in {minutes:.0f} minutes
({report["seconds_of_fitting"] / report["epochs"]:.0f} s of fitting an epoch); **{report["test_accuracy"]:.2%}** of the
test images after the last one. The article: {published["test_accuracy"]:.2%} after {published["epochs"]} epochs.
{report["parameters"]:,} weights, {report["multiply_adds"]:,} multiply-adds per image; {report["backend"]}.

```
{drawn}
```

| epoch | train accuracy | test accuracy |
|---|---|---|
{chr(10).join(rows)}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="where evolve baseline wrote its reports")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--note", default="", help="what else ran on the machine")
    arguments = parser.parse_args()
    reports = [json.loads(path.read_text()) for path in sorted(arguments.folder.glob("cifar10-article-*.json"))]
    arguments.output.mkdir(parents=True, exist_ok=True)
    commands = "\n".join(
        f"    evolve baseline --dataset cifar10.npz --founder {r['founder']} --for 30m" for r in reports
    )
    head = f"""# The article's two nets on CIFAR-10

{commands}
    python benchmarks/article.py results/baselines --output {arguments.output}

Trained as in the article: Adam with Keras's defaults at a constant rate, pixels divided by 255, no augmentation,
every training image in every epoch, the test images looked at after each epoch. Half an hour each on two
cores{arguments.note}. The test part is watched here because the article did so; it is no way to choose between
networks.
"""
    (arguments.output / "README.md").write_text("\n".join([head, *map(section, reports)]))
    for report in reports:
        (arguments.output / f"{report['founder']}.json").write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
