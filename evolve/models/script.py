"""A candidate as a script of its own, in the plain style of a tutorial."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from evolve.data.keras_datasets import NAMES
from evolve.data.splits import SEARCH_PARTS, open_part
from evolve.problems.images import ImageProblem
from evolve.runs.run import Run
from evolve.storage.store import Store
from evolve.training.augment import CHANGES, mixup
from evolve.values import Purpose
from genomes import Genome
from genomes.genome import recipe_of
from genomes.source import custom_paths, literal, model_source, optimizer_source


def write_script(found: Run, candidate: int, problem: ImageProblem, genome: Genome, path: Path) -> tuple[Path, ...]:
    """Writes the script of a candidate, and its images beside it unless Keras or a file of the user's has them. Returns
    the files that were written beside it."""
    spec, recipe = problem.space.blueprint(genome), recipe_of(genome).to_json()
    loading, beside = _loading(found, problem, path)
    imports = "import importlib.util\n\nimport keras\nimport numpy as np\nfrom keras import layers\n"
    parts = [
        f"{_head(found, candidate, genome)}\n{imports}\n{_settings(problem, recipe)}",
        _custom_sources(problem, custom_paths(spec)),
        "# 1. Load the data.\n\n\n" + loading,
        "# 2. Build the network, layer by layer.\n\n\n" + model_source(spec, problem.parts.pixels[recipe["pixels"]]),
        "# 3. The training recipe.\n\n\n" + optimizer_source(recipe),
        _augmentation(recipe),
        _MAIN.format(smoothing=recipe["label_smoothing"]),
    ]
    if beside:
        with Store.open(found.folder) as store:
            store.act("exported", candidate=candidate, test_part="copied beside the script")
    path.write_text("\n\n".join(part.rstrip("\n") + "\n" for part in parts if part), encoding="utf-8")
    return beside


def _head(found: Run, candidate: int, genome: Genome) -> str:
    name = re.sub(r"[^\w. -]", "_", found.name)  # a folder may be called anything, and this is a script
    lines = textwrap.fill(genome.notation(), 108, break_long_words=False, break_on_hyphens=False)
    notation = textwrap.indent(lines, "    ")
    return (
        f'"""A network that was evolved: candidate {candidate} of the run \'{name}\'.\n\n{notation}\n\n'
        "Needs Keras and a backend of it, nothing else. With TensorFlow and TensorBoard, logs are written; look at\n"
        'them with: tensorboard --logdir logs\n"""\n'
    )


def _custom_sources(problem: ImageProblem, paths: list[str]) -> str:
    """The user's own layers: the text of their modules, or an import where they are installed."""
    by_path = {
        change["class"]: problem.own[kind] for kind, change in problem.config.layers.items() if kind in problem.own
    }
    sources = list(dict.fromkeys(by_path[path]["source"] for path in paths if by_path[path]["source"]))
    imports = [path.rpartition(".") for path in paths if not by_path[path]["source"]]
    lines = [f"from {module} import {name}\n" for module, _, name in imports]
    future = re.compile(r"^from __future__ .*\n", flags=re.MULTILINE)
    return "\n\n".join([*("".join(lines) and ["".join(lines)]), *(future.sub("", source) for source in sources)])


def _settings(problem: ImageProblem, recipe: Mapping[str, Any]) -> str:
    epochs = problem.budget(Purpose.TRAIN).epochs
    low, high = problem.parts.low, problem.parts.high
    lines = [
        f"CLASSES = {literal(list(problem.parts.class_names))}",
        f"EPOCHS = {epochs}",
        f"BATCH_SIZE = {recipe['batch_size']}",
        f"SEED = {problem.config.seed}",
    ]
    if any(change.ranged and change.wanted(recipe) for change in CHANGES):
        lines.append(f"LOW, HIGH = {low}, {high}  # the darkest and the brightest value of a pixel")
    return "\n".join(lines) + "\n"


def _loading(found: Run, problem: ImageProblem, path: Path) -> tuple[str, tuple[Path, ...]]:
    """A function `load_data()`, and the file it reads if one had to be written: not for Keras's data sets, nor for a
    file with a test part that the user named."""
    name = problem.config.dataset
    if name in NAMES:
        text = f"    return keras.datasets.{name}.load_data()\n"
        return "def load_data():\n" + text, ()
    own = Path(name)
    named = own.suffix == ".npz" and name in found.trust and own.exists()
    if named and "x_test" in np.load(own, allow_pickle=False).files:
        where, beside = literal(str(own.absolute())), None
    else:
        beside = data = path.with_name(f"{path.stem}-data.npz")
        pairs = [open_part(problem.parts.folder, part) for part in SEARCH_PARTS]
        x_test, y_test = open_part(problem.parts.test_folder, "test")
        x_train = np.concatenate([images for images, _ in pairs])
        y_train = np.concatenate([labels for _, labels in pairs])
        np.savez_compressed(data, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
        where = f"Path(__file__).with_name({literal(data.name)})"
    importing = "    from pathlib import Path\n\n" if beside else ""
    body = (
        f"    data = np.load({where})\n"
        '    return (data["x_train"], data["y_train"]), (data["x_test"], data["y_test"])\n'
    )
    return "def load_data():\n" + importing + body, (beside,) if beside else ()


def _augmentation(recipe: Mapping[str, Any]) -> str:
    """The functions of augmentation that the recipe uses, as they are, and `augment(images, targets, rng)`."""
    used = [change for change in CHANGES if change.wanted(recipe)]
    functions = [change.function for change in used] + ([mixup] if recipe["mixup"] else [])
    lines = []
    for change in used:
        values = [*map(str, change.values(recipe)), *(("LOW", "HIGH") if change.ranged else ())]
        lines.append(f"    images = {change.function.__name__}({', '.join(['images', *values, 'rng'])})")
    if recipe["mixup"]:
        lines.append(f"    images, targets = mixup(images, targets, {recipe['mixup']}, rng)")
    body = "\n".join([*lines, "    return images, targets"])
    title = "# 4. Change the training images at random, anew in each epoch."
    return "\n\n\n".join([title, *map(_plain, functions), f"def augment(images, targets, rng):\n{body}"]) + "\n"


def _plain(function: Any) -> str:
    """The source of a function without type hints, as a tutorial has it."""
    source = inspect.getsource(function).rstrip()
    head, colon, body = source.partition(':\n    """')
    parameters = ", ".join(inspect.signature(function).parameters)
    return f'def {function.__name__}({parameters}):\n    """{body}' if colon and head else source


_MAIN = '''# 5. Train and evaluate.


class Batches(keras.utils.PyDataset):
    """Batches of training images in a new order each epoch; what does not fill a batch waits for the next epoch."""

    def __init__(self, images, labels):
        super().__init__()
        self.images, self.targets = images, np.eye(len(CLASSES), dtype="float32")[labels]
        self.batch_size = min(BATCH_SIZE, len(images))
        self.rng = np.random.default_rng(SEED)
        self.on_epoch_end()

    def __len__(self):
        return len(self.images) // self.batch_size

    def __getitem__(self, index):
        chosen = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        return augment(self.images[chosen], self.targets[chosen], self.rng)

    def on_epoch_end(self):
        self.order = self.rng.permutation(len(self.images))


def main():
    keras.utils.set_random_seed(SEED)
    (x_train, y_train), (x_test, y_test) = load_data()
    if x_train.ndim == 3:  # grey images without an axis for their channel
        x_train, x_test = x_train[..., np.newaxis], x_test[..., np.newaxis]
    y_train, y_test = y_train.ravel(), y_test.ravel()

    model = build_model()
    model.summary()
    batches = Batches(x_train, y_train)
    model.compile(
        optimizer=build_optimizer(EPOCHS * len(batches)),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing={smoothing}),
        metrics=["accuracy"],
    )
    logs = keras.backend.backend() == "tensorflow" and importlib.util.find_spec("tensorboard") is not None
    callbacks = [keras.callbacks.TensorBoard("logs")] if logs else []
    model.fit(batches, epochs=EPOCHS, callbacks=callbacks, verbose=2)

    loss, accuracy = model.evaluate(x_test, np.eye(len(CLASSES), dtype="float32")[y_test], verbose=0)
    print(f"test accuracy {{accuracy:.4f}}")
    for image, label in zip(x_test[:5], y_test[:5]):
        said = model.predict(image[np.newaxis], verbose=0)[0]
        print(f"'{{CLASSES[label]}}' is taken for '{{CLASSES[said.argmax()]}}' ({{said.max():.0%}})")
    model.save("model.keras")


if __name__ == "__main__":
    main()
'''
