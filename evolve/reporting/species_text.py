"""Species of a run as text for people: those that live, and what became of the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from evolve.display.table import Column, FoldingTable
from evolve.display.text import score
from evolve.runs.run import Run
from evolve.values import Fact


def species(run: Run) -> RenderableType | None:
    """A row for each species of the last generation that was told, of each population of the run; None for a run
    without species."""
    with run.log() as log:
        facts = log.facts("species")
    if not facts:
        return None
    return Group(*(part for name in _populations(facts) for part in _of_population(run, name, facts)))


def _of_population(run: Run, name: str, facts: list[Fact]) -> Iterator[RenderableType]:
    generations = [fact.detail for fact in facts if fact.detail["of"] == name]
    last, died = generations[-1], [one for generation in generations for one in generation["died"]]
    gone = f"; {len(died)} died, as none of theirs was better for long" if died else ""
    yield Text(f"{len(last['species'])} species of {name} in generation {last['generation']}{gone}")
    table = FoldingTable(
        (
            Column("species"),
            Column("born in", spare=2),
            *(Column("members"), Column("best")),
            Column("no better for", spare=1),
            Column("champion", left=True, folds=True),
        )
    )
    for one in sorted(last["species"], key=lambda one: (-one["best"], one["species"])):
        best = score(run.objective.shown(one["best"]))
        numbers = (str(one["species"]), str(one["born"]), str(one["size"]), best, str(one["unimproved"]))
        table.add_row(*numbers, "-" if one["champion"] is None else str(one["champion"]))
    yield table
    yield Text()


def generation(fact: Fact) -> str:
    """What a fact says of one generation, in a line: "generation 3 of networks: 4 species of 5, 3, 1 and 1"."""
    told: Mapping[str, Any] = fact.detail
    sizes = [str(one["size"]) for one in told["species"]]
    listed = " and ".join([", ".join(sizes[:-1]), sizes[-1]]) if len(sizes) > 1 else "".join(sizes)
    born = [str(one["species"]) for one in told["species"] if one["born"] == told["generation"] > 0]
    died = [str(one["species"]) for one in told["died"]]
    said = f"generation {told['generation']} of {told['of']}: {len(sizes)} species of {listed}"
    said += f"; new: {', '.join(born)}" if born else ""
    return said + (f"; died: {', '.join(died)}" if died else "")


def _populations(facts: list[Fact]) -> list[str]:
    return list(dict.fromkeys(str(fact.detail["of"]) for fact in facts))
