"""What `policies.py` found, as Markdown."""

from __future__ import annotations

from typing import Any

RULES = ("of eight", "of all", "any lead")  # by which a newcomer wins


def page(made: dict[str, Any]) -> str:
    """The same as Markdown."""
    names = list(made["datasets"])
    lines = [
        "# Policies of search on the recorded table",
        "",
        f"Points lost against the best network of the table at {made['truth']}, means of {made['draws']} draws, each "
        "data set left out when starts were chosen. `mean` is over data sets, with its 95 % interval. How leads are "
        "carried on was found on these same data sets, so elsewhere the race may lose more.",
        *(["", f"Starts may be {' and '.join(made['also'])}, too."] if made["also"] else []),
    ]
    for count, outcomes in made["loss"].items():
        lines += [
            "",
            f"## {count} starts",
            "",
            f"| policy | {' | '.join(names)} | mean |",
            f"|---|{'---|' * len(names)}---|",
        ]
        for policy, one in outcomes.items():
            mean, low, high = one["interval"]
            cells = " | ".join(f"{one['losses'][name]:.2f}" for name in names)
            lines.append(f"| {policy} | {cells} | {mean:.2f} ({low:.2f} to {high:.2f}) |")
    lines += [
        "",
        "## Decisions of the race",
        "",
        "| data set | wrong vetoes | wrong winners | first starts, without it |",
        "|---|---|---|---|",
    ]
    for name in names:
        shares = made["wrong"][name]
        starts = ", ".join(made["portfolios"][name][:4])
        lines.append(f"| {name} | {shares['wrong vetoes']:.0%} | {shares['wrong winners']:.0%} | {starts} |")
    lines += [
        "",
        "## Decisions on newcomers",
        "",
        "The best of the table's mutants and random networks by brief trainings, beside the best start of the race: "
        "how often it won though worse by a point, and lost though better by a point.",
        "",
        "| data set | wrong winners | if any lead won | wrong vetoes |",
        "|---|---|---|---|",
    ]
    for name in names:
        one = made["newcomers"][name]
        cells = " | ".join(f"{one[key]:.0%}" for key in ("wrong winners", "if any lead won", "wrong vetoes"))
        lines.append(f"| {name} | {cells} |")
    lines += [
        "",
        "Of 20 other networks of the table as newcomers to any start as the favourite, the best third trained longer: "
        "points that the search gains, and how often one won that is worse by a point, if a confirmed lead has to be "
        "larger than luck gives the best of eight, of all 20, or just a lead.",
        "",
        "| data set | of eight | of 20 | any lead |",
        "|---|---|---|---|",
    ]
    for name in names:
        rules = made["of many"][name]
        cells = " | ".join(f"{100 * gain:.2f}, {wrong:.0%}" for gain, wrong in (rules[rule] for rule in RULES))
        lines.append(f"| {name} | {cells} |")
    lines += [
        "",
        "## Augmentation",
        "",
        "How many trainings of the table were asked, what they say, and points that twins gain with mirroring and "
        f"moving at {made['truth']}, and with moving alone.",
        "",
        "| data set | trainings | mirrored | moved | with both | moved alone |",
        "|---|---|---|---|---|---|",
    ]
    for name in names:
        one = made["augmentation"][name]
        said = [", ".join(f"{word} {share:.0%}" for word, share in one[group].items()) for group in made["groups"]]
        gains = [" ".join(f"{gain:+.1f}" for gain in one[key]) for key in ("twins gain", "moved alone gain")]
        lines.append(f"| {name} | {' | '.join([str(one['trainings asked']), *said, *gains])} |")
    also = f" --also {' '.join(made['also'])}" if made["also"] else ""
    lines += [
        "",
        "Command: `python benchmarks/policies.py results/published/experiment/recorded.jsonl "
        f"--output results/published/search{also}`",
        "",
    ]
    return "\n".join(lines)
