"""The folder of an experiment: what was asked for, so that only the same one goes on in it, one process at a time."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from evolve.errors import ConfigError, RunError
from evolve.research.design import Design
from evolve.research.machine_share import DECIDING
from evolve.storage.files import EXPERIMENT
from evolve.storage.locks import hold

SEEN = "pages with so many seeds"
ASKED, ROWS, LOCK, RUNS = EXPERIMENT, "rows.jsonl", "experiment.lock", "runs"
FORMAT = 1
FREE = ("workers", "executor")  # settings that change no result
Json = dict[str, Any]


@contextmanager
def opened(folder: Path) -> Iterator[None]:
    """Holds the folder for one process; made if it is not there, and gone again if the block fails before it is known
    what was asked for. Raises RunError if another process holds it, or if it is of something else."""
    new = not folder.exists()
    if not new and not (folder / ASKED).exists() and {path.name for path in folder.iterdir()} - {RUNS, LOCK}:
        raise RunError(f"{folder} is there and is no folder of an experiment; name another one with --output")
    folder.mkdir(parents=True, exist_ok=True)
    with hold(folder / LOCK, folder):
        try:
            yield
        finally:
            if new and not (folder / ASKED).exists():
                shutil.rmtree(folder, ignore_errors=True)


def asked_for(design: Design, digests: Mapping[str, str]) -> Json:
    """What an experiment is, as JSON. digests: of its data sets or tables, by their names."""
    settings = {name: value for name, value in design.common.values.items() if name not in FREE}
    if design.of_datasets:
        settings["datasets"] = {Path(name).stem: dict(given.values) for name, given in design.of_datasets.items()}
    asked = {
        "format": FORMAT,
        "name": design.name,
        "question": design.question,
        "target": design.target,
        "budget": dict(design.budget.values),
        "settings": settings,
        "default": design.default.name,
        "arms": {arm.name: arm.to_json() for arm in design.arms},
        "datasets": dict(digests),
        "seeds": list(design.seeds),
    }
    return dict(json.loads(json.dumps(asked, default=str)))


def check_same(folder: Path, asked: Json) -> None:
    """Raises ConfigError if the folder holds another experiment. Arms, data sets and seeds may come and go; question
    and target may change."""
    before = _read(folder)
    if before is None:
        return
    for name in ("budget", "settings"):
        if before[name] != asked[name]:
            was, now = _toml(before[name]), _toml(asked[name])
            raise ConfigError(
                f"{folder} holds another experiment: its {name} {'were' if name == 'settings' else 'was'} {was}, not "
                f"{now}; name another folder with --output, or another file"
            )
    for name, arm in asked["arms"].items():
        if (was := before["arms"].get(name, arm)) != arm:
            raise ConfigError(
                f"arm '{name}' was {_toml(was)} when it was tried in {folder}, and is {_toml(arm)} now; give it "
                "another name, so that its trials are not mixed"
            )
    for name, digest in asked["datasets"].items():
        if before["datasets"].get(name, digest) != digest:
            raise ConfigError(
                f"'{name}' holds other data than when it was searched for {folder}; put them back, or name another "
                "folder with --output"
            )
    if before["default"] != asked["default"]:
        raise ConfigError(
            f"the first arm, with which others are compared, was '{before['default']}' in {folder}, and is "
            f"'{asked['default']}' now; put that one first, and new ones behind it"
        )


def note_asked(folder: Path, asked: Json) -> None:
    """Writes down what is asked for, beside what was asked for before."""
    before = _read(folder) or {}
    kept: Json = {name: {**before.get(name, {}), **asked[name]} for name in ("arms", "datasets")}
    kept[SEEN] = before.get(SEEN, [])
    seeds = sorted({*before.get("seeds", ()), *asked["seeds"]})
    _write(folder, {**asked, **kept, "seeds": seeds})


def _write(folder: Path, asked: Json) -> None:
    draft = folder / f"{ASKED}.new"
    draft.write_text(json.dumps(asked, indent=1) + "\n", encoding="utf-8")
    draft.replace(folder / ASKED)


def seen_before(folder: Path, seeds: int) -> tuple[int, ...]:
    """Numbers of seeds, each smaller than `seeds`, with which a page of this folder was written before."""
    found = _read(folder) or {}
    return tuple(count for count in found.get(SEEN, ()) if count < seeds)


def note_page(folder: Path, seeds: int) -> None:
    """Writes down that a page was written with so many seeds."""
    found = _read(folder) or {}
    _write(folder, {**found, SEEN: sorted({*found.get(SEEN, ()), seeds})})


def arms_of(folder: Path) -> dict[str, Json]:
    """All arms that were ever asked for in that folder, as JSON, by name."""
    return dict((_read(folder) or {}).get("arms", {}))


def check_versions(folder: Path, made_with: Iterable[Mapping[str, str]], now: Mapping[str, str]) -> None:
    """Raises RunError if trials to which others are to be added were made with other versions than those of now."""
    for versions in made_with:
        for name in DECIDING:
            if (was := versions.get(name)) != now.get(name):
                raise RunError(
                    f"the trials in {folder} were made with {name} {was}, this is {now.get(name)}, and the two are not "
                    "to be mixed; go on with the version that made them, or name another folder with --output"
                )


def _read(folder: Path) -> Json | None:
    file = folder / ASKED
    if not file.exists():
        return None
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        if found["format"] != FORMAT or not {"budget", "settings", "arms", "datasets", "default"} <= found.keys():
            raise ValueError("of another kind")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{file} cannot be read ({error}); put it back, or name another folder with --output") from None
    return dict(found)


def _toml(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()) or "empty"
