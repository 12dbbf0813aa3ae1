"""What is found when a trained model is looked into, as plain data: `evolve.inspect` returns it, pages and terminals
show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from evolve.models.recognition import Accuracy, Calibration, ClassFacts, Confused


@dataclass(frozen=True)
class Picture:
    """A small picture. png: the file, in base64. width, height: in pixels."""

    png: str
    width: int
    height: int


@dataclass(frozen=True)
class Source:
    """Which images were looked at. part: "test", "selection" or "validation", or None for a folder, whose path is
    `folder`. seen: whether the model was trained on them; None where nobody knows. openings: how often the test part of
    the run was opened, this look counted. unnamed: why images are called by their numbers; "" where they have names.
    remarks: what else is to be said of them."""

    part: str | None
    folder: str | None
    seen: bool | None
    openings: int
    unnamed: str = ""
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Look:
    """An image, what a network takes it for, and where it looks.

    name: of its file, or its number in the part. truth, said: classes; probability: of the one that was said;
    of_truth: that of the true one. doubtful: whether its label may be wrong, see `recognition.doubtful_labels`.
    image, heat: the image, and the same with the places marked that speak for the class that was said.
    """

    name: str
    truth: str
    said: str
    probability: float
    of_truth: float
    doubtful: bool
    image: Picture
    heat: Picture


@dataclass(frozen=True)
class LayerPictures:
    """A layer and some of its filters or feature maps, the strongest first. of: how many it has. shape: of what it puts
    out for one image. trained: whether its weights were."""

    layer: str
    kind: str
    shape: tuple[int, ...]
    of: int
    pictures: tuple[Picture, ...]
    trained: bool = True


@dataclass(frozen=True)
class Through:
    """One image on its way through the network: feature maps of some layers, in order, and the probabilities of the
    most likely classes."""

    name: str
    truth: str
    image: Picture
    layers: tuple[LayerPictures, ...]
    probabilities: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Seen:
    """What a Keras process finds in a model and some images.

    confusion: images of each class (rows) that were taken for each class (columns). mistakes: the most certain ones
    first. doubtful: how many images may bear a wrong label. looks: images that were recognised, one of each of some
    classes. looked_at: name, height and width of the feature maps that tell where it looks, the last one.
    """

    accuracy: Accuracy
    confusion: tuple[tuple[int, ...], ...]
    classes: tuple[ClassFacts, ...]
    confused: tuple[Confused, ...]
    calibration: Calibration
    mistakes: tuple[Look, ...]
    doubtful: int
    looks: tuple[Look, ...]
    looked_at: tuple[str, int, int]
    filters: tuple[LayerPictures, ...]
    through: Through
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class LayerCost:
    """What a layer costs: weights, and multiply-adds for one image."""

    layer: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    multiply_adds: int


@dataclass(frozen=True)
class Learned:
    """How a training went: accuracy on the images that it trained on, as these were learned, and on others, which
    `others` names. curve: of each epoch, both; others None where they were not scored then."""

    what: str
    others: str
    train: float
    held: float
    curve: tuple[tuple[float, float | None], ...] = ()

    @property
    def gap(self) -> float:
        """By how much it is better on what it was trained on."""
        return self.train - self.held


@dataclass(frozen=True)
class Inspection:
    """A trained model looked into. learned: its full training, and the last one in the search. costs: of its layers, in
    order; those that cost nothing are left out."""

    run: str
    candidate: int
    notation: str
    dataset: str
    source: Source
    seen: Seen
    learned: tuple[Learned, ...]
    costs: tuple[LayerCost, ...]

    def to_json(self, pictures: bool = True) -> dict[str, Any]:
        """All of it as JSON; pictures: whether these are in it, as PNG in base64."""
        told: dict[str, Any] = asdict(self)
        return told if pictures else _without_pictures(told)


def _without_pictures(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_pictures(one) for name, one in value.items() if not _is_picture(one)}
    if isinstance(value, list | tuple):
        return [_without_pictures(one) for one in value if not _is_picture(one)]
    return value


def _is_picture(value: Any) -> bool:
    return isinstance(value, Mapping) and "png" in value
