"""The image data sets that Keras downloads, or has in its cache."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from evolve.data.datasets import Dataset
from evolve.data.npz_files import load_npz
from evolve.errors import DataError, RunError
from evolve.execution.isolated import call_isolated
from evolve.execution.keras_settings import keras_home

_DIGITS = tuple("0123456789")
_CLOTHES = "T-shirt trouser pullover dress coat sandal shirt sneaker bag ankle-boot"
_CIFAR10 = "airplane automobile bird cat deer dog frog horse ship truck"
_CIFAR100 = """
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle
caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant flatfish
forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle
mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine
possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar
sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle wardrobe whale
willow_tree wolf woman worm
"""

# Name, as Keras calls it -> names of the classes in the order of its labels.
NAMES: dict[str, tuple[str, ...]] = {
    "cifar10": tuple(_CIFAR10.split()),
    "cifar100": tuple(_CIFAR100.split()),
    "mnist": _DIGITS,
    "fashion_mnist": tuple(_CLOTHES.split()),
}
# Name -> what its files in Keras's cache begin with.
CACHED = {
    "cifar10": "cifar-10-batches-py",
    "cifar100": "cifar-100-python",
    "mnist": "mnist.npz",
    "fashion_mnist": "fashion-mnist",
}


def load_keras(name: str, scratch: Path | None = None) -> Dataset:
    """A data set of `NAMES`, from Keras's cache or its download. Raises DataError if neither has it.

    Keras runs in a process of its own, which keeps it and its backend out of this one, and shows the progress of a
    download itself. scratch: as for `load_npz`.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{name}.npz")
        try:
            call_isolated("evolve.data.keras_datasets:save", {"name": name, "path": str(path)}, show_output=True)
        except RunError as error:
            raise DataError(
                f"dataset '{name}' is neither in Keras's cache nor could it be downloaded "
                f"({error}); connect to the network once, or give an .npz file with x_train, y_train, x_test, y_test"
            ) from None
        loaded = load_npz(path, scratch)
    return replace(loaded, name=name, class_names=NAMES[name])


def save(name: str, path: str) -> None:
    """Has Keras load a data set and writes it as an `.npz` file. Runs aside."""
    import keras

    (x_train, y_train), (x_test, y_test) = getattr(keras.datasets, name).load_data()
    np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)


def cached(name: str) -> bool:
    """Whether a data set of `NAMES` seems to lie in Keras's cache."""
    return any((keras_home() / "datasets").glob(f"{CACHED[name]}*"))
