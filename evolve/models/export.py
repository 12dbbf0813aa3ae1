"""A candidate as a stand-alone file: a Keras model, ONNX, LiteRT or a Python script."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from evolve.display.console import make_console
from evolve.engine.opening import image_problem_of
from evolve.errors import ConfigError, RunError, check_extra, nearest
from evolve.execution.isolated import call_isolated
from evolve.jobs import PartsUsed
from evolve.models.full_training import trainable_genome
from evolve.models.script import write_script
from evolve.problems.images import ImageProblem
from evolve.runs.find import find
from evolve.settings import path_of
from evolve.storage.store import Store
from evolve.trust import Trust
from genomes.genome import recipe_of

# Format -> ending of its files.
FORMATS = {"keras": ".keras", "python": ".py", "onnx": ".onnx", "litert": ".tflite", "litert-int8": ".tflite"}
EXTRAS = {
    "onnx": ("onnx", "tf2onnx", "onnxruntime", "tensorflow"),
    "litert": ("tensorflow",),
    "litert-int8": ("tensorflow",),
}


@dataclass(frozen=True)
class Exported:
    """A candidate as a file.

    path: of the file. format: one of keras, litert, litert-int8, onnx, python. images: real images that it was tried
    on. difference: the largest between its class probabilities and those of the Keras model. beside: further files that
    belong to it. reads: where a script has its images from, in words that follow 'it'; nothing for a model. accuracies:
    of one with numbers of 8 bits, those of the Keras model and its own on the selection part, from 0 to 1, instead of a
    difference. most: bytes that the run allows such a file, its `max_size`, if it has that limit.
    """

    path: Path
    format: str
    images: int
    difference: float
    beside: tuple[Path, ...]
    reads: str = ""
    accuracies: tuple[float, float] | None = None
    most: int | None = None

    @property
    def too_large(self) -> str:
        """That the file is larger than the run allows, in words; "" if it is not."""
        written = self.path.stat().st_size
        if self.most is None or written <= self.most:
            return ""
        return f"the file has {written:,} bytes, more than the {self.most:,} of the run's max_size"


def _check_extra(format: str) -> None:
    """Raises ConfigError if a package is missing that the format needs."""
    needed = EXTRAS.get(format, ())
    check_extra(f"format '{format}'", "tensorflow" if needed == ("tensorflow",) else "onnx", *needed)


def export(
    run: str | Path,
    candidate: int | str,
    format: str = "keras",
    *,
    output: str | Path | None = None,
    results: str | Path = "results",
    trust: Trust = (),
) -> Exported:
    """Writes a candidate as a stand-alone file, and checks it on real images.

    candidate: its birth number, or "best".
    format: "keras", "onnx" or "litert", the trained model; "litert-int8", that with numbers of 8 bits; or "python", a
    script that builds and trains the network. output: its file; by default made from run and candidate, in the current
    folder. trust: as for `train`.
    Raises ConfigError for an unknown format or one whose extra is missing, TrustError as `train`, RunError for a
    candidate that was not trained in full (but for "python"), or if the exported model does not say what the Keras
    model says.
    """
    if format not in FORMATS:
        raise ConfigError(f"format '{format}' is unknown{nearest(format, FORMATS)}")
    _check_extra(format)
    found = find(run, results).trusting(trust)
    candidate = found.number(candidate)
    genome = trainable_genome(found, candidate)
    more = "-int8" if format == "litert-int8" else ""
    path = path_of(output) if output else Path(f"{found.name}-{candidate}{more}{FORMATS[format]}")
    if path.suffix != FORMATS[format]:
        raise ConfigError(f"output of the format '{format}' must end in {FORMATS[format]}, not {str(path)!r}")
    if path.parent.exists() and not path.parent.is_dir():
        raise ConfigError(f"output must lie in a folder, but {path.parent} is a file; give another name")
    if path.is_dir():
        raise ConfigError(f"output must be a file, but {path} is a folder; give another name")
    problem = image_problem_of(found, make_console(False), scoring=False)
    model = found.model_path(candidate)
    if format != "python" and not model.exists():
        raise RunError(
            f"candidate {candidate} of run '{found.name}' was not trained in full, so there are no weights to export; "
            f"train it with: evolve train {found.words} {candidate}; or export its script with: --format python"
        )
    beside: tuple[Path, ...] = ()
    reads = ""
    if format == "litert-int8":
        return replace(_int8(problem, model, path, found.trust), most=found.config.max_size)
    with _draft(path) as draft:
        if format == "python":
            spec, pixels = problem.space.blueprint(genome), problem.parts.pixels[recipe_of(genome).pixels]
            written, reads = write_script(found, candidate, problem, genome, draft)
            beside = tuple(path.with_name(file.name) for file in written)
            told = {"script": str(draft), "blueprint": spec.to_json(), "pixels": pixels, **_tried_on(problem)}
            checked = call_isolated("evolve.models.keras_process:same_network", told)
        else:
            told = {"model": str(model), "trust": found.trust, "format": format, "path": str(draft)}
            checked = call_isolated("evolve.models.keras_process:export_model", {**told, **_tried_on(problem)})
    if beside:
        with Store.open(found.folder) as store:
            store.act("exported", candidate=candidate, test_part="copied beside the script")
    return Exported(path, format, checked["images"], checked["difference"], beside, reads)


@contextmanager
def _draft(path: Path) -> Iterator[Path]:
    """Where to write a file, and what belongs beside it. Once the block ends well all of that takes its place, the file
    itself last; otherwise what lies there stays as it was. Raises RunError for an error of the block."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.stem}-", dir=path.parent) as folder:
        draft = Path(folder, path.name)
        try:
            yield draft
        except RunError as error:
            older = "; the older file of that name is as it was" if path.exists() else ""
            raise RunError(f"{path} is not written: {error}{older}") from None
        for file in sorted(draft.parent.iterdir(), key=lambda file: file.name == path.name):
            file.replace(path.with_name(file.name))


def _int8(problem: ImageProblem, model: Path, path: Path, trust: Trust) -> Exported:
    """A LiteRT file of 8 bits, and what that costs."""
    parts = asdict(PartsUsed(problem.parts.digest, ("train",), "selection"))
    with _draft(path) as draft:
        told = {"model": str(model), "trust": trust, "path": str(draft), "root": problem.parts.root, "parts": parts}
        made = call_isolated("evolve.models.keras_process:export_int8", told)
    return Exported(path, "litert-int8", made["images"], 0.0, (), "", (made["accuracy"], made["accuracy_int8"]))


def _tried_on(problem: ImageProblem) -> dict[str, Any]:
    """The images that an exported model is tried on: none of the test part."""
    return {"root": problem.parts.root, "parts": asdict(PartsUsed(problem.parts.digest, (), "selection"))}
