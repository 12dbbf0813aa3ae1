"""What a search begins with: founders by name, by group, by notation, or taken from another run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any

from evolve.config import RANDOM
from evolve.errors import ConfigError, RunError
from evolve.runs.find import find
from evolve.runs.run import Run
from evolve.search.strategy import Proposal
from evolve.settings import path_of
from evolve.storage.adopted_files import read_adopted
from evolve.storage.files import ADOPTED
from evolve.storage.keras_archive import layers_of
from evolve.values import adoption
from genomes import Genome, InvalidGenome, SearchSpace, Step, Variation
from genomes.json_value import Json
from genomes.keras_reading import Named, calls, line_of
from genomes.limits import TooLarge
from genomes.steps import read_step

POOLINGS = ("maxpool", "avgpool")
OF_RUN = re.compile(r"(?P<run>[^,|=]+):(?P<candidate>\d+|best)")


def founders(
    space: SearchSpace[Genome],
    wanted: Iterable[str] | None,
    results: Path,
    note: Callable[[str], None],
    first: SearchSpace[Genome] | None = None,
    fill: bool = False,
    narrow: bool = False,
) -> list[Proposal]:
    """The founders that `wanted` names, in order, each once; None stands for the first group of the encoding. What is
    out of the bounds of the space is moved within, and noted. Those of a group that are too large, for `first` if the
    search begins in that part of the space, are made narrower, and others wider where births are to `fill` its limits;
    those that do not fit at all are left out, which is noted where they were asked for, or none is left. narrow:
    whether those that were asked for by themselves are made narrower, too, and noted. Raises ConfigError for one that
    cannot be read, and if some were asked for by themselves and none of all fits."""
    found: list[Proposal] = []
    reasons: list[str] = []
    left_out: list[str] = []
    clamped: list[tuple[str, str]] = []
    scaled: list[tuple[str, str]] = []
    for text, of_group in _expanded(space, wanted):
        try:
            proposal = founder(space, text, results)
            if of_group:
                proposal = _fitted(proposal, first or space, fill)
            elif narrow:
                proposal = _fitted(proposal, space, fill=False)
                scaled += [(text, step.text) for step in proposal.steps if step.operator == "scale"]
            space.blueprint(proposal.genome)
        except InvalidGenome as error:
            left_out += [text] if of_group else []
            if not of_group:
                note(f"founder {text} left out: {error}")
                reasons.append(f"{text}: {error}")
            continue
        if (twin := next((other for other in found if other.genome == proposal.genome), None)) is not None:
            if adoption(twin) != adoption(proposal):
                note(f"founder {text} left out: another founder is the same network; its own weights are not used")
        else:
            found.append(proposal)
            clamped += [(text, step.text) for step in proposal.steps if step.operator == "clamp"]
    if clamped:
        note(f"founders are changed where they are out of the bounds of this run: {_in_words(clamped)}")
    if scaled:
        note(f"founders that there is no time for are made narrower: {_in_words(scaled)}")
    if left_out and (wanted is not None or not found):
        note(f"built-in founders that do not fit these images and settings are left out: {', '.join(left_out)}")
    if reasons and not found:
        raise ConfigError(f"none of the founders given fits; the last one: {reasons[-1]}")
    return found


def _in_words(clamped: Iterable[tuple[str, str]]) -> str:
    """Names of founders, those with the same change together, and the change. clamped: pairs of both."""
    names: dict[str, list[str]] = {}
    for name, change in clamped:
        names.setdefault(change, []).append(name)
    return "; ".join(f"{', '.join(those)} ({change})" for change, those in names.items())


def _fitted(proposal: Proposal, space: SearchSpace[Genome], fill: bool) -> Proposal:
    """A founder, narrower if it is too large for the space, or wider if it is to fill its limits."""
    for changed in (space.narrowed(proposal.genome), space.widened(proposal.genome) if fill else None):
        if changed and changed.steps:
            return Proposal(changed.genome, (), (*proposal.steps, *changed.steps))
    return proposal


def founders_json(begin_with: Iterable[Proposal]) -> list[Json]:
    """JSON from which `recorded_founders` restores founders with their steps."""
    return [[one.genome.notation(), [step.to_json() for step in one.steps]] for one in begin_with]


def recorded_founders(space: SearchSpace[Genome], found: Run) -> list[Proposal]:
    """What a run began with, as it recorded it. Raises RunError if that cannot be read."""
    try:
        return [Proposal(space.parse(text), (), _read_steps(steps)) for text, steps in found.meta["founders"]]
    except (InvalidGenome, KeyError, TypeError, ValueError, AttributeError) as error:
        raise RunError(f"the founders of run '{found.name}' cannot be read, it is damaged: {error}") from None


def _read_steps(data: Json) -> tuple[Step, ...]:
    """Steps as they are recorded; version 0.9 wrote the text of one. Raises ValueError."""
    if not isinstance(data, str | list):
        raise ValueError(f"{data!s:.80} are no steps")
    return tuple(map(read_step, [data] if isinstance(data, str) else data))


def founder(space: SearchSpace[Genome], text: str, results: Path) -> Proposal:
    """The founder that `text` stands for, within the bounds of this space. Raises ConfigError if it stands for none,
    InvalidGenome if nothing like it is within them."""
    name, genome, adopted = _named(space, text, results)
    clamped = space.clamp(genome)
    if text in space.founders and _lacks_pixels(space, clamped.genome):
        clamped = _with_fewer_poolings(space, text) or clamped
    first = Step("founder", {"founder": name}, f"founder {name}")
    return Proposal(clamped.genome, (), (first, *clamped.steps, *adopted))


def _lacks_pixels(space: SearchSpace[Genome], genome: Genome) -> bool:
    """Whether a network cannot be built at any width, as images are too small for it."""
    try:
        space.blueprint(genome)
    except TooLarge:
        return False
    except InvalidGenome:
        return True
    return False


def _with_fewer_poolings(space: SearchSpace[Genome], name: str) -> Variation[Genome] | None:
    """A founder of this project with its last poolings left out, as few as it takes; None if that does not help."""
    network, bar, recipe = space.founders[name].partition(" |")
    words, left_out = network.split(", "), list[Json]()
    for at in reversed(range(len(words))):
        if words[at].split()[0] in POOLINGS:
            left_out.append({"at": at + 1, "from": words.pop(at), "to": None})
            clamped = space.clamp(space.parse(", ".join(words) + bar + recipe))
            if not _lacks_pixels(space, clamped.genome):
                last = "pooling" if len(left_out) == 1 else f"{len(left_out)} poolings"
                said = f"the last {last} left out, as images are small"
                step = Step("clamp", {"layers": left_out}, said)
                return Variation(clamped.genome, (step, *clamped.steps))
    return None


def _named(space: SearchSpace[Genome], text: str, results: Path) -> tuple[str, Genome, tuple[Step, ...]]:
    """The genome that `text` names, wherever it is, and its name: of the best of a run with its number; and that it
    begins with weights that were adopted, if so. Raises as `founder` does."""
    if text in space.founders:
        return text, space.parse(space.founders[text]), ()
    if text.strip().startswith(f"{ADOPTED}:"):
        return _adopted(space, text.strip(), results)
    if of_run := OF_RUN.fullmatch(text.strip()):
        return *_of_run(space, of_run["run"], of_run["candidate"], results), ()
    try:
        return text, space.parse(text), ()
    except InvalidGenome as error:
        if layers := _of_keras(text):
            raise ConfigError(_explained(space, text, layers)) from None
        close = get_close_matches(text, [*space.founders, *space.founder_groups, RANDOM], n=1)
        if close and len(text.split()) == 1:
            raise ConfigError(f"founder '{text}' is unknown; did you mean '{close[0]}'?") from None
        raise ConfigError(f"founder '{text}': {error}") from None


def _of_keras(text: str) -> list[Named]:
    """The Keras layers that a founder stands for, if it is a call of them or a model file."""
    network, _, _ = text.partition("|")
    if not network.strip().endswith(".keras"):
        return calls(network)
    try:
        return layers_of(path_of(network.strip()))
    except RunError as error:
        raise ConfigError(f"founder '{text}': {error}") from None


def _explained(space: SearchSpace[Genome], text: str, layers: list[Named]) -> str:
    """How a network that is given as Keras has it is written."""
    network, bar, recipe = text.partition("|")
    is_file = network.strip().endswith(".keras")
    what = "a model file" if is_file else "a call of Keras"
    line, unknown = line_of(layers)
    line += f" | {recipe.strip()}" if bar else ""
    lacks = f" (without {', '.join(unknown)}, for which there is no word)" if unknown else ""
    try:
        space.parse(line)
        nearest_line = f"the nearest line{lacks} is: {shlex.quote(line)}"
    except InvalidGenome as error:
        nearest_line = f"the nearest line{lacks} is {line!r}, but {error}"
    return (
        f"founder '{text}' is {what}; a network is written as layers in words, separated by commas, such as "
        f"'conv 32 3, relu, maxpool 2, flatten, dense 64, relu', with its recipe behind a bar; {nearest_line}"
        f"{f'; or adopt it with its weights: evolve adopt {shlex.quote(network.strip())}' if is_file else ''}"
    )


def _of_run(space: SearchSpace[Genome], run: str, candidate: str, results: Path) -> tuple[str, Genome]:
    try:
        found = find(run, results)
        number = found.number(candidate)
        genome: Any = found.candidate(number).genome
    except RunError as error:
        raise ConfigError(f"founder '{run}:{candidate}': {error}") from None
    if genome.get("kind") != space.kind:
        raise ConfigError(
            f"founder '{run}:{candidate}' is of the encoding '{genome.get('kind')}', this run is '{space.kind}'"
        )
    return f"{run}:{number}", space.read(genome)


def _adopted(space: SearchSpace[Genome], text: str, results: Path) -> tuple[str, Genome, tuple[Step, ...]]:
    try:
        known = read_adopted(results, text.partition(":")[2])
    except RunError as error:
        raise ConfigError(f"founder '{text}': {error}") from None
    if space.kind != "graph":
        raise ConfigError(
            f"founder '{text}' is of the encoding 'graph', this run is '{space.kind}'; use encoding graph"
        )
    if (shape := getattr(space, "input_shape", None)) != known.input_shape:
        theirs, ours = (" x ".join(map(str, one or ())) for one in (known.input_shape, shape))
        raise ConfigError(
            f"founder '{text}' is for images of {theirs}, not of {ours}; give its notation instead and it begins from "
            "scratch"
        )
    return text, space.parse(known.notation), (known.step,)


def _expanded(space: SearchSpace[Genome], wanted: Iterable[str] | None) -> Iterator[tuple[str, bool]]:
    """Each name with whether it comes from a group; "random" stands for no founder."""
    for text in islice(space.founder_groups, 1) if wanted is None else wanted:
        if text in space.founder_groups:
            yield from ((name, True) for name in space.founder_groups[text])
        elif text != RANDOM:
            yield text, False
