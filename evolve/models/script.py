"""A candidate as a script of its own, in the plain style of a tutorial."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from evolve.data.keras_datasets import NAMES
from evolve.data.npz_files import is_plain
from evolve.data.splits import SEARCH_PARTS, open_part
from evolve.display.text import printable, size
from evolve.execution.keras_settings import OF_TRAININGS
from evolve.jobs import AVERAGED
from evolve.models.custom_sources import custom_sources
from evolve.models.full_training import usual_epochs
from evolve.models.script_parts import augmentation_source, has_own_loss_or_rate, recipe_source, start_source
from evolve.problems.images import ImageProblem
from evolve.runs.run import Run
from evolve.runs.trainings import done
from evolve.training.augment import CHANGES, alternates
from evolve.values import Purpose, adoption
from genomes import Genome
from genomes.genome import recipe_of
from genomes.source import custom_paths, literal, model_source


def write_script(
    found: Run, candidate: int, problem: ImageProblem, genome: Genome, path: Path
) -> tuple[tuple[Path, ...], str]:
    """Writes the script of a candidate, and its images beside it unless Keras or a file of the user's has them. Returns
    the files that were written beside it, and where the script has its images from, in words that follow 'it'."""
    spec, recipe = problem.space.blueprint(genome), recipe_of(genome).to_json()
    length = _length(found, candidate, problem, recipe["batch_size"])
    averages = found.config.average_weights
    loading, beside, reads = _loading(found, problem, path)
    own = _custom_sources(problem, custom_paths(spec))
    holds_all = all(f"class {path.rpartition('.')[2]}" in own for path in custom_paths(spec))
    imports = "import importlib.util\n\nimport keras\nimport numpy as np\nfrom keras import layers\n"
    head = _head(found, candidate, genome, reads, holds_all)
    parts = [
        f"{head}\n{imports}\n{_KERAS}\n{_settings(problem, recipe, *length)}",
        own,
        "# 1. Load the data.\n\n\n" + loading,
        "# 2. Build the network, layer by layer.\n\n\n" + model_source(spec, problem.parts.pixels[recipe["pixels"]]),
        start := start_source(spec, recipe),
        "# 3. The training recipe.\n\n\n" + recipe_source(recipe),
        augmentation_source(recipe),
        _training(recipe, bool(start), rest=length[1] > 0, averages=averages),
    ]
    text = "\n\n".join(part.rstrip("\n") + "\n" for part in parts if part)
    path.write_text(text, encoding="utf-8", errors="backslashreplace")  # names of folders need not be text
    return beside, reads


def _head(found: Run, candidate: int, genome: Genome, reads: str, holds_all: bool) -> str:
    """What the script is, and what it needs. holds_all: whether no layer of the user's own is imported."""
    name = re.sub(r"[^\w. -]", "_", found.name)  # a folder may be called anything, and this is a script
    lines = textwrap.fill(genome.notation(), 108, break_long_words=False, break_on_hyphens=False)
    notation = textwrap.indent(lines, "    ")
    more = "nothing else" if holds_all else "and the layers of your own that it imports"
    return (
        f'"""A network that was evolved: candidate {candidate} of the run \'{name}\'.\n\n{notation}\n\n'
        f"{_trained(found, candidate)}\n{_plain_text(f'It {reads}.')}\n\n"
        f"Needs Keras and a backend of it, {more}. With TensorFlow and TensorBoard, logs are written; look at\n"
        'them with: tensorboard --logdir logs\n"""\n'
    )


def _trained(found: Run, candidate: int) -> str:
    """How the run trained it, and in what this script differs."""
    known = found.full_training(candidate)
    spent = done(known[0].budget, known[1]) if known else {}
    told = [f"{spent[name]} {name}" for name in ("epochs", "steps") if name in spent]
    text = (
        f"The run trained it for {', '.join(told)}; so does this."
        if told
        else ("The run did not train it in full; this trains it for as long as a full training of the run.")
    )
    if found.config.fitness:
        text = f"The run trained it with the fitness function {found.config.fitness}; this trains it by its recipe."
    if (precision := spent.get("precision", "float32")) != "float32":
        text += f" The run multiplied in {precision}; this computes in float32."
    if step := adoption(found.candidate(candidate)):
        text += f" There it began {step.text}, a model that was adopted; this begins from scratch."
    return _plain_text(text)


def _plain_text(text: str) -> str:
    """Text for the head of a script, which nothing in it ends."""
    return textwrap.fill(re.sub(r'["\\]', "_", printable(text)), 108, break_long_words=False)


def _length(found: Run, candidate: int, problem: ImageProblem, batch: int) -> tuple[int, int]:
    """How long the script trains: whole epochs, and steps of one more. As long as the candidate was trained in full, or
    else as it would be."""
    images = problem.budget(Purpose.TRAIN).images
    each = max(1, images // batch)
    known = found.full_training(candidate)
    spent = done(known[0].budget, known[1]) if known else {}
    if "batch" in spent and spent["steps"]:
        return divmod(int(spent["steps"]), each)
    return round(float(spent.get("epochs", 0))) or usual_epochs(found, problem), 0


def _custom_sources(problem: ImageProblem, paths: list[str]) -> str:
    """The user's own layers, see `custom_sources`."""
    layers = {change["class"]: kind for kind, change in problem.config.layers.items() if kind in problem.own}
    return custom_sources(paths, {path: problem.own[layers[path]]["source"] for path in paths})


_KERAS = "# Whatever Keras's own file of settings says, keras.json.\n" + "".join(
    f"keras.config.set_{name}({literal(value)})\n" for name, value in OF_TRAININGS.items()
)


def _settings(problem: ImageProblem, recipe: Mapping[str, Any], epochs: int, rest: int) -> str:
    low, high = problem.parts.low, problem.parts.high
    lines = [
        f"CLASSES = {literal(list(map(printable, problem.parts.class_names)))}",
        f"EPOCHS = {epochs}",
        *([f"LAST_STEPS = {rest}  # of one more epoch, which is not whole"] if rest else []),
        f"BATCH_SIZE = {recipe['batch_size']}",
        f"SEED = {problem.config.seed % 2**32}",
    ]
    if any(change.ranged and change.wanted(recipe) for change in CHANGES):
        lines.append(f"LOW, HIGH = {low}, {high}  # the darkest and the brightest value of a pixel")
    return "\n".join(lines) + "\n"


def _loading(found: Run, problem: ImageProblem, path: Path) -> tuple[str, tuple[Path, ...], str]:
    """A function load_data(), the file it reads if one had to be written, and what it reads in words. None is written
    for Keras's data sets, nor for a file with a test part that the user named and that needs no conversion."""
    name = problem.config.dataset
    if name in NAMES:
        text = f"    return keras.datasets.{name}.load_data()\n"
        return "def load_data():\n" + text, (), f"has its images from Keras, as keras.datasets.{name}"
    own = Path(name)
    named = own.suffix == ".npz" and name in found.trust and own.exists()
    if named and is_plain(own, open_part(problem.parts.folder, "train")[0].dtype):
        where, beside = literal(str(own.absolute())), None
        reads = f"reads the images where they are, in {own.absolute()}"
    else:
        beside = data = path.with_name(f"{path.stem}-data.npz")
        pairs = [open_part(problem.parts.folder, part) for part in SEARCH_PARTS]
        x_test, y_test = open_part(problem.parts.test_folder, "test")
        x_train = np.concatenate([images for images, _ in pairs])
        y_train = np.concatenate([labels for _, labels in pairs])
        np.savez_compressed(data, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
        where = f"Path(__file__).with_name({literal(data.name)})"
        written = size(data.stat().st_size)
        reads = f"reads all images, the test part among them, from {data.name} beside it, a file of {written}"
    importing = "    from pathlib import Path\n\n" if beside else ""
    body = (
        f"    data = np.load({where})\n"
        '    return (data["x_train"], data["y_train"]), (data["x_test"], data["y_test"])\n'
    )
    return "def load_data():\n" + importing + body, (beside,) if beside else (), reads


def _training(recipe: Mapping[str, Any], starts: bool, rest: bool, averages: bool) -> str:
    """How the script trains and evaluates. starts: whether it has a function for the weights to begin with. rest:
    whether its last epoch is not whole. averages: whether the mean of the weights over the end of the training is
    taken."""
    return _MAIN.format(
        averaging=_AVERAGE if averages else "",
        start="    start(model, x_train)\n" if starts else "",
        images=_ALTERNATING if alternates(recipe) else "self.images[chosen]",
        coins="        self.mirrored, self.epoch = self.rng.integers(0, 2, len(images)), 0\n"
        if alternates(recipe)
        else "",
        counts="        self.epoch += 1\n" if alternates(recipe) else "",
        last=" + LAST_STEPS" if rest else "",
        loss=(_WEIGHTED_LOSS if recipe["class_weights"] else _LOSS).format(smoothing=recipe["label_smoothing"]),
        plain=_WITHOUT_RECIPE if has_own_loss_or_rate(recipe) else "",
        weights=_WEIGHTS.format(power=recipe["class_weights"]) if recipe["class_weights"] else "",
        average="    average = Average(steps)\n    callbacks.append(average)\n" if averages else "",
        rest=(_AS_BEFORE if alternates(recipe) else "") + _REST if rest else "",
        averaged="    model.set_weights(average.mean())\n" if averages else "",
    )


_AVERAGE = f'''

class Average(keras.callbacks.Callback):
    """Adds the weights up over the last {AVERAGED:.0%} of the steps."""

    def __init__(self, steps):
        super().__init__()
        self.left, self.sums, self.count = int({1 - AVERAGED} * steps), None, 0

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left < 0:
            weights = self.model.get_weights()
            self.sums = [a + b for a, b in zip(self.sums, weights)] if self.count else weights
            self.count += 1

    def mean(self):
        return [total / self.count for total in self.sums]

'''
_ALTERNATING = "mirror(self.images[chosen], (self.mirrored[chosen] + self.epoch) % 2 == 1)"
_AS_BEFORE = """    batches.epoch -= 1  # as `fit` begins with the end of an epoch
"""
_REST = """    rest = {"initial_epoch": EPOCHS, "epochs": EPOCHS + 1, "steps_per_epoch": LAST_STEPS}
    model.fit(batches, **rest, callbacks=callbacks, verbose=2)
"""
_LOSS = "keras.losses.CategoricalCrossentropy(label_smoothing={smoothing})"
_WEIGHTED_LOSS = "weighted_crossentropy({smoothing})"
_WITHOUT_RECIPE = """    model = keras.Model(model.inputs, model.outputs)  # without this script's own loss and rate
"""
_WEIGHTS = """        counts = np.bincount(labels, minlength=len(CLASSES))  # images of rarer classes count more
        weights = (len(labels) / len(CLASSES) / np.maximum(1, counts)) ** {power}
        self.targets *= (weights / np.average(weights, weights=counts)).astype("float32")
"""
_MAIN = '''# 5. Train and evaluate.


class Batches(keras.utils.PyDataset):
    """Batches of training images in a new order each epoch; what does not fill a batch waits for the next epoch."""

    def __init__(self, images, labels):
        super().__init__()
        self.images, self.targets = images, np.eye(len(CLASSES), dtype="float32")[labels]
{weights}        self.batch_size = min(BATCH_SIZE, len(images))
        self.rng = np.random.default_rng(SEED)
{coins}        self.on_epoch_end()

    def __len__(self):
        return len(self.images) // self.batch_size

    def __getitem__(self, index):
        chosen = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        return augment({images}, self.targets[chosen], self.rng)

    def on_epoch_end(self):
        self.order = self.rng.permutation(len(self.images))
{counts}
{averaging}
def main():
    keras.utils.set_random_seed(SEED)
    (x_train, y_train), (x_test, y_test) = load_data()
    if x_train.ndim == 3:  # grey images without an axis for their channel
        x_train, x_test = x_train[..., np.newaxis], x_test[..., np.newaxis]
    y_train, y_test = y_train.ravel(), y_test.ravel()

    model = build_model()
{start}    model.summary()
    batches = Batches(x_train, y_train)
    steps = EPOCHS * len(batches){last}
    model.compile(
        optimizer=build_optimizer(steps),
        loss={loss},
        metrics=["accuracy"],
    )
    logs = keras.backend.backend() == "tensorflow" and importlib.util.find_spec("tensorboard") is not None
    callbacks = [keras.callbacks.TensorBoard("logs")] if logs else []
{average}    model.fit(batches, epochs=EPOCHS, callbacks=callbacks, verbose=2)
{rest}{averaged}
    loss, accuracy = model.evaluate(x_test, np.eye(len(CLASSES), dtype="float32")[y_test], verbose=0)
    print(f"test accuracy {{accuracy:.4f}}")
    for image, label in zip(x_test[:5], y_test[:5]):
        said = model.predict(image[np.newaxis], verbose=0)[0]
        print(f"'{{CLASSES[label]}}' is taken for '{{CLASSES[said.argmax()]}}' ({{said.max():.0%}})")
{plain}    model.save("model.keras")
    print("wrote model.keras")


if __name__ == "__main__":
    main()
'''
