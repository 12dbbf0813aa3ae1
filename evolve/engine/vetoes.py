"""Limits that only measuring tells about: what is beyond them does not win."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from evolve.config import RunConfig
from evolve.display.quantities import shown_size, shown_time
from evolve.engine.dispatcher import Dispatcher
from evolve.errors import ConfigError
from evolve.problems.problem import Problem
from evolve.storage.store import Store
from evolve.values import Candidate
from genomes.genome import recipe_of
from genomes.layer_space import LayerSpace
from genomes.spec import ModelSpec

PIXELS = ("scale", "standardise")  # of the network that is measured before there are any: files differ a little
NEAR = 0.8  # of the size that a file may have
NOTED = "measured"  # kind of the act that says what a candidate costs


class ImpossibleLimit(ConfigError):
    """No network for these images is within a limit."""


@dataclass(frozen=True)
class Vetoes:
    """What may not win. Each measuring is noted with the run, so that none is done twice."""

    config: RunConfig
    problem: Problem
    dispatcher: Dispatcher
    store: Store

    def check_possible(self, note: Callable[[str], None]) -> None:
        """Raises ImpossibleLimit if not even the smallest network is within the limits. Its file is written only if by
        its estimated size it may be too large. note: is told if something is measured, which takes some seconds."""
        space = self.problem.space
        if not isinstance(space, LayerSpace):
            return
        least, most = space.smallest, self.config.max_size
        near = most is not None and least.likely_size > NEAR * most
        names = tuple(name for name in self._names if name != "size_int8" or near)
        if not names:
            return
        note("measuring the smallest network for these images, to see whether anything can be within the limits")
        beyond = ""
        for pixels in PIXELS:
            beyond = self._beyond(self.dispatcher.measures_of(least, pixels, names)[0])
            if not beyond:
                return
        raise ImpossibleLimit(f"the smallest network for these images is beyond a limit: {beyond}; raise that limit")

    def vetoed(self, candidate: Candidate) -> str:
        """Why a candidate is beyond a limit, in words; "" if it is not. Measures it, if that was not done."""
        measures = self._noted(candidate.number)
        names = self._names
        if not set(names) <= measures.keys():
            spec = self.problem.space.blueprint(candidate.genome)
            assert isinstance(spec, ModelSpec)
            known, failure = self.dispatcher.measures_of(spec, recipe_of(candidate.genome).pixels, names)
            if not set(names) <= known.keys():
                return f"what it costs could not be measured: {failure}"
            measures = dict(known)
            self.store.act(NOTED, candidate=candidate.number, measures=measures)
        return self._beyond(measures)

    def hopeless(self, candidate: Candidate) -> bool:
        """Whether one that is no larger, in weights and multiply-adds, was measured and is beyond a limit."""
        noted = {act.detail["candidate"] for act in self.store.acts() if act.kind == NOTED}
        beyond = [self.store.born(number) for number in noted if self._beyond(self._noted(number))]
        sizes = candidate.parameters or 0, candidate.multiply_adds or 0
        return any((one.parameters or 0) <= sizes[0] and (one.multiply_adds or 0) <= sizes[1] for one in beyond)

    @property
    def _names(self) -> tuple[str, ...]:
        return (*["size_int8"] * bool(self.config.max_size), *["latency"] * bool(self.config.max_latency))

    def _noted(self, number: int) -> dict[str, float]:
        noted = [act.detail for act in self.store.acts() if act.kind == NOTED and act.detail["candidate"] == number]
        return {name: value for detail in noted for name, value in detail["measures"].items()}

    def _beyond(self, measures: Mapping[str, float]) -> str:
        most, longest = self.config.max_size, self.config.max_latency
        if most and measures.get("size_int8", 0.0) > most:
            return f"its file has {shown_size(int(measures['size_int8']))}, more than max_size={shown_size(most)}"
        if longest and (latency := measures.get("latency", 0.0)) > longest:
            spread = measures.get("latency_spread")
            doubt = "" if spread is None else f" (the middle half of all times within {shown_time(spread)})"
            return f"an image takes {shown_time(latency)}{doubt}, more than max_latency={shown_time(longest)}"
        return ""
