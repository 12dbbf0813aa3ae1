"""Models that were adopted, as files: one folder each below the folder for runs, with what became of it and its
weights."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evolve.errors import ConfigError, RunError, nearest
from evolve.storage.files import ADOPTED, ENDING, WEIGHTS, weights_path
from genomes.steps import Step

FILE = "adopted.json"


@dataclass(frozen=True)
class AdoptedFile:
    """What is known of an adopted model.

    name: that it is asked for by. key: of its weights. model: path of the file that it was. notation: the network and
    its recipe. input_shape: (height, width, channels). range: of pixels that it expects, see `evolve adopt`.
    difference: by how much its class probabilities and those of the model differ at most. remarks: what is another now.
    """

    name: str
    key: str
    model: str
    notation: str
    input_shape: tuple[int, int, int]
    classes: int
    parameters: int
    multiply_adds: int
    layers: int
    range: str
    difference: float
    remarks: tuple[str, ...]

    @property
    def founder(self) -> str:
        """What stands for it among founders."""
        return f"{ADOPTED}:{self.name}"

    @property
    def step(self) -> Step:
        """That a candidate begins with its weights."""
        detail = {"weights": self.key, "model": self.name}
        return Step("adopt", detail, f"with weights of {self.name}")

    def write(self, results: Path) -> None:
        """Keeps it below the folder for runs."""
        (folder_of(results, self.name) / FILE).write_text(json.dumps(asdict(self), indent=1))


def folder_of(results: Path, name: str) -> Path:
    """Where an adopted model lies."""
    return results / ADOPTED / name


def weights_of_adopted(results: Path, name: str) -> Path:
    """Where its weights lie."""
    return folder_of(results, name) / f"{WEIGHTS}{ENDING}"


def read_adopted(results: Path, name: str) -> AdoptedFile:
    """The adopted model of that name. Raises RunError if there is none, or it is damaged."""
    path = folder_of(results, name) / FILE
    try:
        known: dict[str, Any] = json.loads(path.read_text())
        shape = known["input_shape"]
        return AdoptedFile(**{**known, "input_shape": tuple(shape), "remarks": tuple(known["remarks"])})
    except FileNotFoundError:
        names = [one.parent.name for one in (results / ADOPTED).glob(f"*/{FILE}")]
        hint = nearest(name, names) if names else "; adopt one with: evolve adopt MODEL.keras"
        raise RunError(f"there is no adopted model '{name}' in {results / ADOPTED}{hint}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path} cannot be read ({error}); adopt the model again with: evolve adopt") from None


def check_free(results: Path, name: str, model: Path) -> None:
    """Raises ConfigError if another model that is still there was adopted by that name."""
    if not (folder_of(results, name) / FILE).is_file():
        return
    known = Path(read_adopted(results, name).model)
    if known.is_file() and not known.samefile(model):
        raise ConfigError(f"name '{name}' is that of {known}, which was adopted before; give another one, --name NAME")


def take_along(steps: Iterable[Step], results: Path, run: Path) -> None:
    """Copies the adopted weights that founders begin with into a run, which then needs nothing else. Raises RunError
    if they are gone, or others by now."""
    for step in steps:
        if step.operator != "adopt":
            continue
        name, key = str(step.detail["model"]), str(step.detail["weights"])
        source, target = weights_of_adopted(results, name), weights_path(run / WEIGHTS, key)
        notation = read_adopted(results, name).notation
        if not source.is_file() or key_of(notation, source.read_bytes()) != key:
            raise RunError(f"the weights of the adopted model '{name}' are not those of before; adopt it again")
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}")
        shutil.copyfile(source, draft)
        draft.replace(target)


def key_of(notation: str, weights: bytes) -> str:
    """The key of adopted weights, by what they are."""
    return f"{ADOPTED}-{hashlib.sha256(notation.encode() + weights).hexdigest()[:16]}"
