"""Models to take away: train a candidate in full, export it, let it look at images, put leaders together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from evolve.errors import ConfigError, DataError, RunError, nearest
from evolve.execution.aside import aside
from evolve.full_training import succeeded, train_in_full
from evolve.preparing import image_problem_of
from evolve.reporting.console import Watcher, make_console
from evolve.run_view import Run
from evolve.runs import find
from evolve.script import write_script
from evolve.storage.store import Store
from evolve.training.folders import KINDS
from evolve.training.model_file import checked
from evolve.trust import Trust, names_of
from evolve.values import Budget, Candidate, Purpose, Request, Result

# Format -> ending of its files.
FORMATS = {"keras": ".keras", "python": ".py", "onnx": ".onnx", "litert": ".tflite"}
EXTRAS = {"onnx": ("onnx", "tf2onnx", "onnxruntime", "tensorflow"), "litert": ("tensorflow",)}


@dataclass(frozen=True)
class Exported:
    """What was written. images: real images it was tried on; difference: the largest between its class probabilities
    and those of the Keras model; beside: further files that belong to it."""

    path: Path
    format: str
    images: int
    difference: float
    beside: tuple[Path, ...]


def _check_extra(format: str) -> None:
    """Raises ConfigError if a package is missing that the format needs."""
    missing = [package for package in EXTRAS.get(format, ()) if find_spec(package) is None]
    if missing:
        extra = "tensorflow" if missing == ["tensorflow"] else "onnx"
        raise ConfigError(
            f"format '{format}' needs {', '.join(missing)}; install the extra with: pip install -e '.[{extra}]'"
        )


@dataclass(frozen=True)
class Trained:
    """A candidate that was trained in full. new: whether it was trained now, or had been before."""

    run: Run
    candidate: int
    result: Result
    path: Path
    new: bool


def train(
    run: str | Path,
    candidate: int,
    *,
    epochs: int | None = None,
    results: str | Path = "results",
    trust: Trust = (),
    progress: Watcher = True,
) -> Trained:
    """Trains a candidate of a run in full, on all images that are not for testing, and opens the test part for it, on
    record. Uses all cores; a training that is known is not repeated.

    epochs: None for as many as the run's own final training. trust: modules of the user's own layers and fitness
    function, which are then imported. Raises TrustError for a module that the run names and `trust` does not, and
    RunError if it cannot be trained.
    """
    found = find(run, results).trusting(trust)
    genome = _genome(found, candidate)
    if epochs is not None and epochs < 1:
        raise ConfigError(f"epochs must be a whole number of at least 1, not {epochs}; for example epochs = 40")
    console = make_console(progress)
    problem = image_problem_of(found, console)
    usual = problem.budget(Purpose.TRAIN)
    budget = Budget(usual.images, epochs or usual.epochs)
    known, path = found.full_training(candidate), found.model_path(candidate)
    if known and known[0].budget == budget and path.exists():
        return Trained(found, candidate, known[1], path, new=False)
    key = found.candidate(candidate).key
    assert key is not None
    with Store.open(found.folder) as store:
        number = store.last("request") + 1
        job_key = problem.job_key(key, budget, 0, Purpose.TRAIN)
        request = Request(number, Candidate(candidate, genome, key), budget, 0, Purpose.TRAIN, job_key)
        store.add((), [request])
        phase = f"training candidate {candidate} of {found.name} in full"
        job = problem.job(request, problem.space.blueprint(genome), path)
        result = train_in_full(problem, job, phase, console)
        store.add((), (), [result])
        store.act("trained", candidate=candidate, request=number)
    return Trained(Run(found.folder, found.trust), candidate, succeeded(result, phase), path, new=True)


def export(
    run: str | Path,
    candidate: int,
    format: str = "keras",
    *,
    output: str | Path | None = None,
    results: str | Path = "results",
    trust: Trust = (),
) -> Exported:
    """Writes a candidate as a file that lives without evolve, and checks it on real images.

    format: "keras", "onnx" or "litert", the trained model; or "python", a script that builds and trains the network.
    output: where to; None for a name made from run and candidate, in the current folder. trust: as for `train`. Raises
    ConfigError for an unknown format or one whose extra is missing, TrustError as `train`, RunError for a candidate
    that was not trained in full (but for "python"), or if the exported model does not say what the Keras model says.
    """
    if format not in FORMATS:
        raise ConfigError(f"format '{format}' is unknown{nearest(format, FORMATS)}")
    _check_extra(format)
    found = find(run, results).trusting(trust)
    genome = _genome(found, candidate)
    path = Path(output) if output else Path(f"{found.name}-{candidate}{FORMATS[format]}")
    if path.suffix != FORMATS[format]:
        raise ConfigError(f"output of the format '{format}' must end in {FORMATS[format]}, not {str(path)!r}")
    problem = image_problem_of(found, make_console(False), scoring=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    if format == "python":
        spec, pixels = problem.space.blueprint(genome), problem.parts.pixels[genome.recipe.pixels]
        beside = write_script(found, candidate, problem, genome, path)
        told = {"script": str(path), "blueprint": spec.to_json(), "pixels": pixels, "folder": problem.parts.folder}
        checked = aside("evolve.training.exporting:same_network", told)
        return Exported(path, format, checked["images"], checked["difference"], beside)
    model = found.model_path(candidate)
    if not model.exists():
        raise RunError(
            f"candidate {candidate} of run '{found.name}' was not trained in full, so there are no weights to export; "
            f"train it with: evolve train {found.name} {candidate}; or export its script with: --format python"
        )
    told = {"model": str(model), "trust": found.trust, "folder": problem.parts.folder}
    checked = aside("evolve.training.exporting:exported", {**told, "format": format, "path": str(path)})
    return Exported(path, format, checked["images"], checked["difference"], ())


@dataclass(frozen=True)
class Prediction:
    """What a model says of one image. ranked: (class name, probability), most likely first."""

    image: Path
    ranked: tuple[tuple[str, float], ...]
    resized_from: tuple[int, int] | None


def predict(
    model: str | Path,
    images: Sequence[str | Path],
    *,
    trust: Trust = (),
    results: str | Path = "results",
) -> list[Prediction]:
    """What a trained model says of image files.

    model: a `.keras` file, RUN (its winner) or RUN:CANDIDATE. images: files, or folders of them. trust: modules of
    layers in it that are not Keras's; which classes of them, the file says. Raises TrustError for a module that the
    file names and `trust` does not, RunError for a model and DataError for an image that cannot be read.
    """
    path, trusted = _model_file(str(model), Path(results), names_of(trust)), names_of(trust)
    files = [file for image in images for file in _image_files(Path(image))]
    if not files:
        raise ConfigError("give at least one image, or a folder that holds some")
    told = {"model": str(path), "trust": trusted, "images": [str(file) for file in files]}
    said = aside("evolve.training.exporting:predicted", told)
    return [
        Prediction(file, tuple(map(tuple, one["ranked"])), tuple(one["from"]) if one["from"] else None)
        for file, one in zip(files, said, strict=True)
    ]


@dataclass(frozen=True)
class Ensemble:
    """Leaders together: the mean of their class probabilities. single: test accuracy of each, by candidate."""

    run: Run
    single: dict[int, float]
    accuracy: float
    images: int


def ensemble(
    run: str | Path,
    top: int = 3,
    *,
    epochs: int | None = None,
    results: str | Path = "results",
    trust: Trust = (),
    progress: Watcher = True,
) -> Ensemble:
    """Test accuracy of the `top` leaders together. Those that were not trained in full yet are trained first; the test
    part is opened for all of them, on record.

    epochs: of the leaders' trainings; those that were trained for another number are trained again. None takes them as
    they are. trust: as for `train`. Raises as `train` does.
    """
    found = find(run, results).trusting(trust)
    if top < 1 or top > len(found.hall_of_fame):
        raise ConfigError(f"top must be from 1 to {len(found.hall_of_fame)}, the leaders of '{found.name}', not {top}")
    leaders = [leader.candidate for leader in found.hall_of_fame[:top]]
    for leader in leaders:
        trained = found.full_training(leader) and found.model_path(leader).exists()
        if not trained or epochs is not None:
            train(run, leader, epochs=epochs, results=results, trust=trust, progress=progress)
    problem = image_problem_of(found, make_console(False), scoring=False)
    with Store.open(found.folder) as store:
        store.act("ensemble", candidates=leaders)
    told = {"models": [str(found.model_path(leader)) for leader in leaders], "trust": found.trust}
    said = aside("evolve.training.exporting:together", {**told, "test_folder": problem.parts.test_folder})
    with Store.open(found.folder) as store:
        store.act("ensemble scored", candidates=leaders, accuracy=said["together"])
    single = dict(zip(leaders, said["single"], strict=True))
    return Ensemble(Run(found.folder, found.trust), single, said["together"], said["images"])


def _genome(found: Run, candidate: int) -> Any:
    """The genome of a candidate that can be built. Raises RunError."""
    if found.config.table is not None:
        raise RunError(f"run '{found.name}' searched a table; its entries have no networks")
    row = found.candidate(candidate)
    if row.key is None:
        raise RunError(f"candidate {candidate} of run '{found.name}' could not be built; choose another one")
    return found.genome(candidate)


def _model_file(text: str, results: Path, trusted: tuple[str, ...]) -> Path:
    """The file of a model, which imports nothing but what is trusted."""
    if text.endswith(".keras"):
        checked(Path(text), trusted)
        return Path(text)
    name, colon, number = text.rpartition(":")
    by_candidate = bool(colon) and number.isdecimal()
    found = find(name if by_candidate else text, results)
    if by_candidate:
        found.candidate(int(number))
    candidate = int(number) if by_candidate else found.winner
    if candidate is None:
        raise RunError(
            f"no candidate of run '{found.name}' was trained in full yet; "
            f"train one with: evolve train {found.name} CANDIDATE"
        )
    if not found.model_path(candidate).exists():
        raise RunError(
            f"there is no trained model of candidate {candidate} of run '{found.name}'; "
            f"train it with: evolve train {found.name} {candidate}"
        )
    checked(found.model_path(candidate), trusted)
    return found.model_path(candidate)


def _image_files(path: Path) -> list[Path]:
    if path.is_dir():
        return [file for file in sorted(path.rglob("*")) if file.suffix.lower() in KINDS]
    if not path.exists():
        raise DataError(f"image {path}: there is no such file")
    return [path]
