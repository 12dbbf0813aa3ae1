"""Looks into a trained model, in a process of its own: what it says of images, and what its layers do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from evolve.errors import RunError
from evolve.execution.border import from_json
from evolve.jobs import PartsUsed
from evolve.models.grad_cam import Looking
from evolve.models.image_input import brightest, image_as_in_training, known_range
from evolve.models.inspection import Look, Seen, Through
from evolve.models.layer_choice import looking_places
from evolve.models.layer_pictures import feature_maps, filters
from evolve.models.recognition import (
    accuracy,
    calibration,
    certain_mistakes,
    class_facts,
    confused_pairs,
    confusion,
    doubtful_labels,
)
from evolve.models.small_pictures import heat_picture, image_picture
from evolve.storage.keras_archive import facts_of
from evolve.storage.model_file import load_model
from evolve.training.backends import probabilities
from evolve.training.part_images import part_images
from genomes.spec import ModelSpec, Node

MISTAKES = 24  # that are shown
LOOKS = 10  # images that were recognised, and where the network looks in them
RANKED = 5  # classes of the image that is followed through the network
Array = NDArray[Any]


class Images(Protocol):
    """Raw images, which may lie on disk until some are asked for."""

    def __len__(self) -> int: ...
    def __getitem__(self, chosen: Any) -> Array: ...


class Shown(NamedTuple):
    """Images with what belongs to them. names, labels: of each. low, high: the range of their pixels."""

    images: Images
    names: Sequence[str]
    labels: Array
    low: float
    high: float


@dataclass(frozen=True)
class Network:
    """A trained network. model: its file. trust: modules of layers in it. blueprint: its `ModelSpec` as JSON. titles:
    what people call its layers, by name. classes: their names."""

    model: str
    trust: tuple[str, ...]
    blueprint: list[dict[str, Any]]
    titles: dict[str, str]
    classes: tuple[str, ...]

    def load(self) -> tuple[Any, ModelSpec]:
        """The Keras model. Raises RunError if it cannot be read, or is of another network."""
        model, spec = load_model(Path(self.model), self.trust), ModelSpec.from_json(self.blueprint)
        known = {layer.name for layer in model.layers}
        missing = [node.name for node in spec.nodes[1:] if node.name not in known]
        if missing or model.output_shape[-1] != len(self.classes):
            what = f"has no layer '{missing[0]}'" if missing else f"tells {model.output_shape[-1]} classes apart"
            raise RunError(
                f"model {self.model} is not that of the candidate: it {what}; delete it and make it again with: "
                "evolve train RUN CANDIDATE"
            )
        return model, spec


class FileImages:
    """Image files as the model takes them, read when they are asked for. remarks: what had to be done to some."""

    def __init__(self, paths: Sequence[str], size: tuple[int, int], grey: bool, facts: Mapping[str, Any]) -> None:
        self._paths, self._size, self._grey = np.array([Path(path) for path in paths], object), size, grey
        self._known = known_range(facts)
        usual = self._known[1:] == (0.0, 255.0)
        self._most = 255.0 if usual else brightest(list(self._paths), size, grey)
        self.remarks: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, chosen: slice | Array) -> Array:
        found = []
        for path in self._paths[chosen]:
            pixels, remark, before = image_as_in_training(path, self._size, self._grey, self._most, self._known)
            found.append(pixels)
            resized = None if before == self._size else "some images were resized to what the model takes"
            self.remarks |= dict.fromkeys(said for said in (remark, resized) if said)
        return np.stack(found)


def inspect_part(
    network: Mapping[str, Any],
    root: str,
    parts: Mapping[str, Any],
    names: Sequence[str],
    pixels: tuple[float, float],
) -> dict[str, Any]:
    """What is found in a network and the images of the part to score, see `PartsUsed`: `Seen` as JSON.

    network: a `Network` as JSON. names: of the images; none to have them numbered. pixels: their range. Raises RunError
    for a model that cannot be read, or is of another network.
    """
    used = from_json(PartsUsed, parts)
    images, labels = part_images(root, used, used.score)
    named = names or [f"{used.score} image {number:,}" for number in range(len(labels))]
    return asdict(_seen(from_json(Network, network), Shown(images, named, labels, *pixels)))


def inspect_files(
    network: Mapping[str, Any], paths: Sequence[str], names: Sequence[str], labels: Sequence[int]
) -> dict[str, Any]:
    """The same of image files, each with a name and the number of its class. Raises DataError for one that cannot be
    read, too."""
    asked = from_json(Network, network)
    height, width, channels = asked.blueprint[0]["shape"]
    facts = facts_of(Path(asked.model))
    images = FileImages(paths, (height, width), channels == 1, facts)
    seen = _seen(asked, Shown(images, names, np.asarray(labels), *known_range(facts)[1:]))
    return {**asdict(seen), "remarks": list(images.remarks)}


def _seen(network: Network, shown: Shown) -> Seen:
    model, spec = network.load()
    labels, classes = np.asarray(shown.labels, np.int64), network.classes
    shares = probabilities(model, shown.images)  # type: ignore[arg-type]  # they are sliced, and nothing else
    if not np.isfinite(shares).all():
        raise RunError(f"model {network.model}: its probabilities are not finite; train it again with: evolve train")
    counts = confusion(labels, shares.argmax(axis=1), len(classes))
    places = looking_places(spec)
    last = places[-1]
    looker = Looker(shown, shares, classes, cut_at(model, spec, places))
    typical = _typical(shares, labels)
    followed = typical[0] if typical else 0
    image = shown.images[np.array([followed])][0]
    ranked = np.argsort(-shares[followed], kind="stable")[:RANKED]
    return Seen(
        accuracy=accuracy(int(counts.trace()), len(labels)),
        confusion=tuple(map(tuple, counts.tolist())),
        classes=class_facts(counts, classes),
        confused=confused_pairs(counts, classes),
        calibration=calibration(shares, labels),
        mistakes=looker.looks(certain_mistakes(shares, labels, MISTAKES)),
        doubtful=int(looker.doubtful.sum()),
        looks=looker.looks(typical),
        looked_at=(network.titles[last.name], last.shape[0], last.shape[1]),
        filters=filters(model, spec, network.titles),
        through=Through(
            name=shown.names[followed],
            truth=classes[labels[followed]],
            image=image_picture(image, shown.low, shown.high),
            layers=feature_maps(model, spec, network.titles, image),
            probabilities=tuple((classes[at], float(shares[followed, at])) for at in ranked),
        ),
    )


def cut_at(model: Any, spec: ModelSpec, places: Sequence[Node]) -> Looking:
    """What says where the network looks. places: as of `looking_places`."""
    names = ["normalisation" if node is spec.nodes[0] else node.name for node in places]
    return Looking(model, names, spec.nodes[spec.nodes[-1].inputs[0]].name)


class Looker:
    """Says of images what a network takes them for and where it looks."""

    def __init__(self, shown: Shown, shares: Array, classes: Sequence[str], looking: Looking) -> None:
        self._shown, self._shares, self._classes, self._looking = shown, shares, classes, looking
        self.doubtful = doubtful_labels(shares, np.asarray(shown.labels, np.int64))

    def looks(self, numbers: Sequence[int]) -> tuple[Look, ...]:
        """Of the images with these numbers, in their order."""
        if not numbers:
            return ()
        images = self._shown.images[np.array(numbers)]
        heat = self._looking.heat(images, self._shares[list(numbers)].argmax(axis=1))
        return tuple(map(self._look, numbers, images, heat))

    def _look(self, number: int, image: Array, heat: Array) -> Look:
        shares, truth = self._shares[number], int(self._shown.labels[number])
        said, pixels = int(shares.argmax()), (self._shown.low, self._shown.high)
        return Look(
            name=self._shown.names[number],
            truth=self._classes[truth],
            said=self._classes[said],
            probability=float(shares[said]),
            of_truth=float(shares[truth]),
            doubtful=bool(self.doubtful[number]),
            image=image_picture(image, *pixels),
            heat=heat_picture(image, heat, *pixels),
        )


def _typical(shares: Array, labels: Array) -> list[int]:
    """Numbers of images that were recognised, one of each class, or of some of many: that of the median probability."""
    found, right = [], shares.argmax(axis=1) == labels
    for label in range(shares.shape[1]):
        here = np.flatnonzero(right & (labels == label))
        order = here[np.argsort(shares[here, label], kind="stable")]
        found += [int(order[len(order) // 2])] if len(order) else []
    places = np.linspace(0, len(found) - 1, LOOKS).round().astype(int) if found else np.array([], int)
    return [found[at] for at in np.unique(places)]
