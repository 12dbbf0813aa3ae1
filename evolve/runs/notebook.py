"""Runs and leaders as text for `print` and as tables for notebooks. All that comes from data is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from evolve.display.text import printable, score


def run_text(summary: Mapping[str, Any], leaders: Iterable[object]) -> str:
    """A run in a few lines: what it is, how far it is, and its leaders."""
    return "\n".join((_about(summary), *(f"  {leader}" for leader in leaders)))


def run_html(summary: Mapping[str, Any], leaders: Sequence[Mapping[str, Any]]) -> str:
    """The same as a heading and a table. leaders: their JSON."""
    rows = [[_shown(leader[name]) for name in LEADER] for leader in leaders]
    return f"<p>{_escaped(_about(summary))}</p>{_table(LEADER.values(), rows)}"


def leader_html(leader: Mapping[str, Any], picture: str | None) -> str:
    """A leader as a table of names and values, from its JSON, and below it its picture, which is SVG of ours."""
    named = {**LEADER, "notation": "notation"}
    table = _table((), [[heading, _shown(leader[name])] for name, heading in named.items()])
    return f"{table}<div>{picture}</div>" if picture else table


# What is shown of a leader: its name in JSON -> its heading.
LEADER = {
    "candidate": "candidate",
    "origin": "origin",
    "score": "score",
    "rescored": "re-scored",
    "test_score": "test",
    "parameters": "weights",
    "multiply_adds": "multiply-adds",
}


def _about(summary: Mapping[str, Any]) -> str:
    on = f"run '{summary['name']}': {summary['strategy']} on {summary['dataset']}, seed {summary['seed']}"
    done = f"{summary['state']}, {summary['evaluations']} evaluations, {summary['failures']} failures"
    test = summary["test_score"]
    none = "no test accuracy" if summary["state"] == "finished" else "no test accuracy yet"  # a table has no test part
    return printable(f"{on}, {done}, {none if test is None else f'on the test part {score(test)}'}")


def _shown(value: object) -> str:
    if isinstance(value, float):
        return score(value)
    return "-" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def _table(headings: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{_escaped(heading)}</th>" for heading in headings)
    body = "".join(f"<tr>{''.join(f'<td>{_escaped(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table>{f'<thead><tr>{head}</tr></thead>' if head else ''}<tbody>{body}</tbody></table>"


def _escaped(text: str) -> str:
    return escape(printable(text))
