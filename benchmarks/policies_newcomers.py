"""How often a newcomer wins on a recorded table that should not, and does not where it should.

The newcomers are networks of the table that nobody wrote by hand: mutants and random ones. As in a search, all are
trained briefly and the best of them longer, the first start is the favourite, and both are confirmed; the newcomer
wins if it is ahead by more than the best of so many would be by luck.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random
from statistics import fmean

from policies_draws import BRIEF, LONGER, THIRD, Draw, plain, portfolio, worth

from evolve.problems.recorded_tables import RecordedDataset
from evolve.search.leads import Lead, Scale, Scores, lead, luckiest, share_carried

BRED = ("mutant-", "random-")  # how their names begin
POINT = 0.01  # by which networks have to differ at the largest budget for a decision to be wrong


def newcomers(every: Sequence[RecordedDataset], count: int, draws: int) -> dict[str, dict[str, float]]:
    """By data set: shares of draws in which the newcomer won though each start is better by a point, and lost though it
    is better by a point than the start that it was compared with; and the first share if every lead won."""
    found = {}
    for data in every:
        starts = portfolio([one for one in every if one is not data], data.founders)[:count]
        networks = [plain(data, start) for start in starts]
        bred = [name for name in data.genomes if name.startswith(BRED)]
        won, lost, leads = list[bool](), list[bool](), list[bool]()
        for seed in range(draws):
            draw = Draw(data, seed)
            favourite = max(networks, key=lambda one: draw.score(one, LONGER))
            newcomer = max(bred, key=lambda one: draw.score(one, BRIEF))
            ahead = _lead(draw, newcomer, favourite, len(bred))
            better = worth(data, newcomer) - worth(data, favourite)
            won.append(ahead.by > ahead.needed and better < -POINT)
            lost.append(ahead.by <= ahead.needed and better > POINT)
            leads.append(ahead.by > 0 and better < -POINT)
        found[data.name] = {"wrong winners": fmean(won), "wrong vetoes": fmean(lost), "if any lead won": fmean(leads)}
    return found


def of_many(every: Sequence[RecordedDataset], count: int, draws: int) -> dict[str, dict[str, list[float]]]:
    """By data set and rule, what a search gains by so many newcomers, and the share of draws in which one won that is
    worse by a point. The favourite is any start, the newcomers are other networks of the table; the best third of them
    is trained longer, and the best of these confirmed.

    The rules: it wins if it is ahead by more than luck gives the best of eight; of all that were tried; and if it is
    ahead at all."""
    found = {}
    for data in every:
        starts = portfolio([one for one in every if one is not data], data.founders)
        gains, wrong = dict[str, list[float]](), dict[str, list[bool]]()
        for seed in range(draws):
            draw, rng = Draw(data, seed), Random(seed)
            favourite = plain(data, rng.choice(starts))
            others = [name for name in data.genomes if name != favourite and plain(data, name) == name]
            bred = sorted(rng.sample(others, count), key=lambda one: -draw.score(one, BRIEF))
            newcomer = max(bred[: count // 3], key=lambda one: draw.score(one, LONGER))
            ahead = _lead(draw, newcomer, favourite, count)
            better = worth(data, newcomer) - worth(data, favourite)
            for rule, needed in {
                "of eight": ahead.needed, "of all": luckiest(count + 1) * ahead.error, "any lead": 0.0
            }.items():  # fmt: skip
                gains.setdefault(rule, []).append(better if ahead.by > needed else 0.0)
                wrong.setdefault(rule, []).append(ahead.by > needed and better < -POINT)
        found[data.name] = {rule: [fmean(gains[rule]), fmean(wrong[rule])] for rule in gains}
    return found


def _lead(draw: Draw, newcomer: str, favourite: str, tried: int) -> Lead:
    """That of one over the other, once both were confirmed."""
    images, chance = draw.data.sizes["validation"], draw.data.chance["validation"]
    scale = Scale(images, chance + 4 * math.sqrt(chance * (1 - chance) / images))
    both = [
        Scores(draw.score(one, BRIEF), (draw.score(one, LONGER),), (draw.score(one, THIRD, again=True),))
        for one in (newcomer, favourite)
    ]
    return lead(both[0], both[1], scale, None, tried, share_carried(both, scale))
