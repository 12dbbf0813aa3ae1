"""The comparisons on the page of an experiment: a table of differences, and what its columns are."""

from __future__ import annotations

from evolve.reporting.experiment_headline import BEFOREHAND, effect_in_words, failures_of
from evolve.reporting.experiment_scores import about, p_value, probability, scores_of
from evolve.reporting.markdown import plain, table
from evolve.research.analysis import Analysis
from evolve.research.contrasts import FEW_DATASETS, Contrast
from evolve.research.statistics import LEVEL, Comparison


def comparisons(analysis: Analysis) -> list[str]:
    """One row for each arm beside the default one, over all and on each data set."""
    if not analysis.contrasts:
        return []
    several, default = len(analysis.datasets) > 1, plain(analysis.default)
    rows = []
    for contrast in analysis.contrasts:
        found = {"all": contrast.overall, **contrast.by_dataset}
        for name, one in found.items():
            rows.append(
                [plain(contrast.arm), *([plain(name)] if several else []), *_comparison(analysis, contrast, one)]
            )
    head = [f"minus {default}", *(["on"] if several else []), "pairs", f"mean difference{scores_of(analysis).unit}"]
    head += ["95 % interval (t)", "95 % interval (bootstrap)", "p", "p, corrected", "ahead on a new seed"]
    said = [*_how_compared(analysis), *_with_failures(analysis), *_over_datasets(analysis), *_seeds(analysis)]
    return [table(head, rows), *said]


def _comparison(analysis: Analysis, contrast: Contrast, found: Comparison | None) -> list[str]:
    if found is None:
        return ["0", *["-"] * 6]
    scores = scores_of(analysis)
    difference = [str(found.pairs), scores.difference(found.mean, found.t)]
    if found.t is None:
        return [*difference, *["-"] * 5]
    intervals = [scores.differences(found.t), scores.differences(found.bootstrap)]
    wins = "-" if contrast.failures or found.wins is None else probability(found.wins)
    wins += f" ({found.ahead} ahead, {found.equal} equal)" if found.equal else ""
    return [*difference, *intervals, p_value(found.p), p_value(found.adjusted), wins]


def _how_compared(analysis: Analysis) -> list[str]:
    """What the columns are."""
    count = len(analysis.contrasts)
    corrected = f"With {count} comparisons there are {count} chances to be fooled; Holm's correction makes up for that."
    if len(analysis.datasets) > 1:
        corrected = (
            'In the rows "all" the pairs of all data sets stand together. Many comparisons are many chances to be '
            "fooled; Holm's correction makes up for that, for these rows and, apart from them, for those of single "
            "data sets."
        )
    elif count == 1:
        corrected = "With one comparison there is nothing to correct."
    return [
        "A pair is one data set and seed with both arms. Of the mean difference there are two intervals, which rest on "
        "different assumptions: Student's t (differences scatter normally), and the bootstrap (other differences would "
        "be like these). p says how often pairs so clear, or clearer, come up where there is no difference (Wilcoxon's "
        f"signed-rank test); a difference counts as shown up to {LEVEL:g}. {corrected} The last column is the "
        f"probability that the arm is ahead of {plain(analysis.default)} with one new seed, if differences scatter "
        f"normally{'; where some pairs are equal, it follows from the counts' if _equal(analysis) else ''}"
        f"{'; where trials failed nothing is known of it' if analysis.failed else ''}."
    ]


def _equal(analysis: Analysis) -> bool:
    """Whether there are pairs without a difference."""
    return any(0.0 in contrast.differences.values() for contrast in analysis.contrasts)


def _with_failures(analysis: Analysis) -> list[str]:
    """What becomes of the comparisons if failures count."""
    known = [
        f"{plain(one.arm)} {p_value(one.failures.p)}, in favour of {_favoured(analysis, one.failures.favours, one)}"
        for one in analysis.contrasts
        if one.failures
    ]
    if not known:
        return []
    return [
        f"Some trials failed: {plain(failures_of(analysis.arms))}. Their pairs are not in the table. A difference "
        "counts as shown only if it is also there with each failure as a loss of the arm that failed, the largest of "
        f"all. With that p, corrected, is: {'; '.join(known)}."
    ]


def _favoured(analysis: Analysis, favours: int, contrast: Contrast) -> str:
    return plain(contrast.arm if favours > 0 else analysis.default) if favours else "neither"


def _over_datasets(analysis: Analysis) -> list[str]:
    """What holds of other data sets."""
    count = len(analysis.datasets)
    if count == 1:
        return []
    if count < FEW_DATASETS:
        return ["With two data sets nothing can be said of others: what is claimed holds for these two."]
    scores = scores_of(analysis)
    rows = [[plain(contrast.arm), scores.differences(contrast.datasets)] for contrast in analysis.contrasts]
    return [
        "A method is to work on other data sets, not on other seeds. So here each of these "
        f"{count} data sets counts once, by the mean of its differences:",
        table([f"minus {plain(analysis.default)}", f"95 % interval over data sets{scores.unit}"], rows),
        *_on_each(analysis),
    ]


def _on_each(analysis: Analysis) -> list[str]:
    """What holds of each data set, by the deviation of all together."""
    scores, known = scores_of(analysis), [one for one in analysis.contrasts if one.pooled]
    if not known:
        return []
    heads = [f"minus {plain(analysis.default)}", *map(plain, analysis.datasets)]
    rows = [
        [plain(one.arm), *(scores.differences(one.pooled.get(name)) for name in analysis.datasets)] for one in known
    ]
    images = " or by the images of its test part, if these leave more open" if _of_images(analysis) else ""
    return [
        "Few seeds say little of how much they differ. So here, on each data set, is a 95 % interval of the mean "
        f"difference{scores.unit}, by how much seeds differ on all of them together{images}:",
        table(heads, rows),
    ]


def _of_images(analysis: Analysis) -> bool:
    return analysis.point is not None and any(trial.images for trial in analysis.trials)


def _seeds(analysis: Analysis) -> list[str]:
    """How many seeds would show the difference that is asked for."""
    known = [
        f"{plain(one.arm)} about {about(one.seeds)}" for one in analysis.contrasts if one.seeds and not one.failures
    ]
    if not known:
        return []
    return [
        f"Seeds that would show {plain(effect_in_words(analysis))}, if it is there, four times in five: "
        f"{', '.join(known)}. There are {len(analysis.seeds)}. That follows from how the differences scatter here, so "
        f"it is rough where these are few. {BEFOREHAND}"
    ]
