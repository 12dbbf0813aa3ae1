"""What policies of search come to on a recorded table, each data set left out in turn.

    python benchmarks/policies.py results/published/experiment/recorded.jsonl --output results/published/search

Everything that a policy is tuned by (which starts it has, in which order) is chosen on the other data sets. A policy
sees scores of brief trainings: of a repeat drawn at random, on validation images drawn with replacement. What it
decides for is worth what its longest recorded training has on the selection part, which no policy sees; what it loses
is told against the best network of the table. Intervals are over few data sets. The rules themselves (how far a lead
is carried on, and when it is not) were found on these same data sets, so elsewhere the race may lose more.

The policies, each with the same starts (--also names networks that may be some, too) unless it says otherwise:

new: a race as `evolve.search.racing` has it: every start at 5000x1 and 5000x3, without augmentation; the best is shown
    changed images; the leads, carried on, decide, where another start has to be ahead of the first one by half of the
    error; the two most promising are confirmed at 20000x1, the budget of the table that is most like 15000x3.
version 0.9: the founders of version 0.9 that the table has, at 5000x1 without augmentation; the best third at 5000x3;
    two leaders and the first again, two standard errors decide; augmentation as the founder is written, never asked.
halving: successive halving of all starts over 5000x1, 5000x3 and 20000x1, augmentation as written.
random: the best of as many networks of the table, drawn at random, by 5000x3, augmentation as written.
founder alone: the first start alone, augmentation as written.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from policies_draws import BRIEF, LONGER, MOVED, THIRD, TRUTH, Draw, best, plain, portfolio, right, worth
from policies_newcomers import newcomers, of_many
from policies_page import page
from scipy import stats

import evolve
from evolve.problems.recorded_tables import RecordedDataset
from evolve.search.leads import Scale, Scores, lead, share_carried

OF_0_9 = ("fast-thin", "residual", "dense-blocks", "article-thin", "small")  # what is most like its founders
ALSO = ["whitened-average"]  # that came into the table later than its founders
GROUPS = ("mirror", "move")
MANY = 20  # newcomers


def augmented(draw: Draw, start: str, verdicts: dict[str, str]) -> str:
    """The network of the table that is nearest to a start with what was decided on augmentation."""
    data, on = draw.data, [group for group in GROUPS if verdicts.get(group) == "survives"]
    if len(on) == len(GROUPS):
        return start
    if on == ["move"] and start + MOVED in data.genomes:
        return start + MOVED
    return plain(data, start)


def race(draw: Draw, starts: Sequence[str], again: int = 2) -> str:
    """The new policy. again: how many are confirmed."""
    data, images, chance = draw.data, draw.data.sizes["validation"], draw.data.chance["validation"]
    scale = Scale(images, chance + 4 * math.sqrt(chance * (1 - chance) / images))
    networks = {start: plain(data, start) for start in starts}
    brief = {start: draw.score(one, BRIEF) for start, one in networks.items()}
    longer = {start: (draw.score(one, LONGER),) for start, one in networks.items()}
    confirmed: dict[str, tuple[float, ...]] = {}
    carried = share_carried([Scores(brief[one], longer[one]) for one in starts], scale)

    def in_order(among: Sequence[str]) -> list[str]:
        """Those expected to end best first."""
        first = min(among, key=starts.index)
        scores = {one: Scores(brief[one], longer[one], confirmed.get(one, ())) for one in among}
        leads = {one: lead(scores[one], scores[first], scale, None, carried=carried) for one in among if one != first}
        return sorted(among, key=lambda one: leads[one].by - leads[one].needed if one in leads else 0.0, reverse=True)

    leaders = in_order(starts)[:again]
    for start in leaders:
        confirmed[start] = (draw.score(networks[start], THIRD, again=True),)
    asked = max(starts, key=lambda start: brief[start])
    return augmented(draw, in_order(leaders)[0], draw.verdicts(networks[asked]))


def version_0_9(draw: Draw, starts: Sequence[str]) -> str:
    """That of version 0.9, with its own founders."""
    data = draw.data
    networks = {start: plain(data, start) for start in OF_0_9}
    brief = sorted(OF_0_9, key=lambda start: -draw.score(networks[start], BRIEF))
    promoted = brief[: max(1, len(brief) // 3)]
    leaders = list(dict.fromkeys([*promoted, *brief[:2], OF_0_9[0]]))
    scores = {one: [draw.score(networks[one], LONGER), draw.score(networks[one], LONGER, True)] for one in leaders}
    spread = math.sqrt(fmean((a - b) ** 2 / 2 for a, b in scores.values()))
    first = max(leaders, key=lambda one: fmean(scores[one]))
    alike = (one for one in leaders if fmean(scores[first]) - fmean(scores[one]) < 2 * spread)
    return min([first, *alike], key=OF_0_9.index)


def halving(draw: Draw, starts: Sequence[str]) -> str:
    """Successive halving by accuracy."""
    data, left = draw.data, list(starts)
    for budget in (BRIEF, LONGER, THIRD):
        left = sorted(left, key=lambda one: -draw.score(plain(data, one), budget))[: max(1, len(left) // 2)]
    return left[0]


def random_networks(draw: Draw, starts: Sequence[str]) -> str:
    """The best of as many networks of the table, drawn at random."""
    drawn = draw.rng.choice(sorted(draw.data.genomes), len(starts), replace=False)
    return max(map(str, drawn), key=lambda one: draw.score(one, LONGER))


def founder(draw: Draw, starts: Sequence[str]) -> str:
    """The first start alone."""
    return starts[0]


POLICIES: dict[str, Callable[[Draw, Sequence[str]], str]] = {
    "new": race,
    "version 0.9": version_0_9,
    "halving": halving,
    "random": random_networks,
    "founder alone": founder,
}


@dataclass(frozen=True)
class Outcome:
    """losses: points below the best network of the table, by data set, means over draws."""

    losses: dict[str, float]

    @property
    def interval(self) -> tuple[float, float, float]:
        """Mean over data sets, and its 95 % interval, by Student's t."""
        values = list(self.losses.values())
        half = float(stats.t.ppf(0.975, len(values) - 1)) * stdev(values) / math.sqrt(len(values))
        return fmean(values), fmean(values) - half, fmean(values) + half


def outcome(
    policy: Callable[[Draw, Sequence[str]], str], every: Sequence[RecordedDataset], count: int, draws: int
) -> Outcome:
    """What a policy loses with the first `count` starts."""
    losses = {}
    for data in every:
        starts = portfolio([one for one in every if one is not data], data.founders)[:count]
        lost = [best(data) - worth(data, policy(Draw(data, seed), starts)) for seed in range(draws)]
        losses[data.name] = 100 * fmean(lost)
    return Outcome(losses)


def wrong(every: Sequence[RecordedDataset], count: int, draws: int) -> dict[str, dict[str, float]]:
    """By data set, shares of draws in which the race kept the favourite though another start is better by a point
    (wrong vetoes), and made a winner of one that is worse than it by a point (wrong winners)."""
    found = {}
    for data in every:
        starts = portfolio([one for one in every if one is not data], data.founders)[:count]
        won = [_start_of(data, starts, race(Draw(data, seed), starts)) for seed in range(draws)]
        worth_of = {name: right(data, name) for name in starts}
        favourite = worth_of[starts[0]]
        vetoes = [one == starts[0] and max(worth_of.values()) > favourite + 0.01 for one in won]
        found[data.name] = {
            "wrong vetoes": fmean(vetoes),
            "wrong winners": fmean(worth_of[one] < favourite - 0.01 for one in won),
        }
    return found


def _start_of(data: RecordedDataset, starts: Sequence[str], network: str) -> str:
    return next(one for one in starts if network in (one, one + MOVED, plain(data, one)))


def augmentation(every: Sequence[RecordedDataset], draws: int) -> dict[str, Any]:
    """By data set and group, how often the best of the race says what, and what twins gain at the largest budget."""
    found: dict[str, Any] = {}
    for data in every:
        starts = portfolio([one for one in every if one is not data], data.founders)[:4]
        said: dict[str, list[str]] = {group: [] for group in GROUPS}
        asked = set[tuple[str, int]]()
        for seed in range(draws):
            draw = Draw(data, seed)
            networks = [plain(data, start) for start in starts]
            best_one = max(networks, key=lambda one: draw.score(one, BRIEF))
            verdicts = draw.verdicts(best_one)
            asked.add((best_one, draw.drawn[best_one, LONGER]))
            for group in GROUPS:
                said[group].append(verdicts.get(group, "no answer"))
        both = [worth(data, one) - worth(data, twin) for one, twin in data.twins.items()]
        moved = [
            worth(data, one) - worth(data, plain(data, one.removesuffix(MOVED)))
            for one in data.genomes
            if one.endswith(MOVED)
        ]
        found[data.name] = {
            **{
                group: {one: round(said[group].count(one) / draws, 3) for one in sorted({*said[group]})}
                for group in GROUPS
            },
            "trainings asked": len(asked),
            "twins gain": [round(100 * one, 2) for one in both],
            "moved alone gain": [round(100 * one, 2) for one in moved],
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--starts", type=int, nargs="+", default=[4, 8])
    parser.add_argument("--also", nargs="*", default=ALSO, metavar="NETWORK", help="networks that may be starts, too")
    asked = parser.parse_args()
    table = evolve.open_table(asked.table)
    every = [one for one in table.datasets.values() if all(one.training(name, TRUTH) for name in one.genomes)]
    every = [replace(one, founders=(*one.founders, *asked.also)) for one in every]
    made: dict[str, Any] = {
        "draws": asked.draws,
        "truth": TRUTH,
        "also": asked.also,
        "groups": list(GROUPS),
        "datasets": [one.name for one in every],
        "portfolio": portfolio(every, every[0].founders),
        "portfolios": {one.name: portfolio([o for o in every if o is not one], one.founders) for one in every},
        "loss": {},
        "wrong": wrong(every, asked.starts[0], asked.draws),
        "newcomers": newcomers(every, asked.starts[0], asked.draws),
        "of many": of_many(every, MANY, asked.draws),
        "augmentation": augmentation(every, asked.draws),
    }
    for count in asked.starts:
        found = {name: outcome(policy, every, count, asked.draws) for name, policy in POLICIES.items()}
        made["loss"][count] = {name: {"losses": one.losses, "interval": one.interval} for name, one in found.items()}
    print(page(made))
    print("portfolio of all:", ", ".join(made["portfolio"]))
    if asked.output:
        asked.output.mkdir(parents=True, exist_ok=True)
        name = "policies" if asked.also == ALSO else "-with-".join(["policies", *(asked.also[:1] or ["none"])])
        (asked.output / f"{name}.json").write_text(json.dumps(made, indent=1) + "\n")
        (asked.output / f"{name}.md").write_text(page(made))


if __name__ == "__main__":
    main()
