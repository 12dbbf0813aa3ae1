"""The page of an experiment: what it shows in plain words, and all that a reader needs to doubt it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evolve.display.text import duration, listed, plural
from evolve.reporting import experiment_evidence as evidence
from evolve.reporting import static_charts
from evolve.reporting.experiment_comparisons import comparisons
from evolve.reporting.experiment_headline import Claim, headline
from evolve.reporting.experiment_pictures import Picture, pictures, spent_in
from evolve.reporting.experiment_single_arms import alone, guesses
from evolve.reporting.markdown import bullets, code, plain, table
from evolve.research.analysis import Analysis, Arm
from evolve.research.trials import DISTURBED, Trial

MACHINE = {"cores": "cores", "memory": "GiB of memory"}  # what its numbers count


@dataclass(frozen=True)
class About:
    """What was asked. budget: in words. arms: what each arm is, in words or as settings; gone: those of them that are
    no longer asked for. text: the experiment file. settings: of all arms; shown only if there is no file. seen: numbers
    of seeds with which the page was written before."""

    name: str
    question: str | None = None
    budget: str = ""
    arms: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    seen: tuple[int, ...] = ()
    settings: str = ""
    gone: tuple[str, ...] = ()


def write_page(analysis: Analysis, folder: Path, about: About) -> Path:
    """Writes page.md, and its pictures beside it, into a folder that is there; the path of the page. All but the last
    section is the same on any machine if the trials are, apart from times."""
    drawn = pictures(analysis) if static_charts.installed() else []
    for picture in drawn:
        static_charts.save(picture.figure, folder / f"{picture.name}.svg")
    path = folder / "page.md"
    path.write_text(page(analysis, about, drawn), encoding="utf-8")
    return path


def page(analysis: Analysis, about: About, drawn: Sequence[Picture] = ()) -> str:
    """The page as Markdown. drawn: pictures that lie beside it."""
    parts = [
        [f"# {plain(about.question or about.name)}"],
        _headline(analysis),
        _seen(about),
        _section("Scores", evidence.score_table(analysis)),
        _section("Comparisons", comparisons(analysis)),
        _section("What was found after how much of the budget", evidence.curves(analysis, drawn)),
        _section("Ranks", evidence.rank_order(analysis, drawn)),
        _section("From the score that selected a winner to its test score", evidence.winners_curse(analysis)),
        _section("How often the test part was opened", evidence.openings(analysis)),
        _section("What is not shown", evidence.not_shown(analysis)),
        _section("Failed, incomplete and disturbed trials", _uncounted(analysis)),
        _section("What was run", _setup(analysis, about)),
        _section("Times and machines", _times(analysis)),
    ]
    return "\n\n".join(block for part in parts for block in part) + "\n"


def _section(title: str, blocks: Iterable[str]) -> list[str]:
    """A section with its heading; nothing if it has no text."""
    found = [block for block in blocks if block]
    return [f"## {title}", *found] if found else []


def _headline(analysis: Analysis) -> list[str]:
    return [_bold(claim) for claim in (*headline(analysis), *alone(analysis), *guesses(analysis))]


def _seen(about: About) -> list[str]:
    """That whoever looks at the page adds seeds, or not, by what it says."""
    if not about.seen:
        return []
    before = f"{listed(list(map(str, about.seen)), 12)} {'seed' if about.seen == (1,) else 'seeds'}"
    return [
        f"**This page was seen before with {before}; then seeds were added.** p values hold for a number of seeds that "
        "was fixed beforehand: whoever looks again and again finds differences that are none more often."
    ]


def _bold(claim: Claim) -> str:
    return f"**{plain(claim.claim)}** {plain(claim.rest)}".rstrip()


def _uncounted(analysis: Analysis) -> list[str]:
    """Failed trials by name, pairs that lack a score, and trials that had less than their share of time."""
    said = [f"{trial.folder} failed: {trial.reason or 'it has no score'}" for trial in analysis.failed]
    for contrast in analysis.contrasts:
        pairs = [f"{dataset} with seed {seed}" for dataset, seed in contrast.missing]
        if pairs:
            said.append(
                f"{contrast.arm} and {analysis.default} are not compared on {listed(pairs, 12)}: one has no score"
            )
    said += [f"{_disturbed(trial)}; it counts nevertheless" for trial in analysis.disturbed]
    return [bullets(map(plain, said))]


def _disturbed(trial: Trial) -> str:
    others = f"other programs took {trial.others or 0.0:.0%} of the machine's cores meanwhile"
    return f"{trial.folder} was disturbed: {others}"


def _setup(analysis: Analysis, about: About) -> list[str]:
    """Budget, data sets, seeds, arms, and the file that says all of it."""
    simulated = ", simulated from the times in the table" if spent_in(analysis).startswith("simulated") else ""
    lines = [f"budget of each trial: {about.budget}{simulated}"] if about.budget else []
    lines.append(f"data sets: {listed(analysis.datasets, 24)}")
    lines.append(f"seeds: {_seeds(analysis.seeds)}")
    lines += [f"settings of all arms: {about.settings}"] if about.settings and not about.text else []
    lines += [f"{name}: {what}" for name, what in about.arms.items() if name not in about.gone]
    lines += [f"{name}: {about.arms[name]}, no longer asked for" for name in about.gone]
    return [bullets(map(plain, lines)), code(about.text, "toml") if about.text else ""]


def _times(analysis: Analysis) -> list[str]:
    """What may differ when the same is run again."""
    rows = [_time(arm) for arm in analysis.arms if arm.trials]
    head = ["arm", "mean time of a trial", "shortest", "longest", "cores that others took, at most"]
    made = sorted(trial.made for trial in analysis.trials if trial.made)
    lines = [machine for machine in dict.fromkeys(map(_machine, analysis.trials)) if machine]
    lines += [f"made from {made[0]} to {made[-1]}"] if made else []
    unharmed = [trial for trial in analysis.trials if trial.disturbed and trial not in analysis.disturbed]
    lines += [_unharmed(unharmed)] if unharmed else []
    return [
        table(head, rows),
        f"A trial counts as disturbed if others took more than {DISTURBED:.0%} of the cores.",
        bullets(map(plain, lines)),
    ]


def _unharmed(trials: Sequence[Trial]) -> str:
    """That trials whose budget is no time were disturbed."""
    most = max(trial.others or 0.0 for trial in trials)
    count = f"{plural(len(trials), 'trial')} {'were' if len(trials) > 1 else 'was'} disturbed, by up to {most:.0%}"
    return f"{count}; that changes no score, as the budget is no time"


def _time(arm: Arm) -> list[str]:
    seconds = [trial.seconds for trial in arm.trials]
    times = [sum(seconds) / len(seconds), min(seconds), max(seconds)]
    others = [trial.others for trial in arm.trials if trial.others is not None]
    return [plain(arm.name), *map(duration, times), f"{max(others):.0%}" if others else "not measured"]


def _machine(trial: Trial) -> str:
    """Machine and versions of a trial, in a line."""
    facts = [_fact(name, value) for name, value in trial.machine.items() if value not in (None, [], "")]
    return ", ".join([*facts, *(f"{name} {version}" for name, version in trial.versions.items())])


def _fact(name: str, value: object) -> str:
    """As "2 cores", "23.5 GiB of memory", "Linux"."""
    text = " and ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return f"{text} {MACHINE[name]}" if name in MACHINE else text


def _seeds(seeds: Sequence[int]) -> str:
    """Seeds in a row in short: "0 to 19"."""
    if len(seeds) > 3 and seeds[-1] - seeds[0] == len(seeds) - 1:
        return f"{seeds[0]} to {seeds[-1]}"
    return listed([str(seed) for seed in seeds], 24)
