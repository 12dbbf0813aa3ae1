"""What is asked of the settings of a new search, and not of those of one that is recorded."""

from __future__ import annotations

from evolve.config import OF_ENCODINGS, OF_NETWORKS, RANDOM, RunConfig
from evolve.errors import ConfigError, nearest
from evolve.objectives import COSTS, MEASURED, MEASURES, PUBLISHED, SCORE, Objectives
from evolve.search.strategy import STRATEGIES, strategy_class
from genomes.genome import SPACES, space_class


def check_settings(config: RunConfig) -> None:
    """Raises ConfigError for settings that cannot be together, or would be ignored without a word."""
    check_objectives(config)
    check_encoding(config)


def check_objectives(config: RunConfig) -> None:
    """Raises ConfigError for objectives that cannot be, or would be ignored without a word."""
    named = Objectives.of({"objectives": config.objectives}).each if config.objectives else ()
    usual = config.metric == "accuracy"
    if len(named) > 1 and not strategy_class(config.strategy).several_objectives:
        several = [name for name in STRATEGIES if name != RANDOM and strategy_class(name).several_objectives]
        raise ConfigError(
            f"strategy '{config.strategy}' ranks by one objective; give one, not {len(named)}, or use "
            + config.assigned("strategy", several[0])
        )
    if twice := {one.name for one in named if [other.name for other in named].count(one.name) > 1}:
        raise ConfigError(f"{config.spelled('objectives')}: '{min(twice)}' stands there twice; give it once")
    if named and named[0].name in {**COSTS, **MEASURED}:
        raise ConfigError(
            f"{config.spelled('objectives')}: '{named[0].name}' cannot be the first, by which leaders are scored "
            "again; put a measure of training before it, such as accuracy"
        )
    metric, objectives = config.spelled("metric"), config.spelled("objectives")
    if named and not usual and config.metric != named[0].name:
        raise ConfigError(f"{metric} is short for {objectives}; give one of them")
    published = config.encoding == PUBLISHED
    if published and (not usual or (named and named[0].name != SCORE)):
        raise ConfigError(
            f"a table has one score for each entry; leave {objectives if named else metric} out, or begin with it: "
            "score,parameters"
        )
    if config.fitness is not None and not named and not usual:
        raise ConfigError(f"{metric} and a fitness function do not go together: the function says what counts")
    costly = [name for name in ("max_size", "max_latency") if getattr(config, name)]
    costly += ["objectives"] if any(one.name in MEASURED for one in named) else []
    if costly and config.table is not None:
        raise ConfigError(f"{config.spelled(costly[0])} is measured with networks of images, and a table has none")
    if config.table is not None and any(one.name == "activations" for one in named):
        raise ConfigError(f"{objectives}: activations of the networks of a table are not known; leave them out")
    known = [SCORE, "parameters", "multiply_adds"] if published else [*MEASURES, *COSTS, *MEASURED]
    if config.fitness is None and (unknown := [one.name for one in named if one.name not in known]):
        raise ConfigError(
            f"{objectives}: '{unknown[0]}' is not measured{nearest(unknown[0], known)}; "
            f"{'' if published else 'without a fitness function '}these are: {', '.join(known)}"
        )


def latency_remarks(config: RunConfig) -> list[str]:
    """What is to be said of a limit on times that the search itself does not heed."""
    first, *others = (one.name for one in Objectives.of(config.model_dump()).each)
    if config.max_latency is None or (others and config.strategy != RANDOM):
        return []
    name, heeded = config.spelled("max_latency"), config.assigned("objectives", [first, "latency"])
    return [
        f"{name} is checked at the end only, where the best of those that are fast enough wins; with {heeded} the "
        "search itself looks for fast networks"
    ]


def check_encoding(config: RunConfig) -> None:
    """Raises ConfigError for a setting that the encoding does not heed, or a strategy that cannot search it."""
    only = strategy_class(config.strategy).encodings
    if only is not None and config.encoding not in only:
        raise ConfigError(
            f"strategy '{config.strategy}' searches {' and '.join(sorted(only))} alone, not the encoding "
            f"'{config.encoding}'; use {config.assigned('encoding', min(only))}"
        )
    for name in OF_NETWORKS:
        if config.table is not None and not _is_usual(config, name):
            raise ConfigError(
                f"{config.spelled(name)} limits networks that are bred, and those of a table are as they are; leave it "
                "out"
            )
    for name in OF_ENCODINGS:
        if not _is_usual(config, name) and not config.heeds(name):
            others = ", ".join(kind for kind in SPACES if name in space_class(kind).settings)
            raise ConfigError(
                f"{config.spelled(name)} has no effect with the encoding '{config.encoding}'; leave it out, or use an "
                f"encoding that has it: {others}"
            )


def _is_usual(config: RunConfig, name: str) -> bool:
    return bool(getattr(config, name) == type(config).model_fields[name].get_default(call_default_factory=True))
