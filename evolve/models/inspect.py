"""Looks into a trained model of a run: what it recognises and what it does not, where it looks, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from evolve.data.image_files import Aside, image_files, sub_folders
from evolve.data.splits import Parts, names_in
from evolve.display.console import Console, Watcher, make_console
from evolve.display.text import plural
from evolve.engine.opening import image_problem_of
from evolve.errors import ConfigError, DataError, RunError, nearest
from evolve.execution.border import from_json
from evolve.execution.isolated import call_isolated
from evolve.jobs import PartsUsed
from evolve.models.inspection import Inspection, LayerCost, Learned, Seen, Source
from evolve.models.layer_choice import layer_titles
from evolve.objectives import FITNESS
from evolve.runs.find import find
from evolve.runs.run import BEST, Run
from evolve.settings import path_of
from evolve.storage.model_file import check_model
from evolve.storage.store import Store
from evolve.trust import Trust
from evolve.values import SEARCHING, Result, Status, adoption
from genomes.spec import ModelSpec

PARTS = ("test", "selection", "validation")
FEW = 3  # names in a message


def inspect(
    run: str | Path,
    candidate: int | str = BEST,
    *,
    images: str | Path | None = None,
    part: str | None = None,
    results: str | Path = "results",
    trust: Trust = (),
    progress: Watcher = True,
) -> Inspection:
    """Looks into the trained model of a candidate.

    candidate: its birth number, or "best". images: a folder with a sub-folder for each class, called as the classes are
    (some may be missing); None for a part of the run's own images. part: "test", the default, which the model was not
    trained on; each such look is an opening of the test part, on record. "selection" and "validation" leave it closed,
    but the model was trained on them. trust: as for `train`.

    Raises ConfigError for a part that is none, DataError for a folder without these classes or an image that cannot be
    read, TrustError as `train`, and RunError for a candidate that was not trained in full, a model that cannot be read,
    or, as a look at the test part is written down, a run that another process is writing.
    """
    _check(images, part)
    found = find(run, results).trusting(trust)
    number = _trained(found, candidate)
    spec = found.network(number)
    assert spec is not None
    console, model = make_console(progress), found.model_path(number)
    check_model(model, found.trust)
    network = {
        "model": str(model),
        "trust": found.trust,
        "blueprint": spec.to_json(),
        "titles": layer_titles(spec),
        "classes": found.class_names,
    }
    if images is not None:
        source, seen = _of_folder(path_of(images), network, console)
    else:
        source, seen = _of_part(found, number, part or PARTS[0], network, console)
    return Inspection(
        run=found.name,
        candidate=number,
        notation=found.candidate(number).notation,
        dataset=str(found.problem.get("name", "")),
        source=source,
        seen=seen,
        learned=tuple(_learned(found, number)),
        costs=_costs(spec),
    )


def _check(images: object, part: str | None) -> None:
    """Raises ConfigError for what is asked for in two ways, or is none of the parts."""
    if images is not None and part is not None:
        raise ConfigError(f"images are a folder and part '{part}' is one of the run's own; give one of the two")
    if part is not None and part not in PARTS:
        raise ConfigError(f"part must be one of {', '.join(PARTS)}, not '{part}'{nearest(part, PARTS)}")


def _trained(found: Run, candidate: int | str) -> int:
    """The birth number of a candidate with a trained model. Raises RunError for any other."""
    if found.config.table is not None:
        raise RunError(f"run '{found.name}' searched a table; its entries have no networks to look into")
    if candidate == BEST and found.winner is None:
        raise RunError(
            f"no candidate of run '{found.name}' was trained in full yet, so there is no model to look into; let it "
            f"end with: evolve resume {found.words}; or train one with: evolve train {found.words} CANDIDATE"
        )
    number = found.number(candidate)
    row = found.candidate(number)
    if row.key is None or not found.model_path(number).exists():
        why = "could not be built" if row.key is None else "was not trained in full, so there is no model of it"
        repair = f"evolve train {found.words} {number}"
        repair = "choose another one" if row.key is None else f"train it with: {repair}"
        raise RunError(f"candidate {number} of run '{found.name}' {why}; {repair}")
    return number


def _of_part(found: Run, number: int, part: str, network: Mapping[str, Any], console: Console) -> tuple[Source, Seen]:
    """What is found in images of the run's own."""
    parts = image_problem_of(found, console, scoring=False).parts
    test = part == "test"
    if test:
        _write_down(found, number)
    used = PartsUsed(parts.digest, (), part, test=parts.test if test else None)
    names = names_in(parts.test_folder if test else parts.folder, part)
    console.note(f"looking into candidate {number}, at {plural(parts.sizes[part], 'image')} of the {part} part")
    more = {"root": parts.root, "parts": asdict(used), "names": names, "pixels": (parts.low, parts.high)}
    seen = from_json(Seen, call_isolated("evolve.models.inspecting_process:inspect_part", {"network": network, **more}))
    now = Run(found.folder, found.trust)
    return Source(
        part, None, not test, now.test_openings, _unnamed(names, parts), _remarks(found, number, part, seen)
    ), seen


def _write_down(found: Run, number: int) -> None:
    """That the test part is opened. Raises RunError if another process writes the run."""
    try:
        with Store.open(found.folder) as store:
            store.act("inspected", candidate=number, part="test")
    except RunError as error:
        raise RunError(
            f"{error}; a look at the test part is written down there: wait for it, or look at images that leave the "
            "test part closed with: --part selection, or --images FOLDER"
        ) from None


def _unnamed(names: tuple[str, ...], parts: Parts) -> str:
    if names:
        return ""
    return f"images of {parts.name} have no names, so they are numbered, from 0, in the order of their part"


def _remarks(found: Run, number: int, part: str, seen: Seen) -> tuple[str, ...]:
    """What makes the figures other than they look."""
    said = []
    step, trained = adoption(found.candidate(number)), found.full_training(number)
    if step is not None:
        said.append(f"it began {step.text}, which may have seen any of these images before")
    scored = trained[1].measures.get("accuracy") if trained and part == "test" else None
    if scored is not None and abs(scored - seen.accuracy.share) * seen.accuracy.count >= 2:
        said.append(f"its training had {scored:.2%} right: on another machine, numbers are rounded in another way")
    return tuple(said)


def _of_folder(folder: Path, network: Mapping[str, Any], console: Console) -> tuple[Source, Seen]:
    """What is found in the images of a folder."""
    aside = Aside()
    paths, labels = labelled_images(folder, list(network["classes"]), aside)
    console.note(f"looking at {plural(len(paths), 'image')} of {folder}")
    for remark in aside.remarks():
        console.note(remark)
    more = {
        "paths": [str(path) for path in paths],
        "names": [path.relative_to(folder).as_posix() for path in paths],
        "labels": labels,
    }
    seen = from_json(
        Seen, call_isolated("evolve.models.inspecting_process:inspect_files", {"network": network, **more})
    )
    return Source(None, str(folder), None, 0, remarks=(*seen.remarks, *aside.remarks())), seen


def labelled_images(folder: Path, classes: list[str], aside: Aside) -> tuple[list[Path], list[int]]:
    """The image files in sub-folders that are called as classes are, and the number of the class of each. Raises
    DataError if there are none."""
    if not folder.is_dir():
        raise DataError(f"images {folder}: there is no such folder")
    paths: list[Path] = []
    labels: list[int] = []
    places = sub_folders(folder)
    for place in places:
        if place.name not in classes:
            aside.add("folder that is called as no class", "folders that are called as no class")
            continue
        found = image_files(place, aside)
        paths += found
        labels += [classes.index(place.name)] * len(found)
    if not paths:
        has = ", ".join(place.name for place in places[:FEW]) + (", ..." if len(places) > FEW else "")
        wanted = ", ".join(classes[:FEW]) + (", ..." if len(classes) > FEW else "")
        raise DataError(
            f"images {folder}: needs a sub-folder with images for each class, called as the class is ({wanted}); "
            f"it has {f'folders {has}' if has else 'no folders'}"
        )
    return paths, labels


def _learned(found: Run, number: int) -> list[Learned]:
    """The full training of a candidate, and its last one in the search, where they tell of accuracies."""
    in_full = found.full_training(number)
    told = [_of_training("trained in full", "test", in_full[1])] if in_full else []
    with found.log() as log:
        results = [log.result(request.number) for request in reversed(log.requests(*SEARCHING, candidate=number))]
    ended = next((one for one in results if one is not None and one.status is Status.OK), None)
    folds = found.problem.get("folds", 1) > 1
    told += [_of_training("in the search", "left-out folds" if folds else "validation", ended)] if ended else []
    return [one for one in told if one is not None]


def _of_training(what: str, others: str, result: Result) -> Learned | None:
    measures = result.measures
    if FITNESS in measures or not {"train_accuracy", "accuracy"} <= measures.keys():
        return None
    names = ("test_accuracy", "validation_accuracy")
    curve = tuple(
        (float(point["accuracy"]), next((float(point[name]) for name in names if name in point), None))
        for point in result.curve
        if "accuracy" in point
    )
    return Learned(what, others, measures["train_accuracy"], measures["accuracy"], curve)


def _costs(spec: ModelSpec) -> tuple[LayerCost, ...]:
    """What each layer costs that costs something."""
    titles = layer_titles(spec)
    return tuple(
        LayerCost(titles[node.name], node.op, node.shape, node.parameters, node.multiply_adds)
        for node in spec.nodes
        if node.parameters or node.multiply_adds
    )
