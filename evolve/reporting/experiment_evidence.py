"""The evidence on the page of an experiment: tables, pictures, and what they mean, as blocks of Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from evolve.display.text import listed, plural
from evolve.planning.plan import units
from evolve.reporting import static_charts
from evolve.reporting.experiment_pictures import Picture, spent_in
from evolve.reporting.experiment_scores import count_of, p_in_words, scores_of
from evolve.reporting.markdown import bullets, plain, table
from evolve.research.analysis import Analysis, Arm
from evolve.research.statistics import LEVEL

_LUCK = (
    "The best of many candidates is partly the luckiest, so the score that selected it is too good (the winner's curse)"
)
CURSE = (
    f"{_LUCK}; only later scores are fair. Selected at: the winner's score in the search. Re-scored: the mean of "
    "trainings with fresh seeds, on images that the search never saw (over other folds, where images are few); of a "
    "table, of its other trainings. Test: the "
    "test score, mostly after a longer training, so it may be the highest. The first change is from the first of these "
    "to the next one, and if trainings became longer between them, it holds that, too."
)
PUBLISHED_CURSE = (
    f"{_LUCK}. Selected at: the published training that the search drew for the winner. Re-scored: the mean of others "
    "of its trainings. Test: the mean of all of its trainings, unless the table has a test score of its "
    "own. The training that selected the winner is one of these, so a part of the luck is still in the test score. The "
    "first change is from the first of these to the next one."
)


def score_table(analysis: Analysis) -> list[str]:
    """One row for each data set and arm."""
    several = len(analysis.datasets) > 1
    works = any(arm.work(dataset) is not None for dataset in analysis.datasets for arm in analysis.arms)
    rows = [
        [
            *([plain(dataset)] if several else []),
            *_scores(analysis, arm, dataset),
            *([_work(arm.work(dataset))] if works else []),
        ]
        for dataset in analysis.datasets
        for arm in analysis.arms
    ]
    head = ["arm", "trials", f"mean {scores_of(analysis).heading}", "95 % interval", "lowest", "highest"]
    return [
        table([*(["data set"] if several else []), *head, *(["mean work"] if works else [])], rows),
        "A trial is one arm on one data set with one seed. In 95 of 100 such experiments the interval holds the true "
        "mean, that of very many seeds. Do not compare arms by these intervals: arms share their seeds, so the "
        "differences below say more.",
    ]


def _scores(analysis: Analysis, arm: Arm, dataset: str) -> list[str]:
    name = f"{plain(arm.name)} (first)" if arm.name == analysis.default else plain(arm.name)
    found, scores = arm.scores.get(dataset), scores_of(analysis)
    count = count_of(arm, dataset)
    if found is None:
        return [name, count, *["-"] * 4]
    ends = sorted((found.low, found.high), key=scores.value)
    shown = [scores.score(end, found.interval) for end in (found.mean, *ends)]
    return [name, count, shown[0], scores.between(found.interval), *shown[1:]]


def _work(work: float | None) -> str:
    return "-" if work is None else units(work)


def curves(analysis: Analysis, drawn: Sequence[Picture]) -> list[str]:
    """Curves over the budget, and the time to a target."""
    if not any(analysis.curves.values()):
        return []
    shown = [_image(picture) for picture in drawn if picture.name.startswith("curves")]
    legend = (
        f"Lines: the mean of the best so far, over {spent_in(analysis)}; shades: its 95 % interval, at each point by "
        "itself. The very beginning may lie outside of the picture. The score that selects the best is partly luck, "
        "the more so the more candidates were tried; when leaders were scored again, another one may have won."
    )
    without = (
        f"Pictures need Matplotlib, which is not installed here. With it this page has them: `{static_charts.INSTALL}`"
    )
    return [*([*shown, legend] if shown else [without]), *_targets(analysis)]


def _image(picture: Picture) -> str:
    return f"![{plain(picture.title)}]({picture.name}.svg)"


def _targets(analysis: Analysis) -> list[str]:
    """Which trials reached the target, and when."""
    found = [(dataset, arm, time) for dataset, of in analysis.targets.items() for arm, time in of.items()]
    if not found:
        return []
    rows = [
        [plain(dataset), plain(arm), f"{time.reached} of {time.trials}", _amount(time.median)]
        for dataset, arm, time in found
    ]
    by_truth = all(time.by_truth for _, _, time in found)
    what = "what the best so far is really worth" if by_truth else "the score that selects, which is partly luck"
    return [
        f"**Time to {scores_of(analysis).score(analysis.target)}**, by {what}. The median is that of the trials that "
        "got there. Of the others one knows only that their budget was too small, so read both columns together.",
        table(["data set", "arm", "reached by", f"median of these, in {spent_in(analysis)}"], rows),
    ]


def _amount(value: float | None) -> str:
    """How much of a budget: "40", "12.5", "1.2e+13"."""
    if value is None:
        return "-"
    return f"{value:,.6g}" if value < 1e6 else f"{value:.2g}"


def rank_order(analysis: Analysis, drawn: Sequence[Picture]) -> list[str]:
    """Mean ranks of all arms."""
    found = analysis.ranks
    if found is None:
        return []
    ordered = sorted(found.mean.items(), key=lambda one: one[1])
    means = ", ".join(f"{plain(name)} {rank:.2f}" for name, rank in ordered)
    failed = ", and one that failed the last" if analysis.failed else ""
    apart = "not all arms are alike" if found.p <= LEVEL else "no evidence that they differ"
    return [
        *(_image(picture) for picture in drawn if picture.name == "ranks"),
        f"In each pair of data set and seed the best arm has rank 1{failed}. Mean ranks: "
        f"{means}. Arms whose mean ranks differ by less than "
        f"{found.critical:.2f}, the critical difference of Nemenyi's test, cannot be told apart"
        f"{' and are joined by a bar' if drawn else ''}. All at once, by Friedman's test: {p_in_words(found.p)}, "
        f"{apart}. Here every arm is compared with every other one, so it takes more to tell two apart than above.",
    ]


def winners_curse(analysis: Analysis) -> list[str]:
    """The winner's curse."""
    known = [arm for arm in analysis.arms if arm.winners_curse]
    if not known:
        return []
    head = ["arm", "trials", "selected at", "re-scored", "test"]
    head += [f"first change{scores_of(analysis).unit}", "its 95 % interval"]
    return [
        table(head, [[plain(arm.name), *_stages(analysis, arm)] for arm in known]),
        PUBLISHED_CURSE if analysis.published else CURSE,
    ]


def _stages(analysis: Analysis, arm: Arm) -> list[str]:
    found, scores = arm.winners_curse, scores_of(analysis)
    assert found
    interval = found.change.interval
    shown = [scores.score(value, interval) for value in (found.selected, found.rescored, found.test)]
    return [str(found.trials), *shown, scores.difference(found.change.mean, interval), scores.differences(interval)]


def openings(analysis: Analysis) -> list[str]:
    """How often the test part was opened: an item for each arm."""
    if analysis.published:
        return ["A published table has no test part that could be kept closed: all of its scores are test scores."]
    return [bullets(f"{plain(arm.name)}: {_opened(arm)}" for arm in analysis.arms if arm.trials)]


def _opened(arm: Arm) -> str:
    counts = sorted(set(arm.openings), key=lambda count: -1 if count is None else count)
    if len(counts) == 1:
        return (
            f"{_times(counts[0])} in {'each of ' if len(arm.openings) > 1 else ''}{plural(len(arm.openings), 'trial')}"
        )
    often = [f"{_times(count)} in {arm.openings.count(count)}" for count in counts]
    return f"{listed(often, 9)} of {len(arm.openings)} trials"


def _times(count: int | None) -> str:
    return {None: "not on record", 0: "never", 1: "once"}.get(count, f"{count} times")


def not_shown(analysis: Analysis) -> list[str]:
    """What a reader might take for shown."""
    said = []
    if unclear := [contrast.arm for contrast in analysis.contrasts if not contrast.clear]:
        said.append(
            f"Whether {listed(unclear, 12)} {'equals' if len(unclear) == 1 else 'equal'} {analysis.default} or not: no "
            "evidence of a difference is not evidence that there is none. The intervals say how large it may be."
        )
    if len(analysis.seeds) == 1:
        said.append("Anything beyond this seed: with one seed there is no interval.")
    said.append(f"Anything on other data than {listed(analysis.datasets, 12)}, or with another budget.")
    if alike := [arm.name for arm in analysis.arms if arm.alike and not (arm.alone and analysis.tables)]:
        said.append(
            f"How luck changes {listed(alike, 12)}: every seed came to the same score, so seeds say nothing of what "
            "else might have come out."
        )
    if analysis.timed:
        said.append(f"What {listed(analysis.timed, 12)} would find on another machine, as the budget was a time.")
    if analysis.failed:
        said.append(
            "What failed trials would have come to: without them an arm looks better that fails where it is weak."
        )
    return [bullets(map(plain, said))]
